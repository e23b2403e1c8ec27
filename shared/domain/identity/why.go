package identity

import (
	"slices"

	"waymark/shared/domain/event"
)

// Step is one link of a chain, and whether it is the one by which its child is in the person: another may take its place when that is cut.
type Step struct {
	Link
	Counts bool
}

// Chain is the shortest way from one member of a person to another over the links between members: each valid, accepted by its parent and not
// cut, chosen or not. Of several ways it is the one whose first link has the earliest evidence, then its second, and so on. It is empty from
// a member to itself. The forest must have answered for the person.
func (f *Forest) Chain(p Person, from, to event.Identifier) []Step {
	links := f.between(p)
	cameBy := map[event.Identifier]Link{from: {}}
	for queue := []event.Identifier{from}; len(queue) > 0; queue = queue[1:] {
		for _, l := range links[queue[0]] {
			next := other(l, queue[0])
			if _, met := cameBy[next]; !met {
				cameBy[next] = l
				queue = append(queue, next)
			}
		}
	}
	var out []Step
	for at := to; at != from; {
		l, found := cameBy[at]
		if !found {
			return nil
		}
		chosen, counts, _ := f.Parent(l.Child)
		out = append(out, Step{Link: l, Counts: counts && chosen.Parent == l.Parent})
		at = other(l, at)
	}
	slices.Reverse(out)
	return out
}

// Between lists the links between the members of a person that are not cut, whether they count or not, by evidence.
func (f *Forest) Between(p Person) []Link {
	isMember := memberSet(p)
	var out []Link
	for _, m := range p.Members {
		n := f.nodes[m.ID]
		cut := cutEnds(n.Cuts)
		for _, l := range n.Parents {
			if isMember[l.Parent] && l.valid() && !cut[l.ends()] {
				out = append(out, l)
			}
		}
	}
	slices.SortFunc(out, Link.before)
	return out
}

// between lists the links between members at both their ends, by evidence.
func (f *Forest) between(p Person) map[event.Identifier][]Link {
	isMember := memberSet(p)
	links := map[event.Identifier][]Link{}
	for _, m := range p.Members {
		for _, l := range f.nodes[m.ID].parents {
			if isMember[l.Parent] && f.nodes[l.Parent].accepts[l.Child] {
				links[l.Child] = append(links[l.Child], l)
				links[l.Parent] = append(links[l.Parent], l)
			}
		}
	}
	for id := range links {
		slices.SortFunc(links[id], Link.before)
	}
	return links
}

func memberSet(p Person) map[event.Identifier]bool {
	out := make(map[event.Identifier]bool, len(p.Members))
	for _, m := range p.Members {
		out[m.ID] = true
	}
	return out
}

func other(l Link, end event.Identifier) event.Identifier {
	if l.Child == end {
		return l.Parent
	}
	return l.Child
}

// Rule is why a link between two persons does not make them one.
type Rule string

// The rules, in the order in which they are looked for.
const (
	IsCut           Rule = "cut"               // an operator cut the link
	TooManyParents  Rule = "too_many_parents"  // the child has MaxParents with better evidence
	TooManyChildren Rule = "too_many_children" // the parent has MaxChildren with better evidence
	TooManyAliases  Rule = "too_many_aliases"  // more than MaxAliases users hang together
	EarlierLink     Rule = "earlier_link"      // the child belongs to another parent, who has better evidence
	TooManyMembers  Rule = "too_many_members"  // the tree has more than MaxMembers
)

// Apart is what keeps two persons apart: a cut, or a link that does not count and the rule by which.
type Apart struct {
	Rule    Rule
	Link    Link  // without evidence where it is cut
	Cut     *Cut  // of IsCut
	Instead *Link // of EarlierLink: the one that counts
}

// Apart says what keeps two persons apart that have a link between them: the latest cut, else the link with the earliest evidence. It is false
// when nothing ever joined them. The forest must have answered for both.
func (f *Forest) Apart(a, b Person) (Apart, bool) {
	inA, inB := memberSet(a), memberSet(b)
	joins := func(child, parent event.Identifier) bool {
		return inA[child] && inB[parent] || inB[child] && inA[parent]
	}
	var cut *Cut
	var link *Link
	for _, m := range slices.Concat(a.Members, b.Members) {
		n := f.nodes[m.ID]
		for _, c := range n.Cuts {
			if !c.Undone && joins(c.Child, c.Parent) && (cut == nil || laterCut(c, *cut)) {
				cut = &c
			}
		}
		for _, l := range n.Parents {
			if l.valid() && joins(l.Child, l.Parent) && (link == nil || l.before(*link) < 0) {
				link = &l
			}
		}
	}
	switch {
	case cut != nil:
		return Apart{Rule: IsCut, Link: Link{Child: cut.Child, Parent: cut.Parent}, Cut: cut}, true
	case link == nil:
		return Apart{}, false
	}
	return f.verdict(*link), true
}

// laterCut orders cuts of different links: the later first, then by their ends.
func laterCut(c, than Cut) bool {
	if c.At != than.At {
		return c.At > than.At
	}
	return string(c.Child)+"\x00"+string(c.Parent) < string(than.Child)+"\x00"+string(than.Parent)
}

// verdict says why a link that joins two persons does not count.
func (f *Forest) verdict(l Link) Apart {
	out := Apart{Link: l}
	chosen, found, _ := f.Parent(l.Child)
	users, count, _ := f.aliasesOf(l)
	switch {
	case !slices.ContainsFunc(f.nodes[l.Child].parents, func(p Link) bool { return p.Parent == l.Parent }):
		out.Rule = TooManyParents
	case !f.nodes[l.Parent].accepts[l.Child]:
		out.Rule = TooManyChildren
	case len(users) > 0 && !count:
		out.Rule = TooManyAliases
	case found && chosen.Parent != l.Parent:
		out.Rule, out.Instead = EarlierLink, &chosen
	default:
		out.Rule = TooManyMembers
	}
	return out
}

func (f *Forest) aliasesOf(l Link) (users []event.Identifier, count, known bool) {
	if !l.IsAlias() {
		return nil, false, true
	}
	return f.Aliases(l.Child)
}
