package stats_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"waymark/shared/domain/stats"
)

// TestEdges: what nothing can be said of is NaN, never a number.
func TestEdges(t *testing.T) {
	t.Parallel()
	nan := map[string]float64{
		"z of nobody":                       stats.TwoProportions(0, 0, 1, 2).P,
		"z where none succeeded":            stats.TwoProportions(0, 5, 0, 7).P,
		"z where all succeeded":             stats.TwoProportions(5, 5, 7, 7).Z,
		"chi-square of one group":           stats.ChiSquare([]int64{1}, []int64{2}).P,
		"chi-square where none succeeded":   stats.ChiSquare([]int64{0, 0}, []int64{2, 3}).P,
		"chi-square of no groups":           stats.ChiSquare(nil, nil).P,
		"sample ratio of nobody":            stats.SampleRatio([]int64{0, 0}, []float64{1, 1}).P,
		"sample ratio of one group":         stats.SampleRatio([]int64{4, 0}, []float64{1, 0}).P,
		"Newcombe of nobody":                first(stats.Newcombe(0, 0, 1, 2)),
		"Wald of nobody":                    first(stats.Wald(0, 0, 1, 2)),
		"Welch of one each":                 stats.Welch(stats.Moments(1, 1, 1), stats.Moments(1, 2, 4), .05).P,
		"Welch of what does not vary":       stats.Welch(stats.Moments(5, 5, 5), stats.Moments(5, 10, 20), .05).Low,
		"lift from 0":                       stats.Lift(stats.Proportion(0, 9), stats.Proportion(2, 9), .05).P,
		"median of those who mostly remain": stats.Median(stats.KaplanMeier([]stats.Lifetime{{1, true}, {2, false}, {3, false}})),
		"error of a share of 0":             stats.KaplanMeier([]stats.Lifetime{{1, true}})[0].Error,
		"low of a share of 0":               stats.KaplanMeier([]stats.Lifetime{{1, true}})[0].Low,
	}
	for name, got := range nan {
		if !math.IsNaN(got) {
			t.Errorf("%s = %v, want NaN", name, got)
		}
	}
	if got := stats.SampleRatio([]int64{4, 6, 1}, []float64{1, 1, 0}); got.P != 0 {
		t.Errorf("a group of weight 0 that somebody is in has p %v, want 0", got.P)
	}
	if got := stats.SampleRatio([]int64{4, 6, 0}, []float64{1, 1, 0}); got.Freedom != 1 {
		t.Errorf("a group of weight 0 counts: %d degrees of freedom, want 1", got.Freedom)
	}
	if got := stats.Fisher(0, 0, 1, 2); math.Abs(got-1) > 1e-12 {
		t.Errorf("Fisher of nobody = %v, want 1", got)
	}
	check(t, "P(B > A) of nothing", stats.Beats(0, 0, 0, 0), .5, 1e-12)
	check(t, "loss of nothing", stats.Loss(0, 0, 0, 0), 1./6, 1e-12)
	if got := stats.SampleSize(.1, .1, .05, .8); !math.IsInf(got, 1) {
		t.Errorf("the size of a sample for no difference = %v, want infinite", got)
	}
	if got := stats.KaplanMeier(nil); got != nil {
		t.Errorf("the curve of nobody = %v", got)
	}
	if got := stats.BenjaminiHochberg(nil); len(got) != 0 {
		t.Errorf("BenjaminiHochberg of nothing = %v", got)
	}
}

func first(v, _, _ float64) float64 { return v }

// TestBeatsIsOneInAnyForm: the sum and the integral agree where one takes over from the other, and swapping the groups gives the rest of 1.
func TestBeatsIsOneInAnyForm(t *testing.T) {
	t.Parallel()
	for _, c := range [][4]int64{
		{1990, 9000, 2100, 9100}, {2010, 9000, 2100, 9100}, {7010, 9000, 7100, 9100}, {6990, 9000, 7100, 9100}, {0, 50, 50, 50}, {3, 1_000_000, 9, 1_000_000},
	} {
		there, back := stats.Beats(c[0], c[1], c[2], c[3]), stats.Beats(c[2], c[3], c[0], c[1])
		check(t, "P(B > A) + P(A > B)", there+back, 1, 1e-9)
		check(t, "of failures", stats.Beats(c[1]-c[0], c[1], c[3]-c[2], c[3]), back, 1e-9)
		// The means differ by what one of the choices loses more than the other.
		mean := func(k, n int64) float64 { return float64(k+1) / float64(n+2) }
		check(t, "losses", stats.Loss(c[0], c[1], c[2], c[3])-stats.Loss(c[2], c[3], c[0], c[1]), mean(c[0], c[1])-mean(c[2], c[3]), 1e-9)
	}
	sum, integral := stats.Beats(1998, 9000, 1990, 9100), stats.Beats(2002, 9000, 1994, 9100)
	if math.Abs(sum-integral) > .001 {
		t.Errorf("P(B > A) leaps from %v to %v where the integral takes over", sum, integral)
	}
}

// TestSequentialNarrowest: of two intervals with the same data, that whose tuning is about the number of persons is the narrower one.
func TestSequentialNarrowest(t *testing.T) {
	t.Parallel()
	c := stats.Lift(stats.Moments(3000, 1396.87, 52377.9767), stats.Moments(3461, 2422.7, 134698.29), .05)
	width := func(tuning float64) float64 {
		low, high, _ := c.Sequential(tuning)
		return high - low
	}
	if near := width(6461); !(near < width(10) && near < width(100_000) && near > c.High-c.Low) {
		t.Errorf("widths %v, %v, %v and plain %v", width(10), near, width(100_000), c.High-c.Low)
	}
}

// TestSequentialInAgreement: the p of a sequential test is below alpha exactly where its interval leaves out 0.
func TestSequentialInAgreement(t *testing.T) {
	t.Parallel()
	const seed = 13
	random := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		n1, n2 := 50+random.Int64N(5000), 50+random.Int64N(5000)
		k1, k2 := 1+random.Int64N(n1-1), 1+random.Int64N(n2-1)
		if random.IntN(2) == 0 {
			k2 = min(n2-1, max(1, k1*n2/n1+random.Int64N(60)-30))
		}
		alpha := []float64{.05, .01, .05 / 3}[random.IntN(3)]
		low, high, p := stats.Welch(stats.Proportion(k1, n1), stats.Proportion(k2, n2), alpha).Sequential(stats.Tuning)
		if (p < alpha) != (low > 0 || high < 0) {
			t.Fatalf("seed %d: %d/%d and %d/%d at %v: p %v and interval %v to %v disagree", seed, k1, n1, k2, n2, alpha, p, low, high)
		}
	}
}

func BenchmarkBeats(b *testing.B) {
	for b.Loop() {
		stats.Loss(50_000, 1_000_000, 50_500, 1_000_000)
	}
}

func BenchmarkFisher(b *testing.B) {
	for b.Loop() {
		stats.Fisher(5_000, 100_000, 5_100, 100_000)
	}
}
