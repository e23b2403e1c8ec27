package rebuild_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"waymark/infra/rebuild"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
)

// fresh is a world that took the same events at once, with its clock where the other's is.
func fresh(t testing.TB, w *world, stages string, taken []event.Envelope) string {
	t.Helper()
	other := newWorld(t, 0, stages)
	other.now = w.now
	for _, e := range taken {
		other.take(e)
	}
	must(t, other.rollUp(t.Context(), false))
	return other.dump("shop")
}

// While a rebuild runs, process goes on taking events between any two of its calls, for a minute after the swap under the settings that it
// remembers, and rollups run; in the end nothing is missing in the generation in use, and no published revision went back.
func TestRebuildWhileEventsComeIn(t *testing.T) {
	late, stale := 0, 0
	t.Cleanup(func() {
		if t.Logf("%d late objects, %d batches written to the former generation", late, stale); late == 0 || stale == 0 {
			t.Error("want some of both, or this proves nothing")
		}
	})
	seeds(t, 8, func(t *testing.T, seed uint64) {
		w := newWorld(t, seed, "default")
		source := newTraffic(seed)
		taken := source.some(25)
		w.take(taken...)
		must(t, w.rollUp(t.Context(), false))
		coming := source.some(40)
		published := map[string]kpi.Window{}
		live := func() error {
			switch n := w.random.IntN(60); {
			case n < 12 && len(coming) > 0:
				before := w.dump("shop")
				size := min(len(coming), 1+w.random.IntN(3))
				w.take(coming[:size]...)
				taken, coming = append(taken, coming[:size]...), coming[size:]
				if w.shop().Generation > 0 && w.dump("shop") != before {
					stale++
				}
			case n == 12:
				must(t, w.rollUp(t.Context(), false))
				for name, one := range w.windows(w.shop().Space()) {
					if one.Revision >= published[name].Revision {
						published[name] = one
					}
				}
			}
			return nil
		}
		h := &hooked{world: w, before: live}
		c := h.into(w.config())
		c.Sleep = func(_ context.Context, d time.Duration) error {
			for until := w.now.Add(d); w.now.Before(until); w.now = w.now.Add(5 * time.Second) {
				coming = append(coming, source.some(1)...)
				must(t, live())
			}
			return nil
		}
		report := w.run(c, rebuild.Order{Swap: rebuild.Always})
		w.now = w.now.Add(2 * time.Minute)
		w.take(coming...)
		taken = append(taken, coming...)
		must(t, w.rollUp(t.Context(), false))
		want := fresh(t, w, "default", taken)
		same(t, fmt.Sprintf("seed %d, after %d late objects", seed, report.Late), onlyStored(t, w.dump("shop~1"), want), want)
		monotonic(t, published, w.windows("shop~1"))
		late += report.Late
	})
}

// A rebuild that dies at any of its calls, at every other one after the call was done, harms nothing; run again, it ends as if nothing had happened, and
// nothing of the attempt is left after --drop-old.
func TestRebuildDiesAnywhere(t *testing.T) {
	t.Parallel()
	const seed = 3
	source := newTraffic(seed)
	first, second := source.some(9), source.some(4)
	begin := func() *world {
		w := newWorld(t, seed, "default")
		w.take(first...)
		must(t, w.rollUp(t.Context(), false))
		return w
	}
	calls, swappedAt := 0, 0
	w := begin()
	count := &hooked{world: w, before: func() error {
		if calls++; swappedAt == 0 && w.shop().Generation == 1 {
			swappedAt = calls
		}
		return nil
	}}
	w.run(count.into(w.config()), rebuild.Order{Model: "five", Swap: rebuild.Always})
	for at := 1; at <= calls; at++ {
		done := at%2 == 0
		dieAt(t, begin(), at, done, first, second)
		if t.Failed() {
			t.Fatalf("died at call %d of %d, done: %v", at, calls, done)
		}
	}
	t.Logf("died at each of %d calls; from call %d on the swap was done", calls, swappedAt)
}

func dieAt(t *testing.T, w *world, at int, done bool, first, second []event.Envelope) {
	t.Helper()
	inUse := w.dump("shop")
	n := 0
	h := &hooked{world: w}
	h.before = func() error {
		if n++; n > at || (n == at && !done) {
			return errDead
		}
		return nil
	}
	h.after = func() error {
		if n >= at {
			return errDead
		}
		return nil
	}
	order := rebuild.Order{Model: "five", Swap: rebuild.Always}
	if _, err := rebuild.Run(t.Context(), h.into(w.config()), order); !errors.Is(err, errDead) && err != nil {
		t.Errorf("the run that dies: %v", err)
	}
	if w.shop().Generation == 0 {
		same(t, "the generation in use after the crash", w.dump("shop"), inUse)
	}
	w.take(second...)
	if _, err := rebuild.Run(t.Context(), w.config(), order); err != nil && fault.CodeOf(err) != "generation_kept" {
		t.Errorf("the second run: %v", err)
	}
	must(t, w.rollUp(t.Context(), false))
	shop := w.shop()
	want := fresh(t, w, "five", append(append([]event.Envelope(nil), first...), second...))
	same(t, "the generation in use after the second run", onlyStored(t, w.dump(shop.Space()), want), want)
	if _, err := rebuild.Drop(t.Context(), w.config()); err != nil {
		t.Errorf("drop: %v", err)
	}
	for generation := range shop.Highest + 1 {
		other := shop
		if other.Generation = generation; generation != shop.Generation {
			same(t, "what is left of "+other.Space(), w.dump(other.Space()), "")
		}
	}
}
