package interval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"waymark/shared/domain/interval"
)

func near(a, b, by float64) bool { return math.Abs(a-b) <= by*max(1, math.Abs(b)) }

// Published values: Wilson of 81 of 263 and 0 of 20 (Newcombe 1998, table I, method 3); the others are worked out by hand.
func TestPublished(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		k, n      int64
		low, high float64
		ok        bool
	}{
		{81, 263, .2553, .3662, true},
		{15, 148, .0624, .1605, true},
		{0, 20, 0, .1611, true},
		{1, 29, .0061, .1718, true},
		{20, 20, .8389, 1, true},
		{0, 0, 0, 0, false},
		{3, 2, 0, 0, false},
		{-1, 2, 0, 0, false},
	} {
		low, high, ok := interval.Wilson(c.k, c.n)
		if ok != c.ok || !near(low, c.low, 5e-5) || !near(high, c.high, 5e-5) {
			t.Errorf("Wilson(%d, %d) = %.5f, %.5f, %v, want %v", c.k, c.n, low, high, ok, c)
		}
	}
	// 50 promoters, 30 passives and 20 detractors: 0.3 ± 1.96 √((0.7 − 0.09) ÷ 100).
	if low, high, ok := interval.Score(30, 70, 100); !ok || !near(low, .146922, 1e-6) || !near(high, .453078, 1e-6) {
		t.Errorf("Score = %f, %f, %v", low, high, ok)
	}
	if low, high, ok := interval.Score(2, 2, 2); !ok || low != 1 || high != 1 {
		t.Errorf("Score of two promoters = %f, %f, %v", low, high, ok)
	}
	if _, _, ok := interval.Score(1, 1, 1); ok {
		t.Error("one answer has an interval")
	}
}

// A ratio's interval is that of the residuals person by person; of means, where every x is 1, it is Student's of a mean.
func TestRatioOfResiduals(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n := 3 + r.IntN(40)
		y, x := make([]float64, n), make([]float64, n)
		var s interval.Sums
		for i := range n {
			y[i], x[i] = float64(r.IntN(9)), float64(1+r.IntN(4))
			s.Y, s.X, s.YY, s.XY, s.XX, s.Persons = s.Y+y[i], s.X+x[i], s.YY+y[i]*y[i], s.XY+x[i]*y[i], s.XX+x[i]*x[i], s.Persons+1
		}
		ratio, squares := s.Y/s.X, 0.0
		for i := range n {
			squares += (y[i] - ratio*x[i]) * (y[i] - ratio*x[i])
		}
		deviation := math.Sqrt(squares/float64(n-1)) / (s.X / float64(n)) / math.Sqrt(float64(n))
		low, high, ok := interval.Ratio(s)
		if got := (high - low) / 2 / deviation; !ok || !near((low+high)/2, ratio, 1e-9) || squares > 0 && (got < 1.96 || got > 4.4) {
			t.Fatalf("Ratio(%+v) = %f, %f, %v: %f times %f", s, low, high, ok, got, deviation)
		}
	}
	// Five persons with 1, 2, 3, 4, 5: 3 ± 2.776 × √2.5 ÷ √5.
	low, high, ok := interval.Ratio(interval.Sums{Y: 15, X: 5, YY: 55, XY: 15, XX: 5, Persons: 5})
	if !ok || !near(low, 1.03676, 1e-3) || !near(high, 4.96324, 1e-3) {
		t.Errorf("the mean of 1 to 5 is within %f and %f, %v", low, high, ok)
	}
	if _, _, ok := interval.Ratio(interval.Sums{Y: 2, X: 2, Persons: 2}); ok {
		t.Error("two persons have an interval")
	}
	if _, _, ok := interval.Ratio(interval.Sums{Y: 2, Persons: 3}); ok {
		t.Error("a ratio without denominator has an interval")
	}
}

// Of 2,000 samples of 60 persons whose sessions depend on who has them, about 95 % of intervals hold the true ratio.
func TestCoverage(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	held := 0
	for range 2000 {
		var s interval.Sums
		for range 60 {
			sessions, bounces, rate := float64(1+r.IntN(8)), 0.0, []float64{.1, .7}[r.IntN(2)] // .4 of all
			for range int(sessions) {
				if r.Float64() < rate {
					bounces++
				}
			}
			s.Y, s.X, s.Persons = s.Y+bounces, s.X+sessions, s.Persons+1
			s.YY, s.XY, s.XX = s.YY+bounces*bounces, s.XY+bounces*sessions, s.XX+sessions*sessions
		}
		if low, high, ok := interval.Ratio(s); ok && low <= .4 && .4 <= high {
			held++
		}
	}
	if share := float64(held) / 2000; share < .93 || share > .97 {
		t.Errorf("%.3f of the intervals hold the true ratio", share)
	}
}
