// Package unlink_test holds the promise that merge and unlink leave the world as if the two had never been merged: the real process, rollup and query
// handlers over stores in memory, with random events, cuts and rollups in random order, compared with a world whose store never took the links
// that are cut in the end.
package unlink_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/process"
	"waymark/functions/query"
	"waymark/functions/rollup"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

type ends [2]event.Identifier

// world is a whole system over stores in memory with a clock of its own.
type world struct {
	table   *table
	process *process.Handler
	rollup  *rollup.Handler
	query   *query.Handler
	now     time.Time
	ids     int
}

// table forgets the links that it is told to.
type table struct {
	*memory.Table
	never map[ends]bool
	dies  int // PutMarks calls from now that fail
}

func (t *table) PutLink(ctx context.Context, ws string, l identity.Link) error {
	if t.never[ends{l.Child, l.Parent}] {
		return nil
	}
	return t.Table.PutLink(ctx, ws, l)
}

func newWorld(t testing.TB, never map[ends]bool) *world {
	t.Helper()
	w := &world{table: &table{Table: memory.NewTable(), never: never}, now: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}
	shop, err := workspace.New("shop", "Europe/London", "GBP", "default")
	must(t, err)
	shop.Keys = []workspace.Key{{Text: "sk_shop", Workspace: "shop", Role: workspace.Secret}}
	must(t, w.table.PutWorkspace(t.Context(), shop))
	channels, err := model.Channels()
	must(t, err)
	clock := func() time.Time { return w.now }
	w.table.Now = clock
	objects, s := memory.NewArchive(), w.table
	w.process = process.New(process.Config{
		Workspaces: s, Timeline: s, History: s, Traits: s, Links: s, Claims: s, Marks: s, Failed: s, Index: s, Archive: objects,
		Channels: channels, Model: model.Stages, Properties: model.Properties(), Decode: queue.Decode, ObjectKey: archive.Key, Version: "test",
		Now: clock, NewID: func() string { w.ids++; return fmt.Sprint(w.ids) }, Workers: 1,
		Sleep: func(context.Context, time.Duration) error { return nil }, Jitter: func(time.Duration) time.Duration { return 0 },
	})
	w.rollup = rollup.New(rollup.Config{
		Workspaces: s, Marks: s, Windows: s, Restated: s, Times: s, Store: s, Facts: objects, Persons: objects,
		Reader: httpapi.NewKeyring(s, clock).Reader, Model: model.Stages, Now: clock,
	})
	w.query = query.New(query.Config{
		Keys: s, Workspaces: s, Store: s, Links: s, Aggregates: s, Marks: s, Windows: s, Failed: s, Persons: objects, Files: memory.NewBucket(),
		Queue: memory.NewQueue(), DeadLetters: memory.NewQueue(), Model: model.Stages, Version: "test", Now: clock,
	})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// take processes events, all received at the same time whenever they are delivered, so that both worlds take them alike.
func (w *world) take(t testing.TB, raw ...string) {
	t.Helper()
	e := event.Envelope{
		Version: event.EnvelopeVersion, Workspace: "shop", Source: "web", Request: "r",
		Received: event.At(time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)),
	}
	for _, one := range raw {
		e.Events = append(e.Events, json.RawMessage(one))
	}
	body, err := queue.Encode(e)
	must(t, err)
	response, err := w.process.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: body}}})
	must(t, err)
	if len(response.BatchItemFailures) > 0 {
		t.Fatalf("the message goes back: %s", body)
	}
}

func (w *world) rollUp(t testing.TB) {
	t.Helper()
	_, err := w.rollup.Handle(t.Context(), json.RawMessage(`{"schedule":"rollup"}`))
	must(t, err)
}

// ask sends a request with the secret key.
func (w *world) ask(t testing.TB, method, path, query, body string) (int, string) {
	t.Helper()
	response, err := w.query.Handle(t.Context(), events.APIGatewayV2HTTPRequest{
		RawPath: path, RawQueryString: query, Body: body, Headers: map[string]string{"authorization": "Bearer sk_shop"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method}},
	})
	must(t, err)
	return response.StatusCode, response.Body
}

func (w *world) unlink(t testing.TB, body string) (int, string) {
	t.Helper()
	return w.ask(t, "POST", "/v1/identities/unlink", "", body)
}

// told is everything that the system tells of these identifiers, and all its KPI rows, without revisions.
func (w *world) told(t testing.TB, ids []event.Identifier) []string {
	t.Helper()
	var out []string
	for _, id := range ids {
		status, body := w.ask(t, "GET", "/v1/profiles/"+url.PathEscape(string(id)), "", "")
		if status == 404 || strings.Contains(body, `"touchpoints":0,`) {
			continue // somebody of whom there is a cut, or nothing
		}
		_, timeline := w.ask(t, "GET", "/v1/profiles/"+url.PathEscape(string(id))+"/timeline", "limit=500", "")
		out = append(out, fmt.Sprintf("%s %d %s", id, status, body), fmt.Sprintf("%s timeline %s", id, timeline))
	}
	for _, g := range period.Grains() {
		windows, err := w.table.Windows(t.Context(), "shop", g, "", "~")
		must(t, err)
		for _, window := range windows {
			for _, row := range window.Rows {
				if row.N == 0 && row.Numerator == 0 {
					continue // of a window in which somebody was once
				}
				text, err := json.Marshal(row)
				must(t, err)
				out = append(out, fmt.Sprintf("%s %s %s", g, window.Key, text))
			}
		}
	}
	return out
}

// checkSame compares what two worlds tell.
func checkSame(t testing.TB, what string, got, want []string) {
	t.Helper()
	missing := func(from, in []string) []string {
		has := map[string]bool{}
		for _, one := range in {
			has[one] = true
		}
		return slices.DeleteFunc(slices.Clone(from), func(one string) bool { return has[one] })
	}
	if extra, lost := missing(got, want), missing(want, got); len(extra)+len(lost) > 0 {
		t.Errorf("%s: it tells\n%s\nwant\n%s", what, strings.Join(extra, "\n"), strings.Join(lost, "\n"))
	}
}

// act is one thing that happens in a random story.
type act struct {
	raw  string // an event
	body string // an order to unlink, answered 200 or 404
	cut  *identity.Cut
	roll bool
	wait time.Duration
}

func (w *world) play(t testing.TB, a act) {
	t.Helper()
	switch {
	case a.raw != "":
		w.take(t, a.raw)
	case a.body != "":
		if status, answer := w.unlink(t, a.body); status != 200 && status != 404 && status != 400 {
			t.Fatalf("%s is answered %d %s", a.body, status, answer)
		}
	case a.cut != nil:
		must(t, w.table.PutCut(t.Context(), "shop", *a.cut))
	case a.roll:
		w.rollUp(t)
	}
	w.now = w.now.Add(a.wait)
}

// people are the identifiers of random stories.
var people = []event.Identifier{
	"user:u0", "user:u1", "user:u2", "user:u3", "email:e0@x.example", "email:e1@x.example", "anon:v0", "anon:v1", "anon:v2", "anon:v3",
}

// anyEvent is a page view, an order, an identify or an alias of a few people over two hundred days, often about midnight.
func anyEvent(r *rand.Rand, n int) string {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).Add(-time.Duration(r.IntN(200*24*6)) * 10 * time.Minute)
	if r.IntN(3) == 0 {
		at = at.Truncate(24 * time.Hour).Add(time.Duration(r.IntN(12)-6) * 10 * time.Minute)
	}
	id, said := fmt.Sprintf("e%d", n), at.Format(time.RFC3339)
	user, visitor, mail := fmt.Sprintf(`"userId":"u%d"`, r.IntN(3)), fmt.Sprintf(`"anonymousId":"v%d"`, r.IntN(4)), fmt.Sprintf("e%d@x.example", r.IntN(2))
	who := []string{user, visitor, visitor}[r.IntN(3)]
	switch r.IntN(8) {
	case 0, 1:
		return fmt.Sprintf(`{"type":"track","event":"Order Completed","messageId":%q,%s,"timestamp":%q,"properties":{"order_id":"o%d","revenue":%d}}`, id, who, said, r.IntN(4), 1+r.IntN(50))
	case 2, 3:
		return fmt.Sprintf(`{"type":"identify","messageId":%q,%s,%s,"timestamp":%q}`, id, user, visitor, said)
	case 4:
		return fmt.Sprintf(`{"type":"identify","messageId":%q,%s,"timestamp":%q,"traits":{"email":%q}}`, id, who, said, mail)
	case 5:
		return fmt.Sprintf(`{"type":"alias","messageId":%q,"userId":"u%d","previousId":"u%d","timestamp":%q}`, id, r.IntN(3), r.IntN(3), said)
	}
	return fmt.Sprintf(`{"type":"page","messageId":%q,%s,"timestamp":%q}`, id, who, said)
}

// anyAlias is a page view or an alias of four users, who soon stand in circles.
func anyAlias(r *rand.Rand, n int) string {
	at := time.Date(2026, 11, 1+r.IntN(20), r.IntN(24), 0, 0, 0, time.UTC).Format(time.RFC3339)
	if r.IntN(2) == 0 {
		return fmt.Sprintf(`{"type":"page","messageId":"e%d","userId":"u%d","timestamp":%q}`, n, r.IntN(4), at)
	}
	return fmt.Sprintf(`{"type":"alias","messageId":"e%d","userId":"u%d","previousId":"u%d","timestamp":%q}`, n, r.IntN(4), r.IntN(4), at)
}

// PutMarks fails as often as it is told to: a request that dies between the cuts and the marks.
func (t *table) PutMarks(ctx context.Context, ws string, marks []mark) error {
	if t.dies > 0 {
		t.dies--
		return fault.New(fault.Unavailable, "throttled", "injected")
	}
	return t.Table.PutMarks(ctx, ws, marks)
}
