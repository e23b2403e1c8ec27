package quality

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

// Shares say whose word what is counted rests on: touchpoints without repeats and programs, and orders that count. What is in quarantine is in none.
type Shares struct {
	Touchpoints int      `json:"touchpoints"`
	Orders      int      `json:"orders"`
	Revenue     []Amount `json:"revenue"`   // by currency, of those orders as their events say it, gross
	ByGrade     []Part   `json:"by_grade"`  // server, signed, public
	BySource    []Part   `json:"by_source"` // by source, then grade
}

// Part is what one grade, of one source or of all, has in the whole.
type Part struct {
	Source           string   `json:"source,omitempty"`
	Grade            string   `json:"grade"`
	Touchpoints      int      `json:"touchpoints"`
	TouchpointsShare Share    `json:"touchpoints_share"`
	Orders           int      `json:"orders"`
	OrdersShare      Share    `json:"orders_share"`
	Revenue          []Amount `json:"revenue"`
}

// Amount is money of one currency, with its share of all money of that currency.
type Amount struct {
	Currency string    `json:"currency"`
	Amount   money.Sum `json:"amount"`
	Share    Share     `json:"share"`
}

// Share is a part of a whole in ten-thousandths, rounded half up: 2500 is a quarter. Of a whole of nothing it is 0.
type Share int

// MarshalJSON writes it as a number from 0 to 1 with four decimals.
func (s Share) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%04d", s/10_000, s%10_000), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Share) UnmarshalJSON(text []byte) error {
	ratio, ok := new(big.Rat).SetString(string(text))
	if !ok {
		return fmt.Errorf("read share: %q is no number", text)
	}
	*s = Share(new(big.Rat).Mul(ratio, big.NewRat(10_000, 1)).Num().Int64())
	return nil
}

// shareOf is part ÷ whole.
func shareOf(part, whole wide.Int) Share {
	if whole.Compare(wide.Of(0)) <= 0 {
		return 0
	}
	n, of := part.Big(), whole.Big()
	n.Mul(n, big.NewInt(20_000)).Add(n, of)
	return Share(n.Quo(n, of.Mul(of, big.NewInt(2))).Int64())
}

// tallied is what shares are made of. The zero tallied is nothing.
type tallied struct {
	parts map[origin]*sums
}

type origin struct {
	source string
	grade  event.Grade
}

type sums struct {
	touchpoints, orders int
	revenue             map[string]money.Sum
}

func (s *sums) plus(other *sums) {
	s.touchpoints += other.touchpoints
	s.orders += other.orders
	for currency, amount := range other.revenue {
		s.earn(currency, amount)
	}
}

func (s *sums) earn(currency string, amount money.Sum) {
	if s.revenue == nil {
		s.revenue = map[string]money.Sum{}
	}
	s.revenue[currency] = s.revenue[currency].Plus(amount)
}

// add takes an event by the copy that counts.
func (t *tallied) add(c Copy, isOrder bool, currency string) {
	if c.Quarantined || c.bot != "" || !c.touches {
		return
	}
	if t.parts == nil {
		t.parts = map[origin]*sums{}
	}
	of := origin{c.source, c.grade}
	if t.parts[of] == nil {
		t.parts[of] = &sums{}
	}
	t.parts[of].touchpoints++
	if isOrder {
		t.parts[of].orders++
		t.parts[of].earn(cmp.Or(c.claim.Currency, currency), money.SumOf(c.claim.Amount))
	}
}

func (t *tallied) of() Shares {
	var whole sums
	grades := map[origin]*sums{}
	for of, part := range t.parts {
		whole.plus(part)
		of.source = ""
		if grades[of] == nil {
			grades[of] = &sums{}
		}
		grades[of].plus(part)
	}
	return Shares{
		Touchpoints: whole.touchpoints, Orders: whole.orders, Revenue: amounts(whole.revenue, whole.revenue),
		ByGrade: partsOf(grades, whole), BySource: partsOf(t.parts, whole),
	}
}

// partsOf lists parts by source, then the best grade first.
func partsOf(parts map[origin]*sums, whole sums) []Part {
	out := make([]Part, 0, len(parts))
	order := func(a, b origin) int { return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(b.grade, a.grade)) }
	for _, of := range slices.SortedFunc(maps.Keys(parts), order) {
		part := parts[of]
		out = append(out, Part{
			Source: of.source, Grade: of.grade.String(),
			Touchpoints: part.touchpoints, TouchpointsShare: shareOf(wide.Of(int64(part.touchpoints)), wide.Of(int64(whole.touchpoints))),
			Orders: part.orders, OrdersShare: shareOf(wide.Of(int64(part.orders)), wide.Of(int64(whole.orders))),
			Revenue: amounts(part.revenue, whole.revenue),
		})
	}
	return out
}

func amounts(sums, whole map[string]money.Sum) []Amount {
	out := make([]Amount, 0, len(sums))
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, Amount{Currency: currency, Amount: sums[currency], Share: shareOf(sums[currency].Wide, whole[currency].Wide)})
	}
	return out
}

// saying is what tells what two deliveries with one message id say.
type saying struct {
	kept     event.Identifier
	original event.Millis // -1 of an event that came without a timestamp
	said     uint64
}

// message is where deliveries with one message id are compared: within a source, and within a UTC day of the device's time. Further apart it is not
// looked for, for a report reads the archive by days.
type message struct {
	source, day string
	id          event.ID
}

// conflicts gives, of copies in the order of their arrival, those that say something else than the first one with their message id: another name, other
// ids, another order or amount, another time. What is in quarantine says nothing.
func conflicts(all []Copy) []Copy {
	firsts := map[message]saying{}
	var out []Copy
	for i := range all {
		c := &all[i]
		if c.Quarantined {
			continue
		}
		of := message{c.source, c.original.Day(), c.id}
		switch first, found := firsts[of]; {
		case !found:
			firsts[of] = c.saying()
		case first != c.saying():
			out = append(out, *c)
		}
	}
	return out
}

// compareArrival orders deliveries by receipt, then by themselves, so that any set of them has one order.
func compareArrival(a, b Copy) int {
	return cmp.Or(
		cmp.Compare(a.received, b.received), cmp.Compare(a.delivery.request, b.delivery.request), cmp.Compare(a.delivery.index, b.delivery.index),
	)
}

func (c *Copy) saying() saying {
	if c.untimed {
		return saying{c.group.kept, -1, c.said}
	}
	return saying{c.group.kept, c.original, c.said}
}
