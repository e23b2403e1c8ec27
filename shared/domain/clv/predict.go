package clv

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
)

// weeksOfYear are those of a mean year.
const weeksOfYear = 365.25 / daysOfWeek

// horizon is how far one looks ahead.
type horizon struct {
	weeks  float64
	yearly float64 // discount: 0.10 is a tenth a year
}

// discounted is the mean number of purchases of a buyer within the horizon, each worth less by the time that it is ahead. It is the integral of
// exp(−δt) dE(t), by parts, over eight points: E is smooth, the error is some 1e-7.
func (m BGNBD) discounted(h History, ahead horizon) float64 {
	whole := m.ExpectedOf(h, ahead.weeks)
	if ahead.yearly == 0 || whole == 0 {
		return whole
	}
	delta := math.Log1p(ahead.yearly) / weeksOfYear
	rest := quad.Fixed(func(t float64) float64 { return math.Exp(-delta*t) * m.ExpectedOf(h, t) }, 0, ahead.weeks, 8, quad.Legendre{}, 0)
	return math.Exp(-delta*ahead.weeks)*whole + delta*rest
}

// prediction is what is expected of one buyer within the horizon.
type prediction struct {
	History
	Spend
	alive     float64
	purchases float64 // expected
	value     float64 // of them, discounted; NaN without a model of spend
}

// models are what was fitted.
type models struct {
	purchases   Fit[BGNBD]
	spend       Fit[GammaGamma]
	noPurchases error // why there is no model
	noSpend     error
}

// predict is for all buyers in their order. Equal histories are worked out once.
func (m *models) predict(histories []History, spends []Spend, ahead horizon) []prediction {
	type known struct{ alive, purchases, discounted float64 }
	of := map[History]known{}
	out := make([]prediction, len(histories))
	for i, h := range histories {
		k, found := of[h]
		if !found {
			k = known{alive: m.purchases.Model.Alive(h), purchases: m.purchases.Model.ExpectedOf(h, ahead.weeks)}
			if m.noSpend == nil {
				k.discounted = m.purchases.Model.discounted(h, ahead)
			}
			of[h] = k
		}
		out[i] = prediction{History: h, Spend: spends[i], alive: k.alive, purchases: k.purchases, value: math.NaN()}
		if m.noSpend == nil {
			out[i].value = k.discounted * m.spend.Model.Mean(spends[i])
		}
	}
	return out
}

// values of the parameters of a fit.
func (f Fit[M]) values() []float64 {
	var out []float64
	for _, p := range f.Parameters {
		out = append(out, p.Estimate)
	}
	return out
}

func bgnbdOf(at []float64) BGNBD           { return BGNBD{at[0], at[1], at[2], at[3]} }
func gammaGammaOf(at []float64) GammaGamma { return GammaGamma{at[0], at[1], at[2]} }

// purchasesError is the standard error of the purchases expected of a buyer.
func (m *models) purchasesError(h History, weeks float64) float64 {
	return errorOf(m.purchases.values(), m.purchases.covariance, func(at []float64) float64 { return bgnbdOf(at).ExpectedOf(h, weeks) })
}

// valueError is the standard error of the value expected of a buyer. The two models are fitted apart, so their errors are independent.
func (m *models) valueError(p prediction, ahead horizon) float64 {
	purchases, spend := m.purchases.Model.discounted(p.History, ahead), m.spend.Model.Mean(p.Spend)
	byPurchases := errorOf(m.purchases.values(), m.purchases.covariance, func(at []float64) float64 { return bgnbdOf(at).discounted(p.History, ahead) })
	bySpend := errorOf(m.spend.values(), m.spend.covariance, func(at []float64) float64 { return gammaGammaOf(at).Mean(p.Spend) })
	return math.Hypot(byPurchases*spend, bySpend*purchases)
}

// total is the purchases expected of all buyers within some weeks, with its standard error.
func (m *models) total(groups []alike, weeks float64) (total, standardError float64) {
	sum := func(at []float64) float64 {
		var sum float64
		for _, g := range groups {
			sum += g.buyers * bgnbdOf(at).ExpectedOf(g.History, weeks)
		}
		return sum
	}
	return sum(m.purchases.values()), errorOf(m.purchases.values(), m.purchases.covariance, sum)
}
