package adaptertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/workspace"
)

// nodeOf reads one identifier by both ways and wants the same of them.
func nodeOf(t *testing.T, table TableUnderTest, ns workspace.Namespace, id event.Identifier) identity.Node {
	t.Helper()
	got, err := table.Nodes(t.Context(), ns, []event.Identifier{id})
	must(t, err)
	whole, err := table.Partitions(t.Context(), ns, []event.Identifier{id})
	must(t, err)
	equal(t, "node of the partition "+string(id), whole[0].Node, got[0])
	return got[0]
}

// childrenByEvidence: a parent of very many lists the earliest, in order, and those just beyond the limit; what lies behind them is read still.
func childrenByEvidence(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const most = identity.MaxChildren + 1
	var want []identity.Link
	for n := range most + 150 {
		l := linkOf(event.Identifier(fmt.Sprintf("anon:%d", n*7919%10000)), "user:1", noon+event.Millis(n/3), event.ID(fmt.Sprintf("e%05d", n)))
		want = append(want, l)
	}
	for _, n := range shuffled(len(want)) {
		putLink(t, table, "hub", want[n])
	}
	page := []event.Touchpoint{touchpoint("e", noon)}
	must(t, table.PutPages(ctx, "hub", map[event.Identifier][]event.Touchpoint{"user:1": page}))
	equal(t, "children", nodeOf(t, table, "hub", "user:1").Children, listed(want[:most]...))

	// The last but one gets earlier evidence than all. It is listed once, where it belongs now.
	first := want[len(want)-2]
	first.Evidence.At = noon - 1
	putLink(t, table, "hub", first)
	want = append([]identity.Link{first}, slices.DeleteFunc(want, func(l identity.Link) bool { return l.Child == first.Child })...)
	equal(t, "children after earlier evidence", nodeOf(t, table, "hub", "user:1").Children, listed(want[:most]...))

	whole, err := table.AllLinks(ctx, "hub", "user:1")
	must(t, err)
	equal(t, "all children", whole.Children, listed(want...))

	// Cut links take no place.
	for _, l := range want[:40] {
		must(t, table.PutCut(ctx, "hub", identity.Cut{Child: l.Child, Parent: l.Parent, At: noon}))
	}
	equal(t, "children after forty cuts", nodeOf(t, table, "hub", "user:1").Children, listed(want[40:40+most]...))
	partitions, err := table.Partitions(ctx, "hub", []event.Identifier{"user:1"})
	must(t, err)
	equal(t, "touchpoints behind the links", partitions[0].Touchpoints, page)
}

// shuffled gives the numbers below n in an order that has none.
func shuffled(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	slices.SortFunc(out, func(a, b int) int { return a*7919%10007 - b*7919%10007 })
	return out
}

// manyParents: those with the best evidence are read, whatever they are called, with one more at least, and not the rest.
func manyParents(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	const extra = 20
	const all = identity.MaxParents + extra
	links := make([]identity.Link, all) // the later their names, the better their evidence
	for n := range links {
		links[n] = linkOf("device:1", event.Identifier(fmt.Sprintf("user:%04d", all-n)), noon+event.Millis(n), "e")
	}
	for _, n := range shuffled(all) {
		putLink(t, table, "terminal", links[n])
	}
	putLink(t, table, "terminal", linkOf("anon:1", "device:1", noon, "e"))
	got := nodeOf(t, table, "terminal", "device:1")
	for _, l := range links[:identity.MaxParents] {
		if !slices.Contains(got.Parents, l) {
			t.Errorf("the parent %s is not read, whose evidence is among the best", l.Parent)
		}
	}
	equal(t, "no more parents than one besides", len(got.Parents) <= identity.MaxParents+1, true)
	stored, found, err := table.Evidence(ctx, "terminal", links[:3])
	must(t, err)
	equal(t, "evidence of three of them", stored, []identity.Evidence{links[0].Evidence, links[1].Evidence, links[2].Evidence})
	equal(t, "three are found", found, []bool{true, true, true})
	equal(t, "children behind many parents", got.Children, listed(linkOf("anon:1", "device:1", noon, "e")))
	whole, err := table.AllLinks(ctx, "terminal", "device:1")
	must(t, err)
	equal(t, "number of all parents", len(whole.Parents), all)
	for n := range extra {
		must(t, table.PutCut(ctx, "terminal", identity.Cut{Child: "device:1", Parent: links[n].Parent, At: noon}))
	}
	equal(t, "number of parents after cuts", len(nodeOf(t, table, "terminal", "device:1").Parents), identity.MaxParents)
}

// cutsJoin stores decisions about one link in several orders, twice: the latest must stay.
func cutsJoin(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	rising := []identity.Cut{
		{At: noon - 1, Undone: true, Reason: "z"},
		{At: noon},
		{At: noon, Reason: "a"},
		{At: noon, Reason: "a b \u00e9 \U0001F600"},
		{At: noon, Undone: true},
		{At: noon, Undone: true, Reason: strings.Repeat("x", identity.MaxReasonBytes)},
		{At: noon + 1},
		{At: noon * 10, Undone: true},
	}
	for until := range rising {
		all := rising[:until+1]
		for n, order := range [][]identity.Cut{all, backwards(all), rotated(all)} {
			child, parent := event.Identifier(fmt.Sprintf("user:c%d-%d", until, n)), event.Identifier(fmt.Sprintf("user:p%d-%d", until, n))
			for _, c := range append(slices.Clone(order), order...) {
				c.Child, c.Parent = child, parent
				must(t, table.PutCut(ctx, "cuts", c))
			}
			want := all[until]
			want.Child, want.Parent = child, parent
			for _, end := range []event.Identifier{child, parent} {
				equal(t, fmt.Sprintf("node of %s after %v", end, order), nodeOf(t, table, "cuts", end), identity.Node{ID: end, Cuts: []identity.Cut{want}})
			}
		}
	}
}

// cutLinks: a cut is seen from both ends, before its link and after, and hides it until it is undone.
func cutLinks(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	longest := strings.Repeat("x", event.MaxIdentifierBytes)
	for n, ends := range [][2]event.Identifier{
		{"anon:1", "user:1"},
		{"user:2", "user:3"},
		{"user:3", "user:2"},
		{"user:4", "user:4"},
		{"anon:#", "user:#CL#"},
		{event.Identifier("anon:" + longest), event.Identifier("user:" + longest)},
	} {
		child, parent := ends[0], ends[1]
		ns := workspace.Namespace(fmt.Sprintf("cut-%d", n))
		link, cut := linkOf(child, parent, noon, "e"), identity.Cut{Child: child, Parent: parent, At: noon, Reason: "two people"}
		undone := identity.Cut{Child: child, Parent: parent, At: noon + 1, Undone: true}
		check := func(what string, parents []identity.Link, cut identity.Cut) {
			t.Helper()
			up, down := identity.Node{ID: child, Parents: parents, Cuts: []identity.Cut{cut}}, identity.Node{ID: parent, Children: listed(parents...), Cuts: []identity.Cut{cut}}
			if child == parent {
				up.Children, up.Cuts = listed(parents...), append(up.Cuts, cut)
				down = up
			}
			equal(t, what+": the child", nodeOf(t, table, ns, child), up)
			equal(t, what+": the parent", nodeOf(t, table, ns, parent), down)
		}
		must(t, table.PutCut(ctx, ns, cut))
		check("cut before its link", nil, cut)
		putLink(t, table, ns, link)
		check("cut", nil, cut)
		stored, found, err := table.Evidence(ctx, ns, []identity.Link{link})
		must(t, err)
		equal(t, "evidence of a cut link", stored, []identity.Evidence{link.Evidence})
		equal(t, "evidence of a cut link is found", found, []bool{true})
		must(t, table.PutCut(ctx, ns, undone))
		check("undone", []identity.Link{link}, undone)
		all, err := table.Cuts(ctx, ns)
		must(t, err)
		equal(t, "list of cuts", all, []identity.Cut{undone})
	}
	none, err := table.Cuts(ctx, "uncut")
	must(t, err)
	equal(t, "list of no cuts", none, []identity.Cut(nil))
}
