package collect_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi"
)

func TestWhereTheKeyIsLookedFor(t *testing.T) {
	t.Parallel()
	const (
		missing  = "send the write key: as user of a Basic Authorization header, as writeKey in the body, or as ?writeKey="
		unknown  = "the key is not known here; check it, and that it belongs to this installation"
		mismatch = "the Authorization header, the body and the query name different write keys; send one"
		secret   = "this is a secret key, which reads; send events with a write key, wk_…"
		expired  = "the key has expired; use the one that replaced it"
	)
	raw := base64.StdEncoding.EncodeToString
	cases := []struct {
		name, header, body, query string
		status                    int
		code, message             string
	}{
		{name: "Basic", header: basic("wk_demo:"), status: 200},
		{name: "Basic with a password", header: basic("wk_demo:secret"), status: 200},
		{name: "Basic without a colon", header: basic("wk_demo"), status: 200},
		{name: "Basic without padding", header: "basic " + base64.RawStdEncoding.EncodeToString([]byte("wk_demo:")), status: 200},
		{name: "body", body: `"writeKey":"wk_demo",`, status: 200},
		{name: "query", query: "writeKey=wk_demo", status: 200},
		{name: "all alike", header: basic("wk_demo:"), body: `"writeKey":"wk_demo",`, query: "writeKey=wk_demo", status: 200},
		{name: "body null", header: basic("wk_demo:"), body: `"writeKey":null,`, status: 200},
		{name: "unreadable header, key in body", header: "Basic !!!", body: `"writeKey":"wk_demo",`, status: 200},
		{name: "Basic without a user", header: basic(":wk_demo"), body: `"writeKey":"wk_demo",`, status: 200},
		{name: "old key in its overlap", header: basic("wk_overlap:"), status: 200},
		{name: "none", status: 401, code: "missing_key", message: missing},
		{name: "Bearer is for reading", header: "Bearer wk_demo", status: 401, code: "missing_key", message: missing},
		{name: "unknown", header: basic("wk_nobody:"), status: 401, code: "unknown_key", message: unknown},
		{name: "no text", body: `"writeKey":17,`, status: 401, code: "unknown_key", message: unknown},
		{name: "overlong", query: "writeKey=" + fmt.Sprintf("%0300d", 1), status: 401, code: "unknown_key", message: unknown},
		{name: "expired", header: basic("wk_old:"), status: 401, code: "key_expired", message: expired},
		{name: "secret", header: basic("sk_demo:"), status: 403, code: "secret_key", message: secret},
		{name: "header and body differ", header: basic("wk_demo:"), body: `"writeKey":"wk_shop",`, status: 400, code: "key_mismatch", message: mismatch},
		{name: "body and query differ", body: `"writeKey":"wk_demo",`, query: "writeKey=wk_shop", status: 400, code: "key_mismatch", message: mismatch},
		{name: "header and query differ", header: basic("wk_shop:"), query: "writeKey=wk_demo", status: 400, code: "key_mismatch", message: mismatch},
		{name: "the key of a batch's member is no key", body: `"batch":[{"writeKey":"wk_demo"}],`, status: 401, code: "missing_key", message: missing},
		{name: "raw header without a scheme", header: raw([]byte("wk_demo:")), status: 401, code: "missing_key", message: missing},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			r := request{
				Method: "POST", Path: "/v1/page", Query: c.query, Body: `{` + c.body + `"anonymousId":"a1"}`,
				Headers: map[string]string{"authorization": c.header},
			}
			got := s.send(t, r)
			if c.status == 200 {
				checkAnswer(t, got, 200, fine)
				want := envelope(`{"anonymousId":"a1"}`)
				want.Type = "page"
				s.checkSent(t, want)
				return
			}
			checkAnswer(t, got, c.status, failure(c.code, c.message))
			s.checkSent(t)
		})
	}
}

func TestKeyDecidesWorkspaceAndSource(t *testing.T) {
	t.Parallel()
	s := newSystem()
	body := `{"anonymousId":"a1","workspace":"demo","source":"web"}`
	r := request{Method: "POST", Path: "/v1/page", Query: "writeKey=wk_shop&workspace=demo", Body: body}
	checkAnswer(t, s.send(t, r), 200, fine)
	want := envelope(body)
	want.Type, want.Workspace, want.Source = "page", "shop", "till"
	s.checkSent(t, want)
}

func TestOrigins(t *testing.T) {
	t.Parallel()
	refused := failure("origin_refused", "the write key may not be used from this site; add the site to the key's origins")
	cases := []struct {
		key, origin string
		status      int
		headers     map[string]string // of CORS
	}{
		{"wk_demo", "", 200, anyone},
		{"wk_demo", "https://anywhere.example", 200, withCredentials("https://anywhere.example")},
		{"wk_demo", "http://localhost:8080", 200, withCredentials("http://localhost:8080")},
		{"wk_demo", "null", 200, anyone}, // a page without an origin of its own, such as a file
		{"wk_demo", "https://anywhere.example\r\nx-evil: 1", 200, anyone},
		{"wk_shop", "", 200, anyone},
		{"wk_shop", "https://shop.example", 200, withCredentials("https://shop.example")},
		{"wk_shop", "https://shop.example.evil.example", 403, anyone},
		{"wk_shop", "http://shop.example", 403, anyone},
		{"wk_shop", "null", 403, anyone},
		{"wk_shop", "https://shop.example\r\nx-evil: 1", 403, anyone},
		{"wk_nobody", "https://shop.example", 401, withCredentials("https://shop.example")},
	}
	for _, c := range cases {
		t.Run(c.key+" "+c.origin, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			got := s.send(t, post("/v1/page", goodPage).with(map[string]string{"Authorization": basic(c.key), "Origin": c.origin}))
			if got.StatusCode != c.status || c.status == 403 && got.Body != refused {
				t.Errorf("answered %d %s, want %d", got.StatusCode, got.Body, c.status)
			}
			checkCORS(t, got.Headers, c.headers)
		})
	}
}

var anyone = map[string]string{"access-control-allow-origin": "*"}

func withCredentials(origin string) map[string]string {
	return map[string]string{"access-control-allow-origin": origin, "access-control-allow-credentials": "true", "vary": "origin"}
}

func checkCORS(t *testing.T, headers, want map[string]string) {
	t.Helper()
	got := maps.Clone(headers)
	for _, name := range []string{"content-type", "cache-control", "x-content-type-options", "retry-after", "allow"} {
		delete(got, name)
	}
	if !maps.Equal(got, want) {
		t.Errorf("headers of CORS are %v, want %v", got, want)
	}
}

// TestPreflight: a browser asks before it knows the answer, so the key decides only where it is in the query; the real answer says the rest.
func TestPreflight(t *testing.T) {
	t.Parallel()
	ask := func(path, query, origin, headers string) (response map[string]string, asked []string) {
		s := newSystem()
		r := request{Method: "OPTIONS", Path: path, Query: query, Headers: map[string]string{
			"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": headers,
		}}
		got := s.send(t, r)
		checkAnswer(t, got, 200, fine)
		return got.Headers, s.keys.asked
	}
	answer := func(headers string, cors map[string]string) map[string]string {
		want := map[string]string{"access-control-allow-methods": "GET, POST, OPTIONS", "access-control-allow-headers": headers, "access-control-max-age": "7200"}
		maps.Copy(want, cors)
		return want
	}
	for _, path := range []string{"/v1/t", "/v1/batch/", "/v1/pixel.gif", "/sourceConfig/", "/v1/projects/wk_shop/settings", "/nothing", "/"} {
		got, asked := ask(path, "", "https://anywhere.example", "authorization")
		checkCORS(t, got, answer("authorization", withCredentials("https://anywhere.example")))
		if len(asked) > 0 {
			t.Errorf("the preflight of %s read keys %v, want none", path, asked)
		}
	}
	for _, c := range []struct {
		name, query, origin, headers string
		want                         map[string]string
	}{
		{"key with a list", "writeKey=wk_shop", "https://shop.example", "content-type", answer("content-type", withCredentials("https://shop.example"))},
		{"key with a list, from elsewhere", "writeKey=wk_shop", "https://evil.example", "content-type", answer("content-type", anyone)},
		{"unknown key", "writeKey=wk_nobody", "https://shop.example", "content-type", answer("content-type", withCredentials("https://shop.example"))},
		{"monitoring", "", "https://a.example", "Content-Type, traceparent,baggage , sentry-trace,x-datadog-trace-id", answer("content-type, traceparent, baggage, sentry-trace, x-datadog-trace-id", withCredentials("https://a.example"))},
		{"header nobody knows", "", "https://a.example", "x-evil,content-type", answer("content-type", withCredentials("https://a.example"))},
	} {
		got, _ := ask("/v1/t", c.query, c.origin, c.headers)
		t.Run(c.name, func(t *testing.T) { checkCORS(t, got, c.want) })
	}
}

// TestUnknownKeyCostsOneRead: whoever tries keys costs us no reads, and a key made later works in the end.
func TestUnknownKeyCostsOneRead(t *testing.T) {
	t.Parallel()
	s := newSystem()
	for i := range 1000 {
		s.now = received.Add(time.Duration(i) * httpapi.UnknownFor / 1000)
		s.send(t, request{Method: "POST", Path: "/v1/page", Query: "writeKey=wk_guess", Body: goodPage})
	}
	if got := len(s.keys.asked); got != 1 {
		t.Errorf("1000 requests with an unknown key asked the store %d times, want 1", got)
	}
	s.now = received.Add(httpapi.UnknownFor)
	s.send(t, request{Method: "POST", Path: "/v1/page", Query: "writeKey=wk_guess", Body: goodPage})
	if got := len(s.keys.asked); got != 2 {
		t.Errorf("after %v the store was asked %d times, want 2", httpapi.UnknownFor, got)
	}
}

func TestKnownKeyIsReadOncePerMinute(t *testing.T) {
	t.Parallel()
	s := newSystem()
	for i := range 120 {
		s.now = received.Add(time.Duration(i) * time.Second)
		checkAnswer(t, s.send(t, post("/v1/page", goodPage)), 200, fine)
	}
	if got := len(s.keys.asked); got != 2 {
		t.Errorf("in two minutes the store was asked %d times, want 2", got)
	}
}

func TestKeyExpiresWhileRemembered(t *testing.T) {
	t.Parallel()
	s := newSystem()
	r := request{Method: "POST", Path: "/v1/page", Query: "writeKey=wk_overlap", Body: goodPage}
	s.now = later.Time().Add(-time.Millisecond)
	checkAnswer(t, s.send(t, r), 200, fine)
	s.now = later.Time()
	checkAnswer(t, s.send(t, r), 401, failure("key_expired", "the key has expired; use the one that replaced it"))
}

func TestKeyStoreDown(t *testing.T) {
	t.Parallel()
	s := newSystem()
	s.keys.down = true
	down := failure("unavailable", "the system cannot take this request now; send it again after 5 seconds")
	checkAnswer(t, s.send(t, post("/v1/page", goodPage)), 503, down)
	s.keys.down = false
	checkAnswer(t, s.send(t, post("/v1/page", goodPage)), 200, fine) // not remembered as unknown
}
