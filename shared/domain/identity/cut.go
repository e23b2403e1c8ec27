package identity

import (
	"slices"
	"strings"

	"waymark/shared/domain/event"
)

// Cut is an operator's decision about one link: it does not count, whatever evidence for it there is or comes, until the cut is undone. Of
// several decisions about one link the latest stands, so they join in any order.
type Cut struct {
	Child  event.Identifier `json:"child"`
	Parent event.Identifier `json:"parent"`
	At     event.Millis     `json:"at"` // when it was decided
	Undone bool             `json:"undone,omitempty"`
	Reason string           `json:"reason,omitempty"` // what the operator said, at most MaxReasonBytes; it may name people, so no log holds it
}

// MaxReasonBytes bounds the reason of a cut.
const MaxReasonBytes = 200

// Before orders decisions about one link: the earlier time first; of the same time the cut before the undoing, then by reason.
func (c Cut) Before(other Cut) bool {
	if c.At != other.At {
		return c.At < other.At
	}
	if c.Undone != other.Undone {
		return other.Undone
	}
	return c.Reason < other.Reason
}

// Cuts says whether the decision keeps the link from counting.
func (c Cut) Cuts(l Link) bool { return !c.Undone && c.Child == l.Child && c.Parent == l.Parent }

// ends name a link without its evidence.
type ends struct{ child, parent event.Identifier }

func (l Link) ends() ends { return ends{l.Child, l.Parent} }

// cutEnds are the links that decisions cut; nil when there are none.
func cutEnds(cuts []Cut) map[ends]bool {
	var out map[ends]bool
	for _, c := range cuts {
		if c.Undone {
			continue
		}
		if out == nil {
			out = map[ends]bool{}
		}
		out[ends{c.Child, c.Parent}] = true
	}
	return out
}

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

// Displaced lists the links of those children who may have lost their place to changed links of this parent that make a difference, or got one
// that these left. The node is read after the change; its children are in the order of evidence.
func (n Node) Displaced(changed []Link) []Link {
	first := max(MaxChildren-len(changed), 0)
	if len(changed) == 0 || len(n.Children) <= first {
		return nil
	}
	isChanged := make(map[ends]bool, len(changed))
	for _, l := range changed {
		isChanged[l.ends()] = true
	}
	return slices.DeleteFunc(slices.Clone(n.Children[first:]), func(l Link) bool { return isChanged[l.ends()] })
}

// Portion is the longest beginning of a list of links in which no parent has more than most.
func Portion(links []Link, most int) []Link {
	ofParent := map[event.Identifier]int{}
	for i, l := range links {
		if ofParent[l.Parent]++; ofParent[l.Parent] > most {
			return links[:i]
		}
	}
	return links
}

// Sortable writes evidence as text that sorts as Evidence.Before does, with the child behind it, so that a parent's links sort as they count.
// NUL sorts before all that an id may hold, so a longer id comes after the shorter one that it begins with.
func (l Link) Sortable() string { return l.Evidence.Sortable() + "\x00" + string(l.Child) }

// valid says whether a link follows the rules of rank: upwards, or from user to user.
func (l Link) valid() bool {
	if l.Child == l.Parent {
		return false
	}
	return l.Parent.Above(l.Child) || l.IsAlias()
}

// IsAlias says whether the link joins two users.
func (l Link) IsAlias() bool { return l.Child.Kind() == event.User && l.Parent.Kind() == event.User }

// before orders links by evidence, then by their ends, so that any set of links has one order.
func (l Link) before(other Link) int {
	switch {
	case l.Evidence.Before(other.Evidence):
		return -1
	case other.Evidence.Before(l.Evidence):
		return 1
	case l.Parent != other.Parent:
		return strings.Compare(string(l.Parent), string(other.Parent))
	}
	return strings.Compare(string(l.Child), string(other.Child))
}
