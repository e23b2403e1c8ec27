package front_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"waymark/infra/local/front"
)

// FuzzEvent describes any request to a function: the event is JSON, its body is the client's, byte for byte or with what is no UTF-8 replaced as
// text has it, and the query is the one that was sent.
func FuzzEvent(f *testing.F) {
	f.Add("application/json", []byte("\x1f\x8b\x08\x00"), "a=1&a=2&b=%zz&c;d", "one=1; two; =;")
	f.Add("", []byte("{}"), "", "")
	f.Add("", []byte("{}"), "a=1&flag&a=2&c=p+q&a=%20", "")
	f.Add("text/plain; charset=\"", []byte("\xff\xfe{\x00"), "%", "\xff")
	f.Add("application/vnd.api+json", []byte("é"), "&&==&", ";;")
	f.Add("TEXT/x", []byte(nil), "\xff=\xfe", "a=b")
	f.Fuzz(func(t *testing.T, contentType string, body []byte, query, cookie string) {
		var payload []byte
		api := front.New(front.Config{Routes: routes, Invoke: func(_ context.Context, _ string, event []byte) ([]byte, bool, error) {
			payload = event
			return []byte(`{}`), false, nil
		}})
		r := httptest.NewRequest(http.MethodPost, "/v1/track", strings.NewReader(string(body)))
		r.URL.RawQuery = query
		r.Header = http.Header{"Content-Type": {contentType}, "Cookie": {cookie}}
		api.ServeHTTP(httptest.NewRecorder(), r)
		var e struct {
			RawQueryString        string
			QueryStringParameters map[string]string
			Headers               map[string]string
			Body                  string
			IsBase64Encoded       bool
		}
		if err := json.Unmarshal(payload, &e); err != nil {
			t.Fatalf("the event %q is no JSON: %v", payload, err)
		}
		got, want := e.Body, asText(string(body))
		if e.IsBase64Encoded {
			raw, err := base64.StdEncoding.DecodeString(e.Body)
			if got, want = string(raw), string(body); err != nil {
				t.Fatalf("the body %q is no base64: %v", e.Body, err)
			}
		}
		if got != want {
			t.Errorf("the body of %q arrives as %q", body, got)
		}
		if isText := strings.HasPrefix(strings.ToLower(contentType), "text/"); isText && e.IsBase64Encoded {
			t.Errorf("a body of %q arrives as base64", contentType)
		}
		if e.RawQueryString != asText(query) || e.Headers["content-type"] != asText(contentType) {
			t.Errorf("the query %q arrives as %q, the type %q as %q", query, e.RawQueryString, contentType, e.Headers["content-type"])
		}
		values, err := url.ParseQuery(query)
		if err != nil || !utf8.ValidString(query) {
			return
		}
		for name, all := range values {
			if asText(name) == name && e.QueryStringParameters[name] != asText(strings.Join(all, ",")) {
				t.Errorf("of the query %q the parameter %q arrives as %q, want %q", query, name, e.QueryStringParameters[name], all)
			}
		}
	})
}

// asText is what JSON makes of bytes: each that is no UTF-8 is U+FFFD.
func asText(s string) string { return string([]rune(s)) }
