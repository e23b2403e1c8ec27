package memory

import (
	"context"
	"fmt"
	"slices"

	"waymark/shared/domain/fate"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// PutFates is dynamo.Table.PutFates.
func (t *Table) PutFates(_ context.Context, workspace string, b fate.Batch) error {
	if _, err := ledger.InstantOf(b.Handle); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tenant(workspace).fates[b.Handle] = cloneFates(b)
	return nil
}

// Fates is dynamo.Table.Fates.
func (t *Table) Fates(_ context.Context, workspace, from string, limit int) (batches []fate.Batch, next string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range t.fates(workspace) {
		switch {
		case b.Handle < from:
		case len(batches) == limit:
			return batches, b.Handle, nil
		default:
			batches = append(batches, b)
		}
	}
	return batches, "", nil
}

// LatestFates is dynamo.Table.LatestFates.
func (t *Table) LatestFates(_ context.Context, workspace string, limit int) ([]fate.Batch, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.fates(workspace)
	slices.Reverse(all)
	return all[:min(limit, len(all))], nil
}

// fates are the batches that have not expired, the oldest first.
func (t *Table) fates(workspace string) []fate.Batch {
	stored := t.tenant(workspace).fates
	var out []fate.Batch
	for _, handle := range sortedKeys(stored) {
		at, err := ledger.InstantOf(handle)
		if err == nil && at.Add(fate.Keep).Time().Unix() > t.Now().Unix() {
			out = append(out, cloneFates(stored[handle]))
		}
	}
	return out
}

func cloneFates(b fate.Batch) fate.Batch {
	b.Events = cloneAll(b.Events, func(e fate.Event) fate.Event {
		e.Identifiers = slices.Clone(e.Identifiers)
		return e
	})
	return b
}

// Watch is dynamo.Table.Watch.
func (t *Table) Watch(_ context.Context, name string, w workspace.Watch) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, found := t.workspaces[name]
	if !found {
		return fault.New(fault.NotFound, "unknown_workspace", fmt.Sprintf("there is no workspace %q", name))
	}
	stored.Watch = w
	t.workspaces[name] = stored
	return nil
}
