package query

import (
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
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
	days, err := h.Windows.Windows(ctx, ws.Space(), period.Day, first.Key, last.Key)
	if err != nil || len(days) == 0 {
		return nil, err
	}
	out := kpi.Window{
		Grain: period.Period, Key: whole.Key, Start: event.At(whole.Start), End: event.At(whole.End), Totals: h.Definitions.Set().Empty(),
	}
	keys := make([]string, len(days))
	for i, day := range days {
		keys[i] = day.Key
		out.Revision += day.Revision // so it grows with each of them
	}
	for rows, err := range h.Steps.Steps(ctx, ws.Space(), keys) {
		if err != nil {
			return nil, fmt.Errorf("read steps of the period: %w", err)
		}
		h.Definitions.Set().Add(out.Totals, measure.Of(rows))
	}
	return []kpi.Window{out}, nil
}
