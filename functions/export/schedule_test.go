package export_test

import (
	"testing"
	"time"

	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// The newest closed day is another in each zone: at one instant it is the 23rd in Auckland, the 22nd in Kolkata and London, and early on the
// 22nd in Los Angeles; a firing a few hours before finds Los Angeles a day behind.
func TestClosedDayOfEachZone(t *testing.T) {
	t.Parallel()
	zones := map[string]string{"a": "Pacific/Auckland", "k": "Asia/Kolkata", "l": "America/Los_Angeles", "o": "Europe/London"}
	for _, test := range []struct {
		at   string
		want []string
	}{
		{"2026-11-22T12:00:00Z", []string{"a daily-2026-11-22-r1", "k daily-2026-11-21-r1", "l daily-2026-11-21-r1", "o daily-2026-11-21-r1"}},
		{"2026-11-22T06:00:00Z", []string{"a daily-2026-11-21-r1", "k daily-2026-11-21-r1", "l daily-2026-11-20-r1", "o daily-2026-11-21-r1"}},
		{"2026-11-21T18:29:59Z", []string{"a daily-2026-11-21-r1", "k daily-2026-11-20-r1", "l daily-2026-11-20-r1", "o daily-2026-11-20-r1"}},
		{"2026-11-21T18:30:00Z", []string{"a daily-2026-11-21-r1", "k daily-2026-11-21-r1", "l daily-2026-11-20-r1", "o daily-2026-11-20-r1"}},
	} {
		w := newWorld(t, zones)
		for ws := range zones {
			for _, day := range []string{"2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"} {
				w.compute(t, workspace.Namespace(ws), period.Day, day, visit())
			}
		}
		got := []string{}
		for _, name := range w.fire(t, "daily", test.at) {
			if n := len(got); n == 0 || got[n-1][0] != name[0] { // the newest of each workspace
				got = append(got, name)
			}
		}
		checkEqual(t, "fired at "+test.at, got, test.want)
	}
}

// Each schedule exports the newest closed window of its grain with the windows that it is made of.
func TestGrainsOfSchedules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		schedule, name string
		windows        int
	}{
		{"daily", "shop daily-2026-11-21-r1", 3}, {"weekly", "shop weekly-2026-11-09-r1", 3}, {"monthly", "shop monthly-2026-10-01-r1", 2},
	} {
		w := newShop(t)
		w.compute(t, "shop", period.Hour, "2026-11-20T23:00:00Z", visit()) // of the day before
		w.compute(t, "shop", period.Hour, "2026-11-21T00:00:00Z", visit())
		w.compute(t, "shop", period.Hour, "2026-11-21T23:00:00Z", visit())
		for _, day := range []string{"2026-10-31", "2026-11-09", "2026-11-15", "2026-11-16", "2026-11-21"} {
			w.compute(t, "shop", period.Day, day, visit())
		}
		w.compute(t, "shop", period.Week, "2026-11-09", visit())
		w.compute(t, "shop", period.Month, "2026-10-01", visit())
		names := w.fire(t, test.schedule, "2026-11-22T06:00:00Z")
		if len(names) == 0 || names[0] != test.name {
			t.Errorf("%s makes %q, want %s first", test.schedule, names, test.name)
			continue
		}
		if m := w.demand(t, `{"schedule":"`+test.schedule+`"}`); m.Windows != test.windows || "shop "+m.Name != test.name {
			t.Errorf("%s holds %d windows, want %d", m.Name, m.Windows, test.windows)
		}
	}
}

// A window waits until a settle has begun after its end, and is made up for by a later firing.
func TestWindowsWaitForASettle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		schedule, settled string
		want              []string
	}{
		{"daily", "2026-11-21T23:59:59.999Z", []string{}},
		{"daily", "2026-11-22T00:00:00Z", []string{"shop daily-2026-11-21-r1"}},
		{"weekly", "2026-11-15T23:59:59Z", []string{}},
		{"weekly", "2026-11-16T00:00:00Z", []string{"shop weekly-2026-11-09-r1"}},
		{"monthly", "2026-10-31T23:59:59Z", []string{}},
		{"monthly", "2026-11-01T00:00:00Z", []string{"shop monthly-2026-10-01-r1"}},
	} {
		w := newShop(t)
		w.compute(t, "shop", period.Day, "2026-11-21", visit())
		w.compute(t, "shop", period.Week, "2026-11-09", visit())
		w.compute(t, "shop", period.Month, "2026-10-01", visit())
		settled, err := time.Parse(time.RFC3339, c.settled)
		must(t, err)
		w.settled(t, "shop", settled)
		checkEqual(t, c.schedule+" when settled at "+c.settled, w.fire(t, c.schedule, "2026-11-22T06:00:00Z"), c.want)
		checkEqual(t, "number listed", []int{len(w.listed(t, "shop"))}, []int{len(c.want)})
		w.settled(t, "shop", w.Now)
		if later := w.fire(t, c.schedule, "2026-11-22T06:00:00Z"); len(later) != 1 {
			t.Errorf("settled later, %s makes %q, want what waited", c.schedule, later)
		}
	}
}

// A day on which nothing ever happened has no export, and the days before it are still looked at, a week back.
func TestQuietDays(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	checkEqual(t, "exports of a new workspace", w.fire(t, "daily", "2026-11-22T06:00:00Z"), []string{})
	w.compute(t, "shop", period.Day, "2026-11-14", visit())
	w.compute(t, "shop", period.Day, "2026-11-15", visit())
	w.compute(t, "shop", period.Day, "2026-11-18", visit())
	want := []string{"shop daily-2026-11-18-r1", "shop daily-2026-11-15-r1"}
	checkEqual(t, "exports after quiet days", w.fire(t, "daily", "2026-11-22T06:00:00Z"), want)
}
