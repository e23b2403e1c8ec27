package memory

import (
	"context"

	"waymark/shared/domain/event"
)

// Salt is dynamo.Table.Salt.
func (t *Table) Salt(_ context.Context, day, fresh string, _ event.Millis) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, found := t.salts[day]; !found {
		t.salts[day] = fresh
	}
	return t.salts[day], nil
}

// ForgetSalt is dynamo.Table.ForgetSalt.
func (t *Table) ForgetSalt(_ context.Context, day string, _ event.Millis) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.salts, day)
	return nil
}
