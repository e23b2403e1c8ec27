package adaptertest

import (
	"fmt"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// generations: a swap happens once, and whoever changes keys without having seen it does not undo it.
func generations(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	first := workspace.Workspace{Name: "swap", Zone: "UTC", Currency: "EUR", Model: "default", Keys: []workspace.Key{{Text: "wk_swap", Workspace: "swap", Role: workspace.Write}}}
	wantFault(t, "PutGenerations of nobody", table.PutGenerations(ctx, first, first), fault.NotFound, "unknown_workspace")
	must(t, table.PutWorkspace(ctx, first))
	begun, err := first.Begin("five", noon)
	must(t, err)
	must(t, table.PutGenerations(ctx, first, begun))
	wantFault(t, "PutGenerations by another rebuild", table.PutGenerations(ctx, first, begun), fault.Conflict, "generations_changed")
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

func windowsReplaced(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	for _, c := range []struct {
		revision, stored int64
		code             string
	}{{7, 1, "conflict"}, {7, 0, ""}, {7, 0, "conflict"}, {7, 7, ""}, {9, 6, "conflict"}, {9, 7, ""}} {
		kind := fault.Kind("")
		if c.code != "" {
			kind = fault.Conflict
		}
		err := table.ReplaceWindow(ctx, "replaced", windowOf(period.Week, "2026-11-16", c.revision), c.stored)
		wantFault(t, fmt.Sprintf("ReplaceWindow of %d by %d", c.stored, c.revision), err, kind, c.code)
	}
	got, err := table.Window(ctx, "replaced", period.Week, "2026-11-16")
	must(t, err)
	equal(t, "Window", got, windowOf(period.Week, "2026-11-16", 9))
}

// crowd is partitions as a rebuild makes them, of a few days each.
func crowd(n int) ([]profile.Partition, []event.Identifier) {
	all := make([]profile.Partition, n)
	ids := make([]event.Identifier, n)
	for i := range all {
		id := event.Identifier(fmt.Sprintf("user:%03d", i))
		link := identity.Link{Child: event.Identifier(fmt.Sprintf("anon:%03d#日本", i)), Parent: id, Evidence: identity.Evidence{At: noon, Event: "e", Source: "web"}}
		all[i] = profile.Partition{
			ID: id, Aggregate: profile.Aggregate{Version: 1, Model: "default@1", Touchpoints: 3, Proof: uint64(i)},
			Node: identity.Node{ID: id, Children: []identity.Link{link}},
		}
		for k := range event.Millis(3) {
			at := noon + (k/2)*day + k
			all[i].Touchpoints = append(all[i].Touchpoints, event.Touchpoint{ID: event.ID(fmt.Sprint(k)), Source: "web", Type: event.Page, Original: at, Corrected: at, Received: at})
		}
		if i%2 == 0 {
			all[i].Traits = profile.Traits{"plan": {Value: []byte(`"p"`), At: noon, Event: "e", Source: "web"}}
		}
		ids[i] = id
	}
	return all, ids
}

func bulkPartitions(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	must(t, table.PutPartitions(ctx, "bulk~1", nil))
	want, ids := crowd(60)
	for range 2 { // writing it again changes nothing
		must(t, table.PutPartitions(ctx, "bulk~1", want))
		child := want[0].Node.Children[0]
		must(t, table.PutPartitions(ctx, "bulk~1", []profile.Partition{{ID: child.Child, Node: identity.Node{Parents: []identity.Link{child}}}}))
	}
	got, err := table.Partitions(ctx, "bulk~1", ids)
	must(t, err)
	equal(t, "Partitions", got, want)
	child := want[0].Node.Children[0]
	nodes, err := table.Nodes(ctx, "bulk~1", []event.Identifier{child.Child})
	must(t, err)
	equal(t, "Nodes of a child", nodes, []identity.Node{{ID: child.Child, Parents: []identity.Link{child}}})

	// What was written in bulk is as if it had been written one by one.
	_, stored, err := table.Load(ctx, "bulk~1", ids[1], want[1].Touchpoints[2:])
	must(t, err)
	equal(t, "Load of copies", stored, want[1].Touchpoints[2:])
	next := want[1].Aggregate
	next.Version = 2
	must(t, table.Commit(ctx, "bulk~1", ids[1], next))
	must(t, table.PutTraits(ctx, "bulk~1", ids[0], want[0].Traits, 1))
	later := child
	later.Evidence.At++
	must(t, table.PutLink(ctx, "bulk~1", later))
	evidence, found, err := table.Evidence(ctx, "bulk~1", []identity.Link{child})
	must(t, err)
	equal(t, "Evidence after a later link", fmt.Sprint(evidence, found), fmt.Sprint([]identity.Evidence{child.Evidence}, []bool{true}))

	of, err := table.TraitsOf(ctx, "bulk~1", append(ids, "user:nobody"))
	must(t, err)
	wantTraits := map[event.Identifier]profile.Traits{}
	for _, p := range want {
		if p.Traits != nil {
			wantTraits[p.ID] = p.Traits
		}
	}
	equal(t, "TraitsOf", of, wantTraits)
}

func bulkClaims(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	must(t, table.PutClaimsOf(ctx, "bulk-claims", nil))
	want, versions, keys := map[string]profile.Claims{}, map[string]int64{}, []string{}
	for i := range 60 {
		key := fmt.Sprintf("order:%d#é", i)
		want[key] = profile.Claims{{Evidence: identity.Evidence{At: noon, Event: event.ID(key), Source: "web"}, Identifier: "user:1", Corrected: noon}}
		versions[key] = 1
		keys = append(keys, key)
	}
	must(t, table.PutClaimsOf(ctx, "bulk-claims", want))
	got, gotVersions, err := table.Claims(ctx, "bulk-claims", append(keys, "order:none"))
	must(t, err)
	equal(t, "Claims", got, want)
	equal(t, "versions of claims", gotVersions, versions)
}

// deleted: what is deleted of one generation is gone, and nothing of another is.
func deleted(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	all, ids := crowd(40)
	claims := map[string]profile.Claims{"order:1": {{Evidence: identity.Evidence{At: noon, Event: "e", Source: "web"}, Identifier: "user:1", Corrected: noon}}}
	mark := kpi.Mark{Grain: period.Day, Key: "2026-11-22", Identifiers: ids, NotBefore: noon}
	times := map[period.Grain]event.Millis{period.Day: noon}
	for _, space := range []string{"old", "old~1"} {
		must(t, table.PutPartitions(ctx, space, all))
		must(t, table.PutClaimsOf(ctx, space, claims))
		must(t, table.PutMarks(ctx, space, []kpi.Mark{mark}))
		must(t, table.PutRollupTimes(ctx, space, times))
		for _, g := range period.Grains() {
			must(t, table.PutWindow(ctx, space, windowOf(g, "2026-11-22", 1)))
		}
	}
	for range 2 {
		must(t, table.DeletePartitions(ctx, "old", ids))
		must(t, table.DeleteClaims(ctx, "old", []string{"order:1", "order:none"}))
		must(t, table.DeleteComputed(ctx, "old"))
	}
	for _, c := range []struct {
		space string
		there bool
	}{{"old", false}, {"old~1", true}} {
		want := make([]profile.Partition, len(ids))
		for n, id := range ids {
			want[n] = profile.Partition{ID: id, Node: identity.Node{ID: id}}
		}
		wantClaims, wantTimes, wantMarked, wantWindows := map[string]profile.Claims{}, map[period.Grain]event.Millis(nil), []kpi.Mark(nil), []kpi.Window(nil)
		if c.there {
			want, wantClaims, wantTimes, wantMarked = all, claims, times, []kpi.Mark{mark}
		}
		got, err := table.Partitions(ctx, c.space, ids)
		must(t, err)
		equal(t, "Partitions of "+c.space, got, want)
		gotClaims, _, err := table.Claims(ctx, c.space, []string{"order:1"})
		must(t, err)
		equal(t, "Claims of "+c.space, gotClaims, wantClaims)
		gotTimes, err := table.RollupTimes(ctx, c.space)
		must(t, err)
		equal(t, "RollupTimes of "+c.space, gotTimes, wantTimes)
		marked, err := table.Marks(ctx, c.space, noon)
		must(t, err)
		wantMarks(t, "Marks of "+c.space, marked, wantMarked)
		for _, g := range period.Grains() {
			if wantWindows = nil; c.there {
				wantWindows = []kpi.Window{windowOf(g, "2026-11-22", 1)}
			}
			windows, err := table.Windows(ctx, c.space, g, "0", "~")
			must(t, err)
			equal(t, fmt.Sprintf("Windows of %s by %s", c.space, g), windows, wantWindows)
		}
	}
}
