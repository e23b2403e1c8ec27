package export_test

import (
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
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
				w.compute(t, ws, period.Day, day, visit("anon:a"))
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
		w.compute(t, "shop", period.Hour, "2026-11-20T23:00:00Z", visit("anon:a")) // of the day before
		w.compute(t, "shop", period.Hour, "2026-11-21T00:00:00Z", visit("anon:a"))
		w.compute(t, "shop", period.Hour, "2026-11-21T23:00:00Z", visit("anon:a"))
		for _, day := range []string{"2026-10-31", "2026-11-09", "2026-11-15", "2026-11-16", "2026-11-21"} {
			w.compute(t, "shop", period.Day, day, visit("anon:a"))
		}
		w.compute(t, "shop", period.Week, "2026-11-09", visit("anon:a"))
		w.compute(t, "shop", period.Month, "2026-10-01", visit("anon:a"))
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

// A window that a rollup has still to compute is not exported, and is made up for by a later firing.
func TestDirtyWindowWaits(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit("anon:a"))
	clear := w.mark(t, period.Day, "2026-11-21")
	checkEqual(t, "exports while it is dirty", w.fire(t, "daily", "2026-11-22T06:00:00Z"), []string{})
	checkEqual(t, "listed while it is dirty", w.listed(t, "shop"), []string{})
	clear()
	w.compute(t, "shop", period.Day, "2026-11-21", visit("anon:a"), visit("anon:b"))
	w.compute(t, "shop", period.Day, "2026-11-22", visit("anon:a"))
	want := []string{"shop daily-2026-11-22-r1", "shop daily-2026-11-21-r1"}
	checkEqual(t, "exports a day later", w.fire(t, "daily", "2026-11-23T06:00:00Z"), want)
	checkEqual(t, "exports when it fires again", w.fire(t, "daily", "2026-11-23T06:00:00Z"), want[:1])
}

// Only marks of what an export holds make it wait.
func TestWhichMarksHoldAnExportUp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		schedule string
		grain    period.Grain
		key      string
		waits    bool
	}{
		{"daily", period.Day, "2026-11-21", true},
		{"daily", period.Day, "2026-11-22", false},
		{"daily", period.Week, "2026-11-16", false}, // today's rollup marks the week; yesterday is done
		{"daily", period.Month, "2026-11-01", false},
		{"weekly", period.Week, "2026-11-09", true},
		{"weekly", period.Day, "2026-11-15", true},
		{"weekly", period.Day, "2026-11-16", false},
		{"weekly", period.Month, "2026-11-01", false},
		{"monthly", period.Month, "2026-10-01", true},
		{"monthly", period.Day, "2026-10-31", true},
		{"monthly", period.Week, "2026-10-26", false},
		{"monthly", period.Quarter, "2026-10-01", false},
		{"daily", period.Day, "", true}, // of persons who were parted, on any day
		{"weekly", period.Day, "", true},
		{"monthly", period.Day, "", true},
	} {
		w := newShop(t)
		w.compute(t, "shop", period.Day, "2026-11-21", visit("anon:a"))
		w.compute(t, "shop", period.Week, "2026-11-09", visit("anon:a"))
		w.compute(t, "shop", period.Month, "2026-10-01", visit("anon:a"))
		w.mark(t, test.grain, test.key)
		if got := len(w.fire(t, test.schedule, "2026-11-22T06:00:00Z")) == 0; got != test.waits {
			t.Errorf("%s with a mark of %s %s waits: %v, want %v", test.schedule, test.grain, test.key, got, test.waits)
		}
	}
}

// A mark that is not due yet is of a change that time will make: it holds nothing up.
func TestMarkAhead(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit("anon:a"))
	must(t, w.table.PutMarks(t.Context(), "shop", []kpi.Mark{{Grain: period.Day, Key: "2026-11-21", NotBefore: event.At(w.now.AddDate(0, 0, 1))}}))
	checkEqual(t, "exports", w.fire(t, "daily", "2026-11-22T06:00:00Z"), []string{"shop daily-2026-11-21-r1"})
}

// A day on which nothing ever happened has no export, and the days before it are still looked at, a week back.
func TestQuietDays(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	checkEqual(t, "exports of a new workspace", w.fire(t, "daily", "2026-11-22T06:00:00Z"), []string{})
	w.compute(t, "shop", period.Day, "2026-11-14", visit("anon:a"))
	w.compute(t, "shop", period.Day, "2026-11-15", visit("anon:a"))
	w.compute(t, "shop", period.Day, "2026-11-18", visit("anon:a"))
	want := []string{"shop daily-2026-11-18-r1", "shop daily-2026-11-15-r1"}
	checkEqual(t, "exports after quiet days", w.fire(t, "daily", "2026-11-22T06:00:00Z"), want)
}
