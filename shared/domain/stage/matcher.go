package stage

import (
	"errors"

	"waymark/shared/domain/event"
)

// Matcher is a When of its own, outside a model: what is asked of steps that others have made of touchpoints.
type Matcher struct{ matcher matcher }

// NewMatcher checks a When. where begins every fault. Faults: fault.Invalid with code bad_stage_model, joined.
func NewMatcher(where string, w When) (*Matcher, error) {
	k := checker{where: where}
	k.when("when", w)
	if len(k.faults) > 0 {
		return nil, errors.Join(k.faults...)
	}
	return &Matcher{newMatcher(w)}, nil
}

// Holds asks a step. Its properties are asked for only where all else holds. page is an address or a path.
func (m *Matcher) Holds(t event.Type, name, channel, page string, properties func() map[string]string) bool {
	if !m.matcher.nameHolds(t, name, channel) || !m.matcher.pageHolds(page) {
		return false
	}
	return len(m.matcher.properties) == 0 || m.matcher.propertiesHold(properties())
}
