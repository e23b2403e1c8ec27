package dynamo

import (
	"context"
	"fmt"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
)

// Load reads the aggregate of an identifier and then, never before, every page that could hold a copy of the touchpoints given; other
// touchpoints may be on them. (Read the other way round, a page that another writer adds in between would be missing here and contained
// there.) An identifier that is not stored has the zero aggregate.
func (t *Table) Load(ctx context.Context, workspace string, id event.Identifier, copies []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error) {
	a, err := t.aggregate(ctx, workspace, id)
	if err != nil {
		return a, nil, err
	}
	spans := spansOf(partitionOf(workspace, id), copies)
	found := make([][]event.Touchpoint, len(spans))
	err = parallel(ctx, len(spans), spansAtOnce, func(ctx context.Context, n int) (err error) {
		found[n], err = t.pages(ctx, spans[n])
		return err
	})
	return a, slices.Concat(found...), err
}

// Timeline reads the aggregate and then every page.
func (t *Table) Timeline(ctx context.Context, workspace string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error) {
	a, err := t.aggregate(ctx, workspace, id)
	if err != nil {
		return a, nil, err
	}
	touchpoints, err := t.pages(ctx, span{pk: partitionOf(workspace, id), from: "T#", to: "T$"})
	return a, touchpoints, err
}

func (t *Table) aggregate(ctx context.Context, workspace string, id event.Identifier) (profile.Aggregate, error) {
	var a profile.Aggregate
	i, err := t.get(ctx, address{partitionOf(workspace, id), "P"})
	if err != nil || i == nil {
		return a, translate("read profile", err)
	}
	return t.aggregateIn(i)
}

func (t *Table) aggregateIn(i item) (profile.Aggregate, error) {
	var a profile.Aggregate
	err := t.unpack(i, &a)
	a.Version = i.number("v")
	return a, err
}

func (t *Table) pages(ctx context.Context, s span) (touchpoints []event.Touchpoint, err error) {
	for i, err := range t.query(ctx, s) {
		if err != nil {
			return nil, translate("read timeline", err)
		}
		var page []event.Touchpoint
		if err := t.unpack(i, &page); err != nil {
			return nil, err
		}
		touchpoints = append(touchpoints, page...)
	}
	return touchpoints, nil
}

// Commit writes the aggregate if the stored one is the version before it, or absent for version 1; else fault.Conflict.
func (t *Table) Commit(ctx context.Context, workspace string, id event.Identifier, a profile.Aggregate) error {
	i, err := t.packed(address{partitionOf(workspace, id), "P"}, a)
	if err != nil {
		return fmt.Errorf("encode profile: %w", err)
	}
	i["v"] = number(a.Version)
	return translate("write profile", t.put(ctx, i, after(a.Version)))
}
