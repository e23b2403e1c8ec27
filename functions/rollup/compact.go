package rollup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/settle"
)

const (
	daysAtOnce = 20 // that are compacted in one run for a workspace
	maxObjects = 48 // of a day that goes on; more make it slow to read
	// reserve is kept of an invocation's time for the day that is being compacted.
	reserve = 2 * time.Minute
)

// compact puts the objects of days together that are over, and of others that have very many. It changes nothing that
// readers see, and may be stopped and done twice. One workspace that fails does not hold up the others.
func (h *Handler) compact(ctx context.Context, workspaces []workspace.Workspace) error {
	var failures []error
	for _, w := range workspaces {
		if err := h.compactOne(ctx, w); err != nil && fault.CodeOf(err) != "overtaken" {
			failures = append(failures, fmt.Errorf("compact workspace %s: %w", w.Name, err))
		}
	}
	return errors.Join(failures...)
}

// compactOne holds the fence of the workspace like whatever else writes its steps and its archive. A workspace that is being
// settled waits for the next time.
func (h *Handler) compactOne(ctx context.Context, w workspace.Workspace) error {
	run, err := h.Settler.Begin(ctx, w, event.At(h.Now()))
	if run == nil || err != nil {
		return err
	}
	if err := h.compactUnder(ctx, w, run); err != nil {
		return err
	}
	return run.End(ctx, false)
}

func (h *Handler) compactUnder(ctx context.Context, w workspace.Workspace, run *settle.Run) error {
	days, err := h.Compactor.Days(ctx, w.Namespace())
	if err != nil {
		return fmt.Errorf("list days: %w", err)
	}
	done, yesterday := 0, h.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly) // a day before it is over in every zone
	for _, day := range days {
		isOver := day.Key < yesterday
		if day.Objects < 2 || !isOver && day.Objects <= maxObjects {
			continue
		}
		if done++; done > daysAtOnce || h.isLate(ctx) {
			return nil
		}
		if err := run.Hold(ctx); err != nil {
			return err
		}
		if err := h.Compactor.CompactSteps(ctx, w.Namespace(), day.Key); err != nil {
			return err
		}
	}
	for n := 1; n <= 2 && !h.isLate(ctx); n++ {
		if err := run.Hold(ctx); err != nil {
			return err
		}
		day := h.Now().UTC().AddDate(0, 0, -n).Format(time.DateOnly)
		if err := h.Compactor.CompactEvents(ctx, w.Name, day); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) isLate(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && deadline.Sub(h.Now()) < reserve
}
