package retention_test

import (
	"fmt"
	"strings"
	"testing"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
	"waymark/shared/domain/retention"
	"waymark/shared/domain/step"
)

// TestLifecycleExample is the worked example of docs/analyses/lifecycle.md.
func TestLifecycleExample(t *testing.T) {
	t.Parallel()
	q := question(t, "Europe/Berlin", "2026-03-23", "2026-04-13", "2026-04-10", map[string][]string{"grain": {"week"}})
	documented(t, "lifecycle.md", tableOf(t, answer(t, retention.Lifecycle(), shop(t, q.Calendar), q, 1), "lifecycle"),
		`| since | active | new | returning | resurrected | dormant | active_before | quick_ratio | retention | state |
|---|---|---|---|---|---|---|---|---|---|
| 2026-03-23 | 2 | 0 | 2 | 0 | 2 | 4 | 0.0000 | 0.5000 | complete |
| 2026-03-30 | 3 | 2 | 1 | 0 | 1 | 2 | 2.0000 | 0.5000 | complete |
| 2026-04-06 | 1 | 0 | 0 | 1 | 3 | 3 | 0.3333 | 0.0000 | open |`)
}

// TestLifecycleSegment: a segment knows nobody who did nothing in the period, and the answer says so.
func TestLifecycleSegment(t *testing.T) {
	t.Parallel()
	q := question(t, "UTC", "2026-02-01", "2026-03-01", "2026-03-01", nil)
	q.Segment, _ = analysis.ParseSegment("segment", []string{"channel:email"})
	lives := [][]step.Row{person(t, q.Calendar, "2026-01-02T10:00 email"), person(t, q.Calendar, "2026-01-02T10:00 email", "2026-02-02T10:00 email")}
	a := answer(t, retention.Lifecycle(), lives, q, 1)
	row := tableOf(t, a, "lifecycle").Rows[0]
	if got := fmt.Sprint(row[1:7]); got != "[1 0 1 0 0 1]" || !strings.Contains(strings.Join(a.Notes, " "), "whoever was active before it and never in it") {
		t.Errorf("%s with notes %q", got, a.Notes)
	}
}

// TestLifecycleBrute classifies persons a second time, from the set of units in which each was active, and reconciles each unit with the one before.
func TestLifecycleBrute(t *testing.T) {
	t.Parallel()
	const seed = 62
	lives := analysistest.Lives(seed, 400)
	for i, said := range []map[string][]string{{}, {"grain": {"week"}}, {"grain": {"day"}}, {"grain": {"week"}, "event": {"order"}}, {"event": {"Product Viewed"}}} {
		q := question(t, "America/New_York", "2026-03-05", "2026-06-01", "2026-05-20", said)
		q.By, _ = analysis.ParseBreakdown("by", "channel")
		a := answer(t, retention.Lifecycle(), lives, q, 1)
		if one, three := text(t, a), text(t, answer(t, retention.Lifecycle(), lives, q, 3)); one != three {
			t.Errorf("seed %d, question %d: three parts give\n%s\none gives\n%s", seed, i, three, one)
		}
		rows := tableOf(t, a, "lifecycle").Rows
		b := bruteForce{q: q, units: map[event.Millis]string{}}
		for _, row := range rows {
			if got, want := fmt.Sprint(row[1:7]), bruteLifecycle(&b, lives, row[0].String()); got != want {
				t.Errorf("seed %d, question %d, %s: %s, want %s", seed, i, row[0], got, want)
			}
		}
		reconcile(t, rows)
		reconcileBy(t, rows, tableOf(t, a, "by").Rows)
	}
}

func bruteLifecycle(b *bruteForce, lives [][]step.Row, key string) string {
	q, grain := b.q, period.Grain(b.q.Text("grain"))
	if grain == "" {
		grain = period.Month
	}
	now, _ := q.Calendar.ByKey(grain, key)
	before := q.Calendar.Prev(now)
	var active, fresh, returning, resurrected, dormant, activeBefore int
	for _, life := range lives {
		units, first := map[string]bool{}, ""
		for _, r := range life {
			if unit := b.unit(&r); unit != "" && b.is("event", &r) {
				if units[unit] = true; first == "" {
					first = unit
				}
			}
		}
		is, was := units[now.Key], units[before.Key]
		for _, c := range []struct {
			holds bool
			n     *int
		}{
			{is, &active},
			{was, &activeBefore},
			{is && first == now.Key, &fresh},
			{is && was, &returning},
			{is && !was && first != now.Key, &resurrected},
			{was && !is, &dormant},
		} {
			if c.holds {
				*c.n++
			}
		}
	}
	return fmt.Sprint([]int{active, fresh, returning, resurrected, dormant, activeBefore})
}

// reconcile holds each unit to the one before it.
func reconcile(t *testing.T, rows [][]analysis.Value) {
	t.Helper()
	n := func(row []analysis.Value, column int) int64 { count, _ := row[column].Counts(); return count }
	for i, row := range rows {
		if n(row, 1) != n(row, 2)+n(row, 3)+n(row, 4) || n(row, 6) != n(row, 3)+n(row, 5) || i > 0 && n(row, 6) != n(rows[i-1], 1) {
			t.Errorf("%s does not reconcile: %v after %v", row[0], row, rows[max(i-1, 0)])
		}
	}
}

func reconcileBy(t *testing.T, rows, by [][]analysis.Value) {
	t.Helper()
	sums := map[string][6]int64{}
	var of [][]analysis.Value
	for _, row := range by {
		sum := sums[row[1].String()]
		for c := range sum {
			n, _ := row[c+2].Counts()
			sum[c] += n
		}
		sums[row[1].String()] = sum
		if len(of) > 0 && of[0][0].String() != row[0].String() {
			of = nil
		}
		of = append(of, row)
		var values [][]analysis.Value
		for _, r := range of {
			values = append(values, r[1:])
		}
		reconcile(t, values)
	}
	for _, row := range rows {
		if sum := sums[row[0].String()]; fmt.Sprint(sum) != fmt.Sprint(row[1:7]) {
			t.Errorf("values of %s add up to %v, want %v", row[0], sum, row[1:7])
		}
	}
}
