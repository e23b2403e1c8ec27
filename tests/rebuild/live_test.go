package rebuild_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"waymark/infra/rebuild"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/testing/seed"
)

// While a rebuild runs, process goes on taking events between any two of its calls, for a minute after the swap under the settings that it
// remembers; operators cut links, rollups run and the archive is compacted. In the end nothing is missing in the generation in use, and no published
// revision went back.
func TestRebuildWhileEventsComeIn(t *testing.T) {
	late, stale := 0, 0
	t.Cleanup(func() {
		if t.Logf("%d late objects, %d batches written to the former generation", late, stale); late == 0 || stale == 0 {
			t.Error("want some of both, or this proves nothing")
		}
	})
	seed.Each(t, 10, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, r, "default")
		source := traffic{r}
		w.take(source.some(25)...)
		w.settle()
		coming := source.some(40)
		published := map[string]kpi.Window{}
		live := func(calm int) {
			switch n := w.random.IntN(calm); {
			case n < 12 && len(coming) > 0:
				before := w.dump("shop")
				size := min(len(coming), 1+w.random.IntN(3))
				w.take(coming[:size]...)
				coming = coming[size:]
				if w.shop().Generation > 0 && w.dump("shop") != before {
					stale++
				}
			case n < 15:
				w.settle()
				for name, one := range w.windows(w.shop().Namespace()) {
					if one.Revision >= published[name].Revision {
						published[name] = one
					}
				}
			case n < 17:
				w.cut()
			case n < 20:
				must(t, w.Archive.CompactEvents(t.Context(), "shop", event.At(w.Now).Day()))
			}
		}
		c := w.config(func(_ string, apply func() error) error {
			live(100)
			return apply()
		})
		c.Sleep = func(_ context.Context, d time.Duration) error {
			for until := w.Now.Add(d); w.Now.Before(until); w.Advance(5 * time.Second) {
				coming = append(coming, source.some(1)...)
				live(40)
			}
			return nil
		}
		report := w.run(c, rebuild.Order{Swap: rebuild.Always})
		w.Advance(2 * time.Minute)
		w.take(coming...)
		w.settle()
		want := w.fresh("default")
		cuts, err := w.Table.Cuts(t.Context(), "shop~1")
		must(t, err)
		for _, cut := range cuts {
			must(t, want.decide(cut))
		}
		want.settle()
		same(t, fmt.Sprintf("the generation in use after %d late objects", report.Late), w.dump("shop~1"), want.dump("shop"))
		monotonic(t, published, w.windows("shop~1"))
		late += report.Late
	})
}

// An event that waited long, as one does whose first processing failed, lies in the archive where its day of receipt does, and is carried over all
// the same.
func TestRebuildCarriesOldEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(), "default")
	w.take(traffic{one()}.some(10)...)
	w.settle()
	w.Post("wk_web", `{"type":"page","userId":"u1","messageId":"slow","timestamp":"2026-11-20T10:00:00Z"}`)
	w.Advance(20 * 24 * time.Hour)
	c := w.config(nil)
	c.Sleep = func(context.Context, time.Duration) error {
		w.Advance(30 * time.Second)
		w.deliver() // the former generation gets it
		w.Advance(90 * time.Second)
		return nil
	}
	w.take(sent{key: "wk_web", raw: `{"type":"page","userId":"u2","messageId":"before"}`})
	w.Post("wk_web", `{"type":"page","userId":"u1","messageId":"slower","timestamp":"2026-11-20T11:00:00Z"}`)
	report := w.run(c, rebuild.Order{Swap: rebuild.Always})
	old := `"i":"slower"`
	if report.Late != 1 || !strings.Contains(w.dump("shop"), old) || !strings.Contains(w.dump("shop~1"), old) {
		t.Errorf("report %+v, want the event in both generations", report)
	}
}

// What a function writes to the former generation when all is said to be settled is in no archive. It is taken over before
// that generation is dropped, also when it was on its way back, and whichever call the drop dies at before it is run again.
func TestDropLosesNothing(t *testing.T) {
	t.Parallel()
	events := traffic{one()}.some(10)
	for _, isReturning := range []bool{false, true} {
		calls := 1 << 30
		for dieAt := 0; dieAt <= calls; dieAt++ { // at 0 it does not die
			w := newWorld(t, one(), "default")
			w.take(events...)
			c := w.config(nil)
			c.Settle = 0
			w.run(c, rebuild.Order{Swap: rebuild.Always})
			if isReturning {
				returning, err := w.shop().Return()
				must(t, err)
				must(t, w.Table.PutGenerations(t.Context(), w.shop(), returning))
			}
			w.take(sent{key: "wk_web", raw: `{"type":"page","userId":"u1","messageId":"stale","timestamp":"2026-11-20T10:00:00Z"}`})
			if !strings.Contains(w.dump("shop"), `"i":"stale"`) {
				t.Fatal("the event did not go to the former generation")
			}
			n := 0
			_, err := rebuild.Drop(t.Context(), w.config(func(_ string, apply func() error) error {
				if n++; dieAt > 0 && n >= dieAt {
					return errDead
				}
				return apply()
			}))
			if dieAt == 0 {
				must(t, err)
				calls = n
			} else {
				w.Advance(3 * time.Hour) // longer than the clocks of table and archive may differ
				_, err := rebuild.Drop(t.Context(), w.config(nil))
				must(t, err)
			}
			w.settle()
			what := fmt.Sprintf(" after a drop that died at call %d of %d", dieAt, calls)
			same(t, "the generation in use"+what, w.dump("shop~1"), w.fresh("default").dump("shop"))
			same(t, "the generation that was dropped"+what, w.left("shop"), "")
			if t.Failed() {
				return
			}
		}
	}
}

// A settle that a dead rebuild left at work is waited for before its generation is deleted, or what it writes would stay.
func TestDropWaitsForASettle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, one(), "default")
	w.take(traffic{one()}.some(10)...)
	w.settle()
	begun, err := w.shop().Begin("default", event.At(w.Now))
	must(t, err)
	must(t, w.Table.PutGenerations(t.Context(), w.shop(), begun))
	next, _ := begun.Next()
	atWork, err := w.Settler(w.Ports()).Begin(t.Context(), next, 0)
	must(t, err)
	must(t, w.Archive.PutLog(t.Context(), next.Namespace(), "of a run that died", ledger.Log{}))
	c, waits := w.config(nil), 0
	c.Sleep = func(_ context.Context, d time.Duration) error {
		waits++
		must(t, w.Table.PutProfiles(t.Context(), next.Namespace(), []ledger.Profile{{ID: "user:u1", Run: 2}}))
		must(t, atWork.End(t.Context(), true))
		w.Advance(d)
		return nil
	}
	_, err = rebuild.Drop(t.Context(), c)
	must(t, err)
	if waits != 1 {
		t.Errorf("the settle was waited for %d times, want once", waits)
	}
	same(t, "the generation that was dropped", w.left(next.Namespace()), "")
}

// A rebuild that dies at any of its calls, at every other one after the call was done, harms nothing; run again, it ends as if nothing had happened, and
// nothing of the attempt is left after --drop-old.
func TestRebuildDiesAnywhere(t *testing.T) {
	t.Parallel()
	source := traffic{one()}
	first, second, third := source.some(9), source.some(2), source.some(4)
	begin := func() *world {
		w := newWorld(t, one(), "default")
		w.take(first...)
		w.cut()
		w.settle()
		return w
	}
	calls, swappedAt := 0, 0
	w := begin()
	w.run(w.config(func(_ string, apply func() error) error {
		if calls++; swappedAt == 0 && w.shop().Generation == 1 {
			swappedAt = calls
		}
		return apply()
	}), rebuild.Order{Model: "five", Swap: rebuild.Always})
	for at := 1; at <= calls; at++ {
		isDone := at%2 == 0
		dieAt(t, begin(), at, isDone, second, third)
		if t.Failed() {
			t.Fatalf("died at call %d of %d, done: %v", at, calls, isDone)
		}
	}
	t.Logf("died at each of %d calls; from call %d on the swap was done", calls, swappedAt)
}

// dieAt dies at a call. Some calls before it, second comes in; after it, third.
func dieAt(t *testing.T, w *world, at int, isDone bool, second, third []sent) {
	t.Helper()
	inUse, n := w.dump("shop"), 0
	dying := w.config(func(_ string, apply func() error) error {
		if n++; n > at || n == at && !isDone {
			return errDead
		}
		if n == at-10 && w.shop().Generation == 0 {
			w.take(second...)
			w.settle()
			inUse = w.dump("shop")
		}
		if err := apply(); err != nil || n < at {
			return err
		}
		return errDead
	})
	order := rebuild.Order{Model: "five", Swap: rebuild.Always}
	if _, err := rebuild.Run(t.Context(), dying, order); !errors.Is(err, errDead) && err != nil {
		t.Errorf("the run that dies: %v", err)
	}
	if w.shop().Generation == 0 {
		same(t, "the generation in use after the crash", w.dump("shop"), inUse)
	}
	w.Advance(2 * time.Minute)
	w.take(third...)
	if _, err := rebuild.Run(t.Context(), w.config(nil), order); err != nil && fault.CodeOf(err) != "generation_kept" {
		t.Errorf("the second run: %v", err)
	}
	w.settle()
	shop := w.shop()
	want := w.fresh("five")
	cuts, err := w.Table.Cuts(t.Context(), "shop")
	must(t, err)
	for _, cut := range cuts {
		must(t, want.decide(cut))
	}
	want.settle()
	same(t, "the generation in use after the second run", w.dump(shop.Namespace()), want.dump("shop"))
	if _, err := rebuild.Drop(t.Context(), w.config(nil)); err != nil {
		t.Errorf("drop: %v", err)
	}
	for generation := range shop.Highest + 1 {
		other := shop
		if other.Generation = generation; generation != shop.Generation {
			same(t, "what is left of "+string(other.Namespace()), w.left(other.Namespace()), "")
		}
	}
}
