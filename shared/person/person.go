// Package person loads whole persons: every identifier of their tree with its touchpoints, and who claims their orders. It is the one place
// that walks the forest against a store; what follows from what it loads is decided in package journey.
//
//	loaded, err := person.Load(ctx, store, "demo", []event.Identifier{"anon:7f"})
//	j := loaded.Of("anon:7f").Journey(model, now)
package person

import (
	"context"
	"fmt"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
)

// Store reads consistently: what was written before the call is in the answer.
type Store interface {
	Partitions(ctx context.Context, ws string, ids []event.Identifier) ([]profile.Partition, error)
	Claims(ctx context.Context, ws string, keys []string) (map[string]profile.Claims, map[string]int64, error)
}

// Person is one person with everything that is stored of them.
type Person struct {
	identity.Person
	Partitions []profile.Partition // of the members, in their order
	claims     map[string]profile.Claims
}

// Journey folds the person's life up to an instant.
func (p Person) Journey(model *stage.Model, until event.Millis) journey.Journey {
	lines := make([]journey.Line, len(p.Partitions))
	for i, partition := range p.Partitions {
		lines[i] = journey.Line{Identifier: partition.ID, Touchpoints: partition.Touchpoints}
	}
	return journey.Fold(p.Root, lines, p.claims, model, until)
}

// Loaded is what Load found.
type Loaded struct {
	roots   map[event.Identifier]event.Identifier
	persons map[event.Identifier]Person
}

// Root is the person that an identifier belongs to: one that was asked for, or another of the same person. "" for all others.
func (l Loaded) Root(id event.Identifier) event.Identifier { return l.roots[id] }

// Of is the person of an identifier that was asked for, or of another of the same person.
func (l Loaded) Of(id event.Identifier) Person { return l.persons[l.roots[id]] }

// Roots lists the persons found, each once, sorted.
func (l Loaded) Roots() []event.Identifier {
	out := make([]event.Identifier, 0, len(l.persons))
	for root := range l.persons {
		out = append(out, root)
	}
	slices.Sort(out)
	return out
}

// Load finds the persons of the given identifiers. Each identifier is read once, however many persons' trees it is asked for in.
func Load(ctx context.Context, store Store, ws string, ids []event.Identifier) (Loaded, error) {
	read := map[event.Identifier]profile.Partition{}
	forests := make(map[event.Identifier]*identity.Forest, len(ids))
	open := make(map[event.Identifier]*identity.Forest, len(ids))
	for _, id := range ids {
		forests[id] = identity.NewForest(id)
		open[id] = forests[id]
	}
	for len(open) > 0 {
		if err := grow(ctx, store, ws, open, read); err != nil {
			return Loaded{}, err
		}
	}
	loaded := Loaded{roots: map[event.Identifier]event.Identifier{}, persons: map[event.Identifier]Person{}}
	for id, forest := range forests {
		found := forest.Person()
		loaded.roots[id], loaded.roots[found.Root] = found.Root, found.Root
		if _, known := loaded.persons[found.Root]; known {
			continue
		}
		p := Person{Person: found}
		for _, member := range found.IDs() {
			p.Partitions = append(p.Partitions, read[member])
			loaded.roots[member] = found.Root
		}
		loaded.persons[found.Root] = p
	}
	return loaded, loaded.claim(ctx, store, ws)
}

// grow loads what the open forests need next, and closes those that need nothing more.
func grow(ctx context.Context, store Store, ws string, open map[event.Identifier]*identity.Forest, read map[event.Identifier]profile.Partition) error {
	wanted := map[event.Identifier]bool{}
	for start, forest := range open {
		needs := forest.Needs()
		if len(needs) == 0 {
			delete(open, start)
		}
		for _, id := range needs {
			if p, found := read[id]; found {
				forest.Add(p.Node)
				continue
			}
			wanted[id] = true
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	missing := make([]event.Identifier, 0, len(wanted))
	for id := range wanted {
		missing = append(missing, id)
	}
	slices.Sort(missing)
	partitions, err := store.Partitions(ctx, ws, missing)
	if err != nil {
		return fmt.Errorf("read partitions: %w", err)
	}
	for i, p := range partitions {
		p.ID, p.Node.ID = missing[i], missing[i]
		read[missing[i]] = p
	}
	return nil
}

// claim loads who claims the orders of the persons found.
func (l Loaded) claim(ctx context.Context, store Store, ws string) error {
	wanted := map[string]bool{}
	for _, p := range l.persons {
		for _, partition := range p.Partitions {
			for _, t := range partition.Touchpoints {
				if t.Order != nil {
					wanted[profile.OrderKey(*t.Order)] = true
				}
			}
		}
	}
	keys := make([]string, 0, len(wanted))
	for key := range wanted {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	if len(keys) == 0 {
		return nil
	}
	claims, _, err := store.Claims(ctx, ws, keys)
	if err != nil {
		return fmt.Errorf("read order claims: %w", err)
	}
	for root, p := range l.persons {
		p.claims = claims
		l.persons[root] = p
	}
	return nil
}
