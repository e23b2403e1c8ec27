// Package rebuild makes everything that is derived from the archive anew, beside what is in use, compares the two and swaps them
// (docs/adr/0012). It derives nothing itself: package ingest takes the archived events in as it took them in at first, and the real Rollup function
// settles them, under today's rules for channels and bots and a stage model of choice. Traits and cuts of links are carried over, because the
// archive holds none.
//
// It is not for mending single rows, and it writes nothing to the generation in use but what it missed: whatever happens to a rebuild, the
// numbers that people see stay as they are until the swap, which is one conditional write.
//
//	report, err := rebuild.Run(ctx, config, rebuild.Order{Swap: rebuild.IfEqual})
package rebuild

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
	"waymark/shared/ingest"
)

// Config is what a rebuild needs. Every field but Progress must be set.
type Config struct {
	Workspace string
	Table     Table
	Archive   Archive
	Ingest    *ingest.Applier // under the bot rules of today
	// Rollup settles a generation by the real function until all that was stored before the call is counted, and tells how much waits meanwhile.
	Rollup   func(ctx context.Context, of Generation, waiting func(int)) error
	Rules    func(model string) (journey.Rules, error)
	Now      func() time.Time
	Sleep    func(ctx context.Context, d time.Duration) error
	Settle   time.Duration  // how long functions may go on with the generation of before a swap
	AtOnce   int            // events that are ingested together; those of one identifier share a page
	Names    int            // identifiers and orders that are held in memory at a time; of more the archive is read several times
	Workers  int            // objects read, or calls of the table under way, at a time
	Progress func(Progress) // is told what is being done; calls never overlap
}

// Generation says which generation of a workspace is meant, as POST /v1/rollups does.
type Generation string

// The generations.
const (
	InUse  Generation = ""
	Next   Generation = "next"
	Former Generation = "former"
)

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
	seen      map[string]bool // objects of the archive that are applied
	since     event.Millis    // objects that were written before are in both generations, seen or not; 0 for a new generation
	report    Report

	telling sync.Mutex
	phase   string // under way
}

// slack is how far the clocks of this machine and of the bucket may differ.
const slack = time.Hour

// begin reads the workspace and finishes what an earlier run left unfinished after its swap.
func begin(ctx context.Context, c Config) (*work, error) {
	w := &work{Config: c, seen: map[string]bool{}}
	var err error
	if w.workspace, err = c.Table.Workspace(ctx, c.Workspace); err != nil {
		return nil, fmt.Errorf("read workspace: %w", err)
	}
	w.report = Report{Workspace: c.Workspace, From: w.workspace.Generation, Model: w.workspace.Model}
	if former := w.workspace.Former; former != nil && former.Opened > 0 {
		w.since = former.Opened.Add(-slack)
		err = w.run(ctx, phase{"finish the swap of an earlier run", w.settle})
	}
	return w, err
}

// Run makes a new generation from the archive, compares it with the one in use, and swaps them if the order says so. Run again after a crash it
// starts over, under another number; what was left is deleted. Faults: Conflict when a former generation is still kept, or another rebuild
// was faster; NotFound for a stage model that is not there.
func Run(ctx context.Context, c Config, o Order) (Report, error) {
	w, err := begin(ctx, c)
	if err != nil {
		return Report{}, err
	}
	if err := w.prepare(ctx, cmp.Or(o.Model, w.workspace.Model)); err != nil {
		return w.report, err
	}
	err = w.run(
		ctx,
		phase{"bring the numbers in use up to date", func(ctx context.Context) error { return w.rollUp(ctx, InUse) }}, // it archives what was ingested
		phase{"load the archive", w.load},
		phase{"compute the new numbers", func(ctx context.Context) error { return w.rollUp(ctx, Next) }},
		phase{"catch up", w.catchUp}, phase{"compare", w.compare},
	)
	if err != nil || o.Swap == Never || o.Swap == IfEqual && !w.report.Equal {
		return w.report, err
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
	w.since = returning.Pending.Since.Add(-slack)
	if err := w.run(ctx, phase{"catch up", w.catchUp}, phase{"compare", w.compare}); err != nil {
		return w.report, err
	}
	return w.report, w.swap(ctx)
}

// prepare deletes what an unfinished rebuild left and begins a generation.
func (w *work) prepare(ctx context.Context, model string) error {
	if _, err := w.Rules(model); err != nil {
		return err
	}
	if !w.workspace.IsReturning() {
		if err := w.dropPending(ctx); err != nil {
			return err
		}
	}
	begun, err := w.workspace.Begin(model, event.At(w.Now()))
	if err != nil {
		return err
	}
	w.report.To, w.report.Model = begun.Pending.Generation, model
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

// catchUp brings the pending generation up to date with the one in use, and gives its windows the revisions that they will be published with.
func (w *work) catchUp(ctx context.Context) error {
	next, _ := w.workspace.Next()
	if err := w.carry(ctx, next, w.workspace, InUse); err != nil {
		return err
	}
	if err := w.rollUp(ctx, Next); err != nil {
		return err
	}
	return w.publish(ctx, w.workspace, next, true)
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
	return w.run(ctx, phase{"settle", w.settle})
}

// settle waits until every function knows of the swap, and carries over what they wrote to the former generation meanwhile.
func (w *work) settle(ctx context.Context) error {
	if err := w.Sleep(ctx, w.Settle); err != nil {
		return err
	}
	return w.takeOver(ctx)
}

// takeOver carries over what came into the former generation since it was opened, and sees to it that no revision that was
// published is given again to other numbers.
func (w *work) takeOver(ctx context.Context) error {
	former, _ := w.workspace.Old()
	if err := w.carry(ctx, w.workspace, former, Former); err != nil {
		return err
	}
	if err := w.rollUp(ctx, InUse); err != nil {
		return err
	}
	if err := w.publish(ctx, former, w.workspace, false); err != nil {
		return err
	}
	return w.become(ctx, w.workspace.Settled())
}

// carry takes over what came into one generation and is not in the other yet: events, by way of the archive, and decisions about links. Taking
// over something twice changes nothing.
func (w *work) carry(ctx context.Context, into, from workspace.Workspace, named Generation) error {
	if err := w.rollUp(ctx, named); err != nil {
		return err
	}
	if err := w.checkClock(ctx, into); err != nil {
		return err
	}
	before := len(w.seen)
	if err := w.applyUnseen(ctx, w.Ingest, into, from); err != nil {
		return err
	}
	w.report.Late += len(w.seen) - before
	return w.carryCuts(ctx, into, from)
}

// checkClock looks whether records can be named by the clock of this machine: a settle passes over names that are long past by its own.
func (w *work) checkClock(ctx context.Context, into workspace.Workspace) error {
	state, err := w.Table.State(ctx, into.Namespace())
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if state.Cursor > ledger.HandleAt(event.At(w.Now()).Add(-ledger.MaxDelay)) {
		return fault.New(fault.Unavailable, "clock_behind", "the clock of this machine is more than a minute behind that of the functions: set it, then run the same command again")
	}
	return nil
}

// rollUp settles a generation, and so puts what was ingested into the archive.
func (w *work) rollUp(ctx context.Context, of Generation) error {
	return w.Rollup(ctx, of, func(waiting int) { w.tell(waiting, 0, "batches and persons wait") })
}

// phase is a step that is told of.
type phase struct {
	name string
	do   func(context.Context) error
}

// run does one phase after the other and notes how long they took.
func (w *work) run(ctx context.Context, phases ...phase) error {
	for _, p := range phases {
		w.phase = p.name
		w.tell(0, 0, "")
		start := w.Now()
		err := p.do(ctx)
		w.report.Phases = append(w.report.Phases, Phase{Name: p.name, Seconds: w.Now().Sub(start).Seconds()})
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (w *work) tell(done, total int, unit string) {
	w.telling.Lock()
	defer w.telling.Unlock()
	if w.Progress != nil {
		w.Progress(Progress{Phase: w.phase, Done: done, Total: total, Unit: unit})
	}
}
