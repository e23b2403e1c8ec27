package settle

import (
	"context"
	"fmt"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/report"
)

// apply writes a committed log out. Every part of it may be written twice, by two at once, or late: what is there from this or a later run stays.
// Dues that were looked at are deleted when the new ones are there.
func (r *run) apply(ctx context.Context, log ledger.Log) error {
	if err := r.Store.PutDues(ctx, r.ns, log.Dues); err != nil {
		return fmt.Errorf("put dues: %w", err)
	}
	profiles := make([]ledger.Profile, len(log.Profiles))
	for i, p := range log.Profiles {
		profiles[i] = p.Profile
		profiles[i].ID, profiles[i].Run = p.ID, log.Run
	}
	if err := r.Store.PutProfiles(ctx, r.ns, profiles); err != nil {
		return fmt.Errorf("put profiles: %w", err)
	}
	if err := each(r.Workers, len(log.Changes), func(i int) error { return r.change(ctx, log, log.Changes[i]) }); err != nil {
		return err
	}
	r.result.Windows += len(log.Changes)
	r.result.Changed += len(log.Changes)
	r.noteHours(log.Changes)
	err := each(r.Workers, len(log.Days), func(i int) error {
		if err := r.Objects.PutSteps(ctx, r.ns, log.Run, log.Days[i]); err != nil {
			return fmt.Errorf("put steps of %s: %w", log.Days[i].Key, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.Store.PutListings(ctx, r.ns, log.Run, log.Listings); err != nil {
		return fmt.Errorf("put listings: %w", err)
	}
	if err := r.Store.DeleteDues(ctx, r.ns, log.Done); err != nil {
		return fmt.Errorf("delete dues: %w", err)
	}
	return nil
}

// change brings one window up to date, unless it is. Whoever overtook this run may be at the same: then what is stored is looked at again.
func (r *run) change(ctx context.Context, log ledger.Log, c ledger.Change) error {
	for range maxTries {
		isDone, err := r.tryChange(ctx, log, c)
		if isDone || fault.KindOf(err) != fault.Conflict {
			return err
		}
	}
	return fault.Newf(fault.Unavailable, "busy_window", "another writer was first %d times at %s %s", maxTries, c.Grain, c.Key)
}

// maxTries bounds how often a window is looked at again.
const maxTries = 5

// tryChange notes the exports that hold the window before it writes it: a crash leaves a note too many and never a changed window without one. The note
// tells when it was left, which may be long after the log was made: exports wait for its window so long after it.
func (r *run) tryChange(ctx context.Context, log ledger.Log, c ledger.Change) (isDone bool, err error) {
	stored, err := r.Store.Window(ctx, r.ns, c.Grain, c.Key)
	if err != nil {
		return false, fmt.Errorf("read %s %s: %w", c.Grain, c.Key, err)
	}
	if stored.Run >= log.Run {
		return true, nil
	}
	next := kpi.Window{
		Grain: c.Grain, Key: c.Key, Start: c.Start, End: c.End, Revision: stored.Revision + 1, Run: log.Run, ComputedAt: log.At,
		Model: log.Model, Definitions: log.Definitions, Totals: stored.Totals.Plus(c.By),
	}
	if notes := report.Restatements(r.calendar, []kpi.Window{next}, r.clockNow()); len(notes) > 0 {
		if err := r.Store.PutRestated(ctx, r.ns, notes); err != nil {
			return false, fmt.Errorf("note exports to be made anew: %w", err)
		}
	}
	if err := r.Store.PutWindow(ctx, r.ns, next); err != nil {
		return false, fmt.Errorf("put %s %s: %w", c.Grain, c.Key, err)
	}
	return true, nil
}
