package memory

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

type dayOf struct {
	ns  workspace.Namespace
	day string
}

func (d dayOf) key() string {
	return fmt.Sprintf("steps/workspace=%s/day=%s/part=00-ff.parquet", d.ns, d.day)
}

// personDay is what a run wrote of one person on one day.
type personDay struct {
	run  int64
	rows []step.Row
}

// PutSteps is steps.Table.PutSteps.
func (a *Archive) PutSteps(_ context.Context, ns workspace.Namespace, run int64, day ledger.Day) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	key := dayOf{ns, day.Key}
	if a.days[key] == nil {
		a.days[key] = map[event.Identifier]personDay{}
	}
	rows := map[event.Identifier][]step.Row{}
	for _, r := range day.Rows {
		rows[r.Person] = append(rows[r.Person], cloneRow(r))
	}
	for _, person := range day.Persons {
		if a.days[key][person].run <= run {
			a.days[key][person] = personDay{run, rows[person]}
		}
	}
	return nil
}

// Steps is steps.Table.Steps.
func (a *Archive) Steps(
	_ context.Context, ns workspace.Namespace, days []string, columns step.Columns,
) iter.Seq2[[]step.Row, error] {
	return func(yield func([]step.Row, error) bool) {
		for _, rows := range a.stepsOf(ns, days) {
			for i := range rows {
				rows[i] = columns.Only(rows[i])
			}
			if !yield(rows, nil) {
				return
			}
		}
	}
}

func (a *Archive) stepsOf(ns workspace.Namespace, days []string) [][]step.Row {
	a.mu.Lock()
	defer a.mu.Unlock()
	byPerson := map[event.Identifier][]step.Row{}
	for _, day := range slices.Compact(slices.Sorted(slices.Values(days))) {
		for person, stored := range a.days[dayOf{ns, day}] {
			if len(stored.rows) > 0 {
				byPerson[person] = append(byPerson[person], cloneAll(stored.rows, cloneRow)...)
			}
		}
	}
	var all [][]step.Row
	for _, person := range sortedKeys(byPerson) {
		all = append(all, byPerson[person])
	}
	return all
}

// CompactSteps is steps.Table.CompactSteps: there is nothing to compact.
func (a *Archive) CompactSteps(context.Context, workspace.Namespace, string) error { return nil }

// Days is steps.Table.Days: each day is one object.
func (a *Archive) Days(_ context.Context, ns workspace.Namespace) ([]ledger.DayObjects, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []ledger.DayObjects
	for key := range a.days {
		if key.ns == ns {
			out = append(out, ledger.DayObjects{Key: key.day, Objects: 1})
		}
	}
	slices.SortFunc(out, func(x, y ledger.DayObjects) int { return strings.Compare(x.Key, y.Key) })
	return out, nil
}
