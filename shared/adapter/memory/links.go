package memory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// Evidence is dynamo.Table.Evidence.
func (t *Table) Evidence(_ context.Context, ns workspace.Namespace, links []identity.Link) ([]identity.Evidence, []bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	evidence, found := make([]identity.Evidence, len(links)), make([]bool, len(links))
	for n, l := range links {
		stored, ok := t.row(ns, l.Child).parents[l.Parent]
		evidence[n], found[n] = stored.Evidence, ok
	}
	return evidence, found, nil
}

// PutLinks is dynamo.Table.PutLinks.
func (t *Table) PutLinks(_ context.Context, ns workspace.Namespace, links []identity.Link) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range links {
		l.Idle = false // it is said of what a parent lists
		parent := t.row(ns, l.Parent)
		join(parent.children, l.Child, l)
		parent.sorted = nil
	}
	for _, l := range links {
		if err := t.between("put links"); err != nil {
			return err
		}
		l.Idle = false
		join(t.row(ns, l.Child).parents, l.Parent, l)
	}
	return nil
}

// Wake is dynamo.Table.Wake.
func (t *Table) Wake(_ context.Context, ns workspace.Namespace, l identity.Link) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	parent := t.row(ns, l.Parent)
	parent.awake[l.Child] = true
	parent.sorted = nil
	return nil
}

func join(links map[event.Identifier]identity.Link, at event.Identifier, l identity.Link) {
	if stored, found := links[at]; !found || l.Evidence.Before(stored.Evidence) {
		links[at] = l
	}
}

// Nodes is dynamo.Table.Nodes.
func (t *Table) Nodes(_ context.Context, ns workspace.Namespace, ids []event.Identifier) ([]identity.Node, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	nodes := make([]identity.Node, len(ids))
	for n, id := range ids {
		nodes[n] = t.row(ns, id).node(id)
	}
	return nodes, nil
}

// node gathers the links as dynamo.Table does: those to children in the order of evidence.
func (r *row) node(id event.Identifier) identity.Node {
	reading := identity.Gather(id)
	for _, cuts := range []map[event.Identifier]identity.Cut{r.cutsUp, r.cutsDown} {
		for _, end := range sortedKeys(cuts) {
			reading.Cut(cuts[end])
		}
	}
	for _, l := range slices.SortedFunc(maps.Values(r.parents), func(a, b identity.Link) int {
		return strings.Compare(a.Evidence.Sortable()+string(a.Parent), b.Evidence.Sortable()+string(b.Parent))
	}) {
		if !reading.Parent(l) {
			break
		}
	}
	for _, l := range r.byEvidence() {
		reading.Child(l)
	}
	return reading.Node()
}

// byEvidence lists the links to children, those that are not idle first; the list is kept until one of them changes, because it may be long.
func (r *row) byEvidence() []identity.Link {
	if r.sorted == nil {
		r.sorted = slices.Collect(maps.Values(r.children))
		for i := range r.sorted {
			l := &r.sorted[i]
			l.Idle = l.Child.Kind() == event.Anonymous && !r.awake[l.Child]
		}
		slices.SortFunc(r.sorted, func(a, b identity.Link) int {
			if a.Idle != b.Idle {
				return map[bool]int{true: 1, false: -1}[a.Idle]
			}
			return strings.Compare(a.Sortable(), b.Sortable())
		})
	}
	return r.sorted
}

// Cuts is dynamo.Table.Cuts.
func (t *Table) Cuts(_ context.Context, ns workspace.Namespace) ([]identity.Cut, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []identity.Cut
	rows := t.space(ns).rows
	for _, id := range sortedKeys(rows) {
		for _, parent := range sortedKeys(rows[id].cutsUp) {
			out = append(out, rows[id].cutsUp[parent])
		}
	}
	return out, nil
}

// PutCut is dynamo.Table.PutCut.
func (t *Table) PutCut(_ context.Context, ns workspace.Namespace, c identity.Cut) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	decide(t.row(ns, c.Child).cutsUp, c.Parent, c)
	decide(t.row(ns, c.Parent).cutsDown, c.Child, c)
	return nil
}

func decide(cuts map[event.Identifier]identity.Cut, end event.Identifier, c identity.Cut) {
	if stored, found := cuts[end]; !found || stored.Before(c) {
		cuts[end] = c
	}
}

// Claims is dynamo.Table.Claims.
func (t *Table) Claims(_ context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	claims := map[string]profile.Claims{}
	for _, key := range keys {
		if stored := t.space(ns).claims[key]; len(stored) > 0 {
			claims[key] = profile.Claims(nil).Join(slices.Collect(maps.Keys(stored))...)
		}
	}
	return claims, nil
}

// PutClaims is dynamo.Table.PutClaims.
func (t *Table) PutClaims(_ context.Context, ns workspace.Namespace, claims map[string]profile.Claims) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(ns)
	for n, key := range sortedKeys(claims) {
		if n > 0 {
			if err := t.between("put claims"); err != nil {
				return err
			}
		}
		for _, c := range claims[key] {
			if err := checkSize(c); err != nil {
				return err
			}
			if s.claims[key] == nil {
				s.claims[key] = map[profile.Claim]bool{}
			}
			s.claims[key][c] = true
		}
	}
	return nil
}

// AllLinks is dynamo.Table.AllLinks.
func (t *Table) AllLinks(_ context.Context, ns workspace.Namespace, id event.Identifier) (identity.Node, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.row(ns, id)
	node := identity.Node{ID: id, Parents: slices.Collect(maps.Values(r.parents)), Children: slices.Clone(r.byEvidence())}
	for _, cuts := range []map[event.Identifier]identity.Cut{r.cutsUp, r.cutsDown} {
		for _, end := range sortedKeys(cuts) {
			node.Cuts = append(node.Cuts, cuts[end])
		}
	}
	return identity.Whole(node), nil
}

// AllClaims is dynamo.Table.AllClaims.
func (t *Table) AllClaims(_ context.Context, ns workspace.Namespace, key string) (profile.Claims, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.space(ns).claims[key])), nil
}
