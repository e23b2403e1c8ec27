package dynamo

import (
	"context"
	"fmt"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// nodesAtOnce bounds how many identifiers' links are read at a time.
const nodesAtOnce = 8

// Evidence reads what is stored of links, by child and parent: the evidence of each and whether it is there, in the order of links.
func (t *Table) Evidence(ctx context.Context, workspace string, links []identity.Link) ([]identity.Evidence, []bool, error) {
	addresses := make([]address, len(links))
	for n, l := range links {
		addresses[n] = upward(workspace, l)
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

// upward is where the child keeps a link, downward where the parent does.
func upward(workspace string, l identity.Link) address {
	return address{partitionOf(workspace, l.Child), "L#" + fit(string(l.Parent), maxSKBytes-2)}
}

func downward(workspace string, l identity.Link) address {
	return address{partitionOf(workspace, l.Parent), "M#" + fit(string(l.Child), maxSKBytes-2)}
}

// PutLink stores a link with the child and with the parent unless earlier or the same evidence for it is there. Writing it twice, or links in
// any order, ends the same.
func (t *Table) PutLink(ctx context.Context, workspace string, l identity.Link) error {
	order := text(sortable(l.Evidence))
	for _, at := range []address{upward(workspace, l), downward(workspace, l)} {
		i, err := t.packed(at, l)
		if err != nil {
			return fmt.Errorf("encode link: %w", err)
		}
		i["e"] = order
		earlier := condition{expression: "attribute_not_exists(PK) OR e > :e", values: item{":e": order}}
		if err := t.put(ctx, i, earlier); err != nil && !conditionFailed(err) {
			return translate("write link", err)
		}
	}
	return nil
}

// sortable writes evidence as text that sorts as Evidence.Before does. NUL sorts before all that an id may hold, so a longer id comes after
// the shorter one that it begins with.
func sortable(e identity.Evidence) string {
	return fmt.Sprintf("%015d\x00%s\x00%s", e.At, e.Event, e.Source)
}

// Nodes reads every link of each identifier, in the order of ids.
func (t *Table) Nodes(ctx context.Context, workspace string, ids []event.Identifier) ([]identity.Node, error) {
	nodes := make([]identity.Node, len(ids))
	err := parallel(ctx, len(ids), nodesAtOnce, func(ctx context.Context, n int) error {
		nodes[n].ID = ids[n]
		for i, err := range t.query(ctx, span{pk: partitionOf(workspace, ids[n]), from: "L#", to: "M$"}) {
			if err != nil {
				return err
			}
			if err := t.addLink(&nodes[n], i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, translate("read links", err)
	}
	return nodes, nil
}

func (t *Table) addLink(node *identity.Node, i item) error {
	var l identity.Link
	if err := t.unpack(i, &l); err != nil {
		return err
	}
	if strings.HasPrefix(i.text("SK"), "L#") {
		node.Parents = append(node.Parents, l)
		return nil
	}
	node.Children = append(node.Children, l)
	return nil
}
