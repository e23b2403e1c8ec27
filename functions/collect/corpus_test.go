package collect_test

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/aws/aws-lambda-go/events"
)

// corpusFile is one JSON text that parsers must accept, must reject, or may do as they like with.
type corpusFile struct {
	Name   string `json:"name"`
	Expect string `json:"expect"`
	Bytes  []byte `json:"base64"`
}

func corpus(t testing.TB) []corpusFile {
	t.Helper()
	packed, err := os.Open("testdata/bad_input/json_parsing.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	reader, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	parsing, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	transform, err := os.ReadFile("testdata/bad_input/json_transform.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	var files []corpusFile
	for _, line := range strings.Split(strings.TrimSpace(string(parsing)+string(transform)), "\n") {
		var f corpusFile
		decodeExactly(t, []byte(line), &f)
		files = append(files, f)
	}
	if len(files) != 176 {
		t.Fatalf("the corpus has %d files, want 176", len(files))
	}
	return files
}

// keyTwice is an object that has a key twice, which a parser must take. We do not take the event.
const keyTwice = "y_object_duplicated_key.json"

// TestJSONCorpusAsValue puts every file of the corpus in the place of a property's value: the request is taken exactly when a parser must
// accept the value, and refused when it must reject it.
func TestJSONCorpusAsValue(t *testing.T) {
	t.Parallel()
	const head, tail = `{"anonymousId":"a1","properties":{"value":`, `}}`
	for _, f := range corpus(t) {
		for _, path := range []string{"/v1/page", "/v1/batch"} {
			s := newSystem()
			body := head + string(f.Bytes) + tail
			if path == "/v1/batch" {
				body = `{"batch":[{"type":"page",` + body[1:] + `]}`
			}
			r := post(path, body)
			r.Base64 = true
			got := s.send(t, r)
			switch {
			case f.Name == keyTwice && got.StatusCode == 200 && strings.Contains(got.Body, `"rejected":1`):
			case f.Expect == "accept" && got.Body == fine && f.Name != keyTwice, f.Expect == "reject" && got.StatusCode == 400, f.Expect != "accept" && f.Expect != "reject" && got.StatusCode <= 400:
			default:
				t.Errorf("%s of %s (%q) is answered %d %s, want %s", path, f.Name, f.Bytes, got.StatusCode, got.Body, f.Expect)
			}
			s.checkAccounted(t, f.Name, got)
		}
	}
}

// TestJSONCorpusAsBody sends every file as it is.
func TestJSONCorpusAsBody(t *testing.T) {
	t.Parallel()
	for _, f := range corpus(t) {
		for _, path := range []string{"/v1/page", "/v1/batch", "/v1/beacon"} {
			s := newSystem()
			r := post(path, string(f.Bytes))
			r.Base64 = true
			got := s.send(t, r)
			if got.StatusCode != 200 && got.StatusCode != 400 || f.Expect == "reject" && got.StatusCode != 400 {
				t.Errorf("%s as body of %s is answered %d %s", f.Name, path, got.StatusCode, got.Body)
			}
			s.checkAccounted(t, f.Name, got)
		}
	}
}

// checkAccounted checks that an answer of 200 means that all is queued, and any other that nothing is.
func (s *system) checkAccounted(t testing.TB, name string, got events.APIGatewayV2HTTPResponse) {
	t.Helper()
	queued := 0
	for _, e := range s.queue.sent {
		queued += e.Len()
	}
	var answer struct{ Accepted, Rejected int }
	if got.StatusCode != 200 {
		if queued > 0 {
			t.Errorf("%s is answered %d and %d events are queued", name, got.StatusCode, queued)
		}
		return
	}
	if got.IsBase64Encoded || got.Body == fine {
		return
	}
	decodeExactly(t, []byte(got.Body), &answer)
	if answer.Accepted+answer.Rejected != queued {
		t.Errorf("%s: %d accepted, %d rejected, %d queued", name, answer.Accepted, answer.Rejected, queued)
	}
}

func naughty(t testing.TB) []string {
	t.Helper()
	var texts []string
	decodeFile(t, "testdata/bad_input/naughty_strings.json", &texts)
	if len(texts) != 515 {
		t.Fatalf("there are %d strings, want 515", len(texts))
	}
	return texts
}

var invisible, dash = regexp.MustCompile(`[\p{Cf}\x{fe00}-\x{fe0f}]`), regexp.MustCompile(`[\p{Pd}−]`)

// asSeen is an id as a reader sees it.
func asSeen(id string) string {
	id = dash.ReplaceAllString(invisible.ReplaceAllString(id, ""), "-")
	return strings.NewReplacer("１", "1", "２", "2", "３", "3").Replace(id)
}

// TestNaughtyStrings puts every string into nine places. None may be answered 5xx, and what is queued says what was sent.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	inEvent := map[string]func(string) map[string]any{
		"event":       func(s string) map[string]any { return map[string]any{"type": "track", "userId": "1", "event": s} },
		"userId":      func(s string) map[string]any { return map[string]any{"type": "page", "userId": s} },
		"trait key":   func(s string) map[string]any { return identify(map[string]any{s: "x"}) },
		"trait value": func(s string) map[string]any { return identify(map[string]any{"name": s}) },
		"url":         func(s string) map[string]any { return page(map[string]any{"url": s}) },
		"title":       func(s string) map[string]any { return page(map[string]any{"title": s}) },
	}
	for _, text := range naughty(t) {
		for place, make := range inEvent {
			s := newSystem()
			sent := make(text)
			body, err := json.Marshal(sent)
			if err != nil {
				t.Fatal(err)
			}
			got := s.send(t, post("/v1/beacon", string(body)))
			if got.StatusCode != 200 {
				t.Errorf("%q as %s is answered %d %s", text, place, got.StatusCode, got.Body)
				continue
			}
			if id, _ := sent["userId"].(string); id == text && !strings.Contains(got.Body, "rejected") {
				sent["userId"] = asSeen(id)
			}
			s.checkQueued(t, sent)
		}
		for place, r := range map[string]request{
			"user agent":     post("/v1/page", goodPage).with(map[string]string{"user-agent": text, "origin": text, "content-type": text}),
			"query":          {Method: "GET", Path: "/v1/pixel.gif", Query: "writeKey=wk_demo&title=" + url.QueryEscape(text) + "&" + text},
			"write key":      {Method: "POST", Path: "/v1/page", Query: "writeKey=" + url.QueryEscape(text), Body: goodPage},
			"path":           {Method: "POST", Path: "/" + text, Body: text, Headers: map[string]string{"authorization": text}},
			"key in a body":  post("/v1/page", `{"writeKey":`+string(write(t, text))+`,"anonymousId":"a1"}`),
			"key in a basic": {Method: "POST", Path: "/v1/page", Body: goodPage, Headers: map[string]string{"authorization": basic(text)}},
		} {
			if got := newSystem().send(t, r); got.StatusCode >= 500 || len(got.Headers["access-control-allow-origin"]) != 1 {
				t.Errorf("%q as %s is answered %d %s %v", text, place, got.StatusCode, got.Body, got.Headers)
			}
		}
	}
}

// checkQueued: an event says on the queue what was sent, whether it is good or bad.
func (s *system) checkQueued(t *testing.T, sent map[string]any) {
	t.Helper()
	said := map[string]any{}
	for _, raw := range s.queue.sent[0].Events {
		decodeExactly(t, raw, &said)
	}
	for _, e := range s.queue.sent[0].Parsed {
		said["type"] = string(e.Type)
		for name, value := range map[string]any{"event": e.Name, "userId": e.PrimaryID().Value(), "properties": e.Properties, "traits": e.Traits} {
			if _, was := sent[name]; was {
				said[name] = value
			}
		}
	}
	want := maps.Clone(sent)
	if name, isTrack := sent["event"].(string); isTrack && len(s.queue.sent[0].Parsed) > 0 {
		want["event"] = strings.Map(func(r rune) rune { // of a name control characters are not kept
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, name)
	}
	if asJSON(said) != asJSON(want) {
		t.Errorf("queued is %s, want %s", asJSON(said), asJSON(want))
	}
}

func identify(traits map[string]any) map[string]any {
	return map[string]any{"type": "identify", "userId": "1", "traits": traits}
}

func page(properties map[string]any) map[string]any {
	return map[string]any{"type": "page", "userId": "1", "properties": properties}
}

func write(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// FuzzHandle sends anything anywhere. Every answer is below 500 and parseable, and 200 means that everything is queued.
func FuzzHandle(f *testing.F) {
	for i, file := range corpus(f) {
		f.Add(uint8(i), "", []byte(`{"batch":[{"type":"page","userId":"1","properties":{"v":`+string(file.Bytes)+`}}]}`))
	}
	f.Add(uint8(0), "strict=1", []byte(goodPage))
	f.Add(uint8(15), "data="+base64.RawURLEncoding.EncodeToString([]byte(goodPage))+"&utm_source=x", []byte(nil))
	f.Add(uint8(2), "writeKey=wk_demo", []byte(`{"writeKey":"wk_shop","batch":[`+goodPage+`],"context":{"a":1},"sentAt":"2026-11-22"}`))
	paths := []string{
		"/v1/batch", "/v1/b", "/v1/import/", "/v1/beacon", "/v1/track", "/v1/t", "/v1/page", "/v1/screen", "/v1/identify", "/v1/group", "/v1/alias",
		"/v1/s", "/v1/g", "/v1/i", "/v1/a", "/v1/pixel.gif",
	}
	f.Fuzz(func(t *testing.T, where uint8, query string, body []byte) {
		s := newSystem()
		r := post(paths[int(where)%len(paths)], string(body))
		r.Query, r.Base64 = query, true
		if r.Path == "/v1/pixel.gif" {
			r.Method = "GET"
		}
		got := s.send(t, r)
		if got.StatusCode >= 500 {
			t.Fatalf("%s %q is answered %d %s", r.Path, body, got.StatusCode, got.Body)
		}
		if !got.IsBase64Encoded && !json.Valid([]byte(got.Body)) {
			t.Fatalf("the answer is no JSON: %q", got.Body)
		}
		s.checkAccounted(t, fmt.Sprintf("%q", body), got)
		for _, e := range s.queue.sent {
			for i, raw := range e.Events {
				if !json.Valid(raw) {
					t.Fatalf("event %d is queued as %q, which is not JSON", i, raw)
				}
			}
			accepted, rejected := e.Open()
			for _, one := range accepted {
				if len(one.Identifiers) == 0 {
					t.Fatalf("an event is accepted and names nobody: %+v", one)
				}
			}
			if n := strings.Count(got.Body, `"index":`); n != len(rejected) && !got.IsBase64Encoded {
				t.Fatalf("%s: %d events are answered as rejected, process rejects %d", body, n, len(rejected))
			}
		}
	})
}
