package person

import (
	"slices"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// Days collects the days that must be computed anew, and for whom. It is safe for concurrent use.
type Days struct {
	calendar period.Calendar
	mu       sync.Mutex
	byKey    map[string]map[event.Identifier]bool
}

// NewDays has no days yet. The calendar is that of the workspace.
func NewDays(calendar period.Calendar) *Days {
	return &Days{calendar: calendar, byKey: map[string]map[event.Identifier]bool{}}
}

// At marks the day of an instant.
func (d *Days) At(at event.Millis, id event.Identifier) {
	key := d.calendar.At(period.Day, at.Time()).Key
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byKey[key] == nil {
		d.byKey[key] = map[event.Identifier]bool{}
	}
	d.byKey[key][id] = true
}

// About marks the day of an instant and the one to which the order of the device may have moved it, a little later.
func (d *Days) About(at event.Millis, id event.Identifier) {
	d.At(at, id)
	d.At(at.Add(event.SkewTolerance), id)
}

// Marks gives one mark a day, in order.
func (d *Days) Marks() []kpi.Mark {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]kpi.Mark, 0, len(d.byKey))
	for _, key := range sortedKeys(d.byKey) {
		out = append(out, kpi.Mark{Grain: period.Day, Key: key, Identifiers: sortedKeys(d.byKey[key])})
	}
	return out
}

func sortedKeys[K ~string, V any](set map[K]V) []K {
	out := make([]K, 0, len(set))
	for key := range set {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
