package rollup

import (
	"context"
	"fmt"
	"iter"
	"log/slog"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// parts says of which windows a larger one is made.
var parts = map[period.Grain]period.Grain{
	period.Week: period.Day, period.Month: period.Day, period.Quarter: period.Month, period.Year: period.Month,
}

// larger computes dirty weeks, months, quarters or years from the facts of the windows they are made of.
func (r *run) larger(ctx context.Context, grain period.Grain, byKey map[string][]kpi.Mark) error {
	for _, key := range sortedKeys(byKey) {
		r.times[string(grain)+" "+key]++
		err := whileReplaced(func() error { return r.computeLarger(ctx, grain, key) })
		if fault.KindOf(err) == fault.Conflict {
			slog.InfoContext(ctx, "another rollup was first", "workspace", r.workspace.Name, "grain", grain, "window", key)
			continue
		}
		if err != nil {
			return err
		}
		if err := r.Marks.DeleteMarks(ctx, r.workspace.Space(), handles(byKey[key])); err != nil {
			return fmt.Errorf("clear marks of %s %s: %w", grain, key, err)
		}
	}
	return nil
}

func (r *run) computeLarger(ctx context.Context, grain period.Grain, key string) error {
	w, err := r.calendar.ByKey(grain, key)
	if err != nil {
		return fmt.Errorf("read key of a marked %s: %w", grain, err)
	}
	stored, err := r.Windows.Window(ctx, r.workspace.Space(), grain, key)
	if err != nil {
		return fmt.Errorf("read %s %s: %w", grain, key, err)
	}
	tally, n := kpi.NewTally(r.workspace.Currency), 0
	keep := kpi.Day{}
	persons, failed, err := r.merged(ctx, w)
	if err != nil {
		return err
	}
	for f := range persons {
		tally.Add(f)
		n++
		if grain == period.Month {
			keep.Persons = append(keep.Persons, f)
		}
	}
	if err := failed(); err != nil {
		return fmt.Errorf("read facts for %s %s: %w", grain, key, err)
	}
	if n == 0 && stored.Revision == 0 {
		return r.commit(ctx, nil, r.nothing(stored, w).firm())
	}
	return r.storeLarger(ctx, stored, w, keep, tally.Rows())
}

// storeLarger writes the window, and of a month its facts before and with it the marks of the windows made from it.
func (r *run) storeLarger(ctx context.Context, stored kpi.Window, w period.Window, keep kpi.Day, rows []kpi.Row) error {
	facts, above := "", []kpi.Mark(nil)
	if w.Grain == period.Month {
		facts = factsKey(r.workspace.Space(), stored, w, keep)
		if facts != stored.Facts {
			if err := r.Facts.PutFacts(ctx, facts, keep); err != nil {
				return fmt.Errorf("put facts of %s: %w", w.Key, err)
			}
			above = r.marksOf(w, period.Quarter, period.Year)
		}
	}
	if err := r.commit(ctx, above, r.counted(stored, w, facts, rows).firm()); err != nil {
		return err
	}
	if stored.Facts != "" && stored.Facts != facts {
		return r.Facts.Delete(ctx, stored.Facts)
	}
	return nil
}

// merged streams each person of a larger window once, from the facts of its parts.
func (r *run) merged(ctx context.Context, w period.Window) (iter.Seq[kpi.Facts], func() error, error) {
	part := parts[w.Grain]
	pieces := r.calendar.Split(w, part)
	windows, err := r.Windows.Windows(ctx, r.workspace.Space(), part, pieces[0].Key, pieces[len(pieces)-1].Key)
	if err != nil {
		return nil, nil, fmt.Errorf("read parts of %s %s: %w", w.Grain, w.Key, err)
	}
	var streams []iter.Seq[kpi.Facts]
	var failures []func() error
	for _, piece := range windows {
		if piece.Facts == "" {
			continue
		}
		persons, failed := r.Persons.Persons(ctx, piece.Facts)
		streams, failures = append(streams, persons), append(failures, failed)
	}
	check := func() error {
		for _, failed := range failures {
			if err := failed(); err != nil {
				return err
			}
		}
		return nil
	}
	return kpi.MergeFacts(streams), check, nil
}

// marksOf marks the windows of the grains in which a window lies.
func (r *run) marksOf(w period.Window, grains ...period.Grain) []kpi.Mark {
	out := make([]kpi.Mark, len(grains))
	for i, g := range grains {
		out[i] = kpi.Mark{Grain: g, Key: r.calendar.At(g, w.Start).Key}
	}
	return out
}
