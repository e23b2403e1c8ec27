package rollup_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// A mark of persons becomes marks of all days on which they are counted, or may have been, before it goes.
func TestMarkOfPersons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t,
		pageView("e1", user("u"), "2026-08-23T10:00:00Z"), order("e2", user("u"), "2026-11-01T10:00:00Z", "o1", "5"),
		pageView("e3", user("u"), "2026-11-20T10:00:00Z"), pageView("e4", user("u"), "2026-11-22T09:00:00Z"),
		order("e5", user("v"), "2026-10-31T10:00:00Z", "o2", "5"),
	)
	w.rollUp(t)
	before := handles(w.dirty(t, w.now.AddDate(1, 0, 0)))
	must(t, w.table.PutMarks(t.Context(), "shop", []kpi.Mark{{Grain: period.Day, Identifiers: []event.Identifier{"user:u", "user:v"}}}))
	h, s := w.rival()
	s.before = func(site string) error {
		if site == "delete marks" {
			return errCrash
		}
		return nil
	}
	if _, err := fire(t.Context(), h); err == nil {
		t.Fatal("the rollup did not die")
	}
	var got []string
	for _, m := range w.dirty(t, w.now.AddDate(1, 0, 0)) {
		if !slices.Contains(before, m.Handle) {
			got = append(got, fmt.Sprint(m.Key, " ", m.NotBefore.Time().Format(time.RFC3339), " ", m.Identifiers))
		}
	}
	now := " " + w.now.Format(time.RFC3339) + " [user:u]"
	other := " " + w.now.Format(time.RFC3339) + " [user:v]"
	checkEqual(t, "marks", got, []string{
		" 1970-01-01T00:00:00Z [user:u user:v]",    // it goes last
		"2026-08-23" + now,                         // a step
		"2026-09-06" + now,                         // 14 days later a purchase would be over
		"2026-10-31" + other,                       // a step
		"2026-11-01" + now,                         // a step
		"2026-11-14" + other,                       // 14 days after that purchase
		"2026-11-15" + now,                         // 14 days after the purchase
		"2026-11-20" + now,                         // a step, and 90 days and an hour before is summer time
		"2026-11-21" + now,                         // 90 days after the first step
		"2026-11-22" + now,                         // a step
		"2027-01-29 2027-01-29T10:00:00Z [user:v]", // 90 days after the purchase
		"2027-02-18 2027-02-18T10:00:00Z [user:u]", // if the step of today were another's
		"2027-02-20 2027-02-20T09:00:00Z [user:u]",
	})
	w.rollUp(t)
	w.check(t)
}
