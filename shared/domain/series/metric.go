// Package series counts metrics over lives: for any stretches of time and for the values of a dimension, exactly as the KPIs define them. Analyses
// that follow a number through time stand on it.
//
// It knows a short list of metrics: those that somebody watches. Package kpi has all of them, window by window as they are stored.
//
//	counted := series.Count(lives, series.Asked{Sets: [][]series.Span{days}, By: by})
//	orders, _ := series.Find("orders")
//	orders.Of(counted[0][3].Whole, "")
package series

import (
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

// Metric is a number that can be followed through time. Its name and its value are those of docs/kpi.md.
type Metric struct {
	Name        string
	Unit        analysis.Unit
	numerator   counter
	denominator counter // whole where the numerator is the value
}

// counter is a place in a Tally, or an amount.
type counter int

const (
	touchpoints counter = iota
	newPersons
	sessions
	pageViews
	orders
	bounces
	pageSessions
	stageEntries
	activePersons
	buyers
	counters

	revenue    counter = -1
	netRevenue counter = -2
	none       counter = -3
)

var metrics = [...]Metric{
	{"touchpoints", analysis.Counts, touchpoints, none},
	{"active_persons", analysis.Persons, activePersons, none},
	{"new_persons", analysis.Persons, newPersons, none},
	{"sessions", analysis.Counts, sessions, none},
	{"stage_entries", analysis.Counts, stageEntries, none},
	{"page_views", analysis.Counts, pageViews, none},
	{"orders", analysis.Counts, orders, none},
	{"buyers", analysis.Persons, buyers, none},
	{"revenue", analysis.Amount, revenue, none},
	{"net_revenue", analysis.Amount, netRevenue, none},
	{"conversion_rate", analysis.Ratio, buyers, activePersons},
	{"bounce_rate", analysis.Ratio, bounces, pageSessions},
}

// Names lists the metrics in their order.
func Names() []string {
	out := make([]string, len(metrics))
	for i, m := range metrics {
		out[i] = m.Name
	}
	return out
}

// Find gives a metric by its name.
func Find(name string) (Metric, bool) {
	for _, m := range metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Parse gives the metrics that a parameter names, those of otherwise where it names none. Fault: Invalid bad_parameter.
func Parse(q analysis.Question, parameter string, otherwise ...string) ([]Metric, error) {
	names := q.List(parameter)
	if len(names) == 0 {
		names = otherwise
	}
	out := make([]Metric, 0, len(names))
	for _, name := range names {
		m, found := Find(name)
		if !found {
			return nil, analysis.Bad(parameter, "there is no metric %.40q to follow; there are %s", name, strings.Join(Names(), ", "))
		}
		out = append(out, m)
	}
	return out, nil
}

// IsMoney says whether the metric is an amount, for each currency apart.
func (m Metric) IsMoney() bool { return m.numerator == revenue || m.numerator == netRevenue }

// IsRate says whether the metric is a share of a denominator.
func (m Metric) IsRate() bool { return m.denominator != none }

// IsOfPersons says whether it counts distinct persons, so that one may be counted in several values of a dimension and in several days.
func (m Metric) IsOfPersons() bool {
	return m.numerator == activePersons || m.numerator == buyers
}

// Number is a metric's value: an amount is in millionths, a rate is Of among its denominator.
type Number struct {
	Numerator   wide.Int
	Denominator int64 // 1 where the numerator is the value
}

// Of is the metric's number of what was counted. currency is "" where the metric is no amount.
func (m Metric) Of(t Tally, currency string) Number {
	n := Number{Denominator: 1}
	switch {
	case m.numerator == revenue:
		n.Numerator = t.money(currency).revenue.Wide
	case m.numerator == netRevenue:
		n.Numerator = t.money(currency).net.Wide
	default:
		n.Numerator = wide.Of(t.counts[m.numerator])
	}
	if m.IsRate() {
		n.Denominator = t.counts[m.denominator]
	}
	return n
}

// Minus is n − other of metrics that are no rates, and of both parts of rates.
func (n Number) Minus(other Number, m Metric) Number {
	out := Number{n.Numerator.Sub(other.Numerator), 1}
	if m.IsRate() {
		out.Denominator = n.Denominator - other.Denominator
	}
	return out
}

// Count is the numerator of what is no amount.
func (n Number) Count() int64 {
	count, _ := n.Numerator.Int64()
	return count
}

// Float is the numerator as a number, of amounts in units of the currency.
func (n Number) Float(m Metric) float64 {
	f, _ := n.Numerator.Big().Float64()
	if m.IsMoney() {
		return f / float64(money.Unit)
	}
	return f
}

// Value is the number as a value of a table.
func (n Number) Value(m Metric) analysis.Value {
	switch {
	case m.IsMoney():
		return analysis.Money(money.Sum{Wide: n.Numerator})
	case m.IsRate():
		return analysis.Rate(n.Count(), n.Denominator)
	}
	return analysis.Count(n.Count())
}
