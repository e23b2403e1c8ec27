// Package contract_test holds docs/openapi.yaml and the system together from outside, over HTTP: which methods a path has, and with `make contract`
// whatever schemathesis makes of the schemas. That the answers of each function are as described is shown beside the functions.
package contract_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/testing/system"
	"waymark/tests/gateway"
)

// named are paths that stand for those with a parameter.
var named = strings.NewReplacer(
	"/v1/profiles/{id}", "/v1/profiles/user:42", "/v1/exports/{name}", "/v1/exports/daily-2026-11-21-r1", "/v1/failed/{id}", "/v1/failed/none",
	"/v1/quarantines/{id}", "/v1/quarantines/q-20261122-1", "/v1/analyses/{name}", "/v1/analyses/funnel", "/v1/definitions/{kind}", "/v1/definitions/costs", "/v1/rollups/{id}", "/v1/rollups/1795348800000", "{key}", "wk_site", "{version}", release(),
	"/assets/{name}", "/assets/pages.css",
)

// release is the newest version of the tracker.
func release() string {
	name, err := os.ReadFile("../../functions/collect/tracker/dist/newest")
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(name))
}

// isStrict are the paths of reading and operating. The others are those of collection, and /health.
var isStrict = regexp.MustCompile(`^/v1/(analyses|definitions|profiles|kpis|exports|failed|identities|quarantines|rollups|status|quality|debug)\b`)

// methodsOf are the described methods of each path.
func methodsOf(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, route := range httpapitest.Load(t).Routes() {
		method, path, _ := strings.Cut(route, " ")
		if out[path] = append(out[path], method); method == http.MethodGet {
			out[path] = append(out[path], http.MethodHead) // which Load holds to it
		}
	}
	return out
}

// send makes a request with the key of its kind of route.
func send(t *testing.T, method, address, path string) (response *http.Response, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(`{"batch":[],"data":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("wk_site", "")
	if isStrict.MatchString(path) {
		request.Header.Set("Authorization", "Bearer sk_shop")
	}
	request.Header.Set("Accept-Encoding", "identity") // a length is told of what is not packed
	response, err = http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// TestMethods: a path takes the methods that are described, says so in Allow, and answers any other with 405.
func TestMethods(t *testing.T) {
	t.Parallel()
	address := served(t)
	for path, described := range methodsOf(t) {
		want := slices.Sorted(slices.Values(append(described, http.MethodOptions)))
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "BREW"} {
			if slices.Contains(described, method) {
				continue
			}
			response, body := send(t, method, address, named.Replace(path))
			status := http.StatusMethodNotAllowed
			if method == http.MethodOptions {
				status = http.StatusOK
			}
			if response.StatusCode != status {
				t.Errorf("%s %s is answered %d %s, want %d", method, path, response.StatusCode, body, status)
			}
			allowed := slices.Sorted(strings.SplitSeq(response.Header.Get("Allow"), ", "))
			if !slices.Equal(allowed, want) {
				t.Errorf("%s %s says that %v are allowed, want %v", method, path, allowed, want)
			}
		}
	}
}

// TestHead: HEAD has the status and the headers of GET, the length of its body among them, and no body.
func TestHead(t *testing.T) {
	t.Parallel()
	address := served(t)
	for path, described := range methodsOf(t) {
		if !slices.Contains(described, http.MethodGet) {
			continue
		}
		for _, query := range []string{"", "?limit=0", "?stage=lapsed", "?other=anon:a"} {
			get, body := send(t, http.MethodGet, address, named.Replace(path)+query)
			head, none := send(t, http.MethodHead, address, named.Replace(path)+query)
			if head.StatusCode != get.StatusCode || none != "" || len(body) == 0 || head.ContentLength != get.ContentLength {
				t.Errorf("HEAD %s%s is answered %d with %d bytes and the length %d, GET %d with %d", path, query, head.StatusCode, len(none), head.ContentLength,
					get.StatusCode, get.ContentLength)
			}
			for _, name := range []string{"Content-Type", "Cache-Control", "X-Content-Type-Options", "Content-Disposition", "Retry-After"} {
				if head.Header.Get(name) != get.Header.Get(name) {
					t.Errorf("HEAD %s%s has the %s %q, GET %q", path, query, name, head.Header.Get(name), get.Header.Get(name))
				}
			}
		}
	}
}

// TestUnknownParameters: whoever reads or operates hears of a parameter that is none. Clients that send events may add some, and so may probes of health.
func TestUnknownParameters(t *testing.T) {
	t.Parallel()
	address := served(t)
	for path, described := range methodsOf(t) {
		for _, method := range described {
			want := http.StatusOK
			if isStrict.MatchString(path) || strings.HasPrefix(path, "/v1/experiments/") {
				want = http.StatusBadRequest
			}
			response, body := send(t, method, address, named.Replace(path)+"?colour=red")
			if path == "/api/event" {
				want = http.StatusAccepted // as Plausible answers
			}
			isSaid := want == http.StatusAccepted || strings.Contains(body, `"unknown_parameter"`) || want == http.StatusOK || method == http.MethodHead
			if response.StatusCode != want || !isSaid {
				t.Errorf("%s %s is answered %d %s, want %d", method, path, response.StatusCode, body, want)
			}
		}
	}
}

// TestHeadOfThePixel: whoever asks for the headers of the pixel has seen nothing, so no event comes of it.
func TestHeadOfThePixel(t *testing.T) {
	t.Parallel()
	s := shop(t)
	server := httptest.NewServer(oneByOne(gateway.Handler(t, s)))
	defer server.Close()
	for method, want := range map[string]int{http.MethodHead: 0, http.MethodGet: 1} {
		response, _ := send(t, method, server.URL, "/v1/pixel.gif?userId=42")
		if queued := len(s.Queue.Take(10)); response.StatusCode != http.StatusOK || queued != want {
			t.Errorf("%s of the pixel is answered %d and queues %d messages, want 200 and %d", method, response.StatusCode, queued, want)
		}
	}
}

// oneByOne hands on one request at a time, as the clock of a system in memory needs it.
func oneByOne(h http.Handler) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

// served is the address of a system behind the front of the laptop cloud.
func served(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(oneByOne(gateway.Handler(t, shop(t))))
	t.Cleanup(server.Close)
	return server.URL
}

// shop is a system in which every route has something to answer.
func shop(t *testing.T) *system.System {
	t.Helper()
	w := system.Shop()
	w.Created = event.At(system.Begin.AddDate(0, 0, -3))
	s := system.New(t, w)
	s.Send("wk_site",
		`{"type":"page","anonymousId":"a","messageId":"m1","timestamp":"2026-11-20T10:00:00Z","properties":{"url":"https://shop.example/a"}}`,
		`{"type":"identify","anonymousId":"a","userId":"42","messageId":"m2","timestamp":"2026-11-20T10:01:00Z","traits":{"email":"a@shop.example"}}`,
		`{"type":"track","event":"Order Completed","userId":"42","messageId":"m3","timestamp":"2026-11-21T10:00:00Z","properties":{"order_id":"o1","revenue":5}}`,
		`{"type":"track","event":"Nobody"}`, `{"type":"page","userId":"7","timestamp":"soon"}`,
	)
	s.Settle()
	s.Fire("daily")
	return s
}
