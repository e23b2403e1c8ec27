package adaptertest

import (
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// generations: a swap happens once, and whoever changes keys without having seen it does not undo it.
func generations(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	key := workspace.Key{Text: "wk_swap", Workspace: "swap", Role: workspace.Write}
	first := workspace.Workspace{Name: "swap", Zone: "UTC", Currency: "EUR", Model: "default", Keys: []workspace.Key{key}}
	wantFault(t, "PutGenerations of nobody", table.PutGenerations(ctx, first, first), fault.NotFound, "unknown_workspace")
	must(t, table.PutWorkspace(ctx, first))
	begun, err := first.Begin("five", noon)
	must(t, err)
	must(t, table.PutGenerations(ctx, first, begun))
	err = table.PutGenerations(ctx, first, begun)
	wantFault(t, "PutGenerations by another rebuild", err, fault.Conflict, "generations_changed")
	swapped, err := begun.Swap()
	must(t, err)
	must(t, table.PutGenerations(ctx, begun, swapped))

	stale := first
	stale.Keys = append(stale.Keys, workspace.Key{Text: "wk_swap2", Workspace: "swap", Role: workspace.Write})
	must(t, table.PutWorkspace(ctx, stale))
	want := swapped
	want.Keys = stale.Keys
	wantWorkspace(t, table, want)
	must(t, table.PutGenerations(ctx, swapped, swapped.Settled()))
	want = want.Settled()
	wantWorkspace(t, table, want)
	want.Model = "four" // by one who knows the generation in use
	must(t, table.PutWorkspace(ctx, want))
	wantWorkspace(t, table, want)
}

// quarantines: they are changed by who knows those that are stored, and by no other write.
func quarantines(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	first := workspace.Workspace{
		Name: "apart", Zone: "UTC", Currency: "EUR", Model: "default", Keys: []workspace.Key{{Text: "wk_apart", Workspace: "apart", Role: workspace.Write}},
	}
	wantFault(t, "PutQuarantines of nobody", table.PutQuarantines(ctx, first, first), fault.NotFound, "unknown_workspace")
	must(t, table.PutWorkspace(ctx, first))
	one, err := first.Quarantined(workspace.Quarantine{
		ID: "q-1", Source: "site", From: noon, To: noon + 1, When: workspace.Condition{Grades: []string{"public"}}, Reason: "a script", Applied: noon,
	})
	must(t, err)
	must(t, table.PutQuarantines(ctx, first, one))
	wantWorkspace(t, table, one)
	wantFault(t, "PutQuarantines by who knows none", table.PutQuarantines(ctx, first, one), fault.Conflict, "quarantines_changed")

	stale := first
	stale.Currency, stale.Keys = "GBP", append(slices.Clone(first.Keys), workspace.Key{Text: "wk_apart2", Workspace: "apart", Role: workspace.Write})
	must(t, table.PutWorkspace(ctx, stale))
	begun, err := first.Begin("five", noon)
	must(t, err)
	must(t, table.PutGenerations(ctx, first, begun))
	want := begun.WithQuarantines(one)
	want.Currency, want.Keys = stale.Currency, stale.Keys
	wantWorkspace(t, table, want)

	lifted, err := want.Lift("q-1", noon+2)
	must(t, err)
	must(t, table.PutQuarantines(ctx, one, lifted)) // whatever else was changed meanwhile
	wantWorkspace(t, table, lifted)
}

// computed is what a workspace has stored that belongs to no identifier.
type computed struct {
	State     ledger.State
	Batches   []ledger.Batch
	Dues      []ledger.Due
	Everybody []event.Identifier
	Lists     []ledger.Listing
	Windows   []kpi.Window
	Cuts      []identity.Cut
}

func computedOf(t *testing.T, table TableUnderTest, ns workspace.Namespace) computed {
	t.Helper()
	ctx := t.Context()
	var out computed
	var err error
	out.State, err = table.State(ctx, ns)
	must(t, err)
	out.Batches, _, err = table.Batches(ctx, ns, "", 1000)
	must(t, err)
	out.Dues, _, err = table.Dues(ctx, ns, noon, 1000)
	must(t, err)
	out.Everybody = everybody(t, table, ns, 10)
	for _, stage := range []string{"", "purchase"} {
		out.Lists = append(out.Lists, listingsOf(t, table, ns, stage, 10)...)
	}
	for _, g := range period.Grains() {
		windows, err := table.Windows(ctx, ns, g, "0", "~")
		must(t, err)
		out.Windows = append(out.Windows, windows...)
	}
	out.Cuts, err = table.Cuts(ctx, ns)
	must(t, err)
	return out
}

func putComputed(t *testing.T, table TableUnderTest, ns workspace.Namespace) computed {
	t.Helper()
	ctx := t.Context()
	put := computed{
		State: ledger.State{Epoch: 1}, Batches: []ledger.Batch{batchOf(noon, "a"), batchOf(noon, "b")},
		Dues: []ledger.Due{dueOf(noon, "a")}, Everybody: []event.Identifier{"user:1", "user:2"},
		Lists: []ledger.Listing{
			{Persons: []event.Identifier{"user:1"}},
			{Stage: "purchase", Day: "2026-11-22", Persons: []event.Identifier{"user:2"}},
		},
		Cuts: []identity.Cut{{Child: "anon:cut", Parent: "user:cut", At: noon}},
	}
	for _, g := range period.Grains() {
		put.Windows = append(put.Windows, windowOf(g, "2026-11-22", 1))
	}
	put.Windows[1] = largeWindow(period.Day, "2026-11-22", 1, 6500)
	must(t, table.PutState(ctx, ns, put.State, 0))
	for _, b := range put.Batches {
		must(t, table.PutBatch(ctx, ns, b))
	}
	must(t, table.PutDues(ctx, ns, put.Dues))
	must(t, table.PutListings(ctx, ns, 1, put.Lists))
	for _, w := range put.Windows {
		must(t, table.PutWindow(ctx, ns, w))
	}
	must(t, table.PutCut(ctx, ns, put.Cuts[0]))
	return put
}

// deleted: what is deleted of one generation is gone, and nothing of another is. What is deleted can be written again.
func deleted(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	all, ids := crowd(40)
	claims := profile.Claims{{Identifier: "user:1"}}
	var want computed
	for _, space := range []workspace.Namespace{"old", "old~1"} {
		putCrowd(t, table, space, all)
		want = putComputed(t, table, space)
		equal(t, "what is computed of "+string(space), computedOf(t, table, space), want)
	}
	for range 2 {
		must(t, table.DeletePartitions(ctx, "old", ids))
		must(t, table.DeleteClaims(ctx, "old", []string{"order:user:1", "order:user:2", "order:none"}))
		must(t, table.DeleteComputed(ctx, "old"))
	}
	for _, c := range []struct {
		space workspace.Namespace
		there bool
	}{{"old", false}, {"old~1", true}} {
		wantPartitions := make([]profile.Partition, len(ids))
		wantClaims := map[string]profile.Claims{"order:user:4": {{Identifier: "user:4"}}}
		wantedProfiles := make([]ledger.Profile, len(ids))
		for n, id := range ids {
			wantPartitions[n], wantedProfiles[n] = profile.Partition{ID: id, Node: identity.Node{ID: id}}, ledger.Profile{ID: id}
		}
		if c.there {
			wantPartitions, wantClaims["order:user:1"] = all, claims
			for n, p := range all {
				if p.Touchpoints != nil {
					wantedProfiles[n] = ledger.Profile{ID: p.ID, Run: 1, Touchpoints: 1}
				}
			}
		}
		got, err := table.Partitions(ctx, c.space, ids)
		must(t, err)
		equal(t, "Partitions of "+string(c.space), plain(got), wantPartitions)
		gotClaims, err := table.Claims(ctx, c.space, []string{"order:user:1", "order:user:4"})
		must(t, err)
		equal(t, "Claims of "+string(c.space), gotClaims, wantClaims)
		wantProfiles(t, table, c.space, wantedProfiles...)
		if c.there {
			equal(t, "what is computed of "+string(c.space), computedOf(t, table, c.space), want)
		} else {
			equal(t, "what is computed of "+string(c.space), computedOf(t, table, c.space), computed{})
		}
	}
	equal(t, "what is computed again", putComputed(t, table, "old"), want)
	equal(t, "what is computed of old again", computedOf(t, table, "old"), want)
}
