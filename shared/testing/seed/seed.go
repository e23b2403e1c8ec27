// Package seed holds laws against random inputs. Each input comes from a numbered seed, which a failure names, so that it can be run alone.
//
// It is for tests only. WAYMARK_LONG=1 makes every test that may be longer so, WAYMARK_SEED=… runs one seed alone.
//
//	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) { … })
package seed

import (
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
)

// Long says whether tests may take minutes.
func Long() bool { return os.Getenv("WAYMARK_LONG") == "1" }

// longer is how many times as many seeds a long run plays.
const longer = 20

// Each holds a law against the seeds 1 to n, 1 to 20 n in a long run, or against WAYMARK_SEED alone. The first seed that breaks it is named and ends
// the test.
func Each(t *testing.T, n uint64, law func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	debug.SetGCPercent(800) // laws make much garbage and keep none
	if Long() {
		n *= longer
	}
	seed := uint64(1)
	if alone := Setting(t, "WAYMARK_SEED", 0); alone > 0 {
		seed, n = uint64(alone), uint64(alone)
	}
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

// Setting is a number from the environment.
func Setting(t testing.TB, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s is %q, want a number", name, text)
	}
	return n
}
