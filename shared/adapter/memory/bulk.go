package memory

import (
	"context"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
)

// PutPartitions is dynamo.Table.PutPartitions.
func (t *Table) PutPartitions(ctx context.Context, workspace string, partitions []profile.Partition) error {
	for _, p := range partitions {
		days := map[string][]event.Touchpoint{}
		for _, tp := range p.Touchpoints {
			days[tp.Original.Day()] = append(days[tp.Original.Day()], tp)
		}
		for _, day := range sortedKeys(days) {
			if err := t.PutPage(ctx, workspace, p.ID, days[day]); err != nil {
				return err
			}
		}
		for _, value := range []any{p.Aggregate, p.Traits} {
			if err := checkSize(value); err != nil {
				return err
			}
		}
		t.putPartition(workspace, p)
	}
	return nil
}

func (t *Table) putPartition(workspace string, p profile.Partition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.row(workspace, p.ID)
	if p.Aggregate.Version > 0 {
		r.aggregate = cloneAggregate(p.Aggregate)
	}
	if len(p.Traits) > 0 {
		r.traits = versioned[profile.Traits]{cloneTraits(p.Traits), 1}
	}
	for _, l := range p.Node.Parents {
		r.parents[l.Parent] = l
	}
	for _, l := range p.Node.Children {
		r.children[l.Child] = l
	}
	r.sorted = nil
}

// PutClaimsOf is dynamo.Table.PutClaimsOf.
func (t *Table) PutClaimsOf(_ context.Context, workspace string, claims map[string]profile.Claims) error {
	for _, key := range sortedKeys(claims) {
		if err := checkSize(claims[key]); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, c := range claims {
		t.space(workspace).claims[key] = versioned[profile.Claims]{slices.Clone(c), 1}
	}
	return nil
}

// TraitsOf is dynamo.Table.TraitsOf.
func (t *Table) TraitsOf(_ context.Context, workspace string, ids []event.Identifier) (map[event.Identifier]profile.Traits, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[event.Identifier]profile.Traits{}
	for _, id := range ids {
		if stored := t.row(workspace, id).traits; stored.version > 0 {
			out[id] = cloneTraits(stored.value)
		}
	}
	return out, nil
}

// DeletePartitions is dynamo.Table.DeletePartitions.
func (t *Table) DeletePartitions(_ context.Context, workspace string, ids []event.Identifier) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		delete(t.space(workspace).rows, id)
	}
	return nil
}

// DeleteClaims is dynamo.Table.DeleteClaims.
func (t *Table) DeleteClaims(_ context.Context, workspace string, keys []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		delete(t.space(workspace).claims, key)
	}
	return nil
}

// DeleteComputed is dynamo.Table.DeleteComputed.
func (t *Table) DeleteComputed(_ context.Context, workspace string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(workspace)
	s.marks, s.windows, s.rollups = map[string]kpi.Mark{}, map[period.Grain]map[string]kpi.Window{}, nil
	return nil
}
