package profile

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/event"
)

// Trait is one fact about a person with the event that said so.
type Trait struct {
	Value  json.RawMessage `json:"value"` // null when the event took the trait back
	At     event.Millis    `json:"at"`    // original time of the event
	Event  event.ID        `json:"event"`
	Source string          `json:"source"`
}

// Limits of the traits of one identifier.
const (
	MaxTraits     = 256  // the alphabetically first count
	maxTraitBytes = 1024 // of one value as JSON; longer ones are not kept
	maxTraitName  = 128
)

// Traits of one identifier by name. The latest (time, event id, source) wins, ties by bytes; so the result does not depend on the order of
// events.
type Traits map[string]Trait

// TraitsOf reads the traits of an identify event, or the group of a group event; a bot's say nothing.
func TraitsOf(e event.Event) Traits {
	values := e.Traits
	if e.Type == event.Group {
		values = map[string]any{"group": e.Group}
	}
	if e.Type != event.Identify && e.Type != event.Group || e.IsBot() {
		return nil
	}
	out := Traits{}
	for name, value := range values {
		text, err := json.Marshal(value)
		if err != nil || len(text) > maxTraitBytes || len(name) > maxTraitName || name == "" {
			continue
		}
		out[name] = Trait{Value: text, At: e.Original, Event: e.ID, Source: e.Source}
	}
	return out
}

// Join merges two sets of traits. It is commutative, associative and idempotent.
func (t Traits) Join(other Traits) Traits {
	out := make(Traits, len(t)+len(other))
	for name, trait := range t {
		out[name] = trait
	}
	for name, trait := range other {
		if mine, found := out[name]; !found || mine.before(trait) {
			out[name] = trait
		}
	}
	if len(out) <= MaxTraits {
		return out
	}
	names := make([]string, 0, len(out))
	for name := range out {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[MaxTraits:] {
		delete(out, name)
	}
	return out
}

// Standing are the traits without those that were taken back.
func (t Traits) Standing() Traits {
	out := maps.Clone(t)
	maps.DeleteFunc(out, func(_ string, trait Trait) bool { return string(trait.Value) == "null" })
	return out
}

// Equal says whether both hold the same traits from the same events.
func (t Traits) Equal(other Traits) bool {
	if len(t) != len(other) {
		return false
	}
	for name, trait := range t {
		theirs, found := other[name]
		if !found || trait.before(theirs) || theirs.before(trait) {
			return false
		}
	}
	return true
}

func (t Trait) before(other Trait) bool {
	if t.At != other.At {
		return t.At < other.At
	}
	if t.Event != other.Event {
		return t.Event < other.Event
	}
	if t.Source != other.Source {
		return t.Source < other.Source
	}
	return strings.Compare(string(t.Value), string(other.Value)) < 0
}
