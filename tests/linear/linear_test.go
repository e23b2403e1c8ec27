package linear_test

import (
	"log/slog"
	"os"
	"strconv"
	"testing"

	"github.com/anishathalye/porcupine"

	"waymark/shared/adapter/memory"
)

// runs is how many histories are checked.
const runs = 1000

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the handlers tell of every injected fault
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
