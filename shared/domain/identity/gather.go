package identity

import "waymark/shared/domain/event"

// Gathering collects a node from a store: its cuts first, then the links to its parents in any order, then those to its children in the order
// of their evidence, those that are not idle first. It says when the rest need not be read, so that an identifier with a hundred thousand children costs no more than one
// with a thousand. Links that are cut are left out.
type Gathering struct {
	node Node
	cut  map[ends]bool
	seen map[event.Identifier]bool // children; filled when there are many
}

// Gather begins with nothing but the identifier.
func Gather(id event.Identifier) *Gathering { return &Gathering{node: Node{ID: id}} }

// Cut takes a decision about a link of the node.
func (g *Gathering) Cut(c Cut) {
	g.node.Cuts = append(g.node.Cuts, c)
	g.cut = cutEnds(g.node.Cuts)
}

// Parent takes a link to a parent. It answers false when the rest need not be read: with more than MaxParents none of them counts.
func (g *Gathering) Parent(l Link) bool {
	if g.cut[l.ends()] {
		return true
	}
	g.node.Parents = append(g.node.Parents, l)
	return len(g.node.Parents) <= MaxParents
}

// Child takes the next link to a child. One that comes a second time has later evidence, as an interrupted write may leave it, and is passed
// over. It answers false when the rest need not be read.
func (g *Gathering) Child(l Link) bool {
	if g.seen == nil {
		g.seen = make(map[event.Identifier]bool)
	}
	if !g.cut[l.ends()] && !g.seen[l.Child] {
		g.seen[l.Child] = true
		g.node.Children = append(g.node.Children, l)
	}
	return len(g.node.Children) <= MaxChildren
}

// Node is what was taken.
func (g *Gathering) Node() Node { return g.node }
