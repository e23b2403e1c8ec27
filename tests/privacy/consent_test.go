package privacy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// settled is a world whose web source has settings, as name and text.
func settled(t *testing.T, settings ...string) *world {
	t.Helper()
	w := newWorld(t)
	shop := system.Shop()
	policy := workspace.NewPolicy()
	for i := 0; i < len(settings); i += 2 {
		if err := policy.Set(settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	shop.SetPolicy("web", policy)
	if err := w.Table.PutWorkspace(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	return w
}

// everything is all that a world stores, queues, exports and logs.
func (w *world) everything() string {
	return w.queued.String() + texts(w.Table) + texts(w.Archive) + texts(w.Exports) + w.log.String()
}

// records are the events of the archive.
func (w *world) records() (all []event.Record) {
	w.t.Helper()
	for key := range w.Archive.Keys(w.t.Context(), "touchpoints/") {
		for r, err := range w.Archive.Read(w.t.Context(), key) {
			if err != nil {
				w.t.Fatal(err)
			}
			all = append(all, r)
		}
	}
	return all
}

// stays are the rows of positions that say nothing of whom an event is about.
var stays = map[string]bool{"context.userAgent": true, "messageId": true, "properties.order_id": true}

// TestDeniedEventsAreOfNobody sends every position of somebody who has denied analytics, by each way to say so, good events and bad ones.
func TestDeniedEventsAreOfNobody(t *testing.T) {
	for _, c := range []struct {
		name, context, gpc string
		settings           []string
	}{
		{"consent", `,"context":{"consent":{"analytics":false}}`, "", nil},
		{"the browser's signal", "", "1", nil},
		{"the page's word for the browser's signal", `,"context":{"gpc":true}`, "", nil},
		{"a page that stores nothing", `,"context":{"cookieless":true,"consent":true}`, "", []string{"gpc", "ignore"}},
		{"opt-in and nothing said", "", "", []string{"consent-unsaid", "strip"}},
		{"a cookieless source", `,"context":{"consent":true}`, "", []string{"visitor", "cookieless"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			good, bad := settled(t, c.settings...), settled(t, c.settings...)
			touchpoints := 0
			for i, p := range positions() {
				if !strings.Contains(p.event, `"identify"`) && !strings.Contains(p.event, `"group"`) && !strings.Contains(p.event, `"alias"`) {
					touchpoints++
				}
				for w, sent := range map[*world]string{good: p.filled(canaryOf(i)), bad: p.bad(canaryOf(i))} {
					w.send("/v1/batch", `{"batch":[`+sent+`]`+c.context+`}`, map[string]string{"sec-gpc": c.gpc, "user-agent": "Agent 1"})
				}
			}
			good.run()
			bad.run()
			for i, p := range positions() {
				for name, w := range map[string]*world{"good": good, "bad": bad} {
					if leak := canaryOf(i).foundIn(w.everything()); leak != "" && !stays[p.row] {
						t.Errorf("%s of the %s event %s is kept", leak, name, p.event)
					}
				}
			}
			records := good.records()
			for _, r := range records {
				if len(r.Identifiers) != 1 || !strings.HasPrefix(string(r.Identifiers[0]), "anon:day-2026-11-22-") || len(r.Previous) > 0 {
					t.Errorf("an event is of %v, %v", r.Identifiers, r.Previous)
				}
			}
			failed, _, err := bad.Table.Failed(t.Context(), "shop", "", "", 1000)
			if err != nil || len(records) != touchpoints || len(failed) != touchpoints {
				t.Errorf("%d good events are kept and %d bad ones (%v), want %d of each", len(records), len(failed), err, touchpoints)
			}
		})
	}
}

// TestDroppedEventsAreCounted: of events that are dropped nothing is kept but that they came, and the client is told nothing else.
func TestDroppedEventsAreCounted(t *testing.T) {
	w := settled(t, "consent", "drop")
	all := positions()
	for i, p := range all {
		sent := p.filled(canaryOf(i)) + "," + p.bad(canaryOf(i))
		if answer := w.send("/v1/batch", `{"batch":[`+sent+`],"context":{"consent":"denied"}}`, nil); !strings.HasPrefix(answer, `{"success":true}`) {
			t.Errorf("the client is answered %s", answer)
		}
	}
	w.run()
	for i, p := range all {
		if leak := canaryOf(i).foundIn(w.everything()); leak != "" {
			t.Errorf("%s of %s is kept", leak, p.event)
		}
	}
	refusals, err := w.Table.Refusals(t.Context(), "shop", "2026-11-22")
	events := 0
	for _, r := range refusals {
		if r.Code == "consent_denied" && r.Source == "web" {
			events += r.Events
		}
	}
	if err != nil || events != 2*len(all) {
		t.Errorf("%d events are counted as denied (%v), want %d", events, err, 2*len(all))
	}
	if status, report := w.Get("/v1/quality?from=2026-11-22&to=2026-11-23"); status != http.StatusOK || !strings.Contains(report, `"consent_denied":`) {
		t.Errorf("the quality report says nothing of it: %d %s", status, report)
	}
}

// TestBatchesOfSeveralMinds: what the events of a batch share is not known of those whose visitor has denied it.
func TestBatchesOfSeveralMinds(t *testing.T) {
	shared, own, bad := canaryOf(1), canaryOf(2), canaryOf(3)
	w := newWorld(t)
	w.send("/v1/batch", `{"batch":[
		{"type":"page","anonymousId":"a1","timestamp":"2026-11-22T11:00:00Z"},
		{"type":"page","anonymousId":"`+own.email+`","timestamp":"2026-11-22T11:00:00Z","context":{"consent":false}},
		{"type":"page","anonymousId":"`+bad.email+`","timestamp":"yesterday","context":{"consent":false}}
	],"context":{"traits":{"email":"`+shared.email+`"},"userAgent":"Agent 1","locale":"de","sessionId":"s1"}}`, nil)
	w.run()
	failed, _, err := w.Table.Failed(t.Context(), "shop", "", "", 10)
	if err != nil || len(failed) != 1 || shared.foundIn(texts(failed)) != "" {
		t.Errorf("the denied event that is bad is kept as %+v (%v)", failed, err)
	}
	if text := w.everything(); own.foundIn(text) != "" || bad.foundIn(text) != "" {
		t.Error("who has denied is found")
	}
	for _, r := range w.records() {
		isKept := r.Identifiers[len(r.Identifiers)-1] == "anon:a1"
		hasEmail, hasSession := shared.foundIn(texts(r)) != "", r.Touchpoint.Session == "s1"
		if hasEmail != isKept || hasSession != isKept || r.Touchpoint.Agent != "Agent 1" {
			t.Errorf("a record is %+v", r)
		}
	}
	if n := len(w.records()); n != 2 {
		t.Errorf("%d events are kept, want 2", n)
	}
	context := `{"x":"` + strings.Repeat("x", 30_000) + `"}`
	mixed := `{"batch":[{"type":"page","anonymousId":"a","context":{"consent":false}}` + strings.Repeat(`,{"type":"page","anonymousId":"a"}`, 500) + `],"context":` + context + `}`
	if status, answer := w.request(http.MethodPost, "/v1/batch", mixed, nil); status != http.StatusBadRequest || !strings.Contains(answer, "context_too_large") {
		t.Errorf("a batch that would grow without bound is answered %d %.200s", status, answer)
	}
}

// visits sends a page view by a browser to a cookieless source and gives the id that its visitor gets.
func (w *world) visits(at time.Time, key, address, agent, sent string) (id string) {
	w.t.Helper()
	w.Now = at
	before := map[string]bool{}
	for _, r := range w.records() {
		before[fmt.Sprint(r.Request, r.Index)] = true
	}
	r := w.Request(http.MethodPost, "/v1/batch", system.Basic(key), `{"batch":[`+sent+`]}`)
	r.Headers["user-agent"], r.RequestContext.HTTP.SourceIP = agent, address
	if got, err := httpapitest.Invoke(w.t.Context(), w.Collect(w.Ports()), r); err != nil || got.StatusCode != http.StatusOK {
		w.t.Fatalf("%d %s (%v)", got.StatusCode, got.Body, err)
	}
	w.Drain()
	w.Settle()
	for _, r := range w.records() {
		if !before[fmt.Sprint(r.Request, r.Index)] {
			id = string(r.Identifiers[0])
		}
	}
	return id
}

// TestCookielessVisitors: one visitor of a day is one, of two days two, and once the salt is deleted nobody can tell.
func TestCookielessVisitors(t *testing.T) {
	w := settled(t, "visitor", "cookieless")
	shop, _ := w.Table.Workspace(t.Context(), "shop")
	shop.SetPolicy("till", shop.PolicyOf("web"))
	if err := w.Table.PutWorkspace(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	const page = `{"type":"page","anonymousId":"of the client"}`
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	first := w.visits(noon, "wk_web", "203.0.113.7", "Agent 1", page)
	if again := w.visits(noon.Add(time.Hour), "wk_web", "203.0.113.7", "Agent 1", page); again != first {
		t.Errorf("one visitor of a day has the ids %s and %s", first, again)
	}
	at := noon.Add(2 * time.Hour)
	next := func() time.Time { at = at.Add(10 * time.Minute); return at }
	for name, other := range map[string]string{
		"another address":         w.visits(next(), "wk_web", "203.0.113.8", "Agent 1", page),
		"another agent":           w.visits(next(), "wk_web", "203.0.113.7", "Agent 2", page),
		"another source":          w.visits(next(), "wk_till", "203.0.113.7", "Agent 1", page),
		"whom a server speaks of": w.visits(next(), "wk_web", "203.0.113.7", "Agent 1", `{"type":"page","context":{"ip":"198.51.100.1"}}`),
		"the next day":            w.visits(next().Add(24*time.Hour), "wk_web", "203.0.113.7", "Agent 1", page),
	} {
		if other == first || !strings.HasPrefix(other, "anon:day-2026-11-2") {
			t.Errorf("%s has the id %s, as %s", name, other, first)
		}
	}
	at = at.Add(25 * time.Hour)
	six := "2001:db8:1:2:"
	if a, b := w.visits(next(), "wk_web", six+"3::4", "A", page), w.visits(next(), "wk_web", six+"5::6", "A", page); a != b || a == "" {
		t.Errorf("two addresses of one household have the ids %s and %s", a, b)
	}
	if id := w.visits(next(), "wk_web", "203.0.113.7", "A", `{"type":"page","context":{"cookieless":true}}`); !strings.HasPrefix(id, "anon:day-") {
		t.Errorf("a page that stores nothing and names nobody is of %q", id)
	}
	if strings.Contains(w.everything(), "of the client") || strings.Contains(w.everything(), "203.0.113.7") {
		t.Error("the client's id or its address is kept")
	}
}

// TestMidnight: a client that sends an event of yesterday again sends the same event as long as yesterday's salt is there, and not after that.
func TestMidnight(t *testing.T) {
	w := settled(t, "visitor", "cookieless")
	const page = `{"type":"page","messageId":"m","timestamp":"2026-11-22T23:59:50Z"}`
	evening := time.Date(2026, 11, 22, 23, 59, 55, 0, time.UTC)
	first := w.visits(evening, "wk_web", "203.0.113.7", "Agent 1", page)
	salt, err := w.Table.Salt(t.Context(), "2026-11-22", "other", 0)
	if err != nil || !strings.Contains(texts(w.Table), salt) {
		t.Fatalf("the salt %q is not found (%v)", salt, err)
	}
	if again := w.visits(evening.Add(5*time.Hour), "wk_web", "203.0.113.7", "Agent 1", page); again != first {
		t.Errorf("an event that is sent again after midnight is of %s, and was of %s", again, first)
	}
	late := w.visits(evening.Add(6*time.Hour+time.Minute), "wk_web", "203.0.113.7", "Agent 1", page)
	if late == first || !strings.HasPrefix(late, "anon:day-2026-11-23-") {
		t.Errorf("an event of a day whose salt is gone is of %s", late)
	}
	if strings.Contains(texts(w.Table), salt) {
		t.Error("the salt of a day that is over is still there")
	}
}

// TestSaltsCostNothingElsewhere counts the calls for salts of one instance of collect.
func TestSaltsCostNothingElsewhere(t *testing.T) {
	w := settled(t)
	calls := map[string]int{}
	w.Call = func(name string, apply func() error) error { calls[name]++; return apply() }
	h := w.Collect(w.Ports())
	send := func(headers string) int {
		r := w.Request(http.MethodPost, "/v1/page", system.Basic("wk_web"), `{"anonymousId":"a"}`)
		r.Headers["sec-gpc"] = headers
		got, err := httpapitest.Invoke(t.Context(), h, r)
		if err != nil {
			t.Fatal(err)
		}
		return got.StatusCode
	}
	for range 5 {
		send("")
	}
	if calls["salt"]+calls["forget salt"] != 0 {
		t.Errorf("events that need no salt make the calls %v", calls)
	}
	for range 5 {
		send("1")
	}
	if calls["salt"] != 1 || calls["forget salt"] != 1 {
		t.Errorf("five events of a day that need a salt make the calls %v, want one of each", calls)
	}
	w.Advance(24 * time.Hour)
	w.Call = func(name string, apply func() error) error {
		if name == "salt" {
			return fault.New(fault.Unavailable, "throttled", "the store is busy")
		}
		return apply()
	}
	h = w.Collect(w.Ports())
	if status := send("1"); status != http.StatusServiceUnavailable {
		t.Errorf("an event whose visitor can be given no id is answered %d, want 503", status)
	}
}

// TestGPCSupport: a site says that it honours the signal.
func TestGPCSupport(t *testing.T) {
	w := newWorld(t)
	status, answer := w.request(http.MethodGet, "/.well-known/gpc.json", "", nil)
	if status != http.StatusOK || !strings.HasPrefix(answer, `{"gpc":true,"lastUpdate":"2026-11-29"}`) {
		t.Errorf("GET: %d %s", status, answer)
	}
	if status, _ := w.request(http.MethodPost, "/.well-known/gpc.json", "{}", nil); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d, want 405", status)
	}
}
