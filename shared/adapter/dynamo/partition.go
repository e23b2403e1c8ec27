package dynamo

import (
	"context"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// partitionsAtOnce bounds how many identifiers are read at a time.
const partitionsAtOnce = 16

// Partitions reads everything that is stored of each identifier, in the order of ids; of links what Nodes reads. It takes one query for each
// identifier, and one more for a parent of very many.
func (t *Table) Partitions(ctx context.Context, workspace string, ids []event.Identifier) ([]profile.Partition, error) {
	partitions := make([]profile.Partition, len(ids))
	err := parallel(ctx, len(ids), partitionsAtOnce, func(ctx context.Context, n int) (err error) {
		p := &partitions[n]
		p.ID = ids[n]
		p.Node, err = t.node(ctx, partitionOf(workspace, ids[n]), ids[n], func(i item) error { return t.addItem(p, i) }, lastOfAll)
		return err
	})
	if err != nil {
		return nil, translate("read partitions", err)
	}
	return partitions, nil
}

// lastOfAll sorts behind every sort key of an identifier's partition.
const lastOfAll = "U"

func (t *Table) addItem(p *profile.Partition, i item) (err error) {
	kind, _, _ := strings.Cut(i.text("SK"), "#")
	switch kind {
	case "P":
		p.Aggregate, err = t.aggregateIn(i)
	case "R":
		err = t.unpack(i, &p.Traits)
	case "T":
		var page []event.Touchpoint
		err = t.unpack(i, &page)
		p.Touchpoints = append(p.Touchpoints, page...)
	}
	return err
}
