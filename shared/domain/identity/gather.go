package identity

import (
	"slices"

	"waymark/shared/domain/event"
)

// Gathering collects a node from a store: its cuts first, then the links to its parents, then those to its children, either in the order of their
// evidence, the children that are not idle first. It says when the rest need not be read, so that an identifier with a hundred thousand children costs
// little more than one with a thousand. Links that are cut are left out.
type Gathering struct {
	node    Node
	cut     map[ends]bool
	parents map[event.Identifier]bool
	seen    map[event.Identifier]int // children, by their places
	classes [classes]int             // children by class
}

// Gather begins with nothing but the identifier.
func Gather(id event.Identifier) *Gathering { return &Gathering{node: Node{ID: id}} }

// Cut takes a decision about a link of the node.
func (g *Gathering) Cut(c Cut) {
	g.node.Cuts = append(g.node.Cuts, c)
	g.cut = cutEnds(g.node.Cuts)
}

// Parent takes a link to a parent. One that comes a second time has later evidence, and is passed over, unless it is better. It answers false when
// the rest need not be read.
func (g *Gathering) Parent(l Link) bool {
	if g.cut[l.ends()] {
		return true
	}
	if g.parents == nil {
		g.parents = make(map[event.Identifier]bool)
	}
	if !g.parents[l.Parent] {
		g.parents[l.Parent] = true
		g.node.Parents = append(g.node.Parents, l)
		return len(g.node.Parents) <= MaxParents
	}
	for i := range g.node.Parents {
		if stored := &g.node.Parents[i]; stored.Parent == l.Parent && l.Evidence.Before(stored.Evidence) {
			*stored = l
		}
	}
	return true
}

// Child takes the next link to a child. One that comes a second time is what an interrupted write may leave, or was noted before better evidence
// came: the better evidence counts, and the child stays awake. It answers false when the rest of its class need not be read.
func (g *Gathering) Child(l Link) bool {
	if g.seen == nil {
		g.seen = make(map[event.Identifier]int)
	}
	class := &g.classes[l.class()]
	if g.cut[l.ends()] {
		return *class <= MaxChildren
	}
	at, isSeen := g.seen[l.Child]
	switch {
	case !isSeen && *class <= MaxChildren:
		g.seen[l.Child] = len(g.node.Children)
		g.node.Children = append(g.node.Children, l)
		*class++
	case isSeen && l.Evidence.Before(g.node.Children[at].Evidence):
		stored := &g.node.Children[at]
		g.classes[stored.class()]--
		l.Idle = l.Idle && stored.Idle
		*stored = l
		*class++
	}
	return *class <= MaxChildren
}

// Node is what was taken.
func (g *Gathering) Node() Node { return g.node }

// Whole is a node of everything that a store holds of an identifier: each link once, by its best evidence. A child of which any copy of its link is
// awake is awake.
func Whole(n Node) Node {
	once := func(links []Link) []Link {
		best := map[ends]Link{}
		for _, l := range links {
			known, found := best[l.ends()]
			if found {
				l.Idle = l.Idle && known.Idle
			}
			if found && known.Evidence.Before(l.Evidence) {
				l.Evidence = known.Evidence
			}
			best[l.ends()] = l
		}
		out := make([]Link, 0, len(best))
		for _, l := range best {
			out = append(out, l)
		}
		slices.SortFunc(out, Link.before)
		return out
	}
	n.Parents, n.Children = once(n.Parents), once(n.Children)
	return n
}
