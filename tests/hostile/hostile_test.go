package hostile_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"waymark/functions/collect"
	"waymark/functions/process"
	"waymark/functions/query"
	"waymark/infra/local/front"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/workspace"
	"waymark/shared/failed"
	"waymark/shared/model"
	"waymark/tests/hostile"
)

// system is collect, process and query as Lambda runs them: every event and every message goes through them as bytes.
type system struct {
	table   *memory.Table
	queue   *memory.Queue
	collect lambda.Handler
	process lambda.Handler
	read    http.Handler
	ids     int
}

func newSystem(t *testing.T) *system {
	t.Helper()
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	s := &system{table: memory.NewTable(), queue: memory.NewQueue()}
	channels, err := model.Channels()
	if err != nil {
		t.Fatal(err)
	}
	bots, err := model.Bots()
	if err != nil {
		t.Fatal(err)
	}
	made, err := workspace.New("hostile", "Europe/London", "GBP", "default")
	if err != nil {
		t.Fatal(err)
	}
	made.Keys = []workspace.Key{
		{Text: "wk_hostile", Workspace: "hostile", Role: workspace.Write, Source: "web"}, {Text: "sk_hostile", Workspace: "hostile", Role: workspace.Secret},
	}
	if err := s.table.PutWorkspace(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	objects := memory.NewArchive()
	s.process = lambda.NewHandler(process.New(process.Config{
		Workspaces: s.table, Timeline: s.table, History: s.table, Traits: s.table, Links: s.table, Claims: s.table, Marks: s.table, Failed: s.table,
		Refusals: s.table, Index: s.table, Archive: objects, Channels: channels, Bots: bots, Model: model.Stages, Properties: model.Properties(), Decode: queue.Decode,
		ObjectKey: archive.Key, Version: "test", Now: time.Now, NewID: s.id, Workers: 1,
		Sleep: func(context.Context, time.Duration) error { return nil }, Jitter: func(time.Duration) time.Duration { return 0 },
	}).Handle)
	asks := query.New(query.Config{
		Keys: s.table, Workspaces: s.table, Store: s.table, Windows: s.table, Failed: s.table, Persons: objects, Files: memory.NewBucket(),
		Desk:  failed.Desk{Records: s.table, Changes: s.table, Queue: s.queue, Dead: memory.NewQueue(), Decode: queue.Decode, Now: time.Now},
		Queue: s.queue, DeadLetters: memory.NewQueue(), Model: model.Stages, Version: "test", Now: time.Now,
	})
	s.collect = lambda.NewHandler(collect.New(collect.Config{Keys: s.table, Queue: s.queue, Now: time.Now, NewID: s.id}).Handle)
	s.read = front.New(front.Config{
		Routes: []front.Route{
			{Method: http.MethodGet, Path: "/v1/profiles/{id}", Function: "Query"},
			{Method: http.MethodGet, Path: "/v1/profiles/{id}/timeline", Function: "Query"},
			{Method: http.MethodGet, Path: "/v1/failed", Function: "Query"},
			{Method: http.MethodGet, Path: "/v1/failed/{id}", Function: "Query"},
		},
		Invoke: func(ctx context.Context, _ string, payload []byte) ([]byte, bool, error) {
			answer, err := lambda.NewHandler(asks.Handle).Invoke(ctx, payload) // one handler writes all its answers into one buffer
			return answer, err != nil, err
		},
	})
	return s
}

func (s *system) id() string {
	s.ids++
	return fmt.Sprint("id-", s.ids)
}

func (s *system) get(ctx context.Context, path string) (int, []byte, error) {
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	request.Header.Set("Authorization", "Bearer sk_hostile")
	recorder := httptest.NewRecorder()
	s.read.ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.Bytes(), nil
}

// gatewayText says whether API Gateway hands a body over as text, as was seen on AWS.
func gatewayText(contentType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	switch kind = strings.TrimSpace(kind); kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// lambdaEvent is a request as API Gateway hands it over, written by hand and not by our own front.
func lambdaEvent(r hostile.Request, id string) events.APIGatewayV2HTTPRequest {
	path, rawQuery, _ := strings.Cut(strings.ReplaceAll(r.Target, hostile.WriteKey, "wk_hostile"), "?")
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, RawQueryString: rawQuery, Headers: map[string]string{},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: id, TimeEpoch: time.Now().UnixMilli(), HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: r.Method, Path: path, SourceIP: "192.0.2.7"},
		},
	}
	for _, h := range r.Header {
		e.Headers[strings.ToLower(h.Name)] = withKey(h.Value)
	}
	body := bytes.ReplaceAll(r.Body, []byte(hostile.WriteKey), []byte("wk_hostile"))
	if gatewayText(e.Headers["content-type"]) {
		e.Body = string(body) // the JSON of the event makes it valid UTF-8
		return e
	}
	e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	return e
}

// withKey puts the write key into a Basic header, where the table holds its place encoded.
func withKey(value string) string {
	place := base64.StdEncoding.EncodeToString([]byte(hostile.WriteKey + ":"))
	return strings.ReplaceAll(value, place, base64.StdEncoding.EncodeToString([]byte("wk_hostile:")))
}

func (s *system) send(t *testing.T, r hostile.Request, id string) hostile.Answer {
	t.Helper()
	payload, err := json.Marshal(lambdaEvent(r, id))
	if err != nil {
		t.Fatal(err)
	}
	if len(payload) > 6<<20 {
		return hostile.Answer{Status: http.StatusRequestEntityTooLarge} // by the gateway: no function is asked
	}
	raw, err := s.collect.Invoke(t.Context(), payload)
	if err != nil {
		t.Fatalf("%s %.80q: collect ended with %v", r.Method, r.Target, err)
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &response); err != nil {
		t.Fatal(err)
	}
	return hostile.Answer{Status: response.StatusCode, Request: id, Body: []byte(response.Body)}
}

// drain hands every message to process, ten at a time, as the queue would: none may come back.
func (s *system) drain(t *testing.T) {
	t.Helper()
	for taken := s.queue.Take(10); len(taken) > 0; taken = s.queue.Take(10) {
		var e events.SQSEvent
		for _, m := range taken {
			body, err := queue.Encode(m.Envelope)
			if err != nil {
				t.Fatalf("Encode: %v", err)
			}
			for i := range len(body) {
				if c := body[i]; c > 0x7f || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
					t.Fatalf("SQS would refuse the byte %#x of %.200s", c, body)
				}
			}
			e.Records = append(e.Records, events.SQSMessage{MessageId: fmt.Sprint(m.Handle), Body: body})
		}
		payload, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := s.process.Invoke(t.Context(), payload)
		if err != nil || string(raw) != `{"batchItemFailures":[]}` {
			t.Fatalf("process answers %s, %v, want no failure", raw, err)
		}
		for _, m := range taken {
			s.queue.Done(m.Handle)
		}
	}
}

// TestHostileEvents sends the whole table as Lambda events.
func TestHostileEvents(t *testing.T) {
	t.Parallel()
	cases, err := hostile.Cases("../..")
	if err != nil {
		t.Fatal(err)
	}
	s := newSystem(t)
	answers := make([]hostile.Answer, len(cases))
	for i, c := range cases {
		answers[i] = s.send(t, c.Request, fmt.Sprint("r-", i))
	}
	s.drain(t)
	tally, problems := hostile.Check(t.Context(), s.get, cases, answers)
	t.Logf("seen through Lambda events:\n%s", tally)
	if want := hostile.Fates(); !maps.Equal(tally, want) {
		t.Errorf("the fates are\n%s\nwant\n%s", tally, want)
	}
	for i, problem := range problems {
		if t.Error(problem); i == 40 {
			t.Fatalf("and %d more", len(problems)-i-1)
		}
	}
}
