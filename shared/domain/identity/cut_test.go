package identity_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

func cut(child, parent event.Identifier, at event.Millis) identity.Cut {
	return identity.Cut{Child: child, Parent: parent, At: at}
}

func TestCutLinksDoNotCount(t *testing.T) {
	t.Parallel()
	links := []identity.Link{
		link("anon:a", "user:1", 1), link("anon:a", "user:2", 2), link("email:e", "user:1", 3), link("anon:a", "email:e", 4), link("user:1", "user:3", 5),
	}
	undone := cut("anon:a", "user:1", 9)
	undone.Undone = true
	for _, c := range []struct {
		name string
		cuts []identity.Cut
		want map[event.Identifier][]event.Identifier
	}{
		{"nothing is cut", nil, map[event.Identifier][]event.Identifier{"anon:a": {"user:3", "user:1", "anon:a", "email:e"}}},
		{"the next link counts", []identity.Cut{cut("anon:a", "user:1", 8)}, map[event.Identifier][]event.Identifier{"anon:a": {"user:2", "anon:a"}, "user:1": {"user:3", "user:1", "email:e"}}},
		{"and the one after that", []identity.Cut{cut("anon:a", "user:1", 8), cut("anon:a", "user:2", 8)}, map[event.Identifier][]event.Identifier{"anon:a": {"user:3", "user:1", "email:e", "anon:a"}}},
		{"an alias", []identity.Cut{cut("user:1", "user:3", 8)}, map[event.Identifier][]event.Identifier{"anon:a": {"user:1", "anon:a", "email:e"}, "user:3": {"user:3"}}},
		{"a cut that is undone", []identity.Cut{undone}, map[event.Identifier][]event.Identifier{"anon:a": {"user:3", "user:1", "anon:a", "email:e"}}},
		{"a cut the other way round", []identity.Cut{cut("user:1", "anon:a", 8)}, map[event.Identifier][]event.Identifier{"anon:a": {"user:3", "user:1", "anon:a", "email:e"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for asked, want := range c.want {
				if p, _, _ := newGraph(links, c.cuts...).person(asked); !slices.Equal(p.IDs(), want) {
					t.Errorf("person of %s is %v, want %v", asked, p.IDs(), want)
				}
			}
		})
	}
}

// A cut takes no place: the child that came after the last takes it.
func TestCutsFreePlaces(t *testing.T) {
	t.Parallel()
	var links []identity.Link
	for n := range identity.MaxChildren + 3 {
		links = append(links, link(numbered("anon", n), "user:1", event.Millis(n)))
	}
	g := newGraph(links, cut("anon:00007", "user:1", 1), cut("anon:00008", "user:1", 1))
	for id, want := range map[event.Identifier]event.Identifier{"anon:00007": "anon:00007", "anon:01000": "user:1", "anon:01001": "user:1", "anon:01002": "anon:01002"} {
		if p, _, _ := g.person(id); p.Root != want {
			t.Errorf("%s belongs to %s, want %s", id, p.Root, want)
		}
	}
}

// The latest decision stands, in any order; no two that differ are equal.
func TestDecisionsAreOrdered(t *testing.T) {
	t.Parallel()
	rising := []identity.Cut{{At: 1, Undone: true, Reason: "z"}, {At: 2}, {At: 2, Reason: "a"}, {At: 2, Undone: true}, {At: 2, Undone: true, Reason: "a"}, {At: 3}}
	for i, a := range rising {
		for j, b := range rising {
			if a.Before(b) != (i < j) {
				t.Errorf("%+v before %+v is %v, want %v", a, b, a.Before(b), i < j)
			}
		}
	}
}

// What a crash left behind is passed over, and reading ends where the rest makes no difference.
func TestGather(t *testing.T) {
	t.Parallel()
	g := identity.Gather("user:1")
	g.Cut(cut("anon:c", "user:1", 1))
	for _, l := range []identity.Link{link("anon:a", "user:1", 1), link("anon:c", "user:1", 2), link("anon:b", "user:1", 3), link("anon:a", "user:1", 4)} {
		if !g.Child(l) {
			t.Errorf("after %v nothing more is wanted", l)
		}
	}
	want := identity.Node{
		ID: "user:1", Cuts: []identity.Cut{cut("anon:c", "user:1", 1)},
		Children: []identity.Link{link("anon:a", "user:1", 1), link("anon:b", "user:1", 3)},
	}
	if got := g.Node(); !reflect.DeepEqual(got, want) {
		t.Errorf("gathered %+v, want %+v", got, want)
	}
	full := identity.Gather("user:1")
	read := 0
	for more := true; more; read++ {
		more = full.Child(link(numbered("anon", read), "user:1", event.Millis(read)))
	}
	if want := identity.MaxChildren + 1; read != want {
		t.Errorf("%d children are read, want %d", read, want)
	}
	terminal := identity.Gather("anon:a")
	read = 0
	for more := true; more; read++ {
		more = terminal.Parent(link("anon:a", numbered("user", read), 1))
	}
	if want := identity.MaxParents + 1; read != want {
		t.Errorf("%d parents are read, want %d", read, want)
	}
}

// The shortest chain, and of equal ones that with the earlier evidence.
func TestChain(t *testing.T) {
	t.Parallel()
	links := []identity.Link{
		link("anon:a", "device:d", 5), link("device:d", "email:e", 6), link("email:e", "user:1", 7), // the links that count, but for:
		link("anon:a", "email:e", 8), link("anon:b", "user:1", 9), link("anon:b", "email:e", 10),
		link("anon:a", "email:f", 2), link("email:f", "user:1", 11), // a second way, by which anon:a belongs
		link("anon:c", "user:2", 1), link("anon:c", "user:1", 12), // of another person
	}
	for _, c := range []struct {
		from, to event.Identifier
		want     []string
	}{
		{"anon:a", "anon:a", nil},
		{"anon:a", "user:1", []string{"anon:a email:f true", "email:f user:1 true"}},
		{"anon:a", "email:e", []string{"anon:a email:e false"}},
		{"email:e", "anon:a", []string{"anon:a email:e false"}},
		{"anon:a", "anon:b", []string{"anon:a email:e false", "anon:b email:e false"}},
		{"device:d", "anon:b", []string{"device:d email:e true", "anon:b email:e false"}},
	} {
		for seed := range uint64(3) {
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
			f, p := explored(newGraph(links), c.from, c.to)
			var got []string
			for _, s := range f.Chain(p[0], c.from, c.to) {
				got = append(got, fmt.Sprint(s.Child, " ", s.Parent, " ", s.Counts))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("from %s to %s: %q, want %q", c.from, c.to, got, c.want)
			}
		}
	}
}

// explored loads what the persons of identifiers need.
func explored(g *graph, ids ...event.Identifier) (*identity.Forest, []identity.Person) {
	f := identity.NewForestWith("", g.caps)
	for {
		persons := make([]identity.Person, len(ids))
		for i, id := range ids {
			persons[i], _ = f.Of(id)
		}
		missing := f.Missing()
		if len(missing) == 0 {
			return f, persons
		}
		f.Add(g.load(missing...)...)
	}
}

func TestApart(t *testing.T) {
	t.Parallel()
	caps := identity.Caps{Children: 2, Parents: 2, Aliases: 2, Members: 4}
	later := cut("anon:b", "user:2", 9)
	for _, c := range []struct {
		name  string
		links []identity.Link
		cuts  []identity.Cut
		a, b  event.Identifier
		want  identity.Apart
	}{
		{name: "nothing ever joined them", links: []identity.Link{link("anon:a", "user:1", 1)}, a: "anon:a", b: "user:2"},
		{
			name: "the latest cut", links: []identity.Link{link("anon:a", "user:2", 1), link("anon:a", "user:1", 2), link("anon:b", "user:2", 3), link("anon:b", "user:1", 4)},
			cuts: []identity.Cut{cut("anon:a", "user:2", 8), later}, a: "user:1", b: "user:2",
			want: identity.Apart{Rule: identity.IsCut, Link: identity.Link{Child: "anon:b", Parent: "user:2"}, Cut: &later},
		},
		{
			name: "a shared device", links: []identity.Link{link("device:d", "user:1", 1), link("device:d", "user:2", 2)}, a: "user:2", b: "user:1",
			want: identity.Apart{Rule: identity.EarlierLink, Link: link("device:d", "user:2", 2), Instead: ref(link("device:d", "user:1", 1))},
		},
		{
			name: "a terminal", links: []identity.Link{link("device:d", "user:1", 1), link("device:d", "user:2", 2), link("device:d", "user:3", 3)}, a: "user:3", b: "user:1",
			want: identity.Apart{Rule: identity.TooManyParents, Link: link("device:d", "user:3", 3)},
		},
		{
			name: "the third child", links: []identity.Link{link("anon:a", "user:1", 1), link("anon:b", "user:1", 2), link("anon:c", "user:1", 3)}, a: "anon:a", b: "anon:c",
			want: identity.Apart{Rule: identity.TooManyChildren, Link: link("anon:c", "user:1", 3)},
		},
		{
			name: "three users", links: []identity.Link{link("user:1", "user:2", 1), link("user:2", "user:3", 2)}, a: "user:1", b: "user:2",
			want: identity.Apart{Rule: identity.TooManyAliases, Link: link("user:1", "user:2", 1)},
		},
		{
			name: "the fifth member", a: "user:1", b: "anon:c",
			links: []identity.Link{link("email:e", "user:1", 1), link("email:f", "user:1", 2), link("anon:a", "email:e", 3), link("anon:c", "email:f", 4)},
			want:  identity.Apart{Rule: identity.TooManyMembers, Link: link("anon:c", "email:f", 4)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := newGraph(c.links, c.cuts...)
			g.caps = caps
			f, p := explored(g, c.a, c.b)
			got, ok := f.Apart(p[0], p[1])
			if !reflect.DeepEqual(got, c.want) || ok != (c.want.Rule != "") {
				t.Errorf("apart by %+v, %v, want %+v", got, ok, c.want)
			}
		})
	}
}

func ref[T any](value T) *T { return &value }
