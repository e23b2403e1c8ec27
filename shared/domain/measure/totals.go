package measure

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

// Name is the id of a measure.
type Name string

// Definition is a measure as it is written down. One of Sum, Persons, Staying, Amount and Product is given.
type Definition struct {
	Name        Name
	Sum         Counter // adds the counter up
	Persons     Counter // persons for whom the counter is at least AtLeast
	AtLeast     int64   // 0 stands for 1
	Staying     bool    // active persons, in the stage that they are in at the end
	PerCurrency bool    // of orders and refunds: counted for each currency apart
	Amount      Amount  // a sum of money, for each currency apart
	Product     [2]Name // two measures multiplied person by person, for intervals: amounts in whole hundredths
	Since       int     // version of the definitions that first had it; what it counts never changes, for that makes another measure
}

// Amount is a sum of money.
type Amount string

// The amounts.
const (
	Revenue       Amount = "revenue"
	Refunds       Amount = "refunds"
	Cancellations Amount = "cancellations"
	Updates       Amount = "updates"
	NetRevenue    Amount = "net_revenue"
	Costed        Amount = "costed_revenue" // of orders that say what their goods cost
	Cost          Amount = "cost"           // of those goods
	Margin        Amount = "margin"         // the one without the other
)

// of gives the amount's sum.
func (a Amount) of(m Money) (sum money.Sum, known bool) {
	switch a {
	case Revenue:
		return m.Revenue, true
	case Refunds:
		return m.Refunds, true
	case Cancellations:
		return m.Cancelled, true
	case Updates:
		return m.Updates, true
	case NetRevenue:
		return m.Net(), true
	case Costed:
		return m.Costed, true
	case Cost:
		return m.Cost, true
	case Margin:
		return m.Costed.Minus(m.Cost), true
	}
	return money.Sum{}, false
}

// Set is the measures that totals hold, in their order.
type Set struct {
	definitions []Definition
	places      map[Name]int
	operands    []operand
	// The places of measures by when they are looked at: for every sum, for those with signals, for each currency.
	always, ofSignals, ofMoney []int
}

// operand is where a measure finds its number.
type operand struct {
	counter int    // place among the counters, or among the signals
	signal  bool   //
	factors [2]int // of a product, the places of the measures
}

// NewSet checks definitions. Error: fault.Invalid with code bad_measure that names the measure.
func NewSet(definitions []Definition) (*Set, error) {
	s := &Set{definitions: slices.Clone(definitions), places: map[Name]int{}, operands: make([]operand, len(definitions))}
	for i := range s.definitions {
		d := &s.definitions[i]
		if _, taken := s.places[d.Name]; taken || d.Name == "" {
			return nil, fault.Newf(fault.Invalid, "bad_measure", "measure %d is named %q, which is empty or taken", i+1, d.Name)
		}
		s.places[d.Name] = i
		if err := s.place(i, d); err != nil {
			return nil, err
		}
		o := s.operands[i]
		switch {
		case d.Staying:
		case s.isMoney(i):
			s.ofMoney = append(s.ofMoney, i)
		case o.signal || d.isProduct() && (s.operands[o.factors[0]].signal || s.operands[o.factors[1]].signal):
			s.ofSignals = append(s.ofSignals, i)
		default:
			s.always = append(s.always, i)
		}
	}
	return s, nil
}

// place finds what a measure is made of.
func (s *Set) place(i int, d *Definition) error {
	o := &s.operands[i]
	if d.isProduct() {
		for f, name := range d.Product {
			at, found := s.places[name]
			if !found || at == i || s.definitions[at].isProduct() || s.definitions[at].Staying {
				return fault.Newf(fault.Invalid, "bad_measure", "measure %s multiplies %q, which is no measure before it that can be", d.Name, name)
			}
			o.factors[f] = at
		}
		return nil
	}
	if wanted := cmp.Or(d.Sum, d.Persons); wanted != "" {
		o.counter = slices.IndexFunc(counters[:], func(c counting) bool { return c.name == wanted })
		if o.counter < 0 {
			if o.counter, o.signal = signals().byName[wanted]; !o.signal {
				return fault.Newf(fault.Invalid, "bad_measure", "measure %s counts %q, which no step is counted for", d.Name, wanted)
			}
		}
		return nil
	}
	if _, known := d.Amount.of(Money{}); !d.Staying && !known {
		return fault.Newf(fault.Invalid, "bad_measure", "measure %s says neither what it sums nor whom it counts", d.Name)
	}
	return nil
}

func (d *Definition) isProduct() bool { return d.Product != [2]Name{} }

// isMoney says whether the measure at a place is of each currency apart.
func (s *Set) isMoney(i int) bool {
	d := &s.definitions[i]
	if d.isProduct() {
		return s.isMoney(s.operands[i].factors[0]) || s.isMoney(s.operands[i].factors[1])
	}
	return d.PerCurrency || d.Amount != ""
}

// Has says whether the set holds a measure, and whether it is counted for each currency apart.
func (s *Set) Has(name Name) (perCurrency, found bool) {
	i, found := s.places[name]
	return found && s.isMoney(i), found
}

// Place is where a measure stands among the numbers of a group; -1 when the set has none of that name.
func (s *Set) Place(name Name) int {
	if i, found := s.places[name]; found {
		return i
	}
	return -1
}

// IsOfPersons says whether the measure at a place counts distinct persons, which cannot be added up over values of a dimension.
func (s *Set) IsOfPersons(place int) bool {
	return s.definitions[place].Persons != "" || s.definitions[place].Staying
}

// Definitions lists the measures in their order.
func (s *Set) Definitions() []Definition { return slices.Clone(s.definitions) }

// Names lists the names of the measures in their order.
func (s *Set) Names() []Name {
	out := make([]Name, len(s.definitions))
	for i, d := range s.definitions {
		out[i] = d.Name
	}
	return out
}

// Key names one group of totals: the value of a dimension, and for measures of money a currency.
type Key struct {
	Dimension Dimension
	Value     string
	Currency  string // "" for measures that know no currency
}

// Totals hold a number for each measure of a set in each group. Groups of zeros are not there. Amounts are millionths of the unit.
type Totals struct {
	Names  []Name             // of the measures, in the order of the numbers
	Groups map[Key][]wide.Int // a number for each measure; those of other keys' kind are 0, and so is what is behind the end of a list
}

// Empty is totals of nothing.
func (s *Set) Empty() Totals { return Totals{Names: s.Names(), Groups: map[Key][]wide.Int{}} }

// Of is what one person comes to in one window.
func (s *Set) Of(f Facts) Totals {
	t := s.Empty()
	s.Add(t, f)
	return t
}

// Add puts a person in: all that they did in the window, once.
func (s *Set) Add(t Totals, f Facts) { s.add(t, f, 1, 1<<31) }

// Remove takes a person out again, who was put in under some version of the definitions: measures that are newer never had them.
func (s *Set) Remove(t Totals, f Facts, version int) { s.add(t, f, -1, version) }

func (s *Set) add(t Totals, f Facts, times int64, version int) {
	for d, name := range Dimensions {
		switch {
		case name.Since() > version:
		case name == ByPage:
			s.addPages(t, f, times, version)
		default:
			s.addTo(t, d, f, times, version)
		}
	}
}

func (s *Set) addTo(t Totals, dimension int, f Facts, times int64, version int) {
	name := Dimensions[dimension]
	var byValue [4]sum // persons have few values in a dimension
	sums := byValue[:0]
	active := false
	for i := range f.Entries {
		e := &f.Entries[i]
		value := e.Cell.value(dimension)
		at := slices.IndexFunc(sums, func(s sum) bool { return s.value == value })
		if at < 0 {
			at = len(sums)
			sums = append(sums, sum{value: value})
		}
		for n, count := range e.Counts {
			sums[at].counts[n] += count
		}
		for _, x := range e.Extras {
			sums[at].extras = sums[at].extras.add(x.Place, x.N)
		}
		for _, m := range e.Money {
			sums[at].money = addMoney(sums[at].money, m)
		}
		active = active || e.Counts[activities] > 0
	}
	for i := range sums {
		s.addSum(t, Key{Dimension: name, Value: sums[i].value}, &sums[i], times, version)
	}
	if !active || name != Whole && name != ByStage {
		return
	}
	key := Key{Dimension: name}
	if name == ByStage {
		key.Value = cmp.Or(f.Stage, Unknown)
	}
	before := t.Groups[key]
	group := before
	for i, d := range s.definitions {
		if d.Staying && d.Since <= version {
			group = plus(group, i, wide.Of(times))
		}
	}
	t.store(key, before, group)
}

// sum is what a person comes to for one value of one dimension.
type sum struct {
	value  string
	counts Counts
	extras Extras
	money  []Money
}

func (s *Set) addSum(t Totals, key Key, of *sum, times int64, version int) {
	before := t.Groups[key]
	group := before
	for _, i := range s.always {
		if s.definitions[i].Since <= version {
			group = s.plus(group, i, of, nil, times)
		}
	}
	if len(of.extras) > 0 {
		for _, i := range s.ofSignals {
			if s.definitions[i].Since <= version {
				group = s.plus(group, i, of, nil, times)
			}
		}
	}
	t.store(key, before, group)
	for m := range of.money {
		key.Currency = of.money[m].Currency
		before := t.Groups[key]
		group := before
		for _, i := range s.ofMoney {
			if s.definitions[i].Since <= version {
				group = s.plus(group, i, of, &of.money[m], times)
			}
		}
		t.store(key, before, group)
	}
}

// plus adds what a sum is for the measure at a place; most are 0.
func (s *Set) plus(group []wide.Int, i int, of *sum, m *Money, times int64) []wide.Int {
	var n wide.Int
	if d := &s.definitions[i]; d.isProduct() {
		factors := &s.operands[i].factors
		n = wide.Product(s.factor(factors[0], of, m), s.factor(factors[1], of, m))
	} else {
		n = s.number(i, of, m)
	}
	if n.IsZero() {
		return group
	}
	if times < 0 {
		n = n.Neg()
	}
	return plus(group, i, n)
}

// number is what a sum is for a measure that is no product.
func (s *Set) number(i int, of *sum, m *Money) wide.Int {
	d, o := &s.definitions[i], &s.operands[i]
	switch {
	case d.isMoney():
		return d.ofMoney(*m)
	case o.signal:
		return wide.Of(d.ofCount(of.extras.of(o.counter)))
	}
	return wide.Of(d.ofCount(of.counts[o.counter]))
}

// Amounts are multiplied in hundredths of the unit, none of more than this many, so that no sum of products leaves 128 bits.
const (
	hundredth  = 10_000 // millionths
	mostFactor = 1 << 50
)

func (s *Set) factor(i int, of *sum, m *Money) int64 {
	number := s.number(i, of, m)
	n, fits := number.Int64()
	switch isAmount := s.definitions[i].Amount != ""; {
	case !fits && number.Compare(wide.Int{}) < 0:
		return -mostFactor
	case !fits:
		return mostFactor
	case isAmount:
		n /= hundredth
	}
	return max(-mostFactor, min(n, mostFactor))
}

// usualLength is how many numbers most groups have at most.
const usualLength = 24

// plus adds a number at a place of a group, which is as long as it has to be.
func plus(group []wide.Int, place int, n wide.Int) []wide.Int {
	if group == nil {
		group = make([]wide.Int, 0, max(place+1, usualLength))
	}
	for len(group) <= place {
		group = append(group, wide.Int{})
	}
	group[place] = group[place].Add(n)
	return group
}

func (d *Definition) isMoney() bool { return d.PerCurrency || d.Amount != "" }

func (d *Definition) ofCount(n int64) int64 {
	if d.Persons == "" {
		return n
	}
	if n >= max(d.AtLeast, 1) {
		return 1
	}
	return 0
}

func (d *Definition) ofMoney(m Money) wide.Int {
	if sum, isAmount := d.Amount.of(m); isAmount {
		return sum.Wide
	}
	n := m.Orders
	switch cmp.Or(d.Sum, d.Persons) {
	case "refund_count":
		n = m.RefundedN
	case "cancelled_orders":
		n = m.CancelN
	case "order_updates":
		n = m.UpdateN
	case "server_orders":
		n = m.ServerN
	case "costed_orders":
		n = m.CostedN
	case "order_events":
		n += m.RefundedN + m.CancelN + m.UpdateN
	}
	return wide.Of(d.ofCount(n))
}

// store keeps a group that was made of another, without the zeros at its end; one of zeros alone is not there.
func (t Totals) store(key Key, before, group []wide.Int) {
	switch group = trimmed(group); {
	case len(group) == 0 && len(before) > 0:
		delete(t.Groups, key)
	case len(group) > 0 && (len(group) != len(before) || &group[0] != &before[0]): // else it is there
		t.Groups[key] = group
	}
}

// IsZero says whether the totals hold nothing.
func (t Totals) IsZero() bool { return len(t.Groups) == 0 }

// Plus adds a change to totals that may be of an earlier version of the definitions: the measures are those of the change. Nothing given is
// changed.
func (t Totals) Plus(change Totals) Totals {
	out := Totals{Names: change.Names, Groups: make(map[Key][]wide.Int, len(t.Groups)+len(change.Groups))}
	places := make([]int, len(t.Names))
	for i, name := range t.Names {
		places[i] = slices.Index(out.Names, name)
	}
	for key, group := range t.Groups {
		sum := make([]wide.Int, 0, len(group))
		for i, n := range group {
			if places[i] >= 0 && !n.IsZero() {
				sum = plus(sum, places[i], n)
			}
		}
		out.store(key, nil, sum)
	}
	for key, group := range change.Groups {
		before := out.Groups[key]
		sum := before
		for i, n := range group {
			sum = plus(sum, i, n)
		}
		out.store(key, before, sum)
	}
	return out
}

// Equal says whether both hold the same measures and numbers.
func (t Totals) Equal(other Totals) bool {
	return slices.Equal(t.Names, other.Names) && maps.EqualFunc(t.Groups, other.Groups, func(a, b []wide.Int) bool {
		return slices.Equal(trimmed(a), trimmed(b))
	})
}

// Number of a measure in a group; 0 where there is none.
func (t Totals) Number(key Key, name Name) wide.Int {
	i := slices.Index(t.Names, name)
	group, found := t.Groups[key]
	if !found || i < 0 || i >= len(group) {
		return wide.Int{}
	}
	return group[i]
}
