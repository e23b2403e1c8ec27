package profile_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/profile"
)

func TestSaid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1022) // with its quotes the longest value kept
	raw := func(value string) json.RawMessage { return json.RawMessage(value) }
	for _, c := range []struct {
		name  string
		event event.Event
		want  map[string]json.RawMessage
	}{
		{"a track call has none", event.Event{Type: event.Track, Traits: map[string]any{"a": "b"}}, nil},
		{
			"values of all kinds",
			event.Event{Type: event.Identify, Traits: map[string]any{"s": "x", "n": json.Number("12.50"), "b": true, "o": map[string]any{"k": "v"}, "l": []any{"x"}, "gone": nil}},
			map[string]json.RawMessage{"gone": raw(`null`), "s": raw(`"x"`), "n": raw(`12.50`), "b": raw(`true`), "o": raw(`{"k":"v"}`), "l": raw(`["x"]`)},
		},
		{
			"what is not kept",
			event.Event{Type: event.Identify, Traits: map[string]any{
				"": "x", strings.Repeat("n", 129): "x", "long": long + "x", "longest": long, strings.Repeat("n", 128): "x",
			}},
			map[string]json.RawMessage{"longest": raw(`"` + long + `"`), strings.Repeat("n", 128): raw(`"x"`)},
		},
		{"a group", event.Event{Type: event.Group, Group: "g1", Traits: map[string]any{"name": "Acme"}}, map[string]json.RawMessage{"group": raw(`"g1"`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := profile.Said(c.event); !reflect.DeepEqual(got, c.want) {
				t.Errorf("Said = %s, want %s", got, c.want)
			}
		})
	}
}

// Who has said what of whom, and what stands, whatever came first.
func TestTraitsOf(t *testing.T) {
	t.Parallel()
	type word struct {
		grade    event.Grade
		original event.Millis
		received event.Millis
		value    string
	}
	for _, c := range []struct {
		name   string
		said   []word
		latest bool
		want   string // "" when it does not stand
	}{
		{"the latest of servers by its own time", []word{{event.Server, 2, 8, `"b"`}, {event.Server, 1, 9, `"a"`}}, false, `"b"`},
		{"the latest of sites by its receipt", []word{{event.Public, 99, 1, `"a"`}, {event.Public, 0, 2, `"b"`}}, false, `"b"`},
		{"a server's stays a server's", []word{{event.Server, 1, 1, `"a"`}, {event.Public, 99, 99, `"b"`}, {event.Signed, 99, 98, `"c"`}}, false, `"a"`},
		{"unless the workspace says latest", []word{{event.Server, 1, 1, `"a"`}, {event.Public, 99, 99, `"b"`}}, true, `"b"`},
		{"who is signed in says more than anybody", []word{{event.Signed, 1, 1, `"a"`}, {event.Public, 99, 99, `"b"`}}, false, `"a"`},
		{"null takes it back", []word{{event.Server, 1, 1, `"a"`}, {event.Server, 2, 2, `null`}}, false, ""},
		{"of others not", []word{{event.Server, 1, 1, `"a"`}, {event.Public, 2, 2, `null`}}, false, `"a"`},
		{"until it is said again", []word{{event.Server, 1, 1, `"a"`}, {event.Server, 2, 2, `null`}, {event.Server, 3, 3, `"c"`}}, false, `"c"`},
	} {
		for range 2 {
			slices.Reverse(c.said)
			var said []event.Touchpoint
			for _, w := range c.said {
				said = append(said, event.Touchpoint{
					Type: event.Identify, ID: "m", Grade: w.grade, Original: w.original, Received: w.received,
					Traits: map[string]json.RawMessage{"plan": json.RawMessage(w.value)},
				})
			}
			traits := profile.TraitsOf(said, func(string) bool { return c.latest })
			if got := string(traits.Standing()["plan"].Value); got != c.want {
				t.Errorf("%s: %s stands, want %s", c.name, got, c.want)
			}
		}
	}
}

func TestClaimOf(t *testing.T) {
	t.Parallel()
	proof := identity.Evidence{Grade: event.Server, At: 5, Event: "m", Source: "till", Received: 11}
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
			tp := event.Touchpoint{ID: "m", Source: "till", Grade: event.Server, Original: 5, Corrected: 9, Received: 11, Order: c.order}
			key, claim, ok := profile.ClaimOf(tp, "user:1")
			want := profile.Claim{}
			if c.ok {
				o := c.order
				want = profile.Claim{
					Evidence: proof, Identifier: "user:1", Sent: 5, Said: tp.Said(), Amount: o.Amount, Unpriced: o.Unpriced, Currency: o.Currency, At: 9,
				}
				if o.Kind != event.Completed {
					want.Kind, want.ID = o.Kind, o.ID
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
