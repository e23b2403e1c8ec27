package scenarios_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/collect"
	"waymark/functions/process"
	"waymark/functions/query"
	"waymark/functions/rollup"
	"waymark/infra/local/front"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/tests/scenarios"
)

// TestHTTP runs every scenario through the handlers that Lambda runs, over real HTTP, with stores in memory: what the whole system adds to
// the pure core, from protocol and queue to rollup and JSON, must change nothing.
func TestHTTP(t *testing.T) {
	t.Parallel()
	for _, s := range read(t) {
		for _, name := range s.Workspace.Models {
			t.Run(s.File+"/"+name, func(t *testing.T) {
				t.Parallel()
				system := newSystem(t)
				h, err := scenarios.NewHTTP(t.Context(), system.config(), s, name)
				if err != nil {
					t.Fatal(err)
				}
				if err := scenarios.Run(t.Context(), s, name, h); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// system is the four handlers between an HTTP server and stores in memory. Its queue is emptied whenever somebody waits for it.
type system struct {
	table   *memory.Table
	queue   *memory.Queue
	process *process.Handler
	server  *httptest.Server
	mu      sync.Mutex
	ids     int
}

func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{table: memory.NewTable(), queue: memory.NewQueue()}
	objects := memory.NewArchive()
	channels, err := model.Channels()
	if err != nil {
		t.Fatal(err)
	}
	bots, err := model.Bots()
	if err != nil {
		t.Fatal(err)
	}
	s.process = process.New(process.Config{
		Workspaces: s.table, Timeline: s.table, History: s.table, Traits: s.table, Links: s.table, Claims: s.table, Marks: s.table, Failed: s.table,
		Refusals: s.table, Index: s.table, Archive: objects, Channels: channels, Bots: bots, Model: model.Stages, Properties: model.Properties(),
		Decode: queue.Decode, ObjectKey: archive.Key, Version: "test", Now: time.Now, NewID: s.id, Workers: 1,
		Sleep: func(context.Context, time.Duration) error { return nil }, Jitter: func(time.Duration) time.Duration { return 0 },
	})
	rolls := rollup.New(rollup.Config{
		Workspaces: s.table, Marks: s.table, Windows: s.table, Restated: s.table, Times: s.table, Store: s.table, Facts: objects, Persons: objects,
		Reader: httpapi.NewKeyring(s.table, time.Now).Reader, Model: model.Stages, Now: time.Now,
	})
	asks := query.New(query.Config{
		Keys: s.table, Workspaces: s.table, Store: s.table, Links: s.table, Aggregates: s.table, Marks: s.table, Windows: s.table, Failed: s.table,
		Persons: objects, Files: memory.NewBucket(),
		Refusals: s.table, Index: s.table, Archive: objects, Names: model.TrackNames(), Decode: queue.Decode,
		Queue: s.queue, DeadLetters: memory.NewQueue(), Model: model.Stages, Version: "test", Now: time.Now,
	})
	takes := collect.New(collect.Config{Keys: s.table, Queue: s.queue, Now: time.Now, NewID: s.id})
	s.server = httptest.NewServer(front.New(front.Config{
		Log: io.Discard,
		Routes: []front.Route{
			{Method: http.MethodPost, Path: "/v1/rollups", Function: "Rollup"},
			{Method: http.MethodGet, Path: "/v1/status", Function: "Query"},
			{Method: http.MethodGet, Path: "/v1/kpis", Function: "Query"},
			{Method: http.MethodGet, Path: "/v1/profiles/{id}", Function: "Query"},
			{Method: http.MethodPost, Path: "/v1/identities/unlink", Function: "Query"},
			{Method: http.MethodPost, Path: "/v1/batch", Function: "Collect"},
		},
		Invoke: func(ctx context.Context, function string, payload []byte) ([]byte, bool, error) {
			if function == "Rollup" {
				return answered(rolls.Handle(ctx, payload))
			}
			var e events.APIGatewayV2HTTPRequest
			if err := json.Unmarshal(payload, &e); err != nil {
				return nil, false, err
			}
			if function == "Query" {
				return answered(asks.Handle(ctx, e))
			}
			return answered(takes.Handle(ctx, e))
		},
	}))
	t.Cleanup(s.server.Close)
	return s
}

func answered[T any](answer T, err error) ([]byte, bool, error) {
	if err != nil {
		return []byte(err.Error()), true, nil
	}
	payload, err := json.Marshal(answer)
	return payload, false, err
}

func (s *system) id() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	return fmt.Sprint("id-", s.ids)
}

// config reaches the system; waiting for the queue is emptying it.
func (s *system) config() scenarios.HTTPConfig {
	return scenarios.HTTPConfig{
		URL: s.server.URL, Run: "test", Client: s.server.Client(), Now: time.Now, Pause: func(ctx context.Context, _ time.Duration) error { return s.drain(ctx) },
		CreateWorkspace: func(ctx context.Context, w scenarios.Workspace, model string) (scenarios.Keys, error) {
			made, err := workspace.New(w.Name, w.Zone, w.Currency, model)
			if err != nil {
				return scenarios.Keys{}, err
			}
			keys := scenarios.Keys{Write: "wk_" + w.Name, Secret: "sk_" + w.Name}
			made.Keys = []workspace.Key{
				{Text: keys.Write, Workspace: w.Name, Role: workspace.Write, Source: "web"}, {Text: keys.Secret, Workspace: w.Name, Role: workspace.Secret},
			}
			return keys, s.table.PutWorkspace(ctx, made)
		},
	}
}

// drain hands every waiting message to the consumer, ten at a time.
func (s *system) drain(ctx context.Context) error {
	for {
		taken := s.queue.Take(10)
		if len(taken) == 0 {
			return nil
		}
		var e events.SQSEvent
		for _, m := range taken {
			body, err := queue.Encode(m.Envelope)
			if err != nil {
				return err
			}
			e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint(m.Handle), Body: body})
		}
		response, err := s.process.Handle(ctx, e)
		if err != nil || len(response.BatchItemFailures) > 0 {
			return fmt.Errorf("process: %v, failures %v", err, response.BatchItemFailures)
		}
		for _, m := range taken {
			s.queue.Done(m.Handle)
		}
	}
}
