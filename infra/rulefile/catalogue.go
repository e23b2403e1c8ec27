package rulefile

import (
	"errors"
	"fmt"
	"io/fs"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/stage"
)

// Kind is one kind of touchpoint that the source documents name.
type Kind struct {
	Row     string // the row of the list of kinds, A2.1 to A2.40, and A9.1
	ID      string
	Title   string
	Keep    []string          // properties that a stored touchpoint keeps
	Words   bool              // and its text, which people wrote
	Fields  map[string]string // properties that the kind has, by name: their sort
	Events  []KindEvent
	Version int // of its JSON Schema
}

// KindEvent is one way in which a kind comes.
type KindEvent struct {
	Type       event.Type
	Name       string       // of a page or screen "" is any without a name of its own
	Channel    channel.Name // where it happens when nothing else says so; "" = not known
	Stage      stage.Name   // in the default model, of a person whose first touchpoint this is; "" = no stage
	AfterOrder stage.Name   // in the default model, of a person whose only touchpoint before was an order
	Passive    Passive      // whether nobody does it
	Needs      []string     // properties that it must have; of "a|b" one
}

// Passive says whether nobody does what an event tells of.
type Passive string

// The values; "" is of what persons do.
const (
	Always  Passive = "always"
	Machine Passive = "machine" // when the event has an agent or a property of machines
)

// The shape of catalogue.yaml; its head says what the fields mean.
type (
	catalogueFile struct {
		Version  int `yaml:"version"`
		Machines struct {
			Agents     []string `yaml:"agents"`
			Properties []string `yaml:"properties"`
		} `yaml:"machines"`
		Kinds []catalogueKind `yaml:"kinds"`
	}
	catalogueKind struct {
		Row     string            `yaml:"row"`
		ID      string            `yaml:"id"`
		Title   string            `yaml:"title"`
		Channel channel.Name      `yaml:"channel"`
		Keep    []string          `yaml:"keep"`
		Words   bool              `yaml:"words"`
		Fields  map[string]string `yaml:"fields"`
		Needs   []string          `yaml:"needs"`
		Version int               `yaml:"version"`
		Events  []catalogueEvent  `yaml:"events"`
	}
	catalogueEvent struct {
		Type       event.Type   `yaml:"type"`
		Name       string       `yaml:"name"`
		Channel    channel.Name `yaml:"channel"`
		Stage      stage.Name   `yaml:"stage"`
		AfterOrder stage.Name   `yaml:"after_order"`
		Passive    Passive      `yaml:"passive"`
		Needs      []string     `yaml:"needs"`
	}
)

// noStage is how the catalogue writes that an event enters no stage, so that a forgotten stage is a fault.
const noStage = "none"

// Catalogue reads and checks the kinds of touchpoint, catalogue.yaml, in the order of their rows. The error names every fault of the file.
func Catalogue(files fs.FS) ([]Kind, error) {
	var file catalogueFile
	if err := decodeFile(files, "catalogue.yaml", &file); err != nil {
		return nil, err
	}
	type call struct {
		typ  event.Type
		name string
	}
	owners := map[call]string{}
	var kinds []Kind
	var faults []error
	for _, k := range file.Kinds {
		if len(k.Events) == 0 {
			faults = append(faults, fmt.Errorf("read catalogue.yaml: kind %s has no events", k.Row))
		}
		kind := Kind{Row: k.Row, ID: k.ID, Title: k.Title, Keep: k.Keep, Words: k.Words, Fields: k.Fields, Version: max(k.Version, 1)}
		for _, e := range k.Events {
			made, err := e.event(k)
			if err != nil {
				faults = append(faults, fmt.Errorf("read catalogue.yaml: kind %s, event %q: %w", k.Row, e.Name, err))
				continue
			}
			if owner, taken := owners[call{made.Type, made.Name}]; taken {
				faults = append(faults, fmt.Errorf("read catalogue.yaml: kind %s, event %q: kind %s has it already", k.Row, e.Name, owner))
			}
			owners[call{made.Type, made.Name}] = k.Row
			kind.Events = append(kind.Events, made)
		}
		kinds = append(kinds, kind)
	}
	return kinds, errors.Join(faults...)
}

// PassiveEvents reads which events nobody does, catalogue.yaml.
func PassiveEvents(files fs.FS) (journey.Passive, error) {
	var file catalogueFile
	if err := decodeFile(files, "catalogue.yaml", &file); err != nil {
		return journey.Passive{}, err
	}
	p := journey.Passive{
		Version: file.Version, Names: map[string]bool{}, ByMachine: map[string]bool{}, Agents: file.Machines.Agents, Properties: file.Machines.Properties,
	}
	for _, k := range file.Kinds {
		for _, e := range k.Events {
			switch e.Passive {
			case Always:
				p.Names[e.Name] = true
			case Machine:
				p.ByMachine[e.Name] = true
			}
		}
	}
	return p, nil
}

// event fills in what the catalogue leaves out: the type, the kind's channel, and where a customer is after it.
func (e catalogueEvent) event(of catalogueKind) (KindEvent, error) {
	made := KindEvent(e)
	if made.Type == "" {
		made.Type = event.Track
	}
	if made.Channel == "" {
		made.Channel = of.Channel
	}
	if !made.Type.Touches() || made.Type == event.Track && made.Name == "" {
		return made, errors.New("it must be a named track call, a page or a screen")
	}
	if made.Passive != "" && (made.Passive != Always && made.Passive != Machine || made.Type != event.Track) {
		return made, fmt.Errorf("passive is %q; write %s or %s, of a track call", made.Passive, Always, Machine)
	}
	if made.Stage == "" {
		return made, fmt.Errorf("it has no stage; write %s if it enters none", noStage)
	}
	if made.Needs == nil {
		made.Needs = map[event.Type][]string{event.Track: of.Needs, event.Page: {"url"}, event.Screen: {"name"}}[made.Type]
	}
	if err := checkNeeds(made, of.Fields); err != nil {
		return made, err
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
