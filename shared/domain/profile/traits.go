package profile

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// Trait is one fact about a person with the event that said so.
type Trait struct {
	Value json.RawMessage // null when the event took the trait back
	identity.Evidence
}

// Limits of traits.
const (
	MaxTraits     = 256  // of one person; those that were first said by the best grade count
	maxTraitBytes = 1024 // of one value as JSON; longer ones are not kept
	maxTraitName  = 128
)

// Traits of a person by name.
type Traits map[string]Trait

// Said are the traits that an identify event says, or the group of a group event, as pages keep them.
func Said(e event.Event) map[string]json.RawMessage {
	values := e.Traits
	if e.Type == event.Group {
		values = map[string]any{"group": e.Group}
	}
	if e.Type != event.Identify && e.Type != event.Group {
		return nil
	}
	out := map[string]json.RawMessage{}
	for name, value := range values {
		text, err := json.Marshal(value)
		if err != nil || len(text) > maxTraitBytes || len(name) > maxTraitName || name == "" {
			continue
		}
		out[name] = text
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// TraitsOf works out the traits of a person of all that was ever said of them, without copies of events; a bot says nothing. The best grade wins, so
// that what a server has set only a server changes, and of one grade the latest evidence; of the traits that latest names, the latest evidence of any
// grade. Ties go by event, source and bytes, so the result does not depend on the order of events.
func TraitsOf(distinct []event.Touchpoint, latest func(name string) bool) Traits {
	all, first := Traits{}, map[string]identity.Evidence{}
	for i := range distinct {
		t := &distinct[i]
		if t.IsBot() {
			continue
		}
		by := identity.EvidenceOf(t)
		for name, value := range t.Traits {
			said := Trait{value, by}
			if stands, found := all[name]; !found || stands.yieldsTo(said, latest(name)) {
				all[name] = said
			}
			if earliest, found := first[name]; !found || by.Before(earliest) {
				first[name] = by
			}
		}
	}
	if len(all) <= MaxTraits {
		return all
	}
	names := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(compareEvidence(first[a], first[b]), cmp.Compare(a, b))
	})
	for _, name := range names[MaxTraits:] {
		delete(all, name)
	}
	return all
}

// yieldsTo says whether another word on a trait counts instead of this one.
func (t Trait) yieldsTo(other Trait, isLatest bool) bool {
	a, b := t.Evidence, other.Evidence
	if isLatest {
		a.Grade, b.Grade = event.Public, event.Public
	}
	if a.Grade != b.Grade {
		return a.Grade < b.Grade
	}
	return cmp.Or(compareEvidence(a, b), cmp.Compare(t.Grade, other.Grade), cmp.Compare(string(t.Value), string(other.Value))) < 0
}

func compareEvidence(a, b identity.Evidence) int {
	switch {
	case a.Before(b):
		return -1
	case b.Before(a):
		return 1
	}
	return 0
}

// Standing are the traits without those that were taken back.
func (t Traits) Standing() Traits {
	out := maps.Clone(t)
	maps.DeleteFunc(out, func(_ string, trait Trait) bool { return string(trait.Value) == "null" })
	return out
}
