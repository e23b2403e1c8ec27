package clv

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"

	"waymark/shared/domain/stats"
)

// Spend is what a buyer's repeat purchases were worth.
type Spend struct {
	Repeats int
	Mean    float64 // of a repeat purchase, in units of the currency
}

// GammaGamma is the model of the worth of purchases: those of one buyer differ as gamma(P, ν), and ν between buyers as gamma(Q, Gamma). Gamma is
// in units of the currency (Fader & Hardie 2013, note 025). It supposes that how much is spent has nothing to do with how often.
type GammaGamma struct{ P, Q, Gamma float64 }

var gammaGammaNames = []string{"p", "q", "gamma"}

// Mean is the expected worth of a purchase of a buyer: the mean of all buyers, drawn to the buyer's own the more, the more purchases there are.
func (m GammaGamma) Mean(s Spend) float64 {
	x := float64(s.Repeats)
	return m.P * (m.Gamma + x*s.Mean) / (m.P*x + m.Q - 1)
}

// mostCorrelation is how far frequency and spend may be correlated before the model is refused, and only where the interval of 95 % leaves 0 out.
const mostCorrelation = 0.3

// FitGammaGamma fits the model by maximum likelihood to the buyers who came back; the others say nothing of it. It refuses, with the reason, too few of
// them, spend that goes with frequency, a fit at the edge, and one whose mean is infinite (Q of at most 1).
func FitGammaGamma(spends []Spend) (Fit[GammaGamma], error) {
	var of []Spend
	var mean float64
	for _, s := range spends {
		if s.Repeats > 0 && s.Mean > 0 {
			of = append(of, s)
			mean += s.Mean
		}
	}
	if len(of) < leastRepeaters {
		return Fit[GammaGamma]{}, fmt.Errorf("only %d buyers came back and paid; at least %d are needed", len(of), leastRepeaters)
	}
	mean /= float64(len(of))
	if r, low, high := correlation(of); math.Abs(r) > mostCorrelation && (low > 0 || high < 0) {
		return Fit[GammaGamma]{}, fmt.Errorf("how often these buyers purchase and how much they spend go together "+
			"(correlation %.2f, interval %.2f to %.2f; at most %.1f is allowed), which the model supposes they do not", r, low, high, mostCorrelation)
	}
	starts := [][]float64{{6, 4, 3 * mean / 6}, {1, 3, 2 * mean}}
	found, err := maximise(gammaGammaNames, starts, float64(len(of)), func(at, gradient []float64) float64 {
		return GammaGamma{at[0], at[1], at[2]}.likelihood(of, gradient)
	})
	if err != nil {
		return Fit[GammaGamma]{}, err
	}
	m := GammaGamma{found.at[0], found.at[1], found.at[2]}
	if m.Q <= 1 {
		return Fit[GammaGamma]{}, fmt.Errorf("a few very large purchases make the mean of the model infinite (q is %.3g, and must be above 1)", m.Q)
	}
	return fitOf(m, gammaGammaNames, found, len(of)), nil
}

// likelihood is the log-likelihood and its gradient, where one is asked for.
func (m GammaGamma) likelihood(spends []Spend, gradient []float64) float64 {
	var sum, byP, byQ, byGamma float64
	logQ, digammaQ, logOfGamma := logGamma(m.Q), mathext.Digamma(m.Q), math.Log(m.Gamma)
	for _, s := range spends {
		x := float64(s.Repeats)
		paid, px := x*s.Mean, m.P*x
		logAll, logPaid := math.Log(m.Gamma+paid), math.Log(paid)
		sum += logGamma(px+m.Q) - logGamma(px) - logQ + m.Q*logOfGamma + px*logPaid - math.Log(s.Mean) - (px+m.Q)*logAll
		if gradient == nil {
			continue
		}
		digamma := mathext.Digamma(px + m.Q)
		byP += x * (digamma - mathext.Digamma(px) + logPaid - logAll)
		byQ += digamma - digammaQ + logOfGamma - logAll
		byGamma += m.Q/m.Gamma - (px+m.Q)/(m.Gamma+paid)
	}
	if gradient != nil {
		copy(gradient, []float64{byP, byQ, byGamma})
	}
	return sum
}

// correlation is Pearson's of repeats and mean spend, with its interval of 95 % by Fisher's z.
func correlation(spends []Spend) (r, low, high float64) {
	n := float64(len(spends))
	var meanX, meanY, xx, yy, xy float64
	for _, s := range spends {
		meanX += float64(s.Repeats) / n
		meanY += s.Mean / n
	}
	for _, s := range spends {
		x, y := float64(s.Repeats)-meanX, s.Mean-meanY
		xx, yy, xy = xx+x*x, yy+y*y, xy+x*y
	}
	if xx == 0 || yy == 0 {
		return 0, 0, 0
	}
	r = xy / math.Sqrt(xx*yy)
	half := stats.Z95 / math.Sqrt(n-3)
	return r, math.Tanh(math.Atanh(r) - half), math.Tanh(math.Atanh(r) + half)
}
