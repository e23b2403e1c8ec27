package model

import (
	"fmt"
	"sync"

	"waymark/shared/domain/country"
	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kind"
	"waymark/shared/domain/page"
)

// shared are the tables of all rules, which only read them.
var shared = struct {
	passive func() journey.Passive
	kinds   func() kind.Catalogue
}{sync.OnceValue(passiveEvents), sync.OnceValue(kinds)}

// Rules gives what persons are folded under: a built-in stage model by name, with the channel and bot rules of this release. Errors: those of
// Stages; anything else means that a built-in file is broken.
func Rules(stageModel string) (journey.Rules, error) {
	stages, err := Stages(stageModel)
	if err != nil {
		return journey.Rules{}, err
	}
	channels, err := Channels()
	if err != nil {
		return journey.Rules{}, err
	}
	bots, err := Bots()
	if err != nil {
		return journey.Rules{}, err
	}
	passive, agents, kinds := shared.passive(), Agents(), shared.kinds()
	return journey.Rules{
		Model: stages, Channel: func(t event.Touchpoint) string { return string(channels.Own(t)) }, Bot: bots.Of, Passive: passive,
		Agent: agents.Of, Referrer: channels.Outside, Usual: kinds.UsualChannel,
		ID: fmt.Sprintf("%s channels@%s bots@%d catalogue@%d countries@%d agents@%d pages@%d",
			stages.ID(), channels.Version, bots.Version(), passive.Version, country.Version, agents.Version(), page.Version),
	}, nil
}
