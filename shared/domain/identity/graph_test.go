package identity_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// graph is a whole set of links, as a store holds it.
type graph struct {
	nodes map[event.Identifier]identity.Node
	loads int // nodes given out
}

func newGraph(links []identity.Link) *graph {
	g := &graph{nodes: map[event.Identifier]identity.Node{}}
	for _, l := range links {
		child, parent := g.nodes[l.Child], g.nodes[l.Parent]
		child.Parents = append(child.Parents, l)
		if l.Child == l.Parent {
			parent = child
		}
		parent.Children = append(parent.Children, l)
		g.nodes[l.Child] = child
		g.nodes[l.Parent] = parent
	}
	return g
}

func (g *graph) load(ids ...event.Identifier) []identity.Node {
	out := make([]identity.Node, len(ids))
	for i, id := range ids {
		n := g.nodes[id]
		n.ID = id
		out[i] = n
		g.loads++
	}
	return out
}

// person asks for the person of an identifier as a caller does: it loads what is needed until nothing is.
func (g *graph) person(start event.Identifier) (p identity.Person, rounds, loads int) {
	before := g.loads
	f := identity.NewForest(start)
	for need := f.Needs(); len(need) > 0; need = f.Needs() {
		f.Add(g.load(need...)...)
		rounds++
	}
	return f.Person(), rounds, g.loads - before
}

// personInAnyOrder loads some of what is needed, and some that is not, in any order.
func (g *graph) personInAnyOrder(start event.Identifier, all []event.Identifier, r *rand.Rand) identity.Person {
	f := identity.NewForest(start)
	for need := f.Needs(); len(need) > 0; need = f.Needs() {
		r.Shuffle(len(need), func(i, j int) { need[i], need[j] = need[j], need[i] })
		some := need[:1+r.IntN(len(need))]
		for range r.IntN(3) {
			some = append(some, all[r.IntN(len(all))])
		}
		f.Add(g.load(some...)...)
	}
	return f.Person()
}

// answer is a person as plain text, one member and its link on each line.
func answer(p identity.Person) []string {
	var out []string
	for _, m := range p.Members {
		if m.Link == nil {
			out = append(out, string(m.ID)+" is the root")
			continue
		}
		out = append(out, line(*m.Link))
	}
	return out
}

func line(l identity.Link) string {
	return fmt.Sprintf("%s -> %s by %+v", l.Child, l.Parent, l.Evidence)
}

// reference finds every person by going once through all links in the order of their evidence: a parent takes the first 1,000 links to it, and
// a child takes the first of them that closes no circle.
type reference struct {
	parent map[event.Identifier]identity.Link
	all    []event.Identifier
}

func newReference(links []identity.Link, all []event.Identifier) reference {
	ordered := slices.Clone(links)
	slices.SortFunc(ordered, func(a, b identity.Link) int {
		return cmp.Or(
			cmp.Compare(a.Evidence.At, b.Evidence.At), cmp.Compare(a.Evidence.Event, b.Evidence.Event), cmp.Compare(a.Evidence.Source, b.Evidence.Source),
			cmp.Compare(a.Parent, b.Parent), cmp.Compare(a.Child, b.Child),
		)
	})
	ref := reference{parent: map[event.Identifier]identity.Link{}, all: all}
	taken := map[event.Identifier]int{}
	for _, l := range ordered {
		if taken[l.Parent]++; taken[l.Parent] > 1000 || !allowed(l) {
			continue
		}
		if _, has := ref.parent[l.Child]; !has && ref.root(l.Parent) != l.Child {
			ref.parent[l.Child] = l
		}
	}
	return ref
}

var ranks = map[event.Kind]int{"user": 6, "email": 5, "phone": 4, "loyalty": 3, "device": 2, "anon": 1}

func allowed(l identity.Link) bool {
	up := ranks[l.Parent.Kind()] > ranks[l.Child.Kind()]
	users := l.Parent.Kind() == "user" && l.Child.Kind() == "user" && l.Parent != l.Child
	return up || users
}

func (ref reference) root(id event.Identifier) event.Identifier {
	for {
		l, has := ref.parent[id]
		if !has {
			return id
		}
		id = l.Parent
	}
}

// answer is what Forest must say, sorted.
func (ref reference) answer(start event.Identifier) []string {
	root := ref.root(start)
	out := []string{string(root) + " is the root"}
	for _, id := range ref.all {
		if id != root && ref.root(id) == root {
			out = append(out, line(ref.parent[id]))
		}
	}
	slices.Sort(out)
	return out
}

// randomLinks makes links over a few identifiers with few times, so that much evidence ties. Each pair has one link, as in the store. A few
// links break the rules of rank.
func randomLinks(r *rand.Rand) (links []identity.Link, all []event.Identifier) {
	for i := range 5 + r.IntN(36) {
		kind := event.Kinds[r.IntN(len(event.Kinds))]
		if r.IntN(3) == 0 {
			kind = event.User
		}
		all = append(all, event.Identifier(fmt.Sprintf("%s:%d", kind, i)))
	}
	type ends struct{ child, parent event.Identifier }
	seen := map[ends]bool{}
	for range r.IntN(3 * len(all)) {
		l := identity.Link{
			Child: all[r.IntN(len(all))], Parent: all[r.IntN(len(all))],
			Evidence: identity.Evidence{At: event.Millis(r.IntN(6)), Event: event.ID(fmt.Sprint("m", r.IntN(3))), Source: []string{"web", "till"}[r.IntN(2)]},
		}
		if !allowed(l) && r.IntN(10) > 0 {
			l.Child, l.Parent = l.Parent, l.Child
		}
		if !seen[ends{l.Child, l.Parent}] {
			seen[ends{l.Child, l.Parent}] = true
			links = append(links, l)
		}
	}
	return links, all
}
