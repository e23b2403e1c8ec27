package profile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
)

func stageOf(t event.Touchpoint) string { return t.Name }

// randomTouchpoints have few times, so that first and last tie often.
func randomTouchpoints(r *rand.Rand, n int) []event.Touchpoint {
	out := make([]event.Touchpoint, n)
	for i := range out {
		out[i] = event.Touchpoint{
			ID: event.ID(fmt.Sprint("m", i)), Source: "web", Type: event.Track, Name: []string{"", "awareness", "purchase", "loyalty"}[r.IntN(4)],
			Corrected: event.Millis(r.IntN(4)), Sign: []string{"", "email", "paid_search", "direct"}[r.IntN(4)],
			Bot: []string{"", "", "", "crawler"}[r.IntN(4)],
		}
	}
	return out
}

// plainFold recounts without the algebra.
func plainFold(touchpoints []event.Touchpoint) profile.Aggregate {
	var a profile.Aggregate
	for _, t := range touchpoints {
		if t.Bot != "" {
			continue
		}
		here := profile.Touch{At: t.Corrected, Sign: t.Sign, Hash: t.Hash()}
		earlier := here.At < a.First.At || here.At == a.First.At && here.Hash < a.First.Hash
		later := here.At > a.Last.At || here.At == a.Last.At && here.Hash > a.Last.Hash
		if a.Touchpoints == 0 || earlier {
			a.First = here
		}
		if a.Touchpoints == 0 || later {
			a.Last = here
		}
		a.Touchpoints++
		a.Proof += here.Hash
		if t.Sign != "" {
			if a.Signs == nil {
				a.Signs = map[string]int{}
			}
			a.Signs[t.Sign]++
		}
		if t.Name != "" {
			if a.Evidence == nil {
				a.Evidence = map[string]profile.Evidence{}
			}
			e, found := a.Evidence[t.Name]
			if !found || t.Corrected < e.First {
				e.First = t.Corrected
			}
			e.Count++
			a.Evidence[t.Name] = e
		}
	}
	return a
}

func TestFoldOfAnySplit(t *testing.T) {
	t.Parallel()
	forSeeds(t, 2000, func(t *testing.T, r *rand.Rand) {
		all := randomTouchpoints(r, r.IntN(12))
		want := plainFold(all)
		if got := profile.Fold(all, stageOf); !reflect.DeepEqual(got, want) {
			t.Fatalf("Fold(%v)\n got %s\nwant %s", all, got.Bytes(), want.Bytes())
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		var parts []profile.Aggregate
		for rest := all; len(rest) > 0; {
			n := 1 + r.IntN(len(rest))
			parts = append(parts, profile.Fold(rest[:n], stageOf))
			rest = rest[n:]
		}
		for len(parts) > 1 { // add up any two neighbours until one is left: any bracketing
			i := r.IntN(len(parts) - 1)
			parts = slices.Replace(parts, i, i+2, parts[i].Plus(parts[i+1]))
		}
		if len(parts) == 1 && !bytes.Equal(parts[0].Bytes(), want.Bytes()) {
			t.Fatalf("parts added up\n got %s\nwant %s", parts[0].Bytes(), want.Bytes())
		}
	})
}

func TestPlusLaws(t *testing.T) {
	t.Parallel()
	forSeeds(t, 2000, func(t *testing.T, r *rand.Rand) {
		all := randomTouchpoints(r, 9)
		cut := r.IntN(5)
		a, b, c := profile.Fold(all[:cut], stageOf), profile.Fold(all[cut:cut+2], stageOf), profile.Fold(all[cut+2:], stageOf)
		same := func(law string, x, y profile.Aggregate) {
			if !bytes.Equal(x.Bytes(), y.Bytes()) {
				t.Fatalf("%s: %s and %s", law, x.Bytes(), y.Bytes())
			}
		}
		beforeA, beforeB := a.Bytes(), b.Bytes()
		same("commutative", a.Plus(b), b.Plus(a))
		same("associative", a.Plus(b).Plus(c), a.Plus(b.Plus(c)))
		same("zero on the right", a.Plus(profile.Aggregate{}), a)
		same("zero on the left", profile.Aggregate{}.Plus(a), a)
		if !bytes.Equal(a.Bytes(), beforeA) || !bytes.Equal(b.Bytes(), beforeB) {
			t.Fatalf("Plus changed its arguments")
		}
		a.Version, a.Model = 7, "default@1"
		if sum := a.Plus(b); sum.Version != 7 || sum.Model != "default@1" {
			t.Fatalf("version and model of a sum are %d %q, want those of the left side, 7 and default@1", sum.Version, sum.Model)
		}
	})
}

func TestAggregateSurvivesItsBytes(t *testing.T) {
	t.Parallel()
	forSeeds(t, 500, func(t *testing.T, r *rand.Rand) {
		want := profile.Fold(randomTouchpoints(r, 6), stageOf)
		want.Version, want.Model, want.Proof = r.Int64(), "four@1", r.Uint64()
		var got profile.Aggregate
		if err := json.Unmarshal(want.Bytes(), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("read back %+v (%v), want %+v", got, err, want)
		}
	})
}

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
	forSeeds(t, 1000, func(t *testing.T, r *rand.Rand) {
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
			Identifier: event.Identifier(fmt.Sprint("user:", r.IntN(2))), Corrected: event.Millis(r.IntN(2)),
		})
	}
	return out
}

func TestClaimsJoinLaws(t *testing.T) {
	t.Parallel()
	none := profile.Claims(nil)
	forSeeds(t, 1000, func(t *testing.T, r *rand.Rand) {
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
