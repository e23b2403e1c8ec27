package gateway_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"waymark/shared/testing/system"
	"waymark/tests/gateway"
)

const batch = `{"batch":[{"type":"page","anonymousId":"a1","messageId":"m1"}],"writeKey":"wk_site"}`

// packers are the clients that pack what they send, by the Content-Type under which they do.
var packers = []struct {
	client, path, contentType string
	isLostWithoutEdge         bool
}{
	{"rudder-sdk-python, rudder's analytics-go 4, analytics-python, .NET", "/v1/batch", "application/json", true},
	{"analytics-java", "/v1/import/", "application/json; charset=utf-8", true},
	{"analytics-android", "/v1/import", "application/json", true},
	{"analytics-kotlin", "/v1/b", "text/plain", true},
	{"rudder-sdk-node", "/v1/batch", "application/x-www-form-urlencoded", false},
	{"one that says what it sends", "/v1/batch", "application/octet-stream", false},
}

// TestPackedBodies: behind the edge every client may pack; the bare HTTP API destroys what says that it is text, and says so.
func TestPackedBodies(t *testing.T) {
	t.Parallel()
	for _, p := range packers {
		for _, isEdge := range []bool{true, false} {
			s := system.New(t, system.Shop())
			h := gateway.Handler(t, s)
			if isEdge {
				h = gateway.Edge(t, h, nil)
			}
			r := httptest.NewRequest(http.MethodPost, "http://t.shop.example"+p.path, packed(t, batch))
			r.Header.Set("Content-Type", p.contentType)
			r.Header.Set("Content-Encoding", "gzip")
			status, queued, said := 200, 1, `{"success":true}`
			if !isEdge && p.isLostWithoutEdge {
				status, queued, said = 400, 0, `"code":"gzip_damaged"`
			}
			got := ask(h, r)
			if n := len(s.Queue.Take(10)); got.Code != status || n != queued || !strings.Contains(got.Body.String(), said) {
				t.Errorf("%s, edge %v: answered %d %s, %d queued, want %d and %d", p.client, isEdge, got.Code, got.Body, n, status, queued)
			}
		}
	}
}

// TestSettingsNameTheEdge: clients are told to send to where they asked, with the path that an edge may have.
func TestSettingsNameTheEdge(t *testing.T) {
	t.Parallel()
	bare := gateway.Handler(t, system.New(t, system.Shop()))
	for _, c := range []struct {
		path string
		h    http.Handler
		want string
	}{
		{"/v1/projects/wk_site/settings", bare, `"apiHost":"t.shop.example:3000/v1"`},
		{"/v1/projects/wk_site/settings/", gateway.Edge(t, bare, nil), `"apiHost":"t.shop.example:3000/v1"`},
		{"/x7/projects/wk_site/settings", gateway.Edge(t, bare, map[string]string{"EdgePath": "/x7"}), `"apiHost":"t.shop.example:3000/x7/v1"`},
	} {
		got := ask(c.h, httptest.NewRequest(http.MethodGet, "http://t.shop.example:3000"+c.path, nil))
		if got.Code != 200 || !strings.Contains(got.Body.String(), c.want) || !strings.Contains(got.Body.String(), `"protocol":"http"`) {
			t.Errorf("%s is answered %d %s, want %s", c.path, got.Code, got.Body, c.want)
		}
	}
	hidden := gateway.Edge(t, bare, map[string]string{"EdgePath": "/x7"})
	if got := ask(hidden, httptest.NewRequest(http.MethodPost, "http://t.shop.example/v1/batch", strings.NewReader(batch))); got.Code != 404 {
		t.Errorf("without its path the edge answers %d %s, want 404", got.Code, got.Body)
	}
}

// TestScriptsAtTheEdge: the tracker comes under the path and name that a site gives it, and no cache keeps the name of the site that asked first.
func TestScriptsAtTheEdge(t *testing.T) {
	t.Parallel()
	bare := gateway.Handler(t, system.New(t, system.Shop()))
	own := gateway.Edge(t, bare, map[string]string{"EdgePath": "/x7", "EdgeScript": "kit"})
	script := func(h http.Handler, path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "http://t.shop.example"+path, nil)
		r.Header.Set("Origin", "https://www.shop.example")
		return ask(h, r)
	}
	pinned := script(bare, "/wm.js").Header().Get("Content-Location") // /wm/VERSION/wm.js
	for at, name := range map[string]string{
		"/x7/kit.js": "/wm.js", "/x7/kit.full.js": "/wm.full.js", "/x7" + strings.ReplaceAll(pinned, "wm", "kit"): pinned,
		"/x7/analytics.js/v1/wk_site/analytics.min.js": "/analytics.js/v1/wk_site/analytics.min.js",
	} {
		got, want := script(own, at), script(bare, name)
		if got.Code != 200 || got.Body.Len() < 1000 || got.Body.String() != want.Body.String() {
			t.Errorf("%s is answered %d with %d bytes, want those of %s", at, got.Code, got.Body.Len(), name)
		}
		if h := got.Header(); h.Get("Access-Control-Allow-Origin") != "*" || strings.Contains(h.Get("Vary"), "origin") {
			t.Errorf("%s is answered with %v, want the same for all sites", at, h)
		}
	}
	for _, path := range []string{"/x7/wm.js", "/wm.js", "/x7" + pinned} {
		if got := script(own, path); got.Code != 404 {
			t.Errorf("%s is answered %d, want 404: it has another name there", path, got.Code)
		}
	}
}

// TestEveryWayToRead: each route answers the forms of its path that clients use, and HEAD of a picture makes no event.
func TestEveryWayToRead(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/pixel.gif", "/pixel.gif", "/pixel/v1/page", "/pixel/v1/page/", "/pixel/v1/track"} {
		for method, queued := range map[string]int{http.MethodGet: 1, http.MethodHead: 0} {
			s := system.New(t, system.Shop())
			got := ask(gateway.Handler(t, s), httptest.NewRequest(method, "http://t.shop.example"+path+"?writeKey=wk_site&event=A", nil))
			if n := len(s.Queue.Take(10)); got.Code != 200 || got.Header().Get("Content-Type") != "image/gif" || n != queued {
				t.Errorf("%s %s is answered %d %s, %d queued, want %d", method, path, got.Code, got.Header(), n, queued)
			}
		}
	}
}

// TestBrowserRequests asks as a browser does: a preflight where it would ask one, and then the request with cookies.
func TestBrowserRequests(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	h := gateway.Edge(t, gateway.Handler(t, s), nil)
	ask1 := httptest.NewRequest(http.MethodOptions, "http://t.shop.example/v1/t", nil)
	for name, value := range map[string]string{
		"Origin": "https://www.shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,baggage,content-type,traceparent",
		"Access-Control-Request-Private-Network": "true",
	} {
		ask1.Header.Set(name, value)
	}
	got := ask(h, ask1).Header()
	if got.Get("Access-Control-Allow-Headers") != "authorization, baggage, content-type, traceparent" || got.Get("Access-Control-Allow-Private-Network") != "" {
		t.Errorf("the preflight is answered %v", got)
	}
	send := httptest.NewRequest(http.MethodPost, "http://t.shop.example/v1/t", strings.NewReader(`{"event":"A","anonymousId":"a1","writeKey":"wk_site"}`))
	for name, value := range map[string]string{"Origin": "https://www.shop.example", "Cookie": "session=secret", "Content-Type": "application/json", "Traceparent": "00-1"} {
		send.Header.Set(name, value)
	}
	answer := ask(h, send)
	if answer.Code != 200 || answer.Header().Get("Access-Control-Allow-Origin") != "https://www.shop.example" ||
		answer.Header().Get("Access-Control-Allow-Credentials") != "true" || answer.Header().Get("Vary") != "origin" || len(s.Queue.Take(10)) != 1 {
		t.Errorf("a request with cookies is answered %d %v", answer.Code, answer.Header())
	}
}

func ask(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func packed(t *testing.T, body string) io.Reader {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}
