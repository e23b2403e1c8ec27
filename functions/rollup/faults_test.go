package rollup_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"waymark/functions/rollup"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

var (
	throttled = fault.New(fault.Unavailable, "throttled", "injected")
	errCrash  = errors.New("the process was killed")
)

// busy is a November with a link, a contested order, a session across midnight and a lapse, already computed once, and then changed.
func busy(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.take(t, append(base(), pageView("e4", visitor("m"), "2026-11-15T00:10:00Z"), pageView("e5", visitor("old"), "2026-08-01T10:00:00Z"))...)
	w.rollUp(t)
	w.take(t,
		identify("e6", "b", "a", "2026-11-19T10:00:00Z"), pageView("e7", visitor("m"), "2026-11-14T23:50:00Z"),
		order("e8", visitor("x"), "2026-11-17T10:00:00Z", "o2", "20"), pageView("e9", visitor("old"), "2026-09-01T10:00:00Z"))
	return w
}

// A rollup may end between any two calls, by an error or by death. The next one ends as if nothing had been.
func TestCrashAtEveryCall(t *testing.T) {
	t.Parallel()
	undisturbed := busy(t)
	undisturbed.calls = nil
	undisturbed.rollUp(t)
	undisturbed.check(t)
	calls := len(undisturbed.calls)
	if calls < 40 {
		t.Fatalf("the rollup makes %d calls, want them to be many", calls)
	}
	for n := range calls {
		for _, applied := range []bool{false, true} {
			dies := n%4 > 0 // an error does less than death: it ends at the same call
			w := busy(t)
			w.disturb(t, n, applied, dies)
			w.rollUp(t)
			w.check(t)
			if t.Failed() {
				t.Fatalf("after call %d of %d: applied %v, died %v", n+1, calls, applied, dies)
			}
		}
	}
}

// disturb runs a rollup whose calls fail from the nth on, before or after they are applied; it ends with an error, or dies.
func (w *world) disturb(t *testing.T, n int, applied, dies bool) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil && r != errCrash {
			panic(r)
		}
	}()
	h, s := w.rival()
	at := 0
	fail := func(string) error {
		if at++; at <= n {
			return nil
		}
		if dies {
			panic(errCrash)
		}
		return throttled
	}
	s.before = fail
	if applied {
		s.before, s.after = nil, fail
	}
	if _, err := fire(t.Context(), h); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("the rollup ends with %v, want the injected fault", err)
	}
}

// Two rollups run at once: one waits at some call while events land and the other runs whole. Whichever call it is, the slower one overwrites
// nothing newer, and when both have ended nothing is left to do. Now and then the slower one dies soon after it went on.
func TestConcurrentRollups(t *testing.T) {
	t.Parallel()
	for k, reached := 1, true; reached; k++ {
		w := busy(t)
		lives := k % 4 // calls before it dies; 0 = it does not
		reached = w.interleave(t, k, lives, func() {
			w.take(t, pageView("late1", visitor("a"), "2026-11-09T10:00:00Z"), order("late2", user("b"), "2026-11-12T08:00:00Z", "o0", "3"))
			w.rollUp(t)
		})
		if lives > 0 {
			w.rollUp(t)
		}
		w.check(t)
		if t.Failed() || !reached && k < 40 {
			t.Fatalf("with one rollup waiting at its call %d, of which there must be many", k)
		}
	}
}

// An event may land at any call of a rollup: its mark is not taken for done.
func TestEventLandsMeanwhile(t *testing.T) {
	t.Parallel()
	for k, reached := 1, true; reached; k += 2 {
		w := busy(t)
		reached = w.interleave(t, k, 0, func() { w.take(t, pageView("late", visitor("a"), "2026-11-10T09:10:00Z")) })
		w.rollUp(t)
		w.check(t)
		if t.Failed() {
			t.Fatalf("with the event landing at call %d", k)
		}
	}
}

// interleave runs a rollup that waits before its kth call until meanwhile has ended, and then lives for some calls, or to its end. It says
// whether there was such a call.
func (w *world) interleave(t *testing.T, k, lives int, meanwhile func()) bool {
	t.Helper()
	h, s := w.rival()
	reached, proceed, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	n := 0
	s.before = func(string) error {
		n++
		if n == k {
			close(reached)
			<-proceed
		}
		if lives > 0 && n > k+lives {
			return errCrash
		}
		return nil
	}
	go func() {
		_, err := fire(t.Context(), h)
		ended <- err
	}()
	select {
	case <-reached:
		meanwhile()
		close(proceed)
		if err := <-ended; err != nil && !errors.Is(err, errCrash) {
			t.Error(err)
		}
		return true
	case err := <-ended:
		must(t, err)
		return false
	}
}

// One workspace that cannot be computed does not hold up the others, and its marks stay.
func TestUnknownModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken, err := workspace.New("broken", "Europe/London", "GBP", "no-such-model")
	must(t, err)
	must(t, w.table.PutWorkspace(t.Context(), broken)) // before shop in the order of names
	w.take(t, base()...)
	answer, err := w.handler.Handle(t.Context(), []byte(`{"schedule":"rollup"}`))
	if fault.CodeOf(err) != "unknown_stage_model" {
		t.Errorf("the error is %v, want unknown_stage_model", err)
	}
	results := answer.(map[string]any)["rollups"].([]rollup.Result)
	if len(results) != 2 || results[1].Workspace != "shop" || results[1].Changed == 0 {
		t.Errorf("the results are %+v, want those of shop after the broken one", results)
	}
	w.check(t)
}

// Without marks a rollup asks for them and does nothing else, however much is stored.
func TestNothingDirty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, base()...)
	w.rollUp(t)
	w.calls = nil
	if result := w.rollUp(t); result != (rollup.Result{Workspace: "shop"}) {
		t.Errorf("a second rollup gives %+v, want nothing computed", result)
	}
	checkEqual(t, "its calls", w.calls, []string{"workspaces", "marks", "put times"})
	times, err := w.table.RollupTimes(t.Context(), "shop")
	must(t, err)
	for grain, at := range times {
		if at != event.At(w.now) {
			t.Errorf("the newest rollup of grain %s is at %v, want %v", grain, at.Time(), w.now)
		}
	}
	if len(times) != 6 {
		t.Errorf("times are kept of %d grains, want 6: %v", len(times), times)
	}
}

// Facts that nobody needs any more are deleted: the archive holds one object for each day and month.
func TestOldFactsGo(t *testing.T) {
	t.Parallel()
	w := busy(t)
	w.rollUp(t)
	want := map[string]bool{}
	for _, one := range w.stored(t) {
		if one.Facts != "" {
			want[one.Facts] = true
		}
	}
	n := 0
	for key, err := range w.archive.Keys(t.Context(), "") {
		must(t, err)
		n++
		if !want[key] {
			t.Errorf("%s is left, and no window names it", key)
		}
	}
	if n != len(want) || n == 0 {
		t.Errorf("%d objects of facts are stored, want %d", n, len(want))
	}
}

// Dates of clock changes have windows of 23 and 25 hours, and the hour that comes twice is two windows.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, at := range []string{
		"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T22:59:00Z", "2026-03-29T23:00:00Z",
		"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T23:59:00Z", "2026-10-26T00:00:00Z",
	} {
		w.take(t, pageView(fmt.Sprintf("e%d", i), visitor("a"), at))
	}
	w.rollUp(t)
	w.check(t)
	for day, want := range map[string]struct {
		touchpoints int64
		hours       time.Duration
	}{"2026-03-29": {3, 23 * time.Hour}, "2026-03-30": {1, 24 * time.Hour}, "2026-10-25": {3, 25 * time.Hour}, "2026-10-26": {1, 24 * time.Hour}} {
		one := w.stored(t)["day "+day]
		if got := w.value(t, "day "+day, "touchpoints", "", ""); got != want.touchpoints || one.End.Sub(one.Start) != want.hours {
			t.Errorf("%s has %d touchpoints in %v, want %d in %v", day, got, one.End.Sub(one.Start), want.touchpoints, want.hours)
		}
	}
	for _, hour := range []string{"hour 2026-10-25T00:00:00Z", "hour 2026-10-25T01:00:00Z"} { // both 01:00 in London
		if got := w.value(t, hour, "touchpoints", "", ""); got != 1 {
			t.Errorf("%s has %d touchpoints, want 1", hour, got)
		}
	}
}
