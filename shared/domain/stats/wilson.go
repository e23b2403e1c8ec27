// Package stats is the statistics of rates, means and lifetimes: intervals, tests, sizes of samples. Formulas name their source. It knows nothing of
// persons or money; whoever asks says what is counted.
//
//	low, high := stats.Wilson(92, 417)
package stats

import "waymark/shared/domain/interval"

// Z95 is the quantile of the normal distribution that 95 % of it lie within on both sides.
const Z95 = 1.959963984540054

// Wilson is interval.Wilson, with all there is, 0 to 1, where that has none.
func Wilson(k, n int64) (low, high float64) {
	low, high, ok := interval.Wilson(k, n)
	if !ok {
		return 0, 1
	}
	return low, high
}
