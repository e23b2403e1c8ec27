package rebuild

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"waymark/shared/adapter/archive"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// recordsTogether is how many events of an object are visited together.
const recordsTogether = 1000

// scan visits the events of all objects of the archive that were written since an instant and are not seen yet, several objects at a time and in no
// order. Compaction may replace objects meanwhile, also ones that the list has and ones that it passed: so it lists again until all are seen.
func (w *work) scan(ctx context.Context, since event.Millis, seen map[string]bool, visit func(context.Context, []event.Record) error) error {
	for {
		var keys []string
		for key, err := range w.Archive.KeysSince(ctx, archive.Prefix(w.Config.Workspace), since) {
			if err != nil {
				return fmt.Errorf("list archive: %w", err)
			}
			if !seen[key] {
				keys = append(keys, key)
			}
		}
		if len(keys) == 0 {
			return nil
		}
		var done atomic.Int64
		err := each(ctx, w.Workers, keys, func(ctx context.Context, key string) error {
			err := w.read(ctx, key, visit)
			w.tell(int(done.Add(1)), len(keys), "objects")
			return err
		})
		if err != nil {
			return err
		}
		for _, key := range keys {
			seen[key] = true
		}
	}
}

// read visits the events of an object. One that names another workspace, or nobody, is a defect that must be looked at.
func (w *work) read(ctx context.Context, key string, visit func(context.Context, []event.Record) error) error {
	var records []event.Record
	for r, err := range w.Archive.Read(ctx, key) {
		if fault.KindOf(err) == fault.NotFound {
			break // its events are in another object by now
		}
		if err != nil {
			return err
		}
		if r.Workspace != w.Config.Workspace || len(r.Identifiers) == 0 {
			return fault.Newf(fault.Invalid, "bad_archive", "object %s holds an event of workspace %q with %d identifiers: it does not belong here",
				key, r.Workspace, len(r.Identifiers))
		}
		if records = append(records, r); len(records) == recordsTogether {
			if err := visit(ctx, records); err != nil {
				return err
			}
			records = nil
		}
	}
	return visit(ctx, records)
}

// each calls do with every value, limit at a time, and gives the first error, which ends the others.
func each[T any](ctx context.Context, limit int, values []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	next := make(chan T)
	for range min(max(limit, 1), len(values)) {
		running.Go(func() {
			for value := range next {
				if ctx.Err() == nil {
					if err := do(ctx, value); err != nil {
						cancel(err)
					}
				}
			}
		})
	}
	for _, value := range values {
		next <- value
	}
	close(next)
	running.Wait()
	return context.Cause(ctx)
}
