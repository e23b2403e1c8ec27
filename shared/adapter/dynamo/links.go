package dynamo

import (
	"context"
	"fmt"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/workspace"
)

// nodesAtOnce bounds how many identifiers' links are read at a time.
const nodesAtOnce = 8

// Evidence reads what is stored of links, by child and parent: the evidence of each and whether it is there, in the order of links.
func (t *Table) Evidence(ctx context.Context, ns workspace.Namespace, links []identity.Link) ([]identity.Evidence, []bool, error) {
	addresses := make([]address, len(links))
	for n, l := range links {
		addresses[n] = upward(ns, l)
	}
	items, err := t.batchGet(ctx, addresses)
	if err != nil {
		return nil, nil, translate("read links", err)
	}
	evidence, found := make([]identity.Evidence, len(links)), make([]bool, len(links))
	for n, at := range addresses {
		i, ok := items[at]
		if !ok {
			continue
		}
		var stored identity.Link
		if err := t.unpack(i, &stored); err != nil {
			return nil, nil, err
		}
		evidence[n], found[n] = stored.Evidence, true
	}
	return evidence, found, nil
}

// upward is where the child keeps a link.
func upward(ns workspace.Namespace, l identity.Link) address {
	return address{partitionOf(ns, l.Child), "L#" + fit(string(l.Parent), maxSKBytes-2)}
}

// maxOrderBytes is how much of a link's evidence a sort key has room for. It is more than any source and id of ours; of longer ones the rest
// decides no order any more.
const maxOrderBytes = maxSKBytes - len(wakeful) - 65

// downward is where the parent keeps it: behind the links with earlier evidence, those of anonymous ids behind all others.
func downward(ns workspace.Namespace, l identity.Link) address {
	order := l.Sortable()
	if len(order) > maxSKBytes-len(wakeful) {
		order = strings.ToValidUTF8(order[:maxOrderBytes], "") + fit(order, 0)
	}
	list := "M#"
	if l.Child.Kind() != event.Anonymous {
		list = wakeful
	}
	return address{partitionOf(ns, l.Parent), list + order}
}

// wakeful stands before the evidence of links in the list of children that are not idle, which sorts before all others: evidence begins with a digit.
const wakeful = "M#!"

// Wake notes with the parent that the child of a stored link did something by itself. Writing it twice ends the same.
func (t *Table) Wake(ctx context.Context, ns workspace.Namespace, l identity.Link) error {
	at := downward(ns, l)
	at.sk = wakeful + strings.TrimPrefix(strings.TrimPrefix(at.sk, "M#"), "!")
	i, err := t.packed(at, l)
	if err != nil {
		return fmt.Errorf("encode link: %w", err)
	}
	return translate("write link", t.put(ctx, i, condition{}))
}

// PutLink stores a link with the child and with the parent unless earlier evidence for it is there. Writing it twice, or links in any order,
// ends the same. The parent's side is written first, so that a link which the child knows is never missing there; what a crash may leave behind
// is the same link with later evidence, and a reader passes that over.
func (t *Table) PutLink(ctx context.Context, ns workspace.Namespace, l identity.Link) error {
	below, err := t.packed(downward(ns, l), l)
	if err != nil {
		return fmt.Errorf("encode link: %w", err)
	}
	if err := t.put(ctx, below, condition{}); err != nil {
		return translate("write link", err)
	}
	above, err := t.packed(upward(ns, l), l)
	if err != nil {
		return fmt.Errorf("encode link: %w", err)
	}
	order := text(l.Evidence.Sortable())
	above["e"] = order
	replaced, err := t.swap(ctx, above, condition{expression: "attribute_not_exists(PK) OR e >= :e", values: item{":e": order}})
	if conditionFailed(err) { // earlier evidence is there: ours stays nowhere
		return translate("take back link", t.delete(ctx, downward(ns, l)))
	}
	if err != nil || replaced == nil {
		return translate("write link", err)
	}
	var old identity.Link
	if err := t.unpack(replaced, &old); err != nil {
		return err
	}
	if at := downward(ns, old); at != downward(ns, l) {
		return translate("delete later link", t.delete(ctx, at))
	}
	return nil
}

// decided holds every decision about a link once more, in one list for a rebuild, which no record of the archive leads to them.
func decided(ns workspace.Namespace) string { return partition(ns, "cuts") }

// Cuts lists all decisions about links, the latest of each link, in the order of their ends.
func (t *Table) Cuts(ctx context.Context, ns workspace.Namespace) ([]identity.Cut, error) {
	var out []identity.Cut
	for i, err := range t.query(ctx, span{pk: decided(ns)}) {
		if err != nil {
			return nil, translate("read cuts", err)
		}
		var c identity.Cut
		if err := t.unpack(i, &c); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// PutCut stores a decision about a link in the list of all and with both its ends unless a later one about the same link is there. Writing it twice, or decisions in
// any order, ends the same.
func (t *Table) PutCut(ctx context.Context, ns workspace.Namespace, c identity.Cut) error {
	order := text(fmt.Sprintf("%015d\x00%t\x00%s", c.At, c.Undone, c.Reason)) // sorts as Cut.Before does
	for _, at := range []address{
		{decided(ns), fit(string(c.Child)+" "+string(c.Parent), maxSKBytes)},
		{partitionOf(ns, c.Child), "CL#" + fit(string(c.Parent), maxSKBytes-3)},
		{partitionOf(ns, c.Parent), "CM#" + fit(string(c.Child), maxSKBytes-3)},
	} {
		i, err := t.packed(at, c)
		if err != nil {
			return fmt.Errorf("encode cut: %w", err)
		}
		i["e"] = order
		later := condition{expression: "attribute_not_exists(PK) OR e < :e", values: item{":e": order}}
		if err := t.put(ctx, i, later); err != nil && !conditionFailed(err) {
			return translate("write cut", err)
		}
	}
	return nil
}

// Sort keys of what is read as a node, in this order: cuts, links to parents, links to children by evidence.
const (
	firstOfNode = "CL#"
	afterParent = "M#"
	lastOfNode  = "M$"
)

// Nodes reads the links of each identifier and the decisions about them, in the order of ids: of a parent of very many the earliest.
func (t *Table) Nodes(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]identity.Node, error) {
	nodes := make([]identity.Node, len(ids))
	err := parallel(ctx, len(ids), nodesAtOnce, func(ctx context.Context, n int) (err error) {
		nodes[n], err = t.node(ctx, partitionOf(ns, ids[n]), ids[n], func(item) error { return nil }, lastOfNode)
		return err
	})
	if err != nil {
		return nil, translate("read links", err)
	}
	return nodes, nil
}

// node reads a partition from its cuts to a last sort key, or to its end. Links that a node has no use for are skipped, not read; what is no link
// is given to others.
func (t *Table) node(ctx context.Context, pk string, id event.Identifier, others func(item) error, last string) (identity.Node, error) {
	reading := identity.Gather(id)
	for from := firstOfNode; from != ""; {
		next := ""
		for i, err := range t.query(ctx, span{pk: pk, from: from, to: last}) {
			if err != nil {
				return identity.Node{}, err
			}
			more, err := t.gather(reading, i, others)
			if err != nil {
				return identity.Node{}, err
			}
			if !more {
				next = map[string]string{"L#": afterParent, "M#": lastOfNode}[i.text("SK")[:2]]
				break
			}
		}
		if from = next; from >= last {
			break
		}
	}
	return reading.Node(), nil
}

// gather adds one item; false when the rest of its kind need not be read.
func (t *Table) gather(reading *identity.Gathering, i item, others func(item) error) (bool, error) {
	kind, _, _ := strings.Cut(i.text("SK"), "#")
	switch kind {
	case "CL", "CM":
		var c identity.Cut
		err := t.unpack(i, &c)
		if err == nil {
			reading.Cut(c)
		}
		return true, err
	case "L", "M":
		var l identity.Link
		if err := t.unpack(i, &l); err != nil {
			return false, err
		}
		if kind == "L" {
			return reading.Parent(l), nil
		}
		l.Idle = !strings.HasPrefix(i.text("SK"), wakeful)
		return reading.Child(l), nil
	}
	return true, others(i)
}
