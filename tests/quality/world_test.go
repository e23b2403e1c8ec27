// Package quality_test sends traffic with planted faults through the real handlers, with failing stores, crashes, repeated deliveries and dead
// letters, and compares the quality report with what was planted, before the events are archived and after.
package quality_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/quality"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// world is a system, any write of which may fail while faults is not 0.
type world struct {
	*system.System
	t      *testing.T
	random *rand.Rand
	faults int // one call of so many fails, before it is done or after
	sent   []*sent

	isImmortal bool // no message dies
}

const zone = "America/New_York"

func newWorld(t *testing.T, random *rand.Rand) *world {
	t.Helper()
	var all []workspace.Workspace
	for _, name := range []string{"demo", "other"} {
		all = append(all, workspace.Workspace{Name: name, Zone: zone, Currency: "EUR", Model: "default", Keys: []workspace.Key{
			{Text: "sk_" + name, Workspace: name, Role: workspace.Secret},
			{Text: "wk_" + name + "_web", Workspace: name, Role: workspace.Write, Source: "web", Kind: workspace.ServerSource},
			{Text: "wk_" + name + "_till", Workspace: name, Role: workspace.Write, Source: "till", Origins: []string{"https://till.example"}},
		}})
	}
	w := &world{System: system.New(t, all...), t: t, random: random}
	w.Now = time.Date(2026, 10, 30, 2, 0, 0, 0, time.UTC)
	w.Call = w.call
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var mayFail = []string{"put events", "archive index", "put pages", "put batch", "put failed", "delete failed", "put refusal", "put state", "put log"}

// call makes a call that may fail before it is done or after.
func (w *world) call(name string, apply func() error) error {
	injected := fault.New(fault.Unavailable, "throttled", "injected")
	fails := w.faults > 0 && slices.Contains(mayFail, name) && w.random.IntN(w.faults) == 0
	if fails && w.random.IntN(2) == 0 {
		return injected
	}
	if err := apply(); err != nil || !fails {
		return err
	}
	return injected
}

// post sends a request and gives its status and id.
func (w *world) post(query, key, origin, body string) (int, string) {
	w.t.Helper()
	w.Advance(time.Duration(1+w.random.IntN(2000)) * time.Millisecond)
	e := w.Request("POST", "/v1/batch?"+query, system.Basic(key), body)
	if origin != "" {
		e.Headers["origin"] = origin
	}
	response, err := httpapitest.Invoke(w.t.Context(), w.Collect(w.Ports()), e)
	must(w.t, err)
	return response.StatusCode, e.RequestContext.RequestID
}

// deliver hands some messages to process and gives which of them go back.
func (w *world) deliver(envelopes ...event.Envelope) map[int]bool {
	w.t.Helper()
	var e events.SQSEvent
	for i, envelope := range envelopes {
		body, err := queue.Encode(envelope)
		must(w.t, err)
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
	}
	response, err := w.Process(w.Ports()).Handle(w.t.Context(), e)
	must(w.t, err)
	back := map[int]bool{}
	for _, f := range response.BatchItemFailures {
		var i int
		must(w.t, json.Unmarshal([]byte(f.ItemIdentifier), &i))
		back[i] = true
	}
	return back
}

// difference names the first row that differs; "" when all are equal.
func difference(got, want []quality.Row) string {
	for i := range max(len(got), len(want)) {
		g, x := "nothing", "nothing"
		if i < len(got) {
			g = asText(got[i])
		}
		if i < len(want) {
			x = asText(want[i])
		}
		if g != x {
			return fmt.Sprintf("row %d\n got %s\nwant %s", i, g, x)
		}
	}
	return ""
}

func asText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
