package collect_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// The User-Agent of a request is the visitor's only where the visitor's browser sends it, and only where the event does not name one itself. That
// of a server's library must never make a bot.
func TestAgentOfTheVisitor(t *testing.T) {
	t.Parallel()
	const header, own = "Mozilla/5.0 (header)", "Mozilla/5.0 (own)"
	one, batch := `{"type":"page","anonymousId":"a1"%}`, `{"batch":[{"type":"page","anonymousId":"a1"%}]}`
	for _, c := range []struct{ name, method, path, body, context, header, want string }{
		{"beacon", "POST", "/v1/beacon", one, "", header, header},
		{"beacon with a batch", "POST", "/v1/beacon", batch, "", header, header},
		{"RudderStack's beacon", "POST", "/beacon/v1/batch", batch, "", header, header},
		{"pixel", "GET", "/v1/pixel.gif", "", "", header, header},
		{"beacon, the event's own", "POST", "/v1/beacon", batch, `,"context":{"userAgent":"` + own + `"}`, header, own},
		{"beacon, the event's own is empty", "POST", "/v1/beacon", batch, `,"context":{"userAgent":""}`, header, ""},
		{"beacon, another context", "POST", "/v1/beacon", batch, `,"context":{"ip":"0"}`, header, header},
		{"beacon, the batch's own", "POST", "/v1/beacon", `{"batch":[{"type":"page","anonymousId":"a1"}],"context":{"userAgent":"` + own + `","a":1}}`, "", header, own},
		{"beacon, the batch's context", "POST", "/v1/beacon", `{"batch":[{"type":"page","anonymousId":"a1"}],"context":{"a":1}}`, "", header, header},
		{"beacon without a header", "POST", "/v1/beacon", batch, "", "", ""},
		{"beacon, not UTF-8", "POST", "/v1/beacon", batch, "", "a\xffb", "a\ufffdb"},
		{"beacon, endless", "POST", "/v1/beacon", batch, "", strings.Repeat("x", 5000), strings.Repeat("x", 512)},
		{"batch", "POST", "/v1/batch", batch, "", "python-requests/2.32.3", ""},
		{"import", "POST", "/v1/import", batch, "", "curl/8.10.1", ""},
		{"track", "POST", "/v1/page", one, "", "Go-http-client/2.0", ""},
		{"track, the visitor's own", "POST", "/v1/page", one, `,"context":{"userAgent":"` + own + `"}`, "axios/1.7", own},
	} {
		s := newSystem()
		s.send(t, request{
			Method: c.method, Path: c.path, Query: "writeKey=wk_demo&anonymousId=a1", Body: strings.ReplaceAll(c.body, "%", c.context),
			Headers: map[string]string{"User-Agent": c.header},
		})
		if len(s.queue.sent) != 1 {
			t.Errorf("%s: %d envelopes are queued, want 1", c.name, len(s.queue.sent))
			continue
		}
		accepted, rejected := s.queue.sent[0].Open()
		if len(accepted) != 1 || accepted[0].Agent != c.want {
			t.Errorf("%s: queued is %+v %v, want one event with the agent %q", c.name, accepted, rejected, c.want)
		}
	}
}

// What else a batch's context says stays.
func TestAgentLeavesTheContext(t *testing.T) {
	t.Parallel()
	s := newSystem()
	r := post("/v1/beacon", `{"batch":[{"type":"page"}],"context":{"n":12345678901234567890,"t":"<é>"}}`)
	r.Headers["User-Agent"] = "A"
	s.send(t, r)
	want := envelope(`{"type":"page"}`)
	want.Context = json.RawMessage(`{"n":12345678901234567890,"t":"<é>","userAgent":"A"}`)
	s.checkSent(t, want)
}
