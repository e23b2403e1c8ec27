package identity

import (
	"slices"

	"waymark/shared/domain/event"
)

// Gathering collects a node from a store: its cuts first, then the links to its parents in any order, then those to its children in the order
// of their evidence. It says when the rest need not be read, so that an identifier with a hundred thousand children costs no more than one
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

// Parent takes a link to a parent. It answers false when the rest need not be read: with more than MaxParents none of them counts, and with more
// than Overhang beyond it none did before the last few came.
func (g *Gathering) Parent(l Link) bool {
	if g.cut[l.ends()] {
		return true
	}
	g.node.Parents = append(g.node.Parents, l)
	return len(g.node.Parents) <= MaxParents+Overhang
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
	return len(g.node.Children) < MaxChildren+Overhang
}

// Node is what was taken.
func (g *Gathering) Node() Node { return g.node }

// Reaches says whether a changed link of this parent makes a difference: it is among those that count, or it is cut. One that came behind
// MaxChildren others makes none.
func (n Node) Reaches(l Link) bool {
	isIt := func(other Link) bool { return other.ends() == l.ends() }
	return slices.ContainsFunc(n.Children[:min(len(n.Children), MaxChildren)], isIt) || cutEnds(n.Cuts)[l.ends()]
}

// Crowd says that an identifier has more than MaxParents parents, which makes it nobody's.
type Crowd int

// What a changed link to a parent can mean to its child.
const (
	NoCrowd  Crowd = iota
	NewCrowd       // it may just have become nobody's: not more than Overhang are too many
	OldCrowd       // it was nobody's before the links that are being written now
)

// Crowd counts the parents of a node that are not cut.
func (n Node) Crowd() Crowd {
	cut, parents := cutEnds(n.Cuts), len(n.Parents)
	for _, l := range n.Parents {
		if cut[l.ends()] {
			parents--
		}
	}
	switch {
	case parents <= MaxParents:
		return NoCrowd
	case parents <= MaxParents+Overhang:
		return NewCrowd
	}
	return OldCrowd
}

// Displaced lists the links of those children who may have lost their place to changed links of this parent that make a difference, or got one
// that these left. The node is read after the change; its children are in the order of evidence.
func (n Node) Displaced(changed []Link) []Link {
	first, cut := MaxChildren, cutEnds(n.Cuts)
	isChanged := make(map[ends]bool, len(changed))
	for _, l := range changed {
		isChanged[l.ends()] = true
		if cut[l.ends()] {
			first--
		}
	}
	if first = max(first, 0); len(changed) == 0 || len(n.Children) <= first {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.Children[first:]), func(l Link) bool { return isChanged[l.ends()] })
}

// Portion is the longest beginning of a list of links in which no parent and no child has more than most.
func Portion(links []Link, most int) []Link {
	ofParent, ofChild := map[event.Identifier]int{}, map[event.Identifier]int{}
	for i, l := range links {
		ofParent[l.Parent]++
		ofChild[l.Child]++
		if ofParent[l.Parent] > most || ofChild[l.Child] > most {
			return links[:i]
		}
	}
	return links
}
