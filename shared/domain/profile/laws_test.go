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

func randomClaims(r *rand.Rand, n int) profile.Claims {
	var out profile.Claims
	for range n {
		out = append(out, profile.Claim{
			Evidence:   identity.Evidence{At: event.Millis(r.IntN(2 + n)), Event: event.ID(fmt.Sprint("m", r.IntN(2))), Source: []string{"web", "till"}[r.IntN(2)]},
			Identifier: event.Identifier(fmt.Sprint("user:", r.IntN(2))),
		})
	}
	return out
}

func TestClaimsJoinLaws(t *testing.T) {
	t.Parallel()
	none := profile.Claims(nil)
	seed.Each(t, 1000, func(t *testing.T, r *rand.Rand) {
		n := r.IntN(4)
		if r.IntN(10) == 0 {
			n = 50
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
		if len(all) > profile.MaxClaims {
			t.Fatalf("Join kept %d claims, at most %d", len(all), profile.MaxClaims)
		}
		for _, claim := range slices.Concat(first, second, third) {
			beaten := all[0].Evidence != claim.Evidence && claim.Evidence.Before(all[0].Evidence)
			if beaten || all[0].Evidence == claim.Evidence && claim.Identifier < all[0].Identifier {
				t.Fatalf("%+v won over the earlier %+v", all[0], claim)
			}
			if won := all.Won(claim); won != (claim.Evidence == all[0].Evidence && claim.Identifier == all[0].Identifier) {
				t.Fatalf("Won(%+v) is %v of %v", claim, won, all)
			}
		}
	})
}
