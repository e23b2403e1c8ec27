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

// randomTraits have few names, times, events and values, so that everything ties. Names reach beyond MaxTraits when many is true.
func randomTraits(r *rand.Rand, many bool) profile.Traits {
	out := profile.Traits{}
	n, names := r.IntN(6), 4
	if many {
		n, names = 150+r.IntN(150), 400
	}
	for range n {
		out[fmt.Sprintf("t%03d", r.IntN(names))] = profile.Trait{
			Value: json.RawMessage(fmt.Sprintf("%q", string(rune('a'+r.IntN(3))))), At: event.Millis(r.IntN(2)), Event: event.ID(fmt.Sprint("m", r.IntN(2))),
			Source: []string{"web", "till"}[r.IntN(2)],
		}
	}
	return out
}

func TestTraitsJoinLaws(t *testing.T) {
	t.Parallel()
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		many := r.IntN(20) == 0
		a, b, c := randomTraits(r, many).Join(nil), randomTraits(r, many).Join(nil), randomTraits(r, many).Join(nil)
		same := func(law string, x, y profile.Traits) {
			if !reflect.DeepEqual(x, y) || !x.Equal(y) {
				t.Fatalf("%s: %v and %v", law, x, y)
			}
		}
		same("commutative", a.Join(b), b.Join(a))
		same("associative", a.Join(b).Join(c), a.Join(b.Join(c)))
		same("idempotent", a.Join(a), a)
		same("absorbs", a.Join(b).Join(a), a.Join(b))
		same("zero", profile.Traits(nil).Join(a), a)
		if len(a.Join(b)) > profile.MaxTraits {
			t.Fatalf("Join kept %d traits, at most %d", len(a.Join(b)), profile.MaxTraits)
		}
		for name, got := range a.Join(b) {
			for _, other := range []profile.Traits{a, b} {
				if theirs, found := other[name]; found && (theirs.At > got.At || theirs.At == got.At && theirs.Event > got.Event) {
					t.Fatalf("of %s, %+v won over the later %+v", name, got, theirs)
				}
			}
		}
		if x, y := reflect.DeepEqual(a, b), a.Equal(b); x != y {
			t.Fatalf("Equal says %v of %v and %v", y, a, b)
		}
	})
}

// randomClaims are claims to one order, and as many changes of it, with few values, so that copies of one event differ in anything.
func randomClaims(r *rand.Rand, n int) profile.Claims {
	var out profile.Claims
	for i := range 2 * n {
		claim := profile.Claim{
			Evidence:   identity.Evidence{At: event.Millis(r.IntN(1 + n)), Event: event.ID(fmt.Sprint("m", r.IntN(2))), Source: []string{"web", "till"}[r.IntN(2)]},
			Identifier: event.Identifier(fmt.Sprint("user:", r.IntN(2))),
		}
		if i%2 == 1 {
			claim.Kind = []event.OrderKind{event.Updated, event.Cancelled, event.Refunded}[r.IntN(3)]
			claim.ID, claim.At, claim.Received = fmt.Sprint("r", r.IntN(1+n/2)), event.Millis(r.IntN(2)), event.Millis(7)
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
			if !found || beaten || order.Evidence == claim.Evidence && claim.Identifier < order.Identifier {
				t.Fatalf("%+v won over the earlier %+v", order, claim)
			}
			if won := all.Won(claim); won != (claim.Evidence == order.Evidence && claim.Identifier == order.Identifier) {
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
