// Package buyer is what a person has bought: the orders of a life, each with what was changed and taken back of it, as they stood at any instant.
// Analyses of buyers share it, so that an order counts for all of them or for none.
//
// The rules: an order is worth what it came to, with its updates, less what was cancelled and refunded of it until then. An order of which
// something was taken back and nothing is left is none. An order that never cost anything is one all the same. What was given back without saying of
// which order, or in another currency than the order's, is taken from the person's revenue and from no order.
//
//	b, ok := buyer.Of(life, q.Known())
package buyer

import (
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// Columns are those that Of reads. With step.Properties too, orders have their products.
const Columns = step.Columns(1) << step.OrderMoney

// Buyer is a person with orders, or with money that was given back.
type Buyer struct {
	Person event.Identifier
	Orders []Order  // in the order in which they were made
	Loose  []Change // refunds of no order that is known
}

// Order is one order.
type Order struct {
	ID       string
	At       event.Millis
	Currency string
	Amount   money.Micros
	Changes  []Change
	Products string // JSON list of its products, "" where it says none
	By       string // what it is parted by, see Rules
}

// Change is an update, cancellation or refund.
type Change struct {
	At       event.Millis
	Kind     event.OrderKind
	Amount   money.Micros // what it adds, or takes back
	Currency string
}

// productsProperty is the property of an order that lists its products.
const productsProperty = "products"

// Of reads a life up to an instant; later orders and changes are left out. isBuyer is false where nothing was bought and nothing given back.
func Of(life []step.Row, known event.Millis) (b Buyer, isBuyer bool) {
	return of(life, known, func(*step.Row) string { return "" })
}

func of(life []step.Row, known event.Millis, by func(*step.Row) string) (b Buyer, isBuyer bool) {
	for i := range life {
		r := &life[i]
		if r.At >= known {
			break
		}
		o := r.Order
		switch {
		case o == nil:
		case o.Kind == event.Completed:
			b.Orders = append(b.Orders, Order{
				ID: o.ID, At: r.At, Currency: o.Currency, Amount: o.Amount, Products: r.Properties.Property(productsProperty),
				By: by(r),
			})
		default:
			b.change(o.ID, Change{At: r.At, Kind: o.Kind, Amount: o.Amount, Currency: o.Currency})
		}
		b.Person = r.Person
	}
	return b, len(b.Orders)+len(b.Loose) > 0
}

func (b *Buyer) change(id string, c Change) {
	for i := len(b.Orders) - 1; i >= 0 && id != ""; i-- {
		if o := &b.Orders[i]; o.ID == id && o.Currency == c.Currency {
			o.Changes = append(o.Changes, c)
			return
		}
	}
	b.Loose = append(b.Loose, c)
}

// Worth is what an order counts for.
type Worth int

// Net is what is left of an order, Gross what it came to before anything was taken back.
const (
	Net Worth = iota
	Gross
)

// isTaken says whether the change takes money back.
func (c Change) isTaken() bool { return c.Kind == event.Cancelled || c.Kind == event.Refunded }

// signed is what a change adds to the worth.
func (c Change) signed(worth Worth) money.Sum {
	switch {
	case !c.isTaken():
		return money.SumOf(c.Amount)
	case worth == Gross:
		return money.Sum{}
	}
	return money.Sum{}.Minus(money.SumOf(c.Amount))
}

// Value is the worth of the order as it stood at an instant, and whether it is an order then. What is not is worth nothing or less.
func (o *Order) Value(worth Worth, known event.Millis) (value money.Sum, stands bool) {
	if o.At >= known {
		return money.Sum{}, false
	}
	value = money.SumOf(o.Amount)
	isTaken := false
	for _, c := range o.Changes {
		if c.At < known {
			value = value.Plus(c.signed(worth))
			isTaken = isTaken || c.isTaken()
		}
	}
	return value, worth == Gross || !isTaken || value.Wide.Compare(money.Sum{}.Wide) > 0
}

// Revenue is what all orders of a currency came to at an instant, what was given back of no order taken off unless it is gross.
func (b *Buyer) Revenue(worth Worth, currency string, known event.Millis) money.Sum {
	var sum money.Sum
	for i := range b.Orders {
		if o := &b.Orders[i]; o.Currency == currency {
			value, _ := o.Value(worth, known)
			sum = sum.Plus(value)
		}
	}
	for _, c := range b.Loose {
		if c.Currency == currency && c.At < known {
			sum = sum.Plus(c.signed(worth))
		}
	}
	return sum
}

// Day is the number of a local date: days since 1970-01-01.
type Day int32

// DayOf is the local date of an instant.
func DayOf(calendar period.Calendar, at event.Millis) Day {
	year, month, day := calendar.Local(at.Time()).Date()
	return Day(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// String is the date, as 2026-10-25.
func (d Day) String() string {
	return time.Unix(int64(d)*24*60*60, 0).UTC().Format(time.DateOnly)
}
