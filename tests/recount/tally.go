package recount

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/money"
)

// Row is a row of the system.
type Row = kpi.Row

// Tally adds up what persons did in one window. Each person is added once, with all their facts. The zero value is not usable; NewTally makes
// one.
type Tally struct {
	currency string
	parts    map[Dimension]map[string]*part
}

// part is everything counted for one value of one dimension.
type part struct {
	touchpoints, active, fresh, sessions, entries, staying int64
	orders, buyers, repeaters, newBuyers                   int64
	money                                                  map[string]*purse
}

// purse is the money of one currency.
type purse struct {
	orders, buyers, refundCount int64
	revenue, refunds            money.Micros
}

// NewTally begins an empty count. currency is the workspace's own, which has rows even without an order.
func NewTally(currency string) *Tally {
	t := &Tally{currency: currency, parts: map[Dimension]map[string]*part{}}
	for _, d := range Dimensions {
		t.parts[d] = map[string]*part{}
	}
	t.part(Whole, "").purse(currency)
	return t
}

func (t *Tally) part(d Dimension, value string) *part {
	p, found := t.parts[d][value]
	if !found {
		p = &part{money: map[string]*purse{}}
		t.parts[d][value] = p
	}
	return p
}

func (p *part) purse(currency string) *purse {
	m, found := p.money[currency]
	if !found {
		m = &purse{}
		p.money[currency] = m
	}
	return m
}

// value of a cell in a dimension.
func (c Cell) value(d Dimension) string {
	switch d {
	case ByChannel:
		return c.Channel
	case BySource:
		return c.Source
	case ByStage:
		return c.Stage
	case ByCountry:
		return c.Country
	}
	return ""
}

// Add counts one person. The same person must not be added twice: merge the facts first.
func (t *Tally) Add(f Facts) {
	for _, d := range Dimensions {
		t.addCounts(d, f)
		t.addSales(d, f)
	}
	if len(f.Touches) > 0 {
		t.part(Whole, "").staying++
		t.part(ByStage, cmp.Or(f.Stage, Unknown)).staying++
	}
}

func (t *Tally) addCounts(d Dimension, f Facts) {
	seen := map[string]bool{}
	for _, c := range f.Touches {
		p := t.part(d, c.value(d))
		p.touchpoints += c.N
		if !seen[c.value(d)] {
			seen[c.value(d)] = true
			p.active++
		}
	}
	for _, c := range f.Sessions {
		t.part(d, c.value(d)).sessions += c.N
	}
	for _, c := range f.Entries {
		t.part(d, c.value(d)).entries += c.N
	}
	if f.New != nil {
		t.part(d, f.New.value(d)).fresh++
	}
	if f.NewBuyer != nil {
		t.part(d, f.NewBuyer.value(d)).newBuyers++
	}
}

func (t *Tally) addSales(d Dimension, f Facts) {
	orders := map[string]int64{}
	type pair struct{ value, currency string }
	bought := map[pair]bool{}
	for _, s := range f.Orders {
		value := s.value(d)
		p := t.part(d, value)
		p.orders += s.N
		orders[value] += s.N
		m := p.purse(s.Currency)
		m.orders += s.N
		m.revenue += s.Amount
		if key := (pair{value, s.Currency}); !bought[key] {
			bought[key] = true
			m.buyers++
		}
	}
	for value, n := range orders {
		p := t.part(d, value)
		p.buyers++
		if n >= 2 {
			p.repeaters++
		}
	}
	for _, s := range f.Refunds {
		m := t.part(d, s.value(d)).purse(s.Currency)
		m.refunds += s.Amount
		m.refundCount += s.N
	}
}

// Rows gives everything counted, in one fixed order. The whole has a row for every metric, zero or not; the parts of a dimension only where
// something was counted.
func (t *Tally) Rows() []Row {
	var rows []Row
	for _, d := range Dimensions {
		parts := limited(t.parts[d])
		values := slices.Sorted(maps.Keys(parts))
		for _, m := range Metrics {
			if d != Whole && !slices.Contains(m.Dimensions, d) {
				continue
			}
			for _, value := range values {
				rows = append(rows, parts[value].rows(m, d, value)...)
			}
		}
	}
	return rows
}

// MaxMembers is how many values of one dimension a window shows; clients choose countries, and a window must stay storable whatever they send.
const MaxMembers = 500

// Other stands for the values beyond MaxMembers.
const Other = "(other)"

// limited keeps the MaxMembers values with the most touchpoints, ties by name, and adds the rest up as Other. Persons who were active there, or
// bought, cannot be added up, so Other has no such rows.
func limited(parts map[string]*part) map[string]*part {
	if len(parts) <= MaxMembers {
		return parts
	}
	names := slices.SortedFunc(maps.Keys(parts), func(a, b string) int {
		return cmp.Or(cmp.Compare(parts[b].touchpoints, parts[a].touchpoints), cmp.Compare(a, b))
	})
	kept := make(map[string]*part, MaxMembers+1)
	for _, name := range names[:MaxMembers] {
		kept[name] = parts[name]
	}
	rest := &part{money: map[string]*purse{}}
	for _, name := range names[MaxMembers:] {
		rest.addUp(parts[name])
	}
	kept[Other] = rest
	return kept
}

// addUp adds what can be added: things that happened in one place only.
func (p *part) addUp(other *part) {
	p.touchpoints += other.touchpoints
	p.fresh += other.fresh
	p.sessions += other.sessions
	p.entries += other.entries
	p.orders += other.orders
	p.newBuyers += other.newBuyers
	for currency, m := range other.money {
		mine := p.purse(currency)
		mine.orders += m.orders
		mine.revenue += m.revenue
		mine.refunds += m.refunds
		mine.refundCount += m.refundCount
	}
}

func (p *part) rows(m Metric, d Dimension, value string) []Row {
	if m.Unit == UnitCurrency {
		return p.moneyRows(m, d, value)
	}
	row := Row{Metric: kpi.Name(m.Name), Dimension: kpi.Dimension(d), Value: value, Unit: string(m.Unit)}
	ratio := func(numerator, denominator int64) {
		row.Numerator, row.Denominator, row.N = numerator, &denominator, denominator
	}
	switch m.Name {
	case ConversionRate:
		ratio(p.buyers, p.active)
	case RepeatPurchaseRate:
		ratio(p.repeaters, p.buyers)
	default:
		row.Numerator = p.count(m.Name)
		row.N = row.Numerator
	}
	if d != Whole && row.N == 0 && row.Numerator == 0 {
		return nil
	}
	return []Row{row}
}

func (p *part) count(name Name) int64 {
	switch name {
	case Touchpoints:
		return p.touchpoints
	case ActivePersons:
		return p.active
	case NewPersons:
		return p.fresh
	case Sessions:
		return p.sessions
	case StageEntries:
		return p.entries
	case StagePersons:
		return p.staying
	case Orders:
		return p.orders
	case Buyers:
		return p.buyers
	case NewBuyers:
		return p.newBuyers
	}
	panic("kpi: no count is defined for " + string(name))
}

func (p *part) moneyRows(m Metric, d Dimension, value string) []Row {
	currencies := make([]string, 0, len(p.money))
	for currency := range p.money {
		currencies = append(currencies, currency)
	}
	slices.Sort(currencies)
	var rows []Row
	for _, currency := range currencies {
		row := p.money[currency].row(m.Name)
		row.Dimension, row.Value, row.Unit = kpi.Dimension(d), value, currency
		if d == Whole || (row.N > 0 && !(value == Other && m.Name == RevenuePerBuyer)) {
			rows = append(rows, row)
		}
	}
	return rows
}

func (m *purse) row(name Name) Row {
	row := Row{Metric: kpi.Name(name), Numerator: int64(m.revenue), N: m.orders}
	switch name {
	case Refunds:
		row.Numerator, row.N = int64(m.refunds), m.refundCount
	case AOV:
		row.Denominator = &m.orders
	case RevenuePerBuyer:
		row.Denominator = &m.buyers
	}
	return row
}
