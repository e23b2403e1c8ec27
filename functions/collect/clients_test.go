package collect_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waymark/shared/domain/event"
)

// recorded is a request as one client sends it, see testdata/clients/SOURCE.md.
type recorded struct {
	Client  string `json:"client"`
	Method  string `json:"method"`
	Path    string `json:"path"`
	Query   string `json:"query"`
	Headers map[string]string
	Body    json.RawMessage `json:"body"`
	Text    string          `json:"body_text"`
	Bytes   []byte          `json:"body_base64"`
	Want    struct {
		Status int    `json:"status"`
		Code   string `json:"code"`
		Queued *struct {
			SentAt  string            `json:"sent_at"`
			Context json.RawMessage   `json:"context"`
			Type    event.Type        `json:"type"`
			Events  []json.RawMessage `json:"events"`
		} `json:"queued"`
	} `json:"want"`
}

func (r recorded) request(t *testing.T) request {
	t.Helper()
	out := request{Method: r.Method, Path: r.Path, Query: r.Query, Headers: r.Headers, Body: r.Text}
	switch {
	case r.Body != nil:
		out.Body = string(compact(t, r.Body))
	case r.Bytes != nil:
		out.Body, out.Base64 = string(r.Bytes), true
	}
	return out
}

func compact(t *testing.T, raw []byte) []byte {
	t.Helper()
	var value any
	decodeExactly(t, raw, &value)
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestClients(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/clients/*.json")
	if err != nil || len(files) != 22 {
		t.Fatalf("there are %d recorded requests, %v, want 22", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			var r recorded
			decodeFile(t, file, &r)
			s := newSystem()
			got := s.send(t, r.request(t))
			var answer struct {
				Success bool
				Code    string
			}
			decodeExactly(t, []byte(got.Body), &answer)
			if got.StatusCode != r.Want.Status || answer.Code != r.Want.Code || answer.Success != (r.Want.Status == 200) {
				t.Fatalf("%s is answered %d %s, want %d %s", r.Client, got.StatusCode, got.Body, r.Want.Status, r.Want.Code)
			}
			if r.Want.Queued == nil {
				s.checkSent(t)
				return
			}
			if got.Body != fine {
				t.Errorf("answered %s, want nothing rejected", got.Body)
			}
			want := envelope()
			want.SentAt, want.Context, want.Type, want.Events = r.Want.Queued.SentAt, r.Want.Queued.Context, r.Want.Queued.Type, r.Want.Queued.Events
			s.checkSent(t, want)
		})
	}
}

// TestClientsPacked packs every request that may be queued, and hands it over as the edge does: it says the same.
func TestClientsPacked(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/clients/*.json")
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, file := range files {
		var r recorded
		decodeFile(t, file, &r)
		if r.Want.Queued == nil || r.Bytes != nil {
			continue // not to be queued, or packed as it is
		}
		sent++
		plain, behindEdge := newSystem(), newSystem()
		plain.send(t, r.request(t))
		pack := r.request(t).with(map[string]string{"content-encoding": "gzip", "content-type": "application/octet-stream", "waymark-content-type": "application/json"})
		pack.Body, pack.Base64 = packed(t, pack.Body), true
		checkAnswer(t, behindEdge.send(t, pack), 200, fine)
		behindEdge.checkSent(t, plain.queue.sent...)
	}
	if sent < 15 {
		t.Errorf("%d requests were packed, want 15 at least", sent)
	}
}

func decodeExactly(t testing.TB, raw []byte, into any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("decode %.200s: %v", raw, err)
	}
}

func decodeFile(t testing.TB, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decodeExactly(t, raw, into)
}

// example is one code block of the Segment specification, see testdata/segment_spec/SOURCE.md.
type example struct {
	Doc     string          `json:"doc"`
	N       int             `json:"n"`
	Call    string          `json:"call"`
	Form    string          `json:"form"`
	Payload json.RawMessage `json:"payload"`
	Args    []any           `json:"args"`
}

// TestSegmentExamples sends every published example unchanged. Some of them leave the identifiers out for brevity; those are kept as failed
// events, and accepted as soon as there is one.
func TestSegmentExamples(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/segment_spec/payloads.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		var e example
		decodeExactly(t, []byte(line), &e)
		if e.Call == "" {
			continue // a block that shows the object of integrations
		}
		sent++
		body, named := e.body(t)
		s := newServer()
		got := s.send(t, post("/v1/"+e.Call, body))
		if named {
			checkAnswer(t, got, 200, fine)
		} else if want := `"accepted":0,"rejected":1,"details":[{"index":0,"code":"no_identifier"`; got.StatusCode != 200 || !strings.Contains(got.Body, want) {
			t.Errorf("%s %d is answered %d %s, want 200 with %s", e.Doc, e.N, got.StatusCode, got.Body, want)
		}
		want := envelope(strings.ReplaceAll(body, "friend@example.com", "[email]")) // with whom a cart was shared ends at the door
		want.Type = event.Type(e.Call)
		s.checkSent(t, want)
		if !named {
			checkAnswer(t, newServer().send(t, post("/v1/"+e.Call, `{"anonymousId":"a1",`+body[1:])), 200, fine)
		}
	}
	if sent != 35 {
		t.Errorf("%d examples were sent, want 35", sent)
	}
}

// body is what a client sends for the example, and whether it names anybody.
func (e example) body(t *testing.T) (body string, named bool) {
	t.Helper()
	if e.Form == "body" {
		return string(e.Payload), strings.Contains(string(e.Payload), `"userId"`) || strings.Contains(string(e.Payload), `"anonymousId"`)
	}
	tree := map[string]any{"type": e.Call, "anonymousId": "a1", "messageId": "m1"}
	text := func(i int) string {
		if i >= len(e.Args) {
			return ""
		}
		s, _ := e.Args[i].(string)
		return s
	}
	switch e.Call {
	case "track":
		tree["event"], tree["properties"] = text(0), e.Args[1]
	case "identify":
		tree["traits"] = e.Args[len(e.Args)-1]
		if id := text(0); id != "" {
			tree["userId"] = id
		}
	case "group":
		tree["groupId"], tree["traits"] = text(0), e.Args[1]
	case "alias":
		tree["userId"], tree["previousId"] = text(0), "a1"
	case "page":
		tree["category"], tree["name"] = text(0), text(1)
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), true
}
