package stats_test

import (
	"math"
	"testing"

	"waymark/shared/domain/stats"
)

// Tails beside sums of their probabilities, term by term, and a table: t of 10 degrees is above 2.228139 in 2.5 % (Student).
func TestTails(t *testing.T) {
	t.Parallel()
	poisson := func(k, mean float64) float64 { return math.Exp(k*math.Log(mean) - mean - lgamma(k+1)) }
	negative := func(k, mean, dispersion float64) float64 {
		r := mean / (dispersion - 1)
		return math.Exp(lgamma(k+r) - lgamma(r) - lgamma(k+1) + r*math.Log(1/dispersion) + k*math.Log(1-1/dispersion))
	}
	binomial := func(k, n, p float64) float64 {
		return math.Exp(lgamma(n+1) - lgamma(k+1) - lgamma(n-k+1) + k*math.Log(p) + (n-k)*math.Log(1-p))
	}
	upper := func(from, to float64, of func(k float64) float64) (sum float64) {
		for k := from; k <= to; k++ {
			sum += of(k)
		}
		return sum
	}
	for name, c := range map[string][2]float64{
		"poisson 12 of 5":         {stats.CountTail(12, 5, 1), upper(12, 200, func(k float64) float64 { return poisson(k, 5) })},
		"negative binomial":       {stats.CountTail(40, 20, 6), upper(40, 2000, func(k float64) float64 { return negative(k, 20, 6) })},
		"binomial 9 of 30":        {stats.ShareTail(9, 30, .2), upper(9, 30, func(k float64) float64 { return binomial(k, 30, .2) })},
		"exponential":             {stats.GammaTail(3, 2, 2), math.Exp(-1.5)},
		"student":                 {stats.StudentTail(2.228138852, 10), .025},
		"student quantile":        {stats.StudentQuantile(.975, 10), 2.228138852},
		"nothing is at least all": {stats.CountTail(0, 5, 2) + stats.GammaTail(0, 1, 1) + stats.ShareTail(0, 9, .5) + stats.ShareTail(11, 10, .5), 3},
	} {
		if math.Abs(c[0]-c[1]) > 1e-8 {
			t.Errorf("%s is %.12f, want %.12f", name, c[0], c[1])
		}
	}
}

func lgamma(x float64) float64 { l, _ := math.Lgamma(x); return l }
