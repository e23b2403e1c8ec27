package settle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// reserve is kept of an invocation's time for the slice that is under way and the answer.
const reserve = 30 * time.Second

// All settles workspaces in turn, a slice of each at a time, so that a bulk load of one does not hold up the others. It ends when nothing is left or
// time runs out; what is left then, the next run settles. One that fails does not hold up the others: the error joins all failures.
func (s *Settler) All(ctx context.Context, all []workspace.Workspace, now event.Millis) ([]Result, error) {
	results := make([]Result, len(all))
	var failures []error
	runs := make([]*Run, len(all))
	for i, w := range all {
		results[i] = Result{Workspace: w.Name}
		r, err := s.Begin(ctx, w, now)
		switch {
		case err != nil:
			failures = append(failures, s.failed(ctx, w.Name, err))
		case r == nil:
			results[i].IsBusy = true
		}
		runs[i] = r
	}
	for open := true; open; {
		open = false
		for i, r := range runs {
			if r == nil {
				continue
			}
			more, err := r.Next(ctx)
			if err == nil && (!more || s.isLate(ctx)) {
				err = r.End(ctx, !more)
				runs[i] = nil
			}
			if err != nil {
				failures = append(failures, s.failed(ctx, all[i].Name, err))
				runs[i] = nil
			}
			results[i] = r.Result()
			open = open || runs[i] != nil
		}
	}
	return results, errors.Join(failures...)
}

// failed says which workspace failed. That another run was faster is no failure.
func (s *Settler) failed(ctx context.Context, ws string, err error) error {
	if fault.CodeOf(err) == "overtaken" {
		slog.InfoContext(ctx, "another run has overtaken this one", "workspace", ws)
		return nil
	}
	return fmt.Errorf("settle workspace %s: %w", ws, err)
}

func (s *Settler) isLate(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return limited && deadline.Sub(s.Now()) < reserve
}
