package late_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
)

// How a life of a workspace is laid out: 60 days over the change of London's clock, and so many events of which one in twenty is late.
const (
	lifeDays   = 60
	lifeEvents = 20
	lateEvents = lifeEvents / 20
)

var begin = time.Date(2026, 9, 20, 0, 0, 0, 0, time.UTC)

// Five in a hundred events come an hour to forty days late, while rollups and scheduled exports go on. In the end all windows, and the newest
// revision of every export, are what a new world computes that gets all events at once; and each firing exports exactly what changed, once.
func TestLateDataEqualsFromScratch(t *testing.T) {
	t.Parallel()
	var exports, restated, windows, worlds atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		forSeeds(t, setting(t, "WAYMARK_LATE_N", 1000), func(t *testing.T, r *rand.Rand) {
			arrivals := life(r)
			w := newWorld(t, begin)
			l := newLedger(w)
			w.rollup, w.export = w.rolls(l), w.exports(l)
			restated.Add(int64(w.live(t, l, arrivals)))

			scratch := newWorld(t, begin)
			scratch.now = w.now
			r.Shuffle(len(arrivals), func(i, j int) { arrivals[i], arrivals[j] = arrivals[j], arrivals[i] })
			scratch.take(t, arrivals...)
			scratch.rollUp(t)
			for _, schedule := range scheduleOf {
				scratch.fire(t, schedule)
			}
			compareWindows(t, w, scratch)
			got, want := newest(t, w), newest(t, scratch)
			for _, name := range sorted(merge(got, want)) {
				if got[name] != want[name] {
					t.Errorf("the newest %s holds other numbers than one made from scratch", name)
				}
			}
			worlds.Add(1)
			exports.Add(int64(len(want)))
			windows.Add(int64(len(l.windows)))
		})
	})
	t.Logf("%d worlds of %d events, %d of them late: %d windows and %d exports equal those from scratch; %d revisions restate an export",
		worlds.Load(), lifeEvents, lateEvents, windows.Load(), exports.Load(), restated.Load())
}

// life is the events of a workspace as they arrive: most at once, some an hour to forty days late, short delays as likely as long ones.
func life(r *rand.Rand) []arrival {
	var out []arrival
	var at time.Time
	for n := range lifeEvents {
		delay := time.Duration(r.IntN(30)) * time.Second
		if n < lateEvents {
			delay = time.Duration(float64(time.Hour) * math.Pow(40*24, r.Float64()))
		}
		if n%3 > 0 && n > lateEvents { // goes on where the one before was, within its session or in another
			at = at.Add(time.Duration(r.IntN(60)) * time.Minute)
			out = append(out, arrival{at.Add(delay), anyEvent(r, r.IntN(2*kinds), fmt.Sprint("e", n), at)})
			continue
		}
		span := lifeDays*24*time.Hour - delay
		at = begin.Add(time.Duration(r.Int64N(int64(span)))).Truncate(time.Second)
		if r.IntN(4) == 0 { // about a midnight
			at = at.Truncate(24 * time.Hour).Add(time.Duration(r.IntN(6)) * 10 * time.Minute)
		}
		out = append(out, arrival{at.Add(delay), anyEvent(r, r.IntN(2*kinds), fmt.Sprint("e", n), at)})
	}
	slices.SortFunc(out, func(a, b arrival) int { return a.at.Compare(b.at) })
	return out
}

// live runs the clock: events are processed as they arrive and rolled up within half a day, and the schedules fire when they do on AWS.
func (w *world) live(t testing.TB, l *ledger, arrivals []arrival) (restated int) {
	t.Helper()
	end := begin.AddDate(0, 0, lifeDays+1)
	for w.now = begin.Add(6 * time.Hour); w.now.Before(end); w.now = w.now.Add(12 * time.Hour) {
		due := 0
		for due < len(arrivals) && !arrivals[due].at.After(w.now) {
			due++
		}
		if due > 0 {
			w.take(t, arrivals[:due]...)
		}
		arrivals = arrivals[due:]
		isMorning := w.now.Hour() == 6
		if due > 0 || isMorning {
			w.rollUp(t)
		}
		if isMorning {
			restated += l.day(t, w)
		}
	}
	w.rollUp(t)
	for _, grain := range []period.Grain{period.Day, period.Week, period.Month} {
		restated += l.fire(t, w, grain)
	}
	for _, grain := range []period.Grain{period.Day, period.Week, period.Month} {
		if l.fire(t, w, grain) != 0 {
			t.Errorf("firing %s again restates something", grain)
		}
	}
	return restated
}

// day fires the schedules of a day's morning.
func (l *ledger) day(t testing.TB, w *world) (restated int) {
	t.Helper()
	restated = l.fire(t, w, period.Day)
	if w.now.Weekday() == time.Monday {
		restated += l.fire(t, w, period.Week)
	}
	if w.now.Day() == 1 {
		restated += l.fire(t, w, period.Month)
	}
	return restated
}

// compareWindows: a window that says nothing any more may be stored or not.
func compareWindows(t testing.TB, w, scratch *world) {
	t.Helper()
	got, want := w.stored(t), scratch.stored(t)
	for _, name := range sorted(merge(got, want)) {
		rows, wantRows := got[name].Rows, want[name].Rows
		if got[name].Revision == 0 {
			rows = nothing
		}
		if want[name].Revision == 0 {
			wantRows = nothing
		}
		if !reflect.DeepEqual(rows, wantRows) {
			t.Errorf("%s holds other rows than one made from scratch", name)
		}
	}
}

func merge[V any](a, b map[string]V) map[string]V {
	out := map[string]V{}
	for _, m := range []map[string]V{a, b} {
		for key, value := range m {
			out[key] = value
		}
	}
	return out
}

// newest gives the numbers in the newest revision of every export, without revisions and when they were computed, and without windows that say
// nothing any more.
func newest(t testing.TB, w *world) map[string]string {
	t.Helper()
	keys, err := w.bucket.List(t.Context(), report.Prefix(tenant))
	must(t, err)
	revisions := map[string]int{}
	for _, key := range keys {
		name, isManifest := report.NameOf(tenant, key)
		if !isManifest {
			continue
		}
		at := strings.LastIndex(name, "-r")
		revision := 0
		_, err := fmt.Sscan(name[at+2:], &revision)
		must(t, err)
		revisions[name[:at]] = max(revisions[name[:at]], revision)
	}
	out := map[string]string{}
	for name, revision := range revisions {
		body, err := w.bucket.Get(t.Context(), report.FileKey(tenant, fmt.Sprintf("%s-r%d.csv", name, revision)))
		must(t, err)
		if numbers := numbersOf(t, string(body)); numbers != "" {
			out[name] = numbers
		}
	}
	return out
}

func numbersOf(t testing.TB, file string) string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	must(t, err)
	header := rows[0]
	n, revision, computed := slices.Index(header, "n"), slices.Index(header, "revision"), slices.Index(header, "computed_at")
	var order []string
	lines, counts := map[string][]string{}, map[string]bool{}
	for _, row := range rows[1:] {
		window := strings.Join(row[2:5], " ") // grain, start, end
		if lines[window] == nil {
			order = append(order, window)
		}
		counts[window] = counts[window] || row[n] != "0"
		row[revision], row[computed] = "", ""
		lines[window] = append(lines[window], strings.Join(row, ","))
	}
	var out strings.Builder
	for _, window := range order {
		if counts[window] {
			out.WriteString(strings.Join(lines[window], "\n") + "\n")
		}
	}
	return out.String()
}
