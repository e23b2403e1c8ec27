package profile

import (
	"cmp"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/money"
)

// Claim is one event that concerns an order: that it was completed, changed, cancelled or refunded. Of several events that say the same the one with
// the best evidence counts; the others are touchpoints and no more.
type Claim struct {
	Evidence   identity.Evidence `json:"evidence"`
	Identifier event.Identifier  `json:"identifier"`
	Sent       event.Millis      `json:"sent"`           // original time of the event; -1 when it has none of its own
	Said       uint64            `json:"said,omitempty"` // digest of what it says, see event.Touchpoint.Said
	Amount     money.Micros      `json:"amount,omitempty"`
	Unpriced   bool              `json:"unpriced,omitempty"`
	Currency   string            `json:"currency,omitempty"`

	At event.Millis `json:"at,omitempty"` // the time that counts

	// What follows is of changes and refunds: the order counts with its own person, and so do they, whoever sent them.
	Kind event.OrderKind `json:"kind,omitempty"`
	ID   string          `json:"id,omitempty"` // tells them apart: a refund's own id, else the event's
}

// ClaimName tells the claims to one order apart. Copies of one event have one name.
type ClaimName struct {
	Event      event.ID
	Source     string
	Identifier event.Identifier
	Sent       event.Millis
	Said       uint64
	Kind       event.OrderKind
	ID         string
}

// Name of the claim.
func (c Claim) Name() ClaimName {
	return ClaimName{c.Evidence.Event, c.Evidence.Source, c.Identifier, c.Sent, c.Said, c.Kind, c.ID}
}

func (n ClaimName) compare(other ClaimName) int {
	return cmp.Or(
		cmp.Compare(n.Event, other.Event), cmp.Compare(n.Source, other.Source), cmp.Compare(n.Identifier, other.Identifier),
		cmp.Compare(n.Sent, other.Sent), cmp.Compare(n.Said, other.Said), cmp.Compare(n.Kind, other.Kind), cmp.Compare(n.ID, other.ID),
	)
}

// How many claims to one order are looked at, those with the best evidence of either sort.
const (
	MaxClaims  = 64  // that it was completed
	MaxChanges = 256 // changes and refunds
)

// Claims to one order, the best evidence first.
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
	c = Claim{
		Evidence: identity.EvidenceOf(&t), Identifier: id, Sent: t.Original, Said: t.Said(), At: t.Corrected,
		Amount: o.Amount, Unpriced: o.Unpriced, Currency: o.Currency,
	}
	if t.Untimed {
		c.Sent = -1
	}
	if o.Kind != event.Completed {
		c.Kind, c.ID = o.Kind, o.ID
	}
	return OrderKey(*o), c, true
}

// Join adds claims. It is commutative, associative and idempotent.
func (c Claims) Join(others ...Claim) Claims {
	out := append(slices.Clone(c), others...)
	slices.SortFunc(out, func(a, b Claim) int { return cmp.Or(a.Name().compare(b.Name()), compareClaims(a, b)) })
	out = slices.CompactFunc(out, func(a, b Claim) bool { return a.Name() == b.Name() })
	slices.SortFunc(out, compareClaims)
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

// ClaimReading collects claims from a store that gives those of each sort in the order of their evidence.
type ClaimReading struct {
	claims Claims
	met    map[ClaimName]bool
	counts [2]int // of completed orders and of changes
}

// Add takes the next claim. It answers false when the rest of its sort need not be read.
func (r *ClaimReading) Add(c Claim) bool {
	if r.met == nil {
		r.met = map[ClaimName]bool{}
	}
	sort, most := 0, MaxClaims
	if c.Kind != event.Completed {
		sort, most = 1, MaxChanges
	}
	if !r.met[c.Name()] {
		r.met[c.Name()] = true
		r.counts[sort]++
	}
	if r.counts[sort] > most {
		return false
	}
	r.claims = append(r.claims, c)
	return true
}

// Claims are those that were taken.
func (r *ClaimReading) Claims() Claims { return Claims(nil).Join(r.claims...) }

// is says whether two claims are one, of one copy of an event.
func (c Claim) is(other Claim) bool { return c.Evidence == other.Evidence && c.Name() == other.Name() }

// OfServers are the claims that servers make, for workspaces where no others count.
func (c Claims) OfServers() Claims {
	return slices.DeleteFunc(slices.Clone(c), func(claim Claim) bool { return claim.Evidence.Grade != event.Server })
}

// Won says whether a claim is one that counts. A change counts where there is an order to change, and a refund that concerns no order that is known
// when it says an amount.
func (c Claims) Won(claim Claim) bool {
	if claim.Kind == event.Completed {
		order, found := c.Order()
		return found && order.is(claim)
	}
	if c.Concerns(claim) {
		return slices.ContainsFunc(c.Changes(), claim.is)
	}
	return claim.Kind == event.Refunded && !claim.Unpriced && slices.ContainsFunc(c.changes(), claim.is)
}

// Concerns says whether a change or refund is of the order that counts. What happened before a site says that the order was completed is of no order of
// the site's: otherwise whoever claims an unclaimed order today would change what servers have said of it long ago.
func (c Claims) Concerns(change Claim) bool {
	order, found := c.Order()
	return found && (order.Evidence.Grade == event.Server || change.At >= order.At.Add(-event.SkewTolerance))
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

// Changes are the changes and refunds of the order that counts, in the order in which they happened.
func (c Claims) Changes() []Claim {
	return slices.DeleteFunc(c.changes(), func(change Claim) bool { return !c.Concerns(change) })
}

// changes are all changes and refunds, each once, in the order in which they happened.
func (c Claims) changes() []Claim {
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

// compareClaims orders claims by their evidence, then by what they say.
func compareClaims(a, b Claim) int {
	switch {
	case a.Evidence.Before(b.Evidence):
		return -1
	case b.Evidence.Before(a.Evidence):
		return 1
	}
	return cmp.Or(
		a.Name().compare(b.Name()), cmp.Compare(a.At, b.At), cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Currency, b.Currency),
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
