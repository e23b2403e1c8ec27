package paths

import (
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/condition"
	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/step"
)

// target is a step that paths begin or stop at.
type target struct {
	funnel.Step
	when     condition.Condition
	isAsking bool // when is
	columns  step.Columns
	// isNode says that it asks for values of the node and for nothing else, so that a path shows it by its node.
	isNode bool
}

// target reads a step as funnels do; nil where none is named. Fault: Invalid at the parameter.
func (s *settings) target(parameter string) (*target, error) {
	text := s.Text(parameter)
	if text == "" {
		return nil, nil
	}
	t := &target{}
	var err error
	if t.Step, err = funnel.ParseStep(text); err != nil {
		return nil, analysis.Bad(parameter, "%v", err)
	}
	if t.Optional {
		return nil, analysis.Bad(parameter, "%s cannot be optional; leave the ? at its end out", parameter)
	}
	f, err := funnel.New(funnel.Config{Steps: []funnel.Step{t.Step}})
	if err != nil {
		return nil, analysis.Bad(parameter, "%v", err)
	}
	t.columns = f.Columns()
	if t.when, err = condition.New(parameter, t.When); err != nil {
		return nil, err
	}
	t.isAsking = !t.when.IsZero()
	t.isNode = len(t.Values) == 1 && t.Values[0].By == s.node && !t.isAsking && !t.Order &&
		t.View == (s.kind == funnel.Pages) && t.Enters == (s.kind == funnel.Stages)
	return t, nil
}

// holds says whether a step of a life is the target, as a funnel would.
func (t *target) holds(r *step.Row) bool {
	switch {
	case !r.IsTouchpoint() && !t.Enters, t.Enters && !r.EntersStage(), t.View && !r.IsPageView(),
		t.Order && (r.Order == nil || r.Order.Kind != event.Completed):
		return false
	}
	for _, v := range t.Values {
		said := v.By.Of(r)
		if !slices.Contains(v.Exact, said) && !slices.ContainsFunc(v.Begin, func(begin string) bool { return strings.HasPrefix(said, begin) }) {
			return false
		}
	}
	return !t.isAsking || t.when.Holds(r)
}
