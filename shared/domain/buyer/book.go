package buyer

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// Rules say which orders are read and what they are worth.
type Rules struct {
	Known    event.Millis // nothing is known of what comes from here on
	Currency string       // orders in others are left out, and counted
	Worth    Worth
	By       func(*step.Row) string // what orders are parted by; nil is nothing
}

// Book is the buyers of many lives. It is made for analysis.Fold: what is in it depends on the lives alone.
type Book struct {
	Rules
	Buyers  []Buyer          // with at least one order in the currency, whether it stands or not
	Foreign map[string]int64 // orders in other currencies
}

// Begin is an empty book.
func (r Rules) Begin() *Book { return &Book{Rules: r, Foreign: map[string]int64{}} }

// Add reads a life.
func (b *Book) Add(life []step.Row) {
	by := b.By
	if by == nil {
		by = func(*step.Row) string { return "" }
	}
	who, isBuyer := of(life, b.Known, by)
	if !isBuyer {
		return
	}
	isOne := false
	for i := range who.Orders {
		if currency := who.Orders[i].Currency; currency == b.Currency {
			isOne = true
		} else {
			b.Foreign[currency]++
		}
	}
	if isOne {
		b.Buyers = append(b.Buyers, who)
	}
}

// Join takes over what another book holds, and puts buyers in the order of their names.
func (b *Book) Join(part *Book) {
	b.Buyers = append(b.Buyers, part.Buyers...)
	slices.SortFunc(b.Buyers, func(a, b Buyer) int { return cmp.Compare(a.Person, b.Person) })
	for currency, n := range part.Foreign {
		b.Foreign[currency] += n
	}
}

// Standing are the orders of a buyer in the currency that stood at an instant, with their worth.
func (b *Book) Standing(who *Buyer, known event.Millis, see func(o *Order, value money.Sum)) {
	for i := range who.Orders {
		o := &who.Orders[i]
		if value, stands := o.Value(b.Worth, known); stands && o.Currency == b.Currency {
			see(o, value)
		}
	}
}

// Revenue is what all that a buyer ordered in the currency came to, as far as is known.
func (b *Book) Revenue(who *Buyer) money.Sum { return who.Revenue(b.Worth, b.Currency, b.Known) }

// LeftOut says in sentences which orders are not read.
func (b *Book) LeftOut() []string {
	var out []string
	for _, currency := range slices.Sorted(maps.Keys(b.Foreign)) {
		out = append(out, strconv.FormatInt(b.Foreign[currency], 10)+" orders in "+currency+
			" are left out: amounts of two currencies are never added. Ask for currency="+currency+".")
	}
	return out
}
