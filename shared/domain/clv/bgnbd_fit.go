package clv

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

var bgnbdNames = []string{"r", "alpha", "a", "b"}

// leastRepeaters is how many buyers must have come back for a model to be fitted. A few say little, which the intervals show; fewer than parameters
// plus a handful say nothing.
const leastRepeaters = 10

// alike is how many buyers have one history: the likelihood is the same for all of them.
type alike struct {
	History
	buyers float64
}

// FitBGNBD fits the model by maximum likelihood (Fader, Hardie & Lee 2005, eq. 6). It refuses, with the reason, too few repeat buyers, a fit that
// runs to the edge, and one without a single top.
func FitBGNBD(histories []History) (Fit[BGNBD], error) {
	groups, repeaters := grouped(histories)
	if repeaters < leastRepeaters {
		return Fit[BGNBD]{}, fmt.Errorf("only %d buyers came back; at least %d are needed, and some hundreds for useful intervals", repeaters, leastRepeaters)
	}
	var weeks, repeats float64
	for _, g := range groups {
		weeks += g.buyers * g.Span
		repeats += g.buyers * float64(g.Repeats)
	}
	gap := weeks / repeats // mean weeks of observation for one repeat purchase
	starts := [][]float64{{0.5, 0.5 * gap, 0.5, 2}, {1, gap, 1, 5}}
	found, err := maximise(bgnbdNames, starts, float64(len(histories)), func(at, gradient []float64) float64 {
		return likelihood(BGNBD{at[0], at[1], at[2], at[3]}, groups, gradient)
	})
	if e, isEdge := errors.AsType[edge](err); isEdge && e.parameter == "a" && e.value < 1 {
		return Fit[BGNBD]{}, fmt.Errorf("the fit runs to the edge: a goes to %.3g; there is no sign in this time that any of these buyers left, "+
			"so nothing tells who has: ask again when more time has passed", e.value)
	}
	if err != nil {
		return Fit[BGNBD]{}, err
	}
	return fitOf(BGNBD{found.at[0], found.at[1], found.at[2], found.at[3]}, bgnbdNames, found, len(histories)), nil
}

// grouped puts equal histories together, in an order that does not depend on who came first.
func grouped(histories []History) (groups []alike, repeaters int) {
	sorted := slices.Clone(histories)
	slices.SortFunc(sorted, func(a, b History) int {
		return cmp.Or(cmp.Compare(a.Repeats, b.Repeats), cmp.Compare(a.Last, b.Last), cmp.Compare(a.Span, b.Span))
	})
	for _, h := range sorted {
		if h.Repeats > 0 {
			repeaters++
		}
		if n := len(groups); n > 0 && groups[n-1].History == h {
			groups[n-1].buyers++
			continue
		}
		groups = append(groups, alike{h, 1})
	}
	return groups, repeaters
}

// likelihood is the log-likelihood of the buyers, which are sorted by repeats, and its gradient by r, alpha, a and b, where one is asked for.
func likelihood(m BGNBD, groups []alike, gradient []float64) float64 {
	var sum, byR, byAlpha, byA, byB float64
	var of terms
	for i, g := range groups {
		if i == 0 || g.Repeats != groups[i-1].Repeats {
			of = m.terms(g.Repeats)
		}
		x := float64(g.Repeats)
		logSpan, logLast := math.Log(m.Alpha+g.Span), 0.0
		stayed, left := -(m.R+x)*logSpan, math.Inf(-1)
		if g.Repeats > 0 {
			logLast = math.Log(m.Alpha + g.Last)
			left = math.Log(m.A/(m.B+x-1)) - (m.R+x)*logLast
		}
		top := max(stayed, left)
		whole := top + math.Log(math.Exp(stayed-top)+math.Exp(left-top))
		sum += g.buyers * (of.log + whole)
		w := math.Exp(stayed - whole) // probability of having stayed
		byR += g.buyers * (of.byR - w*logSpan - (1-w)*logLast)
		byAlpha += g.buyers * (m.R/m.Alpha - (m.R+x)*(w/(m.Alpha+g.Span)+(1-w)/(m.Alpha+g.Last)))
		byA += g.buyers * of.byA
		byB += g.buyers * of.byB
		if g.Repeats > 0 {
			byA += g.buyers * (1 - w) / m.A
			byB -= g.buyers * (1 - w) / (m.B + x - 1)
		}
	}
	if gradient != nil {
		copy(gradient, []float64{byR, byAlpha, byA, byB})
	}
	return sum
}

// terms are what all buyers of as many repeats have in common.
type terms struct{ log, byR, byA, byB float64 }

func (m BGNBD) terms(repeats int) terms {
	x := float64(repeats)
	both := mathext.Digamma(m.A+m.B) - mathext.Digamma(m.A+m.B+x)
	return terms{
		log: logGamma(m.R+x) - logGamma(m.R) + m.R*math.Log(m.Alpha) + logBeta(m.A, m.B+x) - logBeta(m.A, m.B),
		byR: mathext.Digamma(m.R+x) - mathext.Digamma(m.R) + math.Log(m.Alpha),
		byA: both,
		byB: both + mathext.Digamma(m.B+x) - mathext.Digamma(m.B),
	}
}
