package profile_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
)

func TestTraitsOf(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1022) // with its quotes the longest value kept
	proof := func(value string) profile.Trait {
		return profile.Trait{Value: json.RawMessage(value), At: 5, Event: "m", Source: "web"}
	}
	for _, c := range []struct {
		name  string
		event event.Event
		want  profile.Traits
	}{
		{"a track call has none", event.Event{Type: event.Track, Traits: map[string]any{"a": "b"}}, nil},
		{
			"values of all kinds",
			event.Event{Type: event.Identify, Traits: map[string]any{"s": "x", "n": json.Number("12.50"), "b": true, "o": map[string]any{"k": "v"}, "l": []any{"x"}, "gone": nil}},
			profile.Traits{"gone": proof(`null`), "s": proof(`"x"`), "n": proof(`12.50`), "b": proof(`true`), "o": proof(`{"k":"v"}`), "l": proof(`["x"]`)},
		},
		{
			"what is not kept",
			event.Event{Type: event.Identify, Traits: map[string]any{
				"": "x", strings.Repeat("n", 129): "x", "long": long + "x", "longest": long, strings.Repeat("n", 128): "x",
			}},
			profile.Traits{"longest": proof(`"` + long + `"`), strings.Repeat("n", 128): proof(`"x"`)},
		},
		{"a group", event.Event{Type: event.Group, Group: "g1", Traits: map[string]any{"name": "Acme"}}, profile.Traits{"group": proof(`"g1"`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.event.ID, c.event.Source, c.event.Original, c.event.Corrected = "m", "web", 5, 99
			if got := profile.TraitsOf(c.event); !reflect.DeepEqual(got, c.want) {
				t.Errorf("TraitsOf = %v, want %v", got, c.want)
			}
		})
	}
}

// A trait is taken back by null, and stays away until a later event says it again, whatever comes first.
func TestStanding(t *testing.T) {
	t.Parallel()
	said := func(at event.Millis, value any) profile.Traits {
		return profile.TraitsOf(event.Event{
			Type: event.Identify, Traits: map[string]any{"newsletter": value}, ID: "m", Original: at,
		})
	}
	first, back, again := said(1, "yes"), said(2, nil), said(3, "no")
	for _, c := range []struct {
		joined profile.Traits
		want   string
	}{
		{first.Join(back), ""}, {back.Join(first), ""}, {back, ""}, {back.Join(again).Join(first), `"no"`}, {first, `"yes"`},
	} {
		if got := string(c.joined.Standing()["newsletter"].Value); got != c.want {
			t.Errorf("of %v stands %q, want %q", c.joined, got, c.want)
		}
	}
}

func TestClaimOf(t *testing.T) {
	t.Parallel()
	proof := identity.Evidence{At: 5, Event: "m", Source: "till"}
	for _, c := range []struct {
		name  string
		order *event.Order
		key   string
		ok    bool
	}{
		{"no order", nil, "", false},
		{"an order", &event.Order{ID: "o1"}, "order:o1", true},
		{"a refund of the same id is something else", &event.Order{ID: "o1", Kind: event.Refunded}, "refund:o1", true},
		{"a refund of an order is part of its story", &event.Order{ID: "r1", Kind: event.Refunded, Of: "o1", Amount: 3, Currency: "EUR"}, "order:o1", true},
		{"so is a change", &event.Order{ID: "event:m", Kind: event.Cancelled, Of: "o1", Unpriced: true}, "order:o1", true},
		{"an order of a shop of its own", &event.Order{ID: "o1", Scope: "till"}, "order@till:o1", true},
		{"and what changes it", &event.Order{ID: "event:m", Kind: event.Updated, Of: "o1", Scope: "till", Amount: 9}, "order@till:o1", true},
		{"a refund of a shop of its own", &event.Order{ID: "r1", Kind: event.Refunded, Scope: "till"}, "refund@till:r1", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tp := event.Touchpoint{ID: "m", Source: "till", Original: 5, Corrected: 9, Received: 11, Order: c.order}
			key, claim, ok := profile.ClaimOf(tp, "user:1")
			want := profile.Claim{}
			if c.ok {
				want = profile.Claim{Evidence: proof, Identifier: "user:1"}
				if o := c.order; o.Kind != event.Completed {
					want.Kind, want.ID, want.At, want.Received, want.Amount, want.Unpriced, want.Currency = o.Kind, o.ID, 9, 11, o.Amount, o.Unpriced, o.Currency
				}
			}
			if key != c.key || ok != c.ok || claim != want {
				t.Errorf("ClaimOf = %q, %+v, %v, want %q, %+v, %v", key, claim, ok, c.key, want, c.ok)
			}
		})
	}
}

// Of more claims than are kept, the earliest win, and a claim that fell out has not won.
func TestMoreClaimsThanAreKept(t *testing.T) {
	t.Parallel()
	var claims profile.Claims
	for at := profile.MaxClaims + 5; at >= 0; at-- {
		claims = claims.Join(profile.Claim{Evidence: identity.Evidence{At: event.Millis(at), Event: event.ID(fmt.Sprint("m", at))}, Identifier: "user:1"})
	}
	if len(claims) != profile.MaxClaims || claims[0].Evidence.At != 0 || claims[len(claims)-1].Evidence.At != profile.MaxClaims-1 {
		t.Errorf("kept %d claims from %d to %d, want the %d earliest", len(claims), claims[0].Evidence.At, claims[len(claims)-1].Evidence.At, profile.MaxClaims)
	}
}
