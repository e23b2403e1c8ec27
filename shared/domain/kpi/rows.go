package kpi

import (
	"cmp"
	"slices"

	"waymark/shared/domain/measure"
	"waymark/shared/domain/wide"
)

// Row is one metric of one window for one value of one dimension. Amounts are millionths of the unit. A ratio or mean with a denominator of 0
// has no value.
type Row struct {
	Metric      Name      `json:"m"`
	Dimension   Dimension `json:"d,omitempty"`
	Value       string    `json:"v,omitempty"` // of the dimension
	Unit        string    `json:"u"`           // count, persons, ratio, seconds or a currency's code
	Numerator   wide.Int  `json:"a"`
	Denominator *int64    `json:"b,omitempty"` // nil: the numerator is the value
	N           int64     `json:"n"`           // how many touchpoints, persons or orders the number rests on
	Interval    Interval  `json:"i,omitzero"`
}

// IsMoney says whether the numerator is an amount in millionths.
func (r Row) IsMoney() bool {
	switch Unit(r.Unit) {
	case UnitCount, UnitPersons, UnitRatio, UnitSeconds, UnitPoints:
		return false
	}
	return true
}

// View is how somebody wants numbers shown.
type View struct {
	Currency string      // the workspace's own: the whole has rows in it in any case
	By       []Dimension // nil: the whole and all dimensions
	Only     string      // one value, shown whether or not it has a row of its own among all; "" is all
	// Declared says which values and currencies somebody declares besides those that all workspaces know; nil is none.
	Declared func(Dimension, string) bool
	// How many values of a dimension and how many currencies a window shows at most; 0 stands for MaxMembers and MaxCurrencies.
	Members, Currencies int
}

// Rows gives everything counted, in one fixed order. The whole has a row for every metric but those WhereCounted, zero or not, in the workspace's own
// currency and those that were met; the parts of a dimension only where something was counted.
func (d *Definitions) Rows(currency string, t measure.Totals) []Row {
	rows, _ := d.View(View{Currency: currency}, t)
	return rows
}

// View gives what a reader wants to see of it, and what has no rows of its own there.
func (d *Definitions) View(v View, t measure.Totals) ([]Row, []Folded) {
	all, places := d.members(v, t), d.placesIn(t.Names)
	rows := make([]Row, 0, len(d.Metrics)+8*len(t.Groups))
	folded := all.folded()
	for _, dimension := range measure.Dimensions {
		if !v.shows(dimension) {
			continue
		}
		groups, rest := all.limited(dimension, cmp.Or(v.Members, MaxMembers))
		if rest.Members > 0 {
			folded = append(folded, rest)
		}
		if v.Only != "" {
			groups = slices.DeleteFunc(groups, func(m member) bool { return m.value != v.Only })
		}
		if dimension == Whole && len(groups) == 0 {
			groups = []member{{}}
		}
		for i := range d.Metrics {
			m := &d.Metrics[i]
			if len(groups) == 0 || dimension != Whole && !slices.Contains(m.Dimensions, dimension) {
				continue
			}
			for _, g := range groups {
				rows = d.appendRows(rows, m, places[i], dimension, g, all.currencies)
			}
		}
	}
	return rows, folded
}

func (v View) shows(dimension Dimension) bool { return v.By == nil || slices.Contains(v.By, dimension) }

// places are where the numbers of a metric stand in a group; -1 for one that is not there.
type places struct {
	numerator, denominator, n        int
	squares, products, units, counts int // of an interval that is made of sums: Σy², Σxy, persons with an x, Σx²
}

func (d *Definitions) placesIn(names []measure.Name) []places {
	at := make(map[measure.Name]int, len(names))
	for i, name := range names {
		at[name] = i
	}
	place := func(name measure.Name) int {
		if i, found := at[name]; found {
			return i
		}
		return -1
	}
	out := make([]places, len(d.Metrics))
	for i, m := range d.Metrics {
		s := d.sums[m.Name]
		out[i] = places{place(m.Numerator), place(m.Denominator), place(m.N), place(s.squares), place(s.products), place(s.units), place(s.counts)}
	}
	return out
}

// member is one value of a dimension with its numbers.
type member struct {
	value   string
	numbers []group
	isOther bool
}

// group is the numbers of one currency, "" for those that know none, in the order of the totals' names.
type group struct {
	currency string
	numbers  []wide.Int
}

func (m *member) add(g group) {
	for at, mine := range m.numbers {
		if mine.currency == g.currency {
			for len(mine.numbers) < len(g.numbers) {
				mine.numbers = append(mine.numbers, wide.Int{})
			}
			for i, n := range g.numbers {
				mine.numbers[i] = mine.numbers[i].Add(n)
			}
			m.numbers[at] = mine
			return
		}
	}
	m.numbers = append(m.numbers, group{g.currency, slices.Clone(g.numbers)})
}

func (m member) number(currency string, place int) wide.Int {
	for _, g := range m.numbers {
		if g.currency == currency && place >= 0 && place < len(g.numbers) {
			return g.numbers[place]
		}
	}
	return wide.Int{}
}

// count is a number that is no amount: those fit into 64 bits.
func (m member) count(currency string, place int) int64 {
	n, _ := m.number(currency, place).Int64()
	return n
}

// appendRows adds the rows of one metric for one value: one for each currency that is shown where it is of money.
func (d *Definitions) appendRows(rows []Row, m *Metric, at places, dimension Dimension, of member, shown []string) []Row {
	if dimension != Whole && of.isOther && d.isOfPersons(m) {
		return rows
	}
	if m.Unit != UnitCurrency {
		return d.appendRow(rows, m, at, dimension, of, "")
	}
	for _, currency := range shown {
		if dimension == Whole || of.has(currency) {
			rows = d.appendRow(rows, m, at, dimension, of, currency)
		}
	}
	return rows
}

func (m member) has(currency string) bool {
	return slices.ContainsFunc(m.numbers, func(g group) bool { return g.currency == currency })
}

func (d *Definitions) appendRow(rows []Row, m *Metric, at places, dimension Dimension, of member, currency string) []Row {
	numerator, n := of.number(currency, at.numerator), of.count(currency, at.n)
	hasNothing := n == 0 && (numerator.IsZero() || m.Unit == UnitCurrency)
	if hasNothing && (dimension != Whole || m.WhereCounted) {
		return rows
	}
	row := Row{Metric: m.Name, Dimension: dimension, Value: of.value, Unit: cmp.Or(currency, string(m.Unit)), Numerator: numerator, N: n}
	if m.Denominator != "" {
		row.Denominator = new(of.count(d.currencyOf(m.Denominator, currency), at.denominator))
	}
	row.Interval = d.interval(m, at, &row, of, currency)
	return append(rows, row)
}

// isOfPersons says whether a metric cannot be made of values that were added up.
func (d *Definitions) isOfPersons(m *Metric) bool {
	for _, name := range []measure.Name{m.Numerator, m.Denominator, m.N} {
		if name != "" && d.set.IsOfPersons(d.set.Place(name)) {
			return true
		}
	}
	return false
}
