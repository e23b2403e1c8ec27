package clv

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// SBG is the shifted-beta-geometric model of contracts that are renewed or not, period by period: the probability of not renewing differs between
// customers as beta(Alpha, Beta) (Fader & Hardie 2007). The retention rate rises over time because those who leave readily are gone.
type SBG struct{ Alpha, Beta float64 }

var sbgNames = []string{"alpha", "beta"}

// Survival is the share of customers who are still there after a number of periods, 1 after none.
func (m SBG) Survival(periods int) float64 {
	return math.Exp(logBeta(m.Alpha, m.Beta+float64(periods)) - logBeta(m.Alpha, m.Beta))
}

// Retention is the share of those there before a period, 1 being the first renewal, who are there after it.
func (m SBG) Retention(at int) float64 {
	return (m.Beta + float64(at) - 1) / (m.Alpha + m.Beta + float64(at) - 1)
}

// Cohort is how many customers were there at first and after each period that is over.
type Cohort []int64

// FitSBG fits the model by maximum likelihood to one or more cohorts. It refuses, with the reason, cohorts of which nobody left or nobody stayed, and
// a fit that runs to the edge.
func FitSBG(cohorts []Cohort) (Fit[SBG], error) {
	var left, stayed []float64 // by period: how many left in it, and how many are last seen after it
	var customers, lost int64
	for _, c := range cohorts {
		for at := 1; at < len(c); at++ {
			if c[at] > c[at-1] || c[at] < 0 {
				return Fit[SBG]{}, fmt.Errorf("%d customers after %d periods are more than the %d before, or fewer than none", c[at], at, c[at-1])
			}
			left = grown(left, at)
			left[at] += float64(c[at-1] - c[at])
			lost += c[at-1] - c[at]
		}
		if last := len(c) - 1; last > 0 {
			stayed = grown(stayed, last)
			stayed[last] += float64(c[last])
			customers += c[0]
		}
	}
	if lost == 0 || lost == customers {
		return Fit[SBG]{}, fmt.Errorf("of %d customers %d left: there is nothing to project from", customers, lost)
	}
	found, err := maximise(sbgNames, [][]float64{{1, 1}, {0.5, 3}}, float64(customers), func(at, gradient []float64) float64 {
		return SBG{at[0], at[1]}.likelihood(left, stayed, gradient)
	})
	if err != nil {
		return Fit[SBG]{}, err
	}
	return fitOf(SBG{found.at[0], found.at[1]}, sbgNames, found, int(customers)), nil
}

// grown is a list with a place for an index.
func grown(list []float64, at int) []float64 {
	for len(list) <= at {
		list = append(list, 0)
	}
	return list
}

// likelihood is the log-likelihood and its gradient. Leaving in period t has the probability B(α + 1, β + t − 1)/B(α, β), being there after
// it B(α, β + t)/B(α, β).
func (m SBG) likelihood(left, stayed []float64, gradient []float64) float64 {
	var sum, byAlpha, byBeta float64
	add := func(n, a, b float64) {
		if n == 0 {
			return
		}
		sum += n * (logBeta(m.Alpha+a, m.Beta+b) - logBeta(m.Alpha, m.Beta))
		both := mathext.Digamma(m.Alpha+m.Beta) - mathext.Digamma(m.Alpha+a+m.Beta+b)
		byAlpha += n * (mathext.Digamma(m.Alpha+a) - mathext.Digamma(m.Alpha) + both)
		byBeta += n * (mathext.Digamma(m.Beta+b) - mathext.Digamma(m.Beta) + both)
	}
	for t, n := range left {
		add(n, 1, float64(t)-1)
	}
	for t, n := range stayed {
		add(n, 0, float64(t))
	}
	if gradient != nil {
		copy(gradient, []float64{byAlpha, byBeta})
	}
	return sum
}
