package query

import (
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

// maxPeriodDays is how long a period may be: the steps of all its days are read.
const maxPeriodDays = 1200

// period makes the one window from w.from to w.to out of the steps of its days. Distinct persons cannot be summed over days, so each person is counted
// once, from all their steps in the period.
func (h *Handler) period(ctx context.Context, ws workspace.Workspace, calendar period.Calendar, w kpiQuery) ([]kpi.Window, error) {
	whole, err := calendar.Period(w.from, w.to)
	if err != nil {
		return nil, err
	}
	first, last := calendar.At(period.Day, w.from), calendar.At(period.Day, w.to.Add(-1))
	days, err := h.Windows.Windows(ctx, ws.Namespace(), period.Day, first.Key, last.Key)
	if days, _ = kpi.Placed(calendar, days); err != nil || len(days) == 0 {
		return nil, err
	}
	out := kpi.Window{Grain: period.Period, Key: whole.Key, Start: event.At(whole.Start), End: event.At(whole.End)}
	keys := make([]string, len(days))
	for i, day := range days {
		keys[i] = day.Key
		out.Revision += day.Revision // so it grows with each of them
	}
	if out.Totals, err = h.count(ctx, ws.Namespace(), keys); err != nil {
		return nil, fmt.Errorf("read steps of the period: %w", err)
	}
	return []kpi.Window{out}, nil
}

// maxReads bounds how often the steps of a period are read anew.
const maxReads = 3

// count counts the steps of some days. A compaction deletes objects that were listed before: what they held stands in others then, so everything is
// read anew.
func (h *Handler) count(ctx context.Context, ns workspace.Namespace, days []string) (totals measure.Totals, err error) {
	for range maxReads {
		if totals, err = h.countOnce(ctx, ns, days); fault.KindOf(err) != fault.NotFound {
			return totals, err
		}
	}
	return totals, fault.Newf(fault.Unavailable, "unavailable", "steps of the period are being compacted, ask again: %v", err)
}

func (h *Handler) countOnce(ctx context.Context, ns workspace.Namespace, days []string) (measure.Totals, error) {
	totals := h.Definitions.Set().Empty()
	for rows, err := range h.Steps.Steps(ctx, ns, days, step.AllColumns) {
		if err != nil {
			return totals, err
		}
		h.Definitions.Set().Add(totals, measure.Of(rows))
	}
	return totals, nil
}
