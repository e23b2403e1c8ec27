package stats

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mathext"
)

// exactSteps is how many steps an exact sum may have. Beyond it rounding costs more digits than the integral does.
const exactSteps = 2000

// Beats is the probability that B's rate is above A's, given kA of nA and kB of nB, when before them each rate was as likely as any other (a uniform
// prior, so that the rates are Beta(k + 1, n − k + 1)). It is an exact sum (Miller 2015) of small counts and an integral of large ones, both within
// 1e-9. Of nothing it is 1/2.
func Beats(kA, nA, kB, nB int64) float64 {
	return rateOf(kB, nB).beats(rateOf(kA, nA))
}

// Loss is what choosing B is expected to lose, as a difference of rates: the mean of A − B wherever A is the better one, and 0 elsewhere (a uniform
// prior, as Beats has it), within 1e-9. Of nothing it is 1/6.
func Loss(kA, nA, kB, nB int64) float64 {
	// E[max(A − B, 0)] = E[A] P(A′ > B) − E[B] P(A > B′), where a dash is one success more.
	a, b := rateOf(kA, nA), rateOf(kB, nB)
	more := func(r rate) rate { return rate{r.alpha + 1, r.beta} }
	return max(0, a.mean()*more(a).beats(b)-b.mean()*a.beats(more(b)))
}

// rate is what is known of a rate: a Beta distribution.
type rate struct{ alpha, beta float64 }

func rateOf(k, n int64) rate { return rate{float64(k) + 1, float64(n-k) + 1} }

func (r rate) mean() float64 { return r.alpha / (r.alpha + r.beta) }

// beats is the probability that r is above other. The sum has a step for each success of r; by symmetry, any of the four numbers will do.
func (r rate) beats(other rate) float64 {
	switch least := min(r.alpha, r.beta, other.alpha, other.beta); {
	case least > exactSteps:
		return r.beatsByIntegral(other)
	case least == r.alpha:
		return r.beatsBySum(other)
	case least == other.alpha:
		return 1 - other.beatsBySum(r)
	case least == r.beta:
		return 1 - r.failure().beatsBySum(other.failure())
	default:
		return other.failure().beatsBySum(r.failure())
	}
}

// failure is the distribution of 1 − rate.
func (r rate) failure() rate { return rate{r.beta, r.alpha} }

// beatsBySum is Σ B(α + i, β + β′)/((β′ + i) B(1 + i, β′) B(α, β)) over the whole i below α′, where those with a dash are of r.
func (r rate) beatsBySum(other rate) float64 {
	whole := logBeta(other.alpha, other.beta)
	var p float64
	for i := range int(r.alpha) {
		at := float64(i)
		p += math.Exp(logBeta(other.alpha+at, other.beta+r.beta) - math.Log(r.beta+at) - logBeta(1+at, r.beta) - whole)
	}
	return min(p, 1)
}

func logBeta(a, b float64) float64 { return logGamma(a) + logGamma(b) - logGamma(a+b) }

// beatsByIntegral is the integral of r's density times the probability that other is below, over ten standard deviations on both sides.
func (r rate) beatsByIntegral(other rate) float64 {
	of := r.alpha + r.beta
	middle, deviation := r.mean(), math.Sqrt(r.alpha*r.beta/(of*of*(of+1)))
	// The density is taken in relation to its middle, for logarithms of large functions differ by little; the same points give the whole.
	height := func(x float64) float64 {
		return math.Exp((r.alpha-1)*math.Log(x/middle) + (r.beta-1)*math.Log1p((middle-x)/(1-middle)))
	}
	low, high := max(0, middle-10*deviation), min(1, middle+10*deviation)
	const points = 400
	above := quad.Fixed(func(x float64) float64 { return height(x) * mathext.RegIncBeta(other.alpha, other.beta, x) }, low, high, points, quad.Legendre{}, 0)
	return min(1, above/quad.Fixed(height, low, high, points, quad.Legendre{}, 0))
}
