package model

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
)

//go:embed stages/*.yaml
var stageFiles embed.FS

// Stages gives a built-in stage model by name, or by name and version as in default@1; a bare name is its newest version. Errors: fault.NotFound
// with code unknown_stage_model; anything else means that the built-in files are broken.
func Stages(name string) (*stage.Model, error) {
	presets, err := stagePresets()
	if err != nil {
		return nil, err
	}
	for _, p := range slices.Backward(presets) {
		if p.model.ID() == name || p.name == name {
			return p.model, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "unknown_stage_model", "there is no stage model %q; use one of %s", name, strings.Join(StageNames(), ", "))
}

// StageNames lists the built-in stage models by name, the default first.
func StageNames() []string {
	presets, err := stagePresets()
	if err != nil {
		return nil
	}
	var names []string
	for _, p := range presets {
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
	name    string
	version int
	model   *stage.Model
}

// stagePresets reads the built-in models once, in the order of name and version.
var stagePresets = sync.OnceValues(func() ([]stagePreset, error) {
	paths, err := fs.Glob(stageFiles, "stages/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list stage models: %w", err)
	}
	var presets []stagePreset
	var faults []error
	for _, path := range paths {
		text, err := stageFiles.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		p, err := readStages(text)
		if err != nil {
			faults = append(faults, fmt.Errorf("read %s: %w", path, err))
			continue
		}
		presets = append(presets, p)
	}
	slices.SortFunc(presets, func(a, b stagePreset) int {
		if a.name != b.name {
			return strings.Compare(a.name, b.name)
		}
		return a.version - b.version
	})
	return presets, errors.Join(faults...)
})

// ParseStages reads a stage model from YAML, strictly: unknown and repeated keys are errors. All faults of the rules are reported at once,
// each with its line and rule. Errors: fault.Invalid with code bad_stage_model.
func ParseStages(text []byte) (*stage.Model, error) {
	p, err := readStages(text)
	return p.model, err
}

func readStages(text []byte) (stagePreset, error) {
	config, err := decodeStages(text)
	if err != nil {
		return stagePreset{}, err
	}
	m, err := stage.New(config)
	if err != nil {
		return stagePreset{}, err
	}
	return stagePreset{name: config.Name, version: config.Version, model: m}, nil
}
