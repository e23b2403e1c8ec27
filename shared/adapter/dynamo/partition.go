package dynamo

import (
	"context"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// partitionsAtOnce bounds how many identifiers are read at a time.
const partitionsAtOnce = 16

// Partitions reads everything that is stored of each identifier with one query each, in the order of ids.
func (t *Table) Partitions(ctx context.Context, workspace string, ids []event.Identifier) ([]profile.Partition, error) {
	partitions := make([]profile.Partition, len(ids))
	err := parallel(ctx, len(ids), partitionsAtOnce, func(ctx context.Context, n int) error {
		p := &partitions[n]
		p.ID, p.Node.ID = ids[n], ids[n]
		for i, err := range t.query(ctx, span{pk: partitionOf(workspace, ids[n])}) {
			if err != nil {
				return err
			}
			if err := t.addItem(p, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, translate("read partitions", err)
	}
	return partitions, nil
}

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
	case "L", "M":
		err = t.addLink(&p.Node, i)
	}
	return err
}
