package late_test

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/report"
)

// crew runs invocations call by call, in an order of chance. While there are faults, any call may fail before or after it was applied, or be the
// last of its invocation.
type crew struct {
	random  *rand.Rand
	faults  bool
	workers []*worker
}

// worker is one invocation, advanced call by call.
type worker struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func() bool
}

var errCrash = errors.New("late: the invocation crashed")

// start makes an invocation a coroutine that yields at every call of its stores.
func (c *crew) start(l *ledger, do func(s stores)) {
	run := &worker{}
	run.next, run.stop = iter.Pull(func(yield func(struct{}) bool) {
		run.yield = func() bool { return yield(struct{}{}) }
		defer func() {
			if r := recover(); r != nil && r != errCrash {
				panic(r)
			}
		}()
		do(&shaky{ledger: l, crew: c, run: run})
	})
	c.workers = append(c.workers, run)
}

// step advances one invocation by one call.
func (c *crew) step() {
	if len(c.workers) == 0 {
		return
	}
	n := c.random.IntN(len(c.workers))
	run := c.workers[n]
	if _, more := run.next(); !more {
		run.stop()
		c.workers = append(c.workers[:n], c.workers[n+1:]...)
	}
}

func (c *crew) drain() {
	for len(c.workers) > 0 {
		c.step()
	}
}

// shaky gives the stores to one invocation.
type shaky struct {
	*ledger
	crew *crew
	run  *worker
}

func (s *shaky) call(apply func() error) error {
	s.run.yield()
	if !s.crew.faults || s.crew.random.IntN(40) > 0 {
		return apply()
	}
	kind := s.crew.random.IntN(4)
	if kind < 2 {
		if err := apply(); err != nil {
			return err
		}
	}
	if kind%2 == 0 {
		panic(errCrash)
	}
	return fault.New(fault.Unavailable, "throttled", "injected")
}

func (s *shaky) Marks(ctx context.Context, ws string, until event.Millis) (m []kpi.Mark, err error) {
	err = s.call(func() error { m, err = s.ledger.Marks(ctx, ws, until); return err })
	return m, err
}

func (s *shaky) PutMarks(ctx context.Context, ws string, m []kpi.Mark) error {
	return s.call(func() error { return s.ledger.PutMarks(ctx, ws, m) })
}

func (s *shaky) DeleteMarks(ctx context.Context, ws string, handles []string) error {
	return s.call(func() error { return s.ledger.DeleteMarks(ctx, ws, handles) })
}

func (s *shaky) Window(ctx context.Context, ws string, g period.Grain, key string) (w kpi.Window, err error) {
	err = s.call(func() error { w, err = s.ledger.Window(ctx, ws, g, key); return err })
	return w, err
}

func (s *shaky) Windows(ctx context.Context, ws string, g period.Grain, from, to string) (w []kpi.Window, err error) {
	err = s.call(func() error { w, err = s.ledger.Windows(ctx, ws, g, from, to); return err })
	return w, err
}

func (s *shaky) PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error {
	return s.call(func() error { return s.ledger.PutWindows(ctx, ws, windows, marks) })
}

func (s *shaky) PutRestated(ctx context.Context, ws string, notes []report.Restatement) error {
	return s.call(func() error { return s.ledger.PutRestated(ctx, ws, notes) })
}

func (s *shaky) Restated(ctx context.Context, ws string, g period.Grain) (notes []report.Restatement, err error) {
	err = s.call(func() error { notes, err = s.ledger.Restated(ctx, ws, g); return err })
	return notes, err
}

func (s *shaky) DeleteRestated(ctx context.Context, ws string, handles []string) error {
	return s.call(func() error { return s.ledger.DeleteRestated(ctx, ws, handles) })
}

func (s *shaky) ExportClaim(ctx context.Context, ws, export string) (c report.Claim, err error) {
	err = s.call(func() error { c, err = s.ledger.ExportClaim(ctx, ws, export); return err })
	return c, err
}

func (s *shaky) PutExportClaim(ctx context.Context, ws, export string, c report.Claim) error {
	return s.call(func() error { return s.ledger.PutExportClaim(ctx, ws, export, c) })
}

func (s *shaky) Put(ctx context.Context, key, contentType string, body []byte) error {
	return s.call(func() error { return s.ledger.Put(ctx, key, contentType, body) })
}

func (s *shaky) Get(ctx context.Context, key string) (body []byte, err error) {
	err = s.call(func() error { body, err = s.ledger.Get(ctx, key); return err })
	return body, err
}

func (s *shaky) PutFacts(ctx context.Context, key string, d kpi.Day) error {
	return s.call(func() error { return s.ledger.PutFacts(ctx, key, d) })
}

func (s *shaky) Facts(ctx context.Context, key string) (d kpi.Day, err error) {
	err = s.call(func() error { d, err = s.ledger.Facts(ctx, key); return err })
	return d, err
}

func (s *shaky) Delete(ctx context.Context, key string) error {
	return s.call(func() error { return s.ledger.Delete(ctx, key) })
}

func (s *shaky) Persons(ctx context.Context, key string) (iter.Seq[kpi.Facts], func() error) {
	d, err := s.Facts(ctx, key)
	return func(yield func(kpi.Facts) bool) {
		for _, f := range d.Persons {
			if !yield(f) {
				return
			}
		}
	}, func() error { return err }
}

func (s *shaky) Partitions(ctx context.Context, ws string, ids []event.Identifier) (p []profile.Partition, err error) {
	err = s.call(func() error { p, err = s.ledger.Partitions(ctx, ws, ids); return err })
	return p, err
}
