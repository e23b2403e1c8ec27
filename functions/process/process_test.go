package process_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/seed"
)

const (
	googlebot = `"context":{"userAgent":"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}`
	firefox   = `"context":{"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}`
)

// The record of a batch holds every accepted event, of every type, with neither traits nor properties that nobody listed, nor the page's query.
func TestWhatIsRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deliver(t, sentAs(
		t, "m", "shop", `{"type":"nonsense"}`,
		`{"type":"identify","messageId":"e1","userId":"1","anonymousId":"a","timestamp":"2026-11-21T09:00:00Z","traits":{"name":"Ada Lovelace"}}`,
		`{"type":"track","event":"Product Viewed","messageId":"e2","userId":"1","timestamp":"2026-11-22T08:00:00Z","properties":{"product_id":"p1","secret":"s"}}`,
		`{"type":"page","messageId":"e3","userId":"1","timestamp":"2026-11-22T08:00:00Z","context":{"page":{"url":"https://shop.example/p?utm_medium=email&gclid=secret"}}}`,
		`{"type":"alias","messageId":"e4","userId":"1","previousId":"0815","timestamp":"2026-11-22T08:00:00Z"}`,
	))
	got := []string{}
	for _, b := range w.records(t, "shop") {
		for _, r := range b.Events {
			tp := r.Touchpoint
			got = append(got, fmt.Sprintf("%s %s %v %v %v %s%+v", r.Type, tp.ID, r.Identifiers, r.Previous, tp.Properties, tp.Page, tp.Marketing))
		}
	}
	const none = "{Explicit: Source: Medium: Campaign: Term: Content: Click: Referrer: URL:}"
	checkEqual(t, "records", got, []string{
		"identify e1 [user:1 anon:a] [] map[] " + none, "track e2 [user:1] [] map[product_id:p1] " + none,
		"page e3 [user:1] [] map[] https://shop.example/p{Explicit: Source: Medium:email Campaign: Term: Content: Click:gclid Referrer: URL:}",
		"alias e4 [user:1] [user:0815 anon:0815] map[] " + none,
	})
}

// A bot's touchpoints are stored; it says nothing of anybody, and neither links nor claims. Only what an event says of its visitor makes a bot.
func TestBots(t *testing.T) {
	t.Parallel()
	for agent, isBot := range map[string]bool{googlebot: true, firefox: false, `"context":{"userAgent":7},"properties":{"user_agent":"Googlebot"}`: false} {
		w := newWorld(t)
		w.accept(
			t,
			`{"type":"identify","messageId":"e1","anonymousId":"a","userId":"1","timestamp":"2026-11-22T09:00:00Z","traits":{"plan":"gold"},`+agent+`}`,
			`{"type":"track","event":"Order Completed","messageId":"e2","userId":"1","timestamp":"2026-11-22T09:01:00Z","order_id":"o1",`+agent+`}`,
		)
		partitions, err := w.Table.Partitions(t.Context(), "shop", []event.Identifier{"user:1"})
		must(t, err)
		claims, err := w.Table.Claims(t.Context(), "shop", []string{"order:event:e2"})
		must(t, err)
		p := partitions[0]
		if says := len(p.Node.Children)+len(claims) > 0; says == isBot || len(p.Touchpoints) != 2 {
			t.Errorf("%s leaves %+v and the claims %v", agent, p, claims)
		}
	}
}

// Events of one message share its fate on the queue, and nothing else.
func TestMessageOfSeveralEvents(t *testing.T) {
	t.Parallel()
	one, poison := pageView("e1", user("1"), "2026-11-22T09:00:00Z"), `{"type":"nonsense"}`
	for name, c := range map[string]struct {
		events       []string
		stored, kept int
	}{
		"good and poison": {[]string{one, poison}, 1, 1}, "poison twice": {[]string{poison, poison}, 0, 2}, "a repeat within the message": {[]string{one, one}, 1, 0},
	} {
		w := newWorld(t)
		for range 2 { // the second delivery changes nothing
			checkEqual(t, name+" goes back", w.deliver(t, sentAs(t, "m", "shop", c.events...)), []string{})
			if stored, kept := len(w.touchpoints(t, "shop", "user:1")), w.counts(t, "shop")["unknown_type"]; stored != c.stored || kept != c.kept {
				t.Errorf("%s: %d are stored and %d kept, want %d and %d", name, stored, kept, c.stored, c.kept)
			}
		}
	}
}

// A note of a refusal is kept once, however often it is delivered.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	refused := func(id, ws string, n int) events.SQSMessage {
		e := envelope("r1", ws)
		e.Refused = &event.Refused{Code: "invalid_json", Events: n}
		return messageOf(t, id, e)
	}
	for range 2 {
		checkEqual(t, "messages that go back", w.deliver(t, refused("m1", "shop", 3), refused("m2", "other", 1), refused("m3", "nowhere", 1)), []string{})
	}
	of := func(n int) []event.Refusal {
		return []event.Refusal{{Request: "r1", Source: "web", Received: event.At(received), Refused: event.Refused{Code: "invalid_json", Events: n}}}
	}
	for ws, want := range map[string][]event.Refusal{"shop": of(3), "other": of(1), "nowhere": nil} {
		got, err := w.Table.Refusals(t.Context(), ws, "2026-11-22")
		must(t, err)
		checkEqual(t, "refusals of "+ws, got, want)
	}
	if got := w.counts(t, event.Nobody); len(got) != 1 {
		t.Errorf("the note of a workspace that is not there is kept as %v, want a failed event", got)
	}
}

// Two workspaces whose events have the same ids, persons and orders: processed together in mixed batches they end as each would alone.
func TestWorkspacesDoNotMeet(t *testing.T) {
	t.Parallel()
	seed.Each(t, 100, func(t *testing.T, r *rand.Rand) {
		together, alone := newWorld(t), map[string]*world{"shop": newWorld(t), "other": newWorld(t)}
		for n := range 4 {
			var mixed []events.SQSMessage
			apart := map[string][]events.SQSMessage{}
			for i := range 10 {
				ws := []string{"shop", "other"}[r.IntN(2)]
				m := sentAs(t, fmt.Sprintf("m%d-%d", n, i), ws, anyEvent(r), anyEvent(r))
				mixed, apart[ws] = append(mixed, m), append(apart[ws], m)
			}
			together.deliver(t, mixed...)
			for ws, batch := range apart {
				alone[ws].deliver(t, batch...)
			}
		}
		for ws, w := range alone {
			ns := workspace.Namespace(ws)
			if got, want := together.stored(t, ns), w.stored(t, ns); got != want {
				t.Fatalf("together, %s holds\n%s\nwant, as alone,\n%s", ws, got, want)
			}
		}
	})
}

func anyEvent(r *rand.Rand) string {
	id, at := fmt.Sprintf("e%d", r.IntN(30)), fmt.Sprintf("2026-11-%02dT%02d:00:00Z", 18+r.IntN(4), r.IntN(24))
	who := []string{user(fmt.Sprint(r.IntN(3))), visitor(fmt.Sprint(r.IntN(3)))}[r.IntN(2)]
	switch r.IntN(6) {
	case 0:
		return order(id, who, at, fmt.Sprintf("o%d", r.IntN(3)), "5")
	case 1:
		return fmt.Sprintf(`{"type":"identify","messageId":%q,"userId":"%d","anonymousId":"%d","timestamp":%q,"traits":{"n":%d}}`, id, r.IntN(3), r.IntN(3), at, r.IntN(9))
	case 2:
		return `{"type":"nonsense","messageId":"` + id + `"}`
	case 3:
		return fmt.Sprintf(`{"type":"page","messageId":%q,%s}`, id, who) // untimed
	}
	return pageView(id, who, at)
}

// One messageId under two identifiers, from two sources or in two workspaces is two events.
func TestScopeOfMessageIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := func(who string) string { return pageView("same", who, "2026-11-22T09:00:00Z") }
	fromTill := envelope("r", "shop", page(user("1")))
	fromTill.Source = "till"
	w.deliver(t,
		sentAs(t, "m1", "shop", page(user("1"))), sentAs(t, "m2", "shop", page(user("1"))), sentAs(t, "m3", "shop", page(user("2"))),
		messageOf(t, "m4", fromTill), sentAs(t, "m5", "other", page(user("1"))))
	got := []int{len(w.touchpoints(t, "shop", "user:1")), len(w.touchpoints(t, "shop", "user:2")), len(w.touchpoints(t, "other", "user:1"))}
	checkEqual(t, "touchpoints of user 1, user 2 and the other workspace's user 1", got, []int{2, 1, 1})
}
