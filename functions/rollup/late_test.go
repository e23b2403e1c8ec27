package rollup_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// base is a quiet November: a visitor on the 10th, a buyer on the 12th and again on the 18th.
func base() []string {
	return []string{
		pageView("e1", visitor("a"), "2026-11-10T09:00:00Z"),
		order("e2", user("b"), "2026-11-12T10:00:00Z", "o1", "10"), order("e3", user("b"), "2026-11-18T10:00:00Z", "o2", "20"),
	}
}

// quarterAndYear are the windows that every change of November reaches.
var quarterAndYear = []string{"month 2026-11-01", "quarter 2026-10-01", "year 2026-01-01"}

// An event that comes late raises the revision of exactly the windows whose numbers it changes.
func TestLateEvents(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		events []string
		want   []string // windows changed, besides month, quarter and year
		none   bool     // not even those
	}{
		{
			name: "a new person", events: []string{pageView("late", visitor("c"), "2026-11-10T15:00:00Z")},
			want: []string{"day 2026-11-10", "hour 2026-11-10T15:00:00Z", "week 2026-11-09"},
		},
		{
			name: "before a person's first day: on that they are new no more", events: []string{pageView("late", visitor("a"), "2026-11-08T12:00:00Z")},
			want: []string{"day 2026-11-08", "day 2026-11-10", "hour 2026-11-08T12:00:00Z", "hour 2026-11-10T09:00:00Z", "week 2026-11-02", "week 2026-11-09"},
		},
		{
			name: "an order before the first: that makes the first a repeat, and its stage loyalty", events: []string{order("late", user("b"), "2026-11-11T10:00:00Z", "o0", "1")},
			want: []string{"day 2026-11-11", "day 2026-11-12", "day 2026-11-18", "hour 2026-11-11T10:00:00Z", "hour 2026-11-12T10:00:00Z", "hour 2026-11-18T10:00:00Z", "week 2026-11-09", "week 2026-11-16"},
		},
		{
			name: "an earlier claim to an order", events: []string{order("late", visitor("x"), "2026-11-17T10:00:00Z", "o2", "20")},
			want: []string{"day 2026-11-17", "day 2026-11-18", "hour 2026-11-17T10:00:00Z", "hour 2026-11-18T10:00:00Z", "week 2026-11-16"},
		},
		{
			name: "a session across midnight begins earlier", events: []string{
				pageView("m1", visitor("m"), "2026-11-15T00:10:00Z"), pageView("m2", visitor("m"), "2026-11-14T23:50:00Z"),
			},
			want: []string{"day 2026-11-14", "day 2026-11-15", "hour 2026-11-14T23:00:00Z", "hour 2026-11-15T00:00:00Z", "week 2026-11-09"},
		},
		{name: "a repeat", events: base()[:1], none: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.take(t, base()...)
			w.rollUp(t)
			w.check(t)
			before := w.stored(t)
			w.take(t, test.events...)
			w.rollUp(t)
			want := test.want
			if !test.none {
				want = append(append([]string{}, want...), quarterAndYear...)
				slices.Sort(want)
			}
			checkEqual(t, "windows with a new revision", changed(before, w.stored(t)), want)
			w.check(t)
			again := w.stored(t)
			if result := w.rollUp(t); result.Windows != 0 || result.Changed != 0 {
				t.Errorf("a second rollup computes %d windows and changes %d, want none", result.Windows, result.Changed)
			}
			checkEqual(t, "windows that a second rollup changes", changed(again, w.stored(t)), []string{})
		})
	}
}

// Never, once or twice makes no difference, whatever came in between.
func TestRepetitions(t *testing.T) {
	t.Parallel()
	events := append(base(), pageView("e4", visitor("a"), "2026-10-25T00:30:00Z"), identify("e5", "b", "a", "2026-11-19T10:00:00Z"))
	var want map[string]kpi.Window
	for _, runs := range [][]int{{0, 0, 0, 0, 1}, {1, 1, 1, 1, 1}, {2, 2, 2, 2, 2}, {0, 2, 0, 1, 2}} {
		w := newWorld(t)
		for i, one := range events {
			w.take(t, one)
			for range runs[i] {
				w.rollUp(t)
			}
		}
		w.check(t)
		got := w.stored(t)
		if want == nil {
			want = got
		}
		for name, one := range got {
			if fmt.Sprintf("%+v", numbers(one.Rows)) != fmt.Sprintf("%+v", numbers(want[name].Rows)) {
				t.Errorf("after %v rollups %s holds other rows than after one", runs, name)
			}
		}
	}
}

// numbers are rows without addresses, for comparison as text.
func numbers(rows []kpi.Row) []string {
	var out []string
	for _, r := range rows {
		denominator := int64(-1)
		if r.Denominator != nil {
			denominator = *r.Denominator
		}
		out = append(out, fmt.Sprintf("%s %s %s %s %d/%d n=%d", r.Metric, r.Dimension, r.Value, r.Unit, r.Numerator, denominator, r.N))
	}
	return out
}

// A link made later moves a past: the visits of an unknown visitor become those of the buyer, as if the link had been there from the start.
func TestLateLink(t *testing.T) {
	t.Parallel()
	link := identify("e9", "b", "a", "2026-11-19T10:00:00Z")
	first, later := newWorld(t), newWorld(t)
	first.take(t, append([]string{link}, base()...)...)
	first.rollUp(t)
	later.take(t, base()...)
	later.rollUp(t)
	if got := later.value(t, "month 2026-11-01", kpi.ActivePersons, "", ""); got != 2 {
		t.Errorf("%d persons are active before the link, want 2", got)
	}
	later.take(t, link)
	later.rollUp(t)
	for what, w := range map[string]*world{"first": first, "later": later} {
		w.check(t)
		got := []int64{
			w.value(t, "month 2026-11-01", kpi.ActivePersons, "", ""), w.value(t, "month 2026-11-01", kpi.NewPersons, "", ""),
			w.value(t, "day 2026-11-10", kpi.NewPersons, "", ""), w.value(t, "day 2026-11-12", kpi.NewPersons, "", ""),
			w.value(t, "day 2026-11-12", kpi.NewBuyers, "", ""),
		}
		checkEqual(t, "persons with the link "+what, got, []int64{1, 1, 1, 0, 1})
	}
}

// Time alone changes a stage: at the exact instant a lapse is due, not a millisecond before, and until then it costs nothing.
func TestLapse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := time.Date(2026, 11, 20, 10, 0, 0, 123e6, time.UTC)
	w.take(t, pageView("e1", visitor("a"), seen.Format(time.RFC3339Nano)))
	w.rollUp(t)
	due := seen.AddDate(0, 0, 90)
	window := "day " + due.Format(time.DateOnly)

	w.now = due.Add(-time.Hour)
	w.rollUp(t)
	w.calls = nil
	w.now = due.Add(-time.Millisecond)
	if result := w.rollUp(t); result.Windows != 0 {
		t.Errorf("a millisecond before the lapse %d windows are computed, want none", result.Windows)
	}
	checkEqual(t, "calls before the lapse", w.calls, []string{"workspaces", "marks", "put times"})
	if marks := w.dirty(t, w.now); len(marks) != 0 {
		t.Errorf("a mark is due before its time: %+v", marks)
	}
	if marks := w.dirty(t, due); len(marks) != 1 || marks[0].NotBefore != event.At(due) {
		t.Errorf("the marks due at the lapse are %+v, want one not before %v", marks, due)
	}
	w.now = due
	w.rollUp(t)
	if got := w.value(t, window, kpi.StageEntries, kpi.ByStage, "lapsed"); got != 1 {
		t.Errorf("%d persons lapse on %s, want 1", got, window)
	}
	w.check(t)
	before := w.stored(t)
	w.now = due.AddDate(1, 0, 0)
	w.rollUp(t)
	checkEqual(t, "windows that change after the lapse", changed(before, w.stored(t)), []string{})
	w.check(t)
}

// A person who comes back in time does not lapse: the mark comes due and finds nothing.
func TestLapseThatDoesNotCome(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seen := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	w.take(t, pageView("e1", visitor("a"), seen.Format(time.RFC3339)))
	w.rollUp(t)
	w.now = seen.AddDate(0, 0, 60)
	w.take(t, pageView("e2", visitor("a"), w.now.Format(time.RFC3339)))
	w.rollUp(t)
	before := w.stored(t)
	w.now = seen.AddDate(0, 0, 90)
	w.rollUp(t)
	checkEqual(t, "windows changed at the lapse that did not come", changed(before, w.stored(t)), []string{})
	w.check(t)
	w.now = seen.AddDate(0, 0, 151)
	w.rollUp(t)
	if got := w.value(t, "day "+seen.AddDate(0, 0, 150).Format(time.DateOnly), kpi.StageEntries, kpi.ByStage, "lapsed"); got != 1 {
		t.Errorf("%d persons lapse 90 days after the second visit, want 1", got)
	}
	w.check(t)
}

// An event that comes after its person's lapse was counted takes the lapse back.
func TestLapseTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, pageView("e1", visitor("a"), "2026-07-01T10:00:00Z"))
	w.rollUp(t)
	lapse := "day 2026-09-29"
	if got := w.value(t, lapse, kpi.StageEntries, kpi.ByStage, "lapsed"); got != 1 {
		t.Fatalf("%d persons lapse on %s, want 1", got, lapse)
	}
	w.take(t, pageView("e2", visitor("a"), "2026-08-15T10:00:00Z"))
	w.rollUp(t)
	if got := w.value(t, lapse, kpi.StageEntries, kpi.ByStage, "lapsed"); got != 0 {
		t.Errorf("%d persons lapse on %s after the late visit, want none", got, lapse)
	}
	w.check(t)
}

// The time in a stage counts from when it was entered, however many steps ago. An order that comes late and ends the stay takes back what time
// would have made of it.
func TestStayEndedLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t,
		order("e1", user("b"), "2026-08-04T23:00:00Z", "o1", "5"), pageView("e2", user("b"), "2026-08-08T01:00:00Z"),
		order("e3", user("b"), "2026-08-20T10:00:00Z", "o2", "5"))
	w.rollUp(t)
	timed := "day 2026-08-19" // 14 days after the order, by London's clock
	if got := w.value(t, timed, kpi.StageEntries, kpi.ByStage, "post-purchase"); got != 1 {
		t.Fatalf("%d persons enter post-purchase on %s, want 1", got, timed)
	}
	w.take(t, order("e4", user("b"), "2026-08-13T20:30:00Z", "o3", "5"))
	w.rollUp(t)
	if got := w.value(t, timed, kpi.StageEntries, kpi.ByStage, "post-purchase"); got != 0 {
		t.Errorf("%d persons enter post-purchase on %s after the second order, want none", got, timed)
	}
	w.check(t)
}

// A session has the channel of its first step with a sign. One that comes late, after midnight, changes the channel of the day before.
func TestSignAfterMidnight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, pageView("e1", visitor("m"), "2026-11-14T23:50:00Z"), pageView("e2", visitor("m"), "2026-11-15T00:10:00Z"))
	w.rollUp(t)
	w.take(t, `{"type":"page","messageId":"e3","anonymousId":"m","timestamp":"2026-11-15T00:20:00Z","context":{"campaign":{"medium":"email"}}}`)
	w.rollUp(t)
	if got := w.value(t, "day 2026-11-14", kpi.Sessions, kpi.ByChannel, "email"); got != 1 {
		t.Errorf("%d sessions of the day before come by email, want 1", got)
	}
	w.check(t)
}

// A copy of an event that was received earlier may move it within its day. No count of the day changes, but the step after midnight belongs to
// its session no more.
func TestStepMovesWithinItsDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := func(sent string) string { // a clock that is far behind; the event is of 22:35 by it
		return fmt.Sprintf(`{"type":"page","messageId":"e1","anonymousId":"m","timestamp":"2026-11-14T22:35:00Z","sentAt":%q}`, sent)
	}
	received := w.now
	w.take(t, slow("2026-11-22T08:30:00Z"), pageView("e2", visitor("m"), "2026-11-15T00:03:00Z")) // 23:35
	w.rollUp(t)
	w.now = received.Add(-5 * time.Minute)
	w.take(t, slow("2026-11-22T08:40:00Z")) // 23:20
	w.now = received
	w.rollUp(t)
	if got := w.value(t, "day 2026-11-15", kpi.Sessions, "", ""); got != 1 {
		t.Errorf("%d sessions begin on the next day, want 1", got)
	}
	w.check(t)
}

// What lies ahead is marked once a person, not once a touchpoint: the table pays for every mark.
func TestMarksAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 20 {
		w.take(t, pageView(fmt.Sprintf("e%d", i), visitor("a"), fmt.Sprintf("2026-11-20T10:%02d:00Z", i)))
	}
	w.rollUp(t)
	marks := w.dirty(t, w.now.AddDate(10, 0, 0))
	if want := event.At(time.Date(2027, 2, 18, 10, 19, 0, 0, time.UTC)); len(marks) != 1 || marks[0].NotBefore != want {
		t.Errorf("ahead lie %+v, want one mark, 90 days after the last visit", marks)
	}
}

// Whatever comes in whatever order, with rollups in between and time going on, ends as a recount from scratch.
func TestRandomHistories(t *testing.T) {
	t.Parallel()
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 2))
		w := newWorld(t)
		for range 12 {
			for range r.IntN(3) {
				w.take(t, w.anyEvent(r))
			}
			switch r.IntN(4) {
			case 0:
				w.rollUp(t)
			case 1:
				w.now = w.now.Add(time.Duration(r.IntN(20*24)) * time.Hour)
			}
		}
		w.rollUp(t)
		w.check(t)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func (w *world) anyEvent(r *rand.Rand) string {
	id := fmt.Sprintf("e%d", r.IntN(1000))
	at := w.now.Add(-time.Duration(r.IntN(200*24*6)) * 10 * time.Minute)
	if r.IntN(3) == 0 { // about a midnight of London
		day := w.calendar.At(period.Day, at)
		at = day.Start.Add(time.Duration(r.IntN(12)-6) * 10 * time.Minute)
	}
	said := at.Format(time.RFC3339)
	who := []string{user(pick(r, "u", 2)), visitor(pick(r, "v", 3))}[r.IntN(2)]
	switch r.IntN(5) {
	case 0, 1:
		return order(id, who, said, fmt.Sprintf("o%d", r.IntN(4)), fmt.Sprint(1+r.IntN(50)))
	case 2:
		return identify(id, pick(r, "u", 2), pick(r, "v", 3), said)
	}
	return pageView(id, who, said)
}

func pick(r *rand.Rand, letter string, n int) string { return letter + fmt.Sprint(r.IntN(n)) }

// However few persons are loaded together, each window is computed about once: the earliest days first, and later ones when all that follows for
// them is known, such as what time alone changes fourteen days after an order. A mark that another rollup may clear is never counted on, so a
// day may be computed again.
func TestEachWindowAboutOnce(t *testing.T) {
	t.Parallel()
	for atOnce, again := range map[int]int{1: 0, 3: 2, 5: 0} {
		w := newWorld(t)
		w.handler.AtOnce = atOnce
		for i := range 12 {
			who, at := user(fmt.Sprintf("u%d", i)), fmt.Sprintf("2026-10-%02dT10:00:00Z", 1+i)
			w.take(t, order(fmt.Sprintf("o%d", i), who, at, fmt.Sprintf("o%d", i), "5"), pageView(fmt.Sprintf("p%d", i), who, "2026-10-28T11:00:00Z"))
		}
		result := w.rollUp(t)
		if stored := len(w.stored(t)); result.Windows != stored+again {
			t.Errorf("%d at once: %d windows were computed for %d that are stored, want %d again", atOnce, result.Windows, stored, again)
		}
		w.check(t)
	}
}
