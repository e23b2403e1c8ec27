package abuse

import (
	"fmt"
	"slices"
	"time"
)

// Attack is what somebody sends who has the site's key and knows every user id, e-mail address, order number and message id.
type Attack struct {
	ID    string // as in the table of docs/trust.md
	Title string // at most 42 characters
	IsOwn bool   // not of the table that this work began with

	events func(s shop) []Event
	// A timed attack aims at the machine: what it costs is held against that of a yardstick, which is as much honest traffic.
	isTimed bool
	// isOfBrowser says that the attacker also knows the anonymous id of somebody's browser, and so speaks as that browser.
	isOfBrowser bool
	yardstick   func(s shop) []Event
}

// Attacks are all attacks, in the order of docs/trust.md.
func Attacks() []Attack {
	return slices.Concat([]Attack{
		{ID: "A", Title: "somebody's e-mail and browser for one's own", events: takeover},
		{ID: "A3", Title: "other traits for somebody, 300 of them", events: otherTraits},
		{ID: "B", Title: "alias of two known users", events: aliases},
		{ID: "C1", Title: "500 guessed order numbers at 0.01", events: guessedOrders},
		{ID: "C2", Title: "known orders again, backdated", events: knownOrders},
		{ID: "C3", Title: "guessed refund and message ids", events: guessedIDs},
		{ID: "D1", Title: "1,001 users with one mailbox", events: crowdedMailbox},
		{ID: "D2", Title: "1,000 backdated devices for one user", events: manyDevices},
		{ID: "E1", Title: "501 invented countries", events: countries},
		{ID: "E2", Title: "200 invented currencies", events: currencies},
		{ID: "F1", Title: "orders of -5,000,000 and 5,000,000", events: absurdOrders},
		{ID: "F2", Title: "refunds and changes of somebody's orders", events: refunds},
		{ID: "G1", Title: "events of somebody's user id, of any year", events: anyYear},
		{ID: "G2", Title: "a campaign page before somebody's order", events: campaign},
		{ID: "G3", Title: "a false sentAt", events: falseClock},
		{ID: "H1", Title: "3 requests of 1,000 logins of one user", events: logins, isTimed: true, yardstick: visits},
		{ID: "H2", Title: "600 page views on 600 old days", events: oldDays, isTimed: true, yardstick: today},
	}, own())
}

func takeover(s shop) []Event {
	y2001 := s.base.Sub(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC))
	of := func(id string, before time.Duration, more ...any) Event {
		return s.event("identify", id, before, append([]any{"userId", "mallory"}, more...)...)
	}
	return []Event{
		of("x1", y2001, "traits", map[string]any{"email": mail("ada")}), of("x2", y2001, "anonymousId", browser("ada")),
		of("x3", 29*day, "traits", map[string]any{"email": mail("ada")}), of("x4", 29*day, "anonymousId", browser("ada")),
		of("x5", 29*day, "anonymousId", browser("bob"), "traits", map[string]any{"email": mail("bob")}),
	}
}

func otherTraits(s shop) []Event {
	surplus := map[string]any{}
	for i := range 300 {
		surplus[numbered("a", i)] = i
	}
	return []Event{
		s.event("identify", "x1", 0, "userId", "ada", "traits", map[string]any{"name": "Eve", "plan": "none"}),
		s.event("identify", "x2", 29*day, "userId", "ada", "traits", surplus),
		s.event("identify", "x3", 29*day, "userId", "bob", "traits", surplus),
	}
}

func aliases(s shop) []Event {
	return []Event{
		s.event("alias", "x1", 29*day, "userId", "ada", "previousId", "bob"),
		s.event("alias", "x2", 29*day, "userId", "mallory", "previousId", "ada"),
		s.event("alias", "x3", 29*day, "userId", "mallory", "previousId", "bob"),
	}
}

func guessedOrders(s shop) []Event {
	return many(500, func(i int) Event {
		return s.order(numbered("x", i), day, numbered("o", i+4), 0.01, "anonymousId", "evil")
	})
}

func knownOrders(s shop) []Event {
	var out []Event
	for i, order := range []string{"o-1", "o-2", "o-3"} {
		out = append(out, s.order(numbered("x", i), 29*day, order, 0.01, "userId", "mallory"), s.order(numbered("y", i), 29*day, order, 0.01, "userId", "bob"))
	}
	return out
}

// guessedIDs have the message ids of what comes later, and say something else.
func guessedIDs(s shop) []Event {
	var out []Event
	for _, id := range []string{"s6", "s7", "p9", "p10", "p11"} {
		out = append(out, s.event("page", id, 0, "name", "Home", "anonymousId", "evil"))
	}
	return append(out, s.refund("x1", 0, "o-3", "r-100", 0.01, "userId", "bob"), s.refund("x2", 0, "o-1", "r-2", 1, "userId", "ada"))
}

func crowdedMailbox(s shop) []Event {
	return many(1001, func(i int) Event {
		return s.event("identify", numbered("x", i), 29*day, "userId", numbered("crowd", i), "traits", map[string]any{"email": mail("ada")})
	})
}

func manyDevices(s shop) []Event {
	return many(1000, func(i int) Event {
		return s.event("identify", numbered("x", i), 29*day, "userId", "ada", "anonymousId", numbered("evil", i))
	})
}

func countries(s shop) []Event {
	return many(501, func(i int) Event {
		return s.event("page", numbered("x", i), day, "name", "Home", "anonymousId", numbered("evil", i%20), "context", visit("/", numbered("Q", i), "evil", ""))
	})
}

func currencies(s shop) []Event {
	return many(200, func(i int) Event {
		e := s.order(numbered("x", i), day, numbered("evil", i), 1, "anonymousId", numbered("evil", i%20))
		e["properties"].(map[string]any)["currency"] = fmt.Sprintf("%c%cQ", 'A'+i/26, 'A'+i%26)
		return e
	})
}

func absurdOrders(s shop) []Event {
	return []Event{s.order("x1", day, "evil-1", -5_000_000, "anonymousId", "evil"), s.order("x2", day, "evil-2", 5_000_000, "anonymousId", "evil")}
}

func refunds(s shop) []Event {
	change := func(id, name, order string) Event {
		e := s.event("track", id, 0, "event", name, "userId", "ada")
		e["properties"] = map[string]any{"order_id": order, "revenue": 1, "currency": "GBP"}
		return e
	}
	return []Event{s.refund("x1", 0, "o-2", "r-9", 80, "userId", "ada"), change("x2", "Order Updated", "o-2"), change("x3", "Order Cancelled", "o-2")}
}

func anyYear(s shop) []Event {
	var out []Event
	for i, before := range []time.Duration{25 * 365 * day, 400 * day, 31 * day, 29 * day, day, 0, -20 * time.Hour, -1200 * day} {
		out = append(out, s.event("page", numbered("x", i), before, "name", "Pricing", "userId", "ada"),
			s.event("track", numbered("y", i), before, "event", "Product Viewed", "userId", "bob"))
	}
	return out
}

func campaign(s shop) []Event {
	return []Event{
		s.event("page", "x1", 2*day+10*time.Minute, "name", "Offer", "userId", "ada", "context", visit("/offer", "", "evil", "mine")),
		s.event("page", "x2", 4*day+10*time.Minute, "name", "Offer", "userId", "bob", "context", visit("/offer", "", "evil", "mine")),
	}
}

// falseClock says of events that they were sent just after they happened, or long before or after.
func falseClock(s shop) []Event {
	var out []Event
	for i, c := range [][2]time.Duration{{200 * day, 200 * day}, {200 * day, 171 * day}, {0, -29 * day}, {0, -400 * day}, {0, 400 * day}} {
		out = append(out, s.event("page", numbered("x", i), c[0], "name", "Pricing", "userId", "ada", "sentAt", s.at(c[1])))
	}
	return out
}

func logins(s shop) []Event {
	return many(3000, func(i int) Event {
		return s.event("identify", numbered("x", i), 0, "userId", "mallory", "anonymousId", numbered("evil", i), "traits", map[string]any{"plan": "a"})
	})
}

func oldDays(s shop) []Event {
	return many(600, func(i int) Event {
		return s.event("page", numbered("x", i), time.Duration(i+1)*day, "name", "Home", "anonymousId", "evil")
	})
}

func today(s shop) []Event {
	return many(600, func(i int) Event {
		return s.event("page", numbered("x", i), time.Duration(i)*time.Second, "name", "Home", "anonymousId", "evil")
	})
}

func visits(s shop) []Event {
	return many(3000, func(i int) Event {
		return s.event("page", numbered("x", i), 0, "name", "Home", "anonymousId", numbered("evil", i))
	})
}
