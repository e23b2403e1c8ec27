package rebuild

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
)

// publish gives the windows of a generation revisions that do not contradict what was published in another: the same numbers keep theirs and their
// time, others go up, and a window that was published and is not there becomes one of zeros. isNew says that nobody has seen the generation yet; in
// one that is in use, revisions that went up stay.
func (w *work) publish(ctx context.Context, published, into workspace.Workspace, isNew bool) error {
	rules, err := life.Rules(w.Rules, into)
	if err != nil {
		return err
	}
	return w.walk(ctx, published, into, func(was, is kpi.Window) error {
		for range maxTries {
			if !isNew && is.Revision > was.Revision {
				return nil
			}
			next := is
			if is.Revision == 0 {
				next = emptied(was, rules.Model.ID(), event.At(w.Now()))
			}
			if next = revised(was, next); next.Revision == is.Revision && next.ComputedAt == is.ComputedAt {
				return nil
			}
			err := w.Table.StampWindow(ctx, into.Namespace(), next, is.Run)
			if fault.KindOf(err) != fault.Conflict {
				return err
			}
			if is, err = w.Table.Window(ctx, into.Namespace(), next.Grain, next.Key); err != nil { // a settle was faster
				return fmt.Errorf("read %s %s: %w", next.Grain, next.Key, err)
			}
		}
		return fault.Newf(fault.Unavailable, "busy_window", "another writer was first %d times at %s %s: run the same command again", maxTries, was.Grain, was.Key)
	})
}

// maxTries bounds how often a window is looked at again.
const maxTries = 10

// revised is a window with the revision that it is published with.
func revised(was, next kpi.Window) kpi.Window {
	next.Revision = was.Revision + 1
	if was.Revision > 0 && was.Says(next) {
		next.Revision, next.ComputedAt = was.Revision, was.ComputedAt
	}
	return next
}

// emptied is a window in which nothing is counted any more. It is of the first run, so that every settle may replace it.
func emptied(was kpi.Window, model string, at event.Millis) kpi.Window {
	return kpi.Window{
		Grain: was.Grain, Key: was.Key, Start: was.Start, End: was.End, Run: 1, ComputedAt: at, Model: model, Definitions: was.Definitions,
		Totals: measure.Totals{Names: was.Totals.Names, Groups: map[measure.Key][]wide.Int{}},
	}
}

// walk visits every window that one of two generations has, with both sides of it. One that is not there has revision 0. Hours are visited day by day,
// so that few are held at a time.
func (w *work) walk(ctx context.Context, a, b workspace.Workspace, visit func(a, b kpi.Window) error) error {
	for _, grain := range period.Grains() {
		if grain == period.Hour {
			continue
		}
		err := w.pairs(ctx, [2]workspace.Namespace{a.Namespace(), b.Namespace()}, grain, "0", "~", func(left, right kpi.Window) error {
			if err := visit(left, right); err != nil || grain != period.Day {
				return err
			}
			start, end := max(left.Start, right.Start), max(left.End, right.End) // the same where both are there
			from, to := start.Time().Format(time.RFC3339), (end - 1).Time().Format(time.RFC3339)
			return w.pairs(ctx, [2]workspace.Namespace{a.Namespace(), b.Namespace()}, period.Hour, from, to, visit)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// pairs visits the windows of a grain from one key to another.
func (w *work) pairs(ctx context.Context, spaces [2]workspace.Namespace, grain period.Grain, from, to string, visit func(a, b kpi.Window) error) error {
	pairs := map[string]*[2]kpi.Window{}
	for side, space := range spaces {
		found, err := w.Table.Windows(ctx, space, grain, from, to)
		if err != nil {
			return fmt.Errorf("read %s windows: %w", grain, err)
		}
		for _, one := range found {
			if pairs[one.Key] == nil {
				pairs[one.Key] = &[2]kpi.Window{}
			}
			pairs[one.Key][side] = one
		}
	}
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		if err := visit(pairs[key][0], pairs[key][1]); err != nil {
			return err
		}
	}
	return nil
}
