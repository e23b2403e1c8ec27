package life

import (
	"fmt"
	"slices"
	"strings"

	"waymark/shared/domain/journey"
	"waymark/shared/domain/quarantine"
	"waymark/shared/domain/workspace"
)

// Rules are those that persons of a workspace are folded under: of gives those of its stage model, and its settings say the rest. Errors are those
// of of, and bad_quarantine where a quarantine cannot be read.
func Rules(of func(model string) (journey.Rules, error), w workspace.Workspace) (journey.Rules, error) {
	rules, err := of(w.Model)
	if err != nil {
		return journey.Rules{}, err
	}
	if rules.OfServers = w.Orders == workspace.FromServers; rules.OfServers {
		rules.ID += " orders@server"
	}
	if len(w.Latest) > 0 {
		rules.Latest = func(trait string) bool { return slices.Contains(w.Latest, trait) }
	}
	set, err := Quarantines(rules, w.Quarantines)
	if err != nil {
		return journey.Rules{}, fmt.Errorf("read quarantines: %w", err)
	}
	if set != nil {
		rules.Excludes, rules.Suspects = set.Excludes, set.Suspects
		rules.ID += ofQuarantines + set.ID()
	}
	return rules, nil
}

const ofQuarantines = " quarantine@"

// Quarantines are those of a list that are active, as events are asked for them. Error: fault.Invalid bad_quarantine.
func Quarantines(rules journey.Rules, list []workspace.Quarantine) (*quarantine.Set, error) {
	return quarantine.New(list, func(agent string) string {
		if rules.Bot(agent) != "" {
			return "bot"
		}
		return rules.Agent(agent).Device
	})
}

// IsOf says whether a list of quarantines is that of rules by their ID, which may go on with what else numbers depend on.
func IsOf(rulesID string, list []workspace.Quarantine) bool {
	set, err := quarantine.New(list, nil)
	_, rest, _ := strings.Cut(rulesID, ofQuarantines)
	id, _, _ := strings.Cut(rest, " ")
	return err == nil && id == set.ID()
}
