package identity

import (
	"slices"

	"waymark/shared/domain/event"
)

// Node is one identifier with every link that touches it, as the store holds them.
type Node struct {
	ID       event.Identifier
	Parents  []Link // links in which it is the child
	Children []Link // links in which it is the parent
}

// Member is an identifier of a person with the link that made it one; the root has none.
type Member struct {
	ID   event.Identifier
	Link *Link
}

// Person is a tree of linked identifiers.
type Person struct {
	Root    event.Identifier
	Members []Member // the root first, then by evidence
}

// IDs lists the person's identifiers, the root first.
func (p Person) IDs() []event.Identifier {
	out := make([]event.Identifier, len(p.Members))
	for i, m := range p.Members {
		out[i] = m.ID
	}
	return out
}

// Forest is the part of the links around one identifier that is needed to tell its person. Make one with NewForest.
type Forest struct {
	start    event.Identifier
	nodes    map[event.Identifier]Node
	accepted map[event.Identifier]map[event.Identifier]bool
	missing  map[event.Identifier]bool
	aliases  map[event.Identifier]Link // chosen parent of each user met so far
	met      map[event.Identifier]bool // users whose aliases are settled
}

// NewForest begins with the identifier whose person is asked for.
func NewForest(start event.Identifier) *Forest {
	return &Forest{start: start, nodes: map[event.Identifier]Node{}, accepted: map[event.Identifier]map[event.Identifier]bool{}}
}

// Add takes loaded nodes. An identifier without links is a Node with an ID alone.
func (f *Forest) Add(nodes ...Node) {
	for _, n := range nodes {
		f.nodes[n.ID] = n
		set := make(map[event.Identifier]bool, len(n.Children))
		for _, l := range earliest(n.Children) {
			if l.valid() {
				set[l.Child] = true
			}
		}
		f.accepted[n.ID] = set
	}
}

// Needs lists the identifiers that must still be loaded, sorted; empty when Person can answer. The number of rounds is bounded by the depth
// of the forest: six ranks up and down, and the length of alias chains.
func (f *Forest) Needs() []event.Identifier {
	f.Person()
	out := make([]event.Identifier, 0, len(f.missing))
	for id := range f.missing {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Person answers once nothing is needed any more. The same links give the same answer in whatever order they were made and loaded.
func (f *Forest) Person() Person {
	f.missing, f.aliases, f.met = map[event.Identifier]bool{}, map[event.Identifier]Link{}, map[event.Identifier]bool{}
	root := f.start
	for {
		link, found := f.parent(root)
		if !found {
			break
		}
		root = link.Parent
	}
	person := Person{Root: root, Members: []Member{{ID: root}}}
	for i := 0; i < len(person.Members); i++ {
		for _, link := range f.children(person.Members[i].ID) {
			person.Members = append(person.Members, Member{ID: link.Child, Link: &link})
		}
	}
	return person
}

// node is a loaded node; one that is not is noted as missing.
func (f *Forest) node(id event.Identifier) (Node, bool) {
	n, loaded := f.nodes[id]
	if !loaded {
		f.missing[id] = true
	}
	return n, loaded
}

// children gives the links by which others chose id as their parent, by evidence.
func (f *Forest) children(id event.Identifier) []Link {
	n, _ := f.node(id)
	var out []Link
	for _, l := range earliest(n.Children) {
		if !l.valid() {
			continue
		}
		if chosen, found := f.parent(l.Child); found && chosen.Parent == id {
			out = append(out, chosen)
		}
	}
	slices.SortFunc(out, Link.before)
	return out
}

// parent chooses the one parent of id: the earliest valid link that its parent accepts.
func (f *Forest) parent(id event.Identifier) (Link, bool) {
	n, loaded := f.node(id)
	if !loaded {
		return Link{}, false
	}
	if id.Kind() == event.User {
		f.settle(id)
		l, found := f.aliases[id]
		return l, found
	}
	links := slices.Clone(n.Parents)
	slices.SortFunc(links, Link.before)
	for _, l := range links {
		if !l.valid() {
			continue
		}
		if _, loaded := f.node(l.Parent); !loaded {
			return Link{}, false
		}
		if f.accepted[l.Parent][id] {
			return l, true
		}
	}
	return Link{}, false
}

// settle chooses the parents of all users that aliases connect with id: links in the order of their evidence, each unless its child has a
// parent already or the link would close a circle.
func (f *Forest) settle(id event.Identifier) {
	if f.met[id] {
		return
	}
	f.met[id] = true
	var links []Link
	for queue := []event.Identifier{id}; len(queue) > 0; queue = queue[1:] {
		n, _ := f.node(queue[0])
		for _, l := range n.Parents {
			if l.valid() {
				links = append(links, l)
				queue = f.meet(queue, l.Parent)
			}
		}
		for _, l := range earliest(n.Children) {
			if l.valid() && l.Child.Kind() == event.User {
				queue = f.meet(queue, l.Child)
			}
		}
	}
	slices.SortFunc(links, Link.before)
	for _, l := range links {
		_, taken := f.aliases[l.Child]
		if !taken && f.accepted[l.Parent][l.Child] && !f.closes(l) {
			f.aliases[l.Child] = l
		}
	}
}

func (f *Forest) meet(queue []event.Identifier, id event.Identifier) []event.Identifier {
	if f.met[id] {
		return queue
	}
	f.met[id] = true
	return append(queue, id)
}

// closes says whether the alias would make its child an ancestor of itself.
func (f *Forest) closes(l Link) bool {
	for at := l.Parent; ; {
		if at == l.Child {
			return true
		}
		up, found := f.aliases[at]
		if !found {
			return false
		}
		at = up.Parent
	}
}

// earliest gives the links that a parent accepts: the first MaxChildren by evidence.
func earliest(children []Link) []Link {
	if len(children) <= MaxChildren {
		return children
	}
	sorted := slices.Clone(children)
	slices.SortFunc(sorted, Link.before)
	return sorted[:MaxChildren]
}
