package feedback

import (
	"math"
	"math/big"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/interval"
	"waymark/shared/domain/stats"
	"waymark/shared/domain/wide"
)

// Mean is the mean of values of which one person may give several. Values are whole numbers of a unit, so that sums are the same in any order.
//
// Its interval takes each person as one observation (ratio estimator, Cochran 1977, § 6.3): with xᵢ the sum and nᵢ the number of a person's values, the
// variance of the mean m is P/(P − 1) · Σ(xᵢ − m nᵢ)²/n² of P persons, and the quantile is Student's of P − 1 degrees of freedom. Without that, ten
// angry texts of one person would look like ten persons. Of fewer than three persons there is no interval. It is the interval that KPIs have of ratios.
type Mean struct {
	Persons, N, Sum int64
	squares         int64    // Σ of values²
	xx              wide.Int // Σ xᵢ²
	xn, nn          int64    // Σ xᵢ nᵢ and Σ nᵢ²
}

// Person is what one person gives to a Mean.
type Person struct{ N, Sum, Squares int64 }

// Add takes a value of the person.
func (p *Person) Add(value int64) {
	p.N, p.Sum, p.Squares = p.N+1, p.Sum+value, p.Squares+value*value
}

// Add takes a person's values, all of them at once. A person without values is none.
func (m *Mean) Add(p Person) {
	if p.N == 0 {
		return
	}
	m.Join(Mean{1, p.N, p.Sum, p.Squares, wide.Of(p.Sum * p.Sum), p.Sum * p.N, p.N * p.N})
}

// Join takes the values of other persons.
func (m *Mean) Join(other Mean) {
	m.Persons, m.N, m.Sum, m.squares = m.Persons+other.Persons, m.N+other.N, m.Sum+other.Sum, m.squares+other.squares
	m.xx, m.xn, m.nn = m.xx.Add(other.xx), m.xn+other.xn, m.nn+other.nn
}

// Value is the mean in units of which unit make one; NaN without values.
func (m *Mean) Value(unit float64) float64 { return float64(m.Sum) / float64(m.N) / unit }

// Error is the standard error of Value; NaN of fewer than two persons.
func (m *Mean) Error(unit float64) float64 {
	if m.Persons < 2 {
		return math.NaN()
	}
	// n² Σ(xᵢ − m nᵢ)² = n² Σxᵢ² − 2 n x Σxᵢnᵢ + x² Σnᵢ², exactly.
	n, x := big.NewInt(m.N), big.NewInt(m.Sum)
	of := new(big.Int).Mul(new(big.Int).Mul(n, n), m.xx.Big())
	of.Sub(of, new(big.Int).Lsh(new(big.Int).Mul(new(big.Int).Mul(n, x), big.NewInt(m.xn)), 1))
	of.Add(of, new(big.Int).Mul(new(big.Int).Mul(x, x), big.NewInt(m.nn)))
	sum, _ := new(big.Float).SetInt(of).Float64()
	persons, values := float64(m.Persons), float64(m.N)
	return math.Sqrt(persons/(persons-1)*sum) / (values * values * unit)
}

// Spread is the standard deviation of the values, by n − 1; NaN of fewer than two.
func (m *Mean) Spread(unit float64) float64 {
	if m.N < 2 {
		return math.NaN()
	}
	n := float64(m.N)
	of := new(big.Int).Sub(new(big.Int).Mul(big.NewInt(m.N), big.NewInt(m.squares)), new(big.Int).Mul(big.NewInt(m.Sum), big.NewInt(m.Sum)))
	sum, _ := new(big.Float).SetInt(of).Float64()
	return math.Sqrt(sum/(n*(n-1))) / unit
}

// Estimate is the mean with its interval of 95 % and the number of values.
func (m *Mean) Estimate(unit float64, digits int) analysis.Value {
	if m.N == 0 {
		return analysis.None()
	}
	xx, _ := new(big.Float).SetInt(m.xx.Big()).Float64()
	low, high, ok := interval.Ratio(interval.Sums{
		Y: float64(m.Sum) / unit, X: float64(m.N), YY: xx / unit / unit, XY: float64(m.xn) / unit, XX: float64(m.nn), Persons: m.Persons,
	})
	if !ok {
		low, high = math.NaN(), math.NaN()
	}
	return analysis.Estimate(m.Value(unit), low, high, m.N, digits)
}

// Less is m − other with its interval of 95 %, as of different persons: Welch's, with the errors of both. What one person said in both makes it wider
// than it need be.
func (m *Mean) Less(other *Mean, unit float64, digits int) analysis.Value {
	if m.N == 0 || other.N == 0 {
		return analysis.None()
	}
	c := stats.Welch(other.sample(unit), m.sample(unit), .05)
	return analysis.Estimate(c.Value, c.Low, c.High, m.N+other.N, digits)
}

// sample is the mean as if of one value a person, with the same error.
func (m *Mean) sample(unit float64) stats.Sample {
	e := m.Error(unit)
	return stats.Sample{N: m.Persons, Mean: m.Value(unit), Variance: e * e * float64(m.Persons)}
}

// P is the probability of a difference at least as large as that of m and other, were there none; 1 where nothing can be said.
func (m *Mean) P(other *Mean) float64 {
	if m.N == 0 || other.N == 0 {
		return 1
	}
	if c := stats.Welch(other.sample(1), m.sample(1), .05); !math.IsNaN(c.P) {
		return c.P
	}
	return 1
}
