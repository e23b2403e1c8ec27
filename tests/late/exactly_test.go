package late_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"waymark/shared/domain/kpi"
	"waymark/shared/testing/seed"
	"waymark/shared/testing/system"
)

// One event that comes late raises the revision of exactly the windows whose rows it changes: those in which a recount of all that is known finds
// other rows than before. All others keep their revision and the time of their computing.
func TestLateEventTouchesExactlyItsWindows(t *testing.T) {
	t.Parallel()
	var revised, kept [kinds + 1]int
	seed.Each(t, 100, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, system.Begin)
		for n := range 3 + r.IntN(8) { // received as they happened
			at := pastTime(r, w.Now)
			w.take(arrival{at.Add(time.Second), anyEvent(r, r.IntN(2*kinds), fmt.Sprint("e", n), at)})
		}
		w.Settle()
		before, countedBefore := w.Windows(shop), w.recount()
		w.Advance(time.Duration(1+r.IntN(60)) * time.Minute)
		kind := r.IntN(kinds + 1)
		w.take(arrival{w.Now, anyEvent(r, kind, "late", pastTime(r, w.Now))})
		w.Settle()
		after, countedAfter := w.Windows(shop), w.recount()
		for name, is := range after {
			was := before[name]
			changes := !reflect.DeepEqual(w.said(was, countedBefore[name]), w.said(is, countedAfter[name]))
			switch rise := is.Revision - was.Revision; {
			case changes && rise == 1:
				revised[kind]++
			case changes || rise != 0 || is.ComputedAt != was.ComputedAt:
				t.Errorf("%s: its rows differ: %v, and the revision goes from %d to %d, computed at %v and then %v", name, changes, was.Revision, is.Revision,
					was.ComputedAt.Time(), is.ComputedAt.Time())
			default:
				kept[kind]++
			}
		}
		w.check(after, countedAfter)
	})
	for kind, name := range []string{"order", "identify", "refund", "tagged page", "alias", "country", "page"} {
		t.Logf("%-12s %6d windows revised, %6d kept", name, revised[kind], kept[kind])
	}
}

// said is what a recount finds in a window; nil for one that was never stored.
func (w world) said(one kpi.Window, counted []kpi.Row) []kpi.Row {
	if one.Revision > 0 && counted == nil {
		return w.nothing()
	}
	return counted
}

// pastTime is in the last forty days, often about a midnight of London or the change of its clock on 25 October.
func pastTime(r *rand.Rand, now time.Time) time.Time {
	at := now.Add(-time.Duration(r.IntN(40*24*60)) * time.Minute)
	switch r.IntN(4) {
	case 0:
		at = at.Truncate(24 * time.Hour).Add(time.Duration(r.IntN(13)-6) * 10 * time.Minute)
	case 1:
		at = time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).Add(time.Duration(r.IntN(13)-6) * 10 * time.Minute)
	}
	return at.Add(-time.Hour)
}
