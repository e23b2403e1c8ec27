package late_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/testing/seed"
	"waymark/shared/testing/system"
)

// How a life of a workspace is laid out: 60 days over the change of London's clock, and so many events of which one in twenty is late.
const (
	lifeDays   = 60
	lifeEvents = 20
	lateEvents = lifeEvents / 20
)

var begin = time.Date(2026, 9, 20, 0, 0, 0, 0, time.UTC)

// Five in a hundred events come an hour to forty days late, while settles and scheduled exports go on. In the end all windows, and so the newest
// revision of every export, are what a new world computes that gets all events at once; and each firing exports exactly what changed, once.
func TestLateDataEqualsFromScratch(t *testing.T) {
	t.Parallel()
	worlds, windows, exports, restated := 0, 0, 0, 0
	seed.Each(t, 150, func(t *testing.T, r *rand.Rand) {
		arrivals := anyLife(r)
		w := newWorld(t, begin)
		l := &ledger{world: w, exported: map[string]map[string]int64{}, newest: map[string]report.Manifest{}}
		l.live(arrivals)

		scratch := newWorld(t, begin)
		scratch.Now = w.Now
		r.Shuffle(len(arrivals), func(i, j int) { arrivals[i], arrivals[j] = arrivals[j], arrivals[i] })
		scratch.take(arrivals...)
		scratch.Settle()
		got, want := w.Windows(shop), scratch.Windows(shop)
		for name, one := range got {
			if rows := want[name].Rows; rows == nil && !reflect.DeepEqual(one.Rows, w.nothing()) || rows != nil && !reflect.DeepEqual(one.Rows, rows) {
				t.Errorf("%s holds other rows than one made from scratch", name)
			}
		}
		for name := range want {
			if _, found := got[name]; !found {
				t.Errorf("%s is missing", name)
			}
		}
		l.checkExports()
		worlds, windows, exports, restated = worlds+1, windows+len(got), exports+len(l.newest), restated+l.restated
	})
	t.Logf("%d worlds of %d events, %d of them late: %d windows and %d exports equal those from scratch; %d revisions restate an export",
		worlds, lifeEvents, lateEvents, windows, exports, restated)
}

// anyLife is the events of a workspace as they arrive: most at once, some an hour to forty days late, short delays as likely as long ones.
func anyLife(r *rand.Rand) []arrival {
	var out []arrival
	var at time.Time
	for n := range lifeEvents {
		delay := time.Duration(r.IntN(30)) * time.Second
		if n < lateEvents {
			delay = time.Duration(float64(time.Hour) * math.Pow(40*24, r.Float64()))
		}
		if n%3 > 0 && n > lateEvents { // goes on where the one before was, within its session or in another
			at = at.Add(time.Duration(r.IntN(60)) * time.Minute)
		} else {
			at = begin.Add(time.Duration(r.Int64N(int64(lifeDays*24*time.Hour - delay)))).Truncate(time.Second)
			if r.IntN(4) == 0 { // about a midnight
				at = at.Truncate(24 * time.Hour).Add(time.Duration(r.IntN(6)) * 10 * time.Minute)
			}
		}
		out = append(out, arrival{at.Add(delay), anyEvent(r, r.IntN(2*kinds), fmt.Sprint("e", n), at)})
	}
	slices.SortFunc(out, func(a, b arrival) int { return a.at.Compare(b.at) })
	return out
}

// ledger says what a firing has to make, without any notes: every export whose windows are others than when it was last made.
type ledger struct {
	world
	exported map[string]map[string]int64 // by export: the revisions of its windows when it was last made
	newest   map[string]report.Manifest  // by export
	restated int
}

// live runs the clock: events are processed as they arrive and settled within half a day, and the schedules fire when they do on AWS.
func (l *ledger) live(arrivals []arrival) {
	l.t.Helper()
	end := begin.AddDate(0, 0, lifeDays+1)
	for now := begin.Add(6 * time.Hour); now.Before(end); now = now.Add(12 * time.Hour) {
		l.Now = now
		due := 0
		for due < len(arrivals) && !arrivals[due].at.After(now) {
			due++
		}
		if due > 0 {
			l.take(arrivals[:due]...)
		}
		arrivals = arrivals[due:]
		isMorning := now.Hour() == 6
		if due > 0 || isMorning {
			l.Settle()
		}
		if isMorning {
			l.fire(period.Day)
		}
		if isMorning && now.Weekday() == time.Monday {
			l.fire(period.Week)
		}
		if isMorning && now.Day() == 1 {
			l.fire(period.Month)
		}
	}
	l.Settle()
	for range 2 { // the second time there is nothing to do
		l.fire(period.Day)
		l.fire(period.Week)
		l.fire(period.Month)
	}
}

// holding gives the revisions of the windows that each export of a schedule holds now, as far as its own window is over.
func (l *ledger) holding(of period.Grain) map[string]map[string]int64 {
	out := map[string]map[string]int64{}
	calendar, _ := shop.Calendar()
	for _, grain := range report.Parts(of) {
		windows, _ := l.Table.Windows(l.t.Context(), shop.Namespace(), grain, "0", "~")
		for _, w := range windows {
			whole := calendar.At(of, w.Start.Time())
			if !whole.Closed(l.Now) {
				continue
			}
			export := system.Schedules[of] + "-" + whole.Key
			if out[export] == nil {
				out[export] = map[string]int64{}
			}
			out[export][string(grain)+" "+calendar.Local(w.Start.Time()).Format(time.RFC3339)] = w.Revision
		}
	}
	return out
}

// fire fires a schedule and checks that it makes exactly the exports whose windows are others than when they were last made, each once.
func (l *ledger) fire(grain period.Grain) {
	l.t.Helper()
	var want, got []string
	now := l.holding(grain)
	for export, windows := range now {
		if !maps.Equal(windows, l.exported[export]) {
			want = append(want, fmt.Sprintf("%s-r%d", export, l.newest[export].Revision+1))
		}
	}
	for _, m := range l.Fire(system.Schedules[grain]) {
		export := strings.TrimSuffix(m.Name, fmt.Sprintf("-r%d", m.Revision))
		if m.Revision == l.newest[export].Revision {
			continue // the newest window's, which was there
		}
		got = append(got, m.Name)
		if m.Revision > 1 {
			l.restated++
			l.checkRestated(m, l.exported[export], now[export])
		}
		l.newest[export], l.exported[export] = m, now[export]
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		l.t.Errorf("%s of %v made\n got %v\nwant %v", system.Schedules[grain], l.Now, got, want)
	}
}

// checkRestated: the manifest names the windows whose revision rose by one, and none that did not rise. One that rose by more may say again what
// it said before.
func (l *ledger) checkRestated(m report.Manifest, before, now map[string]int64) {
	l.t.Helper()
	named := map[string]bool{}
	for _, span := range m.Restated {
		named[span.Grain+" "+span.Start] = true
	}
	for name, revision := range now {
		if rise := revision - before[name]; rise == 1 && !named[name] || rise == 0 && named[name] {
			l.t.Errorf("%s says of %s, which rose by %d, that it is restated: %v", m.Name, name, rise, named[name])
		}
	}
}

// checkExports holds every third of the newest exports to the windows as they are stored, and its manifest to what was answered.
func (l *ledger) checkExports() {
	l.t.Helper()
	for i, name := range slices.Sorted(maps.Keys(l.newest)) {
		m := l.newest[name]
		if i%3 > 0 {
			continue
		}
		want, err := system.CSV(l.t.Context(), l.Table, l.Definitions, shop, m.Name)
		file, errFile := l.Exports.Get(l.t.Context(), report.FileKey(shop.Name, m.Files[0].Name))
		text, errManifest := l.Exports.Get(l.t.Context(), report.ManifestKey(shop.Name, m.Name))
		var stored report.Manifest
		_ = json.Unmarshal(text, &stored)
		if err != nil || errFile != nil || errManifest != nil || string(file) != string(want) || !reflect.DeepEqual(stored, m) {
			l.t.Errorf("%s does not hold what is stored (%v, %v, %v)", m.Name, err, errFile, errManifest)
		}
	}
}
