package life

import (
	"fmt"
	"slices"

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
	set, err := quarantine.New(w.Quarantines, func(agent string) string {
		if rules.Bot(agent) != "" {
			return "bot"
		}
		return rules.Agent(agent).Device
	})
	if err != nil {
		return journey.Rules{}, fmt.Errorf("read quarantines: %w", err)
	}
	if set != nil {
		rules.Excludes, rules.Suspects = set.Excludes, set.Suspects
		rules.ID += " quarantine@" + set.ID()
	}
	return rules, nil
}
