package model

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
)

// Stages gives a built-in stage model by name, or by name and version as in default@1; a bare name is its newest version. A model is prepared
// when it is first asked for. Errors: fault.NotFound with code unknown_stage_model.
func Stages(name string) (*stage.Model, error) {
	for _, p := range slices.Backward(stagePresets()) {
		if name == p.name || name == p.id {
			return p.model()
		}
	}
	return nil, fault.Newf(fault.NotFound, "unknown_stage_model", "there is no stage model %q; use one of %s", name, strings.Join(StageNames(), ", "))
}

// StageNames lists the built-in stage models by name, the default first.
func StageNames() []string {
	var names []string
	for _, p := range stagePresets() {
		if !slices.Contains(names, p.name) {
			names = append(names, p.name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(presetRank(a), presetRank(b)) })
	return names
}

// presetRank puts the default before all others.
func presetRank(name string) string {
	if name == defaultStages {
		return ""
	}
	return name
}

const defaultStages = "default"

// stagePreset is one built-in stage model.
type stagePreset struct {
	name, id string // default and default@1
	model    func() (*stage.Model, error)
}

// stagePresets are the built-in models in the order of name and version.
var stagePresets = sync.OnceValue(func() []stagePreset {
	var presets []stagePreset
	for _, config := range stageConfigs() {
		presets = append(presets, stagePreset{
			name: config.Name, id: fmt.Sprintf("%s@%d", config.Name, config.Version),
			model: sync.OnceValues(func() (*stage.Model, error) { return stage.New(config) }),
		})
	}
	return presets
})
