package measure

import (
	"cmp"
	"slices"

	"waymark/shared/domain/wide"
)

// sum is what a person comes to for one value of one dimension.
type sum struct {
	value  string
	counts Counts
	extras Extras
	isOwn  bool // nobody else has the extras
	money  []Money
}

func sumOf(entries []Entry) (all sum) {
	for i := range entries {
		all.add(&entries[i])
	}
	return all
}

func (s *sum) add(e *Entry) {
	for n, count := range e.Counts {
		s.counts[n] += count
	}
	s.plus(e.Extras)
	for _, m := range e.Money {
		s.money = addMoney(s.money, m)
	}
}

// plus adds extras; the first list is taken as it is, and copied when another comes.
func (s *sum) plus(more Extras) {
	if len(s.extras) == 0 {
		s.extras, s.isOwn = more, false
		return
	}
	if len(more) > 0 && !s.isOwn {
		s.extras, s.isOwn = slices.Clone(s.extras), true
	}
	for _, x := range more {
		s.extras = s.extras.add(x.Place, x.N)
	}
}

// share is what a sum is for the measures, those that know no currency, and those of each: the numbers that are not 0.
type share struct {
	numbers []number
	money   []ofCurrency
}

type number struct {
	place int
	n     wide.Int
}

type ofCurrency struct {
	currency string
	numbers  []number
}

func (s *Set) shareOf(of *sum, times int64, version int) (out share) {
	out.numbers = s.numbers(make([]number, 0, len(s.always)), s.always, of, nil, times, version)
	for i := range of.extras {
		if place := of.extras[i].Place; place < len(s.ofSignal) { // else a later release counted it
			out.numbers = s.numbers(out.numbers, s.ofSignal[place], of, nil, times, version)
		}
	}
	for i := range of.money {
		m := &of.money[i]
		out.money = append(out.money, ofCurrency{m.Currency, s.numbers(make([]number, 0, len(s.ofMoney)), s.ofMoney, of, m, times, version)})
	}
	return out
}

// put adds a share to the groups of a key.
func (t Totals) put(key Key, of share) {
	t.putIn(key, of.numbers)
	for _, m := range of.money {
		key.Currency = m.currency
		t.putIn(key, m.numbers)
	}
}

func (t Totals) putIn(key Key, numbers []number) {
	before := t.Groups[key]
	group := before
	for _, one := range numbers {
		group = plus(group, one.place, one.n)
	}
	t.store(key, before, group)
}

// numbers appends what a sum is for measures; most are 0.
func (s *Set) numbers(out []number, measures []int, of *sum, m *Money, times int64, version int) []number {
	for _, i := range measures {
		var n wide.Int
		switch o := &s.operands[i]; o.kind {
		case ofProduct, ofMoneyProduct:
			first := s.factor(o.factors[0], of, m)
			if first == 0 {
				continue
			}
			n = wide.Product(first, s.factor(o.factors[1], of, m))
		case ofMoney:
			n = s.definitions[i].ofMoney(*m)
		default:
			n = wide.Of(o.count(of))
		}
		if n.IsZero() || s.newest > version && s.definitions[i].Since > version {
			continue
		}
		if times < 0 {
			n = n.Neg()
		}
		out = append(out, number{i, n})
	}
	return out
}

// count is a sum's number of a counter or signal.
func (o *operand) count(of *sum) int64 {
	var n int64
	if o.kind == ofSignal {
		n = of.extras.of(o.counter)
	} else {
		n = of.counts[o.counter]
	}
	switch {
	case o.least == 0:
		return n
	case n >= o.least:
		return 1
	}
	return 0
}

// Amounts are multiplied in hundredths of the unit, none of more than this many, so that no sum of products leaves 128 bits.
const (
	hundredth  = 10_000 // millionths
	mostFactor = 1 << 50
)

func (s *Set) factor(i int, of *sum, m *Money) int64 {
	o := &s.operands[i]
	if o.kind != ofMoney {
		return min(o.count(of), mostFactor)
	}
	number := s.definitions[i].ofMoney(*m)
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
const usualLength = 56

// plus adds a number at a place of a group, which is as long as it has to be.
func plus(group []wide.Int, place int, n wide.Int) []wide.Int {
	if group == nil {
		group = make([]wide.Int, 0, max(place+1, usualLength))
	}
	if length := len(group); length <= place {
		group = slices.Grow(group, place+1-length)[:place+1]
		clear(group[length:])
	}
	group[place] = group[place].Add(n)
	return group
}

// least is of how many on persons are counted.
func (d *Definition) least() int64 { return max(d.AtLeast, 1) }

func (d *Definition) ofCount(n int64) int64 {
	if d.Persons == "" {
		return n
	}
	if n >= d.least() {
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
