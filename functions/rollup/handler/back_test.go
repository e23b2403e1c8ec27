package handler_test

import (
	"testing"
	"time"
)

// A rollup waits with what held for a while and does not any more, and the one that runs meanwhile finds what was stored before: a stage that would
// have lapsed, had not a late event come. The slower one must not store the lapse, on a day that never had anything nor on one that had.
func TestBackToWhatItWas(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		before []string // computed before
	}{
		{"never stored", nil},
		{"stored", []string{pageView("e0", visitor("z"), "2026-10-30T12:00:00Z")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for k, reached := 1, true; reached; k++ {
				w := newWorld(t)
				w.take(t, test.before...)
				w.rollUp(t)
				w.take(t, pageView("e1", visitor("a"), "2026-08-01T10:00:00Z"))
				reached = w.interleave(t, k, 0, func() {
					w.take(t, pageView("e2", visitor("a"), "2026-08-20T10:00:00Z"))
					w.rollUp(t)
				})
				w.check(t)
				if t.Failed() || !reached && k < 30 {
					t.Fatalf("with one rollup waiting at its call %d, of which there must be many", k)
				}
			}
		})
	}
}

// Of two rollups that find the same, the slower one confirms what the other stored and has nothing to compute again.
func TestRollupsAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, pageView("e1", visitor("a"), "2026-11-20T10:00:00Z"))
	h, s := w.rival()
	first := -1
	s.before = func(site string) error {
		if site == "put windows" && first < 0 {
			first = len(s.calls)
			w.rollUp(t)
		}
		return nil
	}
	_, err := fire(t.Context(), h)
	must(t, err)
	checkEqual(t, "calls after the day was found to be stored", s.calls[first:],
		[]string{"window", "facts", "windows", "put windows", "delete marks", "marks", "put times"})
	w.check(t)
}

// A rollup that began before somebody lapsed, and waited, goes on after one that began later died: it does not take away what the other one marked,
// for it cannot see the lapse.
func TestEarlierClock(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		before []string // computed before
	}{
		{"never stored", nil},
		{"stored", []string{pageView("e0", visitor("z"), "2026-11-22T00:10:00Z")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for n := 0; ; n++ {
				w := newWorld(t)
				w.take(t, test.before...)
				w.rollUp(t)
				w.take(t, pageView("e1", visitor("a"), "2026-08-24T10:00:00Z")) // lapses 90 days later, half an hour ahead
				early := w.now
				w.now = early.Add(time.Hour)
				died := w.dies(t, n)
				w.now = early
				w.rollUp(t)
				w.now = early.Add(time.Hour)
				w.rollUp(t)
				w.check(t)
				if t.Failed() {
					t.Fatalf("the later one died before its call %d", n+1)
				}
				if !died {
					break
				}
			}
		})
	}
}

// dies runs a rollup that dies before its call after the nth. It says whether there was such a call.
func (w *world) dies(t *testing.T, n int) bool {
	t.Helper()
	h, s := w.rival()
	at := 0
	s.before = func(string) error {
		if at++; at > n {
			return errCrash
		}
		return nil
	}
	_, err := fire(t.Context(), h)
	return err != nil
}

// So it is when the earlier one pauses at any of its calls, and what it marks itself is seen by the next.
func TestPausedSinceEarlier(t *testing.T) {
	t.Parallel()
	for k, reached := 1, true; reached; k++ {
		for n, died := 0, true; died && reached; n += 3 {
			w := newWorld(t)
			w.take(t, pageView("e1", visitor("a"), "2026-08-24T10:00:00Z"))
			reached = w.interleave(t, k, 0, func() {
				w.now = w.now.Add(time.Hour)
				died = w.dies(t, n)
			})
			w.rollUp(t)
			w.check(t)
			if t.Failed() {
				t.Fatalf("the earlier one paused at its call %d, the later one died before its call %d", k, n+1)
			}
		}
	}
}
