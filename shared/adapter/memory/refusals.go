package memory

import (
	"context"
	"time"

	"waymark/shared/domain/event"
)

const keepRefusals = 90 * 24 * time.Hour

// PutRefusal is dynamo.Table.PutRefusal.
func (t *Table) PutRefusal(_ context.Context, workspace string, r event.Refusal) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, day := t.tenant(workspace), r.Received.Day()
	if s.refused[day] == nil {
		s.refused[day] = map[string]event.Refusal{}
	}
	s.refused[day][r.Request] = r
	return nil
}

// Refusals is dynamo.Table.Refusals.
func (t *Table) Refusals(_ context.Context, workspace, day string) ([]event.Refusal, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored := t.tenant(workspace).refused[day]
	var out []event.Refusal
	for _, request := range sortedKeys(stored) {
		if r := stored[request]; r.Received.Add(keepRefusals).Time().Unix() > t.Now().Unix() {
			out = append(out, r)
		}
	}
	return out, nil
}
