package quantile_test

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"waymark/shared/domain/quantile"
)

// kinds of values: waits, loads of pages in seconds, few values, and tiny and huge ones.
var kinds = map[string]func(r *rand.Rand) float64{
	"lognormal": func(r *rand.Rand) float64 { return math.Exp(3 + 1.5*r.NormFloat64()) },
	"uniform":   func(r *rand.Rand) float64 { return 300 * r.Float64() },
	"few":       func(r *rand.Rand) float64 { return []float64{0, 1, 1, 60, 3600}[r.IntN(5)] },
	"wide":      func(r *rand.Rand) float64 { return math.Pow(10, -5+16*r.Float64()) },
}

// Every quantile is within 1 % of the value at its rank, in whatever parts and order the values came, and those that were taken out leave nothing.
func TestWithinTheError(t *testing.T) {
	t.Parallel()
	for name, draw := range kinds {
		r := rand.New(rand.NewPCG(7, uint64(len(name))))
		for range 60 {
			values := make([]float64, 1+r.IntN(400))
			parts, other := [3]quantile.Sketch{{}, {}, {}}, quantile.Sketch{}
			for i := range values {
				values[i] = draw(r)
				parts[r.IntN(3)].Add(values[i], 1)
				gone := draw(r)
				other.Add(gone, 2)
				other.Add(values[i], 1)
				other.Add(gone, -2)
			}
			whole := quantile.Sketch{}
			for _, i := range r.Perm(3) {
				whole.Join(parts[i])
			}
			if !maps.Equal(whole, other) || whole.N() != int64(len(values)) {
				t.Fatalf("%s: joined it is %v, one by one %v", name, whole, other)
			}
			slices.Sort(values)
			for _, q := range []float64{.01, .25, .5, .9, .95, 1} {
				at := 0 // by the words: the first value up to which at least q of all are
				for float64(at+1) < q*float64(len(values))-1e-9 {
					at++
				}
				got, ok := whole.Quantile(q)
				if want := values[at]; !ok || math.Abs(got-want) > quantile.Error*want*(1+1e-9) {
					t.Fatalf("%s: quantile %g of %v is %g, want %g", name, q, values, got, want)
				}
			}
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	s := quantile.Sketch{}
	if _, ok := s.Quantile(.5); ok {
		t.Error("there is a median of nothing")
	}
	for _, value := range []float64{-1, math.NaN(), math.Inf(-1)} {
		if s.Add(value, 1) || len(s) > 0 {
			t.Errorf("%g is known", value)
		}
	}
	s.Add(math.Inf(1), 1)
	if got, _ := s.Quantile(1); math.Abs(got/quantile.Most-1) > quantile.Error {
		t.Errorf("what is endless counts as %g", got)
	}
	if _, _, ok := s.Interval(.5); ok {
		t.Error("one value has an interval")
	}
}

// About 95 % of intervals hold the true quantile.
func TestCoverage(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 9))
	for _, q := range []float64{.5, .9} {
		truth, held := math.Exp(3+1.5*map[float64]float64{.5: 0, .9: 1.2815515655446004}[q]), 0
		for range 1000 {
			s := quantile.Sketch{}
			for range 200 {
				s.Add(kinds["lognormal"](r), 1)
			}
			if low, high, ok := s.Interval(q); ok && low*(1-quantile.Error) <= truth && truth <= high*(1+quantile.Error) {
				held++
			}
		}
		if share := float64(held) / 1000; share < .94 || share > .985 {
			t.Errorf("%.3f of the intervals hold quantile %g", share, q)
		}
	}
}
