package identity_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// graph is a whole set of links and cuts, as a store holds it.
type graph struct {
	caps  identity.Caps
	nodes map[event.Identifier]identity.Node
	loads int // nodes given out
}

func newGraph(links []identity.Link, cuts ...identity.Cut) *graph {
	g := &graph{caps: identity.DefaultCaps(), nodes: map[event.Identifier]identity.Node{}}
	for _, l := range links {
		g.change(l.Child, func(n *identity.Node) { n.Parents = append(n.Parents, l) })
		g.change(l.Parent, func(n *identity.Node) { n.Children = append(n.Children, l) })
	}
	for _, n := range g.nodes {
		slices.SortFunc(n.Children, inOrder)
		slices.SortFunc(n.Parents, inOrder)
	}
	for _, c := range cuts {
		g.change(c.Child, func(n *identity.Node) { n.Cuts = append(n.Cuts, c) })
		if c.Parent != c.Child {
			g.change(c.Parent, func(n *identity.Node) { n.Cuts = append(n.Cuts, c) })
		}
	}
	return g
}

func (g *graph) change(id event.Identifier, do func(*identity.Node)) {
	n := g.nodes[id]
	do(&n)
	g.nodes[id] = n
}

// load reads nodes as a store does: cuts first, then parents, then children until that is enough.
func (g *graph) load(ids ...event.Identifier) []identity.Node {
	out := make([]identity.Node, len(ids))
	for i, id := range ids {
		n, reading := g.nodes[id], identity.Gather(id)
		for _, c := range n.Cuts {
			reading.Cut(c)
		}
		for _, l := range n.Parents {
			if !reading.Parent(l) {
				break
			}
		}
		for _, l := range n.Children {
			reading.Child(l)
		}
		out[i] = reading.Node()
		g.loads++
	}
	return out
}

// person asks for the person of an identifier as a caller does: it loads what is needed until nothing is.
func (g *graph) person(start event.Identifier) (p identity.Person, rounds, loads int) {
	before := g.loads
	f := identity.NewForestWith(start, g.caps)
	for need := f.Needs(); len(need) > 0; need = f.Needs() {
		f.Add(g.load(need...)...)
		rounds++
	}
	return f.Person(), rounds, g.loads - before
}

// personInAnyOrder loads some of what is needed, and some that is not, in any order.
func (g *graph) personInAnyOrder(start event.Identifier, all []event.Identifier, r *rand.Rand) identity.Person {
	f := identity.NewForestWith(start, g.caps)
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

// inOrder is the order of links: evidence, then ends.
func inOrder(a, b identity.Link) int {
	return cmp.Or(
		cmp.Compare(b.Evidence.Grade, a.Evidence.Grade), cmp.Compare(a.Evidence.At, b.Evidence.At), cmp.Compare(a.Evidence.Event, b.Evidence.Event), cmp.Compare(a.Evidence.Source, b.Evidence.Source),
		cmp.Compare(a.Parent, b.Parent), cmp.Compare(a.Child, b.Child),
	)
}

// reference finds every person by going once through all links in the order of their evidence: a parent takes its first links, those of servers and
// those of sites apart, and a child the first of its best that closes no circle. Users with too many aliases are left out before.
type reference struct {
	caps     identity.Caps
	parent   map[event.Identifier]identity.Link
	accepted map[event.Identifier][]identity.Link // by parent, in order; those that may be chosen
	all      []event.Identifier
}

func newReference(links []identity.Link, all []event.Identifier, caps identity.Caps) reference {
	ref := reference{caps: caps, parent: map[event.Identifier]identity.Link{}, accepted: map[event.Identifier][]identity.Link{}, all: all}
	type places struct {
		id       event.Identifier
		isServer bool
	}
	parents, taken := map[event.Identifier]int{}, map[places]int{}
	var standing, best []identity.Link // that parents accept; and are among the best of their children
	for _, l := range slices.SortedFunc(slices.Values(links), inOrder) {
		if !allowed(l) {
			continue
		}
		class := places{l.Parent, l.Evidence.Grade == event.Server}
		parents[l.Child]++
		if taken[class]++; taken[class] > caps.Children {
			continue
		}
		standing = append(standing, l)
		if parents[l.Child] <= caps.Parents {
			best = append(best, l)
		}
	}
	mistaken := mistakenAliases(standing, best, caps)
	for _, l := range standing {
		if !isAlias(l) || !mistaken[l.Parent] {
			ref.accepted[l.Parent] = append(ref.accepted[l.Parent], l)
		}
	}
	for _, l := range best {
		if isAlias(l) && mistaken[l.Child] {
			continue
		}
		if _, has := ref.parent[l.Child]; !has && ref.root(l.Parent) != l.Child {
			ref.parent[l.Child] = l
		}
	}
	return ref
}

// mistakenAliases are the users from whom more others are met than may hang together: up by the links that are among a child's best, and down by
// those that parents accept.
func mistakenAliases(standing, best []identity.Link, caps identity.Caps) map[event.Identifier]bool {
	met := map[event.Identifier][]event.Identifier{}
	for _, l := range best {
		if isAlias(l) {
			met[l.Child] = append(met[l.Child], l.Parent)
		}
	}
	for _, l := range standing {
		if isAlias(l) {
			met[l.Parent] = append(met[l.Parent], l.Child)
		}
	}
	out := map[event.Identifier]bool{}
	for user := range met {
		group := []event.Identifier{user}
		for i := 0; i < len(group); i++ {
			for _, other := range met[group[i]] {
				if !slices.Contains(group, other) {
					group = append(group, other)
				}
			}
		}
		out[user] = len(group) > caps.Aliases
	}
	return out
}

var ranks = map[event.Kind]int{"user": 6, "email": 5, "phone": 4, "loyalty": 3, "device": 2, "anon": 1}

func allowed(l identity.Link) bool {
	up := ranks[l.Parent.Kind()] > ranks[l.Child.Kind()]
	users := l.Parent.Kind() == "user" && l.Child.Kind() == "user" && l.Parent != l.Child && l.Evidence.Grade == event.Server
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

// under are an identifier and whom servers link to it, by evidence as they come into reach, until so many were looked at.
func (ref reference) under(id event.Identifier, most int) (members []event.Identifier, looked int, tooMany bool) {
	members, looked = []event.Identifier{id}, 1
	open := ref.by(id, true)
	for ; len(open) > 0; looked++ {
		if looked >= most {
			return members, looked, true
		}
		slices.SortFunc(open, inOrder)
		l := open[0]
		open = open[1:]
		if ref.parent[l.Child] == l {
			members = append(members, l.Child)
			open = append(open, ref.by(l.Child, true)...)
		}
	}
	return members, looked, false
}

// by are the links to the children of an identifier that servers prove, or that sites do.
func (ref reference) by(id event.Identifier, isServer bool) (links []identity.Link) {
	for _, l := range ref.accepted[id] {
		if (l.Evidence.Grade == event.Server) == isServer {
			links = append(links, l)
		}
	}
	return links
}

// members looks at the identifiers of a tree: first whom servers link to the root, then those that sites do by evidence, each with whom servers link
// to it, as far as there is room for all of these.
func (ref reference) members(root event.Identifier) []event.Identifier {
	members, looked, _ := ref.under(root, ref.caps.Members)
	for met, open := 0, []identity.Link(nil); looked < ref.caps.Members; {
		for ; met < len(members); met++ {
			open = append(open, ref.by(members[met], false)...)
		}
		if len(open) == 0 {
			break
		}
		slices.SortFunc(open, inOrder)
		l := open[0]
		open, looked = open[1:], looked+1
		if ref.parent[l.Child] != l {
			continue
		}
		if more, n, tooMany := ref.under(l.Child, ref.caps.Members-looked+1); !tooMany {
			members, looked = append(members, more...), looked+n-1
		}
	}
	return members
}

// answer is what Forest must say, sorted.
func (ref reference) answer(start event.Identifier) []string {
	root := ref.root(start)
	members := ref.members(root)
	if !slices.Contains(members, start) {
		root = start
		for ref.parent[root].Parent != "" && ref.parent[root].Evidence.Grade == event.Server {
			root = ref.parent[root].Parent
		}
		if members, _, _ = ref.under(root, ref.caps.Members); !slices.Contains(members, start) {
			return []string{string(start) + " is the root"}
		}
	}
	out := []string{string(root) + " is the root"}
	for _, id := range members[1:] {
		out = append(out, line(ref.parent[id]))
	}
	slices.Sort(out)
	return out
}

func isAlias(l identity.Link) bool {
	return l.Parent.Kind() == "user" && l.Child.Kind() == "user"
}

func anyGrade(r *rand.Rand) event.Grade {
	return []event.Grade{event.Public, event.Signed, event.Server, event.Server}[r.IntN(4)]
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
			Evidence: identity.Evidence{Grade: anyGrade(r), At: event.Millis(r.IntN(6)), Event: event.ID(fmt.Sprint("m", r.IntN(3))), Source: []string{"web", "till"}[r.IntN(2)]},
		}
		if isAlias(l) {
			l.Evidence.Grade = event.Server
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

// randomCuts cuts some links and more that do not exist, each perhaps decided several times; standing are the links that are not cut in the end.
func randomCuts(r *rand.Rand, links []identity.Link, all []event.Identifier) (cuts []identity.Cut, standing []identity.Link) {
	asked := slices.Clone(links)
	for range 3 {
		asked = append(asked, identity.Link{Child: all[r.IntN(len(all))], Parent: all[r.IntN(len(all))]})
	}
	latest := map[[2]event.Identifier]identity.Cut{}
	for _, l := range asked {
		for range r.IntN(4) * r.IntN(2) {
			c := identity.Cut{Child: l.Child, Parent: l.Parent, At: event.Millis(r.IntN(4)), Undone: r.IntN(3) == 0, Reason: []string{"", "why"}[r.IntN(2)]}
			key := [2]event.Identifier{l.Child, l.Parent}
			if stored, found := latest[key]; !found || stored.Before(c) {
				latest[key] = c
			}
		}
	}
	for _, l := range links {
		if c, found := latest[[2]event.Identifier{l.Child, l.Parent}]; !found || c.Undone {
			standing = append(standing, l)
		}
	}
	for _, c := range latest {
		cuts = append(cuts, c)
	}
	return cuts, standing
}

// anyCaps are small now and then, so that every limit is met.
func anyCaps(r *rand.Rand) identity.Caps {
	caps := identity.DefaultCaps()
	for _, limit := range []*int{&caps.Children, &caps.Parents, &caps.Aliases, &caps.Members} {
		if r.IntN(2) == 0 {
			*limit = 1 + r.IntN(5)
		}
	}
	return caps
}
