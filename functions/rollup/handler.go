// Package rollup computes the windows that changed. It replaces, never adds: a dirty window is made whole from the timelines of whoever was
// active in it, and what else that changes is marked in turn (docs/adr/0006). Running it never, once or twice makes no difference.
//
// The folder lambda beside it holds main, so that the simulator runs the very code that Lambda runs. It opens nothing: main wires it.
package rollup

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
	"waymark/shared/person"
)

// Config is what the handler needs. Every field but AtOnce must be set.
type Config struct {
	Workspaces Workspaces
	Marks      Marks
	Windows    Windows
	Restated   Restated
	Facts      Facts
	Persons    Persons
	Times      Times
	Store      person.Store
	Model      func(name string) (*stage.Model, error)
	Reader     httpapi.Authorise
	Now        func() time.Time
	AtOnce     int // identifiers that are loaded together; 0 for as many as the function's memory holds
}

// Handler computes dirty windows.
type Handler struct{ Config }

// New returns a handler.
func New(c Config) *Handler { return &Handler{c} }

// Result is what one run did.
type Result struct {
	Workspace string `json:"workspace"`
	Windows   int    `json:"windows"` // computed, changed or not
	Changed   int    `json:"changed"` // that got a new revision
}

// maxTimes bounds how often one run computes the same window. A change is felt at most a few days on, so that three or four times do; more
// means that writers are busy, and the next run goes on.
const maxTimes = 50

// run computes every window of a workspace that is dirty now, in passes: days first, because a changed day can mark others, then the larger
// windows that hold them.
func (h *Handler) run(ctx context.Context, w workspace.Workspace, now event.Millis) (Result, error) {
	r, err := h.newRun(w, now)
	if err != nil {
		return Result{}, err
	}
	return r.all(ctx)
}

func (r *run) all(ctx context.Context) (Result, error) {
	for !r.isBusy() {
		if r.computed == nil { // the schedule may have been due long ago, or the run may have paused; nobody else computes a pending generation
			r.now = max(r.now, event.At(r.Now()))
		}
		r.before, r.made = r.made, map[string]map[event.Identifier]bool{}
		marks, err := r.Marks.Marks(ctx, r.workspace.Space(), r.now)
		if err != nil {
			return r.result, fmt.Errorf("read marks: %w", err)
		}
		if len(marks) == 0 {
			return r.result, r.Times.PutRollupTimes(ctx, r.workspace.Space(), r.instants())
		}
		if err := r.pass(ctx, marks); err != nil {
			return r.result, err
		}
	}
	slog.WarnContext(ctx, "windows stay dirty", "workspace", r.workspace.Name, "times", maxTimes)
	return r.result, nil
}

// isBusy says whether a window was computed so often that others must be making it dirty again.
func (r *run) isBusy() bool {
	for _, n := range r.times {
		if n >= maxTimes {
			return true
		}
	}
	return false
}

// run is the work on one workspace.
type run struct {
	*Handler
	workspace workspace.Workspace
	calendar  period.Calendar
	model     *stage.Model
	delays    []time.Duration
	now       event.Millis
	result    Result
	times     map[string]int // how often each day and larger window was computed
	// computed has the days that have facts, in a generation that a rebuild makes and to which nobody else writes while it is computed; nil in
	// one that is in use, where another rollup may compute a day at any time.
	computed map[string]bool
	// made has the persons of such a generation with whom days were computed in this pass and the one before: nothing that a later day finds
	// can change those, because all of it was known.
	made, before map[string]map[event.Identifier]bool
}

// makeNew is run on a pending generation.
func (h *Handler) makeNew(ctx context.Context, w workspace.Workspace, now event.Millis) (Result, error) {
	r, err := h.newRun(w, now)
	if err != nil {
		return Result{}, err
	}
	days, err := h.Windows.Windows(ctx, w.Space(), period.Day, "0", "~")
	if err != nil {
		return Result{}, fmt.Errorf("read computed days: %w", err)
	}
	r.computed = map[string]bool{}
	for _, d := range days {
		r.computed[d.Key] = d.Facts != ""
	}
	return r.all(ctx)
}

func (h *Handler) newRun(w workspace.Workspace, now event.Millis) (*run, error) {
	calendar, err := w.Calendar()
	if err != nil {
		return nil, fmt.Errorf("read time zone of workspace %s: %w", w.Name, err)
	}
	model, err := h.Model(w.Model)
	if err != nil {
		return nil, fmt.Errorf("read stage model of workspace %s: %w", w.Name, err)
	}
	return &run{
		Handler: h, workspace: w, calendar: calendar, model: model, delays: sums(model.Delays()), now: now,
		result: Result{Workspace: w.Name}, times: map[string]int{},
	}, nil
}

// instants says that every grain was computed now, whenever the schedule was due.
func (r *run) instants() map[period.Grain]event.Millis {
	out := map[period.Grain]event.Millis{}
	for _, g := range period.Grains() {
		out[g] = event.At(r.Now())
	}
	return out
}

// order in which grains are computed: each from facts of one before it. Hours are made with their day.
var order = []period.Grain{period.Day, period.Week, period.Month, period.Quarter, period.Year}

// pass marks the days of marked persons if there are any. Else it computes the marked windows of the smallest grain that has any: as many of the
// earliest days as are loaded together, or all of a larger grain.
func (r *run) pass(ctx context.Context, marks []kpi.Mark) error {
	if ofPersons := slices.DeleteFunc(slices.Clone(marks), func(m kpi.Mark) bool { return !m.OfPersons() }); len(ofPersons) > 0 {
		return r.persons(ctx, ofPersons)
	}
	for _, grain := range order {
		byKey := map[string][]kpi.Mark{}
		for _, m := range marks {
			if m.Grain == grain {
				byKey[m.Key] = append(byKey[m.Key], m)
			}
		}
		if len(byKey) == 0 {
			continue
		}
		if grain == period.Day {
			return r.days(ctx, byKey)
		}
		return r.larger(ctx, grain, byKey)
	}
	return fault.Newf(fault.Internal, "unknown_grain", "a mark has the grain %q, which nothing computes", marks[0].Grain)
}

// counted is a window as it comes out now, to be stored in place of the one that is stored.
func (r *run) counted(stored kpi.Window, w period.Window, facts string, rows []kpi.Row) replacement {
	r.result.Windows++
	next := kpi.Window{
		Grain: w.Grain, Key: w.Key, Start: event.At(w.Start), End: event.At(w.End), ComputedAt: r.now,
		Model: r.model.ID(), Definitions: kpi.Definitions, Facts: facts, Rows: rows,
	}
	next, differs := next.After(stored)
	return replacement{window: next, isNeeded: differs, isRevised: next.Revision > stored.Revision}
}

// nothing is a window that never had anything to count and has nothing now.
func (r *run) nothing(stored kpi.Window, w period.Window) replacement {
	return replacement{window: kpi.Window{Grain: w.Grain, Key: w.Key, Start: event.At(w.Start), End: event.At(w.End), Silent: stored.Silent}}
}

// replacement is a window to be stored, if anything of it differs from the stored one.
type replacement struct {
	window    kpi.Window
	isNeeded  bool
	isRevised bool // its numbers differ
}

// firm is the replacement to be stored even where nothing differs. Another rollup may be under way with what held for a while and does not any
// more: it read the version that is stored now, and must not find it when it commits.
func (r replacement) firm() replacement {
	if !r.isNeeded {
		r.window.Silent++
		r.isNeeded = true
	}
	return r
}

// commit stores the computed windows that differ from the stored ones, one at least, and with them the marks of the windows above that are made of
// them, all or none: another rollup could take a mark that was put before for done with what was stored then, and one put after is lost in a crash.
// The exports that hold the windows are noted before: a crash leaves a note too many and never a changed window without one. Conflict when another
// rollup was first, and then the marks that were read stay.
func (r *run) commit(ctx context.Context, above []kpi.Mark, replacements ...replacement) error {
	var needed, revised []kpi.Window
	for _, one := range replacements {
		if one.isNeeded {
			needed = append(needed, one.window)
		}
		if one.isRevised {
			revised = append(revised, one.window)
		}
	}
	if notes := report.Restatements(r.calendar, revised, event.At(r.Now())); len(notes) > 0 {
		if err := r.Restated.PutRestated(ctx, r.workspace.Space(), notes); err != nil {
			return fmt.Errorf("note exports to be made anew: %w", err)
		}
	}
	if err := r.Windows.PutWindows(ctx, r.workspace.Space(), needed, above); err != nil {
		return fmt.Errorf("put %s %s: %w", needed[0].Grain, needed[0].Key, err)
	}
	r.result.Changed += len(revised)
	return nil
}

func handles(marks []kpi.Mark) []string {
	out := make([]string, len(marks))
	for i, m := range marks {
		out[i] = m.Handle
	}
	return out
}

// sums gives the sums of every choice among the delays: one change that time makes may wait for another.
func sums(delays []time.Duration) []time.Duration {
	out := []time.Duration{}
	for _, d := range delays {
		for _, before := range out {
			out = append(out, before+d)
		}
		out = append(out, d)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
