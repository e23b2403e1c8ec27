package stats

import (
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// StudentTail is the probability that a Student t of so many degrees of freedom, more than 0, is at least t.
func StudentTail(t, degrees float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: degrees}.Survival(t)
}

// StudentQuantile is the t that a Student t of so many degrees of freedom is at most with probability p.
func StudentQuantile(p, degrees float64) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: degrees}.Quantile(p)
}

// CountTail is the probability that a count of a mean, more than 0, is at least k, where its variance is dispersion × mean: Poisson at a dispersion of
// 1 or less, negative binomial above. k = 0 gives 1.
func CountTail(k, mean, dispersion float64) float64 {
	switch {
	case k <= 0:
		return 1
	case dispersion <= 1.0001:
		return mathext.GammaIncReg(k, mean)
	}
	r := mean / (dispersion - 1)
	return mathext.RegIncBeta(k, r, 1-1/dispersion)
}

// GammaTail is the probability that a gamma variable of a mean and a variance of dispersion × mean, both more than 0, is at least x.
func GammaTail(x, mean, dispersion float64) float64 {
	if x <= 0 {
		return 1
	}
	return mathext.GammaIncRegComp(mean/dispersion, x/dispersion)
}

// ShareTail is the probability that at least k of n happen, each with probability p of 0 to 1 (exclusive). k and n may be divided by a dispersion
// that is above 1, which makes them wider.
func ShareTail(k, n, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k >= n+1:
		return 0
	}
	return mathext.RegIncBeta(k, n-k+1, p)
}
