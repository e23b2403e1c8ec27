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
	byKey    map[string]map[event.Identifier]bool // whether a link may have moved them
	parted   map[event.Identifier]bool
}

// NewDays has no days yet. The calendar is that of the workspace.
func NewDays(calendar period.Calendar) *Days {
	return &Days{calendar: calendar, byKey: map[string]map[event.Identifier]bool{}, parted: map[event.Identifier]bool{}}
}

// At marks the day of an instant.
func (d *Days) At(at event.Millis, id event.Identifier) { d.put(at, id, false) }

func (d *Days) put(at event.Millis, id event.Identifier, moved bool) {
	key := d.calendar.At(period.Day, at.Time()).Key
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byKey[key] == nil {
		d.byKey[key] = map[event.Identifier]bool{}
	}
	d.byKey[key][id] = d.byKey[key][id] || moved
}

// About marks the day of an instant and the one to which the order of the device may have moved it, a little later.
func (d *Days) About(at event.Millis, id event.Identifier) {
	d.At(at, id)
	d.At(at.Add(event.SkewTolerance), id)
}

// Parted marks every day of persons whom a link or a cut may have parted, or who lost one of theirs to another.
func (d *Days) Parted(ids ...event.Identifier) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, id := range ids {
		d.parted[id] = true
	}
}

// Moved is About for the persons on both sides of a link that joined them: from this day on each may have changed.
func (d *Days) Moved(at event.Millis, ids ...event.Identifier) {
	for _, id := range ids {
		d.put(at, id, true)
		d.put(at.Add(event.SkewTolerance), id, true)
	}
}

// Marks gives one mark a day, in order, and one more of whom links may have moved; before them one of the persons who were parted.
func (d *Days) Marks() []kpi.Mark {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]kpi.Mark, 0, len(d.byKey))
	if len(d.parted) > 0 {
		out = append(out, kpi.Mark{Grain: period.Day, Identifiers: sortedKeys(d.parted)})
	}
	for _, key := range sortedKeys(d.byKey) {
		for _, moved := range []bool{false, true} {
			m := kpi.Mark{Grain: period.Day, Key: key, Moved: moved}
			for _, id := range sortedKeys(d.byKey[key]) {
				if d.byKey[key][id] == moved {
					m.Identifiers = append(m.Identifiers, id)
				}
			}
			if len(m.Identifiers) > 0 {
				out = append(out, m)
			}
		}
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
