package memory

import (
	"context"
	"time"

	"waymark/shared/domain/fault"
)

// Spend is dynamo.Table.Spend.
func (t *Table) Spend(_ context.Context, workspace, source, day string, events int64) (int64, error) {
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return 0, fault.Newf(fault.Invalid, "bad_day", "%q is no day", day)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	spent := t.tenant(workspace).spent
	spent[day+"#"+source] += events
	return spent[day+"#"+source], nil
}
