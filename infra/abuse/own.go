package abuse

import (
	"fmt"
	"time"
)

// own are attacks that the table did not have.
func own() []Attack {
	attacks := []Attack{
		{ID: "I", Title: "an e-mail that no user holds yet", events: squat},
		{ID: "J", Title: "the next order numbers for somebody", events: nextOrders},
		{ID: "K", Title: "known events again, with other content", events: otherContent},
		{ID: "L", Title: "a flood of 300 invented persons", events: flood},
		{ID: "M", Title: "a campaign by somebody's browser id", events: ofBrowser, isOfBrowser: true},
		{ID: "N", Title: "300 invented landing pages and referrers", events: landingPages},
		{ID: "O", Title: "an import of two years by the site's key", events: imported},
		{ID: "P", Title: "3 requests of 1,000 events that all fail", events: failing, isTimed: true, yardstick: visits},
	}
	for i := range attacks {
		attacks[i].IsOwn = true
	}
	return attacks
}

func squat(s shop) []Event {
	return []Event{s.event("identify", "x1", 29*day, "userId", "mallory", "anonymousId", "evil", "traits", map[string]any{"email": mail("cy")})}
}

func nextOrders(s shop) []Event {
	return many(50, func(i int) Event {
		return s.order(numbered("x", i), day, numbered("o", 90+i), 999, "userId", []string{"ada", "bob"}[i%2])
	})
}

// otherContent has the message ids and the times of events that are stored.
func otherContent(s shop) []Event {
	var out []Event
	for _, p := range s.before() {
		for _, known := range p.events {
			e := Event{}
			for name, value := range known {
				e[name] = value
			}
			e["anonymousId"], e["context"] = "evil", visit("/", "DE", "evil", "mine")
			if e["event"] == "Order Completed" {
				e["properties"] = map[string]any{"order_id": e["properties"].(map[string]any)["order_id"], "revenue": 0.01, "currency": "GBP"}
			}
			if e["type"] == "identify" {
				e["traits"] = map[string]any{"plan": "none"}
			}
			out = append(out, e)
		}
	}
	return out
}

func flood(s shop) []Event {
	var out []Event
	for i := range 300 {
		user := numbered("nobody", i)
		out = append(out, s.event("identify", numbered("x", i), day, "userId", user, "anonymousId", browser(user), "traits", map[string]any{"email": mail(user)}),
			s.event("page", numbered("y", i), day, "name", "Home", "userId", user, "context", visit("/", "US", "evil", "")))
	}
	return out
}

func ofBrowser(s shop) []Event {
	return []Event{
		s.event("page", "x1", 2*day+10*time.Minute, "name", "Offer", "anonymousId", browser("ada"), "context", visit("/offer", "", "evil", "mine")),
		s.event("page", "x2", 4*day+10*time.Minute, "name", "Offer", "anonymousId", browser("bob"), "context", visit("/offer", "", "evil", "mine")),
	}
}

func landingPages(s shop) []Event {
	return many(300, func(i int) Event {
		return s.event("page", numbered("x", i), day, "name", "Home", "anonymousId", numbered("evil", i),
			"context", visit(fmt.Sprintf("/p%d/%d", i, i), "", numbered("evil", i), ""))
	})
}

func imported(s shop) []Event {
	var out []Event
	for i := range 50 {
		before := time.Duration(i*14+2) * day
		out = append(out, s.event("page", numbered("x", i), before, "name", "Home", "userId", "ada"),
			s.order(numbered("y", i), before, numbered("old", i), 50, "userId", "ada"))
	}
	return out
}

func failing(s shop) []Event {
	return many(3000, func(i int) Event {
		return s.event("page", numbered("x", i), 400*day, "name", "Home", "anonymousId", numbered("evil", i))
	})
}
