package identity_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

func numbered(kind event.Kind, n int) event.Identifier {
	return event.Identifier(fmt.Sprintf("%s:%05d", kind, n))
}

// crowds are the shapes that nobody should be able to make expensive, each of ten thousand links.
func crowds() map[string][]identity.Link {
	const many = 10_000
	out := map[string][]identity.Link{}
	for n := range many {
		next := numbered("user", n+1)
		out["an alias chain"] = append(out["an alias chain"], link(numbered("user", n), next, event.Millis(n)))
		out["an alias circle"] = append(out["an alias circle"], link(numbered("user", n), numbered("user", (n+1)%many), event.Millis(n*7919%many)))
		out["anonymous ids of one user"] = append(out["anonymous ids of one user"], link(numbered("anon", n), "user:1", event.Millis(n*7919%many)))
		out["users of one device"] = append(out["users of one device"], link("device:d", numbered("user", n), event.Millis(n)))
		out["users given up for one"] = append(out["users given up for one"], link(numbered("user", n), "user:new", event.Millis(n)))
		// A tree of a hundred branches with a hundred leaves each.
		out["a deep tree"] = append(out["a deep tree"], link(numbered("anon", n), numbered("email", n/100), event.Millis(n)))
		if n%100 == 0 {
			out["a deep tree"] = append(out["a deep tree"], link(numbered("email", n/100), "user:1", event.Millis(n)))
		}
	}
	out["five users of one device"] = out["users of one device"][:5]
	return out
}

// Whoever is asked for, in whatever order the links came, few nodes are loaded and the answer is the same.
func TestCrowdsAreBounded(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		root    map[event.Identifier]event.Identifier
		members int // of the first asked, by name
		loads   int // at most, for any one
		rounds  int
	}{
		"an alias chain":            {map[event.Identifier]event.Identifier{"user:00000": "user:00000", "user:05000": "user:05000", "user:10000": "user:10000"}, 1, 103, 103},
		"an alias circle":           {map[event.Identifier]event.Identifier{"user:00000": "user:00000", "user:07777": "user:07777"}, 1, 103, 103},
		"anonymous ids of one user": {map[event.Identifier]event.Identifier{"anon:00000": "user:1", "user:1": "user:1", "anon:00001": "anon:00001"}, 1001, 1001, 3},
		"users of one device":       {map[event.Identifier]event.Identifier{"device:d": "user:00000", "user:00000": "user:00000", "user:09999": "user:09999"}, 2, 3, 3},
		"users given up for one":    {map[event.Identifier]event.Identifier{"user:00000": "user:00000", "user:09999": "user:09999", "user:new": "user:new"}, 1, 2, 2},
		"a deep tree":               {map[event.Identifier]event.Identifier{"anon:00000": "user:1", "anon:09999": "anon:09999", "email:00099": "email:00099"}, 2000, 2200, 5},
		"five users of one device":  {map[event.Identifier]event.Identifier{"device:d": "user:00000", "user:00000": "user:00000", "user:00004": "user:00004"}, 2, 3, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			links := crowds()[name]
			first := slices.Sorted(keys(want.root))[0]
			var answers map[event.Identifier][]string
			for seed := range uint64(3) {
				r := rand.New(rand.NewPCG(seed, 0))
				r.Shuffle(len(links), func(i, j int) { links[i], links[j] = links[j], links[i] })
				g, got := newGraph(links), map[event.Identifier][]string{}
				for start, root := range want.root {
					p, rounds, loads := g.person(start)
					got[start] = answer(p)
					if p.Root != root || start == first && len(p.Members) != want.members {
						t.Errorf("seed %d: person of %s has root %s and %d members, want %s (and %d)", seed, start, p.Root, len(p.Members), root, want.members)
					}
					if loads > want.loads || rounds > want.rounds {
						t.Errorf("seed %d: person of %s took %d loads in %d rounds, want at most %d in %d", seed, start, loads, rounds, want.loads, want.rounds)
					}
				}
				if answers == nil {
					answers = got
				}
				if fmt.Sprint(got) != fmt.Sprint(answers) {
					t.Errorf("seed %d: the persons differ in another order of links", seed)
				}
			}
		})
	}
}

func keys[V any](of map[event.Identifier]V) func(func(event.Identifier) bool) {
	return func(yield func(event.Identifier) bool) {
		for id := range of {
			if !yield(id) {
				return
			}
		}
	}
}

// A cut that makes an alias chain short enough makes its aliases count again, on both sides.
func TestCutShortensAliases(t *testing.T) {
	t.Parallel()
	chain := crowds()["an alias chain"][:150] // users 0 to 150
	whole := newGraph(chain)
	if p, _, _ := whole.person("user:00010"); len(p.Members) != 1 {
		t.Errorf("in a chain of 151 users a person has %d members, want 1", len(p.Members))
	}
	for _, c := range []struct {
		cut   int // the link from this user to the next
		asked event.Identifier
		want  int
	}{
		{99, "user:00000", 100}, {99, "user:00150", 51}, {100, "user:00000", 1}, {100, "user:00150", 50}, {49, "user:00000", 50}, {49, "user:00150", 1}, {50, "user:00150", 100},
	} {
		g := newGraph(chain, identity.Cut{Child: numbered("user", c.cut), Parent: numbered("user", c.cut+1), At: 1})
		if p, _, _ := g.person(c.asked); len(p.Members) != c.want {
			t.Errorf("after a cut above user %d the person of %s has %d members, want %d", c.cut, c.asked, len(p.Members), c.want)
		}
	}
}

// Each cap lets exactly so many through: children of one parent, parents of one child, members of one person.
func TestCapsToTheUnit(t *testing.T) {
	t.Parallel()
	children := func(n int) (links []identity.Link) {
		for i := range n {
			links = append(links, link(numbered("anon", i), "user:1", event.Millis(i)))
		}
		return links
	}
	parents := func(n int) (links []identity.Link) {
		for i := range n {
			links = append(links, link("device:d", numbered("user", i), event.Millis(i)))
		}
		return links
	}
	members := func(n int) []identity.Link { // a user with three mailboxes, which have the others
		links := []identity.Link{link("email:0", "user:1", 0), link("email:1", "user:1", 1), link("email:2", "user:1", 2)}
		for i := range n - 4 {
			links = append(links, link(numbered("anon", i), event.Identifier(fmt.Sprint("email:", i%3)), event.Millis(i)))
		}
		return links
	}
	for _, c := range []struct {
		name  string
		links []identity.Link
		asked event.Identifier
		want  int // members
	}{
		{"children, all", children(identity.MaxChildren), "user:1", identity.MaxChildren + 1},
		{"children, one too many", children(identity.MaxChildren + 1), "user:1", identity.MaxChildren + 1},
		{"the child too many", children(identity.MaxChildren + 1), numbered("anon", identity.MaxChildren), 1},
		{"parents, all", parents(identity.MaxParents), "device:d", 2},
		{"parents, one too many", parents(identity.MaxParents + 1), "device:d", 2},
		{"the parent too many", parents(identity.MaxParents + 1), numbered("user", identity.MaxParents), 1},
		{"members, all", members(identity.MaxMembers), "user:1", identity.MaxMembers},
		{"members, one too many", members(identity.MaxMembers + 1), "user:1", identity.MaxMembers},
	} {
		if p, _, _ := newGraph(c.links).person(c.asked); len(p.Members) != c.want {
			t.Errorf("%s: the person of %s has %d members, want %d", c.name, c.asked, len(p.Members), c.want)
		}
	}
}

// BenchmarkCrowds asks for one person of each crowd; the forest's work, not the store's.
func BenchmarkCrowds(b *testing.B) {
	for name, links := range crowds() {
		b.Run(name, func(b *testing.B) {
			g := newGraph(links)
			for b.Loop() {
				g.person(links[len(links)/2].Parent)
			}
			b.ReportMetric(float64(g.loads)/float64(b.N), "loads/op")
		})
	}
}
