// Package interval says how far a number may be off by chance: intervals of 95 % of shares, ratios and scores, from sums that can be stored, added
// and taken off again. Formulas name their source. It needs no library, so that every function can print intervals.
//
//	low, high, ok := interval.Wilson(92, 417)
package interval

import "math"

// z is the quantile of the normal distribution that 95 % of it lie within on both sides.
const z = 1.959963984540054

// Wilson is the interval of a share of k among n that are independent of each other (Wilson 1927). There is none of n = 0, nor where k is no part
// of n.
func Wilson(k, n int64) (low, high float64, ok bool) {
	if n <= 0 || k < 0 || k > n {
		return 0, 0, false
	}
	of := float64(n)
	p := float64(k) / of
	middle := p + z*z/(2*of)
	half := z * math.Sqrt(p*(1-p)/of+z*z/(4*of*of))
	whole := 1 + z*z/of
	low, high = max(0, (middle-half)/whole), min(1, (middle+half)/whole)
	if k == 0 {
		low = 0 // without what rounding leaves
	}
	if k == n {
		high = 1
	}
	return low, high, true
}

// Sums are what a ratio of sums Y ÷ X is judged by: over persons, who are independent of each other while what one of them does is not, the sums of
// y, x and their products, and the number of persons with an x.
type Sums struct {
	Y, X, YY, XY, XX float64
	Persons          int64
}

// LeastPersons is of how many persons a ratio has an interval.
const LeastPersons = 3

// Ratio is the interval of Y ÷ X by the delta method (Cochran, Sampling Techniques, 1977, 6.4): the variance of the ratio is that of y − R·x over
// persons, divided by X². Its quantile is Student's. There is none of fewer than LeastPersons persons.
func Ratio(s Sums) (low, high float64, ok bool) {
	if s.Persons < LeastPersons || s.X == 0 {
		return 0, 0, false
	}
	n, r := float64(s.Persons), s.Y/s.X
	rest := max(0, s.YY-2*r*s.XY+r*r*s.XX)
	half := student(s.Persons-1) * math.Sqrt(rest*n/(n-1)) / math.Abs(s.X)
	return r - half, r + half, true
}

// student is the quantile of Student's distribution that 95 % of it lie within on both sides (Abramowitz and Stegun 26.7.5). With 2 degrees of
// freedom it is 0.8 % too small, with 4 or more less than 0.1 %.
func student(freedom int64) float64 {
	const z2 = z * z
	v := float64(freedom)
	g1 := (z2 + 1) * z / 4
	g2 := ((5*z2+16)*z2 + 3) * z / 96
	g3 := (((3*z2+19)*z2+17)*z2 - 15) * z / 384
	g4 := ((((79*z2+776)*z2+1482)*z2-1920)*z2 - 945) * z / 92160
	return z + g1/v + g2/(v*v) + g3/(v*v*v) + g4/(v*v*v*v)
}

// Score is the interval of a net promoter score, a share of −1 to 1: balance is promoters without detractors, extremes are both together, of n answers.
// Its variance is (extremes ÷ n − score²) ÷ n. There is none of fewer than two answers.
func Score(balance, extremes, n int64) (low, high float64, ok bool) {
	if n < 2 {
		return 0, 0, false
	}
	of := float64(n)
	score := float64(balance) / of
	half := z * math.Sqrt(max(0, float64(extremes)/of-score*score)/of)
	return max(-1, score-half), min(1, score+half), true
}
