package steps_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"waymark/shared/adapter/steps"
	"waymark/shared/domain/fault"
)

// crashing is a bucket whose owner dies at a call that changes something.
type crashing struct {
	objects
	left *int
}

func (c crashing) dies() error {
	if *c.left--; *c.left < 0 {
		return fault.New(fault.Unavailable, "crash", "crash")
	}
	return nil
}

func (c crashing) Put(ctx context.Context, key, contentType string, body []byte) error {
	if err := c.dies(); err != nil {
		return err
	}
	return c.objects.Put(ctx, key, contentType, body)
}

func (c crashing) Delete(ctx context.Context, key string) error {
	if err := c.dies(); err != nil {
		return err
	}
	return c.objects.Delete(ctx, key)
}

// TestCompactSteps: with any limits and crashes in between, what Steps yields never changes. In the end no objects
// overlap, and they hold the rows that count and no others.
func TestCompactSteps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 5))
		limits := func() steps.Limits { return steps.Limits{PartRows: 1 + random.IntN(300), Chains: 2 + random.IntN(4)} }
		o := objects{}
		for run := range 2 + random.IntN(12) {
			must(t, steps.New(o).PutSteps(t.Context(), "shop", int64(run), day(random, 1+random.IntN(60))))
		}
		early := o.clone()
		want, err := readAll(t, o)
		must(t, err)
		check := func(when string) {
			t.Helper()
			if got, err := readAll(t, o); err != nil || got != want {
				t.Fatalf("seed %d: other steps %s (%v); objects %v", seed, when, err, o.keys())
			}
		}
		for range random.IntN(6) {
			left := random.IntN(12)
			_ = steps.NewWithin(crashing{o, &left}, limits()).CompactSteps(t.Context(), "shop", someDay)
			check("after a crash")
		}
		for key, body := range early { // writers that were late
			if random.IntN(4) == 0 {
				o[key] = body
			}
		}
		check("with late runs")
		must(t, steps.NewWithin(o, limits()).CompactSteps(t.Context(), "shop", someDay))
		check("after compaction")
		for _, key := range o.keys() {
			if strings.Contains(key, "part=run-") {
				t.Fatalf("seed %d: not compacted: %v", seed, o.keys())
			}
		}
		before := o.keys()
		must(t, steps.New(o).CompactSteps(t.Context(), "shop", someDay))
		if !slices.Equal(o.keys(), before) {
			t.Fatalf("seed %d: a second compaction changed %v into %v", seed, before, o.keys())
		}
	}
}
