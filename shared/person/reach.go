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

// Mark marks the days of everybody whose person may be another after these links were stored, cut or taken back. Where a link only joined a child that
// was nobody's, that is the first active day of each identifier in the child's tree, for later days follow in the rollup (docs/adr/0006). Where one
// left somebody, that is every day of all concerned: what was computed of them may rest on a touchpoint that is stored and not counted yet, of
// which nothing here knows the day. Those are
//
//   - a child with the parent that it has or had without the link, and with the few that it may have had when it got so many that it is nobody's;
//   - the children who lose their place at the parent to a link with earlier evidence, or get it back by a cut (docs/adr/0011);
//   - both ends of a link that was cut or restored;
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
	s, err := r.reaching(ctx, ws, now, changed)
	if err != nil {
		return fmt.Errorf("load links: %w", err)
	}
	s.Forest = now.Ignoring(slices.Concat(s.links, s.displaced))
	return r.search(ctx, ws, s, days)
}

// MarkBefore marks what aliases would join, before they are stored. Two that are written at the same time may be too many only together, and
// afterwards neither writer could tell what was whole before.
func (r Reach) MarkBefore(ctx context.Context, ws string, coming []identity.Link, days *Days) error {
	aliases := slices.DeleteFunc(slices.Clone(coming), func(l identity.Link) bool { return !l.IsAlias() })
	if len(aliases) == 0 {
		return nil
	}
	return r.search(ctx, ws, &search{Forest: identity.NewForest("").Ignoring(aliases), links: aliases}, days)
}

func (r Reach) search(ctx context.Context, ws string, s *search, days *Days) error {
	if err := Walk(ctx, r.Nodes, ws, s.Forest, s.look); err != nil {
		return fmt.Errorf("load links: %w", err)
	}
	days.Parted(sortedKeys(s.parted)...)
	return r.mark(ctx, ws, s.found, days)
}

// reaching tells the changed links that make a difference, and those of the children they displace, from the idle ones.
func (r Reach) reaching(ctx context.Context, ws string, f *identity.Forest, changed []identity.Link) (*search, error) {
	touched := map[event.Identifier]bool{}
	for _, l := range changed {
		touched[l.Child], touched[l.Parent] = true, true
	}
	ids := sortedKeys(touched)
	nodes, err := r.Nodes.Nodes(ctx, ws, ids)
	if err != nil {
		return nil, err
	}
	f.Add(nodes...)
	s := &search{}
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
			s.links = append(s.links, l)
		} else {
			s.idle = append(s.idle, l)
		}
	}
	for _, parent := range sortedKeys(byParent) {
		s.displaced = append(s.displaced, byID[parent].Displaced(byParent[parent])...)
	}
	return s, nil
}

// search collects whom changed links concern.
type search struct {
	*identity.Forest
	links     []identity.Link
	displaced []identity.Link                                // of children who may have lost or got their place
	idle      []identity.Link                                // that make no difference: only the child is marked, for a later change may be under way
	found     map[event.Identifier]map[event.Identifier]bool // whose first day is to be marked, and with whom else they are one person
	parted    map[event.Identifier]bool                      // whose every day is to be marked
}

// look begins anew each time: what it found before something was loaded may not hold.
func (s *search) look() {
	s.found, s.parted = map[event.Identifier]map[event.Identifier]bool{}, map[event.Identifier]bool{}
	sides := map[event.Identifier]identity.Person{}
	looked := 0
	for _, l := range s.idle {
		s.add(l.Child)
	}
	for n, l := range slices.Concat(s.links, s.displaced) {
		s.concerns(l, n >= len(s.links))
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
			s.part(p.IDs()...)
		}
	}
}

// concerns notes whom one link joined or parted: what moves, the parent, and the one that the child has without this link. Nobody but the child when
// that one comes first anyway, as with a device on which one more user signs in. Of a child that may just have become nobody's, that one is among
// the first few: as many may be written by others now.
func (s *search) concerns(l identity.Link, isDisplaced bool) {
	moved := s.moved(l)
	all := append(slices.Clone(moved), l.Parent)
	n, _ := s.Node(l.Child)
	if n.Crowd() == identity.NewCrowd {
		choices, _ := s.Choices(l.Child, identity.Overhang+1)
		for _, c := range choices {
			all = append(all, c.Parent)
		}
		s.part(all...)
		return
	}
	without, found, _ := s.Parent(l.Child)
	isProven := l.Evidence != identity.Evidence{} // else it was cut or restored
	switch {
	case found && isProven && !l.IsAlias() && without.Evidence.Before(l.Evidence):
		all = nil
	case found:
		s.part(append(all, without.Parent)...)
		return
	case !isProven || l.IsAlias() || isDisplaced:
		s.part(all...)
		return
	}
	for _, id := range moved {
		tree, _ := s.Below(id)
		for _, m := range tree.IDs() {
			s.add(m, all...)
		}
	}
}

func (s *search) part(ids ...event.Identifier) {
	for _, id := range ids {
		s.parted[id] = true
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
