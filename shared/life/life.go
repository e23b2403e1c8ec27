// Package life loads whole persons: every identifier of their tree with its touchpoints, and who claims their orders. It is the one place that
// walks the forest against a store; what follows from what it loads is decided in packages journey and step.
//
//	loaded, err := life.Load(ctx, store, "demo", caps, []event.Identifier{"anon:7f"})
//	j := loaded.Of("anon:7f").Journey(rules, now)
package life

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// Store reads consistently: what was written before the call is in the answer, in the order of ids.
type Store interface {
	Partitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Partition, error)
	Claims(ctx context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, error)
	Crowds
}

// Crowds reads what the others leave out where there is too much of it: all links of an identifier, in no order, those to its children with what they
// are known for, and all claims to an order.
type Crowds interface {
	AllLinks(ctx context.Context, ns workspace.Namespace, id event.Identifier) (identity.Node, error)
	AllClaims(ctx context.Context, ns workspace.Namespace, key string) (profile.Claims, error)
}

// Nodes reads links and cuts consistently, in the order of ids.
type Nodes interface {
	Nodes(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]identity.Node, error)
}

// Walk asks a forest, loads what it could not answer without, and asks again until nothing is missing.
func Walk(ctx context.Context, nodes Nodes, ns workspace.Namespace, f *identity.Forest, ask func()) error {
	for {
		ask()
		missing := f.Missing()
		if len(missing) == 0 {
			return nil
		}
		loaded, err := nodes.Nodes(ctx, ns, missing)
		if err != nil {
			return err
		}
		f.Add(loaded...)
	}
}

// Person is one person with everything that is stored of them.
type Person struct {
	identity.Person
	Partitions []ledger.Partition // of the members, in their order
	claims     map[string]profile.Claims
}

// Journey folds the person's life up to an instant.
func (p Person) Journey(rules journey.Rules, until event.Millis) journey.Journey {
	return journey.Fold(p.Root, p.lines(), p.claims, rules, until)
}

// Traits are what is known of the person by what was said.
func (p Person) Traits(rules journey.Rules) profile.Traits { return rules.Traits(p.lines()) }

func (p Person) lines() []journey.Line {
	lines := make([]journey.Line, len(p.Partitions))
	for i, partition := range p.Partitions {
		lines[i] = journey.Line{Identifier: partition.ID, Touchpoints: partition.Touchpoints}
	}
	return lines
}

// Loaded is what was loaded around some identifiers.
type Loaded struct {
	store      Store
	ns         workspace.Namespace
	caps       identity.Caps
	rules      journey.Rules                                               // they say what is in quarantine
	proven     map[event.Identifier]map[event.Identifier]identity.Evidence // by parent and child, without what is in quarantine
	aside      map[event.Identifier]ledger.Partition                       // of identifiers that were read to judge evidence alone
	forest     *identity.Forest
	partitions map[event.Identifier]ledger.Partition
	persons    map[event.Identifier]identity.Person    // by every identifier that was asked for, and their members
	connected  map[event.Identifier][]event.Identifier // users, by the person whose aliases connect them with it
	claims     map[string]profile.Claims
}

// Load finds the persons of the given identifiers. Each identifier is read once, however many persons' trees it is asked for in.
func Load(
	ctx context.Context, store Store, ns workspace.Namespace, caps identity.Caps, rules journey.Rules, ids []event.Identifier,
) (*Loaded, error) {
	return load(ctx, store, ns, caps, rules, ids, func(*Loaded, []event.Identifier) []event.Identifier { return nil })
}

// LoadConcerned finds whoever the given identifiers may concern: the persons that they are of now, those that they were
// counted under, and all members of either, until nobody new comes. With a person come the users that aliases connect with
// it, now or when it was counted: one alias more or less decides whether all of theirs count.
func LoadConcerned(
	ctx context.Context, store Store, ns workspace.Namespace, caps identity.Caps, rules journey.Rules, ids []event.Identifier,
) (*Loaded, error) {
	isFirst := true
	return load(ctx, store, ns, caps, rules, ids, func(l *Loaded, asked []event.Identifier) (more []event.Identifier) {
		for _, id := range asked {
			if p := l.partitions[id].Profile; p.Root != "" {
				more = append(more, p.Root)
			} else {
				more = append(append(more, p.Members...), p.Connected...)
			}
			more = append(more, l.connected[l.persons[id].Root]...)
			if isFirst {
				more = append(more, l.forest.AtLimits(id)...)
			}
		}
		isFirst = false
		return more
	})
}

// load loads the persons of identifiers and of whoever more names after each round, until that is nobody new.
func load(
	ctx context.Context, store Store, ns workspace.Namespace, caps identity.Caps, rules journey.Rules, ids []event.Identifier,
	more func(l *Loaded, asked []event.Identifier) []event.Identifier,
) (*Loaded, error) {
	l := &Loaded{
		store: store, ns: ns, caps: caps, rules: rules, forest: identity.NewForestWith("", caps), partitions: map[event.Identifier]ledger.Partition{},
		persons: map[event.Identifier]identity.Person{}, connected: map[event.Identifier][]event.Identifier{},
	}
	met := map[event.Identifier]bool{}
	var open []event.Identifier
	meet := func(ids ...event.Identifier) {
		for _, id := range ids {
			if !met[id] {
				met[id] = true
				open = append(open, id)
			}
		}
	}
	meet(ids...)
	for len(open) > 0 {
		asked := open
		open = nil
		if err := l.find(ctx, asked); err != nil {
			return nil, err
		}
		for _, id := range asked {
			meet(l.persons[id].IDs()...)
		}
		meet(more(l, asked)...)
	}
	return l, l.claim(ctx)
}

// find loads the persons of identifiers, and the identifiers themselves.
func (l *Loaded) find(ctx context.Context, ids []event.Identifier) error {
	if _, err := l.Nodes(ctx, l.ns, slices.DeleteFunc(slices.Clone(ids), l.isLoaded)); err != nil {
		return err
	}
	open := ids
	return Walk(ctx, l, l.ns, l.forest, func() {
		asked := open
		open = nil
		for _, id := range asked {
			found, known := l.forest.Of(id)
			if !known {
				open = append(open, id)
				continue
			}
			users, known := l.forest.Connected(found.Root)
			if !known {
				open = append(open, id)
				continue
			}
			l.persons[id], l.connected[found.Root] = found, users
		}
	})
}

func (l *Loaded) isLoaded(id event.Identifier) bool {
	_, found := l.partitions[id]
	return found
}

// Nodes reads whole partitions and keeps them.
func (l *Loaded) Nodes(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]identity.Node, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	partitions, err := l.store.Partitions(ctx, ns, ids)
	if err != nil {
		return nil, fmt.Errorf("read partitions: %w", err)
	}
	if err := l.sieve(ctx, ids, partitions); err != nil {
		return nil, err
	}
	nodes := make([]identity.Node, len(ids))
	for i, p := range partitions {
		p.ID, p.Node.ID, p.Profile.ID = ids[i], ids[i], ids[i]
		l.partitions[ids[i]], nodes[i] = p, p.Node
	}
	l.forest.Add(nodes...)
	return nodes, nil
}

// claim loads who claims the orders of the persons found.
func (l *Loaded) claim(ctx context.Context) error {
	wanted := map[string]bool{}
	for id := range l.persons {
		for _, t := range l.partitions[id].Touchpoints {
			if t.Order != nil {
				wanted[profile.OrderKey(*t.Order)] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	claims, err := l.store.Claims(ctx, l.ns, slices.SortedFunc(maps.Keys(wanted), cmp.Compare))
	if err != nil {
		return fmt.Errorf("read order claims: %w", err)
	}
	l.claims, err = l.sieveClaims(ctx, claims)
	return err
}

// Sleeping lists the links of anonymous ids that did something by themselves to parents that have more children than they accept and do not know
// so, sorted. Those of which they know it come before all others.
func (l *Loaded) Sleeping(caps identity.Caps) []identity.Link {
	var out []identity.Link
	for id, p := range l.partitions {
		if id.Kind() != event.Anonymous || !Acts(l.rules, p) {
			continue
		}
		for _, link := range p.Node.Parents {
			children := l.partitions[link.Parent].Node.Children
			isAwake := func(c identity.Link) bool { return c.Child == id && !c.Idle && c.Evidence == link.Evidence }
			if link.IsOver(children, caps) && !slices.ContainsFunc(children, isAwake) {
				out = append(out, link)
			}
		}
	}
	slices.SortFunc(out, func(a, b identity.Link) int {
		return cmp.Compare(a.Sortable()+string(a.Parent), b.Sortable()+string(b.Parent))
	})
	return out
}

// Connected lists the other users that aliases connect with a person that was found.
func (l *Loaded) Connected(root event.Identifier) []event.Identifier {
	var others []event.Identifier
	for _, id := range l.connected[root] {
		if !l.persons[root].Has(id) {
			others = append(others, id)
		}
	}
	slices.Sort(others)
	return others
}

// Root is the person that an identifier belongs to: one that was asked for, or another of the same person. "" for all others.
func (l *Loaded) Root(id event.Identifier) event.Identifier { return l.persons[id].Root }

// Of is the person of an identifier that was asked for, or of another of the same person.
func (l *Loaded) Of(id event.Identifier) Person {
	found, known := l.persons[id]
	if !known {
		return Person{}
	}
	p := Person{Person: found, claims: l.claims, Partitions: make([]ledger.Partition, len(found.Members))}
	for i, m := range found.Members {
		p.Partitions[i] = l.partitions[m.ID]
	}
	return p
}

// Roots lists the persons found, each once, sorted.
func (l *Loaded) Roots() []event.Identifier {
	roots := map[event.Identifier]bool{}
	for _, p := range l.persons {
		roots[p.Root] = true
	}
	return slices.Sorted(maps.Keys(roots))
}

// Identifiers lists whoever was met, sorted: those that were asked for and all whom they concern.
func (l *Loaded) Identifiers() []event.Identifier { return slices.Sorted(maps.Keys(l.persons)) }

// Profile is what was counted of an identifier that was met, or under whom it was.
func (l *Loaded) Profile(id event.Identifier) ledger.Profile { return l.partitions[id].Profile }
