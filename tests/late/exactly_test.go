package late_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"waymark/shared/domain/kpi"
)

// One event that comes late raises the revision of exactly the windows whose rows it changes: those in which a recount of all that is known finds
// other rows than before. All others keep their revision and the time of their computing.
func TestLateEventTouchesExactlyItsWindows(t *testing.T) {
	t.Parallel()
	var revised, kept, silent [kinds + 1]atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		forSeeds(t, setting(t, "WAYMARK_LATE_N", 500), func(t *testing.T, r *rand.Rand) {
			w := newWorld(t, time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
			w.take(t, history(r, w.now)...)
			w.rollUp(t)
			before, countedBefore := w.stored(t), w.recount(t)
			w.now = w.now.Add(time.Duration(1+r.IntN(60)) * time.Minute)
			kind := r.IntN(kinds + 1)
			w.take(t, arrival{w.now, anyEvent(r, kind, "late", pastTime(r, w.now))})
			w.rollUp(t)
			after, countedAfter := w.stored(t), w.recount(t)
			for _, name := range sorted(after) {
				was, is := before[name], after[name]
				changes := !reflect.DeepEqual(said(was, countedBefore, name), said(is, countedAfter, name))
				if rises := is.Revision > was.Revision; rises != changes {
					t.Errorf("%s: the revision goes from %d to %d, and its rows differ: %v", name, was.Revision, is.Revision, changes)
				}
				if !changes && is.ComputedAt != was.ComputedAt {
					t.Errorf("%s keeps its rows and is computed at %v instead of %v", name, is.ComputedAt.Time(), was.ComputedAt.Time())
				}
				switch {
				case changes:
					revised[kind].Add(1)
				case is.Silent > was.Silent:
					silent[kind].Add(1)
				default:
					kept[kind].Add(1)
				}
			}
			w.check(t)
		})
	})
	for kind, name := range []string{"order", "identify", "refund", "tagged page", "alias", "country", "page"} {
		t.Logf("%-12s %6d windows revised, %6d kept, of those %5d with other facts", name, revised[kind].Load(), kept[kind].Load()+silent[kind].Load(), silent[kind].Load())
	}
}

// said is what a recount finds in a window; nil for one that was never stored.
func said(w kpi.Window, counted map[string][]kpi.Row, name string) []kpi.Row {
	if w.Revision == 0 {
		return nil
	}
	if rows, counts := counted[name]; counts {
		return rows
	}
	return nothing
}

// history is a handful of events of the last forty days, received as they happened.
func history(r *rand.Rand, now time.Time) []arrival {
	var out []arrival
	for n := range 3 + r.IntN(8) {
		at := pastTime(r, now)
		out = append(out, arrival{at.Add(time.Second), anyEvent(r, r.IntN(2*kinds), fmt.Sprint("e", n), at)})
	}
	return out
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
