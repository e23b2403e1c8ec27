package ledger_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/testing/seed"
)

// A record is settled if and only if it was given, while records come under handles that are up to Slack old, are taken in slices, and time passes.
func TestRecordsAreSettledOnceGiven(t *testing.T) {
	t.Parallel()
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		var state ledger.State
		now := event.At(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
		given := map[string]bool{} // of all that were written
		for n := range 40 {
			for range r.IntN(4) {
				named := now.Add(-time.Duration(r.Int64N(int64(ledger.Slack) + 1)))
				given[fmt.Sprintf("%s#%d", ledger.HandleAt(named), len(given))] = false
			}
			var open []string
			for handle := range given {
				if state.IsSettled(handle) != given[handle] {
					t.Fatalf("in step %d %s is settled: %v, want %v, with %+v", n, handle, state.IsSettled(handle), given[handle], state)
				}
				if !given[handle] {
					open = append(open, handle)
				}
			}
			slices.Sort(open)
			began, next := now, ""
			now = now.Add(time.Duration(r.Int64N(int64(3 * time.Minute)))) // while the slice is settled
			if r.IntN(3) > 0 && len(open) > 0 {
				most := 1 + r.IntN(len(open))
				if most < len(open) {
					next = open[most]
				}
				open = open[:most]
			}
			for _, handle := range open {
				given[handle] = true
			}
			state = state.Settle(open, next, began)
		}
		if len(state.Tail) > 0 && state.Tail[0] < state.Cursor {
			t.Fatalf("the tail lists what lies before the cursor: %+v", state)
		}
	})
}

// More settled records than there is room for are settled again, from the latest on.
func TestTheTailIsBounded(t *testing.T) {
	t.Parallel()
	handles := make([]string, 6000)
	for i := range handles {
		handles[i] = fmt.Sprintf("%s#%04d", ledger.HandleAt(1_000_000), i)
	}
	state := ledger.State{}.Settle(handles, "", 1_000_000)
	if got := slices.IndexFunc(handles, func(h string) bool { return !state.IsSettled(h) }); got != 5000 {
		t.Errorf("the first that is settled again is number %d, want 5000", got)
	}
}

// Handles sort as the times at which they were named.
func TestHandlesSortAsTime(t *testing.T) {
	t.Parallel()
	seed.Each(t, 500, func(t *testing.T, r *rand.Rand) {
		a := event.Millis(r.Int64N(4_102_444_800_000))
		b := a + event.Millis(1+r.Int64N(1<<r.IntN(40)))
		if x, y := ledger.HandleAt(a), ledger.HandleAt(b); x >= y || x+"#zz" >= y || len(x) != 15 {
			t.Fatalf("HandleAt(%d) = %s, HandleAt(%d) = %s", a, x, b, y)
		}
	})
}

// The fence is held for the lease, and every run has a number of its own.
func TestTake(t *testing.T) {
	t.Parallel()
	state := ledger.State{Epoch: 7, Cursor: "c"}.Take(1000)
	if want := (ledger.State{Epoch: 8, Until: 21_000, Cursor: "c"}); fmt.Sprint(state) != fmt.Sprint(want) {
		t.Errorf("Take = %+v, want %+v", state, want)
	}
	if !state.IsBusy(20_999) || state.IsBusy(21_000) {
		t.Errorf("busy before the end of the lease: %v, at it: %v", state.IsBusy(20_999), state.IsBusy(21_000))
	}
}
