package query

import (
	"context"
	"fmt"
	"iter"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// Limits of a period made on request: every part is a stream that stays open.
const (
	maxParts      = 400
	readsOfPeriod = 3
)

// period makes the one window from w.from to w.to out of the facts of its days, or of its months where it holds the whole of one. Distinct
// persons can't be summed, their facts can be merged: so every number is exact. A rollup may replace facts while they are read; then the newer
// ones are read.
func (h *Handler) period(ctx context.Context, ws workspace.Workspace, calendar period.Calendar, w wish) ([]kpi.Window, error) {
	whole, err := calendar.Period(w.from, w.to)
	if err != nil {
		return nil, err
	}
	var window kpi.Window
	for range readsOfPeriod {
		window, err = h.merged(ctx, ws, calendar, whole)
		if fault.KindOf(err) != fault.NotFound {
			break
		}
	}
	if fault.KindOf(err) == fault.NotFound {
		return nil, fault.Wrap(fault.Unavailable, "facts_replaced", err)
	}
	if err != nil || window.Revision == 0 {
		return nil, err
	}
	return []kpi.Window{window}, nil
}

// merged computes the window. Its revision is the sum of its parts', which grows with each of them; 0 when no part was ever computed.
func (h *Handler) merged(ctx context.Context, ws workspace.Workspace, calendar period.Calendar, whole period.Window) (kpi.Window, error) {
	out := kpi.Window{Grain: period.Period, Key: whole.Key, Start: event.At(whole.Start), End: event.At(whole.End)}
	parts, err := h.parts(ctx, ws.Space(), calendar, whole)
	if err != nil || len(parts) == 0 {
		return out, err
	}
	var streams []iter.Seq[kpi.Facts]
	var failures []func() error
	for _, part := range parts {
		out.Revision += part.Revision
		if part.Facts == "" {
			continue
		}
		persons, failed := h.Persons.Persons(ctx, part.Facts)
		streams, failures = append(streams, persons), append(failures, failed)
	}
	tally := kpi.NewTally(ws.Currency)
	for facts := range kpi.MergeFacts(streams) {
		tally.Add(facts)
	}
	for _, failed := range failures {
		if err := failed(); err != nil {
			return out, fmt.Errorf("read facts of the period: %w", err)
		}
	}
	out.Rows = tally.Rows()
	return out, nil
}

// parts gives the computed windows that tile the period, in time order: months that lie whole in it, else days.
func (h *Handler) parts(ctx context.Context, ws string, calendar period.Calendar, whole period.Window) ([]kpi.Window, error) {
	months, err := h.byKey(ctx, ws, calendar, period.Month, whole)
	if err != nil {
		return nil, err
	}
	var parts []kpi.Window
	days := period.Window{Start: whole.Start, End: whole.Start} // behind the last month taken, not yet read
	for _, month := range calendar.Split(whole, period.Month) {
		computed, found := months[month.Key] // a month that the period cuts off has another key
		if !found || computed.Facts == "" {
			days.End = month.End
			continue
		}
		before, err := h.days(ctx, ws, calendar, days)
		if err != nil {
			return nil, err
		}
		parts = append(append(parts, before...), computed)
		days = period.Window{Start: month.End, End: month.End}
	}
	rest, err := h.days(ctx, ws, calendar, days)
	if err != nil {
		return nil, err
	}
	parts = append(parts, rest...)
	if n := len(parts); n > maxParts {
		return nil, fault.Newf(fault.Invalid, "range_too_large", "this period is made of %d days and months, the limit is %d; ask for a shorter one", n, maxParts)
	}
	return parts, nil
}

func (h *Handler) days(ctx context.Context, ws string, calendar period.Calendar, span period.Window) ([]kpi.Window, error) {
	if !span.Start.Before(span.End) {
		return nil, nil
	}
	first, last := calendar.At(period.Day, span.Start), calendar.At(period.Day, span.End.Add(-1))
	windows, err := h.Windows.Windows(ctx, ws, period.Day, first.Key, last.Key)
	if err != nil {
		return nil, fmt.Errorf("read days: %w", err)
	}
	return windows, nil
}

func (h *Handler) byKey(ctx context.Context, ws string, calendar period.Calendar, g period.Grain, whole period.Window) (map[string]kpi.Window, error) {
	first, last := calendar.At(g, whole.Start), calendar.At(g, whole.End.Add(-1))
	windows, err := h.Windows.Windows(ctx, ws, g, first.Key, last.Key)
	if err != nil {
		return nil, fmt.Errorf("read %ss: %w", g, err)
	}
	out := make(map[string]kpi.Window, len(windows))
	for _, w := range windows {
		out[w.Key] = w
	}
	return out, nil
}
