package adaptertest

import (
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
)

// values are one of each kind that holds memory of others.
type values struct {
	Page     []event.Touchpoint
	Batches  []ledger.Batch
	Dues     []ledger.Due
	State    ledger.State
	Profiles []ledger.Profile
	Listings []ledger.Listing
	Window   kpi.Window
}

func newValues() values {
	page := []event.Touchpoint{touchpoint("e", noon)}
	page[0].Properties = map[string]string{"a": "b"}
	return values{
		Page: page, Batches: []ledger.Batch{batchOf(noon, "a")}, Dues: []ledger.Due{dueOf(noon, "a")},
		State: ledger.State{Epoch: 1, Tail: []string{"a"}}, Profiles: []ledger.Profile{profileOf("user:1", 1)},
		Listings: []ledger.Listing{{Stage: "a", Persons: []event.Identifier{"user:1"}}},
		Window:   windowOf(period.Day, "2026-11-22", 1),
	}
}

// spoil overwrites what the values hold.
func (v values) spoil() {
	v.Page[0].Name, v.Page[0].Properties["a"] = "x", "x"
	record := &v.Batches[0]
	record.Identifiers[0], record.Events[0].Identifiers[0], record.Events[0].Touchpoint.Name = "x", "x", "x"
	v.Dues[0].Identifiers[0], v.State.Tail[0], v.Listings[0].Persons[0] = "x", "x", "x"
	p := &v.Profiles[0]
	p.Members[0], p.History[0].Stage, p.Channels["email"], p.Revenue["EUR"] = "x", "x", 99, money.SumOf(99)
	entries := p.Hours[0].Facts.Entries
	p.Hours[0].Start, entries[0].Counts[0], entries[1].Money[0].Orders = 0, 99, 99
	v.Window.Totals.Groups[measure.Key{}][0], v.Window.Totals.Names[0] = wide.Of(99), "x"
}

func (v values) put(t *testing.T, table TableUnderTest, ns workspace.Namespace) {
	t.Helper()
	ctx := t.Context()
	must(t, table.PutPages(ctx, ns, map[event.Identifier][]event.Touchpoint{"user:1": v.Page}))
	must(t, table.PutBatch(ctx, ns, v.Batches[0]))
	must(t, table.PutDues(ctx, ns, v.Dues))
	must(t, table.PutState(ctx, ns, v.State, 0))
	must(t, table.PutProfiles(ctx, ns, v.Profiles))
	must(t, table.PutListings(ctx, ns, 1, v.Listings))
	must(t, table.PutWindow(ctx, ns, v.Window))
}

func storedValues(t *testing.T, table TableUnderTest, ns workspace.Namespace) (v values) {
	t.Helper()
	ctx, ids := t.Context(), []event.Identifier{"user:1"}
	partitions, err := table.Partitions(ctx, ns, ids)
	must(t, err)
	v.Page = partitions[0].Touchpoints
	v.Batches, _, err = table.Batches(ctx, ns, "", 1)
	must(t, err)
	v.Dues, _, err = table.Dues(ctx, ns, noon, 1)
	must(t, err)
	v.State, err = table.State(ctx, ns)
	must(t, err)
	v.Profiles, err = table.Profiles(ctx, ns, ids)
	must(t, err)
	v.Listings, _, err = table.Listings(ctx, ns, "a", "", 1)
	must(t, err)
	v.Window, err = table.Window(ctx, ns, period.Day, "2026-11-22")
	must(t, err)
	return v
}

// apart: a table shares no memory with those who write and read.
func apart(t *testing.T, table TableUnderTest, _ *Clock) {
	put := newValues()
	put.put(t, table, "apart")
	put.spoil()
	for range 2 {
		stored := storedValues(t, table, "apart")
		equal(t, "what is stored", stored, newValues())
		stored.spoil()
	}
}
