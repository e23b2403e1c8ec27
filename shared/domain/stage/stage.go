// Package stage works out where in the customer journey a person is, and was, from the person's touchpoints and a stage model.
//
// A model is data: stages in order, rules that say which touchpoints point to which stage, a policy for steps back, and changes that come
// with time alone (so long in a stage, so long without a touchpoint). Walk is a pure fold: the same touches under the same model give the
// same history, so a history is never stored as truth and can be made again under another model. The package reads no clock and no file,
// and does not decide who a person is, which order is new or which channel a touchpoint has: that comes with each Touch.
//
//	h := m.Walk(touches, event.At(now))
//	visit, any := h.Current()
package stage

import (
	"sort"

	"waymark/shared/domain/event"
)

// Name is the name of a stage, such as awareness. "" is the time before any stage.
type Name string

// Touch is one step of a person's timeline.
type Touch struct {
	At         event.Millis // the time that counts: the corrected one
	Touchpoint event.Touchpoint
	Channel    string // the channel assigned: its own or its session's
	NewOrder   bool   // an order whose id this person had not completed before
}

// repeatsOrder says whether the touch tells of an order that was known already. Such a touch is evidence of nothing.
func (t *Touch) repeatsOrder() bool {
	return t.Touchpoint.Order != nil && t.Touchpoint.Order.Kind == event.Completed && !t.NewOrder
}

// Cause is why a stage was entered. Changes that came with time alone have a rule and no event.
type Cause struct {
	Event  event.ID `json:"event,omitempty"`
	Source string   `json:"source,omitempty"`
	Rule   string   `json:"rule"`
}

// ReturnRule is the rule named as cause when a touchpoint that points to no stage ends a lapse.
const ReturnRule = "return"

// Visit is one stay in a stage. A visit may last no time at all: a touchpoint at the very moment of a lapse comes after it.
type Visit struct {
	Stage   Name         `json:"stage"`
	Entered event.Millis `json:"entered"`
	Left    event.Millis `json:"left,omitempty"` // 0 = still there
	Cause   Cause        `json:"cause"`
}

// History is what became of a list of touches.
type History struct {
	Visits []Visit      // every visit, in time order; two in a row are never to the same stage
	After  []Name       // the stage after each touch, one for each touch
	Next   event.Millis // the next moment at which the stage would change if no touch came; 0 = never
}

// Current is the visit that has not ended; false when no stage was ever entered.
func (h History) Current() (Visit, bool) {
	if len(h.Visits) == 0 {
		return Visit{}, false
	}
	return h.Visits[len(h.Visits)-1], true
}

// At is the stage at the instant just before t, so that the end of one window belongs to it and not to the next: a change at exactly t is
// not yet made. It is right up to the `until` of the walk that made the history, not beyond.
func (h History) At(t event.Millis) Name {
	entered := sort.Search(len(h.Visits), func(i int) bool { return h.Visits[i].Entered >= t })
	if entered == 0 {
		return ""
	}
	return h.Visits[entered-1].Stage
}
