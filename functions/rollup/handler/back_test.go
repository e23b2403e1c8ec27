package handler_test

import "testing"

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
