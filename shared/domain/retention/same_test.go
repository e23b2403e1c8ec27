package retention_test

import (
	"fmt"
	"strconv"
	"testing"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/retention"
	"waymark/shared/domain/step"
)

// TestSameAsKPIs: what is called the same in KPIs, retention, lifecycle and funnels is the same number.
func TestSameAsKPIs(t *testing.T) {
	t.Parallel()
	set, err := measure.NewSet([]measure.Definition{
		{Name: "active_persons", Persons: "activities"}, {Name: "new_persons", Sum: "first_steps"}, {Name: "buyers", Persons: "orders"}, {Name: "new_buyers", Sum: "first_orders"},
	})
	if err != nil {
		t.Fatal(err)
	}
	lives := analysistest.Lives(63, 400)
	q := question(t, "Europe/London", "2026-02-01", "2026-06-01", "2026-08-01", nil)
	first := column(t, lives, q, retention.Analysis(), "cohorts", "size", map[string][]string{"horizon": {"1"}})
	firstOrder := column(t, lives, q, retention.Analysis(), "cohorts", "size", map[string][]string{"horizon": {"1"}, "cohort": {"first_order"}})
	buying := column(t, lives, q, retention.Analysis(), "cohorts", "size", map[string][]string{"horizon": {"1"}, "cohort": {"recurring"}, "event": {"order"}})
	active := column(t, lives, q, retention.Lifecycle(), "lifecycle", "active", nil)
	ordering := column(t, lives, q, retention.Lifecycle(), "lifecycle", "active", map[string][]string{"event": {"order"}})
	newBuyers := column(t, lives, q, retention.Lifecycle(), "lifecycle", "new", map[string][]string{"event": {"order"}})
	for _, w := range q.Calendar.Between(period.Month, q.From, q.To) {
		totals := set.Empty()
		for _, life := range lives {
			set.Add(totals, measure.Of(step.Between(life, event.At(w.Start), event.At(w.End))))
		}
		month := q
		month.From, month.To = w.Start, w.End
		entered := func(said map[string][]string) string {
			month.Said = said
			return tableOf(t, answer(t, funnel.Analysis(), lives, month, 1), "summary").Rows[0][0].String()
		}
		for name, got := range map[measure.Name][]string{
			"active_persons": {active[w.Key], entered(map[string][]string{"step": {"*"}, "among": {"activities"}})},
			"new_persons":    {first[w.Key]},
			"buyers":         {buying[w.Key], ordering[w.Key], entered(map[string][]string{"step": {"order"}})},
			"new_buyers":     {firstOrder[w.Key], newBuyers[w.Key]},
		} {
			want := totals.Number(measure.Key{Dimension: measure.Whole}, name).String()
			for i, n := range got {
				if n != want || want == "0" {
					t.Errorf("%s of %s: analysis %d says %s, the KPI %s", name, w.Key, i, n, want)
				}
			}
		}
	}
}

// column gives the numbers of a column by the day that their row begins with, the first of several.
func column(t *testing.T, lives [][]step.Row, q analysis.Question, of analysis.Analysis, table, name string, said map[string][]string) map[string]string {
	t.Helper()
	q.Said = said
	out := map[string]string{}
	found := tableOf(t, answer(t, of, lives, q, 2), table)
	for _, row := range found.Rows {
		for c, column := range found.Columns {
			if _, isThere := out[row[0].String()]; column.Name == name && !isThere {
				out[row[0].String()] = row[c].String()
			}
		}
	}
	return out
}

// TestManyValues: values beyond those that have rows are added up, and nobody is missing.
func TestManyValues(t *testing.T) {
	t.Parallel()
	q := question(t, "UTC", "2026-01-01", "2026-03-01", "2026-03-01", nil)
	q.By, _ = analysis.ParseBreakdown("by", "channel")
	var lives [][]step.Row
	for i := range 3 * retention.MaxValues {
		channel := "c" + strconv.Itoa(i%(retention.MaxValues+50))
		lives = append(lives, person(t, q.Calendar, "2026-01-02T10:00 "+channel, "2026-02-02T10:00 "+channel))
	}
	a := answer(t, retention.Analysis(), lives, q, 1)
	checkBy(t, a)
	rows := tableOf(t, a, "by").Rows
	if got := fmt.Sprint(len(rows), rows[len(rows)-1][0], rows[len(rows)-1][2], rows[0][0]); got != "202 (other) 100 c0" {
		t.Errorf("rows, the last value, its persons and the first value: %s, want 202 (other) 100 c0", got)
	}
	a = answer(t, retention.Lifecycle(), lives, q, 1)
	rows = tableOf(t, a, "by").Rows
	reconcileBy(t, tableOf(t, a, "lifecycle").Rows, rows)
	if len(rows) != 2*(retention.MaxValues+1) || rows[len(rows)-1][0].String() != "(other)" {
		t.Errorf("%d rows, the last of %s", len(rows), rows[len(rows)-1][0])
	}
}
