package profile

import (
	"cmp"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

// Sale is what one change or refund of an order comes to.
type Sale struct {
	Claim
	Amount   money.Micros // of an update what it adds, which may be negative; of a cancellation or refund what it takes back
	Currency string
}

// Sales goes through what happened to an order after it was completed, in time order: what an update makes of it, what is paid back, and what is left
// when it is cancelled. currency is the workspace's, of orders that name none.
//
//   - A refund without an amount takes all that is left.
//   - A cancellation takes all that is left, whatever it says; then nothing is left, so what comes after it counts as 0.
//   - An update before the order was completed, or in another currency, adds nothing; the order said what it comes to.
//   - A refund in another currency counts in its own and takes nothing off.
func Sales(order event.Touchpoint, changes []Claim, currency string) []Sale {
	b := balance{worth: order.Order.Amount, left: wide.Of(int64(order.Order.Amount)), currency: cmp.Or(order.Order.Currency, currency), since: order.Corrected}
	out := make([]Sale, len(changes))
	for i, change := range changes {
		out[i] = Sale{Claim: change, Amount: b.apply(change), Currency: cmp.Or(change.Currency, b.currency)}
	}
	return out
}

// balance is how an order stands.
type balance struct {
	worth       money.Micros // what it was last said to come to
	left        wide.Int     // of it, not paid back; below 0 when more was
	currency    string
	since       event.Millis
	isCancelled bool
}

func (b *balance) apply(change Claim) money.Micros {
	isForeign := change.Currency != "" && change.Currency != b.currency
	amount := change.Amount
	switch {
	case b.isCancelled:
		return 0
	case change.Kind == event.Updated:
		more, err := amount.Add(-b.worth)
		if err != nil || change.Unpriced || isForeign || change.At < b.since {
			return 0
		}
		b.worth, b.left = amount, b.left.Add(wide.Of(int64(more)))
		return more
	case change.Unpriced:
		amount = b.rest()
	}
	if !isForeign {
		b.left = b.left.Sub(wide.Of(int64(amount)))
	}
	b.isCancelled = change.Kind == event.Cancelled
	return amount
}

// rest is what is left to be taken back. It lies between 0 and what the order is worth.
func (b *balance) rest() money.Micros {
	if b.left.IsZero() || (b.left.Compare(wide.Int{}) < 0) != (b.worth < 0) {
		return 0
	}
	left, _ := b.left.Int64()
	return money.Micros(left)
}
