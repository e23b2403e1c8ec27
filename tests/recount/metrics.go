package recount

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/kpi"
)

// metric is a formula of docs/kpi.md over measures: numerator, or numerator ÷ denominator, resting on n.
type metric struct {
	name                      kpi.Name
	unit                      kpi.Unit
	numerator, denominator, n number // denominator is nothing where there is none
	onlyByStage               bool
}

// nothing is no measure.
const nothing = measures

// metrics are all of docs/kpi.md, in the order of rows.
var metrics = [...]metric{
	{name: "touchpoints", unit: kpi.UnitCount, numerator: touchpoints, denominator: nothing, n: touchpoints},
	{name: "active_persons", unit: kpi.UnitPersons, numerator: activePersons, denominator: nothing, n: activePersons},
	{name: "new_persons", unit: kpi.UnitPersons, numerator: firstSteps, denominator: nothing, n: firstSteps},
	{name: "sessions", unit: kpi.UnitCount, numerator: sessionsBegun, denominator: nothing, n: sessionsBegun},
	{name: "stage_entries", unit: kpi.UnitCount, numerator: stageEntries, denominator: nothing, n: stageEntries},
	{
		name: "stage_persons", unit: kpi.UnitPersons, onlyByStage: true,
		numerator: stayingPersons, denominator: nothing, n: stayingPersons,
	},
	{name: "orders", unit: kpi.UnitCount, numerator: orders, denominator: nothing, n: orders},
	{name: "revenue", unit: kpi.UnitCurrency, numerator: revenue, denominator: nothing, n: pricedOrders},
	{name: "refunds", unit: kpi.UnitCurrency, numerator: refunds, denominator: nothing, n: refundCount},
	{name: "buyers", unit: kpi.UnitPersons, numerator: buyers, denominator: nothing, n: buyers},
	{name: "new_buyers", unit: kpi.UnitPersons, numerator: firstOrders, denominator: nothing, n: firstOrders},
	{name: "aov", unit: kpi.UnitCurrency, numerator: revenue, denominator: pricedOrders, n: pricedOrders},
	{name: "revenue_per_buyer", unit: kpi.UnitCurrency, numerator: revenue, denominator: payingBuyers, n: pricedOrders},
	{name: "conversion_rate", unit: kpi.UnitRatio, numerator: buyers, denominator: activePersons, n: activePersons},
	{name: "repeat_purchase_rate", unit: kpi.UnitRatio, numerator: repeatBuyers, denominator: buyers, n: buyers},
}

// most is how many values of a dimension a window shows one by one. What is beyond no test here reaches.
const most = 500

// Rows gives everything counted, in the order of the system's rows: by dimension, metric, value and currency. The
// whole has a row of every metric, zero or not, the parts where something was counted.
func (c *Counted) Rows() []kpi.Row {
	values := [len(dimensions)]map[string]map[string]*tally{whole: {"": {c.currency: {}}}} // and by currency
	for g, t := range c.groups {
		if values[g.dimension] == nil {
			values[g.dimension] = map[string]map[string]*tally{}
		}
		if values[g.dimension][g.value] == nil {
			values[g.dimension][g.value] = map[string]*tally{}
		}
		values[g.dimension][g.value][g.currency] = t
	}
	var rows []kpi.Row
	for d := range dimensions {
		if len(values[d]) > most {
			panic("recount: so many values of a dimension are not shown one by one")
		}
		for i := range metrics {
			if m := &metrics[i]; d == whole || d == byStage || !m.onlyByStage {
				for _, value := range slices.Sorted(maps.Keys(values[d])) {
					rows = m.appendRows(rows, d, value, values[d][value])
				}
			}
		}
	}
	return rows
}

// appendRows adds the rows of a metric for one value of a dimension, of which the tallies by currency are given.
func (m *metric) appendRows(rows []kpi.Row, d int, value string, tallies map[string]*tally) []kpi.Row {
	isMoney := m.unit == kpi.UnitCurrency
	currencies := []string{""}
	if isMoney {
		currencies = slices.Sorted(maps.Keys(tallies))
		currencies = slices.DeleteFunc(currencies, func(currency string) bool { return currency == "" })
	}
	for _, currency := range currencies {
		t := cmp.Or(tallies[currency], &tally{})
		row := kpi.Row{
			Metric: m.name, Dimension: dimensions[d], Value: value, Unit: cmp.Or(currency, string(m.unit)),
			Numerator: t[m.numerator], N: t[m.n],
		}
		if m.denominator != nothing {
			row.Denominator = new(t[m.denominator])
		}
		if d == whole || row.N > 0 || row.Numerator > 0 && !isMoney {
			rows = append(rows, row)
		}
	}
	return rows
}
