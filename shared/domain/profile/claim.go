package profile

import (
	"cmp"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

// Claim is one event that says it is an order (or a refund). Of several claims to one order id in a workspace the earliest counts; the others
// are touchpoints and no orders.
type Claim struct {
	Evidence   identity.Evidence `json:"evidence"`
	Identifier event.Identifier  `json:"identifier"`
}

// MaxClaims is how many claims to one order are kept, the earliest.
const MaxClaims = 64

// Claims to one order, the winner first.
type Claims []Claim

// OrderKey names what is claimed: orders and refunds have ids of their own.
func OrderKey(o event.Order) string {
	if o.Refund {
		return "refund:" + o.ID
	}
	return "order:" + o.ID
}

// ClaimOf is the claim that a touchpoint of an identifier makes; ok is false when it is no order, or a bot's.
func ClaimOf(t event.Touchpoint, id event.Identifier) (key string, c Claim, ok bool) {
	if t.Order == nil || t.IsBot() {
		return "", Claim{}, false
	}
	evidence := identity.Evidence{At: t.Original, Event: t.ID, Source: t.Source}
	return OrderKey(*t.Order), Claim{Evidence: evidence, Identifier: id}, true
}

// Join adds claims. It is commutative, associative and idempotent.
func (c Claims) Join(others ...Claim) Claims {
	out := slices.Clone(c)
	for _, claim := range others {
		if !slices.Contains(out, claim) {
			out = append(out, claim)
		}
	}
	slices.SortFunc(out, compareClaims)
	return out[:min(len(out), MaxClaims)]
}

// Won says whether the claim is the one that counts.
func (c Claims) Won(claim Claim) bool {
	return len(c) > 0 && c[0].Identifier == claim.Identifier && c[0].Evidence == claim.Evidence
}

func compareClaims(a, b Claim) int {
	switch {
	case a.Evidence.Before(b.Evidence):
		return -1
	case b.Evidence.Before(a.Evidence):
		return 1
	}
	return cmp.Compare(a.Identifier, b.Identifier)
}
