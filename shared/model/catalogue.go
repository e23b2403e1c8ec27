package model

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.yaml.in/yaml/v3"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/stage"
)

//go:embed catalogue.yaml
var catalogueYAML []byte

// TouchpointKind is one kind of touchpoint that the source documents name.
type TouchpointKind struct {
	Row    string // the row of the list of kinds, A2.1 to A2.40
	ID     string
	Title  string
	Keep   []string // properties that a stored touchpoint keeps
	Events []TouchpointEvent
}

// TouchpointEvent is one way in which a kind comes.
type TouchpointEvent struct {
	Type       event.Type
	Name       string       // of a page or screen "" is any without a name of its own
	Channel    channel.Name // where it happens when nothing else says so; "" = not known
	Stage      stage.Name   // in the default model, of a person whose first touchpoint this is; "" = no stage
	AfterOrder stage.Name   // in the default model, of a person whose only touchpoint before was an order
}

// Catalogue lists the kinds of touchpoint in the order of their rows. It panics if the built-in file is broken, which a test rules out.
func Catalogue() []TouchpointKind {
	kinds := slices.Clone(catalogue())
	for i := range kinds {
		kinds[i].Keep, kinds[i].Events = slices.Clone(kinds[i].Keep), slices.Clone(kinds[i].Events)
	}
	return kinds
}

// Properties are the properties that stored touchpoints keep: those of the catalogue and those that built-in stage rules read. Everything else
// that a client sends is dropped, so that no personal data is kept by accident. It panics if a built-in file is broken, which a test rules out.
func Properties() map[string]bool { return maps.Clone(keptProperties()) }

// TrackNames are the names of track events that the catalogue knows. It panics if the built-in file is broken, which a test rules out.
func TrackNames() map[string]bool {
	names := map[string]bool{}
	for _, k := range catalogue() {
		for _, e := range k.Events {
			if e.Type == event.Track {
				names[e.Name] = true
			}
		}
	}
	return names
}

var keptProperties = sync.OnceValue(func() map[string]bool {
	kept := map[string]bool{}
	for _, k := range catalogue() {
		for _, name := range k.Keep {
			kept[name] = true
		}
	}
	presets, err := stagePresets()
	if err != nil {
		panic("model: " + err.Error())
	}
	for _, p := range presets {
		for _, name := range p.model.Properties() {
			kept[name] = true
		}
	}
	return kept
})

var catalogue = sync.OnceValue(func() []TouchpointKind {
	kinds, err := readCatalogue(catalogueYAML)
	if err != nil {
		panic("model: read catalogue.yaml: " + err.Error())
	}
	return kinds
})

// The shape of catalogue.yaml; its head says what the fields mean.
type (
	catalogueFile struct {
		Version int             `yaml:"version"`
		Kinds   []catalogueKind `yaml:"kinds"`
	}
	catalogueKind struct {
		Row     string           `yaml:"row"`
		ID      string           `yaml:"id"`
		Title   string           `yaml:"title"`
		Channel channel.Name     `yaml:"channel"`
		Keep    []string         `yaml:"keep"`
		Events  []catalogueEvent `yaml:"events"`
	}
	catalogueEvent struct {
		Type       event.Type   `yaml:"type"`
		Name       string       `yaml:"name"`
		Channel    channel.Name `yaml:"channel"`
		Stage      stage.Name   `yaml:"stage"`
		AfterOrder stage.Name   `yaml:"after_order"`
	}
)

// noStage is how the catalogue writes that an event enters no stage, so that a forgotten stage is a fault.
const noStage = "none"

func readCatalogue(text []byte) ([]TouchpointKind, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	var file catalogueFile
	if err := decoder.Decode(&file); err != nil {
		return nil, err
	}
	type call struct {
		typ  event.Type
		name string
	}
	owners := map[call]string{}
	var kinds []TouchpointKind
	var faults []error
	for _, k := range file.Kinds {
		if len(k.Events) == 0 {
			faults = append(faults, fmt.Errorf("kind %s has no events", k.Row))
		}
		kind := TouchpointKind{Row: k.Row, ID: k.ID, Title: k.Title, Keep: k.Keep}
		for _, e := range k.Events {
			made, err := e.event(k.Channel)
			if err != nil {
				faults = append(faults, fmt.Errorf("kind %s, event %q: %w", k.Row, e.Name, err))
				continue
			}
			if owner, taken := owners[call{made.Type, made.Name}]; taken {
				faults = append(faults, fmt.Errorf("kind %s, event %q: kind %s has it already", k.Row, e.Name, owner))
			}
			owners[call{made.Type, made.Name}] = k.Row
			kind.Events = append(kind.Events, made)
		}
		kinds = append(kinds, kind)
	}
	return kinds, errors.Join(faults...)
}

// event fills in what the catalogue leaves out: the type, the kind's channel, and where a customer is after it.
func (e catalogueEvent) event(kindChannel channel.Name) (TouchpointEvent, error) {
	made := TouchpointEvent(e)
	if made.Type == "" {
		made.Type = event.Track
	}
	if made.Channel == "" {
		made.Channel = kindChannel
	}
	if !made.Type.Touches() || made.Type == event.Track && made.Name == "" {
		return made, errors.New("it must be a named track call, a page or a screen")
	}
	if made.Stage == "" {
		return made, fmt.Errorf("it has no stage; write %s if it enters none", noStage)
	}
	if made.AfterOrder == "" {
		made.AfterOrder = made.Stage
		if made.Stage == noStage || made.Stage == newcomerStage {
			made.AfterOrder = orderStage
		}
	}
	if made.Stage == noStage {
		made.Stage = ""
	}
	return made, nil
}

// Stages of the default model that the catalogue's short form knows: the one that only newcomers enter, and the one that an order enters.
const (
	newcomerStage = "awareness"
	orderStage    = "purchase"
)
