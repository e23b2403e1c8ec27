package life

import (
	"slices"

	"waymark/shared/domain/journey"
	"waymark/shared/domain/workspace"
)

// Rules are those that persons of a workspace are folded under: of gives those of its stage model, and its settings say the rest. Errors are those
// of of.
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
	return rules, nil
}
