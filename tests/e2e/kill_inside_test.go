package e2e_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/tests/e2e"
)

// checkStored looks at what no answer shows: each identifier has as many distinct events as the rows say, and the archive holds every one of them.
func checkStored(t testing.TB, w e2e.Tenant, rows []row) {
	t.Helper()
	wanted := map[event.Identifier]int{}
	for _, r := range rows {
		wanted[keptUnder(r)]++
	}
	table, kept := tableOf(w), archivedIn(t, w)
	partitions, err := table.Partitions(t.Context(), workspace.Namespace(w.Keys.Workspace), slices.Sorted(maps.Keys(wanted)))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range partitions {
		timeline := event.Distinct(p.Touchpoints)
		if len(timeline) != wanted[p.ID] {
			t.Errorf("%s has %d events, want %d", p.ID, len(timeline), wanted[p.ID])
		}
		for _, tp := range timeline {
			if !kept[tp.ID] {
				t.Errorf("the archive does not hold the event %s of %s", tp.ID, p.ID)
			}
		}
	}
}

func tableOf(w e2e.Tenant) *dynamo.Table {
	return dynamo.New(dynamo.NewClient(envOf(w)), w.Env["TABLE_NAME"])
}

func archiveOf(w e2e.Tenant) *archive.Archive {
	return archive.New(bucket.New(bucket.NewClient(envOf(w)), w.Env["ARCHIVE_BUCKET"]))
}

func envOf(w e2e.Tenant) func(string) string {
	return func(name string) string { return w.Env[name] }
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

// archivedIn is every event that a rebuild would find.
func archivedIn(t testing.TB, w e2e.Tenant) map[event.ID]bool {
	t.Helper()
	objects, found := archiveOf(w), map[event.ID]bool{}
	for key, err := range objects.Keys(t.Context(), archive.Prefix(w.Keys.Workspace)) {
		if err != nil {
			t.Fatal(err)
		}
		for record, err := range objects.Read(t.Context(), key) {
			if err != nil {
				t.Fatal(err)
			}
			found[record.Touchpoint.ID] = true
		}
	}
	return found
}
