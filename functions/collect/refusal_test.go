package collect_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"waymark/shared/domain/event"
)

// note is what is queued when a request is refused.
func note(source, code string, n int) event.Envelope {
	e := envelope()
	e.Source, e.Refused = source, &event.Refused{Code: code, Events: n}
	if source == "till" {
		e.Workspace = "shop"
	}
	return e
}

// withoutReasons takes the sentences out of notes, none of which may be without one or quote what was sent.
func withoutReasons(t *testing.T, notes []event.Envelope) []event.Envelope {
	t.Helper()
	for i := range notes {
		refused := *notes[i].Refused
		if refused.Reason == "" || strings.Contains(strings.ReplaceAll(refused.Reason, `"…"`, ""), `"`) || strings.Contains(refused.Reason, "evil") {
			t.Errorf("the note of %s says %q, want a sentence that quotes nothing", refused.Code, refused.Reason)
		}
		refused.Reason = ""
		notes[i].Refused = &refused
	}
	return notes
}

// Every refusal that belongs to a source is noted once, with as many events as it had; nothing of what was sent is in the note.
func TestRefusalsAreNoted(t *testing.T) {
	t.Parallel()
	inBody := func(body string) request {
		return request{Method: "POST", Path: "/v1/batch", Body: body, Headers: map[string]string{}}
	}
	strict := post("/v1/batch", `{"batch":[`+goodPage+`,{"type":"page"},`+goodPage+`]}`)
	strict.Query = "strict=1"
	tooMany := `{"batch":[` + strings.Repeat(goodPage+`,`, 2500) + goodPage + `]}`
	context := `{"writeKey":"wk_demo","batch":[` + goodPage + `,` + goodPage + `],"context":{"p":"` + strings.Repeat("x", 33000) + `"}}`
	broken := post("/v1/batch", "\x1f\x8b\x08")
	broken.Base64 = true
	cut := inBody(packed(t, `{"writeKey":"wk_demo","batch":[`+goodPage+`,`+goodPage+`,`+strings.Repeat("x", 9000)+`]}`))
	cut.Base64, cut.Body = true, cut.Body[:len(cut.Body)-9]
	shop := post("/v1/batch", `{"batch":[`+goodPage+`,`+goodPage+`]}`)
	shop.Headers = map[string]string{"authorization": basic("wk_shop:"), "origin": "https://evil.example"}
	withKey := func(key string) request {
		r := post("/v1/page", `{`)
		r.Headers = map[string]string{"authorization": basic(key + ":")}
		return r
	}
	for _, c := range []struct {
		name string
		request
		status int
		want   []event.Envelope
	}{
		{"broken JSON", post("/v1/page", `{`), 400, []event.Envelope{note("web", "invalid_json", 1)}},
		{"gzip", broken, 400, []event.Envelope{note("web", "gzip_truncated", 1)}},
		{"too large", post("/v1/page", strings.Repeat("x", 512<<10+1)), 400, []event.Envelope{note("web", "request_too_large", 1)}},
		{"too many", post("/v1/batch", tooMany), 400, []event.Envelope{note("web", "too_many_events", 2501)}},
		{"too many, key in the body", inBody(strings.Replace(tooMany, "{", `{"writeKey":"wk_demo",`, 1)), 400, []event.Envelope{note("web", "too_many_events", 2501)}},
		{"context too large", inBody(context), 400, []event.Envelope{note("web", "context_too_large", 2)}},
		{"no batch", inBody(`{"writeKey":"wk_demo","batch":7}`), 400, []event.Envelope{note("web", "bad_batch", 1)}},
		{"strict", strict, 400, []event.Envelope{note("web", "rejected_events", 3)}},
		{"from another site", shop, 403, []event.Envelope{note("till", "origin_refused", 2)}},
		{"pixel", request{Method: "GET", Path: "/v1/pixel.gif", Query: "writeKey=wk_demo&data=%21"}, 400, []event.Envelope{note("web", "bad_base64", 1)}},
		{"unreadable behind the key", inBody(`{"writeKey":"wk_demo"`), 400, []event.Envelope{note("web", "invalid_json", 1)}},
		{"too large, key at the end", inBody(`{"batch":[` + strings.Repeat(goodPage+`,`, 20_000) + goodPage + `],"writeKey" : "wk_demo"}`), 400, []event.Envelope{note("web", "request_too_large", 1)}},
		{"cut off while packed", cut, 400, []event.Envelope{note("web", "gzip_truncated", 1)}},
		{"form", inBody(`writeKey=wk_demo&properties={`), 400, []event.Envelope{note("web", "bad_form", 1)}},
		{"key within an event", inBody(`{"batch":[{"writeKey":"wk_demo"`), 400, nil},
		{"key within a text", inBody(`{"a":"\"writeKey\":\"wk_demo\""`), 400, nil},
		{"two keys in the body", inBody(`{"writeKey":"wk_demo","writeKey":"wk_shop","batch":[]}`), 400, nil},
		{"two keys", request{Method: "POST", Path: "/v1/page", Query: "writeKey=wk_shop", Body: goodPage, Headers: post("", "").Headers}, 400, nil},
		{"unknown key", withKey("wk_nobody"), 400, nil},
		{"expired key", withKey("wk_old"), 400, nil},
		{"secret key", withKey("sk_demo"), 400, nil},
		{"taken", post("/v1/page", goodPage), 200, nil},
		{"taken, and bad", post("/v1/page", `{}`), 200, nil},
		{"nothing to take", post("/v1/batch", `{"batch":[]}`), 200, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			if got := s.send(t, c.request); got.StatusCode != c.status {
				t.Errorf("answered %d %s, want %d", got.StatusCode, got.Body, c.status)
			}
			if got, want := asJSON(withoutReasons(t, s.queue.noted)), asJSON(c.want); got != want {
				t.Errorf("noted\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestRefusalOfWhatTheGatewayBroke(t *testing.T) {
	t.Parallel()
	s := newSystem()
	bad := post("/v1/track", "").envelope()
	bad.Body, bad.IsBase64Encoded = "%%%", true
	if got := s.answer(t, bad); got.StatusCode != 400 {
		t.Errorf("answered %d, want 400", got.StatusCode)
	}
	if got, want := asJSON(withoutReasons(t, s.queue.noted)), asJSON([]event.Envelope{note("web", "bad_base64", 1)}); got != want {
		t.Errorf("noted\n%s\nwant\n%s", got, want)
	}
}

// A client that is refused is told so, whether that can be noted or not.
func TestRefusalWhileTheQueueIsDown(t *testing.T) {
	t.Parallel()
	data := "data=" + base64.RawURLEncoding.EncodeToString([]byte("[]"))
	for _, down := range []error{errors.New("no such host"), context.DeadlineExceeded} {
		s := newSystem()
		s.queue.down = down
		checkAnswer(t, s.send(t, post("/v1/page", `[]`)), 400, failure("not_an_object", "the body is not a JSON object"))
		s.keys.down = true
		pixel := s.send(t, request{Method: "GET", Path: "/v1/pixel.gif", Query: "writeKey=wk_overlap&" + data})
		checkAnswer(t, pixel, 400, failure("not_an_object", "the body is not a JSON object"))
	}
}
