package sim

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// schedules is how many seeds the test runs; WAYMARK_SIM_N asks for another number.
const schedules = 10_000

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the handlers tell of every injected fault
	debug.SetGCPercent(800)                        // schedules make much garbage and keep none
	os.Exit(m.Run())
}

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s is %q, want a number", name, text)
	}
	return n
}

// TestSchedules: whatever is delivered twice, late, out of order or in the middle of a crash, everything stored equals the oracle.
func TestSchedules(t *testing.T) {
	first, n := uint64(1), setting(t, "WAYMARK_SIM_N", schedules)
	if one := setting(t, "WAYMARK_SIM_SEED", 0); one != 0 {
		first, n = one, 1
	}
	var (
		mu    sync.Mutex
		sites = map[string]int{}
		kinds = map[string]int{}
	)
	t.Run("group", func(t *testing.T) {
		const shards = 8
		for shard := range uint64(shards) {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for seed := first + shard; seed < first+n; seed += shards {
					w, problem := play(seed, real)
					if problem != "" {
						t.Fatalf("seed %d: %s\nrun it again: WAYMARK_SIM_SEED=%d go test -run TestSchedules ./tests/sim", seed, problem, seed)
					}
					mu.Lock()
					add(sites, w.calls)
					add(kinds, w.faultKinds)
					mu.Unlock()
				}
			})
		}
	})
	t.Logf("%d schedules from seed %d equal the oracle", n, first)
	for _, counts := range []map[string]int{kinds, sites} {
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			t.Logf("%-14s %9d", name, counts[name])
		}
	}
}

func add(total, counts map[string]int) {
	for name, n := range counts {
		total[name] += n
	}
}

// TestMutants: known bad designs must be caught within a thousand seeds, or the simulator proves nothing.
func TestMutants(t *testing.T) {
	t.Parallel()
	for name, mutant := range mutants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 1000; seed++ {
				if _, problem := play(seed, mutant); problem != "" {
					t.Logf("killed at seed %d", seed)
					return
				}
			}
			t.Errorf("the mutant %q survived 1,000 schedules", name)
		})
	}
}
