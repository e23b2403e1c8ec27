// Package settle brings what is counted up to date with what is stored. A run takes the records of ingested batches, and whoever is due, closes over
// all persons whom they may concern, folds each whole, and compares that with what was counted of them. What differs is committed as one log in one
// conditional write, and then written out: profiles, windows, steps, dues. A run that stops anywhere leaves what the next one finishes from: before
// the commit nothing has happened, after it the log says what is left to write (docs/adr/0005).
//
// Profile and Rollup use it alike. It does not ingest, and decides nothing about identity, stages or metrics.
//
//	result, err := settler.Run(ctx, shop, now)
package settle

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
)

// Settler settles workspaces. Every field but Caps and AtOnce must be set.
type Settler struct {
	Store       Store
	Objects     Objects
	Rules       func(model string) (journey.Rules, error) // that persons are folded under
	Definitions *kpi.Definitions
	Now         func() time.Time
	NewID       func() string // unique
	Workers     int           // calls under way at a time

	Caps   identity.Caps // of persons; zero for those of the system
	AtOnce int           // identifiers that are settled together at most; 0 for as many as a function's memory holds
}

// Workers is how many calls a function has under way at a time: they wait for the table, not for the processor.
const Workers = 16

// How much is settled together unless the configuration says otherwise. Nobody knows how much there is of somebody before they are loaded: a run
// begins with few, and goes on with as many as have about so many touchpoints together, of which each takes about 3 KB.
const (
	touchpointsAtOnce = 50_000
	identifiersAtOnce = 5_000
	fewIdentifiers    = 500
)

// Result is what a run did.
type Result struct {
	Workspace string `json:"workspace"`
	Persons   int    `json:"persons"`        // looked at
	Windows   int    `json:"windows"`        // counted anew
	Changed   int    `json:"changed"`        // of those, the ones with a new revision
	IsBusy    bool   `json:"busy,omitempty"` // another run is at it, and this one did nothing
	IsDone    bool   `json:"done"`           // nothing is left of what was there when the run began
}

// run is the work on one workspace.
type run struct {
	*Settler
	workspace workspace.Workspace
	ns        workspace.Namespace // of its generation in use
	calendar  period.Calendar
	clock     *ledger.Clock
	zone      int             // place of its zone in the state's zones
	clocks    []*ledger.Clock // of the state's zones
	rules     journey.Rules
	now       event.Millis // up to when time acts
	state     ledger.State
	most      int // identifiers of the next slice
	result    Result
	hours     map[event.Millis]bool // that have other new persons since it began
	since     event.Millis          // when the newest run before it began that settled all it found
}

// Begin takes the fence of a workspace, finishes what an earlier run left, and gives the run; nil when another run is at it, or a newer release has
// been: who was counted in measures that this one does not know, it could not take out again. now is up to when time acts: it is never earlier than
// the clock. Errors: fault.Conflict with code overtaken when another run takes the fence.
func (s *Settler) Begin(ctx context.Context, w workspace.Workspace, now event.Millis) (*Run, error) {
	r, err := s.open(ctx, w)
	if err != nil {
		return nil, err
	}
	r.since = r.state.Settled
	if r.state.IsBusy(r.clockNow()) {
		return nil, nil
	}
	if r.state.Newest > s.Definitions.Version {
		slog.WarnContext(ctx, "a newer release has settled the workspace: this one may not", "workspace", w.Name, "definitions", r.state.Newest)
		return nil, nil
	}
	taken, zone := r.state.Take(r.clockNow()).In(w.Clock())
	taken.Newest, r.zone = s.Definitions.Version, zone
	if taken.Rules == "" { // nobody was ever counted
		taken = r.countedUnder(rulesID(r))(taken)
	}
	taken = taken.Recounted(rulesID(r))
	if err := r.put(ctx, taken); err != nil {
		return nil, err
	}
	if err := r.setClocks(); err != nil {
		return nil, err
	}
	r.now = max(now, r.clockNow()) // the schedule may have been due long ago
	if err := r.finish(ctx); err != nil {
		return nil, err
	}
	return &Run{r}, nil
}

// open reads what the work on a workspace begins with.
func (s *Settler) open(ctx context.Context, w workspace.Workspace) (*run, error) {
	calendar, err := w.Calendar()
	if err != nil {
		return nil, fmt.Errorf("read time zone of workspace %s: %w", w.Name, err)
	}
	rules, err := life.Rules(s.Rules, w)
	if err != nil {
		return nil, fmt.Errorf("read rules of workspace %s: %w", w.Name, err)
	}
	r := &run{Settler: s, workspace: w, ns: w.Namespace(), calendar: calendar, clock: ledger.NewClock(calendar), rules: rules, result: Result{Workspace: w.Name}}
	r.most = cmp.Or(s.AtOnce, fewIdentifiers)
	if r.state, err = s.Store.State(ctx, r.ns); err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	return r, nil
}

// setClocks makes a clock for each zone that somebody may be counted in.
func (r *run) setClocks() error {
	for place, zone := range r.state.Zones {
		if place == r.zone {
			r.clocks = append(r.clocks, r.clock)
			continue
		}
		calendar, err := workspace.CalendarOf(zone)
		if err != nil {
			return fmt.Errorf("read former time zone of workspace %s: %w", r.workspace.Name, err)
		}
		r.clocks = append(r.clocks, ledger.NewClock(calendar))
	}
	return nil
}

// Run is a run that holds the fence of its workspace.
type Run struct{ run *run }

// Result is what the run did so far.
func (r *Run) Result() Result { return r.run.result }

// Next settles one slice of what there is. It says whether there may be more.
func (r *Run) Next(ctx context.Context) (more bool, err error) { return r.run.slice(ctx) }

// Hold keeps the fence for half a Lease at least, for work besides settling. Fault: Conflict when another run has taken it.
func (r *Run) Hold(ctx context.Context) error { return r.run.hold(ctx) }

// End gives the fence back. done says that nothing is left of what was there when the run began.
func (r *Run) End(ctx context.Context, done bool) error {
	next := r.run.state
	next.Until = 0
	if done {
		next.Settled = max(next.Settled, r.run.now)
		next.Alerts = r.run.watch(ctx)
		r.run.result.IsDone = true
	}
	if err := r.run.put(ctx, next); err != nil || !done {
		return err
	}
	return r.run.tell(ctx)
}

// Run settles all that there is.
func (s *Settler) Run(ctx context.Context, w workspace.Workspace, now event.Millis) (Result, error) {
	r, err := s.Begin(ctx, w, now)
	if err != nil {
		return Result{Workspace: w.Name}, err
	}
	if r == nil {
		return Result{Workspace: w.Name, IsBusy: true}, nil
	}
	for {
		more, err := r.Next(ctx)
		if err != nil {
			return r.Result(), err
		}
		if !more {
			err := r.End(ctx, true)
			return r.Result(), err
		}
	}
}

func (r *run) clockNow() event.Millis { return event.At(r.Now()) }

// hold keeps the fence while something takes long, such as a person of very many touchpoints.
func (r *run) hold(ctx context.Context) error {
	now := r.clockNow()
	if r.state.IsBusy(now.Add(ledger.Lease / 2)) {
		return nil
	}
	return r.put(ctx, r.state.Hold(now))
}

// put writes the state if no other run has taken the fence.
func (r *run) put(ctx context.Context, next ledger.State) error {
	err := r.Store.PutState(ctx, r.ns, next, r.state.Epoch)
	if fault.KindOf(err) == fault.Conflict {
		return ledger.ErrOvertaken(r.workspace.Name)
	}
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	r.state = next
	return nil
}

// finish writes out what a run has committed that stopped before it was done.
func (r *run) finish(ctx context.Context) error {
	if r.state.Pending == "" {
		return nil
	}
	log, err := r.Objects.Log(ctx, r.ns, r.state.Pending)
	switch {
	case fault.KindOf(err) == fault.NotFound: // it was deleted when all was written
	case err != nil:
		return fmt.Errorf("read log of an earlier run: %w", err)
	default:
		slog.InfoContext(ctx, "an earlier run is finished", "workspace", r.workspace.Name, "run", log.Run)
		if err := r.apply(ctx, log); err != nil {
			return err
		}
		if err := r.Objects.DeleteLog(ctx, r.ns, r.state.Pending); err != nil {
			return fmt.Errorf("delete log: %w", err)
		}
	}
	next := r.state
	next.Pending = ""
	return r.put(ctx, next)
}

// slice settles as many identifiers as are loaded together.
func (r *run) slice(ctx context.Context) (more bool, err error) {
	p, err := r.plan(ctx)
	if err != nil {
		return false, err
	}
	next := p.recounted(r.state.Take(r.clockNow()).Settle(p.records, p.next, p.began))
	log, err := r.prepare(ctx, next.Epoch, p)
	if err != nil {
		return false, err
	}
	next = next.Hold(r.clockNow())
	if err := r.archive(ctx, r.name(next.Epoch), p.events); err != nil {
		return false, err
	}
	if log.IsEmpty() {
		return p.more, r.put(ctx, next)
	}
	return p.more, r.commit(ctx, next, log)
}

// archive keeps accepted events for good. It comes before the commit: a crash leaves a double in the archive, never a hole.
func (r *run) archive(ctx context.Context, name string, events []event.Record) error {
	if len(events) == 0 {
		return nil
	}
	if err := r.Objects.PutEvents(ctx, r.workspace.Name, name, events); err != nil {
		return fmt.Errorf("put events: %w", err)
	}
	late := map[string]map[string]bool{} // by the day of receipt, the days of the device that are others
	for i := range events {
		t := &events[i].Touchpoint
		if happened, arrived := t.Original.Day(), t.Received.Day(); happened != arrived {
			if late[arrived] == nil {
				late[arrived] = map[string]bool{}
			}
			late[arrived][happened] = true
		}
	}
	for _, arrived := range slices.Sorted(maps.Keys(late)) {
		if err := r.Store.PutArchiveIndex(ctx, r.workspace.Name, slices.Sorted(maps.Keys(late[arrived])), arrived); err != nil {
			return fmt.Errorf("index events: %w", err)
		}
	}
	return nil
}

// name is unique: a run that is overtaken must not write over what another has under the same number.
func (r *run) name(epoch int64) string { return fmt.Sprintf("%012d-%s", epoch, r.NewID()) }

// commit makes a log count, in one write, and writes it out.
func (r *run) commit(ctx context.Context, next ledger.State, log ledger.Log) error {
	next.Pending = r.name(log.Run)
	if err := r.Objects.PutLog(ctx, r.ns, next.Pending, log); err != nil {
		return fmt.Errorf("put log: %w", err)
	}
	if err := r.put(ctx, next); err != nil {
		return err
	}
	if err := r.apply(ctx, log); err != nil {
		return err
	}
	if err := r.Objects.DeleteLog(ctx, r.ns, next.Pending); err != nil {
		return fmt.Errorf("delete log: %w", err)
	}
	r.state.Pending = "" // the next write says so
	return nil
}
