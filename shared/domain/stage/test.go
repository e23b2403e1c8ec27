package stage

import (
	"errors"

	"waymark/shared/domain/event"
)

// Test asks single touchpoints what a rule's When asks. The zero Test holds for every touchpoint.
type Test struct{ matcher matcher }

// NewTest checks a When. Errors: fault.Invalid with code bad_stage_model, all faults joined.
func NewTest(w When) (Test, error) {
	k := checker{}
	k.when("when", w)
	return Test{newMatcher(w)}, errors.Join(k.faults...)
}

// Holds says whether a touchpoint of a channel is as the When asks.
func (t *Test) Holds(touchpoint *event.Touchpoint, channel string) bool {
	return t.matcher.holds(touchpoint, channel)
}
