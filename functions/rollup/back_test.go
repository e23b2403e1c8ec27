package rollup_test

import (
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/person"
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

// A day is computed with a link before the day of the link is, and then the link is cut: nothing on the day of the link ever showed it. The mark
// says that the persons may have been moved, so the later day is computed again.
func TestLinkThatNoDayShowed(t *testing.T) {
	t.Parallel()
	for _, marksMoved := range []bool{true, false} {
		w := newWorld(t)
		ctx, cut := t.Context(), identity.Cut{Child: "anon:late", Parent: "user:u", At: 1}
		w.take(t, pageView("e1", user("u"), "2026-08-24T10:00:00Z")) // lapses on 22 November, unless something came in between
		w.now = w.now.Add(time.Hour)
		w.rollUp(t)
		w.take(t, pageView("e2", visitor("late"), "2026-10-24T10:00:00Z"), identify("e3", "u", "late", "2026-11-22T10:00:00Z"))
		early := w.dirty(t, w.now)
		must(t, w.table.DeleteMarks(ctx, "shop", handles(early)))
		must(t, w.table.PutMarks(ctx, "shop", []kpi.Mark{{Grain: period.Day, Key: "2026-11-22", Identifiers: []event.Identifier{"user:u"}}}))
		w.rollUp(t) // takes the lapse back
		must(t, w.table.PutCut(ctx, "shop", cut))
		must(t, w.table.PutMarks(ctx, "shop", early))
		w.rollUp(t)
		must(t, w.table.PutMarks(ctx, "shop", []kpi.Mark{{
			Grain: period.Day, Key: "2026-10-24", Moved: marksMoved, Identifiers: []event.Identifier{"anon:late", "user:u"},
		}}))
		w.rollUp(t)
		if got := w.value(t, "day 2026-11-22", kpi.StageEntries, kpi.ByStage, "lapsed"); (got == 1) != marksMoved {
			t.Errorf("%d lapses on 22 November where the mark of the day says moved: %v", got, marksMoved)
		}
		if marksMoved {
			w.check(t)
		}
	}
}

func handles(marks []kpi.Mark) []string {
	out := make([]string, len(marks))
	for i, m := range marks {
		out[i] = m.Handle
	}
	return out
}

// An event may be dated up to a day ahead. It shows at once that somebody lapses before it, though the moment has not come; and one that comes late
// takes that back.
func TestLapseBeforeAnEventAhead(t *testing.T) {
	t.Parallel()
	for _, ahead := range []string{"2026-11-22T20:00:00Z", "2026-11-23T08:00:00Z"} {
		w := newWorld(t)
		w.take(t, order("e1", visitor("a"), "2026-08-24T10:00:00Z", "o1", "5")) // lapses half an hour ahead
		w.rollUp(t)
		w.take(t, pageView("e2", visitor("a"), ahead))
		w.rollUp(t)
		w.check(t)
		w.take(t, pageView("e3", visitor("b"), "2026-11-21T22:00:00Z"), identify("e4", "u", "a", "2026-11-22T09:00:00Z"))
		w.rollUp(t)
		w.check(t)
		w.take(t, identify("e5", "u", "b", "2026-11-22T09:10:00Z"))
		w.rollUp(t)
		w.check(t)
		w.now = w.now.Add(time.Hour)
		w.rollUp(t)
		w.check(t)
	}
}

// One rollup has stored a day and not yet cleared its mark; another, which read that mark, knows of one event more and is about to store the day.
// The first one clears the mark and computes the week. Then the second one stores the day, and dies at one of its next calls.
func TestWeekWaitsForItsDay(t *testing.T) {
	t.Parallel()
	for n, died := 0, true; died; n++ {
		w := newWorld(t)
		w.take(t, pageView("e1", visitor("a"), "2026-11-18T10:00:00Z"))
		var late []kpi.Mark
		ended, begun := make(chan error, 1), false
		stored, proceed := make(chan struct{}), make(chan struct{})
		fast, fastStores := w.rival()
		slow, slowStores := w.rival()
		left := -1 // calls until the slow one dies
		slowStores.before = func(site string) error {
			switch {
			case left > 0:
				left--
			case left == 0:
				return errCrash
			case site == "put windows":
				close(stored)
				<-proceed
				left = n
			}
			return nil
		}
		fastStores.before = func(site string) error {
			if site != "delete marks" || begun {
				return nil
			}
			begun = true
			late = w.takeUnmarked(t, pageView("e2", visitor("a"), "2026-11-18T11:00:00Z"))
			go func() {
				_, err := fire(t.Context(), slow)
				ended <- err
			}()
			<-stored
			return nil
		}
		_, err := fire(t.Context(), fast)
		must(t, err)
		close(proceed)
		died = <-ended != nil
		must(t, w.table.PutMarks(t.Context(), "shop", late))
		w.rollUp(t)
		w.check(t)
		if t.Failed() {
			t.Fatalf("the slow one died at its call %d after it had stored the day", n+1)
		}
	}
}

// takeUnmarked takes an event for which process has stored all but the marks, and gives those.
func (w *world) takeUnmarked(t *testing.T, event string) []kpi.Mark {
	t.Helper()
	known := handles(w.dirty(t, w.now))
	w.take(t, event)
	fresh := slices.DeleteFunc(w.dirty(t, w.now), func(m kpi.Mark) bool { return slices.Contains(known, m.Handle) })
	must(t, w.table.DeleteMarks(t.Context(), "shop", handles(fresh)))
	return fresh
}

// A touchpoint of the child is stored while a rollup runs, and not counted yet (process died in between), when the link is cut. Nobody knows then on
// which days the other side rests on it; so all of both sides are looked at again.
func TestPartedBeforeItCounts(t *testing.T) {
	t.Parallel()
	for k, reached := 1, true; reached; k++ {
		w := newWorld(t)
		w.take(t, pageView("e1", user("u"), "2026-08-23T10:00:00Z"), identify("e2", "u", "late", "2026-11-22T08:00:00Z"))
		var late []kpi.Mark
		reached = w.interleave(t, k, 0, func() {
			late = w.takeUnmarked(t, pageView("e3", visitor("late"), "2026-08-24T10:00:00Z")) // so u does not lapse on 21 November
		})
		w.cut(t, "anon:late", "user:u")
		w.rollUp(t)
		must(t, w.table.PutMarks(t.Context(), "shop", late))
		w.rollUp(t)
		w.check(t)
		if t.Failed() || !reached && k < 30 {
			t.Fatalf("stored before call %d of the rollup, of which there must be many", k)
		}
	}
}

// cut parts two identifiers and marks what that changes.
func (w *world) cut(t *testing.T, child, parent event.Identifier) {
	t.Helper()
	must(t, w.table.PutCut(t.Context(), "shop", identity.Cut{Child: child, Parent: parent, At: 1}))
	days, reach := person.NewDays(w.calendar), person.Reach{Nodes: w.table, Aggregates: w.table}
	must(t, reach.Mark(t.Context(), "shop", []identity.Link{{Child: child, Parent: parent}}, days))
	must(t, w.table.PutMarks(t.Context(), "shop", days.Marks()))
}
