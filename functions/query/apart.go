package query

import (
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
)

// apart is a touchpoint in quarantine.
type apart struct {
	journey.Step
	quarantine string // id
}

// inQuarantine are the touchpoints under a person's identifiers that are in quarantine, which belong to no session or stage and count nowhere.
func inQuarantine(p life.Person, rules journey.Rules, w workspace.Workspace) ([]apart, error) {
	set, err := life.Quarantines(rules, w.Quarantines)
	if err != nil || set == nil {
		return nil, err
	}
	var out []apart
	for _, partition := range p.Partitions {
		var of []event.Touchpoint
		for i := range partition.Touchpoints {
			if t := &partition.Touchpoints[i]; t.Type.Touches() && set.Excludes(t, partition.ID) {
				of = append(of, *t)
			}
		}
		for _, t := range event.Distinct(of) {
			t.Bot = rules.Bot(t.Agent)
			out = append(out, apart{
				journey.Step{Touchpoint: t, Identifier: partition.ID, At: t.Corrected, Channel: rules.Channel(t), Session: journey.NoSession}, set.By(&t, partition.ID),
			})
		}
	}
	return out, nil
}

// withQuarantined gives steps with those in quarantine among them, in time order, and the quarantines by their places.
func withQuarantined(steps []journey.Step, p life.Person, rules journey.Rules, w workspace.Workspace) ([]journey.Step, map[place]string, error) {
	found, err := inQuarantine(p, rules, w)
	if err != nil {
		return nil, nil, fmt.Errorf("read quarantines: %w", err)
	}
	ids := map[place]string{}
	for _, a := range found {
		steps = append(steps, a.Step)
		ids[placeOf(a.Step)] = a.quarantine
	}
	return steps, ids, nil
}
