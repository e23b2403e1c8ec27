package export

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// Handle takes a firing of a schedule, or POST /v1/exports.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	trigger := httpapi.Trigger{Now: h.Now, Authorise: h.Reader, Methods: methods, Fired: h.fired, Demanded: h.demanded}
	return trigger.Handle(ctx, raw)
}

// methods are those of /v1/exports that come here; query answers the others.
func methods(string) string { return http.MethodPost }

func (h *Handler) fired(ctx context.Context, schedule string, now time.Time) (any, error) {
	made, err := h.scheduled(ctx, strings.TrimPrefix(schedule, "export-"), now)
	return map[string]any{"exports": made}, err
}

// demand is the body of POST /v1/exports: a closed window of a schedule, or all windows of one grain, day when left out, in a span.
type demand struct {
	Schedule string       `json:"schedule"`
	Grain    period.Grain `json:"grain"`
	From     string       `json:"from"`
	To       string       `json:"to"`
}

func (h *Handler) demanded(ctx context.Context, r httpapi.Request, key workspace.Key) (any, error) {
	w, err := h.Workspaces.Workspace(ctx, key.Workspace)
	if err != nil {
		return nil, fmt.Errorf("load workspace: %w", err)
	}
	if err := r.CheckQuery(nil, nil); err != nil {
		return nil, err
	}
	var d demand
	if len(r.Body) > 0 {
		if err := httpapi.ReadBody(r.Body, `{"grain":"month","from":"2026-01-01","to":"2026-04-01"}`, &d); err != nil {
			return nil, err
		}
	}
	if d.Schedule != "" && d.Grain+period.Grain(d.From+d.To) != "" {
		return nil, fault.New(fault.Invalid, "bad_order", "name a schedule, or a grain with from and to, not both").At("schedule")
	}
	if d.Grain == "" && d.From == "" && d.To == "" {
		return h.demandedWindow(ctx, w, d)
	}
	o, err := span(w, d)
	if err != nil {
		return nil, err
	}
	made, err := h.make(ctx, w, o)
	return made.manifest, err
}

// demandedWindow exports the newest closed window of a schedule, daily unless the body names one. It is the export that the schedule makes, so it is
// made no sooner: not before a settle has begun after the end of the window. Fault: Conflict not_counted.
func (h *Handler) demandedWindow(ctx context.Context, w workspace.Workspace, d demand) (report.Manifest, error) {
	if d.Schedule == "" {
		d.Schedule = "daily"
	}
	grain, known := schedules[d.Schedule]
	if !known {
		return report.Manifest{}, unknownSchedule(d.Schedule)
	}
	calendar, err := w.Calendar()
	if err != nil {
		return report.Manifest{}, fmt.Errorf("read time zone: %w", err)
	}
	window := calendar.Prev(calendar.At(grain, h.Now()))
	state, err := h.Windows.State(ctx, w.Namespace())
	if err != nil {
		return report.Manifest{}, fmt.Errorf("read state: %w", err)
	}
	if !isWhole(state.Settled, window) {
		return report.Manifest{}, fault.Newf(fault.Conflict, "not_counted",
			"the %s that ended at %s is not counted whole yet: send POST /v1/rollups, and this again when that is done", grain, window.End.UTC().Format(time.RFC3339))
	}
	made, err := h.make(ctx, w, orderOf(d.Schedule, window))
	return made.manifest, err
}

// maxWindows bounds an export on demand: every window is looked for, whether anything ever happened in it or not.
const maxWindows = 10_000

// shortest is about how long a window of a grain is.
var shortest = map[period.Grain]time.Duration{
	period.Hour: time.Hour, period.Day: 24 * time.Hour, period.Week: 7 * 24 * time.Hour, period.Month: 28 * 24 * time.Hour,
	period.Quarter: 90 * 24 * time.Hour, period.Year: 365 * 24 * time.Hour,
}

// span reads an export of one grain over a span of time.
func span(w workspace.Workspace, d demand) (order, error) {
	calendar, err := w.Calendar()
	if err != nil {
		return order{}, fmt.Errorf("read time zone: %w", err)
	}
	grain, err := period.ParseGrain(cmp.Or(string(d.Grain), string(period.Day)))
	switch {
	case err != nil:
		return order{}, fault.New(fault.Invalid, "unknown_grain", "grain must be hour, day, week, month, quarter or year").At("grain")
	case grain == period.Period:
		return order{}, fault.New(fault.Invalid, "unknown_grain", "an export holds stored windows: grain must be hour, day, week, month, quarter or year; "+
			"ask GET /v1/kpis?grain=period, or `waymark kpi --grain period --csv`, for one window of your own").At("grain")
	}
	start, err := calendar.ParseBound(d.From)
	if err != nil {
		return order{}, fault.New(fault.Invalid, "bad_time", "from must be a date such as 2026-01-01 or an instant").At("from")
	}
	end, err := calendar.ParseBound(d.To)
	if err != nil || !start.Before(end) {
		return order{}, fault.New(fault.Invalid, "bad_time", "to must be a date or an instant after from").At("to")
	}
	if n := end.Sub(start) / shortest[grain]; n > maxWindows {
		return order{}, fault.Newf(fault.Invalid, "range_too_large", "these are about %d windows, the limit is %d; ask for a shorter time or a larger grain", n, maxWindows)
	}
	name := fmt.Sprintf("on-demand-%s-%s-%s", grain, stamp(calendar, start), stamp(calendar, end))
	return order{schedule: "on-demand", name: name, grain: grain, grains: []period.Grain{grain}, start: start, end: end}, nil
}

// stamp is an instant in a file name: the local date, with the time unless it is midnight.
func stamp(calendar period.Calendar, at time.Time) string {
	local := calendar.Local(at)
	if local.Hour()+local.Minute()+local.Second() == 0 {
		return local.Format(time.DateOnly)
	}
	return local.Format("2006-01-02T150405-0700")
}
