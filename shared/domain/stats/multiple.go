package stats

import (
	"cmp"
	"slices"
)

// BenjaminiHochberg gives each p of many tests what it comes to when all are looked at: those of at most q are, on the average, false in a share of q
// (Benjamini and Hochberg 1995). p must be within 0 and 1; the order is kept.
func BenjaminiHochberg(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
	out, least := make([]float64, len(p)), 1.0
	for i, at := range order {
		least = min(least, p[at]*float64(len(p))/float64(len(p)-i))
		out[at] = least
	}
	return out
}
