package late_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
)

// ledger is the memory adapter with an eye on what is written: which windows an export holds at which revision, and whether an object of the
// bucket is ever written with two contents. It says what a firing has to make without any notes.
type ledger struct {
	plain
	calendar  period.Calendar
	windows   map[string]held
	exported  map[string]map[string]int64 // by export: the revisions of its windows when it was last made
	revisions map[string]int              // by export: its newest
	written   map[string]string
	rewritten []string
}

// held is a stored window: its revision, and the exports that hold it.
type held struct {
	revision int64
	start    string
	exports  []string
}

func newLedger(w *world) *ledger {
	return &ledger{
		plain: w.plain, calendar: w.calendar, windows: map[string]held{}, exported: map[string]map[string]int64{}, revisions: map[string]int{},
		written: map[string]string{},
	}
}

// holders are the schedules whose files hold windows of a grain.
var holders = map[period.Grain][]period.Grain{
	period.Hour: {period.Day}, period.Day: {period.Day, period.Week, period.Month}, period.Week: {period.Week}, period.Month: {period.Month},
}

var scheduleOf = map[period.Grain]string{period.Day: "daily", period.Week: "weekly", period.Month: "monthly"}

func (l *ledger) PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error {
	if err := l.Table.PutWindows(ctx, ws, windows, marks); err != nil {
		return err
	}
	for _, w := range windows {
		if w.Revision > 0 { // else it never had anything to count, and nobody sees it
			l.note(w)
		}
	}
	return nil
}

func (l *ledger) note(w kpi.Window) {
	name := nameOf(w.Grain, w.Key)
	one, known := l.windows[name]
	if !known {
		one.start = l.calendar.Local(w.Start.Time()).Format("2006-01-02T15:04:05Z07:00")
		for _, g := range holders[w.Grain] {
			one.exports = append(one.exports, scheduleOf[g]+"-"+l.calendar.At(g, w.Start.Time()).Key)
		}
	}
	one.revision = w.Revision
	l.windows[name] = one
}

func (l *ledger) Put(ctx context.Context, key, contentType string, body []byte) error {
	if before, found := l.written[key]; found && before != string(body) {
		l.rewritten = append(l.rewritten, key)
	}
	l.written[key] = string(body)
	return l.plain.Put(ctx, key, contentType, body)
}

// holding gives the windows that each export of a schedule holds now, as far as its own window is over.
func (l *ledger) holding(w *world, grain period.Grain) map[string]map[string]int64 {
	out := map[string]map[string]int64{}
	for name, one := range l.windows {
		for _, export := range one.exports {
			key, mine := strings.CutPrefix(export, scheduleOf[grain]+"-")
			if !mine {
				continue
			}
			if out[export] == nil {
				window, err := l.calendar.ByKey(grain, key)
				if err != nil || !window.Closed(w.now) {
					continue
				}
				out[export] = map[string]int64{}
			}
			out[export][name] = one.revision
		}
	}
	return out
}

// fire fires a schedule and checks that it makes exactly the exports whose windows are others than when they were last exported, each once.
func (l *ledger) fire(t testing.TB, w *world, grain period.Grain) (restated int) {
	t.Helper()
	var want, got []string
	now := l.holding(w, grain)
	for export, windows := range now {
		if fmt.Sprint(windows) != fmt.Sprint(l.exported[export]) {
			want = append(want, fmt.Sprintf("%s-r%d", export, l.revisions[export]+1))
		}
	}
	for _, m := range w.fire(t, scheduleOf[grain]) {
		export := strings.TrimSuffix(m.Name, fmt.Sprintf("-r%d", m.Revision))
		if m.Revision == l.revisions[export] {
			continue // the newest window's, which was there
		}
		got = append(got, m.Name)
		if m.Revision > 1 {
			restated++
			l.checkRestated(t, m, l.exported[export], now[export])
		}
		l.revisions[export], l.exported[export] = m.Revision, now[export]
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s of %v made\n got %v\nwant %v", scheduleOf[grain], w.now, got, want)
	}
	if len(l.rewritten) > 0 {
		t.Errorf("written with two contents: %v", l.rewritten)
	}
	return restated
}

// checkRestated: the manifest names the windows whose revision rose by one, and none that did not rise. One that rose by more may say again what
// it said before.
func (l *ledger) checkRestated(t testing.TB, m report.Manifest, before, now map[string]int64) {
	t.Helper()
	named := map[string]bool{}
	for _, span := range m.Restated {
		named[span.Grain+" "+span.Start] = true
	}
	for name, revision := range now {
		grain, _, _ := strings.Cut(name, " ")
		rise := revision - before[name]
		if isNamed := named[grain+" "+l.windows[name].start]; rise == 1 && !isNamed || rise == 0 && isNamed {
			t.Errorf("%s says of %s, which rose by %d, that it is restated: %v", m.Name, name, rise, isNamed)
		}
	}
}
