package hostile_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/queue"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
	"waymark/tests/gateway"
	"waymark/tests/hostile"
)

// world is a system with a workspace of its own. Every event goes to collect as Lambda's bytes, and every question over HTTP.
type world struct {
	*system.System
	client *http.Client
}

func newWorld(t *testing.T) world {
	t.Helper()
	s := system.New(t, workspace.Workspace{Name: "hostile", Zone: "Europe/London", Currency: "GBP", Model: "default", Keys: []workspace.Key{
		{Text: "wk_hostile", Workspace: "hostile", Role: workspace.Write, Source: "web"}, {Text: "sk_hostile", Workspace: "hostile", Role: workspace.Secret},
	}})
	s.Now = time.Now()
	return world{s, gateway.Client(t, s)}
}

func (w world) get(ctx context.Context, path string) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://waymark.test"+path, nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer sk_hostile")
	response, err := w.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
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
func lambdaEvent(r hostile.Request, id string, now int64) events.APIGatewayV2HTTPRequest {
	path, rawQuery, _ := strings.Cut(strings.ReplaceAll(r.Target, hostile.WriteKey, "wk_hostile"), "?")
	if decoded, err := url.PathUnescape(path); err == nil {
		path = decoded
	}
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, RawQueryString: rawQuery, Headers: map[string]string{},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: id, TimeEpoch: now, HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: r.Method, Path: path, SourceIP: "192.0.2.7"},
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

func (w world) send(t *testing.T, r hostile.Request, id string) hostile.Answer {
	t.Helper()
	payload, err := json.Marshal(lambdaEvent(r, id, w.Now.UnixMilli()))
	if err != nil {
		t.Fatal(err)
	}
	if len(payload) > 6<<20 {
		return hostile.Answer{Status: http.StatusRequestEntityTooLarge} // by the gateway: no function is asked
	}
	raw, err := gateway.Function(w.System, "Collect").Invoke(t.Context(), payload)
	if err != nil {
		t.Fatalf("%s %.80q: collect ended with %v", r.Method, r.Target, err)
	}
	var response events.APIGatewayV2HTTPResponse
	if err := json.Unmarshal(raw, &response); err != nil {
		t.Fatal(err)
	}
	return hostile.Answer{Status: response.StatusCode, Request: id, Body: []byte(response.Body)}
}

// drain hands every message to process as the queue's bytes, of which SQS must take each: none may come back.
func (w world) drain(t *testing.T) {
	t.Helper()
	var bodies []string
	for _, m := range w.Queue.Take(1 << 20) {
		body, err := queue.Encode(m.Envelope)
		if err != nil {
			t.Fatalf("Encode: %v", err)
		}
		for i := range len(body) {
			if c := body[i]; c > 0x7f || c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				t.Fatalf("SQS would refuse the byte %#x of %.200s", c, body)
			}
		}
		bodies = append(bodies, body)
		w.Queue.Done(m.Handle)
	}
	if err := w.Queue.SendBodies(t.Context(), bodies); err != nil {
		t.Fatal(err)
	}
	w.Drain()
}

// TestHostileEvents sends the whole table as Lambda events.
func TestHostileEvents(t *testing.T) {
	t.Parallel()
	cases, err := hostile.Cases("../..")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	answers := make([]hostile.Answer, len(cases))
	for i, c := range cases {
		answers[i] = w.send(t, c.Request, fmt.Sprint("r-", i))
	}
	w.drain(t)
	tally, problems := hostile.Check(t.Context(), w.get, cases, answers)
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
