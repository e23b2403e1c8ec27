package recount

import (
	"maps"
	"slices"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/step"
)

// SignalsOf is signalsOf.
var SignalsOf = signalsOf

// ValueOf is what a touchpoint says of a dimension.
func ValueOf(r *step.Row, of kpi.Dimension) string {
	return placeOf(r, ofTouchpoint)[slices.Index(dimensions[:], of)]
}

// EveryRow gives rows of everything, also of nothing, in each of the currencies.
func (c *Counted) EveryRow(currencies ...string) []kpi.Row {
	groups := map[group]bool{}
	for g := range c.groups {
		groups[g] = true
		for _, currency := range currencies {
			groups[group{g.dimension, g.value, currency}] = true
		}
	}
	var rows []kpi.Row
	for i := range metrics {
		m := metrics[i]
		m.everyRow = true
		rows = m.appendRows(rows, c.groups, slices.Collect(maps.Keys(groups)))
	}
	return rows
}
