package measure

import (
	"cmp"
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
	newest      int // version that first had all of them
	// The places of measures by when they are looked at: for every sum, for those with a signal, for each currency.
	always, ofMoney, staying []int
	ofSignal                 [][]int // by place of the signal
}

// operand is where a measure finds its number.
type operand struct {
	kind    operandKind
	counter int    // place among the counters, or among the signals
	least   int64  // of persons, of how many on they count; 0 of sums
	factors [2]int // of a product, the places of the measures
}

type operandKind int

const (
	ofCounter operandKind = iota
	ofSignal
	ofMoney
	ofProduct // of numbers that know no currency
	ofMoneyProduct
	ofStaying
)

// NewSet checks definitions. Error: fault.Invalid with code bad_measure that names the measure.
func NewSet(definitions []Definition) (*Set, error) {
	s := &Set{
		definitions: slices.Clone(definitions), places: map[Name]int{}, operands: make([]operand, len(definitions)),
		ofSignal: make([][]int, len(signals().all)),
	}
	for i := range s.definitions {
		d := &s.definitions[i]
		if _, taken := s.places[d.Name]; taken || d.Name == "" {
			return nil, fault.Newf(fault.Invalid, "bad_measure", "measure %d is named %q, which is empty or taken", i+1, d.Name)
		}
		s.places[d.Name] = i
		if err := s.place(i, d); err != nil {
			return nil, err
		}
		s.newest = max(s.newest, d.Since)
		signal := s.signalOf(i)
		switch kind := s.operands[i].kind; {
		case kind == ofStaying:
			s.staying = append(s.staying, i)
		case kind == ofMoney, kind == ofMoneyProduct:
			s.ofMoney = append(s.ofMoney, i)
		case signal >= 0:
			s.ofSignal[signal] = append(s.ofSignal[signal], i)
		default:
			s.always = append(s.always, i)
		}
	}
	return s, nil
}

// signalOf is the signal without which a measure is 0; −1 where there is none.
func (s *Set) signalOf(i int) int {
	switch o := &s.operands[i]; o.kind {
	case ofSignal:
		return o.counter
	case ofProduct:
		return max(s.signalOf(o.factors[0]), s.signalOf(o.factors[1]))
	}
	return -1
}

// place finds what a measure is made of.
func (s *Set) place(i int, d *Definition) error {
	o := &s.operands[i]
	bad := func(format string, args ...any) error {
		return fault.Newf(fault.Invalid, "bad_measure", "measure "+string(d.Name)+" "+format, args...)
	}
	wanted := cmp.Or(d.Sum, d.Persons)
	_, isAmount := d.Amount.of(Money{})
	switch {
	case d.Product != [2]Name{}:
		o.kind = ofProduct
		for f, name := range d.Product {
			at, found := s.places[name]
			if !found || at == i || s.operands[at].kind >= ofProduct {
				return bad("multiplies %q, which is no measure before it that can be", name)
			}
			if o.factors[f] = at; s.operands[at].kind == ofMoney {
				o.kind = ofMoneyProduct
			}
		}
	case d.Staying:
		o.kind = ofStaying
	case d.Amount != "" && isAmount:
		o.kind = ofMoney
	case wanted != "":
		if d.Persons != "" {
			o.least = d.least()
		}
		o.counter = slices.IndexFunc(counters[:], func(c counting) bool { return c.name == wanted })
		if at, found := signals().byName[wanted]; o.counter < 0 && found {
			o.kind, o.counter = ofSignal, at
		}
		if o.counter < 0 || o.kind == ofSignal && d.PerCurrency {
			return bad("counts %q, which no step is counted for", wanted)
		}
		if d.PerCurrency {
			o.kind = ofMoney
		}
	default:
		return bad("says neither what it sums nor whom it counts")
	}
	return nil
}

// isMoney says whether the measure at a place is of each currency apart.
func (s *Set) isMoney(i int) bool {
	return s.operands[i].kind == ofMoney || s.operands[i].kind == ofMoneyProduct
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

// Empty is totals of nothing.
func (s *Set) Empty() Totals { return Totals{Names: s.Names(), Groups: map[Key][]wide.Int{}} }

// Of is what one person comes to in one window.
func (s *Set) Of(f Facts) Totals {
	t := s.Empty()
	s.Add(t, f)
	return t
}

// Add puts a person in: all that they did in the window, once.
func (s *Set) Add(t Totals, f Facts) { s.add(t, f, 1, everyVersion) }

// AddBy puts a person into the whole and into one dimension alone.
func (s *Set) AddBy(t Totals, f Facts, by Dimension) {
	s.addTo(t, f, 1, everyVersion, func(name Dimension) bool { return name == Whole || name == by })
}

// AddAs puts a person in under one key, whatever cells the facts are in: for values of what is no dimension of cells.
func (s *Set) AddAs(t Totals, f Facts, key Key) {
	all := sumOf(f.Entries)
	t.put(key, s.shareOf(&all, 1, everyVersion))
}

// everyVersion is later than any: all measures are of it.
const everyVersion = 1 << 31

// Remove takes a person out again, who was put in under some version of the definitions: measures that are newer never had them.
func (s *Set) Remove(t Totals, f Facts, version int) { s.add(t, f, -1, version) }

func (s *Set) add(t Totals, f Facts, times int64, version int) {
	s.addTo(t, f, times, version, func(Dimension) bool { return true })
}

// addTo adds a person in the dimensions that are wanted. In most of them all that a person did has one value, and so is what it is of the whole.
func (s *Set) addTo(t Totals, f Facts, times int64, version int, isWanted func(Dimension) bool) {
	if len(f.Entries) > 0 {
		all := sumOf(f.Entries)
		whole := s.shareOf(&all, times, version)
		for d, name := range Dimensions[:len(Dimensions)-1] { // pages are in no cell
			if name.Since() > version || !isWanted(name) {
				continue
			}
			if value, isOne := f.only(d); isOne {
				t.put(Key{Dimension: name, Value: value}, whole)
			} else {
				s.addValues(t, d, f, times, version)
			}
			if all.counts[activities] > 0 {
				s.stay(t, name, f, times, version)
			}
		}
	}
	if ByPage.Since() <= version && isWanted(ByPage) {
		s.addPages(t, f, times, version)
	}
}

// only is the value that all entries have in a dimension, where they have one.
func (f *Facts) only(dimension int) (value string, isOne bool) {
	value = f.Entries[0].Cell.value(dimension)
	for i := range f.Entries[1:] {
		if f.Entries[i+1].Cell.value(dimension) != value {
			return "", false
		}
	}
	return value, true
}

// addValues adds a person to each value that they have in a dimension.
func (s *Set) addValues(t Totals, dimension int, f Facts, times int64, version int) {
	var byValue [4]sum // persons have few values in a dimension
	sums := byValue[:0]
	for i := range f.Entries {
		value := f.Entries[i].Cell.value(dimension)
		at := slices.IndexFunc(sums, func(s sum) bool { return s.value == value })
		if at < 0 {
			at = len(sums)
			sums = append(sums, sum{value: value})
		}
		sums[at].add(&f.Entries[i])
	}
	for i := range sums {
		t.put(Key{Dimension: Dimensions[dimension], Value: sums[i].value}, s.shareOf(&sums[i], times, version))
	}
}

// stay counts an active person in the stage that they are in at the end, and in the whole.
func (s *Set) stay(t Totals, name Dimension, f Facts, times int64, version int) {
	key := Key{Dimension: name}
	switch name {
	case Whole:
	case ByStage:
		key.Value = cmp.Or(f.Stage, Unknown)
	default:
		return
	}
	before := t.Groups[key]
	group := before
	for _, i := range s.staying {
		if s.definitions[i].Since <= version {
			group = plus(group, i, wide.Of(times))
		}
	}
	t.store(key, before, group)
}
