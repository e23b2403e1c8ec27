package process

import (
	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
	"waymark/shared/person"
)

// marks collects the days that must be computed anew, and for whom.
type marks struct{ *person.Days }

func newMarks(t tenant) *marks { return &marks{person.NewDays(t.calendar)} }

// touch marks the day on which a touchpoint counts. Where the clock was corrected, the order of the device may move it on a little, and it may
// move others of the same clock on, away from the day that they were counted on. A bot's counts nowhere; whatever it takes the place of is marked as
// the repeat that it is.
func (m *marks) touch(t event.Touchpoint, id event.Identifier) {
	if t.IsBot() {
		return
	}
	m.At(t.Corrected, id)
	if t.Skewed {
		m.At(t.Corrected.Add(event.SkewTolerance), id)
		m.At(t.Corrected.Add(-event.SkewTolerance), id)
	}
}

// claims marks the days of all claims to an order that has more than one.
func (m *marks) claims(claims profile.Claims) {
	if len(claims) < 2 {
		return
	}
	for _, c := range claims {
		m.About(c.Corrected, c.Identifier)
	}
}
