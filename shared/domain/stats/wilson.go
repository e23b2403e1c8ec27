// Package stats is the statistics of rates, means and lifetimes: intervals, tests, sizes of samples. Formulas name their source. It knows nothing of
// persons or money; whoever asks says what is counted.
//
//	low, high := stats.Wilson(92, 417)
package stats

import "math"

// Z95 is the quantile of the normal distribution that 95 % of it lie within on both sides.
const Z95 = 1.959963984540054

// Wilson is the interval of 95 % of a rate of k among n, both from 0 on and k at most n (Wilson 1927). Of n = 0 it is all there is: 0 to 1.
func Wilson(k, n int64) (low, high float64) {
	if n <= 0 {
		return 0, 1
	}
	of, z := float64(n), Z95
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
	return low, high
}
