package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Sample is what is known of one value of many persons.
type Sample struct {
	N        int64
	Mean     float64
	Variance float64 // of one person's value, not of the mean
}

// Proportion is the sample of k persons of n who have 1 where all others have 0. Its variance is p(1 − p).
func Proportion(k, n int64) Sample {
	p := float64(k) / float64(n)
	return Sample{N: n, Mean: p, Variance: p * (1 - p)}
}

// Moments is the sample of n values by their sum and the sum of their squares. Its variance is that by n − 1: (Σx² − (Σx)²/n)/(n − 1), never below 0,
// and NaN of fewer than two. It loses half of the digits where the mean is a hundred million times the deviation.
func Moments(n int64, sum, squares float64) Sample {
	of := float64(n)
	return Sample{N: n, Mean: sum / of, Variance: max(0, (squares-sum*sum/of)/(of-1))}
}

// Comparison is what tells one sample from another. Where nothing can be said, as of two samples that do not vary, all but Value is NaN.
type Comparison struct {
	Value   float64 // what is estimated: a difference or a lift
	Error   float64 // its standard error
	Freedom float64 // degrees of freedom by Welch and Satterthwaite
	N       int64   // of both
	Alpha   float64 // the interval is that of 1 − Alpha
	T, P    float64 // of two sides, that Value is 0
	Low     float64
	High    float64
}

// Welch compares the means of two samples of unequal variance: B − A with its interval of 1 − alpha (Welch 1947).
func Welch(a, b Sample, alpha float64) Comparison {
	spread := a.Variance/float64(a.N) + b.Variance/float64(b.N)
	return compared(a, b, b.Mean-a.Mean, math.Sqrt(spread), alpha)
}

// Lift compares them in relation to A: (B − A)/A, with its interval of 1 − alpha by the delta method, so that the error is
// √(varB/(nB A²) + B² varA/(nA A⁴)). Of A = 0 it is not defined, NaN or infinite. The interval lies evenly around the lift, which is an approximation
// that needs the error of A to be small beside A: a tenth of it at most.
func Lift(a, b Sample, alpha float64) Comparison {
	spread := b.Variance/(float64(b.N)*a.Mean*a.Mean) + b.Mean*b.Mean*a.Variance/(float64(a.N)*math.Pow(a.Mean, 4))
	return compared(a, b, (b.Mean-a.Mean)/a.Mean, math.Sqrt(spread), alpha)
}

func compared(a, b Sample, value, deviation, alpha float64) Comparison {
	c := Comparison{Value: value, Error: deviation, N: a.N + b.N, Alpha: alpha}
	ofA, ofB := a.Variance/float64(a.N), b.Variance/float64(b.N)
	c.Freedom = (ofA + ofB) * (ofA + ofB) / (ofA*ofA/float64(a.N-1) + ofB*ofB/float64(b.N-1))
	if !(c.Error > 0 && c.Freedom > 0) || math.IsInf(c.Error, 0) || math.IsInf(c.Freedom, 0) {
		nan := math.NaN()
		c.Error, c.Freedom, c.T, c.P, c.Low, c.High = nan, nan, nan, nan, nan, nan
		return c
	}
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: c.Freedom}
	c.T = value / deviation
	c.P = 2 * student.CDF(-math.Abs(c.T))
	half := -student.Quantile(alpha/2) * deviation
	c.Low, c.High = value-half, value+half
	return c
}

// Tuning is the number of persons about which a sequential interval is at its narrowest, where nobody says another.
const Tuning = 5000

// Sequential is the interval of 1 − Alpha that holds at all times at once, however often it is looked at, and the p that goes with it: the asymptotic
// confidence sequence of Waudby-Smith et al. (2023, arXiv 2103.06476v7, equations 9, 155 and 161). With n persons of both groups and s² = n · error²
// it is ± √(s² · 2(nρ² + 1)/(nρ)² · ln(√(nρ² + 1)/α)), ρ² = (−2 ln α + ln(−2 ln α + 1))/tuning. Tuning is the number of persons about which it is to be
// narrowest; it is settled before, and not changed on seeing numbers. It is asymptotic: of the first few hundred persons it is not to be trusted.
func (c Comparison) Sequential(tuning float64) (low, high, p float64) {
	n := float64(c.N)
	level := -2 * math.Log(c.Alpha)
	rho := (level + math.Log(level+1)) / tuning // squared
	grown := n*rho + 1
	half := c.Error * math.Sqrt(2*grown/(n*rho)*math.Log(math.Sqrt(grown)/c.Alpha))
	z := c.Value / c.Error
	p = min(1, math.Sqrt(grown)*math.Exp(-rho*z*z*n/(2*grown)))
	return c.Value - half, c.Value + half, p
}

// Interval is that of 1 − alpha of the mean of a sample, by Student's t; NaN of fewer than two persons.
func (s Sample) Interval(alpha float64) (low, high float64) {
	if s.N < 2 || math.IsNaN(s.Variance) {
		return math.NaN(), math.NaN()
	}
	half := -distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(s.N - 1)}.Quantile(alpha/2) * math.Sqrt(s.Variance/float64(s.N))
	return s.Mean - half, s.Mean + half
}

// Beats is the probability that B's mean is above A's, when before them any difference was as likely as any other: Φ(Value/Error), a normal
// approximation. Of rates, see Beats.
func (c Comparison) Beats() float64 { return Normal(c.Value / c.Error) }

// Loss is what choosing B is expected to lose, in the unit of Value: Error φ(z) − Value Φ(−z), z = Value/Error, on the same grounds as Beats.
func (c Comparison) Loss() float64 {
	z := c.Value / c.Error
	return c.Error*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi) - c.Value*Normal(-z)
}
