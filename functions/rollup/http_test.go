package rollup_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/rollup"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// post asks for a rollup with an Authorization header.
func (w *world) post(t *testing.T, authorization, body string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	raw, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: "/v1/rollups", Body: body, Headers: map[string]string{"authorization": authorization},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "r-1", HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/rollups"},
		},
	})
	must(t, err)
	answer, err := w.handler.Handle(t.Context(), raw)
	must(t, err)
	return answer.(events.APIGatewayV2HTTPResponse)
}

// Every answer to POST /v1/rollups is as docs/openapi.yaml describes it.
func TestDemand(t *testing.T) {
	t.Parallel()
	contract := httpapitest.Load(t)
	for _, test := range []struct {
		name, authorization string
		failing             string
		status              int
		want                string
		body                string
	}{
		{"secret key", "Bearer sk_shop", "", 200, `{"workspace":"shop","windows":13,"changed":11}`, ""},
		{"no key", "", "", 401, "missing_key", ""},
		{"unknown key", "Bearer sk_other", "", 401, "unknown_key", ""},
		{"write key", "Bearer wk_shop", "", 403, "write_key", ""},
		{"a store that is busy", "Bearer sk_shop", "put windows", 503, "unavailable", ""},
		{"keys that cannot be read", "Bearer sk_shop", "key", 503, "unavailable", ""},
		{"no generation named", "Bearer sk_shop", "", 200, `{"workspace":"shop","windows":13,"changed":11}`, `{"generation":""}`},
		{"no rebuild under way", "Bearer sk_shop", "", 409, "no_pending_generation", `{"generation":"next"}`},
		{"another generation", "Bearer sk_shop", "", 400, "bad_generation", `{"generation":"last"}`},
		{"a body that is no JSON", "Bearer sk_shop", "", 400, "bad_json", `next`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.take(t, base()...)
			w.before = func(site string) error {
				if site == test.failing {
					return throttled
				}
				return nil
			}
			response := w.post(t, test.authorization, test.body)
			contract.Check(t, "POST", "/v1/rollups", response)
			got := response.Body
			if response.StatusCode != 200 {
				var body struct{ Code string }
				must(t, json.Unmarshal([]byte(response.Body), &body))
				got = body.Code
			}
			if response.StatusCode != test.status || got != test.want {
				t.Errorf("answered %d %s, want %d %s", response.StatusCode, got, test.status, test.want)
			}
			if response.StatusCode == 200 {
				w.check(t) // every window that was dirty at the start is computed when the answer comes
			}
		})
	}
	checkEqual(t, "described answers that no case has", contract.Unchecked("rollup"), nil)
}

// A generation that is being made is computed on demand and by no schedule, under its own stage model, and what is in use stays untouched.
func TestDemandOfTheNextGeneration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, base()...)
	w.rollUp(t)
	shop, err := w.table.Workspace(t.Context(), "shop")
	must(t, err)
	begun, err := shop.Begin("five", 1)
	must(t, err)
	must(t, w.table.PutGenerations(t.Context(), shop, begun))
	next, _ := begun.Next()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	tp := event.Touchpoint{ID: "x", Source: "web", Type: event.Page, Original: event.At(at), Corrected: event.At(at), Received: event.At(at)}
	must(t, w.table.PutPage(t.Context(), next.Space(), "user:9", []event.Touchpoint{tp}))
	must(t, w.table.PutMarks(t.Context(), next.Space(), []kpi.Mark{{Grain: period.Day, Key: "2026-03-01", Identifiers: []event.Identifier{"user:9"}}}))
	before := w.stored(t)
	w.rollUp(t)
	made, err := w.table.Window(t.Context(), next.Space(), period.Day, "2026-03-01")
	must(t, err)
	if made.Revision != 0 {
		t.Errorf("the schedule computed the pending generation: %+v", made)
	}
	if response := w.post(t, "Bearer sk_shop", `{"generation":"next"}`); response.StatusCode != 200 {
		t.Fatalf("answered %d %s, want 200", response.StatusCode, response.Body)
	}
	made, err = w.table.Window(t.Context(), next.Space(), period.Day, "2026-03-01")
	must(t, err)
	if made.Revision != 1 || made.Model != "five@1" {
		t.Errorf("the day of the pending generation: revision %d under %s, want 1 under five@1", made.Revision, made.Model)
	}
	checkEqual(t, "windows in use that changed", changed(before, w.stored(t)), nil)
}

// The scheduled time counts as now where a clock was put forward. A firing that is late or retried computes as of the moment at which it runs: a
// rollup that ran meanwhile knows of lapses that an earlier now would take back.
func TestScheduledTime(t *testing.T) {
	t.Parallel()
	wall := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	for _, test := range []struct {
		said string
		want time.Time
	}{
		{`"2026-11-22T09:15:00Z"`, wall},
		{`"2026-11-22T09:45:00Z"`, time.Date(2026, 11, 22, 9, 45, 0, 0, time.UTC)},
		{`"2026-11-22T10:45:00+01:00"`, time.Date(2026, 11, 22, 9, 45, 0, 0, time.UTC)},
		{`""`, wall},
		{`"<aws.scheduler.scheduled-time>"`, wall}, // what a local invocation of the sample may still hold
	} {
		w := newWorld(t)
		w.take(t, base()...)
		_, err := w.handler.Handle(t.Context(), fmt.Appendf(nil, `{"schedule":"rollup","scheduled_time":%s}`, test.said))
		must(t, err)
		for name, one := range w.stored(t) {
			if one.ComputedAt != event.At(test.want) {
				t.Errorf("scheduled at %s, %s is computed at %v, want %v", test.said, name, one.ComputedAt.Time(), test.want)
			}
		}
	}
}

// What is neither a firing nor a request is a fault of whoever sent it.
func TestUnknownEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, raw := range []string{`{}`, `[]`, `null`, `"rollup"`, `{"Records":[]}`} {
		if answer, err := w.handler.Handle(t.Context(), json.RawMessage(raw)); answer != nil || fault.CodeOf(err) != "unknown_event" {
			t.Errorf("Handle(%s) = %v, %v; want unknown_event", raw, answer, err)
		}
	}
}

// A firing computes every workspace, each with its own result.
func TestFiring(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, base()...)
	answer, err := w.handler.Handle(t.Context(), json.RawMessage(`{"schedule":"rollup","scheduled_time":"2026-11-22T09:30:00Z"}`))
	must(t, err)
	got, err := json.Marshal(answer)
	must(t, err)
	want, err := json.Marshal(map[string]any{"rollups": []rollup.Result{{Workspace: "shop", Windows: 13, Changed: 11}}})
	must(t, err)
	if string(got) != string(want) {
		t.Errorf("answered %s, want %s", got, want)
	}
}
