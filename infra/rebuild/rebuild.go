// Package rebuild makes everything that is derived from the archive anew, beside what is in use, compares the two and swaps them
// (docs/adr/0012). Timelines, profiles, links and order claims are made here, under today's rules for channels and bots and a stage model of
// choice; the KPI windows by the real Rollup function. Traits are carried over, because the archive holds none.
//
// It is not for mending single rows, and it writes nothing to the generation in use but what it missed: whatever happens to a rebuild, the
// numbers that people see stay as they are until the swap, which is one conditional write.
//
//	report, err := rebuild.Run(ctx, config, rebuild.Order{Swap: rebuild.IfEqual})
package rebuild

import (
	"context"
	"fmt"
	"sync"
	"time"

	"waymark/shared/domain/bot"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
)

// Config is what a rebuild needs. Every field but Progress must be set.
type Config struct {
	Workspace string
	Table     Table
	Archive   Archive
	// Rollup computes every dirty window of the generation in use, or of the pending one, by the real function. It may give up early: what
	// is left is seen by its marks.
	Rollup   func(ctx context.Context, pending bool) error
	Channels *channel.Rules
	Bots     *bot.Rules
	Model    func(name string) (*stage.Model, error)
	Now      func() time.Time
	Sleep    func(ctx context.Context, d time.Duration) error
	Settle   time.Duration  // how long functions may go on with the generation of before a swap
	PerPass  int            // events held in memory at a time; more are taken in several passes over the archive
	Readers  int            // objects read at the same time
	Progress func(Progress) // is told what is being done; calls never overlap
}

// Progress is how far a phase has come. Total is 0 while it is not known.
type Progress struct {
	Phase       string
	Done, Total int
	Unit        string // of both
}

// Swap says when the new generation is put into use.
type Swap string

// The choices.
const (
	IfEqual Swap = "if-equal"
	Always  Swap = "always"
	Never   Swap = "never"
)

// Order is what a rebuild shall do.
type Order struct {
	Model string // stage model; "" for that of the workspace
	Swap  Swap
}

// work is one rebuild under way.
type work struct {
	Config
	workspace workspace.Workspace
	seen      map[string]bool // late objects that are applied already
	report    Report
	mu        sync.Mutex // guards Progress
}

// begin reads the workspace and finishes what an earlier run left unfinished after its swap.
func begin(ctx context.Context, c Config) (*work, error) {
	w := &work{Config: c, seen: map[string]bool{}}
	var err error
	if w.workspace, err = c.Table.Workspace(ctx, c.Workspace); err != nil {
		return nil, fmt.Errorf("read workspace: %w", err)
	}
	w.report = Report{Workspace: c.Workspace, From: w.workspace.Generation, Model: w.workspace.Model}
	if w.workspace.Former != nil && w.workspace.Former.Open {
		if err := w.phase("finish the swap of an earlier run", func() error { return w.settle(ctx) }); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Run makes a new generation from the archive, compares it with the one in use, and swaps them if the order says so. Run again after a crash it
// starts over, under another number; what was left is deleted. Faults: Conflict when a former generation is still kept, or another rebuild
// was faster; Invalid for a stage model that is not there.
func Run(ctx context.Context, c Config, o Order) (Report, error) {
	w, err := begin(ctx, c)
	if err != nil {
		return Report{}, err
	}
	if err := w.prepare(ctx, o); err != nil {
		return w.report, err
	}
	if err := w.build(ctx); err != nil {
		return w.report, err
	}
	if err := w.phase("compare", func() error { return w.compare(ctx) }); err != nil {
		return w.report, err
	}
	if o.Swap == Never || (o.Swap == IfEqual && !w.report.Equal) {
		return w.report, nil
	}
	return w.report, w.swap(ctx)
}

// Back puts the former generation into use again: what came in since is carried over first, as on the way there. Fault: NotFound when there
// is none.
func Back(ctx context.Context, c Config) (Report, error) {
	w, err := begin(ctx, c)
	if err != nil {
		return Report{}, err
	}
	returning, err := w.workspace.Return()
	if err != nil {
		return w.report, err
	}
	if err := w.become(ctx, returning); err != nil {
		return w.report, err
	}
	w.report.To, w.report.Model = returning.Pending.Generation, returning.Pending.Model
	if err := w.phase("catch up", func() error { return w.catchUp(ctx, true) }); err != nil {
		return w.report, err
	}
	if err := w.phase("compare", func() error { return w.compare(ctx) }); err != nil {
		return w.report, err
	}
	return w.report, w.swap(ctx)
}

// prepare deletes what an unfinished rebuild left and begins a generation.
func (w *work) prepare(ctx context.Context, o Order) error {
	name := o.Model
	if name == "" {
		name = w.workspace.Model
	}
	if _, err := w.Model(name); err != nil {
		return err
	}
	if w.workspace.Pending != nil && !w.workspace.IsReturning() {
		if err := w.dropPending(ctx); err != nil {
			return err
		}
	}
	begun, err := w.workspace.Begin(name, event.At(w.Now()))
	if err != nil {
		return err
	}
	w.report.To, w.report.Model = begun.Pending.Generation, name
	return w.become(ctx, begun)
}

// become changes the generations of the workspace.
func (w *work) become(ctx context.Context, next workspace.Workspace) error {
	if err := w.Table.PutGenerations(ctx, w.workspace, next); err != nil {
		return fmt.Errorf("write generations: %w", err)
	}
	w.workspace = next
	return nil
}

// build fills the pending generation and computes its windows.
func (w *work) build(ctx context.Context) error {
	next, _ := w.workspace.Next()
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"bring the numbers in use up to date", func() error { return w.rollUp(ctx, false) }},
		{"load the archive", func() error { return w.load(ctx, next) }},
		{"carry over cuts of links", func() error { _, err := w.carryCuts(ctx, next, w.workspace); return err }},
		{"announce windows", func() error { _, err := w.announce(ctx, w.workspace, next); return err }},
		{"compute windows", func() error { return w.rollUp(ctx, true) }},
		{"catch up", func() error { return w.catchUp(ctx, true) }},
		{"stamp revisions", func() error { return w.stamp(ctx, w.workspace, next) }},
	} {
		if err := w.phase(step.name, step.do); err != nil {
			return err
		}
	}
	return nil
}

// catchUp applies what arrived since the pending generation was begun, or since the last swap, and computes what that changes. Nothing that
// arrived is missing afterwards, however often it was applied.
func (w *work) catchUp(ctx context.Context, pending bool) error {
	into, from, since := w.workspace, w.workspace, event.Millis(0)
	if pending {
		into, _ = w.workspace.Next()
		since = w.workspace.Pending.Since
	} else {
		from, _ = w.workspace.Old()
		since = w.workspace.Former.Since
	}
	late, err := w.applyLate(ctx, into, from, since)
	if err != nil {
		return err
	}
	cut, err := w.applyCuts(ctx, into, from)
	if err != nil || (late+cut == 0 && pending && !w.workspace.IsReturning()) {
		return err
	}
	if pending { // the numbers in use, too, or they are compared with newer ones
		if err := w.rollUp(ctx, false); err != nil {
			return err
		}
	}
	return w.rollUp(ctx, pending)
}

// swap puts the pending generation into use, and settles.
func (w *work) swap(ctx context.Context) error {
	swapped, err := w.workspace.Swap()
	if err != nil {
		return err
	}
	if err := w.become(ctx, swapped); err != nil {
		return err
	}
	w.report.Swapped = true
	return w.phase("settle", func() error { return w.settle(ctx) })
}

// settle waits until every function knows of the swap, carries over what they wrote to the former generation meanwhile, and sees to it that no
// revision that was published is given again to other numbers.
func (w *work) settle(ctx context.Context) error {
	if err := w.Sleep(ctx, w.Settle); err != nil {
		return err
	}
	if err := w.catchUp(ctx, false); err != nil {
		return err
	}
	former, _ := w.workspace.Old()
	changed, err := w.announce(ctx, former, w.workspace)
	if err != nil {
		return err
	}
	if changed {
		if err := w.rollUp(ctx, false); err != nil {
			return err
		}
	}
	if err := w.raise(ctx, former, w.workspace); err != nil {
		return err
	}
	return w.become(ctx, w.workspace.Settled())
}

// phase does one step and notes how long it took.
func (w *work) phase(name string, do func() error) error {
	w.tell(Progress{Phase: name})
	start := w.Now()
	err := do()
	w.report.Phases = append(w.report.Phases, Phase{Name: name, Seconds: w.Now().Sub(start).Seconds()})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (w *work) tell(p Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.Progress != nil {
		w.Progress(p)
	}
}

// patience is how long a rollup that gave up early may go without progress before it is asked again, and how often that may happen.
const (
	patience  = time.Minute
	pollEvery = 5 * time.Second
	showEvery = 10 * time.Second
	maxAsks   = 3
)

// rollUp computes until nothing is dirty. In the cloud the HTTP API answers 503 after half a minute while the function goes on: then its marks
// are watched, and it is asked again only when they stay the same.
func (w *work) rollUp(ctx context.Context, pending bool) error {
	of := w.workspace
	if pending {
		of, _ = w.workspace.Next()
	}
	fruitless, before := 0, -1
	for {
		asked := w.ask(ctx, of, pending)
		if asked == nil && !pending {
			return nil // what was dirty then is computed; a system in use is never without new marks for long
		}
		left, err := w.dirty(ctx, of)
		if err != nil {
			return err
		}
		if left == 0 && asked == nil {
			return nil
		}
		if asked != nil && fault.KindOf(asked) != fault.Unavailable {
			return asked
		}
		if left, err = w.watch(ctx, of, left); err != nil {
			return err
		}
		if fruitless++; left != before {
			fruitless = 0
		}
		if before = left; fruitless == maxAsks {
			return fault.Newf(fault.Unavailable, "rollup_stuck", "%d days and larger windows stay dirty after %d rollups without progress: %v", left, maxAsks, asked)
		}
	}
}

// ask asks for a rollup, and shows meanwhile what is left of it.
func (w *work) ask(ctx context.Context, of workspace.Workspace, pending bool) error {
	answered := make(chan error, 1)
	go func() { answered <- w.Rollup(ctx, pending) }()
	tick := time.NewTicker(showEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-answered:
			return err
		case <-tick.C:
			if left, err := w.dirty(ctx, of); err == nil { // else the rollup will say so
				w.tell(Progress{Phase: "compute windows", Done: left, Unit: "days and larger windows are left"})
			}
		}
	}
}

// watch waits for as long as windows become clean.
func (w *work) watch(ctx context.Context, of workspace.Workspace, left int) (int, error) {
	for still := time.Duration(0); left > 0 && still < patience; still += pollEvery {
		if err := w.Sleep(ctx, pollEvery); err != nil {
			return left, err
		}
		now, err := w.dirty(ctx, of)
		if err != nil {
			return left, err
		}
		if now != left {
			still = 0
		}
		left = now
	}
	return left, nil
}

// dirty counts the windows that wait to be computed.
func (w *work) dirty(ctx context.Context, of workspace.Workspace) (int, error) {
	marks, err := w.Table.Marks(ctx, of.Space(), event.At(w.Now()))
	if err != nil {
		return 0, fmt.Errorf("read marks: %w", err)
	}
	return kpi.Marked(marks), nil
}
