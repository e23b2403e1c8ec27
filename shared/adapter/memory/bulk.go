package memory

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// DeletePartitions is dynamo.Table.DeletePartitions.
func (t *Table) DeletePartitions(_ context.Context, ns workspace.Namespace, ids []event.Identifier) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, id := range ids {
		delete(t.space(ns).rows, id)
	}
	return nil
}

// DeleteClaims is dynamo.Table.DeleteClaims.
func (t *Table) DeleteClaims(_ context.Context, ns workspace.Namespace, keys []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		delete(t.space(ns).claims, key)
	}
	return nil
}

// DeleteComputed is dynamo.Table.DeleteComputed.
func (t *Table) DeleteComputed(_ context.Context, ns workspace.Namespace) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(ns)
	s.batches, s.dues, s.state, s.listings = map[string]ledger.Batch{}, map[string]ledger.Due{}, ledger.State{}, map[string]ledger.Listing{}
	s.windows, s.restated = map[period.Grain]map[string]kpi.Window{}, map[string]report.Restatement{}
	for _, r := range s.rows {
		clear(r.cutsUp)
		clear(r.cutsDown)
	}
	return nil
}
