package corpora_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/shared/testing/system"
)

// example is a code block of the Segment specification: an event as it is sent, or the arguments of a call of a library.
type example struct {
	Doc, Call, Form string
	N               int
	Payload         map[string]any
	Args            []any
}

// examples are all that are calls.
func examples(t *testing.T) []example {
	t.Helper()
	var out []example
	for _, line := range lines(t, "../../functions/collect/testdata/segment_spec/payloads.jsonl") {
		var e example
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Call != "" {
			out = append(out, e)
		}
	}
	return out
}

// fields are what the example says beside whom and when, as a library sends it.
func (e example) fields() map[string]any {
	out := map[string]any{"type": e.Call}
	if e.Form == "body" {
		maps.Copy(out, e.Payload)
		out["type"] = e.Call
	}
	text := func(i int) any {
		if i < len(e.Args) {
			return e.Args[i]
		}
		return nil
	}
	switch {
	case e.Form == "body":
	case e.Call == "track":
		out["event"], out["properties"] = text(0), text(1)
	case e.Call == "page", e.Call == "screen":
		out["category"], out["name"] = text(0), text(1)
	case e.Call == "identify" && len(e.Args) == 1:
		out["traits"] = text(0)
	case e.Call == "identify":
		out["traits"] = text(1)
	case e.Call == "group":
		out["groupId"], out["traits"] = text(0), text(1)
	}
	for _, name := range []string{"userId", "anonymousId", "previousId", "messageId", "timestamp", "sentAt", "receivedAt", "originalTimestamp"} {
		delete(out, name)
	}
	return out
}

// variant is an example as one of nine clients sends it.
type variant struct {
	path, body string
	batched    bool
	isNamed    bool
	isGood     bool
	copies     int
	isBot      bool
}

// variants sends the n-th example in nine ways, each by a person of its own.
func (e example) variants(t *testing.T, n int) []variant {
	t.Helper()
	build := func(way int, change map[string]any) string {
		f := e.fields()
		id := fmt.Sprintf("%d-%d", n, way)
		f["userId"], f["anonymousId"], f["messageId"], f["timestamp"] = "s"+id, "a"+id, "m"+id, at(n)
		if e.Call == "alias" {
			f["previousId"] = "old" + id
			delete(f, "anonymousId")
		}
		if p, ok := f["properties"].(map[string]any); ok && p["order_id"] != nil {
			p = maps.Clone(p)
			p["order_id"], f["properties"] = "o"+id, p
		}
		for name, value := range change {
			if f[name] = value; value == nil {
				delete(f, name)
			}
		}
		return event(t, f)
	}
	now := system.Begin.Format(time.RFC3339)
	short := map[string]string{"track": "t", "page": "p", "screen": "s", "identify": "i", "group": "g", "alias": "a"}[e.Call]
	good := variant{isNamed: true, isGood: true, copies: 1}
	as := func(v variant, path, body string) variant {
		v.path, v.body, v.batched = path, body, path == "/v1/batch"
		return v
	}
	bot, twice, none, clock := good, good, good, good
	bot.isBot, twice.copies, none.isNamed, clock.isGood = true, 2, false, false
	all := map[string]any{"All": true, "Mixpanel": false}
	return []variant{
		as(good, "/v1/"+e.Call, build(0, nil)),
		as(good, "/v1/"+short, build(1, nil)),
		as(good, "/v1/batch", build(2, nil)),
		as(good, "/v1/import", build(3, map[string]any{"integrations": all})),
		as(good, "/v1/batch", build(4, map[string]any{"sentAt": now, "receivedAt": now, "version": "1.1", "channel": "browser"})),
		as(twice, "/v1/batch", build(5, nil)),
		as(bot, "/v1/batch", build(6, map[string]any{"context": map[string]any{"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}})),
		as(none, "/v1/batch", build(7, map[string]any{"userId": nil, "anonymousId": nil, "previousId": nil, "context": nil, "traits": nil})),
		as(clock, "/v1/batch", build(8, map[string]any{"timestamp": "the day before yesterday"})),
	}
}

// TestSpecification sends every published example as nine clients send it: what is accepted, whose it is, what it was worth, and what fails why.
func TestSpecification(t *testing.T) {
	w := newWorld(t, "USD")
	sent, accepted, bots, repeats, touchpoints, classes := 0, 0, 0, 0, 0, map[string]int{}
	orders, revenue := map[string]int{}, map[string]int{}
	var all [][]variant
	list := examples(t)
	for n, e := range list {
		all = append(all, e.variants(t, n))
		for _, v := range all[n] {
			w.deliver(v)
			isTouchpoint := e.Call == "track" || e.Call == "page" || e.Call == "screen"
			switch sent += v.copies; {
			case !v.isNamed:
				classes[map[bool]string{true: "blocked_identifier", false: "no_identifier"}[e.Call == "alias"]]++ // an alias names two, or is of nobody
			case !v.isGood:
				classes["bad_time"]++
			case v.isBot:
				accepted++
				bots++
			default:
				accepted += v.copies
				repeats += v.copies - 1
				if isTouchpoint {
					touchpoints++
				}
				if strings.Contains(v.body, `"event":"Order Completed"`) {
					orders[dayOf(n)]++
					revenue[dayOf(n)] += e.cents(t)
				}
			}
		}
	}
	w.count()
	got := w.fates()
	if got.Received != sent || got.Accepted != accepted || got.Bots != bots || got.Repeats != repeats || !maps.Equal(got.RejectedBy, classes) {
		t.Errorf("received %d, accepted %d, bots %d, repeats %d, rejected %v; want %d, %d, %d, %d, %v",
			got.Received, got.Accepted, got.Bots, got.Repeats, got.RejectedBy, sent, accepted, bots, repeats, classes)
	}
	w.same("touchpoints", w.kpi("touchpoints", "month", "2026-11-01", "2026-12-01", ""), map[string]string{"2026-11-01": strconv.Itoa(touchpoints)})
	for day, n := range orders { // other days have changes of orders, whose money is their own business
		w.same("orders", only(w.kpi("orders", "day", "2026-11-15", "2026-11-22", ""), day), map[string]string{day: strconv.Itoa(n)})
		w.same("revenue", only(w.kpi("revenue", "day", "2026-11-15", "2026-11-22", ""), day), map[string]string{day: pennies(revenue[day])})
	}
	w.checkPersons(list, all)
	t.Logf("segment_spec: %d examples sent %d times: %d accepted, %d of them by a bot, %d repeats; failed %v", len(list), sent, accepted, bots, repeats, classes)
}

func only(values map[string]string, key string) map[string]string {
	return map[string]string{key: values[key]}
}

// deliver sends a variant as often as its client does.
func (w world) deliver(v variant) {
	w.t.Helper()
	for range v.copies {
		body := v.body
		if v.batched || v.path == "/v1/import" {
			body = `{"batch":[` + body + `]}`
		}
		if status, answer := w.post(v.path, body); status != 200 {
			w.t.Errorf("POST %s %s: %d %s", v.path, body, status, answer)
		}
	}
}

// cents is what an order of the example is worth: its revenue.
func (e example) cents(t *testing.T) int {
	t.Helper()
	properties, ok := e.fields()["properties"].(map[string]any)
	amount, isNumber := properties["revenue"].(float64)
	if !ok || !isNumber {
		t.Fatalf("%s %d: an order without revenue", e.Doc, e.N)
	}
	return int(amount*100 + 0.5)
}

// checkPersons looks at whom each example made.
func (w world) checkPersons(list []example, all [][]variant) {
	w.t.Helper()
	for n, e := range list {
		for way, v := range all[n] {
			if !v.isNamed || !v.isGood || v.isBot || e.Call == "group" {
				continue
			}
			id := fmt.Sprintf("%d-%d", n, way)
			other := "anon:a" + id
			if e.Call == "alias" {
				other = "user:old" + id
			}
			p := w.person(other)
			if p.Person != "user:s"+id && e.Call != "alias" || len(p.Identifiers) < 2 || p.Touchpoints > 1 || p.Bots != 0 || p.Orders.Count == 0 && strings.Contains(v.body, `"event":"Order Completed"`) {
				w.t.Errorf("%s %d, way %d: %s is %+v, want user:s%s with both", e.Doc, e.N, way, other, p, id)
			}
		}
	}
}
