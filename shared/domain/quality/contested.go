package quality

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/profile"
)

// How much of what is contested is listed; all of it is counted.
const (
	TopOrders      = 50 // the largest differences first
	TopClaims      = 5  // of an order, the one that counts first
	TopIdentifiers = 50 // those with the most users first
	TopUsers       = 10 // of an identifier, who has it first
)

// ContestedOrders are orders that were claimed by different persons or with different amounts, at least once in the time that is reported. Claims to
// them are counted of all time.
type ContestedOrders struct {
	Orders     int           `json:"orders"`     // contested
	Displaced  Displaced     `json:"displaced"`  // what the word of servers took the place of
	Unresolved int           `json:"unresolved"` // orders of which it was not looked up whether their claimants are one person
	List       []OrderClaims `json:"list"`       // at most TopOrders
}

// Displaced are claims of sites to orders for which a server's claim counts, whether they agree or not.
type Displaced struct {
	Claims  int        `json:"claims"`
	Amounts []Replaced `json:"amounts"` // by currency
}

// Replaced is what sites said that orders come to, and what the servers' claims that count in their place say.
type Replaced struct {
	Currency string    `json:"currency"` // of the claim that was made
	Said     money.Sum `json:"said"`
	Counts   money.Sum `json:"counts"` // of orders in that currency
}

// OrderClaims is one contested order.
type OrderClaims struct {
	Order      string       `json:"order"`           // its id
	Scope      string       `json:"scope,omitempty"` // the source whose order ids are its own
	Difference money.Sum    `json:"difference"`      // the largest between the claim that counts, else the first, and another; of another currency all of the larger
	Currency   string       `json:"currency"`        // of the claim that counts, else of the first
	Persons    int          `json:"persons"`         // who claim it
	Claims     int          `json:"claims"`          // that say different things, at most profile.MaxClaims
	List       []OrderClaim `json:"list"`            // at most TopClaims, in the order of their evidence
}

// OrderClaim is one of the claims to an order.
type OrderClaim struct {
	Amount   money.Micros     `json:"amount"`
	Currency string           `json:"currency"`
	Grade    string           `json:"grade"`
	Source   string           `json:"source"`
	User     event.Identifier `json:"user,omitempty"` // that it was kept under; other identifiers are not told
	Received string           `json:"received"`
	Counts   bool             `json:"counts"`
}

// OrderKeys are those of the orders that the deliveries asked for say are completed, sorted.
func (t *Tally) OrderKeys() []string {
	keys := map[string]bool{}
	for _, c := range t.copies {
		if c.order != "" && t.counts(c.received, c.source) {
			keys[c.order] = true
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// SetClaims takes all claims to the orders of OrderKeys; ofServers says that none but those of servers count. What the tally knows to be in quarantine
// claims nothing.
func (t *Tally) SetClaims(claims map[string]profile.Claims, ofServers bool) {
	standing, isTouched := map[profile.ClaimName]profile.Claims{}, map[profile.ClaimName]bool{}
	for _, c := range t.copies {
		switch name := c.claim.Name(); {
		case c.order == "":
		case c.Quarantined:
			isTouched[name] = true
		default:
			standing[name] = standing[name].Join(c.claim)
		}
	}
	t.claims, t.counting = map[string]profile.Claims{}, map[string]profile.Claims{}
	for key, all := range claims {
		var stand profile.Claims
		for _, c := range all {
			if isTouched[c.Name()] {
				stand = append(stand, standing[c.Name()]...)
				continue
			}
			stand = append(stand, c)
		}
		t.claims[key] = stand.Join()
		t.counting[key] = t.claims[key]
		if ofServers {
			t.counting[key] = t.claims[key].OfServers()
		}
	}
}

// Claimants are the identifiers of orders that several identifiers claim: first those of orders with one amount, of which it decides whether they are
// contested whose persons these are. Of very many the caller looks up the first. SetClaims comes before.
func (t *Tally) Claimants() []event.Identifier {
	ids := map[event.Identifier]bool{} // and whether it decides
	for key := range t.claims {
		claims := t.claimsTo(key)
		if !differ(claims, func(c profile.Claim) event.Identifier { return c.Identifier }) {
			continue
		}
		decides := !differ(claims, t.amountOf)
		for _, c := range claims {
			ids[c.Identifier] = ids[c.Identifier] || decides
		}
	}
	return slices.SortedFunc(maps.Keys(ids), func(a, b event.Identifier) int {
		return cmp.Or(compareBool(!ids[a], !ids[b]), cmp.Compare(a, b))
	})
}

// claimsTo are the claims that an order was completed, the best evidence first.
func (t *Tally) claimsTo(key string) []profile.Claim {
	return slices.DeleteFunc(slices.Clone(t.claims[key]), func(c profile.Claim) bool { return c.Kind != event.Completed })
}

// price is an amount with its currency.
type price struct {
	amount   money.Micros
	currency string
}

func (t *Tally) amountOf(c profile.Claim) price {
	return price{c.Amount, cmp.Or(c.Currency, t.Currency)}
}

func differ[T comparable](claims []profile.Claim, of func(profile.Claim) T) bool {
	return slices.ContainsFunc(claims, func(c profile.Claim) bool { return of(c) != of(claims[0]) })
}

// contestedOrders finds the orders that were claimed by different persons or with different amounts.
func (t *Tally) contestedOrders() ContestedOrders {
	out := ContestedOrders{List: []OrderClaims{}, Displaced: Displaced{Amounts: []Replaced{}}}
	replaced := map[string]Replaced{}
	for _, key := range slices.Sorted(maps.Keys(t.claims)) {
		claims := t.claimsTo(key)
		if len(claims) < 2 {
			continue
		}
		if counts := claims[0]; t.counting[key].Won(counts) && counts.Evidence.Grade == event.Server {
			out.Displaced.add(replaced, claims, t.amountOf)
		}
		persons, areKnown := t.persons(claims)
		switch isContested := persons > 1 || differ(claims, t.amountOf); {
		case !areKnown && !differ(claims, t.amountOf):
			out.Unresolved++
		case isContested:
			out.Orders++
			out.List = append(out.List, t.orderClaims(key, claims, persons))
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(replaced)) {
		out.Displaced.Amounts = append(out.Displaced.Amounts, replaced[currency])
	}
	slices.SortFunc(out.List, func(a, b OrderClaims) int {
		return cmp.Or(b.Difference.Wide.Compare(a.Difference.Wide), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Order, b.Order))
	})
	out.List = out.List[:min(len(out.List), TopOrders)]
	return out
}

func (d *Displaced) add(replaced map[string]Replaced, claims []profile.Claim, amountOf func(profile.Claim) price) {
	counts := amountOf(claims[0])
	for _, c := range claims[1:] {
		if c.Evidence.Grade == event.Server {
			continue
		}
		d.Claims++
		said := amountOf(c)
		r := replaced[said.currency]
		r.Currency, r.Said = said.currency, r.Said.Plus(money.SumOf(said.amount))
		if said.currency == counts.currency {
			r.Counts = r.Counts.Plus(money.SumOf(counts.amount))
		}
		replaced[said.currency] = r
	}
}

// persons counts who made some claims, by their identifiers where nothing else is known.
func (t *Tally) persons(claims []profile.Claim) (n int, areKnown bool) {
	met, areKnown := map[event.Identifier]bool{}, true
	for _, c := range claims {
		root := c.Identifier
		if t.Person != nil {
			found, isKnown := t.Person(c.Identifier)
			areKnown = areKnown && isKnown
			root = cmp.Or(found, root)
		}
		met[root] = true
	}
	return len(met), areKnown || len(met) == 1
}

func (t *Tally) orderClaims(key string, claims []profile.Claim, persons int) OrderClaims {
	scope, id := orderOf(key)
	first := t.amountOf(claims[0])
	out := OrderClaims{Order: id, Scope: scope, Currency: first.currency, Persons: persons, Claims: len(claims)}
	for i, c := range claims {
		if d := difference(first, t.amountOf(c)); d.Wide.Compare(out.Difference.Wide) > 0 {
			out.Difference = d
		}
		if i < TopClaims {
			one := OrderClaim{
				Amount: c.Amount, Currency: t.amountOf(c).currency, Grade: c.Evidence.Grade.String(), Source: c.Evidence.Source,
				Received: instant(c.Evidence.Received), Counts: t.counting[key].Won(c),
			}
			if c.Identifier.Kind() == event.User {
				one.User = c.Identifier
			}
			out.List = append(out.List, one)
		}
	}
	return out
}

// orderOf takes a key apart that profile.OrderKey made of a completed order.
func orderOf(key string) (scope, id string) {
	kind, id, _ := strings.Cut(key, ":")
	_, scope, _ = strings.Cut(kind, "@")
	return scope, id
}

// difference of two amounts, never negative; of different currencies the larger number.
func difference(a, b price) money.Sum {
	more, less := money.SumOf(max(a.amount, b.amount)), money.SumOf(min(a.amount, b.amount))
	if a.currency != b.currency {
		return more
	}
	return more.Minus(less)
}
