package memory

import (
	"context"
	"fmt"
	"slices"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// PutRestated is dynamo.Table.PutRestated. Handles count up, so that runs can be repeated.
func (t *Table) PutRestated(_ context.Context, ns workspace.Namespace, notes []report.Restatement) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range notes {
		t.handles++
		n.Handle = fmt.Sprintf("%s#%s#%012d", n.Grain, n.Key, t.handles)
		t.space(ns).restated[n.Handle] = cloneRestatement(n)
	}
	return nil
}

func cloneRestatement(n report.Restatement) report.Restatement {
	n.Changes = slices.Clone(n.Changes)
	return n
}

// Restated is dynamo.Table.Restated.
func (t *Table) Restated(_ context.Context, ns workspace.Namespace, g period.Grain) ([]report.Restatement, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(ns)
	var notes []report.Restatement
	for _, handle := range sortedKeys(s.restated) {
		if n := s.restated[handle]; n.Grain == g {
			notes = append(notes, cloneRestatement(n))
		}
	}
	return notes, nil
}

// DeleteRestated is dynamo.Table.DeleteRestated.
func (t *Table) DeleteRestated(_ context.Context, ns workspace.Namespace, handles []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, handle := range handles {
		delete(t.space(ns).restated, handle)
	}
	return nil
}

// ExportClaim is dynamo.Table.ExportClaim.
func (t *Table) ExportClaim(_ context.Context, workspace, export string) (report.Claim, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tenant(workspace).exports[export], nil
}

// PutExportClaim is dynamo.Table.PutExportClaim.
func (t *Table) PutExportClaim(_ context.Context, workspace, export string, c report.Claim) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tenant(workspace)
	if newest := s.exports[export].Revision; newest >= c.Revision {
		return fault.Newf(fault.Conflict, "conflict", "revision %d is claimed, not a lower one than %d: another export was first, read it again", newest, c.Revision)
	}
	s.exports[export] = c
	return nil
}
