package dynamo

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/workspace"
)

// nodesAtOnce bounds how many identifiers' links are read at a time.
const nodesAtOnce = 8

// The child keeps its links in two places. The first that was written, whichever it is, lies at a fixed key, so that what most children have alone
// is found by it and replaced there. Those to other parents lie aside in the order of their evidence, so that a reader stops where they count no more.
const first = "L"

// asideAtOnce is how many links of a child that lie aside are looked at to find one.
const asideAtOnce = 100

// Evidence reads what is stored of links, by child and parent: the evidence of each and whether it is there, in the order of links. Of a child with
// more than a hundred parents it may say of a link with little evidence that it is not there.
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
	var others []int // links of children that have another first one
	for n, at := range addresses {
		i, ok := items[at]
		if !ok {
			continue
		}
		var stored identity.Link
		if err := t.unpack(i, &stored); err != nil {
			return nil, nil, err
		}
		if stored.Parent != links[n].Parent {
			others = append(others, n)
			continue
		}
		evidence[n], found[n] = stored.Evidence, true
	}
	err = parallel(ctx, len(others), linksAtOnce, func(ctx context.Context, i int) (err error) {
		n := others[i]
		evidence[n], found[n], err = t.aside(ctx, addresses[n].pk, links[n].Parent)
		return err
	})
	if err != nil {
		return nil, nil, translate("read links", err)
	}
	return evidence, found, nil
}

// aside looks for a link to a parent among those that lie aside.
func (t *Table) aside(ctx context.Context, pk string, parent event.Identifier) (identity.Evidence, bool, error) {
	looked := 0
	for i, err := range t.query(ctx, span{pk: pk, from: first + "#", to: first + "$", limit: asideAtOnce}) {
		if err != nil {
			return identity.Evidence{}, false, err
		}
		var stored identity.Link
		if err := t.unpack(i, &stored); err != nil {
			return identity.Evidence{}, false, err
		}
		if stored.Parent == parent {
			return stored.Evidence, true, nil
		}
		if looked++; looked == asideAtOnce {
			break
		}
	}
	return identity.Evidence{}, false, nil
}

// upward is where the child keeps its first link.
func upward(ns workspace.Namespace, l identity.Link) address {
	return address{partitionOf(ns, l.Child), first}
}

// sidewards is where the child keeps a link besides its first.
func sidewards(ns workspace.Namespace, l identity.Link) address {
	order := l.Evidence.Sortable() + "\x00" + string(l.Parent)
	return address{partitionOf(ns, l.Child), first + "#" + sortKey(order, maxSKBytes-len(first)-1)}
}

// sortKey fits a text that sorts into a sort key: of a longer one the rest decides no order any more.
func sortKey(order string, limit int) string {
	if len(order) <= limit {
		return order
	}
	const hashed = 65
	return strings.ToValidUTF8(order[:limit-hashed], "") + fit(order, 0)
}

// downward is where the parent keeps it: behind the links with better evidence, those of anonymous ids behind all others.
func downward(ns workspace.Namespace, l identity.Link) address {
	list := "M#"
	if l.Child.Kind() != event.Anonymous {
		list = wakeful
	}
	return address{partitionOf(ns, l.Parent), list + sortKey(l.Sortable(), maxSKBytes-len(wakeful))}
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

// PutLinks stores links with the child and with the parent unless better evidence for them is there. Writing them twice, or in any order,
// ends the same. The parent's side is written first, so that a link which the child knows is never missing there; what a crash may leave behind
// is the same link with worse evidence, and a reader passes that over.
func (t *Table) PutLinks(ctx context.Context, ns workspace.Namespace, links []identity.Link) error {
	below := make([]types.WriteRequest, len(links))
	for n, l := range links {
		i, err := t.packed(downward(ns, l), l)
		if err != nil {
			return fmt.Errorf("encode link: %w", err)
		}
		below[n] = putRequest(i)
	}
	if err := t.bulkWrite(ctx, below); err != nil {
		return translate("write links", err)
	}
	err := parallel(ctx, len(links), linksAtOnce, func(ctx context.Context, n int) error { return t.putAbove(ctx, ns, links[n]) })
	return translate("write links", err)
}

// linksAtOnce bounds how many links are written at a time.
const linksAtOnce = 16

// putAbove stores a link with the child.
func (t *Table) putAbove(ctx context.Context, ns workspace.Namespace, l identity.Link) error {
	above, err := t.packed(upward(ns, l), l)
	if err != nil {
		return fmt.Errorf("encode link: %w", err)
	}
	order, parent := text(l.Evidence.Sortable()), text(fit(string(l.Parent), maxSKBytes))
	above["e"], above["p"] = order, parent
	replaced, err := t.swap(ctx, above, condition{
		expression: "attribute_not_exists(PK) OR (p = :p AND e >= :e)", values: item{":e": order, ":p": parent},
		instead: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	stored := storedInstead(err)
	switch {
	case conditionFailed(err) && stored.text("p") == fit(string(l.Parent), maxSKBytes): // better evidence is there: ours stays nowhere
		return t.delete(ctx, downward(ns, l))
	case conditionFailed(err):
		i, err := t.packed(sidewards(ns, l), l)
		if err != nil {
			return fmt.Errorf("encode link: %w", err)
		}
		return t.put(ctx, i, condition{})
	case err != nil || replaced == nil:
		return err
	}
	var old identity.Link
	if err := t.unpack(replaced, &old); err != nil {
		return err
	}
	if at := downward(ns, old); at != downward(ns, l) {
		return t.delete(ctx, at)
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
				next = behind(i.text("SK"))
				break
			}
		}
		if from = next; from >= last {
			break
		}
	}
	return reading.Node(), nil
}

// AllLinks reads every link of an identifier and the decisions about them, however many there are.
func (t *Table) AllLinks(ctx context.Context, ns workspace.Namespace, id event.Identifier) (identity.Node, error) {
	node := identity.Node{ID: id}
	for i, err := range t.query(ctx, span{pk: partitionOf(ns, id), from: firstOfNode, to: lastOfNode}) {
		if err != nil {
			return node, translate("read all links", err)
		}
		if err := t.addTo(&node, i); err != nil {
			return node, err
		}
	}
	return identity.Whole(node), nil
}

// addTo adds an item to a node.
func (t *Table) addTo(node *identity.Node, i item) error {
	kind, _, _ := strings.Cut(i.text("SK"), "#")
	if kind == "CL" || kind == "CM" {
		var c identity.Cut
		err := t.unpack(i, &c)
		node.Cuts = append(node.Cuts, c)
		return err
	}
	var l identity.Link
	err := t.unpack(i, &l)
	if kind == "L" {
		node.Parents = append(node.Parents, l)
		return err
	}
	l.Idle = !strings.HasPrefix(i.text("SK"), wakeful)
	node.Children = append(node.Children, l)
	return err
}

// behind is where to go on when the rest of a sort of links need not be read: parents, then children that are not idle and those that are, of either
// by the word of servers and by that of sites. Evidence begins with a digit that is 0 for servers.
func behind(sk string) string {
	for _, at := range [...]struct{ list, next string }{
		{"L", afterParent}, {wakeful + "0", wakeful + "1"}, {wakeful, "M#0"}, {"M#0", "M#1"},
	} {
		if strings.HasPrefix(sk, at.list) {
			return at.next
		}
	}
	return lastOfNode
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
