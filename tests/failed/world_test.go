// Package failed holds the classes of permanent failure to their catalogue, docs/failed.md: each has a sample in events/failed, which goes the
// whole way through the real handlers of collect, process and query on stores in memory, from the refused event to the accepted correction.
package failed

import (
	"context"
	"encoding/json"
	"fmt"
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
	"waymark/shared/domain/workspace"
	"waymark/shared/failed"
	"waymark/shared/model"
)

// received is when every request of these tests comes in.
var received = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// world is the system in memory, with the workspace demo.
type world struct {
	table   *memory.Table
	queue   *memory.Queue
	dead    *memory.Queue
	desk    failed.Desk
	collect *collect.Handler
	process process.Config
	query   *query.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{table: memory.NewTable(), queue: memory.NewQueue(), dead: memory.NewQueue()}
	clock := func() time.Time { return received }
	w.table.Now, w.queue.Now, w.dead.Now = clock, clock, clock
	must(t, w.table.PutWorkspace(t.Context(), workspace.Workspace{
		Name: "demo", Zone: "Europe/London", Currency: "EUR", Model: "default", Keys: []workspace.Key{
			{Text: "wk_demo", Workspace: "demo", Role: workspace.Write, Source: "web"},
			{Text: "sk_demo", Workspace: "demo", Role: workspace.Secret},
		},
	}))
	w.desk = failed.Desk{Records: w.table, Changes: w.table, Queue: w.queue, Dead: w.dead, Decode: queue.Decode, Now: clock}
	ids := 0
	id := func() string { ids++; return fmt.Sprint(ids) }
	w.collect = collect.New(collect.Config{Keys: w.table, Queue: w.queue, Now: clock, NewID: id})
	channels, err := model.Channels()
	must(t, err)
	w.process = process.Config{
		Workspaces: w.table, Timeline: w.table, History: w.table, Traits: w.table, Links: w.table, Claims: w.table, Marks: w.table, Failed: w.table,
		Index: w.table, Archive: memory.NewArchive(), Channels: channels, Model: model.Stages, Properties: model.Properties(), Decode: queue.Decode,
		ObjectKey: archive.Key, Version: "v1.2.3", Now: clock, NewID: id, Workers: 1,
		Sleep: func(context.Context, time.Duration) error { return nil }, Jitter: func(time.Duration) time.Duration { return 0 },
	}
	w.query = query.New(query.Config{
		Keys: w.table, Workspaces: w.table, Store: w.table, Windows: w.table, Failed: w.table, Persons: memory.NewArchive(),
		Files: memory.NewBucket(), Queue: w.queue, DeadLetters: w.dead, Desk: w.desk, Model: model.Stages, Version: "v1.2.3", Now: clock,
	})
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func request(method, path, key, body string) events.APIGatewayV2HTTPRequest {
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, Headers: map[string]string{"authorization": "Bearer " + key}, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "r-1", TimeEpoch: received.UnixMilli(), HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path},
		},
	}
}

// send brings one event to collect as a batch, beside another that is good.
func (w *world) send(t *testing.T, raw string) {
	t.Helper()
	body := `{"writeKey":"wk_demo","sentAt":"2026-11-22T09:29:59Z","context":{"app":{"name":"till"}},"batch":[` +
		`{"type":"page","messageId":"e0","userId":"neighbour","timestamp":"2026-11-22T08:00:00Z"},` + raw + `]}`
	answer, err := w.collect.Handle(t.Context(), request("POST", "/v1/batch", "", body))
	must(t, err)
	if answer.StatusCode != 200 {
		t.Fatalf("collect answers %d %s", answer.StatusCode, answer.Body)
	}
}

// ask does something with failed events as a reader of demo, and gives the answer.
func (w *world) ask(t *testing.T, method, path, body string, into any) {
	t.Helper()
	answer, err := w.query.Handle(t.Context(), request(method, path, "sk_demo", body))
	must(t, err)
	if answer.StatusCode != 200 {
		t.Fatalf("%s %s answers %d %s", method, path, answer.StatusCode, answer.Body)
	}
	must(t, json.Unmarshal([]byte(answer.Body), into))
}

// work lets process take all that is queued; nothing may come again.
func (w *world) work(t *testing.T) {
	t.Helper()
	for taken := w.queue.Take(10); len(taken) > 0; taken = w.queue.Take(10) {
		var batch events.SQSEvent
		for _, m := range taken {
			batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint(m.Handle), Body: m.Body()})
			w.queue.Done(m.Handle)
		}
		answer, err := process.New(w.process).Handle(t.Context(), batch)
		must(t, err)
		if n := len(answer.BatchItemFailures); n > 0 {
			t.Fatalf("%d messages go back to the queue", n)
		}
	}
}

// kept is all that is kept of a workspace's failures.
func (w *world) kept(t *testing.T, ws string) []event.Failed {
	t.Helper()
	kept, _, err := w.table.Failed(t.Context(), ws, "", "", 100)
	must(t, err)
	return kept
}
