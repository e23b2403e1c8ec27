package measure

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

// Name is the id of a measure.
type Name string

// Definition is a measure as it is written down. One of Sum, Persons and Staying is given.
type Definition struct {
	Name        Name
	Sum         Counter // adds the counter up
	Persons     Counter // persons for whom the counter is at least AtLeast
	AtLeast     int64   // 0 stands for 1
	Staying     bool    // active persons, in the stage that they are in at the end
	PerCurrency bool    // of orders and refunds: counted for each currency apart
	Amount      Amount  // a sum of money, for each currency apart
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
	}
	return money.Sum{}, false
}

// Set is the measures that totals hold, in their order.
type Set struct {
	definitions []Definition
	places      map[Name]int
	counters    []int // of each definition, the place of its counter
}

// NewSet checks definitions. Error: fault.Invalid with code bad_measure that names the measure.
func NewSet(definitions []Definition) (*Set, error) {
	s := &Set{definitions: slices.Clone(definitions), places: map[Name]int{}, counters: make([]int, len(definitions))}
	for i, d := range definitions {
		if _, taken := s.places[d.Name]; taken || d.Name == "" {
			return nil, fault.Newf(fault.Invalid, "bad_measure", "measure %d is named %q, which is empty or taken", i+1, d.Name)
		}
		s.places[d.Name] = i
		s.counters[i] = -1
		if wanted := cmp.Or(d.Sum, d.Persons); wanted != "" {
			s.counters[i] = slices.IndexFunc(counters[:], func(c counting) bool { return c.name == wanted })
			if s.counters[i] < 0 {
				return nil, fault.Newf(fault.Invalid, "bad_measure", "measure %s counts %q, which no step is counted for", d.Name, wanted)
			}
			continue
		}
		if _, known := d.Amount.of(Money{}); !d.Staying && !known {
			return nil, fault.Newf(fault.Invalid, "bad_measure", "measure %s says neither what it sums nor whom it counts", d.Name)
		}
	}
	return s, nil
}

// Has says whether the set holds a measure, and whether it is counted for each currency apart.
func (s *Set) Has(name Name) (perCurrency, found bool) {
	i, found := s.places[name]
	return found && s.definitions[i].isMoney(), found
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
	Groups map[Key][]wide.Int // a number for each measure; those of other keys' kind are 0
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
	group := t.group(key)
	for i, d := range s.definitions {
		if d.Staying && d.Since <= version {
			group[i] = group[i].Add(wide.Of(times))
		}
	}
	t.drop(key, group)
}

// sum is what a person comes to for one value of one dimension.
type sum struct {
	value  string
	counts Counts
	money  []Money
}

func (s *Set) addSum(t Totals, key Key, of *sum, times int64, version int) {
	group := t.group(key)
	for i := range s.definitions {
		d := &s.definitions[i]
		if d.Staying || d.isMoney() || d.Since > version {
			continue
		}
		if n := d.ofCount(of.counts[s.counters[i]]); n != 0 { // most are 0
			group[i] = group[i].Add(wide.Of(times * n))
		}
	}
	t.drop(key, group)
	for _, m := range of.money {
		key.Currency = m.Currency
		group := t.group(key)
		for i := range s.definitions {
			if d := &s.definitions[i]; d.isMoney() && d.Since <= version {
				n := d.ofMoney(m)
				if times < 0 {
					n = n.Neg()
				}
				group[i] = group[i].Add(n)
			}
		}
		t.drop(key, group)
	}
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
	case "order_events":
		n += m.RefundedN + m.CancelN + m.UpdateN
	}
	return wide.Of(d.ofCount(n))
}

// group finds the numbers of a group, or makes them.
func (t Totals) group(key Key) []wide.Int {
	group, found := t.Groups[key]
	if !found {
		group = make([]wide.Int, len(t.Names))
		t.Groups[key] = group
	}
	return group
}

// drop forgets a group of zeros.
func (t Totals) drop(key Key, group []wide.Int) {
	for _, n := range group {
		if !n.IsZero() {
			return
		}
	}
	delete(t.Groups, key)
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
		sum := out.group(key)
		for i, n := range group {
			if places[i] >= 0 {
				sum[places[i]] = n
			}
		}
	}
	for key, group := range change.Groups {
		sum := out.group(key)
		for i, n := range group {
			sum[i] = sum[i].Add(n)
		}
		out.drop(key, sum)
	}
	return out
}

// Equal says whether both hold the same measures and numbers.
func (t Totals) Equal(other Totals) bool {
	return slices.Equal(t.Names, other.Names) && maps.EqualFunc(t.Groups, other.Groups, slices.Equal[[]wide.Int])
}

// Number of a measure in a group; 0 where there is none.
func (t Totals) Number(key Key, name Name) wide.Int {
	i := slices.Index(t.Names, name)
	group, found := t.Groups[key]
	if !found || i < 0 {
		return wide.Int{}
	}
	return group[i]
}

// storedTotals is how totals are written: the measures once, and the groups sorted, so that equal totals have equal bytes.
type storedTotals struct {
	Names  []Name        `json:"m"`
	Groups []storedGroup `json:"g"`
}

type storedGroup struct {
	Dimension Dimension `json:"d,omitempty"`
	Value     string    `json:"v,omitempty"`
	Currency  string    `json:"c,omitempty"`
	Numbers   numbers   `json:"n"`
}

// numbers are written and read by hand, a whole list at a time: windows have many.
type numbers []wide.Int

func (n numbers) MarshalJSON() ([]byte, error) {
	text := make([]byte, 0, 4*len(n)+2)
	for i, number := range n {
		text = number.Append(append(text, "[,"[min(i, 1)]))
	}
	if len(n) == 0 {
		text = append(text, '[')
	}
	return append(text, ']'), nil
}

func (n *numbers) UnmarshalJSON(text []byte) error {
	inside := strings.Trim(string(text), "[] ")
	*n = make(numbers, 0, strings.Count(inside, ",")+1)
	for part := range strings.SplitSeq(inside, ",") {
		number, err := wide.Parse(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		*n = append(*n, number)
	}
	return nil
}

// MarshalJSON writes equal totals as equal bytes.
func (t Totals) MarshalJSON() ([]byte, error) {
	stored := storedTotals{Names: t.Names, Groups: make([]storedGroup, 0, len(t.Groups))}
	for key, group := range t.Groups {
		stored.Groups = append(stored.Groups, storedGroup{key.Dimension, key.Value, key.Currency, group})
	}
	slices.SortFunc(stored.Groups, func(a, b storedGroup) int {
		return cmp.Or(cmp.Compare(a.Dimension, b.Dimension), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Currency, b.Currency))
	})
	return json.Marshal(stored)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Totals) UnmarshalJSON(text []byte) error {
	var stored storedTotals
	if err := json.Unmarshal(text, &stored); err != nil {
		return err
	}
	*t = Totals{Names: stored.Names, Groups: make(map[Key][]wide.Int, len(stored.Groups))}
	for _, g := range stored.Groups {
		if len(g.Numbers) != len(t.Names) {
			return fault.Newf(fault.Internal, "bad_totals", "a group has %d numbers for %d measures", len(g.Numbers), len(t.Names))
		}
		t.Groups[Key{g.Dimension, g.Value, g.Currency}] = g.Numbers
	}
	return nil
}
