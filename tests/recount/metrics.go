package recount

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/wide"
)

// metric is a formula of docs/kpi.md over measures: numerator, or numerator ÷ denominator, resting on n.
type metric struct {
	name                      kpi.Name
	unit                      kpi.Unit
	numerator, denominator, n number // denominator is nothing where there is none
	onlyByStage, byPage       bool
}

// nothing is no measure.
const nothing = measures

// metrics are all of docs/kpi.md, in the order of rows.
var metrics = [...]metric{
	{name: "touchpoints", unit: kpi.UnitCount, numerator: touchpoints, denominator: nothing, n: touchpoints, byPage: true},
	{name: "active_persons", unit: kpi.UnitPersons, numerator: activePersons, denominator: nothing, n: activePersons, byPage: true},
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
	{name: "cancellations", unit: kpi.UnitCurrency, numerator: cancellations, denominator: nothing, n: cancelledOrders},
	{name: "order_updates", unit: kpi.UnitCurrency, numerator: orderUpdates, denominator: nothing, n: updatedOrders},
	{name: "net_revenue", unit: kpi.UnitCurrency, numerator: netRevenue, denominator: nothing, n: orderEvents},
	{name: "buyers", unit: kpi.UnitPersons, numerator: buyers, denominator: nothing, n: buyers},
	{name: "new_buyers", unit: kpi.UnitPersons, numerator: firstOrders, denominator: nothing, n: firstOrders},
	{name: "aov", unit: kpi.UnitCurrency, numerator: revenue, denominator: pricedOrders, n: pricedOrders},
	{name: "revenue_per_buyer", unit: kpi.UnitCurrency, numerator: revenue, denominator: payingBuyers, n: pricedOrders},
	{name: "conversion_rate", unit: kpi.UnitRatio, numerator: buyers, denominator: activePersons, n: activePersons},
	{name: "repeat_purchase_rate", unit: kpi.UnitRatio, numerator: repeatBuyers, denominator: buyers, n: buyers},
	{name: "page_views", unit: kpi.UnitCount, numerator: pageViews, denominator: nothing, n: pageViews, byPage: true},
	{name: "bounce_rate", unit: kpi.UnitRatio, numerator: bounces, denominator: pageSessions, n: pageSessions},
	{name: "pages_per_session", unit: kpi.UnitRatio, numerator: sessionPages, denominator: pageSessions, n: pageSessions},
	{name: "session_duration", unit: kpi.UnitSeconds, numerator: sessionSeconds, denominator: sessionsBegun, n: sessionsBegun},
}

// most is how many values of a dimension a window shows one by one. What is beyond no test here reaches.
const most = 500

// Rows gives everything counted, in the order of the system's rows: by dimension, metric, value and currency. The whole
// has a row of every metric, zero or not, the parts where something was counted.
func (c *Counted) Rows() []kpi.Row {
	groups := slices.SortedFunc(maps.Keys(c.groups), compareGroups)
	for _, g := range []group{{}, {currency: c.in.Currency}} { // the whole has rows of these in any case
		if at, found := slices.BinarySearchFunc(groups, g, compareGroups); !found {
			groups = slices.Insert(groups, at, g)
		}
	}
	var rows []kpi.Row
	for len(groups) > 0 {
		n, values := 0, 0
		for n < len(groups) && groups[n].dimension == groups[0].dimension {
			if n == 0 || groups[n].value != groups[n-1].value {
				values++
			}
			n++
		}
		if values > most {
			panic("recount: so many values of a dimension are not shown one by one")
		}
		for i := range metrics {
			m, by := &metrics[i], groups[0].dimension
			if (!m.onlyByStage || by == whole || by == byStage) && (m.byPage || by != byPage) {
				rows = m.appendRows(rows, c.groups, groups[:n])
			}
		}
		groups = groups[n:]
	}
	return rows
}

func compareGroups(a, b group) int {
	if a.dimension != b.dimension {
		return a.dimension - b.dimension
	}
	return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.currency, b.currency))
}

// appendRows adds the rows of a metric for the groups of one dimension.
func (m *metric) appendRows(rows []kpi.Row, tallies map[group]*tally, groups []group) []kpi.Row {
	isMoney := m.unit == kpi.UnitCurrency
	for _, g := range groups {
		if (g.currency != "") != isMoney {
			continue
		}
		t := cmp.Or(tallies[g], &tally{})
		row := kpi.Row{
			Metric: m.name, Dimension: dimensions[g.dimension], Value: g.value,
			Unit: cmp.Or(g.currency, string(m.unit)), Numerator: wide.Of(t[m.numerator]), N: t[m.n],
		}
		if m.denominator != nothing {
			row.Denominator = new(t[m.denominator])
		}
		if g.dimension == whole || row.N > 0 || t[m.numerator] > 0 && !isMoney {
			rows = append(rows, row)
		}
	}
	return rows
}
