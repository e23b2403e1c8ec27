package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/query"
	"waymark/shared/adapter/adaptertest"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// TestMain keeps the log of all tests and looks for what must never be in one.
func TestMain(m *testing.M) {
	os.Exit(adaptertest.WatchLog(m, "wk_", "sk_", "user:", "anon:", "email:", "jo@"))
}

// now is the time of every test.
var now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// world is a system with the workspaces demo and shop, and one handler that lives on.
type world struct {
	*system.System
	handler *query.Handler
	seen    int // records of demo
}

func newWorld(t testing.TB) *world {
	t.Helper()
	var all []workspace.Workspace
	for _, one := range []workspace.Workspace{
		{Name: "demo", Zone: "Europe/London", Currency: "EUR", Model: "default"}, {Name: "shop", Zone: "Asia/Kolkata", Currency: "INR", Model: "default"},
	} {
		one.Keys = []workspace.Key{
			{Text: "wk_" + one.Name, Workspace: one.Name, Role: workspace.Write, Source: "web", Kind: workspace.ServerSource},
			{Text: "wk_" + one.Name + "_site", Workspace: one.Name, Role: workspace.Write, Source: "site"},
			{Text: "sk_" + one.Name, Workspace: one.Name, Role: workspace.Secret},
			{Text: "sk_old_" + one.Name, Workspace: one.Name, Role: workspace.Secret, Expires: event.At(now)},
		}
		all = append(all, one)
	}
	w := &world{System: system.New(t, all...)}
	w.Now = now
	w.handler = w.Query(w.Ports())
	return w
}

// quarantine sees to it that so many quarantines are active, of a source that sent nothing.
func (w *world) quarantine(t testing.TB, name string, n int) {
	t.Helper()
	before, err := w.Table.Workspace(t.Context(), name)
	must(t, err)
	after := before
	for i := len(before.Quarantines) + 1; len(after.ActiveQuarantines()) < n; i++ {
		after, err = after.Quarantined(workspace.Quarantine{ID: fmt.Sprint("q-20110305-", i), Source: "till", From: 1, To: event.Millis(1 + i), Applied: 1})
		must(t, err)
	}
	must(t, w.Table.PutQuarantines(t.Context(), before, after))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ask sends a GET with demo's secret key.
func (w *world) ask(t testing.TB, path, query string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return w.send(t, "GET", path, query, "Bearer sk_demo", "")
}

func (w *world) send(t testing.TB, method, path, query, authorization, body string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	decoded, err := url.PathUnescape(path)
	must(t, err)
	e := w.Request(method, "", authorization, body)
	e.RawPath, e.RawQueryString = decoded, query
	response, err := w.handler.Handle(t.Context(), e)
	must(t, err)
	return response
}

// take sends events to demo, each in a request of its own, and has them processed.
func (w *world) take(t testing.TB, raw ...string) {
	t.Helper()
	for _, one := range raw {
		w.Send("wk_demo", one)
	}
}

// settle counts everything, at the time that the clock shows.
func (w *world) settle() {
	w.Settle()
	w.Advance(-time.Minute)
}

// breaks makes every store that the handler reads once it knows the workspace answer with an error.
func (w *world) breaks(err error) {
	w.Call = func(name string, apply func() error) error {
		if name == "key" || name == "workspace" || name == "workspaces" {
			return apply()
		}
		return err
	}
	b := broken{err}
	w.handler = w.Query(w.Ports())
	w.handler.Failed, w.handler.Refusals, w.handler.FailedService.Records, w.handler.FailedService.Changes, w.handler.FailedService.Dead = b, b, b, b, b
	w.handler.Files = brokenFiles{w.handler.Files, b}
}

// broken stands for every store that has no hook.
type broken struct{ err error }

func (b broken) Failed(context.Context, string, string, string, int) ([]event.Failed, string, error) {
	return nil, "", b.err
}

func (b broken) FailedByID(context.Context, string, string) (event.Failed, error) {
	return event.Failed{}, b.err
}

func (b broken) ReplayFailed(context.Context, string, []string, event.Millis) ([]event.Failed, error) {
	return nil, b.err
}

func (b broken) EditFailed(context.Context, string, string, string, event.Millis) (event.Failed, error) {
	return event.Failed{}, b.err
}

func (b broken) DeleteFailed(context.Context, string, string) error { return b.err }

func (b broken) Receive(context.Context, int, time.Duration) ([]event.Message, error) {
	return nil, b.err
}

func (b broken) Requeue(context.Context, []event.Message) error { return b.err }

func (b broken) Delete(context.Context, []event.Message) error { return b.err }

func (b broken) FailedCounts(context.Context, string) (map[string]int, error) { return nil, b.err }

func (b broken) Refusals(context.Context, string, string) ([]event.Refusal, error) {
	return nil, b.err
}

type brokenFiles struct {
	query.Files
	broken broken
}

func (f brokenFiles) Get(context.Context, string) ([]byte, error) { return nil, f.broken.err }

func (f brokenFiles) List(context.Context, string) ([]string, error) { return nil, f.broken.err }

var throttled = fault.New(fault.Unavailable, "throttled", "the store is throttled")

// golden compares a body with a file of testdata.
func golden(t *testing.T, name string, response events.APIGatewayV2HTTPResponse) {
	t.Helper()
	if response.StatusCode != 200 {
		t.Errorf("answered %d %s, want 200", response.StatusCode, response.Body)
	}
	httpapitest.Golden(t, "testdata/"+name+".golden.json", []byte(response.Body))
}

func checkFailure(t testing.TB, got events.APIGatewayV2HTTPResponse, status int, code string) {
	t.Helper()
	var body struct {
		Success bool
		Code    string
	}
	must(t, json.Unmarshal([]byte(got.Body), &body))
	if got.StatusCode != status || body.Code != code || body.Success {
		t.Errorf("answered %d %s, want %d %s", got.StatusCode, got.Body, status, code)
	}
}

// life is the story of one person over a month: seen by phone and by laptop, known at last, with orders, one of them claimed twice, and a
// repeat; and a stranger.
func (w *world) life(t testing.TB) {
	t.Helper()
	w.take(t,
		`{"type":"page","anonymousId":"phone","messageId":"m1","timestamp":"2011-03-20T10:00:00.250Z","context":{"campaign":{"source":"google","medium":"cpc"}},"properties":{"url":"https://shop.example/a?x=1","country":"GB"}}`,
		`{"type":"track","event":"Product Viewed","anonymousId":"phone","messageId":"m2","timestamp":"2011-03-20T10:05:00Z","properties":{"product_id":"p1"}}`,
		`{"type":"track","event":"Product Viewed","anonymousId":"phone","messageId":"m2","timestamp":"2011-03-20T10:05:00Z","sentAt":"2026-11-22T09:29:59Z","properties":{"product_id":"p1"}}`,
		`{"type":"identify","anonymousId":"phone","userId":"42","messageId":"m3","timestamp":"2011-03-20T10:06:00Z","traits":{"email":"Jo@Shop.example","plan":"free"}}`,
		`{"type":"identify","anonymousId":"laptop","userId":"42","messageId":"m4","timestamp":"2011-03-26T23:00:00Z","traits":{"plan":"gold","seats":12345678901234567890}}`,
		`{"type":"track","event":"Order Completed","userId":"42","messageId":"m5","timestamp":"2011-03-27T00:30:00Z","context":{"campaign":{"medium":"email"}},"properties":{"order_id":"o1","revenue":"12.505","country":"GB"}}`,
		`{"type":"track","event":"Order Completed","userId":"42","messageId":"m6","timestamp":"2011-03-27T08:00:00Z","properties":{"order_id":"o1","revenue":99}}`,
		`{"type":"track","event":"Order Completed","anonymousId":"laptop","messageId":"m7","timestamp":"2011-03-28T12:00:00Z","properties":{"order_id":"o2","total":7.5,"currency":"usd"}}`,
		`{"type":"track","event":"Order Refunded","userId":"42","messageId":"m8","timestamp":"2011-03-29T12:00:00Z","properties":{"order_id":"o1","refund_id":"f1","value":2.5}}`,
		`{"type":"page","anonymousId":"stranger","messageId":"n1","timestamp":"2011-03-20T12:00:00Z"}`,
	)
}
