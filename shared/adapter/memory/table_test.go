package memory_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/report"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
)

// TestNobodySharesMemory changes everything that was given to the stores and everything they gave: what is stored stays as it was.
func TestNobodySharesMemory(t *testing.T) {
	t.Parallel()
	ctx, table, archive, must := t.Context(), memory.NewTable(), memory.NewArchive(), checked(t)
	page := []event.Touchpoint{{ID: "e", Order: &event.Order{ID: "o"}, Properties: map[string]string{"k": "v"}, Others: []event.Identifier{"anon:1"}, Traits: map[string]json.RawMessage{"plan": json.RawMessage(`"a"`)}}}
	claims := profile.Claims{{Identifier: "user:1"}}
	facts := measure.Of([]step.Row{{Type: event.Page, Order: &step.Order{Currency: "EUR"}}})
	profiles := []ledger.Profile{{
		ID: "user:1", Run: 1, Members: []event.Identifier{"user:1"}, History: []stage.Visit{{Stage: "a"}}, Channels: map[string]int{"email": 1},
		Revenue: map[string]money.Sum{"EUR": money.SumOf(1)}, Hours: []ledger.Hour{{Facts: facts}},
	}}
	window := kpi.Window{Grain: period.Day, Key: "k", Run: 1, Totals: measure.Totals{Names: []measure.Name{"n"}, Groups: map[measure.Key][]wide.Int{{}: {wide.Of(1)}}}}
	record := event.Record{Identifiers: []event.Identifier{"user:1"}, Previous: []event.Identifier{"user:2"}, Touchpoint: page[0]}
	batch := ledger.Batch{Handle: "b", Identifiers: []event.Identifier{"user:1"}, Events: []event.Record{record}}
	dues := []ledger.Due{{Handle: "0", Identifiers: []event.Identifier{"user:1"}}}
	listings := []ledger.Listing{{Stage: "a", Persons: []event.Identifier{"user:1"}}}
	state := ledger.State{Epoch: 1, Tail: []string{"b"}}
	notes := []report.Restatement{{Grain: period.Day, Changes: make([]report.Change, 1)}}
	failed := event.Failed{ID: "f", Workspace: "demo", Received: 1 << 60, Context: json.RawMessage(`{"a":1}`)}
	tenant := workspace.Workspace{Name: "demo", Keys: []workspace.Key{{Text: "wk", Role: workspace.Write, Origins: []string{"https://a.example"}}}}
	day := ledger.Day{Key: "d", Persons: []event.Identifier{"user:1"}, Rows: []step.Row{{Person: "user:1", Order: &step.Order{ID: "o"}}}}
	records := []event.Record{record}
	must(table.PutPages(ctx, "demo", map[event.Identifier][]event.Touchpoint{"user:1": page}))
	must(table.PutClaims(ctx, "demo", map[string]profile.Claims{"order:o": claims}))
	must(table.PutLinks(ctx, "demo", []identity.Link{{Child: "anon:1", Parent: "user:1"}}))
	must(table.PutProfiles(ctx, "demo", profiles))
	must(table.PutWindow(ctx, "demo", window))
	must(table.PutBatch(ctx, "demo", batch))
	must(table.PutDues(ctx, "demo", dues))
	must(table.PutListings(ctx, "demo", 1, listings))
	must(table.PutState(ctx, "demo", state, 0))
	must(table.PutRestated(ctx, "demo", notes))
	must(table.PutFailed(ctx, failed))
	must(table.PutWorkspace(ctx, tenant))
	must(archive.PutSteps(ctx, "demo", 1, day))
	must(archive.PutEvents(ctx, "demo", "run", records))

	written := func() string {
		text, err := json.Marshal(readAll(t, table, archive))
		must(err)
		return string(text)
	}
	before := written()
	for _, given := range []any{page, claims, profiles, window, batch, dues, listings, state, notes, failed, tenant, day, records} {
		spoil(reflect.ValueOf(given))
	}
	if got := written(); got != before {
		t.Errorf("after changing what was put: got\n%s\nwant\n%s", got, before)
	}
	for _, taken := range readAll(t, table, archive) {
		spoil(reflect.ValueOf(taken))
	}
	if got := written(); got != before {
		t.Errorf("after changing what was read: got\n%s\nwant\n%s", got, before)
	}
}

// readAll reads everything that is there of demo.
func readAll(t *testing.T, table *memory.Table, archive *memory.Archive) []any {
	t.Helper()
	ctx, must := t.Context(), checked(t)
	partitions, err := table.Partitions(ctx, "demo", []event.Identifier{"user:1"})
	must(err)
	stored, err := table.Claims(ctx, "demo", []string{"order:o"})
	must(err)
	w, err := table.Window(ctx, "demo", period.Day, "k")
	must(err)
	batches, _, err := table.Batches(ctx, "demo", "", 9)
	must(err)
	dues, _, err := table.Dues(ctx, "demo", 1, 9)
	must(err)
	listings, _, err := table.Listings(ctx, "demo", "a", "", 9)
	must(err)
	everybody, _, err := table.Everybody(ctx, "demo", "", 9)
	must(err)
	state, err := table.State(ctx, "demo")
	must(err)
	notes, err := table.Restated(ctx, "demo", period.Day)
	must(err)
	f, err := table.FailedByID(ctx, "demo", "f")
	must(err)
	tenant, err := table.Workspace(ctx, "demo")
	must(err)
	var records []event.Record
	for key, err := range archive.Keys(ctx, "touchpoints/") {
		must(err)
		for r, err := range archive.Read(ctx, key) {
			must(err)
			records = append(records, r)
		}
	}
	var steps [][]step.Row
	for rows, err := range archive.Steps(ctx, "demo", []string{"d"}, step.AllColumns) {
		must(err)
		steps = append(steps, rows)
	}
	return []any{partitions, stored, w, batches, dues, listings, everybody, state, notes, f, tenant, records, steps}
}

func checked(t *testing.T) func(error) {
	return func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// spoil changes everything that a value leads to.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				spoil(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			spoil(v.MapIndex(key))
			v.SetMapIndex(key, reflect.Zero(v.Type().Elem()))
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("x")
		}
	case reflect.Int, reflect.Int64:
		if v.CanSet() {
			v.SetInt(v.Int() + 1)
		}
	case reflect.Uint8:
		if v.CanSet() {
			v.SetUint(uint64('9'))
		}
	}
}
