// Package export writes KPI rows as files with a manifest, on a schedule or on demand. An export is complete or absent, and the same order
// twice makes one.
//
// The folder lambda beside it holds main, so that the simulator runs the very code that Lambda runs. It opens nothing: main wires it.
package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// Config is what the handler needs. Every field must be set.
type Config struct {
	Workspaces Workspaces
	Windows    Windows
	Restated   Restated
	Claims     Claims
	Bucket     Bucket
	CSV        Writer

	Definitions *kpi.Definitions
	Reader      httpapi.Authorise
	Now         func() time.Time
}

// Handler makes exports.
type Handler struct{ Config }

// New returns a handler.
func New(c Config) *Handler { return &Handler{c} }

// order is one export to be made: the windows of some grains in a span of time.
type order struct {
	schedule string
	name     string // without its revision
	grain    period.Grain
	grains   []period.Grain
	start    time.Time
	end      time.Time
	isFirst  bool // it is made unless it is there in any revision, or nothing ever happened in its windows
}

// schedules says which windows each schedule exports; report.Parts says what their files hold.
var schedules = map[string]period.Grain{"daily": period.Day, "weekly": period.Week, "monthly": period.Month}

// lookback is how many closed windows a firing looks at. One that waited for a rollup at its own firing is exported by a later one.
const lookback = 7

// scheduled exports the newest closed windows of a schedule for every workspace, each in its own time zone, and restates older ones. One
// workspace that fails does not hold up the others.
func (h *Handler) scheduled(ctx context.Context, schedule string, now time.Time) ([]report.Manifest, error) {
	grain, known := schedules[schedule]
	if !known {
		return nil, unknownSchedule(schedule)
	}
	all, err := h.Workspaces.Workspaces(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	made := []report.Manifest{}
	var failures []error
	for _, w := range all {
		exports, err := h.workspace(ctx, w, schedule, grain, now)
		if err != nil {
			failures = append(failures, fmt.Errorf("export %s of workspace %s: %w", schedule, w.Name, err))
		}
		made = append(made, exports...)
	}
	return made, errors.Join(failures...)
}

func unknownSchedule(name string) error {
	return fault.Newf(fault.Invalid, "unknown_schedule", "schedule must be daily, weekly or monthly, not %q", name).At("schedule")
}

// workspace makes the exports of one workspace. The notes of restatements are read before any window: what changes later leaves a note that this
// firing does not delete.
func (h *Handler) workspace(ctx context.Context, w workspace.Workspace, schedule string, grain period.Grain, now time.Time) ([]report.Manifest, error) {
	calendar, err := w.Calendar()
	if err != nil {
		return nil, fmt.Errorf("read time zone: %w", err)
	}
	begun := event.At(h.Now())
	notes, err := h.Restated.Restated(ctx, w.Namespace(), grain)
	if err != nil {
		return nil, fmt.Errorf("read restatements: %w", err)
	}
	state, err := h.Windows.State(ctx, w.Namespace())
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if !state.IsIn(w.Clock()) {
		slog.InfoContext(ctx, "exports wait until everybody is counted in the new time zone", "workspace", w.Name)
		return nil, nil
	}
	f := firing{
		Handler: h, workspace: w, calendar: calendar, schedule: schedule, grain: grain, now: now, begun: begun, settled: state.Settled, made: map[string][]kpi.Window{},
	}
	if err := f.closed(ctx); err != nil {
		return f.exports, err
	}
	return f.exports, f.restate(ctx, notes)
}

// firing is one schedule in one workspace.
type firing struct {
	*Handler
	workspace workspace.Workspace
	calendar  period.Calendar
	schedule  string
	grain     period.Grain
	now       time.Time
	begun     event.Millis // before anything was read: a firing may be stopped for hours and go on
	settled   event.Millis // when the newest settle began
	exports   []report.Manifest
	made      map[string][]kpi.Window // by key of a window that got its first export: the windows in it
}

// closed exports the windows before the one that holds now, as far as they have none yet. A window waits until a settle has begun after its end, so
// that no export shows a half-computed period. It answers what it made, and the export of the newest window even if that was there.
func (f *firing) closed(ctx context.Context) error {
	window := f.calendar.At(f.grain, f.now)
	for n := range lookback {
		window = f.calendar.Prev(window)
		if f.waits(ctx, window) {
			continue
		}
		o := orderOf(f.schedule, window)
		o.isFirst = true
		made, err := f.make(ctx, f.workspace, o)
		if err != nil {
			return err
		}
		if made.isNew {
			f.made[window.Key] = made.windows
		}
		if made.isNew || n == 0 && made.manifest.Name != "" {
			f.exports = append(f.exports, made.manifest)
		}
	}
	return nil
}

// waits says whether the window was not settled since its end.
func (f *firing) waits(ctx context.Context, window period.Window) bool {
	waits := !isWhole(f.settled, window)
	if waits {
		slog.InfoContext(ctx, "export waits for a settle", "workspace", f.workspace.Name, "schedule", f.schedule, "window", window.Key)
	}
	return waits
}

// isWhole says that a settle began after the end of a window, when everything was stored that came in before.
func isWhole(settled event.Millis, window period.Window) bool { return settled >= event.At(window.End) }

// orderOf is the export of one window of a schedule.
func orderOf(schedule string, w period.Window) order {
	return order{
		schedule: schedule, name: schedule + "-" + w.Key, grain: w.Grain, grains: report.Parts(w.Grain), start: w.Start, end: w.End,
	}
}
