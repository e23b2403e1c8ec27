package profile

import (
	"cmp"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/money"
)

// Claim is one event that concerns an order: that it was completed, changed, cancelled or refunded. Of several events that say the same the
// earliest counts; the others are touchpoints and no more.
type Claim struct {
	Evidence   identity.Evidence `json:"evidence"`
	Identifier event.Identifier  `json:"identifier"`

	// What follows is of changes and refunds: the order counts with its own person, and so do they, whoever sent them.
	Kind     event.OrderKind `json:"kind,omitempty"`
	ID       string          `json:"id,omitempty"`       // tells them apart: a refund's own id, else the event's
	At       event.Millis    `json:"at,omitempty"`       // the time that counts
	Received event.Millis    `json:"received,omitempty"` // of several copies of one event the first received stays
	Amount   money.Micros    `json:"amount,omitempty"`
	Unpriced bool            `json:"unpriced,omitempty"`
	Currency string          `json:"currency,omitempty"`
}

// How many claims to one order are kept, the earliest of either sort.
const (
	MaxClaims  = 64  // that it was completed
	MaxChanges = 256 // changes and refunds
)

// Claims to one order, the earliest first.
type Claims []Claim

// OrderKey names what is claimed: an order, or a refund that names no order.
func OrderKey(o event.Order) string {
	kind, id := "order", o.Of
	switch {
	case o.Kind == event.Completed:
		id = o.ID
	case id == "":
		kind, id = "refund", o.ID
	}
	if o.Scope != "" {
		return kind + "@" + o.Scope + ":" + id
	}
	return kind + ":" + id
}

// ClaimOf is the claim that a touchpoint of an identifier makes; ok is false when it concerns no order, or is a bot's.
func ClaimOf(t event.Touchpoint, id event.Identifier) (key string, c Claim, ok bool) {
	o := t.Order
	if o == nil || t.IsBot() {
		return "", Claim{}, false
	}
	c = Claim{Evidence: identity.Evidence{At: t.Original, Event: t.ID, Source: t.Source}, Identifier: id}
	if o.Kind != event.Completed {
		c.Kind, c.ID, c.At, c.Received = o.Kind, o.ID, t.Corrected, t.Received
		c.Amount, c.Unpriced, c.Currency = o.Amount, o.Unpriced, o.Currency
	}
	return OrderKey(*o), c, true
}

// Join adds claims. It is commutative, associative and idempotent.
func (c Claims) Join(others ...Claim) Claims {
	out := append(slices.Clone(c), others...)
	slices.SortFunc(out, compareClaims)
	out = slices.CompactFunc(out, Claim.isSame)
	orders, changes := 0, 0
	return slices.DeleteFunc(out, func(claim Claim) bool {
		if claim.Kind == event.Completed {
			orders++
			return orders > MaxClaims
		}
		changes++
		return changes > MaxChanges
	})
}

// isSame says whether two claims are of one event, that is, of two copies of it.
func (c Claim) isSame(other Claim) bool {
	return c.Evidence == other.Evidence && c.Identifier == other.Identifier && c.Kind == other.Kind && c.ID == other.ID
}

// Won says whether a claim is one that counts. A change counts where there is an order to change, and a refund of an order that nobody knows when it
// says an amount.
func (c Claims) Won(claim Claim) bool {
	order, found := c.Order()
	if claim.Kind == event.Completed {
		return found && order.Identifier == claim.Identifier && order.Evidence == claim.Evidence
	}
	isChange := found || claim.Kind == event.Refunded && !claim.Unpriced
	return isChange && slices.ContainsFunc(c.Changes(), claim.isSame)
}

// Order is the claim to the order that counts.
func (c Claims) Order() (Claim, bool) {
	for _, claim := range c {
		if claim.Kind == event.Completed {
			return claim, true
		}
	}
	return Claim{}, false
}

// Changes are the changes and refunds that count, in the order in which they happened.
func (c Claims) Changes() []Claim {
	var out []Claim
	for _, claim := range c {
		isTaken := slices.ContainsFunc(out, func(earlier Claim) bool { return earlier.Kind == claim.Kind && earlier.ID == claim.ID })
		if claim.Kind != event.Completed && !isTaken {
			out = append(out, claim)
		}
	}
	slices.SortStableFunc(out, func(a, b Claim) int { return cmp.Compare(a.At, b.At) })
	return out
}

// compareClaims orders claims by their events, and of one event by its copies.
func compareClaims(a, b Claim) int {
	switch {
	case a.Evidence.Before(b.Evidence):
		return -1
	case b.Evidence.Before(a.Evidence):
		return 1
	}
	return cmp.Or(
		cmp.Compare(a.Identifier, b.Identifier), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID),
		cmp.Compare(a.Received, b.Received), cmp.Compare(a.At, b.At), cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Currency, b.Currency),
		cmp.Compare(a.priced(), b.priced()),
	)
}

// priced is 1 when a change says its amount, so that 0.00 and no amount are two things.
func (c Claim) priced() int {
	if c.Unpriced {
		return 0
	}
	return 1
}
