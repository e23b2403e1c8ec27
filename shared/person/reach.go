package person

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
)

// Nodes reads links and cuts consistently, in the order of ids.
type Nodes interface {
	Nodes(ctx context.Context, ws string, ids []event.Identifier) ([]identity.Node, error)
}

// Aggregates reads what is counted of one identifier; without days no touchpoints.
type Aggregates interface {
	Load(ctx context.Context, ws string, id event.Identifier, copies []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error)
}

// Walk asks a forest, loads what it could not answer without, and asks again until nothing is missing.
func Walk(ctx context.Context, nodes Nodes, ws string, f *identity.Forest, ask func()) error {
	for {
		ask()
		missing := f.Missing()
		if len(missing) == 0 {
			return nil
		}
		loaded, err := nodes.Nodes(ctx, ws, missing)
		if err != nil {
			return err
		}
		f.Add(loaded...)
	}
}

// Reach finds out how far a changed link reaches. Workers bounds how many aggregates are read at a time.
type Reach struct {
	Nodes      Nodes
	Aggregates Aggregates
	Workers    int
}

// MaxChanged is how many links to one parent may change before Mark is called for them: so many displaced children it can find, and as many
// again that others displace meanwhile.
const MaxChanged = identity.Overhang / 2

// Mark marks the first active day of every identifier whose person may be another after these links were stored, cut or taken back. Later days
// follow in the rollup (docs/adr/0006). They are:
//
//   - the child's tree, for it is what moves, also when the child gets so many parents that it is nobody's, or few enough again;
//   - the trees of the children who lose their place at the parent to a link with earlier evidence, or get it back by a cut (docs/adr/0011);
//   - where users hang together by aliases, all of them, and those on the parent's side too when the link makes them too many or a cut makes
//     them few enough;
//   - everybody on both sides, when together they are more than a person may have members.
//
// It looks at the forest as if the changed links were not there, which is what was before or is now. So it finds the same when the caller does
// everything again after a crash.
func (r Reach) Mark(ctx context.Context, ws string, changed []identity.Link, days *Days) error {
	if len(changed) == 0 {
		return nil
	}
	now := identity.NewForest("")
	links, idle, err := r.reaching(ctx, ws, now, changed)
	if err != nil {
		return fmt.Errorf("load links: %w", err)
	}
	return r.search(ctx, ws, search{Forest: now.Ignoring(links), links: links, idle: idle}, days)
}

// MarkBefore marks what aliases would join, before they are stored. Two that are written at the same time may be too many only together, and
// afterwards neither writer could tell what was whole before.
func (r Reach) MarkBefore(ctx context.Context, ws string, coming []identity.Link, days *Days) error {
	aliases := slices.DeleteFunc(slices.Clone(coming), func(l identity.Link) bool { return !l.IsAlias() })
	if len(aliases) == 0 {
		return nil
	}
	return r.search(ctx, ws, search{Forest: identity.NewForest("").Ignoring(aliases), links: aliases}, days)
}

func (r Reach) search(ctx context.Context, ws string, s search, days *Days) error {
	if err := Walk(ctx, r.Nodes, ws, s.Forest, s.look); err != nil {
		return fmt.Errorf("load links: %w", err)
	}
	return r.mark(ctx, ws, s.found, days)
}

// reaching tells the changed links that make a difference, with those of the children they displace, from the idle ones.
func (r Reach) reaching(ctx context.Context, ws string, f *identity.Forest, changed []identity.Link) (links, idle []identity.Link, err error) {
	touched := map[event.Identifier]bool{}
	for _, l := range changed {
		touched[l.Child], touched[l.Parent] = true, true
	}
	ids := sortedKeys(touched)
	nodes, err := r.Nodes.Nodes(ctx, ws, ids)
	if err != nil {
		return nil, nil, err
	}
	f.Add(nodes...)
	byID := make(map[event.Identifier]identity.Node, len(nodes))
	for _, n := range nodes {
		byID[n.ID] = n
	}
	byParent := map[event.Identifier][]identity.Link{}
	for _, l := range changed {
		reaches, crowd := byID[l.Parent].Reaches(l), byID[l.Child].Crowd()
		if reaches {
			byParent[l.Parent] = append(byParent[l.Parent], l)
		}
		if reaches && (crowd != identity.OldCrowd || l.IsAlias()) || crowd == identity.NewCrowd {
			links = append(links, l)
		} else {
			idle = append(idle, l)
		}
	}
	for _, parent := range sortedKeys(byParent) {
		links = append(links, byID[parent].Displaced(byParent[parent])...)
	}
	return links, idle, nil
}

// search collects whom changed links concern.
type search struct {
	*identity.Forest
	links []identity.Link
	idle  []identity.Link                                // that make no difference: only the child is marked, for a later change may be under way
	found map[event.Identifier]map[event.Identifier]bool // and with whom else they are one person, or were, or may have been
}

// look begins anew each time: what it found before something was loaded may not hold.
func (s *search) look() {
	s.found = map[event.Identifier]map[event.Identifier]bool{}
	sides := map[event.Identifier]identity.Person{}
	looked := 0
	for _, l := range s.idle {
		s.add(l.Child)
	}
	for _, l := range s.links {
		moved := s.moved(l)
		others := s.others(l, moved)
		for _, id := range moved {
			tree, _ := s.Below(id)
			for _, m := range tree.IDs() {
				s.add(m, others...)
			}
		}
		for _, end := range []event.Identifier{l.Child, l.Parent} {
			p, known := s.Of(end)
			if _, met := sides[p.Root]; known && !met {
				sides[p.Root] = p
				looked += p.Looked
			}
		}
	}
	if looked > identity.MaxMembers {
		for _, p := range sides {
			for _, m := range p.IDs() {
				s.add(m, m)
			}
		}
	}
}

func (s *search) add(id event.Identifier, others ...event.Identifier) {
	if s.found[id] == nil {
		s.found[id] = map[event.Identifier]bool{}
	}
	for _, other := range others {
		s.found[id][other] = true
	}
}

// others are whom a changed link joined or parted: what moves, the parent, and the one that the child has without this link. Nobody when that
// one comes first anyway, as with a device on which one more user signs in. Of a child that may just have become nobody's, that one is among the
// first few: as many may be written by others now.
func (s *search) others(l identity.Link, moved []event.Identifier) []event.Identifier {
	out := append(slices.Clone(moved), l.Parent)
	if n, _ := s.Node(l.Child); n.Crowd() == identity.NewCrowd {
		choices, _ := s.Choices(l.Child, identity.Overhang+1)
		for _, c := range choices {
			out = append(out, c.Parent)
		}
		return out
	}
	without, found, _ := s.Parent(l.Child)
	if !found {
		return out
	}
	if !l.IsAlias() && l.Evidence != (identity.Evidence{}) && without.Evidence.Before(l.Evidence) {
		return nil
	}
	return append(out, without.Parent)
}

// moved are the roots of the trees that a changed link moves.
func (s *search) moved(l identity.Link) []event.Identifier {
	if !l.IsAlias() {
		return []event.Identifier{l.Child}
	}
	below, belowCount, _ := s.Aliases(l.Child)
	above, aboveCount, _ := s.Aliases(l.Parent)
	out := []event.Identifier{l.Child}
	if belowCount {
		out = append(out, below...)
	}
	n, _ := s.Node(l.Child)
	if aboveCount && (!belowCount || n.Crowd() != identity.NoCrowd || len(below)+len(above) > identity.MaxAliases) {
		out = append(out, above...)
	}
	return out
}

// mark reads when each identifier was first seen.
func (r Reach) mark(ctx context.Context, ws string, found map[event.Identifier]map[event.Identifier]bool, days *Days) error {
	ids := sortedKeys(found)
	one := func(id event.Identifier) error {
		a, _, err := r.Aggregates.Load(ctx, ws, id, nil)
		if err != nil {
			return fmt.Errorf("load first touchpoint: %w", err)
		}
		switch others := sortedKeys(found[id]); {
		case a.Touchpoints == 0:
		case len(others) > 0:
			days.Moved(a.First.At, append(others, id)...)
		default:
			days.About(a.First.At, id)
		}
		return nil
	}
	if r.Workers <= 1 {
		for _, id := range ids {
			if err := one(id); err != nil {
				return err
			}
		}
		return nil
	}
	var running sync.WaitGroup
	errs := make([]error, len(ids))
	free := make(chan struct{}, r.Workers)
	for i, id := range ids {
		free <- struct{}{}
		running.Go(func() {
			errs[i] = one(id)
			<-free
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
