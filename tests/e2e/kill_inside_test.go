package e2e_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
	"waymark/shared/model"
	"waymark/tests/e2e"
)

// checkStored looks at what no answer shows, because it is read past or not at all: the aggregate of each identifier contains exactly its
// timeline, which has as many events as the rows say, and each of them is found in the archive by the index of its day.
func checkStored(t testing.TB, w e2e.Tenant, rows []row) {
	t.Helper()
	getenv := func(name string) string { return w.Env[name] }
	table := dynamo.New(dynamo.NewClient(getenv), w.Env["TABLE_NAME"])
	stages, err := model.Stages("default")
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[event.Identifier]int{}
	for _, r := range rows {
		wanted[keptUnder(r)]++
	}
	kept := archiveReader{t: t, table: table, objects: archive.New(bucket.New(bucket.NewClient(getenv), w.Env["ARCHIVE_BUCKET"])), workspace: w.Keys.Workspace}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		stored, copies, err := table.Timeline(t.Context(), w.Keys.Workspace, id)
		if err != nil {
			t.Fatal(err)
		}
		timeline := event.Distinct(copies)
		contained := profile.Fold(timeline, stageOf(stages))
		contained.Version, contained.Model = stored.Version, stored.Model
		if got, want := string(stored.Bytes()), string(contained.Bytes()); got != want {
			t.Errorf("the aggregate of %s is not what its timeline says:\n got %s\nwant %s", id, got, want)
		}
		if len(timeline) != wanted[id] {
			t.Errorf("%s has %d events, want %d", id, len(timeline), wanted[id])
		}
		for _, tp := range timeline {
			if !kept.holds(tp) {
				t.Errorf("the archive of %s does not hold the event %s", tp.Original.Day(), tp.ID)
			}
		}
	}
}

func stageOf(m *stage.Model) func(event.Touchpoint) string {
	return func(tp event.Touchpoint) string {
		name, _ := m.Evidence(tp)
		return string(name)
	}
}

// keptUnder is the highest of a row's identifiers.
func keptUnder(r row) event.Identifier {
	prefix := "user:"
	switch {
	case r.Who == "" && r.Card != "":
		prefix = "loyalty:"
	case r.Who == "":
		prefix = "anon:"
	}
	return event.Identifier(prefix + cmp.Or(r.Who, r.Card, r.Device))
}

// archiveReader finds events in the archive as a rebuild would: by the index of a day.
type archiveReader struct {
	t         testing.TB
	table     *dynamo.Table
	objects   *archive.Archive
	workspace string
	read      map[string]map[event.ID]bool // by the object's key
	days      map[string]map[event.ID]bool
}

func (a *archiveReader) holds(tp event.Touchpoint) bool {
	a.t.Helper()
	if a.days == nil {
		a.read, a.days = map[string]map[event.ID]bool{}, map[string]map[event.ID]bool{}
	}
	day := tp.Original.Day()
	if a.days[day] == nil {
		keys, err := a.table.ArchiveIndex(a.t.Context(), a.workspace, day)
		if err != nil {
			a.t.Fatal(err)
		}
		a.days[day] = map[event.ID]bool{}
		for _, key := range keys {
			maps.Copy(a.days[day], a.object(key))
		}
	}
	return a.days[day][tp.ID]
}

func (a *archiveReader) object(key string) map[event.ID]bool {
	a.t.Helper()
	if a.read[key] != nil {
		return a.read[key]
	}
	if !strings.HasPrefix(key, fmt.Sprintf("touchpoints/workspace=%s/", a.workspace)) {
		a.t.Errorf("the archive's index of %s names %s", a.workspace, key)
	}
	a.read[key] = map[event.ID]bool{}
	for record, err := range a.objects.Read(a.t.Context(), key) {
		if err != nil {
			a.t.Fatal(err)
		}
		a.read[key][record.Touchpoint.ID] = true
	}
	return a.read[key]
}
