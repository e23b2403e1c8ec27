package collect_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/collect"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/trust"
	"waymark/shared/domain/workspace"
)

var (
	received = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	later    = event.At(received.Add(time.Hour))
	earlier  = event.At(received.Add(-time.Hour))
)

// keys is a key store in memory that counts what it is asked.
type keys struct {
	mu    sync.Mutex
	asked []string
	down  bool
	more  map[string]workspace.Key
}

func (k *keys) Key(_ context.Context, text string) (workspace.Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, text)
	if k.down {
		return workspace.Key{}, fault.New(fault.Unavailable, "throttled", "the table is throttled")
	}
	known := map[string]workspace.Key{
		"wk_demo":    {Workspace: "demo", Role: workspace.Write, Source: "web"},
		"wk_shop":    {Workspace: "shop", Role: workspace.Write, Source: "till", Origins: []string{"https://shop.example"}},
		"wk_old":     {Workspace: "demo", Role: workspace.Write, Source: "web", Expires: earlier},
		"wk_overlap": {Workspace: "demo", Role: workspace.Write, Source: "web", Expires: later},
		"ws_demo":    {Workspace: "demo", Role: workspace.Write, Source: "server", Kind: workspace.ServerSource},
		"sk_demo":    {Workspace: "demo", Role: workspace.Secret},
	}
	maps.Copy(known, aliases)
	for name, key := range k.more {
		known[name] = key
	}
	key, found := known[text]
	if !found {
		return workspace.Key{}, fault.New(fault.NotFound, "no_key", "there is no such key")
	}
	key.Text = text
	return key, nil
}

// queue keeps what was sent: events, and apart from them notes of refusals.
type queue struct {
	mu    sync.Mutex
	sent  []event.Envelope
	noted []event.Envelope
	down  error
}

func (q *queue) Send(_ context.Context, envelopes []event.Envelope) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.down != nil {
		return q.down
	}
	for _, e := range envelopes {
		if e.Refused != nil {
			q.noted = append(q.noted, e)
			continue
		}
		q.sent = append(q.sent, e)
	}
	return nil
}

// system is a handler with its surroundings.
type system struct {
	handler   *collect.Handler
	keys      *keys
	queue     *queue
	documents documents
	now       time.Time
	kind      workspace.Kind // of the source of wk_demo
}

func newSystem() *system {
	s := &system{keys: &keys{}, queue: &queue{}, now: received}
	s.handler = collect.New(collect.Config{
		Keys: s.keys, Documents: &s.documents, Queue: s.queue, Now: func() time.Time { return s.now }, NewID: func() string { return "made-here" },
		Salts: saltOfDays{}, NewSalt: func() string { return "unused" },
	})
	return s
}

// newServer is a system whose key wk_demo is that of a server, which may send the past and what a site may not.
func newServer() *system {
	s := newSystem()
	s.kind = workspace.ServerSource
	s.keys.more = map[string]workspace.Key{"wk_demo": {Workspace: "demo", Role: workspace.Write, Source: "web", Kind: s.kind}}
	return s
}

// request is what a test sends; Base64 sends the body as the gateway does when it does not take it for text.
type request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Query   string            `json:"query"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Base64  bool              `json:"base64"`
}

func (r request) envelope() events.APIGatewayV2HTTPRequest {
	body := r.Body
	if r.Base64 {
		body = base64.StdEncoding.EncodeToString([]byte(body))
	}
	return events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: r.Path, RawQueryString: r.Query, Headers: r.Headers, Body: body, IsBase64Encoded: r.Base64,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "r-1", TimeEpoch: received.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: r.Method, Path: r.Path, SourceIP: "192.0.2.7"},
		},
	}
}

func (s *system) send(t testing.TB, r request) events.APIGatewayV2HTTPResponse {
	t.Helper()
	return s.answer(t, r.envelope())
}

// answer is what the handler answers a request of the gateway.
func (s *system) answer(t testing.TB, e events.APIGatewayV2HTTPRequest) events.APIGatewayV2HTTPResponse {
	t.Helper()
	response, err := httpapitest.Invoke(t.Context(), s.handler, e)
	if err != nil {
		t.Fatalf("Invoke: %v", err)
	}
	return response
}

func post(path, body string) request {
	return request{Method: "POST", Path: path, Body: body, Headers: map[string]string{"Authorization": basic("wk_demo:")}}
}

func basic(credentials string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}

func (r request) with(headers map[string]string) request {
	r.Headers = maps.Clone(r.Headers)
	if r.Headers == nil {
		r.Headers = map[string]string{}
	}
	maps.Copy(r.Headers, headers)
	return r
}

// envelope is what demo sends, besides what a test changes.
func envelope(events ...string) event.Envelope {
	e := event.Envelope{Version: event.EnvelopeVersion, Workspace: "demo", Source: "web", Received: event.At(received), Request: "r-1"}
	for _, one := range events {
		e.Events = append(e.Events, json.RawMessage(one))
	}
	return e
}

const (
	fine     = `{"success":true}`
	goodPage = `{"type":"page","anonymousId":"a1"}`
)

// queued is how an envelope of events as they were sent is queued: the good ones as they are read and judged, the others as
// they are, with what process needs to read them.
func (s *system) queued(sent event.Envelope) event.Envelope {
	if s.kind == workspace.Site {
		sent.Network = "192.0.2.0/24"
	}
	accepted, rejected := sent.Open(trust.Source{Kind: s.kind}.Judge())
	if len(accepted) == 0 {
		return sent
	}
	e := sent
	e.SentAt, e.Context, e.Type, e.Network, e.Events, e.Parsed = "", nil, "", "", nil, accepted
	for _, r := range rejected {
		e.SentAt, e.Context, e.Type, e.Network = sent.SentAt, sent.Context, sent.Type, sent.Network
		e.Events, e.At = append(e.Events, r.Raw), append(e.At, r.Stamp.Index)
	}
	return e
}

// checkSent compares all that is queued with what was sent.
func (s *system) checkSent(t *testing.T, sent ...event.Envelope) {
	t.Helper()
	var want []event.Envelope
	for _, e := range sent {
		want = append(want, s.queued(e))
	}
	if !reflect.DeepEqual(s.queue.sent, want) {
		t.Errorf("queued\n%s\nwant\n%s", asJSON(s.queue.sent), asJSON(want))
	}
}

func asJSON(v any) string {
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func checkAnswer(t *testing.T, got events.APIGatewayV2HTTPResponse, status int, body string) {
	t.Helper()
	if got.StatusCode != status || got.Body != body {
		t.Errorf("answered %d %s\nwant %d %s", got.StatusCode, got.Body, status, body)
	}
}

// failure is the body of an answer that refuses a request as a whole.
func failure(code, message string) string {
	return `{"success":false,"code":"` + code + `","message":"` + message + `","error":"` + message + `","details":[],"request_id":"r-1"}`
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	event := `{"event":"Signed Up","userId":"42"}`
	batch := `{"batch":[` + goodPage + `]}`
	cases := []struct {
		path, body, typ, queued string
	}{
		{"/v1/track", event, "track", event},
		{"/v1/t", event, "track", event},
		{"/v1/page", event, "page", event},
		{"/v1/p", event, "page", event},
		{"/v1/screen", event, "screen", event},
		{"/v1/s", event, "screen", event},
		{"/v1/identify", event, "identify", event},
		{"/v1/i", event, "identify", event},
		{"/v1/group", event, "group", event},
		{"/v1/g", event, "group", event},
		{"/v1/alias", `{"userId":"42","previousId":"41"}`, "alias", `{"userId":"42","previousId":"41"}`},
		{"/v1/a", `{"userId":"42","previousId":"41"}`, "alias", `{"userId":"42","previousId":"41"}`},
		{"/v1/batch", batch, "", goodPage},
		{"/v1/b", batch, "", goodPage},
		{"/v1/import", batch, "", goodPage},
		{"/v1/import/", batch, "", goodPage},
		{"/v1/track///", event, "track", event},
		{"/v1/beacon", goodPage, "", goodPage},
		{"/v1/beacon", batch, "", goodPage},
		{"/beacon/v1/batch", batch, "", goodPage},
	}
	for _, c := range cases {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			checkAnswer(t, s.send(t, post(c.path, c.body)), 200, fine)
			want := envelope(c.queued)
			want.Type = eventType(c.typ)
			s.checkSent(t, want)
		})
	}
}

func eventType(name string) event.Type { return event.Type(name) }

func TestWhatIsNoRoute(t *testing.T) {
	t.Parallel()
	s := newSystem()
	noRoute := failure("no_route", "there is no such route; docs/api.md lists them")
	checkAnswer(t, s.send(t, post("/v1/tracks", goodPage)), 404, noRoute)
	checkAnswer(t, s.send(t, request{Method: "GET", Path: "/"}), 404, noRoute)
	checkAnswer(t, s.send(t, request{}), 404, noRoute)
	get := s.send(t, request{Method: "GET", Path: "/v1/track"})
	checkAnswer(t, get, 405, failure("wrong_method", "this route takes POST"))
	if got, want := get.Headers["allow"], "POST, OPTIONS"; got != want {
		t.Errorf("allow header is %q, want %q", got, want)
	}
	checkAnswer(t, s.send(t, post("/v1/pixel.gif", goodPage)), 405, failure("wrong_method", "this route takes GET, HEAD"))
	s.checkSent(t)
}

func TestQueueDown(t *testing.T) {
	t.Parallel()
	for _, down := range []error{
		fault.New(fault.Unavailable, "partly_queued", "2 of 10 entries were not queued"), context.DeadlineExceeded, errors.New("no such host queue.internal"),
	} {
		s := newSystem()
		s.queue.down = down
		got := s.send(t, post("/v1/page", goodPage))
		checkAnswer(t, got, 503, failure("unavailable", "the system cannot take this request now; send it again after 5 seconds"))
		if got.Headers["retry-after"] != "5" {
			t.Errorf("with %v the headers are %v, want retry-after 5", down, got.Headers)
		}
	}
}

func TestRequestWithoutTimeAndID(t *testing.T) {
	t.Parallel()
	s := newSystem()
	bare := post("/v1/page", goodPage).envelope()
	bare.RequestContext.RequestID, bare.RequestContext.TimeEpoch = "", 0
	s.now = received.Add(time.Minute)
	checkAnswer(t, s.answer(t, bare), 200, fine)
	want := envelope(goodPage)
	want.Type, want.Request, want.Received = "page", "made-here", event.At(s.now)
	s.checkSent(t, want)
}

func TestBatchPassesOnWhatItSays(t *testing.T) {
	t.Parallel()
	s := newSystem()
	body := `{"sentAt":"2026-11-22T09:29:59.123456789Z","context":{"library":{"name":"analytics-go"}},"messageId":"b1","batch":[` + goodPage + `,{"type":"page"},` + goodPage + `]}`
	if got := s.send(t, post("/v1/batch", body)); got.StatusCode != 200 {
		t.Errorf("answered %d %s, want 200", got.StatusCode, got.Body)
	}
	want := envelope(goodPage, `{"type":"page"}`, goodPage)
	want.SentAt, want.Context = "2026-11-22T09:29:59.123456789Z", json.RawMessage(`{"library":{"name":"analytics-go"}}`)
	s.checkSent(t, want)
}

func TestBatchDropsWhatSaysNothing(t *testing.T) {
	t.Parallel()
	for _, extra := range []string{
		`"sentAt":null,"context":null`, `"sentAt":17,"context":"x"`, `"sentAt":"soon","context":[1]`,
		`"sentAt":"` + strings.Repeat(" ", 100) + `","SentAt":"2026-11-22T09:29:59Z","Context":{"a":1}`,
	} {
		s := newSystem()
		s.send(t, post("/v1/batch", `{"batch":[`+goodPage+`,{"type":"page"}],`+extra+`}`))
		s.checkSent(t, envelope(goodPage, `{"type":"page"}`))
	}
}
