package rebuild

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// announce leaves a stub, and a mark, of every window that is published in one generation and not there in the other: so the rollup computes it,
// if only to zeros, and what was published once does not vanish. It says whether there was one.
func (w *work) announce(ctx context.Context, published, into workspace.Workspace) (bool, error) {
	days, err := newDays(into)
	if err != nil {
		return false, err
	}
	var marks []kpi.Mark
	err = w.walk(ctx, published, into, func(was, is kpi.Window) error {
		if was.Revision == 0 || is.Revision > 0 {
			return nil
		}
		switch was.Grain {
		case period.Hour, period.Day:
			days.at(was.Start)
		default:
			marks = append(marks, kpi.Mark{Grain: was.Grain, Key: was.Key})
		}
		return w.putStub(ctx, into, was.Stub())
	})
	if err != nil {
		return false, err
	}
	marks = append(marks, days.marks()...)
	return len(marks) > 0, w.Table.PutMarks(ctx, into.Space(), marks)
}

// putStub leaves a stub, as the next version of a window that never had anything to count there.
func (w *work) putStub(ctx context.Context, into workspace.Workspace, stub kpi.Window) error {
	is, err := w.Table.Window(ctx, into.Space(), stub.Grain, stub.Key)
	if err != nil {
		return fmt.Errorf("read %s %s: %w", stub.Grain, stub.Key, err)
	}
	if is.Revision > 0 {
		return nil // a rollup was faster
	}
	stub.Silent += is.Version()
	return w.replace(ctx, into, stub, is.Version())
}

// stamp gives the windows of a generation that nobody has seen yet the revisions that they will be published with: that of the window in use
// where it says the same, with its time, and one more where it does not.
func (w *work) stamp(ctx context.Context, published, into workspace.Workspace) error {
	return w.walk(ctx, published, into, func(was, is kpi.Window) error {
		return w.revise(ctx, into, is, stamped(was, is))
	})
}

// raise gives the windows of a generation in use revisions that do not contradict what was published in the one before, up to the swap and by
// functions that did not know of it yet: the same numbers keep theirs, others go up.
func (w *work) raise(ctx context.Context, published, into workspace.Workspace) error {
	return w.walk(ctx, published, into, func(was, is kpi.Window) error {
		if is.Revision > was.Revision {
			return nil
		}
		return w.revise(ctx, into, is, stamped(was, is))
	})
}

func stamped(was, is kpi.Window) kpi.Window {
	next := is
	next.Revision = was.Revision + 1
	if was.Revision > 0 && was.Says(is) {
		next.Revision, next.ComputedAt = was.Revision, was.ComputedAt
	}
	return next
}

func (w *work) revise(ctx context.Context, into workspace.Workspace, is, next kpi.Window) error {
	if is.Revision == 0 || (is.Revision == next.Revision && is.ComputedAt == next.ComputedAt) {
		return nil
	}
	return w.replace(ctx, into, next, is.Version())
}

// replace writes a window. A rollup that was faster has computed it with a higher revision; the next rebuild or catch-up looks at it again.
func (w *work) replace(ctx context.Context, into workspace.Workspace, next kpi.Window, stored int64) error {
	err := w.Table.ReplaceWindow(ctx, into.Space(), next, stored)
	if err != nil && fault.KindOf(err) != fault.Conflict {
		return fmt.Errorf("put %s %s: %w", next.Grain, next.Key, err)
	}
	return nil
}

// walk visits every window that one of two generations has, with both sides of it, a month at a time. One that is not there has revision 0.
func (w *work) walk(ctx context.Context, a, b workspace.Workspace, visit func(a, b kpi.Window) error) error {
	for _, grain := range period.Grains() {
		spans, err := w.spans(ctx, grain, a, b)
		if err != nil {
			return err
		}
		for _, s := range spans {
			left, err := w.windows(ctx, a, grain, s)
			if err != nil {
				return err
			}
			right, err := w.windows(ctx, b, grain, s)
			if err != nil {
				return err
			}
			keys := maps.Clone(left)
			maps.Copy(keys, right)
			for _, key := range slices.Sorted(maps.Keys(keys)) {
				if err := visit(left[key], right[key]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// span is a range of keys, both ends in it.
type span struct{ from, to string }

// spans divides the keys of a grain so that few windows are held at a time: hours by the months that have computed months, everything else as
// one.
func (w *work) spans(ctx context.Context, grain period.Grain, of ...workspace.Workspace) ([]span, error) {
	everything := span{"0", "~"}
	if grain != period.Hour {
		return []span{everything}, nil
	}
	months := map[string]bool{}
	for _, one := range of {
		found, err := w.windows(ctx, one, period.Month, everything)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			// Hours are named in UTC, so those of a local month begin or end in the month before or after.
			for _, at := range []time.Time{m.Start.Time().Add(-24 * time.Hour), m.Start.Time().Add(14 * 24 * time.Hour), m.End.Time().Add(24 * time.Hour)} {
				months[at.Format("2006-01")] = true
			}
		}
	}
	spans := make([]span, 0, len(months))
	for _, month := range slices.Sorted(maps.Keys(months)) {
		spans = append(spans, span{month, month + "~"})
	}
	return spans, nil
}

func (w *work) windows(ctx context.Context, of workspace.Workspace, grain period.Grain, s span) (map[string]kpi.Window, error) {
	found, err := w.Table.Windows(ctx, of.Space(), grain, s.from, s.to)
	if err != nil {
		return nil, fmt.Errorf("read %s windows: %w", grain, err)
	}
	out := make(map[string]kpi.Window, len(found))
	for _, one := range found {
		out[one.Key] = one
	}
	return out, nil
}
