package dynamo

import (
	"context"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// partitionsAtOnce bounds how many identifiers are read at a time.
const partitionsAtOnce = 16

// Partitions reads everything that is stored of each identifier, in the order of ids; of links what Nodes reads. It
// takes one query for each identifier, and one more for a parent of very many.
func (t *Table) Partitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Partition, error) {
	partitions := make([]ledger.Partition, len(ids))
	err := parallel(ctx, len(ids), partitionsAtOnce, func(ctx context.Context, n int) (err error) {
		p := &partitions[n]
		p.ID, p.Profile.ID = ids[n], ids[n]
		add := func(i item) error { return t.addItem(ctx, ns, p, i) }
		p.Node, err = t.node(ctx, partitionOf(ns, ids[n]), ids[n], add, lastOfAll)
		return err
	})
	if err != nil {
		return nil, translate("read partitions", err)
	}
	return partitions, nil
}

// lastOfAll sorts behind every sort key of an identifier's partition but those of parts.
const lastOfAll = "U"

func (t *Table) addItem(ctx context.Context, ns workspace.Namespace, p *ledger.Partition, i item) (err error) {
	kind, _, _ := strings.Cut(i.text("SK"), "#")
	switch kind {
	case "P":
		head, err := t.whole(ctx, profileOf(ns, p.ID), i, &p.Profile)
		p.Profile.Run = head.number("run")
		return err
	case "T":
		var page []event.Touchpoint
		err = t.unpack(i, &page)
		p.Touchpoints = append(p.Touchpoints, page...)
	}
	return err
}
