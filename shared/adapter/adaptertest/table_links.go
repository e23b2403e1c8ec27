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

func linkOf(child, parent event.Identifier, at event.Millis, id event.ID) identity.Link {
	return identity.Link{Child: child, Parent: parent, Evidence: identity.Evidence{At: at, Event: id, Source: "web"}}
}

func putLink(t *testing.T, table TableUnderTest, ns workspace.Namespace, l identity.Link) {
	t.Helper()
	must(t, table.PutLinks(t.Context(), ns, []identity.Link{l}))
}

// listed are links as their parents list them: anonymous children are idle until they are woken.
func listed(links ...identity.Link) []identity.Link {
	out := slices.Clone(links)
	for i := range out {
		out[i].Idle = out[i].Child.Kind() == event.Anonymous
	}
	return out
}

// wakes: children that are not idle come before all others, by evidence, however late it is; the child's own side and the evidence stay as they are.
func wakes(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	var links []identity.Link
	for n := range identity.MaxChildren + 5 {
		l := linkOf(event.Identifier(fmt.Sprintf("anon:%04d", n)), "user:1", noon+event.Millis(n), "e")
		putLink(t, table, "wakes", l)
		links = append(links, l)
	}
	mail := linkOf("email:e", "user:1", noon+event.Millis(len(links)), "e")
	putLink(t, table, "wakes", mail)
	first, last := links[1], links[len(links)-1]
	for range 2 {
		must(t, table.Wake(ctx, "wakes", last))
		must(t, table.Wake(ctx, "wakes", first))
	}
	want := append([]identity.Link{first, last, mail}, listed(links[0])...)
	want = append(want, listed(links[2:]...)...)[:3+identity.MaxChildren+1] // either sort has places of its own
	equal(t, "awake children first", nodeOf(t, table, "wakes", "user:1").Children, want)
	equal(t, "the child's side", nodeOf(t, table, "wakes", last.Child), identity.Node{ID: last.Child, Parents: []identity.Link{last}})
	earlier := linkOf(last.Child, "user:1", noon-1, "e")
	putLink(t, table, "wakes", earlier)
	must(t, table.Wake(ctx, "wakes", earlier))
	equal(t, "the first after earlier evidence", nodeOf(t, table, "wakes", "user:1").Children[0], earlier)
}

func evidence(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	var asked []identity.Link
	var want []identity.Evidence
	var wantFound []bool
	for n := range 130 { // more than one batch
		l := linkOf(event.Identifier(fmt.Sprintf("anon:%d", n)), "user:1", noon, event.ID(fmt.Sprint(n)))
		stored := n%2 == 0
		if stored {
			putLink(t, table, "evidence", l)
		}
		question := identity.Link{Child: l.Child, Parent: l.Parent} // whatever evidence it has itself
		asked = append(asked, question, question)
		if !stored {
			l.Evidence = identity.Evidence{}
		}
		want, wantFound = append(want, l.Evidence, l.Evidence), append(wantFound, stored, stored)
	}
	got, found, err := table.Evidence(ctx, "evidence", asked)
	must(t, err)
	equal(t, "Evidence", got, want)
	equal(t, "found of Evidence", found, wantFound)
	got, found, err = table.Evidence(ctx, "evidence", nil)
	must(t, err)
	equal(t, "Evidence of none", len(got)+len(found), 0)
}

// linksJoin stores evidence for one link in several orders, twice: the best must stay, by grade, time, then id, then source.
func linksJoin(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	rising := []identity.Evidence{
		{Grade: event.Server, At: noon + 9, Event: "z", Source: "web"},
		{Grade: event.Signed, At: noon + 8, Event: "z", Source: "web"},
		{At: noon - 1, Event: "z", Source: "web"},
		{At: noon, Event: "", Source: "web"},
		{At: noon, Event: "a", Source: "crm"},
		{At: noon, Event: "a", Source: "web"},
		{At: noon, Event: "a b", Source: "crm"},
		{At: noon, Event: "a!", Source: "crm"},
		{At: noon, Event: "a#", Source: "crm"},
		{At: noon, Event: "aa", Source: "crm"},
		{At: noon, Event: "b", Source: "crm"},
		{At: noon, Event: "é", Source: "crm"},
		{At: noon, Event: "\ufffd", Source: "crm"},
		{At: noon, Event: "😀", Source: "crm"},
		{At: noon + 1, Event: "a", Source: "crm"},
		{At: noon * 10, Event: "a", Source: "crm"},
	}
	for from := range rising {
		for _, order := range [][]identity.Evidence{rising[from:], backwards(rising[from:]), rotated(rising[from:])} {
			child, parent := event.Identifier(fmt.Sprintf("anon:%d", from)), event.Identifier(fmt.Sprintf("user:%d-%s", from, order[0].Event))
			for _, e := range append(slices.Clone(order), order...) {
				putLink(t, table, "join", identity.Link{Child: child, Parent: parent, Evidence: e})
			}
			want := identity.Link{Child: child, Parent: parent, Evidence: rising[from]}
			got, err := table.Nodes(ctx, "join", []event.Identifier{parent})
			must(t, err)
			equal(t, fmt.Sprintf("Nodes after %v", order), got, []identity.Node{{ID: parent, Children: listed(want)}})
			stored, _, err := table.Evidence(ctx, "join", []identity.Link{{Child: child, Parent: parent}})
			must(t, err)
			equal(t, fmt.Sprintf("Evidence after %v", order), stored, []identity.Evidence{want.Evidence})
		}
	}
}

func backwards[T any](in []T) []T {
	out := slices.Clone(in)
	slices.Reverse(out)
	return out
}

func rotated[T any](in []T) []T {
	half := len(in) / 2
	return append(slices.Clone(in[half:]), in[:half]...)
}

func nodes(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	want := []identity.Node{{ID: "user:1"}, {ID: "user:nobody"}, {ID: "email:a@b.c"}}
	add := func(l identity.Link, child, parent *identity.Node) {
		t.Helper()
		putLink(t, table, "nodes", l)
		if child != nil {
			child.Parents = append(child.Parents, l)
		}
		if parent != nil {
			parent.Children = append(parent.Children, listed(l)...)
		}
	}
	add(linkOf("email:a@b.c", "user:1", noon, "e"), &want[2], &want[0])
	add(linkOf("email:a@b.c", "user:2", noon+1, "e"), &want[2], nil)
	for n, text := range strange {
		add(linkOf(event.Identifier(fmt.Sprintf("anon:%d-%s", n, text)), "email:a@b.c", noon, event.ID(text)), nil, &want[2])
	}
	add(linkOf("\U0010ffff", "email:a@b.c", noon, "e"), nil, &want[2]) // the last that sorts behind M#
	longest := strings.Repeat("x", event.MaxIdentifierBytes)
	add(linkOf(event.Identifier("anon:"+longest), event.Identifier("user:"+longest), noon, "e"), nil, nil)
	add(linkOf(event.Identifier("anon:"+longest), "email:a@b.c", noon, "e"), nil, &want[2])
	for n := range 900 {
		add(linkOf(event.Identifier(fmt.Sprintf("anon:many-%d", n)), "user:1", noon, event.ID(fmt.Sprint(n))), nil, &want[0])
	}
	// What else lies beside links must not be taken for one.
	must(t, table.PutPages(ctx, "nodes", map[event.Identifier][]event.Touchpoint{"user:1": {touchpoint("e", noon)}}))

	got, err := table.Nodes(ctx, "nodes", []event.Identifier{"user:1", "user:nobody", "email:a@b.c"})
	must(t, err)
	for n := range want {
		equal(t, "Nodes of "+string(want[n].ID), sortedNode(got[n]), sortedNode(want[n]))
	}
	got, err = table.Nodes(ctx, "nodes", nil)
	must(t, err)
	equal(t, "Nodes of none", len(got), 0)
}

// sortedNode orders links and cuts by their ends; a table promises an order for children alone.
func sortedNode(n identity.Node) identity.Node {
	byEnds := func(a, b identity.Link) int {
		return strings.Compare(string(a.Child+"\x00"+a.Parent), string(b.Child+"\x00"+b.Parent))
	}
	n.Parents, n.Children, n.Cuts = slices.Clone(n.Parents), slices.Clone(n.Children), slices.Clone(n.Cuts)
	slices.SortFunc(n.Parents, byEnds)
	slices.SortFunc(n.Children, byEnds)
	slices.SortFunc(n.Cuts, func(a, b identity.Cut) int {
		return strings.Compare(string(a.Child+"\x00"+a.Parent), string(b.Child+"\x00"+b.Parent))
	})
	return n
}
