package abuse

import (
	"fmt"
	"time"

	"waymark/shared/domain/trust"
)

// Event is an event as clients send it.
type Event map[string]any

// Mode is what a workspace has settled: whose orders count, and whom its site may name.
type Mode string

// The modes that docs/trust.md makes promises for.
const (
	Default       Mode = "default"
	OrdersServer  Mode = "orders: server"
	SignedUsers   Mode = "identity: signed"
	shortestSleep      = 5 * time.Millisecond // between two times of receipt that must differ
)

// Modes are all modes.
func Modes() []Mode { return []Mode{Default, OrdersServer, SignedUsers} }

// Keys open a workspace that is attacked.
type Keys struct {
	Site, Server, Secret string
	Source               string // of the site
	Identity             string // secret with which the site's users are signed; "" where they are not
}

// post is one batch, by the shop's server or by its site.
type post struct {
	isServer bool
	events   []Event
}

// shop is the honest traffic, and what an attacker knows of it: users ada, bob and cy, their addresses and browsers, orders o-1 … and all message ids.
// base is when the run began; everything happened before, or then.
type shop struct {
	base     time.Time
	identity string
}

const day = 24 * time.Hour

// at writes the time that lies so long before the run began.
func (s shop) at(before time.Duration) string { return stamp(s.base.Add(-before)) }

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func mail(user string) string { return user + "@shop.example" }

func browser(user string) string { return "browser-" + user }

// event is one of a type, with a message id and a time before the run; more are fields and their values.
func (s shop) event(kind, id string, before time.Duration, more ...any) Event {
	e := Event{"type": kind, "messageId": id, "timestamp": s.at(before)}
	for i := 0; i < len(more); i += 2 {
		e[more[i].(string)] = more[i+1]
	}
	return e
}

// signed adds what the shop's server has signed for a page of its user, where it signs.
func (s shop) signed(user string, e Event) Event {
	e["userId"] = user
	if s.identity == "" {
		return e
	}
	context, ok := e["context"].(map[string]any)
	if !ok {
		context = map[string]any{}
		e["context"] = context
	}
	context["proof"] = map[string]any{"user": trust.Proof(s.identity, user), "email": trust.Proof(s.identity, mail(user))}
	return e
}

func (s shop) order(id string, before time.Duration, order string, amount float64, more ...any) Event {
	e := s.event("track", id, before, append([]any{"event", "Order Completed"}, more...)...)
	e["properties"] = map[string]any{"order_id": order, "revenue": amount, "currency": "GBP"}
	return e
}

func (s shop) refund(id string, before time.Duration, order, refund string, amount float64, more ...any) Event {
	e := s.event("track", id, before, append([]any{"event", "Order Refunded"}, more...)...)
	e["properties"] = map[string]any{"order_id": order, "refund_id": refund, "revenue": amount, "currency": "GBP"}
	return e
}

// visit is what a page says of itself and of how its visitor came.
func visit(path, country, source, campaign string) map[string]any {
	context := map[string]any{"page": map[string]any{"path": path, "url": "https://shop.example" + path, "referrer": "https://" + source + ".example/"}}
	if country != "" {
		context["location"] = map[string]any{"country": country}
	}
	if campaign != "" {
		context["campaign"] = map[string]any{"source": source, "medium": "email", "name": campaign}
	}
	return context
}

// before is what comes in before the attack.
func (s shop) before() []post {
	return []post{
		{true, []Event{
			s.event("identify", "s1", 40*day, "userId", "ada", "traits", map[string]any{"email": mail("ada"), "name": "Ada", "plan": "gold"}),
			s.order("s2", 36*day, "o-1", 120, "userId", "ada"),
			s.event("identify", "s3", 20*day, "userId", "bob", "traits", map[string]any{"email": mail("bob"), "plan": "free"}),
			s.order("s4", 2*day, "o-2", 80, "userId", "ada", "context", map[string]any{"location": map[string]any{"country": "GB"}}),
			s.refund("s5", day, "o-1", "r-1", 20, "userId", "ada"),
		}},
		{false, []Event{
			s.event("page", "p1", 3*day, "name", "Home", "anonymousId", browser("ada"), "context", visit("/", "GB", "news", "spring")),
			s.signed("ada", s.event("identify", "p2", 3*day-5*time.Minute, "anonymousId", browser("ada"), "traits", map[string]any{"email": mail("ada")})),
			s.signed("ada", s.event("track", "p3", 3*day-6*time.Minute, "event", "Product Viewed", "anonymousId", browser("ada"))),
			s.signed("ada", s.order("p4", 2*day+time.Minute, "o-2", 80, "anonymousId", browser("ada"))),
			s.event("page", "p5", 5*day, "name", "Home", "anonymousId", browser("bob"), "context", visit("/sale", "FR", "blog", "")),
			s.signed("bob", s.event("identify", "p6", 5*day-5*time.Minute, "anonymousId", browser("bob"), "traits", map[string]any{"email": mail("bob")})),
			s.signed("bob", s.order("p7", 4*day, "o-3", 30, "anonymousId", browser("bob"))),
			s.event("page", "p8", day, "name", "Home", "anonymousId", browser("cy"), "context", visit("/", "GB", "blog", "")),
		}},
	}
}

// after is what comes in after the attack: some of it is what the attacker has guessed.
func (s shop) after() []post {
	return []post{
		{true, []Event{
			s.order("s6", 0, "o-100", 999, "userId", "ada", "context", map[string]any{"location": map[string]any{"country": "GB"}}),
			s.refund("s7", 0, "o-3", "r-100", 10, "userId", "bob"),
		}},
		{false, []Event{
			s.event("page", "p9", 0, "name", "Home", "anonymousId", browser("ada"), "context", visit("/", "GB", "news", "")),
			s.signed("cy", s.event("identify", "p10", 0, "anonymousId", browser("cy"), "traits", map[string]any{"email": mail("cy")})),
			s.signed("bob", s.order("p11", 0, "o-101", 40, "anonymousId", browser("bob"))),
		}},
	}
}

// honest are the identifiers of the shop's people.
func honest() (ids []string) {
	for _, user := range []string{"ada", "bob", "cy"} {
		ids = append(ids, "user:"+user, "email:"+mail(user), "anon:"+browser(user))
	}
	return ids
}

// many makes events by their number.
func many(n int, of func(i int) Event) []Event {
	out := make([]Event, n)
	for i := range out {
		out[i] = of(i)
	}
	return out
}

func numbered(name string, i int) string { return fmt.Sprint(name, "-", i) }
