package sim

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// atLeast is how many seeds the test runs; WAYMARK_SIM_N asks for another number, WAYMARK_SIM_SEED for one seed alone.
const atLeast = 10_000

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

func player(t testing.TB) *Player {
	t.Helper()
	p, err := NewPlayer()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSchedules: whatever is delivered twice, late, out of order or in the middle of a crash, everything stored equals the oracle.
func TestSchedules(t *testing.T) {
	p := player(t)
	if seed := setting(t, "WAYMARK_SIM_SEED", 0); seed > 0 {
		explain(t, p, seed)
		return
	}
	n := setting(t, "WAYMARK_SIM_N", atLeast)
	total, failed := sweep(t, p, 1, n, uint64(runtime.GOMAXPROCS(0)))
	if len(failed) > 0 {
		explain(t, p, slices.Min(failed))
		return
	}
	t.Logf("%d schedules equal the oracle", n)
	t.Log("\n" + total.String())
	if missing := total.missing(n); n >= atLeast && len(missing) > 0 {
		t.Errorf("these calls met too few faults: %v", missing)
	}
}

// explain makes a failing seed smaller and shows it.
func explain(t *testing.T, p *Player, seed uint64) {
	t.Helper()
	o := p.Play(seed)
	if o.Problem == "" {
		t.Logf("seed %d equals the oracle", seed)
		return
	}
	small := p.Shrink(seed, 4000)
	t.Fatalf("seed %d: %s\n\nmade smaller:\n%s\n%s\n\nplay it again: make sim SEED=%d", seed, o.Problem, small.Trace, small.Problem, seed)
}

// coverage counts calls and faults by site.
type coverage struct {
	calls  map[string]int
	faults map[site]int
}

func (c *coverage) add(o Outcome) {
	for name, n := range o.Calls {
		c.calls[name] += n
	}
	for s, n := range o.Faults {
		c.faults[s] += n
	}
}

// sweep plays the seeds from first on, spread over the workers, and tells of each that fails as soon as it does: a long run that is cut off has then
// said what it found. It ends when enough have failed.
func sweep(t *testing.T, p *Player, first, n, workers uint64) (total coverage, failed []uint64) {
	const every, enough = 50_000, 10
	total = coverage{map[string]int{}, map[site]int{}}
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		done uint64
	)
	for worker := range workers {
		wg.Go(func() {
			for seed := first + worker; seed < first+n; seed += workers {
				o := p.Play(seed)
				mu.Lock()
				total.add(o)
				if o.Problem != "" {
					failed = append(failed, seed)
					t.Errorf("seed %d differs from the oracle: make sim SEED=%d", seed, seed)
				}
				stop := len(failed) >= enough
				if done++; done%every == 0 {
					t.Logf("%d schedules played, %d differ from the oracle", done, len(failed))
				}
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	return total, failed
}

// String is a table: a line for each site of calls, a column for each kind of fault.
func (c *coverage) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-16s %11s", "call", "calls")
	for _, kind := range faultKinds {
		fmt.Fprintf(&out, " %12s", kind)
	}
	for _, name := range slices.Sorted(maps.Keys(c.calls)) {
		fmt.Fprintf(&out, "\n%-16s %11d", name, c.calls[name])
		for _, kind := range faultKinds {
			fmt.Fprintf(&out, " %12d", c.faults[site{name, kind}])
		}
	}
	return out.String()
}

// missing names what n schedules left out: in 10,000 every call meets a hundred faults, and every kind of fault ten times.
func (c *coverage) missing(n uint64) []site {
	const ofCall, ofKind = 100, 10
	var out []site
	for name := range c.calls {
		if name == "wake" { // hardly ever called while there are faults: settle TestWhoDidSomethingComesFirst plays them all
			continue
		}
		all := 0
		for _, kind := range faultKinds {
			if !possible(name, kind) {
				continue
			}
			met := c.faults[site{name, kind}]
			all += met
			if uint64(met)*atLeast < ofKind*n {
				out = append(out, site{name, kind})
			}
		}
		if uint64(all)*atLeast < ofCall*n {
			out = append(out, site{name: name})
		}
	}
	return out
}

// TestSameSeedSameSchedule: a seed says everything.
func TestSameSeedSameSchedule(t *testing.T) {
	t.Parallel()
	p := player(t)
	for seed := uint64(1); seed <= 50; seed++ {
		first, second := p.play(seeded(seed), true), p.play(seeded(seed), true)
		if a, b := sha256.Sum256([]byte(first.Trace)), sha256.Sum256([]byte(second.Trace)); a != b {
			t.Fatalf("seed %d was played in two ways:\n%s\n\n%s", seed, first.Trace, second.Trace)
		}
		if again := p.play(scripted(first.script), true); again.Trace != first.Trace {
			t.Fatalf("the script of seed %d plays another schedule", seed)
		}
	}
}
