package linear_test

import (
	"context"
	"math/rand/v2"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/profile"
)

// design is how the code under test writes; the zero design is the real one, the others have one known mistake each.
type design struct {
	unchecked  bool // the aggregate is written whatever version is stored
	pagesFirst bool // the pages are read before the aggregate
	forgetful  bool // a batch is acknowledged whatever became of it
	calm       bool // no faults are injected, and calls are not taken apart: the table is a real one and brings its own
}

// faultRate is one in how many calls fails.
const faultRate = 24

// stores is the table as one process sees it: other processes run between any two calls, and calls fail, before they are applied or after.
type stores struct {
	*world
	random *rand.Rand

	base map[event.Identifier]set // what the aggregate loaded last contains
	own  map[event.Identifier]set // what it was loaded for
	read map[event.Identifier]set // the timeline read last
}

// call makes one call of the table, perhaps with a fault.
func (s *stores) call(apply func() error) error {
	s.yield()
	if s.design.calm {
		return apply()
	}
	switch s.random.IntN(2 * faultRate) {
	case 0:
		s.count(func(c *counts) { c.faults++ })
		return fault.New(fault.Unavailable, "throttled", "injected before the call was applied")
	case 1:
		s.count(func(c *counts) { c.faults++ })
		if err := apply(); err != nil {
			return err
		}
		return fault.New(fault.Unavailable, "throttled", "injected after the call was applied")
	}
	return apply()
}

// both reads the aggregate and then the pages, as two calls, because nothing makes them one on AWS; a mutant does it the other way round.
func (s *stores) both(aggregate, pages func() error) error {
	if s.design.pagesFirst {
		aggregate, pages = pages, aggregate
	}
	if err := s.call(aggregate); err != nil {
		return err
	}
	return s.call(pages)
}

func (s *stores) Load(ctx context.Context, ws string, id event.Identifier, copies []event.Touchpoint) (a profile.Aggregate, stored []event.Touchpoint, err error) {
	if s.design.calm {
		a, stored, err = s.table.Load(ctx, ws, id, copies)
	} else {
		err = s.both(
			func() error { a, _, err = s.table.Load(ctx, ws, id, nil); return err },
			func() error { _, stored, err = s.table.Load(ctx, ws, id, copies); return err })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.base[id], s.own[id] = s.sets[id][a.Proof], batchesOf(copies)
	return a, stored, err
}

func (s *stores) Timeline(ctx context.Context, ws string, id event.Identifier) (a profile.Aggregate, all []event.Touchpoint, err error) {
	s.count(func(c *counts) { c.refolds++ })
	if s.design.calm {
		a, all, err = s.table.Timeline(ctx, ws, id)
	} else {
		err = s.both(
			func() error { a, _, err = s.table.Load(ctx, ws, id, nil); return err },
			func() error { _, all, err = s.table.Timeline(ctx, ws, id); return err })
	}
	s.read[id] = batchesOf(all)
	return a, all, err
}

func (s *stores) PutPage(ctx context.Context, ws string, id event.Identifier, page []event.Touchpoint) error {
	return s.call(func() error { return s.table.PutPage(ctx, ws, id, page) })
}

// Commit remembers of which batches an aggregate can be the fold, so that readers know when they see it, and now and then answers that another
// writer was first.
func (s *stores) Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error {
	s.mu.Lock()
	for _, made := range []set{s.base[id] | s.own[id], s.read[id]} {
		s.sets[id][s.proof(id, made)] = made
	}
	s.mu.Unlock()
	if !s.design.calm && s.random.IntN(faultRate) == 0 {
		return fault.New(fault.Conflict, "conflict", "injected")
	}
	err := s.call(func() error { return s.table.Commit(ctx, ws, id, a) })
	if fault.KindOf(err) == fault.Conflict {
		s.count(func(c *counts) { c.conflicts++ })
	}
	for s.design.unchecked && fault.KindOf(err) == fault.Conflict {
		stored, _, _ := s.table.Load(ctx, ws, id, nil)
		a.Version = stored.Version + 1
		err = s.table.Commit(ctx, ws, id, a)
	}
	return err
}

func (s *stores) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	return s.call(func() error { return s.table.PutMarks(ctx, ws, marks) })
}
