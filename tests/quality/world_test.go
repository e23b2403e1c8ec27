// Package quality_test sends traffic with planted faults through the real handlers, with failing stores, crashes, repeated deliveries and dead
// letters, and compares the quality report with what was planted.
package quality_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/collect"
	"waymark/functions/process"
	"waymark/functions/query"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/failed"
	"waymark/shared/model"
)

// world is the handlers over stores in memory, any call of which may fail while faults is not 0.
type world struct {
	*memory.Table
	objects *memory.Archive
	queue   *memory.Queue
	dead    *memory.Queue
	random  *rand.Rand
	now     time.Time
	ids     int
	faults  int // one call of so many fails, before it is done or after

	collect *collect.Handler
	process *process.Handler
	query   *query.Handler

	sent []*sent
}

const zone = "America/New_York"

func newWorld(t testing.TB, seed uint64) *world {
	t.Helper()
	w := &world{
		Table: memory.NewTable(), objects: memory.NewArchive(), queue: memory.NewQueue(), dead: memory.NewQueue(),
		random: rand.New(rand.NewPCG(seed, 0)), now: time.Date(2026, 10, 30, 2, 0, 0, 0, time.UTC),
	}
	for _, name := range []string{"demo", "other"} {
		one := workspace.Workspace{Name: name, Zone: zone, Currency: "EUR", Model: "default", Keys: []workspace.Key{
			{Text: "sk_" + name, Workspace: name, Role: workspace.Secret},
			{Text: "wk_" + name + "_web", Workspace: name, Role: workspace.Write, Source: "web"},
			{Text: "wk_" + name + "_till", Workspace: name, Role: workspace.Write, Source: "till", Origins: []string{"https://till.example"}},
		}}
		must(t, w.PutWorkspace(t.Context(), one))
	}
	channels, err := model.Channels()
	must(t, err)
	bots, err := model.Bots()
	must(t, err)
	clock := func() time.Time { return w.now }
	w.Table.Now = clock
	w.collect = collect.New(collect.Config{Keys: w.Table, Queue: w.queue, Now: clock, NewID: w.id})
	w.process = process.New(process.Config{
		Workspaces: w.Table, Timeline: w, History: w.Table, Traits: w, Links: w, Claims: w.Table, Marks: w, Failed: w, Refusals: w, Archive: w, Index: w,
		Channels: channels, Bots: bots, Model: model.Stages, Properties: model.Properties(), Decode: queue.Decode, ObjectKey: archive.Key, Version: "test",
		Now: clock, Sleep: func(context.Context, time.Duration) error { return nil }, Jitter: func(time.Duration) time.Duration { return 0 },
		NewID: w.id, Workers: 1,
	})
	w.query = query.New(query.Config{
		Keys: w.Table, Workspaces: w.Table, Store: w.Table, Windows: w.Table, Persons: w.objects, Failed: w.Table, Queue: w.queue, DeadLetters: w.dead,
		Desk:  failed.Desk{Records: w.Table, Changes: w.Table, Queue: w.queue, Dead: w.dead, Decode: queue.Decode, Now: clock},
		Files: memory.NewBucket(), Refusals: w.Table, Index: w.Table, Archive: w.objects, Names: model.TrackNames(), Decode: queue.Decode,
		Model: model.Stages, Version: "test", Now: clock,
	})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) id() string { w.ids++; return fmt.Sprint("id-", w.ids) }

// do makes a call that may fail before it is done or after.
func (w *world) do(call func() error) error {
	injected := fault.New(fault.Unavailable, "throttled", "injected")
	fails := w.faults > 0 && w.random.IntN(w.faults) == 0
	if fails && w.random.IntN(2) == 0 {
		return injected
	}
	if err := call(); err != nil || !fails {
		return err
	}
	return injected
}

func (w *world) Put(ctx context.Context, key string, records []event.Record) error {
	return w.do(func() error { return w.objects.Put(ctx, key, records) })
}

func (w *world) PutArchiveIndex(ctx context.Context, ws string, days []string, key string) error {
	return w.do(func() error { return w.Table.PutArchiveIndex(ctx, ws, days, key) })
}

func (w *world) PutPage(ctx context.Context, ws string, id event.Identifier, page []event.Touchpoint) error {
	return w.do(func() error { return w.Table.PutPage(ctx, ws, id, page) })
}

func (w *world) PutFailed(ctx context.Context, f event.Failed) error {
	return w.do(func() error { return w.Table.PutFailed(ctx, f) })
}

func (w *world) DeleteFailed(ctx context.Context, ws, id string) error {
	return w.do(func() error { return w.Table.DeleteFailed(ctx, ws, id) })
}

func (w *world) PutRefusal(ctx context.Context, ws string, r event.Refusal) error {
	return w.do(func() error { return w.Table.PutRefusal(ctx, ws, r) })
}

// post sends a request and gives its status and id.
func (w *world) post(t testing.TB, path, key, body string, headers map[string]string) (int, string) {
	t.Helper()
	w.now = w.now.Add(time.Duration(1+w.random.IntN(2000)) * time.Millisecond)
	id := w.id()
	all := map[string]string{"authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"))}
	for name, value := range headers {
		all[name] = value
	}
	strict := ""
	if all["strict"] != "" {
		strict = "strict=1"
	}
	response, err := w.collect.Handle(t.Context(), events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, RawQueryString: strict, Headers: all, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: id, TimeEpoch: w.now.UnixMilli(), HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: path},
		},
	})
	must(t, err)
	return response.StatusCode, id
}

// deliver hands some messages to process and gives which of them go back.
func (w *world) deliver(t testing.TB, envelopes []event.Envelope) map[int]bool {
	t.Helper()
	var e events.SQSEvent
	for i, envelope := range envelopes {
		body, err := queue.Encode(envelope)
		must(t, err)
		e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
	}
	response, err := w.process.Handle(t.Context(), e)
	must(t, err)
	back := map[int]bool{}
	for _, f := range response.BatchItemFailures {
		var i int
		must(t, json.Unmarshal([]byte(f.ItemIdentifier), &i))
		back[i] = true
	}
	return back
}
