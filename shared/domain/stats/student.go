package stats

import "gonum.org/v1/gonum/stat/distuv"

// StudentQuantile is the t that Student's distribution of so many degrees of freedom, above 0, is at most with probability p, of 0 to 1.
func StudentQuantile(p, freedom float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(p)
}
