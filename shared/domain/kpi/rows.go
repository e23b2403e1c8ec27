package kpi

import (
	"cmp"
	"maps"
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
}

// IsMoney says whether the numerator is an amount in millionths.
func (r Row) IsMoney() bool {
	switch Unit(r.Unit) {
	case UnitCount, UnitPersons, UnitRatio, UnitSeconds:
		return false
	}
	return true
}

// MaxMembers is how many values of one dimension a window shows; clients choose countries and campaigns.
const MaxMembers = 500

// Other stands for the values beyond MaxMembers.
const Other = "(other)"

// Rows gives everything counted, in one fixed order. The whole has a row for every metric, zero or not, in the workspace's own currency and those
// that were met; the parts of a dimension only where something was counted.
func (d *Definitions) Rows(currency string, t measure.Totals) []Row {
	members, places := byDimension(t), d.placesIn(t.Names)
	rows := make([]Row, 0, len(d.Metrics)*(1+len(t.Groups)/2))
	for _, dimension := range measure.Dimensions {
		groups := d.limited(members[dimension])
		if dimension == Whole && len(groups) == 0 {
			groups = []member{{}}
		}
		for i, m := range d.Metrics {
			if dimension != Whole && !slices.Contains(m.Dimensions, dimension) {
				continue
			}
			for _, g := range groups {
				rows = d.appendRows(rows, m, places[i], dimension, g, currency)
			}
		}
	}
	return rows
}

// places are where the numbers of a metric stand in a group; -1 for one that is not there.
type places struct{ numerator, denominator, n int }

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
		out[i] = places{place(m.Numerator), place(m.Denominator), place(m.N)}
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

// byDimension sorts totals into members, those of each dimension by value and their numbers by currency.
func byDimension(t measure.Totals) map[Dimension][]member {
	keys := slices.AppendSeq(make([]measure.Key, 0, len(t.Groups)), maps.Keys(t.Groups))
	slices.SortFunc(keys, func(a, b measure.Key) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Currency, b.Currency))
	})
	numbers := make([]group, len(keys))
	out := make(map[Dimension][]member, len(measure.Dimensions))
	for i, key := range keys {
		numbers[i] = group{key.Currency, t.Groups[key]}
		members := out[key.Dimension]
		if n := len(members); n > 0 && members[n-1].value == key.Value {
			members[n-1].numbers = numbers[i-len(members[n-1].numbers) : i+1 : i+1]
			continue
		}
		out[key.Dimension] = append(members, member{value: key.Value, numbers: numbers[i : i+1 : i+1]})
	}
	return out
}

func compareMembers(a, b member) int { return cmp.Compare(a.value, b.value) }

// limited keeps the MaxMembers values with the most touchpoints, ties by name, and adds the rest up as Other. Its numbers of persons mean nothing, for
// persons cannot be added up over values: rowsOf makes no rows of them.
func (d *Definitions) limited(members []member) []member {
	if len(members) <= MaxMembers {
		return members
	}
	most := d.set.Place("touchpoints")
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(b.count("", most), a.count("", most)), compareMembers(a, b))
	})
	rest := member{value: Other, isOther: true}
	for _, m := range members[MaxMembers:] {
		for _, g := range m.numbers {
			rest.add(g)
		}
	}
	kept := append(slices.Clone(members[:MaxMembers]), rest)
	slices.SortFunc(kept, compareMembers)
	return kept
}

func (m *member) add(g group) {
	for _, mine := range m.numbers {
		if mine.currency == g.currency {
			for i, n := range g.numbers {
				mine.numbers[i] = mine.numbers[i].Add(n)
			}
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

// appendRows adds the rows of one metric for one value: one for each currency where it is of money.
func (d *Definitions) appendRows(rows []Row, m Metric, at places, dimension Dimension, of member, own string) []Row {
	if dimension != Whole && of.isOther && d.isOfPersons(m) {
		return rows
	}
	if m.Unit != UnitCurrency {
		return appendRow(rows, m, at, dimension, of, "")
	}
	for _, currency := range of.currencies(dimension, own) {
		rows = appendRow(rows, m, at, dimension, of, currency)
	}
	return rows
}

func appendRow(rows []Row, m Metric, at places, dimension Dimension, of member, currency string) []Row {
	row := Row{
		Metric: m.Name, Dimension: dimension, Value: of.value, Unit: cmp.Or(currency, string(m.Unit)),
		Numerator: of.number(currency, at.numerator), N: of.count(currency, at.n),
	}
	hasNothing := row.N == 0 && (row.Numerator.IsZero() || m.Unit == UnitCurrency)
	if dimension != Whole && hasNothing {
		return rows
	}
	if m.Denominator != "" {
		row.Denominator = new(of.count(currency, at.denominator))
	}
	return append(rows, row)
}

// isOfPersons says whether a metric cannot be made of values that were added up.
func (d *Definitions) isOfPersons(m Metric) bool {
	for _, name := range []measure.Name{m.Numerator, m.Denominator, m.N} {
		if name != "" && d.set.IsOfPersons(d.set.Place(name)) {
			return true
		}
	}
	return false
}

func (m member) currencies(dimension Dimension, own string) []string {
	var out []string
	for _, g := range m.numbers {
		if g.currency != "" {
			out = append(out, g.currency)
		}
	}
	if dimension == Whole && !slices.Contains(out, own) {
		out = append(out, own)
	}
	slices.Sort(out) // those of Other came in any order
	return out
}
