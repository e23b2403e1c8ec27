package collect_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	sqs "waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

func TestOneBadEventDoesNotSinkTheOthers(t *testing.T) {
	t.Parallel()
	s := newSystem()
	body := `{"batch":[` + goodPage + `,{"type":"track","anonymousId":"a1"},{"type":"jump","userId":"1"},7,` + goodPage + `]}`
	got := s.send(t, post("/v1/batch", body))
	checkAnswer(t, got, 200, `{"success":true,"accepted":2,"rejected":3,"details":[`+
		`{"index":1,"field":"event","code":"missing_name","reason":"a track call needs the name of the event"},`+
		`{"index":2,"field":"type","code":"unknown_type","reason":"type must be one of track, identify, page, screen, group, alias"},`+
		`{"index":3,"code":"bad_json","reason":"an event must be a JSON object"}]}`)
	s.checkSent(t, envelope(goodPage, `{"type":"track","anonymousId":"a1"}`, `{"type":"jump","userId":"1"}`, `7`, goodPage))
}

func TestStrictRefusesTheRequest(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"strict=1", "strict=true"} {
		s := newSystem()
		r := post("/v1/batch", `{"batch":[`+goodPage+`,{"type":"page"}]}`)
		r.Query = query
		message := "1 of 2 events are bad, see details; nothing was stored"
		checkAnswer(t, s.send(t, r), 400, `{"success":false,"code":"rejected_events","message":"`+message+`","error":"`+message+`","details":[`+
			`{"index":1,"code":"no_identifier","reason":"the event needs a userId or an anonymousId (or an e-mail, phone, loyalty or device id)"}],"request_id":"r-1"}`)
		s.checkSent(t)
		r.Body = `{"batch":[` + goodPage + `]}`
		checkAnswer(t, s.send(t, r), 200, fine)
		s.checkSent(t, envelope(goodPage))
	}
}

// TestRejectedHeader: whoever looks at the headers alone sees that events are bad, and whether all are.
func TestRejectedHeader(t *testing.T) {
	t.Parallel()
	const bad = `{"type":"page"}`
	batch := func(events ...string) request { return post("/v1/batch", `{"batch":[`+strings.Join(events, ",")+`]}`) }
	strict := batch(goodPage, bad)
	strict.Query = "strict=1"
	for _, c := range []struct {
		name string
		request
		status int
		want   string
	}{
		{"all good", batch(goodPage, goodPage), 200, ""},
		{"no event", batch(), 200, ""},
		{"all bad", batch(bad, bad, `7`), 200, "3/3"},
		{"some bad", batch(bad, goodPage), 200, "1/2"},
		{"one alone", post("/v1/track", `{"userId":"1"}`), 200, "1/1"},
		{"beacon", post("/v1/beacon", bad), 200, "1/1"},
		{"pixel", request{Method: "GET", Path: "/v1/pixel.gif", Query: "writeKey=wk_demo&type=jump"}, 200, "1/1"},
		{"pixel, good", request{Method: "GET", Path: "/v1/pixel.gif", Query: "writeKey=wk_demo&anonymousId=a1"}, 200, ""},
		{"strict", strict, 400, "1/2"},
		{"nothing was read", post("/v1/batch", `[`), 400, ""},
	} {
		got := newSystem().send(t, c.request)
		exposed := got.Headers["access-control-expose-headers"]
		if got.StatusCode != c.status || got.Headers["waymark-rejected"] != c.want || (exposed == "waymark-rejected") != (c.want != "") {
			t.Errorf("%s: %d with waymark-rejected %q, exposed %q, want %d with %q", c.name, got.StatusCode, got.Headers["waymark-rejected"], exposed, c.status, c.want)
		}
	}
}

func TestNotStrict(t *testing.T) {
	t.Parallel()
	s := newSystem()
	r := post("/v1/page", `{}`)
	r.Query = "strict=0"
	if got := s.send(t, r); got.StatusCode != 200 {
		t.Errorf("answered %d, want 200", got.StatusCode)
	}
}

func TestEmptyBatch(t *testing.T) {
	t.Parallel()
	s := newSystem()
	checkAnswer(t, s.send(t, post("/v1/batch", `{"batch":[]}`)), 200, fine)
	s.checkSent(t)
}

func TestUnusableBodies(t *testing.T) {
	t.Parallel()
	gzip := "\x1f\x8b\x08\x00\x00\x00\x00\x00"
	cases := []struct{ name, path, body, code, message string }{
		{"nothing", "/v1/track", "", "invalid_json", "the body is not JSON: the text ends too early, at byte 0"},
		{"broken", "/v1/track", `{"event":`, "invalid_json", "the body is not JSON: the text ends too early, at byte 9"},
		{"two values", "/v1/track", `{}{}`, "invalid_json", "the body is not JSON: unexpected character '{' after the value, at byte 3"},
		{"form that is none", "/v1/track", `data=e30%3`, "bad_form", "the body begins as a form and cannot be read as one; encode it, or send JSON"},
		{"list", "/v1/batch", `[` + goodPage + `]`, "not_an_object", "the body is not a JSON object"},
		{"null", "/v1/batch", `null`, "not_an_object", "the body is not a JSON object"},
		{"text", "/v1/beacon", `"hello"`, "not_an_object", "the body is not a JSON object"},
		{"no batch", "/v1/batch", goodPage, "bad_batch", "batch: a batch needs a list of events under this name"},
		{"batch is null", "/v1/batch", `{"batch":null}`, "bad_batch", "batch: a batch needs a list of events under this name"},
		{"batch is an object", "/v1/beacon", `{"batch":{}}`, "bad_batch", "batch: a batch needs a list of events under this name"},
		{"Batch is not batch", "/v1/batch", `{"Batch":[]}`, "bad_batch", "batch: a batch needs a list of events under this name"},
		{"gzip that ends early", "/v1/batch", gzip, "gzip_truncated", "the packed body ends before its end; send it whole"},
		{
			"gzip read as text", "/v1/batch", strings.ToValidUTF8(gzip, "\uFFFD"), "gzip_damaged",
			"the body was packed with gzip and damaged on the way because its Content-Type says text; send it as application/octet-stream, or plain",
		},
		{
			"10,000 levels", "/v1/track", `{"properties":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, "too_deep",
			"the request nests 10001 levels deep, an event may nest 32",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			r := post(c.path, c.body)
			r.Base64 = c.name == "gzip that ends early"
			checkAnswer(t, s.send(t, r), 400, failure(c.code, c.message))
			s.checkSent(t)
		})
	}
}

func TestBadBase64(t *testing.T) {
	t.Parallel()
	s := newSystem()
	bad := post("/v1/track", "").envelope()
	bad.Body, bad.IsBase64Encoded = "%%%", true
	checkAnswer(t, s.answer(t, bad), 400, failure("bad_base64", "the body is marked as base64 and is not; send the bytes as they are"))
}

// TestBodiesAsTheGatewayHandsThemOver: text or base64, whatever the Content-Type says.
func TestBodiesAsTheGatewayHandsThemOver(t *testing.T) {
	t.Parallel()
	types := []string{"", "text/plain", "application/json", "application/json; charset=utf-8", "application/x-www-form-urlencoded", "image/png"}
	for _, contentType := range types {
		for _, isBase64 := range []bool{false, true} {
			s := newSystem()
			r := post("/v1/page", goodPage).with(map[string]string{"content-type": contentType})
			r.Base64 = isBase64
			checkAnswer(t, s.send(t, r), 200, fine)
			want := envelope(goodPage)
			want.Type = "page"
			s.checkSent(t, want)
		}
	}
}

func TestOddButUsableBodies(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, body, queued string }{
		{"byte order mark", "\ufeff" + goodPage, goodPage},
		{"white space around", " \r\n" + goodPage + "\n", goodPage},
		{"number as id", `{"userId":42,"name":"x"}`, `{"userId":42,"name":"x"}`},
		{"nulls", `{"userId":null,"anonymousId":"a1","properties":null,"context":null,"timestamp":null}`, `{"userId":null,"anonymousId":"a1","properties":null,"context":null,"timestamp":null}`},
		{"a key in other letters is another key", `{"anonymousId":"a1","USERID":"evil"}`, `{"anonymousId":"a1","USERID":"evil"}`},
		{"no UTF-8", "{\"anonymousId\":\"a1\",\"name\":\"caf\xe9\"}", `{"anonymousId":"a1","name":"caf` + "\uFFFD" + `"}`},
		{"several bytes that are no UTF-8", "{\"anonymousId\":\"a1\",\"name\":\"\xe2\x82\"}", `{"anonymousId":"a1","name":"` + "\uFFFD\uFFFD" + `"}`},
		{"the write key stays here", `{"writeKey":"wk_demo","anonymousId":"a1","name":"<a&b>"}`, `{"anonymousId":"a1","name":"<a&b>"}`},
		{"in disguise too", `{"write\u004bey":"wk_demo","anonymousId":"a1"}`, `{"anonymousId":"a1"}`},
		{"but not what only has the name", `{"anonymousId":"a1","properties":{"writeKey":"x"}}`, `{"anonymousId":"a1","properties":{"writeKey":"x"}}`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			r := post("/v1/page", c.body)
			r.Base64 = true
			checkAnswer(t, s.send(t, r), 200, fine)
			want := envelope(c.queued)
			want.Type = "page"
			s.checkSent(t, want)
			batch := newSystem()
			r = post("/v1/batch", `{"batch":[`+strings.Trim(strings.TrimSpace(c.body), "\ufeff")+`]}`)
			r.Base64 = true
			batch.send(t, r)
			batch.checkSent(t, envelope(c.queued))
		})
	}
}

// TestKeysThatComeTwice: which of two a sender means nobody can know, so the event is bad, and kept as it was sent;
// where the whole request hangs on it, the request is refused.
func TestKeysThatComeTwice(t *testing.T) {
	t.Parallel()
	const twice = `{"userId":"a","writeKey":"wk_demo","properties":{"n":1,"\u006e":2}}`
	rejected := func(index int, field string) string {
		return fmt.Sprintf(`{"index":%d,"field":%q,"code":"bad_json","reason":"an object of the event has this key twice; send each key once"}`, index, field)
	}
	s := newSystem()
	checkAnswer(t, s.send(t, post("/v1/page", twice)), 200, `{"success":true,"accepted":0,"rejected":1,"details":[`+rejected(0, "n")+`]}`)
	checkAnswer(t, s.send(t, post("/v1/batch", `{"batch":[`+goodPage+`,{"userId":"a","userId":"a"}]}`)), 200, `{"success":true,"accepted":1,"rejected":1,"details":[`+rejected(1, "userId")+`]}`)
	one := envelope(`{"userId":"a","properties":{"n":1,"\u006e":2}}`)
	one.Type = event.Page
	s.checkSent(t, one, envelope(goodPage, `{"userId":"a","userId":"a"}`))

	body := func(key string) string { return `the body has the key \"` + key + `\" twice; send each key once` }
	for _, c := range []struct{ path, body, message string }{
		{"/v1/page", `{"writeKey":"wk_demo","anonymousId":"a1","writeKey":"wk_demo"}`, body("writeKey")},
		{"/v1/batch", `{"writeKey":"wk_demo","batch":[],"writeKey":"wk_demo"}`, body("writeKey")},
		{"/v1/batch", `{"batch":[],"batch":[` + goodPage + `]}`, body("batch")},
		{"/v1/beacon", `{"batch":[],"sentAt":null,"sentAt":null}`, body("sentAt")},
		{"/v1/batch", `{"batch":[` + goodPage + `],"context":{},"context":{}}`, body("context")},
		{"/v1/batch", `{"batch":[` + goodPage + `],"context":{"page":{"url":"a","url":"b"}}}`, `context: an object of the batch's context has the key \"url\" twice; send each key once`},
	} {
		s := newSystem()
		checkAnswer(t, s.send(t, post(c.path, c.body)), 400, failure("invalid_json", c.message))
		s.checkSent(t)
	}
	checkAnswer(t, newSystem().send(t, post("/v1/batch", `{"batch":[],"integrations":1,"integrations":2}`)), 200, fine) // nobody reads these
}

// TestLargeEventWithKeysThatComeTwice: shortening an event must not take the key away that makes it bad.
func TestLargeEventWithKeysThatComeTwice(t *testing.T) {
	t.Parallel()
	s := newSystem()
	body := strings.Replace(padded(1000), `{`, `{"userId":"a",`+strings.Repeat(" ", event.MaxEventBytes)+`"userId":"b",`, 1)
	got := s.send(t, post("/v1/page", body))
	if _, rejected := s.queue.sent[0].Open(); len(rejected) != 1 || fault.CodeOf(rejected[0].Err) != "bad_json" || !strings.Contains(got.Body, `"code":"bad_json"`) {
		t.Errorf("answered %s, and process says %v, want bad_json", got.Body, rejected)
	}
}

// TestSharedContextMustNotSwellTheQueue: 2,500 small events under one large context travel as they were sent; what
// process makes of them is the same.
func TestSharedContextMustNotSwellTheQueue(t *testing.T) {
	t.Parallel()
	events := make([]string, event.MaxEvents)
	for i := range events {
		events[i] = fmt.Sprintf(`{"type":"page","anonymousId":"a%d","messageId":"m"}`, i)
	}
	events[7] = `{"type":"page"}`
	events[8] = padded(30_000) // does not grow by much
	for _, context := range []string{`{"traits":{"about":"` + strings.Repeat("x", 32_000) + `"}}`, `{"userAgent":"x"}`} {
		s := newSystem()
		s.send(t, post("/v1/batch", `{"batch":[`+strings.Join(events, ",")+`],"context":`+context+`}`))
		sent := s.queue.sent[0]
		body, err := sqs.Encode(sent)
		if err != nil || len(body) > 3*event.MaxRequestBytes+event.MaxEvents*256 {
			t.Fatalf("the message has %d bytes, %v", len(body), err)
		}
		if parsed, want := len(sent.Parsed), map[bool]int{true: 1, false: event.MaxEvents - 1}[len(context) > 1000]; parsed != want || sent.Len() != event.MaxEvents {
			t.Errorf("%d of %d events travel as they were read, want %d", parsed, sent.Len(), want)
		}
		plain := envelope(events...)
		plain.Context, plain.Network = json.RawMessage(context), "192.0.2.0/24"
		got, _ := sent.Open()
		want, _ := plain.Open()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("under a context of %d bytes process reads other events", len(context))
		}
	}
}

// padded makes an event of exactly n bytes.
func padded(n int) string {
	return paddedWith(n, "x")
}

func paddedWith(n int, filler string) string {
	const head, tail = `{"type":"page","anonymousId":"a1","properties":{"p":"`, `"}}`
	room := max(n-len(head)-len(tail), 0)
	body := strings.Repeat(filler, room/len(filler))
	return head + body + strings.Repeat("x", room-len(body)) + tail
}

func TestSizeLimitsAreExact(t *testing.T) {
	t.Parallel()
	const limit = event.MaxEventBytes
	tooLarge := `{"success":true,"accepted":0,"rejected":1,"details":[{"index":0,"code":"too_large","reason":"the event has 32769 bytes, the limit is 32768; send less or split it"}]}`
	for n, want := range map[int]string{limit - 1: fine, limit: fine, limit + 1: tooLarge} {
		s := newSystem()
		checkAnswer(t, s.send(t, post("/v1/page", padded(n))), 200, want)
		checkAnswer(t, s.send(t, post("/v1/batch", `{"batch":[`+padded(n)+`]}`)), 200, want)
		for _, sent := range s.queue.sent {
			kept := 0
			for _, raw := range sent.Events {
				kept = len(raw)
			}
			for _, one := range sent.Parsed {
				kept = len(padded(0)) + len(one.Properties["p"].(string))
			}
			if kept != n {
				t.Errorf("of an event of %d bytes %d are queued, want all", n, kept)
			}
		}
	}
	spaced := strings.Replace(padded(limit), `:`, ` : `, 1)
	checkAnswer(t, newSystem().send(t, post("/v1/page", spaced)), 200, fine) // white space is not counted, the queue drops it
}

func TestRequestLimitIsExact(t *testing.T) {
	t.Parallel()
	const limit = event.MaxRequestBytes
	for n, want := range map[int]string{
		limit - 1: "", limit: "", limit + 1: failure("request_too_large", "the request has 524289 bytes, the limit is 524288; split the batch"),
	} {
		body := batchOf(16, 30_000)
		body = body[:len(body)-1] + strings.Repeat(" ", n-len(body)) + "}"
		s := newSystem()
		got := s.send(t, post("/v1/batch", body))
		if want == "" {
			checkAnswer(t, got, 200, fine)
			continue
		}
		checkAnswer(t, got, 400, want)
		s.checkSent(t)
	}
}

func batchOf(n, bytes int) string {
	events := make([]string, n)
	for i := range events {
		events[i] = padded(bytes)
	}
	return `{"batch":[` + strings.Join(events, ",") + `]}`
}

func TestEventCountLimitIsExact(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		event.MaxEvents - 1: "", event.MaxEvents: "",
		event.MaxEvents + 1: failure("too_many_events", "the batch has 2501 events, the limit is 2500; split it"),
	} {
		s := newSystem()
		got := s.send(t, post("/v1/batch", `{"batch":[`+strings.Repeat(goodPage+",", n-1)+goodPage+`]}`))
		if want == "" {
			checkAnswer(t, got, 200, fine)
			if queued := s.queue.sent[0].Len(); queued != n {
				t.Errorf("of %d events %d are queued", n, queued)
			}
			continue
		}
		checkAnswer(t, got, 400, want)
		s.checkSent(t)
	}
}

func TestContextLimitIsExact(t *testing.T) {
	t.Parallel()
	const limit = event.MaxEventBytes
	for n, want := range map[int]string{
		limit - 1: "", limit: "",
		limit + 1: failure("context_too_large", "context: the batch's context has 32769 bytes, the limit is 32768; move what is large into the events"),
	} {
		context := `{"a":"` + strings.Repeat("x", n-8) + `"}`
		got := newSystem().send(t, post("/v1/batch", `{"batch":[`+goodPage+`],"context":`+context+`}`))
		if want == "" {
			checkAnswer(t, got, 200, fine)
			continue
		}
		checkAnswer(t, got, 400, want)
	}
}

func TestDepthLimitIsExact(t *testing.T) {
	t.Parallel()
	nested := func(levels int) string {
		return `{"anonymousId":"a1","properties":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
	}
	tooDeep := `{"success":true,"accepted":0,"rejected":1,"details":[{"index":0,"code":"too_deep","reason":"the event nests 33 levels deep, the limit is 32"}]}`
	for levels, want := range map[int]string{31: fine, 32: fine, 33: tooDeep} {
		checkAnswer(t, newSystem().send(t, post("/v1/page", nested(levels))), 200, want)
	}
}

// TestContextDepthLimitIsExact: a context that no event could hold would be dropped from all of them, so the request is refused.
func TestContextDepthLimitIsExact(t *testing.T) {
	t.Parallel()
	for levels, want := range map[int]string{
		31: fine, 32: fine, 33: failure("context_too_deep", "context: the batch's context nests 33 levels deep, the limit is 32"),
	} {
		context := `{"a":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
		s := newSystem()
		if got := s.send(t, post("/v1/batch", `{"batch":[`+goodPage+`],"context":`+context+`}`)); got.Body != want || len(s.queue.sent) > 0 != (want == fine) {
			t.Errorf("%d levels are answered %d %s, want %s", levels, got.StatusCode, got.Body, want)
		}
	}
}

// TestHugeEventIsKeptInPart: what no store could hold whole still becomes a failed event that shows how it began.
func TestHugeEventIsKeptInPart(t *testing.T) {
	t.Parallel()
	s := newSystem()
	s.send(t, post("/v1/page", paddedWith(400_000, "é")))
	raw := s.queue.sent[0].Events[0]
	var kept struct {
		TooLarge  bool   `json:"too_large"`
		Bytes     int    `json:"bytes"`
		Beginning string `json:"beginning"`
	}
	if err := json.Unmarshal(raw, &kept); err != nil || !kept.TooLarge || kept.Bytes != 400_000 || !strings.HasPrefix(kept.Beginning, `{"type":"page"`) {
		t.Errorf("queued %.80s, %v, want the beginning of an event of 400,000 bytes", raw, err)
	}
	if _, err := event.Parse(raw, s.queue.sent[0].Stamp(0)); err == nil || !strings.HasPrefix(err.Error(), "too_large") {
		t.Errorf("process reads it as %v, want too_large", err)
	}
}
