package query_test

import (
	"context"
	"testing"
	"time"

	"waymark/functions/query"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/model"
	"waymark/shared/person"
)

// recount folds the persons of march straight over a span, without days and months, and gives the rows by stage.
func (w *world) recount(t testing.TB, start, end time.Time) []kpi.Row {
	t.Helper()
	stages, err := model.Stages("default")
	must(t, err)
	loaded, err := person.Load(t.Context(), w.table, "demo", []event.Identifier{"user:42", "anon:stranger"})
	must(t, err)
	tally, any := kpi.NewTally("EUR"), false
	for _, root := range loaded.Roots() {
		j := loaded.Of(root).Journey(stages, event.At(end))
		if f, ok := kpi.Of(j, event.At(start), event.At(end), "EUR"); ok {
			tally.Add(f)
			any = true
		}
	}
	var rows []kpi.Row
	for _, row := range tally.Rows() {
		if any && row.Dimension == kpi.ByStage {
			rows = append(rows, row)
		}
	}
	return rows
}

// brokenWindows answers every question with an error.
type brokenWindows struct{ err error }

func (b brokenWindows) Windows(context.Context, string, period.Grain, string, string) ([]kpi.Window, error) {
	return nil, b.err
}

func (b brokenWindows) RollupTimes(context.Context, string) (map[period.Grain]event.Millis, error) {
	return nil, b.err
}

func (b brokenWindows) Marks(context.Context, string, event.Millis) ([]kpi.Mark, error) {
	return nil, b.err
}

func (w *world) breakWindows(err error) {
	w.config.Windows = brokenWindows{err}
	w.handler = query.New(w.config)
}
