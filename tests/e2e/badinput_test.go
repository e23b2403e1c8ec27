package e2e_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

// badInput is one request that something is wrong with, and what becomes of its events.
type badInput struct {
	name   string
	key    string // "" is the workspace's write key
	path   string // "" is /v1/track
	body   string
	sent   int    // events in it
	status int    // of the answer
	code   string // of a refusal
	class  string // under which rejected events are kept
	kept   int    // how many are rejected; the other events of an accepted request are in the profile
}

// one is a track call of the person whose profile counts what was accepted. more are members that come last; they take the place of those of the same
// name, for an event that has a key twice is rejected.
func one(id, more string) string {
	return object(more, `"type":"track"`, `"event":"Seen"`, `"anonymousId":"bad-input"`, fmt.Sprintf(`"messageId":%q`, id), `"timestamp":"2025-07-01T10:00:00Z"`)
}

// object writes members down, those first that more, which begins with a comma, does not hold.
func object(more string, members ...string) string {
	kept := slices.DeleteFunc(members, func(member string) bool {
		name, _, _ := strings.Cut(member, ":")
		return strings.Contains(more, ","+name+":")
	})
	return "{" + strings.TrimPrefix(strings.Join(kept, ",")+more, ",") + "}"
}

func many(n int, prefix string) string {
	var list []string
	for i := range n {
		list = append(list, one(fmt.Sprint(prefix, i), ""))
	}
	return strings.Join(list, ",")
}

// nested is a property so deep that its event, with properties and itself, has that many levels.
func nested(levels int) string {
	return `,"properties":{"a":` + strings.Repeat("[", levels-2) + strings.Repeat("]", levels-2) + `}`
}

// padded is an event of exactly so many bytes.
func padded(id string, size int) string {
	empty := len(one(id, `,"properties":{"pad":""}`))
	return one(id, `,"properties":{"pad":"`+strings.Repeat("x", size-empty)+`"}`)
}

var badInputs = []badInput{
	{name: "unknown key", key: "wk_nobody", body: one("key-1", ""), sent: 1, status: 401, code: "unknown_key"},
	{name: "no key", key: "-", body: one("key-2", ""), sent: 1, status: 401, code: "missing_key"},
	{name: "secret key", key: "secret", body: one("key-3", ""), sent: 1, status: 403, code: "secret_key"},
	{name: "no body", body: "", sent: 1, status: 400, code: "invalid_json"},
	{name: "broken JSON", body: `{"userId":"x",`, sent: 1, status: 400, code: "invalid_json"},
	{name: "two values", body: `{} {}`, sent: 1, status: 400, code: "invalid_json"},
	{name: "a list", body: `[1]`, sent: 1, status: 400, code: "not_an_object"},
	{name: "a raw control character", body: one("ctl-1", ",\"properties\":{\"a\":\"\x01\"}"), sent: 1, status: 400, code: "invalid_json"},
	{name: "bytes that are no UTF-8", body: one("utf-1", ",\"properties\":{\"a\":\"\xff\xfe\"}"), sent: 1, status: 200},
	{name: "escaped control characters", body: one("ctl-2", `,"event":"a\u0000b\u001f","properties":{"a":"\u0000\ud800"}`), sent: 1, status: 200},
	{name: "a control character in an id", body: one("ctl-3", `,"anonymousId":"a\u0000b"`), sent: 1, status: 200, class: "bad_identifier", kept: 1},
	{name: "a control character in the messageId", body: one(`ctl-4`, `,"messageId":"a\u0007"`), sent: 1, status: 200, class: "bad_identifier", kept: 1},
	{name: "event at the limit", body: padded("size-1", 32<<10), sent: 1, status: 200},
	{name: "event above the limit", body: padded("size-2", 32<<10+1), sent: 1, status: 200, class: "too_large", kept: 1},
	{name: "request above the limit", path: "/v1/batch", body: `{"batch":[` + one("size-3", "") + `],"pad":"` + strings.Repeat("x", 512<<10) + `"}`, sent: 1, status: 400, code: "request_too_large"},
	{name: "too many events", path: "/v1/batch", body: `{"batch":[` + strings.Repeat("{},", 2500) + `{}]}`, sent: 2501, status: 400, code: "too_many_events"},
	{name: "a batch that is none", path: "/v1/batch", body: `{"batch":7}`, sent: 1, status: 400, code: "bad_batch"},
	{name: "an empty batch", path: "/v1/batch", body: `{"batch":[]}`, sent: 0, status: 200},
	{name: "a long identifier", body: one("long-1", `,"anonymousId":"`+strings.Repeat("i", 513)+`"`), sent: 1, status: 200, class: "key_too_long", kept: 1},
	{name: "a long name", body: one("long-2", `,"event":"`+strings.Repeat("n", 513)+`"`), sent: 1, status: 200, class: "name_too_long", kept: 1},
	{name: "unknown type", path: "/v1/batch", body: `{"batch":[` + one("type-1", `,"type":"trick"`) + `,` + one("type-2", "") + `]}`, sent: 2, status: 200, class: "unknown_type", kept: 1},
	{name: "a key twice", body: one("twice-1", `,"properties":{"a":1,"a":2}`), sent: 1, status: 200, class: "bad_json", kept: 1},
	{name: "no type", path: "/v1/batch", body: `{"batch":[` + one("type-3", `,"type":null`) + `]}`, sent: 1, status: 200, class: "unknown_type", kept: 1},
	{name: "events that are none", path: "/v1/batch", body: `{"batch":[1,"x",null,[]]}`, sent: 4, status: 200, class: "bad_json", kept: 4},
	{name: "missing ids", body: one("ids-1", `,"anonymousId":null`), sent: 1, status: 200, class: "no_identifier", kept: 1},
	{name: "a blocked id", body: one("ids-2", `,"anonymousId":"undefined"`), sent: 1, status: 200, class: "blocked_identifier", kept: 1},
	{name: "no name", body: one("name-1", `,"event":""`), sent: 1, status: 200, class: "missing_name", kept: 1},
	{name: "the year 0", body: one("time-1", `,"timestamp":"0000-01-01T00:00:00Z"`), sent: 1, status: 200, class: "bad_time", kept: 1},
	{name: "the year 9999", body: one("time-2", `,"timestamp":"9999-12-31T23:59:59Z"`), sent: 1, status: 200, class: "bad_time", kept: 1},
	{name: "the year 10000", body: one("time-3", `,"timestamp":"+10000-01-01T00:00:00Z"`), sent: 1, status: 200, class: "bad_time", kept: 1},
	{name: "a time that is none", body: one("time-4", `,"timestamp":"yesterday"`), sent: 1, status: 200, class: "bad_time", kept: 1},
	{name: "32 levels", body: one("deep-1", nested(32)), sent: 1, status: 200},
	{name: "33 levels", body: one("deep-2", nested(33)), sent: 1, status: 200, class: "too_deep", kept: 1},
	{name: "10,000 levels", body: one("deep-3", nested(10_000)), sent: 1, status: 400, code: "too_deep"},
	{name: "an amount that is none", body: one("sum-1", `,"event":"Order Completed","properties":{"revenue":"a lot"}`), sent: 1, status: 200, class: "number_malformed", kept: 1},
	{name: "an amount beyond counting", body: one("sum-2", `,"event":"Order Completed","properties":{"revenue":1e300}`), sent: 1, status: 200, class: "number_out_of_range", kept: 1},
	{name: "a currency that is none", body: one("sum-3", `,"event":"Order Completed","properties":{"revenue":1,"currency":"money"}`), sent: 1, status: 200, class: "bad_currency", kept: 1},
	{name: "strict, one of two bad", path: "/v1/batch?strict=1", body: `{"batch":[` + one("strict-1", "") + `,` + one("strict-2", `,"type":"trick"`) + `]}`, sent: 2, status: 400, code: "rejected_events"},
	{name: "a good batch", path: "/v1/batch", body: `{"batch":[` + many(50, "good-") + `]}`, sent: 50, status: 200},
}

// TestBadInput sends everything that can be wrong with a request. Nothing is answered with 5xx, every event gets a named error or is kept with
// its class, and in the end every event sent is accounted for.
func TestBadInput(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "bad-input")
	sent, refused, accepted, rejected := 0, 0, 0, map[string]int{}
	for _, c := range badInputs {
		answer := c.post(t, w)
		code := ""
		if answer.Status != http.StatusOK {
			code = refusal(t, c.name, answer)
		}
		if answer.Status != c.status || code != c.code {
			t.Errorf("%s: answer %.300s, want %d %s", c.name, answer, c.status, c.code)
		}
		sent += c.sent
		if c.status != http.StatusOK {
			refused += c.sent
			continue
		}
		accepted += c.sent - c.kept
		if c.kept > 0 {
			rejected[c.class] += c.kept
		}
	}
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
	status, err := w.Status(t.Context())
	if err != nil || !maps.Equal(status.Failed, rejected) || status.Queues.Touchpoints.Dead != 0 {
		t.Errorf("status %+v, %v,\nwant failed %v and no dead message", status, err, rejected)
	}
	stored := allFailed(t, w)
	for _, f := range stored {
		if rejected[f.Class] == 0 || f.Reason == "" || f.Original == "" {
			t.Errorf("failed event %.300s, want a class of the table, a reason and its bytes", text(f))
		}
	}
	profile := get[person](t, w, "/v1/profiles/anon:bad-input")
	if profile.Touchpoints != accepted {
		t.Errorf("%d events are in the profile, want %d", profile.Touchpoints, accepted)
	}
	if sum := profile.Touchpoints + len(stored) + refused; sum != sent {
		t.Errorf("accepted %d + rejected %d + refused %d = %d, sent were %d", profile.Touchpoints, len(stored), refused, sum, sent)
	}
}

func (c badInput) post(t testing.TB, w e2e.Tenant) e2e.Answer {
	t.Helper()
	path := c.path
	if path == "" {
		path = "/v1/track"
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+path, bytes.NewReader([]byte(c.body)))
	if err != nil {
		t.Fatal(err)
	}
	switch c.key {
	case "":
		request.SetBasicAuth(w.Keys.Server, "")
	case "secret":
		request.SetBasicAuth(w.Keys.Secret, "")
	case "-":
	default:
		request.SetBasicAuth(c.key, "")
	}
	answer, err := e2e.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return answer
}

// refusal gives the code of an answer that refuses a request, which must also say it in words and name the request.
func refusal(t testing.TB, name string, answer e2e.Answer) string {
	t.Helper()
	answer.Status = http.StatusOK // so that it can be read like others
	full := into[struct {
		Success   *bool
		Code      string
		Message   string
		RequestID string `json:"request_id"`
	}](t, name, answer)
	if full.Success == nil || *full.Success || full.Code == "" || full.Message == "" || full.RequestID == "" {
		t.Errorf("%s: the answer %s lacks success false, a code, a message or a request id", name, answer.Body)
	}
	return full.Code
}

// allFailed reads every page of the failed events.
func allFailed(t testing.TB, w e2e.Tenant) []failedEvent {
	t.Helper()
	var all []failedEvent
	for cursor := ""; ; {
		page := get[failedList](t, w, "/v1/failed?limit=7&cursor="+cursor)
		all = append(all, page.Failed...)
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}
