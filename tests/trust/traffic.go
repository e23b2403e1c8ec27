// Package trust holds the system to what docs/trust.md promises: who has a site's public key, and knows every user id, e-mail address, order number and
// message id, changes nothing of what is promised.
package trust

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/trust"
	"waymark/shared/testing/system"
)

// request is one batch of a client, and when it is received.
type request struct {
	at     time.Time
	key    string
	events []map[string]any
}

// known is what hostile traffic knows of the honest one.
type known struct {
	users, mails int // u0, u1 …; their addresses
	orders       []string
	sent         []map[string]any // events of the site, with their message ids
}

// secret is the identity secret of the site.
const secret = "is_0123456789"

// Traffic is between these times; servers tell of the time before, too.
const days = 60

var begin = system.Begin.AddDate(0, 0, -days)

func user(n int) string { return fmt.Sprint("u", n) }
func mail(n int) string { return fmt.Sprintf("u%d@shop.example", n) }

// stamp writes a time as clients do.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

func during(r *rand.Rand, from, to time.Time) time.Time {
	return from.Add(time.Duration(r.Int64N(int64(to.Sub(from))))).Truncate(time.Second)
}

// honest is the traffic of a shop: its site, its server and its till. isSigned says that the site's server signs its users.
func honest(r *rand.Rand, isSigned bool) ([]request, known) {
	k := known{users: 2 + r.IntN(3), mails: 4}
	var all []request
	for n := range 5 + r.IntN(12) {
		id, who := fmt.Sprint("s", n), r.IntN(k.users)
		at := during(r, begin, system.Begin)
		e := map[string]any{"messageId": id, "timestamp": stamp(at.Add(-time.Duration(r.IntN(20*24)) * time.Hour))}
		order := fmt.Sprint("o", r.IntN(6))
		if r.IntN(2) == 0 {
			e["timestamp"] = stamp(at)
		}
		key := []string{"wk_site", "wk_site", "wk_web", "wk_till"}[r.IntN(4)]
		isServer := key != "wk_site"
		if isServer || r.IntN(2) == 0 {
			e["userId"] = user(who)
			if isSigned && !isServer {
				e["context"] = map[string]any{"proof": map[string]any{"user": trust.Proof(secret, user(who)), "email": trust.Proof(secret, mail(who))}}
			}
		}
		if !isServer || r.IntN(3) == 0 {
			e["anonymousId"] = fmt.Sprint("a", (who+r.IntN(2))%k.users)
		}
		if isServer && r.IntN(4) == 0 { // as servers invent them
			e["anonymousId"] = fmt.Sprint("w", r.IntN(3))
		}
		switch kind := r.IntN(6); {
		case isServer && r.IntN(6) == 0: // of a reader who is no user yet
			delete(e, "userId")
			e["type"], e["anonymousId"], e["traits"] = "identify", fmt.Sprint("w", r.IntN(3)), map[string]any{"email": mail(r.IntN(k.mails)), "plan": id}
		case kind == 0 && e["userId"] != nil:
			e["type"], e["traits"] = "identify", map[string]any{"email": mail(who), "plan": fmt.Sprint("p", n), "t" + fmt.Sprint(r.IntN(3)): n}
		case kind == 1 && e["userId"] != nil, kind == 2 && e["userId"] != nil:
			e["type"], e["event"] = "track", "Order Completed"
			e["properties"] = map[string]any{"order_id": order, "revenue": 10 + r.IntN(5), "currency": "GBP"}
			k.orders = append(k.orders, order)
		case kind == 3 && isServer:
			e["type"], e["event"] = "track", []string{"Order Refunded", "Order Refunded", "Order Cancelled"}[r.IntN(3)]
			e["properties"] = map[string]any{"order_id": order, "refund_id": id, "revenue": 1 + r.IntN(3), "currency": "GBP"}
			if r.IntN(3) == 0 { // all that is left
				delete(e["properties"].(map[string]any), "revenue")
			}
			k.orders = append(k.orders, order)
		case kind == 4 && isServer && r.IntN(3) == 0:
			e["type"], e["previousId"] = "alias", user((who+1)%k.users)
			delete(e, "anonymousId")
		default:
			e["type"], e["name"] = "page", "Home"
			if r.IntN(3) == 0 {
				e["context"] = with(e["context"], "campaign", map[string]any{"source": "news", "medium": "email", "name": "c"})
			}
		}
		if !isServer {
			k.sent = append(k.sent, e)
		}
		one := request{at, key, []map[string]any{e}}
		all = append(all, one)
		if r.IntN(4) == 0 { // a client that heard no answer
			again := one
			again.at = at.Add(time.Duration(1+r.IntN(3600)) * time.Second)
			all = append(all, again)
		}
	}
	return all, k
}

func with(context any, name string, value any) map[string]any {
	out := map[string]any{name: value}
	if of, ok := context.(map[string]any); ok {
		for name, value := range of {
			out[name] = value
		}
	}
	return out
}

// hostile is what somebody sends with the site's key who knows all that is known of the honest traffic, from some time on.
func hostile(r *rand.Rand, k known) []request {
	from := during(r, begin, system.Begin.AddDate(0, 0, -1))
	var all []request
	for n := range 3 + r.IntN(14) {
		at := during(r, from, system.Begin)
		when := []time.Time{
			at, at, at.AddDate(0, 0, -29), at.AddDate(-25, 0, 0), at.Add(23 * time.Hour), at.AddDate(3, 0, 0),
			at.Add(-time.Duration(r.IntN(29*24*60)) * time.Minute),
		}[r.IntN(7)]
		e := map[string]any{"messageId": fmt.Sprint("t", n), "timestamp": stamp(when)}
		if r.IntN(4) == 0 { // a false clock
			e["sentAt"] = stamp(when.Add(time.Duration(r.IntN(100)-50) * time.Hour))
		}
		victim, other := user(r.IntN(k.users)), user(r.IntN(k.users))
		mine := fmt.Sprint("m", r.IntN(5))
		switch r.IntN(9) {
		case 0: // somebody's address for an own user
			e["type"], e["userId"], e["traits"] = "identify", mine, map[string]any{"email": mail(r.IntN(k.mails))}
		case 1: // other traits, and many
			traits := map[string]any{"plan": "stolen", "t0": "x", "t1": nil}
			for i := range r.IntN(2) * 300 {
				traits[fmt.Sprintf("a%03d", i)] = i
			}
			e["type"], e["userId"], e["traits"] = "identify", victim, traits
		case 2: // two users are one
			e["type"], e["userId"], e["previousId"] = "alias", victim, other
			if r.IntN(2) == 0 {
				e["userId"] = mine
			}
		case 3: // orders that others made, or will make
			e["type"], e["event"], e["userId"] = "track", "Order Completed", []string{mine, victim}[r.IntN(2)]
			e["properties"] = map[string]any{"order_id": fmt.Sprint("o", r.IntN(6)), "revenue": 0.01, "currency": []string{"GBP", "EUR"}[r.IntN(2)]}
		case 4: // what only servers may say
			name := []string{"Order Refunded", "Order Cancelled", "Order Updated"}[r.IntN(3)]
			e["type"], e["event"], e["userId"] = "track", name, victim
			e["properties"] = map[string]any{"order_id": fmt.Sprint("o", r.IntN(6)), "refund_id": "s1", "revenue": 5}
		case 5: // devices and addresses for somebody
			e["type"], e["userId"], e["anonymousId"] = "identify", victim, fmt.Sprint("evil", r.IntN(20))
			if r.IntN(2) == 0 {
				e["traits"] = map[string]any{"email": fmt.Sprintf("evil%d@x.example", r.IntN(20))}
			}
		case 6: // users for somebody's address
			e["type"], e["userId"], e["traits"] = "identify", fmt.Sprint("crowd", r.IntN(20)), map[string]any{"email": mail(r.IntN(k.mails))}
		case 7: // the site's own events again, with anything in them
			e["type"], e["name"], e["userId"] = "page", "Home", victim
			if len(k.sent) > 0 {
				copied := k.sent[r.IntN(len(k.sent))]
				for _, name := range []string{"messageId", "timestamp", "type", "event", "name", "userId", "properties"} {
					if value, found := copied[name]; found {
						e[name] = value
					}
				}
				if e["userId"] == nil {
					e["userId"] = victim
				}
				if r.IntN(2) == 0 {
					e["userId"] = mine
				}
			}
		default: // a visit of somebody, by a campaign
			e["type"], e["name"], e["userId"] = "page", "Pricing", victim
			e["context"] = map[string]any{"campaign": map[string]any{"source": "evil", "medium": "cpc", "name": "evil"}}
			if r.IntN(2) == 0 {
				e["traits"] = map[string]any{"email": mail(r.IntN(k.mails))}
				delete(e, "userId")
				e["context"].(map[string]any)["traits"] = map[string]any{"email": mail(r.IntN(k.mails))}
				e["anonymousId"] = "evil"
			}
		}
		if r.IntN(4) == 0 { // with the proofs of an own user
			of := map[string]any{"user": trust.Proof(secret, "somebody"), "email": trust.Proof(secret, "somebody@shop.example")}
			e["context"] = with(e["context"], "proof", of)
		}
		all = append(all, request{at, "wk_site", []map[string]any{e}})
	}
	return all
}

// strangers are the identifiers that only hostile traffic has.
func strangers() []event.Identifier {
	ids := []event.Identifier{"anon:evil"}
	for n := range 20 {
		ids = append(ids, event.Identifier(fmt.Sprintf("email:evil%d@x.example", n)))
		ids = append(ids, event.Identifier(fmt.Sprint("anon:evil", n)), event.Identifier(fmt.Sprint("user:crowd", n)), event.Identifier(fmt.Sprint("user:m", n)))
	}
	return ids
}

// names are the identifiers that a request names, as far as the honest traffic knows them.
func (q request) names() []event.Identifier {
	var out []event.Identifier
	for _, e := range q.events {
		for field, kind := range map[string]event.Kind{"userId": event.User, "previousId": event.User, "anonymousId": event.Anonymous} {
			if value, ok := e[field].(string); ok {
				out = append(out, event.Identifier(string(kind)+":"+value))
			}
		}
		context, _ := e["context"].(map[string]any)
		for _, traits := range []any{e["traits"], context["traits"]} {
			if of, ok := traits.(map[string]any); ok {
				if value, ok := of["email"].(string); ok {
					out = append(out, event.Identifier("email:"+value))
				}
			}
		}
	}
	return out
}

// play sends requests in the order of their receipt, and processes them in any.
func play(s *system.System, r *rand.Rand, requests []request) {
	sorted := slices.Clone(requests)
	slices.SortStableFunc(sorted, func(a, b request) int { return a.at.Compare(b.at) })
	for _, q := range sorted {
		texts := make([]string, len(q.events))
		for i, e := range q.events {
			text, err := json.Marshal(e)
			if err != nil {
				panic("trust: an event is made of texts and numbers: " + err.Error())
			}
			texts[i] = string(text)
		}
		s.PostAt(q.at, q.key, texts...)
	}
	messages := s.Queue.Take(len(requests) + 10)
	r.Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] })
	for len(messages) > 0 {
		n := min(1+r.IntN(10), len(messages))
		s.Deliver(messages[:n]...)
		messages = messages[n:]
	}
	s.Drain()
}
