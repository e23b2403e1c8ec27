package process_test

import (
	"fmt"
	"testing"

	"waymark/shared/domain/event"
)

// A device whose clock is a day ahead sends what it did in one request: what lies too far ahead is marked and counts at receipt, and the device's
// own order stays, in whatever order the request has them.
func TestClockADayAhead(t *testing.T) {
	t.Parallel()
	early, ahead, beyond := pageView("e1", user("1"), "2026-11-22T09:00:00Z"), pageView("e2", user("1"), "2026-11-23T09:00:00Z"), pageView("e3", user("1"), "2026-11-23T10:00:00Z")
	for _, order := range [][]string{{early, ahead, beyond}, {beyond, ahead, early}} {
		w := newWorld(t)
		if back := w.deliver(t, messageOf(t, "m", envelope("r", "shop", order...))); len(back) > 0 {
			t.Fatalf("%q go back", back)
		}
		_, stored, err := w.Table.Timeline(t.Context(), "shop", "user:1")
		must(t, err)
		got := []string{}
		for _, tp := range event.Distinct(stored) {
			got = append(got, fmt.Sprintf("%s %s future %v", tp.ID, tp.Corrected.Time().Format("2006-01-02 15:04"), tp.Future))
		}
		checkEqual(t, "touchpoints", got, []string{"e1 2026-11-22 09:00 future false", "e2 2026-11-22 09:30 future true", "e3 2026-11-22 09:30 future true"})
		checkEqual(t, "marks", w.marks(t, "shop"), []string{"2026-11-22 user:1"})
		w.checkSound(t, "user:1")
	}
}
