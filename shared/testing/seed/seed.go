// Package seed holds laws against random inputs. Each input comes from a numbered seed, which a failure names, so that it can be run alone.
//
// It is for tests only.
//
//	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) { … })
package seed

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// Each holds a law against the seeds 1 to n, or against WAYMARK_SEED alone. The first seed that breaks it is named and ends the test.
func Each(t *testing.T, n uint64, law func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	first := uint64(1)
	if text := os.Getenv("WAYMARK_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("WAYMARK_SEED is %q, want a number", text)
		}
		first, n = seed, seed
	}
	seed := first
	defer func() { // also where the law ended the test
		if t.Failed() {
			t.Logf("seed %d; run it alone with WAYMARK_SEED=%d", seed, seed)
		}
	}()
	for ; seed <= n; seed++ {
		law(t, rand.New(rand.NewPCG(seed, 0)))
		if t.Failed() {
			return
		}
	}
}
