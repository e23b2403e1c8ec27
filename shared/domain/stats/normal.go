package stats

import "gonum.org/v1/gonum/stat/distuv"

// Normal is the standard normal distribution function: the probability of at most z.
func Normal(z float64) float64 { return distuv.UnitNormal.CDF(z) }

// NormalQuantile is the z that the standard normal distribution is at most with probability p, of 0 to 1.
func NormalQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(p) }
