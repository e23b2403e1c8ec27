package linear_test

import (
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"testing"

	"github.com/anishathalye/porcupine"

	"waymark/shared/adapter/memory"
	"waymark/tests/emulated"
)

// runs is how many histories are checked.
const runs = 1000

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the handlers tell of every injected fault
	debug.SetGCPercent(800)                        // runs make much garbage and keep none
	os.Exit(m.Run())
}

// seeds gives the first seed and how many to run; WAYMARK_SEED asks for one alone. The schedule is that of goroutines, so a seed fixes the
// faults and not the interleaving.
func seeds(t *testing.T, n uint64) (first, count uint64) {
	t.Helper()
	text := os.Getenv("WAYMARK_SEED")
	if text == "" {
		return 1, n
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	must(t, err)
	return seed, 1
}

// TestWriters: 64 writers on one identifier, with conflicts and throttling, over 1,000 runs: every history is linearizable, and at the end
// everything that was acknowledged is there, once.
func TestWriters(t *testing.T) {
	t.Parallel()
	first, n := seeds(t, runs)
	var total counts
	operations := 0
	for seed := first; seed < first+n; seed++ {
		w := newWorld(t, memory.NewTable(), design{})
		w.run(t, seed, writers)
		w.checkEnd(t, writers)
		if result := w.check(); result != porcupine.Ok {
			t.Errorf("the history of a run is not linearizable: %s", result)
		}
		if t.Failed() {
			t.Fatalf("seed %d; run it alone with WAYMARK_SEED=%d", seed, seed)
		}
		operations += len(w.history)
		total = counts{
			total.refolds + w.counts.refolds, total.conflicts + w.counts.conflicts, total.faults + w.counts.faults,
			total.redelivered + w.counts.redelivered, total.pauses + w.counts.pauses,
		}
	}
	t.Logf("%d runs of %d writers, %d operations: linearizable; %+v", n, writers, operations, total)
	if n > 1 && (total.conflicts == 0 || total.redelivered == 0 || total.refolds == 0) {
		t.Errorf("the writers never met, so nothing is proven: %+v", total)
	}
}

// TestMutants: known bad designs must give a history that is not linearizable, or the checker proves nothing.
func TestMutants(t *testing.T) {
	t.Parallel()
	for name, mutant := range map[string]design{
		"commit without the version check": {unchecked: true}, "pages before P": {pagesFirst: true}, "acknowledged whatever became of it": {forgetful: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 1000; seed++ {
				w := newWorld(t, memory.NewTable(), mutant)
				w.run(t, seed, writers)
				if result := w.check(); result == porcupine.Illegal {
					t.Logf("not linearizable at seed %d", seed)
					return
				}
			}
			t.Errorf("the mutant %q survived 1,000 runs", name)
		})
	}
}

// TestEmulator: the same writers on the real adapter, through the real SDK, against the emulator: what another writer was first with is told by
// its condition, and not by ours.
func TestEmulator(t *testing.T) {
	t.Parallel()
	const rounds = 3
	for round := range uint64(rounds) {
		w := newWorld(t, emulated.Table(t), design{calm: true})
		w.run(t, round, writers)
		w.checkEnd(t, writers)
		if result := w.check(); result != porcupine.Ok {
			t.Errorf("the history of round %d is not linearizable: %s", round, result)
		}
		t.Logf("round %d: %d operations; %+v", round, len(w.history), w.counts)
		if w.counts.conflicts == 0 {
			t.Errorf("the writers of round %d never met, so nothing is proven", round)
		}
	}
}
