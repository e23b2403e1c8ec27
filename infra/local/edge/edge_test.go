package edge_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"waymark/infra/local/edge"
	"waymark/infra/local/template"
)

// deployed is the function of template.yaml.
func deployed(t *testing.T, parameters map[string]string) *edge.Edge {
	t.Helper()
	read, err := template.Load("../../../template.yaml", template.Options{Parameters: parameters})
	if err != nil {
		t.Fatal(err)
	}
	code, err := read.EdgeCode()
	if err != nil || code == "" {
		t.Fatalf("the template has the function %q, %v", code, err)
	}
	e, err := edge.New(code)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// seen is what the gateway gets.
type seen struct {
	Path, Query, Body, Host string
	Headers                 map[string]string
}

func gateway(got *seen) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*got = seen{Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Body: string(body), Host: r.Host, Headers: map[string]string{}}
		if viewer := r.Header.Get("Waymark-Viewer"); viewer != "192.0.2.1" {
			got.Headers["waymark-viewer"] = "it says " + viewer
		}
		r.Header.Del("Waymark-Viewer")
		for name := range r.Header {
			got.Headers[strings.ToLower(name)] = strings.Join(r.Header.Values(name), ",")
		}
	})
}

type headers = map[string]string

// passage is a request and what the gateway gets of it; nil when the edge answers 404.
type passage struct {
	name       string
	parameters map[string]string
	path       string
	headers    headers
	want       *seen
}

func passages() []passage {
	atX7 := map[string]string{"EdgePath": "/x7"}
	renamed := map[string]string{"EdgePath": "/x7", "EdgeScript": "kit"}
	return []passage{
		{"plain JSON", nil, "/v1/track?a=b&a=c&%zz", headers{"content-type": "application/json"}, &seen{
			Path: "/v1/track", Query: "a=b&a=c&%zz", Headers: headers{"content-type": "application/json", "waymark-edge": "t.shop.example"},
		}},
		{"packed JSON", nil, "/v1/batch", headers{"content-type": "application/json", "content-encoding": "gzip"}, &seen{Path: "/v1/batch", Headers: headers{
			"content-type": "application/octet-stream", "content-encoding": "gzip", "waymark-content-type": "application/json", "waymark-edge": "t.shop.example",
		}}},
		{"packed text, in capitals", nil, "/v1/b", headers{"content-type": "text/plain; charset=utf-8", "content-encoding": "GZIP"}, &seen{Path: "/v1/b", Headers: headers{
			"content-type": "application/octet-stream", "content-encoding": "GZIP", "waymark-content-type": "text/plain; charset=utf-8", "waymark-edge": "t.shop.example",
		}}},
		{"packed without a type", nil, "/v1/b", headers{"content-encoding": "gzip"}, &seen{Path: "/v1/b", Headers: headers{
			"content-encoding": "gzip", "waymark-edge": "t.shop.example",
		}}},
		{"encoded not at all", nil, "/v1/b", headers{"content-type": "application/json", "content-encoding": "identity"}, &seen{Path: "/v1/b", Headers: headers{
			"content-type": "application/json", "content-encoding": "identity", "waymark-edge": "t.shop.example",
		}}},
		{"text that does not say how it is packed", nil, "/e/", headers{"content-type": "text/plain"}, &seen{Path: "/e/", Headers: headers{
			"content-type": "application/octet-stream", "waymark-content-type": "text/plain", "waymark-edge": "t.shop.example",
		}}},
		{"what collect needs, and no cookies", nil, "/v1/profiles/user%3A42%2F7", headers{
			"authorization": "Bearer sk", "origin": "https://shop.example", "referer": "https://shop.example/", "user-agent": "A/1", "sec-gpc": "1",
			"cloudfront-viewer-country": "SE", "cookie": "session=secret; a=b", "waymark-viewer": "198.51.100.7", "waymark-edge": "evil.example", "waymark-content-type": "text/html",
		}, &seen{Path: "/v1/profiles/user%3A42%2F7", Headers: headers{
			"authorization": "Bearer sk", "origin": "https://shop.example", "referer": "https://shop.example/", "user-agent": "A/1", "sec-gpc": "1",
			"cloudfront-viewer-country": "SE", "waymark-edge": "t.shop.example",
		}}},
		{"bytes that are no text, two slashes", nil, "//v1//track", headers{"user-agent": "caf\xe9\xff", "content-type": "a\xff", "content-encoding": "gzip"}, &seen{Path: "//v1//track", Headers: headers{
			"user-agent": "caf\xe9\xff", "content-type": "application/octet-stream", "content-encoding": "gzip", "waymark-content-type": "a\xff", "waymark-edge": "t.shop.example",
		}}},
		{"path", atX7, "/x7/v1/track", headers{}, &seen{Path: "/v1/track", Headers: headers{"waymark-edge": "t.shop.example/x7"}}},
		{"path and script", atX7, "/x7/wm.js", headers{}, &seen{Path: "/wm.js", Headers: headers{"waymark-edge": "t.shop.example/x7"}}},
		{"path left out", atX7, "/v1/track", headers{}, nil},
		{"path alone", atX7, "/x7", headers{}, nil},
		{"another path that begins so", atX7, "/x70/v1/track", headers{}, nil},
		{"renamed script", renamed, "/x7/kit.js", headers{}, &seen{Path: "/wm.js", Headers: headers{"waymark-edge": "t.shop.example/x7"}}},
		{"renamed full script", renamed, "/x7/kit.full.js", headers{}, &seen{Path: "/wm.full.js", Headers: headers{"waymark-edge": "t.shop.example/x7"}}},
		{"renamed script of a version", renamed, "/x7/kit/1.0.0-4182069b7a/kit.js", headers{}, &seen{
			Path: "/wm/1.0.0-4182069b7a/wm.js", Headers: headers{"waymark-edge": "t.shop.example/x7"},
		}},
		{"script of a version by its own name", renamed, "/x7/wm/1.0.0-4182069b7a/wm.js", headers{}, nil},
		{"full script by its own name", renamed, "/x7/wm.full.js", headers{}, nil},
		{"another script", renamed, "/x7/kitchen.js", headers{}, &seen{Path: "/kitchen.js", Headers: headers{"waymark-edge": "t.shop.example/x7"}}},
		{"name of Segment's script", map[string]string{"EdgeScript": "analytics"}, "/analytics.js/v1/wk/analytics.min.js", headers{}, &seen{
			Path: "/analytics.js/v1/wk/analytics.min.js", Headers: headers{"waymark-edge": "t.shop.example"},
		}},
		{"script by its own name", renamed, "/x7/wm.js", headers{}, nil},
		{"no script", renamed, "/x7/kit", headers{}, &seen{Path: "/kit", Headers: headers{"waymark-edge": "t.shop.example/x7"}}},
		{"script of another kind", renamed, "/x7/analytics.js/v1/wk/analytics.min.js", headers{}, &seen{
			Path: "/analytics.js/v1/wk/analytics.min.js", Headers: headers{"waymark-edge": "t.shop.example/x7"},
		}},
	}
}

func TestFunctionOfTheTemplate(t *testing.T) {
	t.Parallel()
	for _, c := range passages() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got seen
			r := httptest.NewRequest(http.MethodPost, c.path, strings.NewReader("\x1f\x8b\xff body"))
			r.Host = "t.shop.example"
			for name, value := range c.headers {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			deployed(t, c.parameters).Handler(gateway(&got)).ServeHTTP(w, r)
			if c.want == nil {
				if w.Code != http.StatusNotFound || got.Headers != nil || !strings.Contains(w.Body.String(), "Not Found") {
					t.Errorf("answered %d %s, the gateway saw %+v, want 404 of the edge", w.Code, w.Body, got)
				}
				return
			}
			c.want.Body, c.want.Host = "\x1f\x8b\xff body", "t.shop.example"
			if got, want := fmt.Sprintf("%+q", got), fmt.Sprintf("%+q", *c.want); got != want {
				t.Errorf("the gateway saw\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestWhatCloudFrontRefuses: a function that does what CloudFront does not allow is answered 502 here too, and one that is none does not start.
func TestWhatCloudFrontRefuses(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"event.request.headers['host'] = {value: 'a'}; return event.request", "event.request.headers['via'] = {value: 'a'}; return event.request",
		"event.request.headers['content-length'] = {value: '1'}; return event.request", "delete event.request.headers.host; return event.request",
		"event.request.querystring = {}; return event.request", "event.request.uri = ''; return event.request",
		"return null", "return 7", "throw 'x'", "return nothing", "return {statusCode: 99}",
	} {
		e, err := edge.New("function handler(event) { " + body + " }")
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		e.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Errorf("%s: the gateway was asked", body) })).
			ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://a.example/v1/track?a=b", strings.NewReader("x")))
		if w.Code != http.StatusBadGateway {
			t.Errorf("%s: answered %d %s, want 502", body, w.Code, w.Body)
		}
	}
	for _, code := range []string{"function handle(event) {}", "function handler(", "var handler = 7"} {
		if _, err := edge.New(code); err == nil {
			t.Errorf("%q is taken for a function", code)
		}
	}
}

// TestManyAtATime: requests that come together do not see each other's headers.
func TestManyAtATime(t *testing.T) {
	t.Parallel()
	h := deployed(t, nil).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.Header.Get("Waymark-Edge") + r.Header.Get("X-N")))
	}))
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			n := strings.Repeat("n", i)
			r := httptest.NewRequest(http.MethodGet, "http://h"+n+".example/", bytes.NewReader(nil))
			r.Header.Set("X-N", n)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got, want := w.Body.String(), "h"+n+".example"+n; got != want {
				t.Errorf("answered %q, want %q", got, want)
			}
		})
	}
	all.Wait()
}

func BenchmarkEdge(b *testing.B) {
	read, err := template.Load("../../../template.yaml", template.Options{})
	if err != nil {
		b.Fatal(err)
	}
	code, err := read.EdgeCode()
	if err != nil {
		b.Fatal(err)
	}
	e, err := edge.New(code)
	if err != nil {
		b.Fatal(err)
	}
	h := e.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest(http.MethodPost, "http://a.example/v1/track", nil)
	r.Header.Set("Content-Type", "application/json")
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
