package profile_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/money"
	"waymark/shared/domain/profile"
	"waymark/shared/testing/seed"
)

// randomSaid are identify events with few names, times and values, so that everything ties. Names reach beyond MaxTraits when many is true.
func randomSaid(r *rand.Rand) []event.Touchpoint {
	n, names := r.IntN(6), 4
	if r.IntN(20) == 0 {
		n, names = 300+r.IntN(150), 400
	}
	var out []event.Touchpoint
	for i := range n {
		out = append(out, event.Touchpoint{
			Type: event.Identify, ID: event.ID(fmt.Sprint("m", r.IntN(2)+i/3)), Source: []string{"web", "till"}[r.IntN(2)], Grade: event.Grade(r.IntN(3)),
			Original: event.Millis(r.IntN(3)), Received: event.Millis(r.IntN(4)),
			Traits: map[string]json.RawMessage{fmt.Sprintf("t%03d", r.IntN(names)): json.RawMessage(fmt.Sprintf("%q", string(rune('a'+r.IntN(3)))))},
		})
	}
	return out
}

// What is known of somebody does not depend on the order in which it was said, nothing that a server has set is changed by anybody else, and of one grade
// the latest evidence counts. Of too many names those stay that the best grade said first.
func TestTraitsLaws(t *testing.T) {
	t.Parallel()
	seed.Each(t, 2000, func(t *testing.T, r *rand.Rand) {
		said := randomSaid(r)
		latest := func(name string) bool { return name == "t000" }
		all := profile.TraitsOf(said, latest)
		r.Shuffle(len(said), func(i, j int) { said[i], said[j] = said[j], said[i] })
		if again := profile.TraitsOf(said, latest); !reflect.DeepEqual(all, again) {
			t.Fatalf("in two orders: %v and %v", all, again)
		}
		names, first := map[string]bool{}, map[string]identity.Evidence{}
		for i := range said {
			by := identity.EvidenceOf(&said[i])
			for name := range said[i].Traits {
				names[name] = true
				if known, found := first[name]; !found || by.Before(known) {
					first[name] = by
				}
				stands, isThere := all[name]
				switch {
				case !isThere:
				case !latest(name) && by.Grade > stands.Grade:
					t.Fatalf("of %s, %+v yielded to %+v", name, by, stands)
				case (latest(name) || by.Grade == stands.Grade) && by.At > stands.At:
					t.Fatalf("of %s, the later %+v yielded to %+v", name, by, stands)
				}
			}
		}
		if len(all) != min(len(names), profile.MaxTraits) {
			t.Fatalf("%d of %d traits are kept, at most %d", len(all), len(names), profile.MaxTraits)
		}
		for name := range names {
			for kept := range all {
				if _, isKept := all[name]; !isKept && first[name].Before(first[kept]) {
					t.Fatalf("%s is kept, and %s is not, of which the evidence is better", kept, name)
				}
			}
		}
	})
}

// randomClaims are claims to one order, and as many changes of it, with few values, so that copies of one event differ in anything.
func randomClaims(r *rand.Rand, n int) profile.Claims {
	var out profile.Claims
	for i := range 2 * n {
		claim := profile.Claim{
			Evidence:   identity.Evidence{At: event.Millis(r.IntN(1 + n)), Event: event.ID(fmt.Sprint("m", r.IntN(2))), Source: []string{"web", "till"}[r.IntN(2)]},
			Identifier: event.Identifier(fmt.Sprint("user:", r.IntN(2))), Said: uint64(r.IntN(2)), Sent: event.Millis(r.IntN(2)),
		}
		claim.Evidence.Grade, claim.Evidence.Received = event.Grade(r.IntN(3)), event.Millis(r.IntN(2))
		if i%2 == 1 {
			claim.Kind = []event.OrderKind{event.Updated, event.Cancelled, event.Refunded}[r.IntN(3)]
			claim.ID, claim.At = fmt.Sprint("r", r.IntN(1+n/2)), event.Millis(r.IntN(2))
			claim.Amount, claim.Unpriced, claim.Currency = money.Micros(r.IntN(2)), r.IntN(2) == 0, []string{"EUR", "USD"}[r.IntN(2)]
		}
		out = append(out, claim)
	}
	return out
}

func TestClaimsJoinLaws(t *testing.T) {
	t.Parallel()
	none := profile.Claims(nil)
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		n := r.IntN(4)
		if r.IntN(50) == 0 {
			n = 150
		}
		first, second, third := randomClaims(r, n), randomClaims(r, n), randomClaims(r, n)
		a, b, c := none.Join(first...), none.Join(second...), none.Join(third...)
		same := func(law string, x, y profile.Claims) {
			if !slices.Equal(x, y) {
				t.Fatalf("%s: %v and %v", law, x, y)
			}
		}
		same("commutative", a.Join(b...), b.Join(a...))
		same("associative", a.Join(b...).Join(c...), a.Join(b.Join(c...)...))
		same("idempotent", a.Join(a...), a)
		same("absorbs", a.Join(b...).Join(a...), a.Join(b...))
		all := a.Join(b...).Join(c...)
		changes := len(slices.DeleteFunc(slices.Clone(all), func(c profile.Claim) bool { return c.Kind == event.Completed }))
		if orders := len(all) - changes; orders > profile.MaxClaims || changes > profile.MaxChanges {
			t.Fatalf("Join kept %d claims and %d changes, at most %d and %d", orders, changes, profile.MaxClaims, profile.MaxChanges)
		}
		order, found := all.Order()
		for _, claim := range slices.Concat(first, second, third) {
			if claim.Kind != event.Completed {
				continue
			}
			beaten := order.Evidence != claim.Evidence && claim.Evidence.Before(order.Evidence)
			if !found || beaten {
				t.Fatalf("%+v won over the earlier %+v", order, claim)
			}
			if won := all.Won(claim); won != (claim == order) {
				t.Fatalf("Won(%+v) is %v of %v", claim, won, all)
			}
		}
		for _, change := range all.Changes() {
			if !all.Won(change) {
				t.Fatalf("the change %+v counts and has not won in %v", change, all)
			}
		}
	})
}
