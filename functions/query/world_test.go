package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/query"
	"waymark/shared/adapter/adaptertest"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/failed"
	"waymark/shared/model"
	"waymark/shared/person"
)

// TestMain keeps the log of all tests and looks for what must never be in one.
func TestMain(m *testing.M) {
	os.Exit(adaptertest.WatchLog(m, "wk_", "sk_", "user:", "anon:", "email:", "jo@"))
}

// now is the time of every test.
var now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// world is a handler over stores in memory.
type world struct {
	table   *memory.Table
	queue   *memory.Queue
	dead    *memory.Queue
	archive *memory.Archive
	files   *memory.Bucket
	reads   *counter
	config  query.Config
	handler *query.Handler
	now     time.Time
}

// counter counts the reads of keys.
type counter struct {
	*memory.Table
	keys int
}

func (c *counter) Key(ctx context.Context, text string) (workspace.Key, error) {
	c.keys++
	return c.Table.Key(ctx, text)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		table: memory.NewTable(), queue: memory.NewQueue(), dead: memory.NewQueue(), archive: memory.NewArchive(), files: memory.NewBucket(), now: now,
	}
	clock := func() time.Time { return w.now }
	w.table.Now, w.reads = clock, &counter{Table: w.table}
	for _, one := range []workspace.Workspace{
		{Name: "demo", Zone: "Europe/London", Currency: "EUR", Model: "default"},
		{Name: "shop", Zone: "Asia/Kolkata", Currency: "INR", Model: "default"},
	} {
		one.Keys = []workspace.Key{
			{Text: "wk_" + one.Name, Workspace: one.Name, Role: workspace.Write, Source: "web"},
			{Text: "sk_" + one.Name, Workspace: one.Name, Role: workspace.Secret},
			{Text: "sk_old_" + one.Name, Workspace: one.Name, Role: workspace.Secret, Expires: event.At(now)},
		}
		must(t, w.table.PutWorkspace(t.Context(), one))
	}
	w.config = query.Config{
		Keys: w.reads, Workspaces: w.table, Store: w.table, Links: w.table, Aggregates: w.table, Marks: w.table, Windows: w.table, Persons: w.archive, Failed: w.table,
		Queue: w.queue, DeadLetters: w.dead,
		Desk:     failed.Desk{Records: w.table, Changes: w.table, Queue: w.queue, Dead: w.dead, Decode: queue.Decode, Now: clock},
		Refusals: w.table, Index: w.table, Archive: w.archive, Names: model.TrackNames(), Decode: queue.Decode,
		Files: w.files, Model: model.Stages, Version: "test", Now: clock,
	}
	w.handler = query.New(w.config)
	return w
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
	response, err := w.handler.Handle(t.Context(), events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: decoded, RawQueryString: query, Headers: map[string]string{"authorization": authorization}, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "r-1", TimeEpoch: now.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: decoded, SourceIP: "192.0.2.7"},
		},
	})
	must(t, err)
	return response
}

// take stores an event as process does, in the plainest way.
func (w *world) take(t testing.TB, raw string) {
	t.Helper()
	w.takeOf(t, raw, "")
}

// takeOf stores an event of a bot; of a person when there is no reason.
func (w *world) takeOf(t testing.TB, raw, bot string) {
	t.Helper()
	ctx := t.Context()
	e, err := event.Parse(json.RawMessage(raw), event.Stamp{Workspace: "demo", Source: "web", Received: event.At(now), Request: "r"})
	must(t, err)
	e.Bot = bot
	for _, l := range identity.Links(e) {
		must(t, w.table.PutLink(ctx, "demo", l))
	}
	if traits := profile.TraitsOf(e); len(traits) > 0 {
		stored, version, err := w.table.Traits(ctx, "demo", e.Kept())
		must(t, err)
		must(t, w.table.PutTraits(ctx, "demo", e.Kept(), stored.Join(traits), version))
	}
	if !e.Type.Touches() {
		return
	}
	touchpoint := e.Touchpoint(signs[e.Marketing.Medium], map[string]bool{"product_id": true})
	must(t, w.table.PutPage(ctx, "demo", e.Kept(), []event.Touchpoint{touchpoint}))
	if key, claim, ok := profile.ClaimOf(touchpoint, e.Kept()); ok {
		stored, versions, err := w.table.Claims(ctx, "demo", []string{key})
		must(t, err)
		must(t, w.table.PutClaims(ctx, "demo", key, stored[key].Join(claim), versions[key]))
	}
}

var signs = map[string]string{"email": "email", "cpc": "paid_search"}

// rollUp computes the days of a month and the month, in the plainest way.
func (w *world) rollUp(t testing.TB, month string, ids ...event.Identifier) {
	t.Helper()
	ctx := t.Context()
	calendar, err := period.New("Europe/London", time.Monday)
	must(t, err)
	stages, err := model.Stages("default")
	must(t, err)
	loaded, err := person.Load(ctx, w.table, "demo", ids)
	must(t, err)
	whole, err := calendar.ByKey(period.Month, month)
	must(t, err)
	var streams []iter.Seq[kpi.Facts]
	for _, day := range calendar.Split(whole, period.Day) {
		var facts []kpi.Facts
		for _, root := range loaded.Roots() {
			j := loaded.Of(root).Journey(stages, event.At(whole.End))
			if f, ok := kpi.Of(j, event.At(day.Start), event.At(day.End), "EUR"); ok {
				facts = append(facts, f)
			}
		}
		if len(facts) == 0 {
			continue
		}
		w.store(t, day, facts, 2)
		streams = append(streams, slices.Values(facts))
	}
	w.store(t, whole, slices.Collect(kpi.MergeFacts(streams)), 1)
}

// store writes a window at a revision, with its facts.
func (w *world) store(t testing.TB, window period.Window, facts []kpi.Facts, revision int64) {
	t.Helper()
	tally := kpi.NewTally("EUR")
	for _, f := range facts {
		tally.Add(f)
	}
	key := fmt.Sprintf("facts/demo/%s/%s", window.Grain, window.Key)
	must(t, w.archive.PutFacts(t.Context(), key, kpi.Day{Persons: facts}))
	for r := int64(1); r <= revision; r++ {
		must(t, w.table.PutWindow(t.Context(), "demo", kpi.Window{
			Grain: window.Grain, Key: window.Key, Start: event.At(window.Start), End: event.At(window.End), Revision: r, ComputedAt: event.At(now),
			Model: "default@1", Definitions: kpi.Definitions, Facts: key, Rows: tally.Rows(),
		}))
	}
}

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
// repeat.
func (w *world) life(t testing.TB) {
	t.Helper()
	for _, raw := range []string{
		`{"type":"page","anonymousId":"phone","messageId":"m1","timestamp":"2011-03-20T10:00:00.250Z","context":{"campaign":{"source":"g","medium":"cpc"}},"properties":{"url":"https://shop.example/a?x=1","country":"GB"}}`,
		`{"type":"track","event":"Product Viewed","anonymousId":"phone","messageId":"m2","timestamp":"2011-03-20T10:05:00Z","properties":{"product_id":"p1"}}`,
		`{"type":"track","event":"Product Viewed","anonymousId":"phone","messageId":"m2","timestamp":"2011-03-20T10:05:00Z","sentAt":"2026-11-22T09:29:59Z","properties":{"product_id":"p1"}}`,
		`{"type":"identify","anonymousId":"phone","userId":"42","messageId":"m3","timestamp":"2011-03-20T10:06:00Z","traits":{"email":"Jo@Shop.example","plan":"free"}}`,
		`{"type":"identify","anonymousId":"laptop","userId":"42","messageId":"m4","timestamp":"2011-03-26T23:00:00Z","traits":{"plan":"gold","seats":12345678901234567890}}`,
		`{"type":"track","event":"Order Completed","userId":"42","messageId":"m5","timestamp":"2011-03-27T00:30:00Z","context":{"campaign":{"medium":"email"}},"properties":{"order_id":"o1","revenue":"12.505","country":"GB"}}`,
		`{"type":"track","event":"Order Completed","userId":"42","messageId":"m6","timestamp":"2011-03-27T08:00:00Z","properties":{"order_id":"o1","revenue":99}}`,
		`{"type":"track","event":"Order Completed","anonymousId":"laptop","messageId":"m7","timestamp":"2011-03-28T12:00:00Z","properties":{"order_id":"o2","total":7.5,"currency":"usd"}}`,
		`{"type":"track","event":"Order Refunded","userId":"42","messageId":"m8","timestamp":"2011-03-29T12:00:00Z","properties":{"order_id":"o1","refund_id":"f1","value":2.5}}`,
		`{"type":"page","anonymousId":"stranger","messageId":"n1","timestamp":"2011-03-20T12:00:00Z"}`,
	} {
		w.take(t, raw)
	}
}
