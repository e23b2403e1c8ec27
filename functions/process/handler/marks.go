package handler

import (
	"slices"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
)

// marks collects the days that must be computed anew, and for whom.
type marks struct {
	mu     sync.Mutex
	tenant tenant
	days   map[string]map[event.Identifier]bool
}

func newMarks(t tenant) *marks {
	return &marks{tenant: t, days: map[string]map[event.Identifier]bool{}}
}

// touch marks the day on which a touchpoint counts. Where the clock was corrected, the order of the device may move it on a little, and it may
// move others of the same clock on, away from the day that they were counted on. A bot's counts nowhere; whatever it takes the place of is marked as
// the repeat that it is.
func (m *marks) touch(t event.Touchpoint, id event.Identifier) {
	if t.IsBot() {
		return
	}
	m.at(t.Corrected, id)
	if t.Skewed {
		m.at(t.Corrected.Add(event.SkewTolerance), id)
		m.at(t.Corrected.Add(-event.SkewTolerance), id)
	}
}

// claims marks the days of all claims to an order that has more than one.
func (m *marks) claims(claims profile.Claims) {
	if len(claims) < 2 {
		return
	}
	for _, c := range claims {
		m.at(c.Corrected, c.Identifier)
		m.at(c.Corrected.Add(event.SkewTolerance), c.Identifier)
	}
}

func (m *marks) at(at event.Millis, id event.Identifier) {
	day := m.tenant.calendar.At(period.Day, at.Time()).Key
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.days[day] == nil {
		m.days[day] = map[event.Identifier]bool{}
	}
	m.days[day][id] = true
}

// list gives one mark a day.
func (m *marks) list() []kpi.Mark {
	out := make([]kpi.Mark, 0, len(m.days))
	for _, day := range sortedKeys(m.days) {
		ids := make([]event.Identifier, 0, len(m.days[day]))
		for id := range m.days[day] {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		out = append(out, kpi.Mark{Grain: period.Day, Key: day, Identifiers: ids})
	}
	return out
}
