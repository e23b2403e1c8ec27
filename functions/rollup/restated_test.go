package rollup_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
)

// noted lists the exports that notes are left of, without repetitions.
func (w *world) noted(t testing.TB) []string {
	t.Helper()
	out := []string{}
	for _, n := range w.left(t) {
		out = append(out, fmt.Sprintf("%s %s", n.Grain, n.Key))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (w *world) left(t testing.TB) []report.Restatement {
	t.Helper()
	var all []report.Restatement
	for _, g := range period.Grains() {
		notes, err := w.table.Restated(t.Context(), "shop", g)
		must(t, err)
		all = append(all, notes...)
	}
	return all
}

// A changed window leaves a note of each export that holds it, and one that does not change leaves none.
func TestNotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, pageView("e1", visitor("a"), "2026-09-30T09:00:00Z"))
	w.rollUp(t)
	checkEqual(t, "after the first event", w.noted(t), []string{"day 2026-09-30", "month 2026-09-01", "week 2026-09-28"})
	for _, n := range w.left(t) {
		must(t, w.table.DeleteRestated(t.Context(), "shop", []string{n.Handle}))
	}
	w.take(t, pageView("e1", visitor("a"), "2026-09-30T09:00:00Z"))
	w.rollUp(t)
	checkEqual(t, "after a repeat", w.noted(t), []string{})
	w.take(t, identify("e2", "b", "a", "2026-10-01T10:00:00Z")) // the visitor has another name, and every number stays
	w.rollUp(t)
	checkEqual(t, "after a name", w.noted(t), []string{})
	w.take(t, pageView("e3", visitor("a"), "2026-10-01T10:00:00Z"))
	w.rollUp(t)
	checkEqual(t, "after a day of the same week and another month", w.noted(t), []string{"day 2026-10-01", "month 2026-10-01", "week 2026-09-28"})
}

// A rollup may die between any two calls: no window is ever stored at a new revision without a note of each export that holds it.
func TestNotesComeFirst(t *testing.T) {
	t.Parallel()
	undisturbed := busy(t)
	undisturbed.calls = nil
	undisturbed.rollUp(t)
	for n := range len(undisturbed.calls) {
		w := busy(t)
		before := w.stored(t)
		for _, note := range w.left(t) {
			must(t, w.table.DeleteRestated(t.Context(), "shop", []string{note.Handle}))
		}
		w.disturb(t, n, n%2 == 0, true)
		notes := w.left(t)
		for name, one := range w.stored(t) {
			if one.Revision == before[name].Revision {
				continue
			}
			for _, want := range report.Restatements(w.calendar, []kpi.Window{one}, 0) {
				if !slices.ContainsFunc(notes, func(n report.Restatement) bool {
					return n.Grain == want.Grain && n.Key == want.Key && slices.Contains(n.Changes, want.Changes[0])
				}) {
					t.Fatalf("killed at call %d: %s is stored at revision %d, and nothing notes it for the export of %s %s", n+1, name, one.Revision, want.Grain, want.Key)
				}
			}
		}
	}
}

// On the days on which London's clock changes a visit each half hour of the day's 23 or 25 hours is in an hour of its own pair, and all are in the
// day: the hour that occurs twice is two windows, and the one that is skipped is none.
func TestDaysOfClockChanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		day   string
		start time.Time
		hours int
	}{
		{"2026-03-29", time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC), 23},
		{"2026-10-25", time.Date(2026, 10, 24, 23, 0, 0, 0, time.UTC), 25},
		{"2024-02-29", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), 24},
	} {
		w := newWorld(t)
		for n := -1; n <= 2*test.hours; n++ { // one before the day and one after
			at := test.start.Add(time.Duration(n) * 30 * time.Minute)
			w.take(t, pageView(fmt.Sprint("e", n), visitor("a"), at.In(time.FixedZone("", n%14*3600)).Format(time.RFC3339)))
		}
		w.rollUp(t)
		w.check(t)
		if got := w.value(t, "day "+test.day, kpi.Touchpoints, "", ""); got != int64(2*test.hours) {
			t.Errorf("%s has %d touchpoints, want %d", test.day, got, 2*test.hours)
		}
		hours := 0
		for name, one := range w.stored(t) {
			if one.Grain == period.Hour && !one.Start.Time().Before(test.start) && one.Start.Time().Before(test.start.Add(time.Duration(test.hours)*time.Hour)) {
				hours++
				if got := w.value(t, name, kpi.Touchpoints, "", ""); got != 2 {
					t.Errorf("%s has %d touchpoints, want 2", name, got)
				}
			}
		}
		if hours != test.hours {
			t.Errorf("%s has %d hours, want %d", test.day, hours, test.hours)
		}
	}
}
