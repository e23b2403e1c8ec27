package identity

import (
	"container/heap"
	"slices"

	"waymark/shared/domain/event"
)

// Node is one identifier with the links that touch it, as the store holds them. Of the word of servers, and of that of sites, more than MaxChildren
// children are the earliest, those that are not idle before all others, with at least one more; so are the parents those with the best evidence.
type Node struct {
	ID       event.Identifier
	Parents  []Link // links in which it is the child
	Children []Link // links in which it is the parent
	Cuts     []Cut  // decisions about its links, the undone among them; a link that is cut may be listed or left out above
}

// Member is an identifier of a person with the link that made it one; the root has none.
type Member struct {
	ID   event.Identifier
	Link *Link
}

// Person is a tree of linked identifiers.
type Person struct {
	Root    event.Identifier
	Members []Member // the root first, then by evidence as they come into reach: whom servers link before whom sites do
	Looked  int      // identifiers looked at to find the members, whether they are or not; at most Caps.Members
	isPart  bool     // some of the tree under the root stay apart
}

// IDs lists the person's identifiers, the root first.
func (p Person) IDs() []event.Identifier {
	out := make([]event.Identifier, len(p.Members))
	for i, m := range p.Members {
		out[i] = m.ID
	}
	return out
}

// Has says whether an identifier is one of the person's.
func (p Person) Has(id event.Identifier) bool {
	return slices.ContainsFunc(p.Members, func(m Member) bool { return m.ID == id })
}

// Forest is the part of the links around some identifiers that is needed to tell their persons. Make one with NewForest.
type Forest struct {
	start   event.Identifier
	caps    Caps
	nodes   map[event.Identifier]*place
	missing map[event.Identifier]bool

	// What follows from the nodes so far; forgotten when more are added.
	settled map[event.Identifier]bool // users whose aliases are settled: they count or they do not
	aliases map[event.Identifier]Link // chosen parents of those users
	trees   map[event.Identifier]Person
}

// place is a loaded node with what its own links say.
type place struct {
	Node
	parents  []Link // uncut and valid, by evidence, Caps.Parents at most
	children []Link // accepted and valid, by evidence
	accepts  map[event.Identifier]bool
}

// NewForest begins with the identifier whose person is asked for, under the limits of the system.
func NewForest(start event.Identifier) *Forest { return NewForestWith(start, DefaultCaps()) }

// NewForestWith is NewForest under other limits. Children must be at most MaxChildren, for a node lists little more.
func NewForestWith(start event.Identifier, caps Caps) *Forest {
	f := &Forest{start: start, caps: caps, nodes: map[event.Identifier]*place{}, missing: map[event.Identifier]bool{}}
	f.forget()
	return f
}

func (f *Forest) forget() {
	f.settled, f.aliases, f.trees = map[event.Identifier]bool{}, map[event.Identifier]Link{}, map[event.Identifier]Person{}
}

// Add takes loaded nodes. An identifier without links is a Node with an ID alone.
func (f *Forest) Add(nodes ...Node) {
	for _, n := range nodes {
		f.nodes[n.ID] = f.place(n)
	}
	f.forget()
}

func (f *Forest) place(n Node) *place {
	cut := cutEnds(n.Cuts)
	isNone := func(l Link) bool { return !l.valid() }
	counting := func(links []Link) []Link {
		out := links
		if len(cut) > 0 {
			out = slices.DeleteFunc(slices.Clone(links), func(l Link) bool { return cut[l.ends()] })
		}
		if slices.ContainsFunc(out, isNone) {
			out = slices.DeleteFunc(slices.Clone(out), isNone)
		}
		if !slices.IsSortedFunc(out, Link.before) {
			out = slices.SortedFunc(slices.Values(out), Link.before)
		}
		return out
	}
	parents := counting(n.Parents)
	p := &place{Node: n, parents: parents[:min(len(parents), f.caps.Parents)], children: accepted(counting(n.Children), f.caps.Children)}
	p.accepts = make(map[event.Identifier]bool, len(p.children))
	for _, l := range p.children {
		p.accepts[l.Child] = true
	}
	return p
}

// accepted are the children that have a place: so many by the word of servers, of which those that are not idle come first, and by that of sites so many
// of either sort. So who has a public key takes no place from what a server says, nor from whoever was there before.
func accepted(children []Link, most int) []Link {
	if len(children) <= most {
		return children
	}
	var places [classes]int
	out := make([]Link, 0, min(len(children), classes*most))
	for _, isIdle := range [...]bool{false, true} {
		for _, l := range children {
			if class := l.class(); l.Idle == isIdle && places[class] < most {
				places[class]++
				out = append(out, l)
			}
		}
	}
	slices.SortFunc(out, Link.before)
	return out
}

// IsOver says whether a parent has more children by the word of servers, or of sites, as the link is, than it has places of one class. Where it has
// not, it matters to nobody which of them are idle.
func (l Link) IsOver(children []Link, caps Caps) bool {
	n := 0
	for i := range children {
		if (children[i].class() == byServers) == (l.class() == byServers) {
			n++
		}
	}
	return n > caps.Children
}

// Classes of children, each with places of its own.
const (
	byServers = iota
	bySites   // that did something themselves
	idleOfSites
	classes
)

func (l Link) class() int {
	switch {
	case l.Evidence.Grade == event.Server:
		return byServers
	case l.Idle:
		return idleOfSites
	}
	return bySites
}

// Needs lists the identifiers that must still be loaded, sorted; empty when Person can answer. The number of rounds is bounded by the depth
// of the forest: six ranks up and down, and MaxAliases.
func (f *Forest) Needs() []event.Identifier {
	f.Of(f.start)
	return f.Missing()
}

// Person answers once nothing is needed any more. The same links give the same answer in whatever order they were made and loaded.
func (f *Forest) Person() Person {
	p, _ := f.Of(f.start)
	return p
}

// Missing lists what the questions since the last call could not be answered without, sorted.
func (f *Forest) Missing() []event.Identifier {
	out := make([]event.Identifier, 0, len(f.missing))
	for id := range f.missing {
		out = append(out, id)
	}
	clear(f.missing)
	slices.Sort(out)
	return out
}

// Of is the person of any identifier; false while something is missing.
func (f *Forest) Of(id event.Identifier) (Person, bool) {
	root, known := f.root(id)
	if !known {
		return Person{}, false
	}
	p, whole := f.Below(root)
	if !whole || !p.isPart || p.Has(id) {
		return p, whole
	}
	if root, known = f.rootByServers(id); !known {
		return Person{}, false
	}
	held, whole := f.heldByServers(root, f.caps.Members)
	if !whole {
		return Person{}, false
	}
	if apart := held.person(root); apart.Has(id) {
		return apart, true
	}
	return Person{Root: id, Members: []Member{{ID: id}}, Looked: 1}, true
}

// root follows the chosen parents to the top.
func (f *Forest) root(id event.Identifier) (event.Identifier, bool) {
	for {
		link, found, known := f.Parent(id)
		if !known {
			return "", false
		}
		if !found {
			return id, true
		}
		id = link.Parent
	}
}

// Below is the tree under an identifier as if that were its root: whoever belongs to one of those who are in it, the best evidence first, until
// Caps.Members were looked at; false while something is missing. So nobody falls out of it by evidence that came later or is worse. Whom servers link
// come into it together, or stay apart together: nobody with a public key parts them.
func (f *Forest) Below(root event.Identifier) (Person, bool) {
	if p, found := f.trees[root]; found {
		return p, true
	}
	whole := true
	var open queue
	tree := held{looked: 1}
	enter := func(link *Link, id event.Identifier) {
		more, known := f.heldByServers(id, f.caps.Members-tree.looked+1)
		whole, tree.isCut = whole && known, tree.isCut || more.isCut
		if !known || more.isCut && link != nil {
			return
		}
		more.members[0].Link = link
		tree.members, tree.looked = append(tree.members, more.members...), tree.looked+more.looked-1
		for _, l := range more.toSites {
			heap.Push(&open, l)
		}
	}
	for enter(nil, root); len(open) > 0 && tree.looked < f.caps.Members; {
		l := heap.Pop(&open).(Link)
		tree.looked++
		chosen, found, known := f.Parent(l.Child)
		whole = whole && known
		if found && chosen.Parent == l.Parent {
			enter(&chosen, l.Child)
		}
	}
	if !whole {
		return Person{}, false
	}
	tree.isCut = tree.isCut || len(open) > 0
	p := tree.person(root)
	f.trees[root] = p
	return p, true
}

// held are identifiers that belong together.
type held struct {
	members []Member
	toSites []Link // to their children by the word of sites
	looked  int    // identifiers, the first included
	isCut   bool   // there are more, which were not looked at
}

func (h held) person(root event.Identifier) Person {
	members := slices.Clone(h.members)
	members[0].Link = nil
	return Person{Root: root, Members: members, Looked: h.looked, isPart: h.isCut}
}

// heldByServers are an identifier and whoever belongs to it by links that servers prove, the best evidence first, so many at most; false while something
// is missing.
func (f *Forest) heldByServers(id event.Identifier, most int) (h held, whole bool) {
	h, whole = held{members: []Member{{ID: id}}, looked: 1}, true
	var open queue
	for at := 0; ; {
		for ; at < len(h.members); at++ {
			n, loaded := f.node(h.members[at].ID)
			if !loaded {
				whole = false
				continue
			}
			children, known := f.children(n)
			whole = whole && known
			for _, l := range children {
				if l.Evidence.Grade == event.Server {
					heap.Push(&open, l)
				} else {
					h.toSites = append(h.toSites, l)
				}
			}
		}
		if len(open) == 0 {
			return h, whole
		}
		if h.looked >= most {
			h.isCut = true
			return h, whole
		}
		l := heap.Pop(&open).(Link)
		h.looked++
		chosen, found, known := f.Parent(l.Child)
		whole = whole && known
		if found && chosen.Parent == l.Parent {
			h.members = append(h.members, Member{ID: l.Child, Link: &chosen})
		}
	}
}

// rootByServers follows the chosen parents up as long as servers prove them.
func (f *Forest) rootByServers(id event.Identifier) (event.Identifier, bool) {
	for {
		link, found, known := f.Parent(id)
		if !known {
			return "", false
		}
		if !found || link.Evidence.Grade != event.Server {
			return id, true
		}
		id = link.Parent
	}
}

// queue is a heap of links by evidence.
type queue []Link

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].before(q[j]) < 0 }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(link any)     { *q = append(*q, link.(Link)) }

func (q *queue) Pop() any {
	last := len(*q) - 1
	link := (*q)[last]
	*q = (*q)[:last]
	return link
}

// children gives the links of those that may have chosen n as their parent. Where the aliases of a user do not count, they need not be asked.
func (f *Forest) children(n *place) (links []Link, known bool) {
	if !slices.ContainsFunc(n.children, Link.IsAlias) {
		return n.children, true
	}
	count, known := f.settle(n.ID)
	if count {
		return n.children, known
	}
	return slices.DeleteFunc(slices.Clone(n.children), Link.IsAlias), known
}

// node is a loaded node; one that is not is noted as missing.
func (f *Forest) node(id event.Identifier) (*place, bool) {
	n, loaded := f.nodes[id]
	if !loaded {
		f.missing[id] = true
	}
	return n, loaded
}

// Node is a loaded node as it was added; false, and noted as missing, when it is not there.
func (f *Forest) Node(id event.Identifier) (Node, bool) {
	n, loaded := f.node(id)
	if !loaded {
		return Node{}, false
	}
	return n.Node, true
}

// Parent chooses the one parent of an identifier: the link with the best evidence that counts. Known is false while something is missing.
func (f *Forest) Parent(id event.Identifier) (link Link, found, known bool) {
	n, loaded := f.node(id)
	if !loaded {
		return Link{}, false, false
	}
	if id.Kind() == event.User {
		_, known := f.settle(id)
		link, found = f.aliases[id]
		return link, found, known
	}
	for _, l := range n.parents {
		switch p, loaded := f.node(l.Parent); {
		case !loaded:
			return Link{}, false, false
		case p.accepts[n.ID]:
			return l, true, true
		}
	}
	return Link{}, false, true
}
