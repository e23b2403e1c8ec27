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
	loaded := Loaded{roots: map[event.Identifier]event.Identifier{}, persons: map[event.Identifier]Person{}}
	read := &reading{store: store, partitions: map[event.Identifier]profile.Partition{}}
	forest, open := identity.NewForest(""), ids
	answer := func() {
		asked := open
		open = nil
		for _, id := range asked {
			found, known := forest.Of(id)
			if !known {
				open = append(open, id)
				continue
			}
			loaded.roots[id], loaded.roots[found.Root] = found.Root, found.Root
			loaded.persons[found.Root] = Person{Person: found}
		}
	}
	if err := Walk(ctx, read, ws, forest, answer); err != nil {
		return Loaded{}, err
	}
	for root, p := range loaded.persons {
		for _, member := range p.IDs() {
			p.Partitions = append(p.Partitions, read.partitions[member])
			loaded.roots[member] = root
		}
		loaded.persons[root] = p
	}
	return loaded, loaded.claim(ctx, store, ws)
}

// reading keeps the partitions whose nodes a forest asked for.
type reading struct {
	store      Store
	partitions map[event.Identifier]profile.Partition
}

// Nodes reads whole partitions.
func (r *reading) Nodes(ctx context.Context, ws string, ids []event.Identifier) ([]identity.Node, error) {
	partitions, err := r.store.Partitions(ctx, ws, ids)
	if err != nil {
		return nil, fmt.Errorf("read partitions: %w", err)
	}
	nodes := make([]identity.Node, len(ids))
	for i, p := range partitions {
		p.ID, p.Node.ID = ids[i], ids[i]
		r.partitions[ids[i]], nodes[i] = p, p.Node
	}
	return nodes, nil
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
