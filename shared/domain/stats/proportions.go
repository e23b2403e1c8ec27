package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Proportions compares two rates.
type Proportions struct {
	Z       float64 // pooled; negative where the first rate is the lower one
	P       float64 // of two sides: how often a difference as large comes by chance alone
	Less    float64 // of one side: that the first rate is the lower one
	Greater float64 // of one side: that the first rate is the higher one
}

// TwoProportions tests whether k1 of n1 and k2 of n2 are of one rate, by the pooled two-proportion z-test (Fleiss 1981, § 2.4, without correction of
// continuity): z = (p1 − p2) / √(p(1 − p)(1/n1 + 1/n2)), p = (k1 + k2)/(n1 + n2). It says NaN where it says nothing: of an n of 0, and where all or
// none succeeded. It is a normal approximation, good to a few thousandths of p from five successes and failures on in each group; below, see Fisher.
func TwoProportions(k1, n1, k2, n2 int64) Proportions {
	a, b := float64(n1), float64(n2)
	pooled := float64(k1+k2) / (a + b)
	z := (float64(k1)/a - float64(k2)/b) / math.Sqrt(pooled*(1-pooled)*(1/a+1/b))
	return Proportions{Z: z, P: 2 * Normal(-math.Abs(z)), Less: Normal(z), Greater: Normal(-z)}
}

// ChiSquared is what a chi-square test says.
type ChiSquared struct {
	Statistic float64
	Freedom   int
	P         float64
}

// ChiSquare tests whether groups of successes among trials are of one rate (Pearson 1900): the sum of (observed − expected)²/expected over successes
// and failures, with one degree of freedom fewer than groups. Statistic and P are NaN where all or none succeeded, with fewer than two groups, and of
// an empty group.
func ChiSquare(successes, trials []int64) ChiSquared { return chiSquare(successes, trials, 0) }

// ChiSquareYates is ChiSquare of two groups with the correction of Yates (1934): each difference is half a person smaller, but never beyond 0.
func ChiSquareYates(k1, n1, k2, n2 int64) ChiSquared {
	return chiSquare([]int64{k1, k2}, []int64{n1, n2}, .5)
}

func chiSquare(successes, trials []int64, correction float64) ChiSquared {
	var k, n int64
	for i := range trials {
		k, n = k+successes[i], n+trials[i]
	}
	out := ChiSquared{Freedom: len(trials) - 1}
	for i := range trials {
		expected := float64(trials[i]) * float64(k) / float64(n)
		off := math.Abs(float64(successes[i]) - expected)
		off -= min(correction, off)
		out.Statistic += off*off/expected + off*off/(float64(trials[i])-expected)
	}
	return out.judged()
}

func (c ChiSquared) judged() ChiSquared {
	if c.Freedom < 1 {
		c.Statistic = math.NaN()
	}
	c.P = math.NaN()
	if !math.IsNaN(c.Statistic) {
		c.P = distuv.ChiSquared{K: float64(c.Freedom)}.Survival(c.Statistic)
	}
	return c
}

// SampleRatio tests whether persons came to groups by their weights: the chi-square test of what was observed against what the weights let expect
// (a sample-ratio mismatch shows that something went wrong with who was assigned or counted, and that no other number of the test may be trusted).
// Weights are 0 or more and need not sum to 1. A group of weight 0 that somebody is in gives P = 0. Without anybody, or with fewer than two groups
// that have a weight, P is NaN.
func SampleRatio(observed []int64, weights []float64) ChiSquared {
	var n, whole float64
	for i := range observed {
		n, whole = n+float64(observed[i]), whole+weights[i]
	}
	out := ChiSquared{Freedom: -1}
	for i := range observed {
		if weights[i] == 0 && observed[i] == 0 {
			continue
		}
		out.Freedom++
		expected := n * weights[i] / whole
		off := float64(observed[i]) - expected
		out.Statistic += off * off / expected
	}
	return out.judged()
}

// Fisher is the exact two-sided test that k1 of n1 and k2 of n2 are of one rate (Fisher 1935): the sum of the hypergeometric probabilities of all
// tables with the same margins that are not likelier than this one, within 1e-7 of it, as R's fisher.test has it. It costs as many steps as the
// smallest margin has persons. Of an n of 0 it is 1.
func Fisher(k1, n1, k2, n2 int64) float64 {
	k, n := k1+k2, n1+n2
	least, most := max(0, k-n2), min(k, n1)
	log := func(x int64) float64 { return logChoose(n1, x) + logChoose(n2, k-x) - logChoose(n, k) }
	seen := log(k1) + 1e-7
	var p float64
	for x := least; x <= most; x++ {
		if at := log(x); at <= seen {
			p += math.Exp(at)
		}
	}
	return min(p, 1)
}

func logChoose(n, k int64) float64 {
	return logGamma(float64(n)+1) - logGamma(float64(k)+1) - logGamma(float64(n-k)+1)
}

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// Wald is the difference of two rates, k2/n2 − k1/n1, with its interval of 95 % by Wald: ± 1.96 √(p1(1 − p1)/n1 + p2(1 − p2)/n2). It is for large
// groups; Newcombe holds for small ones too. NaN of an n of 0.
func Wald(k1, n1, k2, n2 int64) (difference, low, high float64) {
	a, b := Proportion(k1, n1), Proportion(k2, n2)
	difference = b.Mean - a.Mean
	half := Z95 * math.Sqrt(a.Variance/float64(n1)+b.Variance/float64(n2))
	return difference, difference - half, difference + half
}

// Newcombe is the difference of two rates, k2/n2 − k1/n1, with its interval of 95 % from the two intervals of Wilson (Newcombe 1998, method 10). It
// is within −1 and 1. NaN of an n of 0.
func Newcombe(k1, n1, k2, n2 int64) (difference, low, high float64) {
	p1, p2 := float64(k1)/float64(n1), float64(k2)/float64(n2)
	low1, high1 := Wilson(k1, n1)
	low2, high2 := Wilson(k2, n2)
	difference = p2 - p1
	return difference, difference - math.Hypot(p2-low2, high1-p1), difference + math.Hypot(high2-p2, p1-low1)
}

// SampleSize is how many persons each of two groups must have so that a test of level alpha finds the difference of two rates with probability power:
// ((z(1 − α/2) √(2 p̄(1 − p̄)) + z(power) √(p1(1 − p1) + p2(1 − p2))) / (p1 − p2))², with p̄ the mean of both. It is not rounded; round it up. It is what R's
// power.prop.test solves for numerically. Rates, alpha and power are within 0 and 1; of equal rates it is infinite.
func SampleSize(p1, p2, alpha, power float64) float64 {
	mean := (p1 + p2) / 2
	root := NormalQuantile(1-alpha/2)*math.Sqrt(2*mean*(1-mean)) + NormalQuantile(power)*math.Sqrt(p1*(1-p1)+p2*(1-p2))
	return root * root / ((p1 - p2) * (p1 - p2))
}
