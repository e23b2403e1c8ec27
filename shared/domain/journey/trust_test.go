package journey_test

import (
	"fmt"
	"slices"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/money"
)

// byServer is a touchpoint of the shop's server.
func byServer(t event.Touchpoint) event.Touchpoint {
	t.Source, t.Grade = "server", event.Server
	return t
}

// worth is an order of some units.
func worth(t event.Touchpoint, amount money.Micros) event.Touchpoint {
	o := *t.Order
	o.Amount = amount
	t.Order = &o
	return t
}

// counting are the orders that count: by which event, at what, in which session and channel.
func counting(j journey.Journey) (out []string) {
	for _, o := range j.Orders {
		s := j.Steps[o.Step]
		out = append(out, fmt.Sprintf("%s by %s in %d by %s", s.Touchpoint.ID, s.Touchpoint.Source, s.Session, j.Sessions[s.Session].Channel))
	}
	return out
}

// The word of a server counts, and that of the site tells where the person was, whichever comes first, and whether or not sites make orders. Without a
// word of the site the order is where it is.
func TestOrdersOfServers(t *testing.T) {
	t.Parallel()
	visit, other := page("m1", "10:00", "email"), page("m9", "15:00", "sms")
	site := order("m2", "10:05", "o1", false)
	for _, c := range []struct {
		name      string
		sent      []event.Touchpoint
		ofServers bool
		want      []string
	}{
		{"the site alone", []event.Touchpoint{visit, site}, false, []string{"m2 by web in 0 by email"}},
		{"the site alone, and servers make orders", []event.Touchpoint{visit, site}, true, nil},
		{"the server later", []event.Touchpoint{visit, site, other, byServer(order("m3", "15:10", "o1", false))}, false, []string{"m3 by server in 0 by email"}},
		{"and servers make orders", []event.Touchpoint{visit, site, other, byServer(order("m3", "15:10", "o1", false))}, true, []string{"m3 by server in 0 by email"}},
		{"the server earlier", []event.Touchpoint{visit, site, byServer(order("m3", "08:00", "o1", false))}, true, []string{"m3 by server in 0 by email"}},
		{"the server alone", []event.Touchpoint{visit, other, byServer(order("m3", "15:10", "o1", false))}, true, []string{"m3 by server in 1 by sms"}},
		{
			"another order of the site",
			[]event.Touchpoint{visit, order("m2", "10:05", "o2", false), other, byServer(order("m3", "15:10", "o1", false))},
			false,
			[]string{"m2 by web in 0 by email", "m3 by server in 1 by sms"},
		},
	} {
		for range 2 {
			slices.Reverse(c.sent)
			lines := []journey.Line{{Identifier: "user:1", Touchpoints: c.sent}}
			r := rules(t)
			r.OfServers = c.ofServers
			j := journey.Fold("user:1", lines, claimsOf(lines...), r, clock("2 Mar 12:00"))
			if got := counting(j); !slices.Equal(got, c.want) {
				t.Errorf("%s: the orders are %q, want %q", c.name, got, c.want)
			}
		}
	}
}

// Two events with one messageId are copies only if they say the same: whoever knows an id swallows nothing with it.
func TestCopiesSayTheSame(t *testing.T) {
	t.Parallel()
	sent := worth(order("m1", "10:00", "o1", false), 999)
	fake := worth(order("m1", "10:00", "o1", false), 1)
	fake.Received-- // sent before the real one came
	named := sent
	named.Name, named.Order = "Product Viewed", nil
	again := sent
	again.Received += 1000
	for _, c := range []struct {
		name  string
		sent  []event.Touchpoint
		steps int
		want  event.ID
	}{
		{"a client's retry", []event.Touchpoint{sent, again}, 1, "m1"},
		{"another amount", []event.Touchpoint{sent, fake}, 2, "m1"},
		{"another name", []event.Touchpoint{sent, named, again}, 2, "m1"},
	} {
		j := fold(t, journey.Line{Identifier: "user:1", Touchpoints: c.sent})
		if len(j.Steps) != c.steps || len(j.Orders) != 1 {
			t.Errorf("%s: %d steps and %d orders, want %d and one", c.name, len(j.Steps), len(j.Orders), c.steps)
		}
	}
}
