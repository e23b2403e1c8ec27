package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/query"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// routes are the reading routes as the description writes them, with a request that each answers.
var routes = []struct{ method, pattern, path, query, body string }{
	{"GET", "/v1/profiles", "/v1/profiles", "stage=lapsed", ""},
	{"GET", "/v1/profiles/{id}", "/v1/profiles/user:42", "", ""},
	{"GET", "/v1/profiles/{id}/timeline", "/v1/profiles/user:42/timeline", "", ""},
	{"GET", "/v1/profiles/{id}/why", "/v1/profiles/anon:phone/why", "other=user:42", ""},
	{"POST", "/v1/identities/unlink", "/v1/identities/unlink", "", `{"id":"anon:tablet","from":"user:42"}`},
	{"GET", "/v1/quarantines", "/v1/quarantines", "", ""},
	{"POST", "/v1/quarantines", "/v1/quarantines", "", `{"source":"shop","received":{"from":"2011-04-01","to":"2011-04-02"},"reason":"a script"}`},
	{"DELETE", "/v1/quarantines/{id}", "/v1/quarantines/q-20110305-1", "", ""},
	{"GET", "/v1/kpis", "/v1/kpis", "from=2011-03-01&to=2011-04-01", ""},
	{"GET", "/v1/exports", "/v1/exports", "", ""},
	{"GET", "/v1/exports/{name}", "/v1/exports/daily-2026-11-21-r1", "", ""},
	{"GET", "/v1/failed", "/v1/failed", "", ""},
	{"POST", "/v1/failed/replay", "/v1/failed/replay", "", `{"class":"bad_time"}`},
	{"GET", "/v1/failed/dead", "/v1/failed/dead", "", ""},
	{"POST", "/v1/failed/redrive", "/v1/failed/redrive", "", ""},
	{"GET", "/v1/failed/{id}", "/v1/failed/no_identifier-0000", "", ""},
	{"PUT", "/v1/failed/{id}", "/v1/failed/no_identifier-0000", "", `{"type":"page","userId":"42"}`},
	{"DELETE", "/v1/failed/{id}", "/v1/failed/no_identifier-0000", "", ""},
	{"GET", "/v1/status", "/v1/status", "", ""},
	{"GET", "/v1/debug/events", "/v1/debug/events", "", ""},
	{"GET", "/v1/quality", "/v1/quality", "", ""},
}

// full is a world that has something to answer on every route.
func full(t testing.TB) *world {
	t.Helper()
	w := march(t)
	w.take(t, `{"type":"identify","anonymousId":"tablet","userId":"42","messageId":"m99","timestamp":"2011-04-02T10:00:00Z"}`)
	w.export(t, "demo", "daily-2026-11-21-r1", "a,b\r\n1,2\r\n")
	w.export(t, "demo", "large", strings.Repeat("a", 5<<20))
	w.fail(t, "demo", "bad_time", 3)
	w.fail(t, "demo", "no_identifier", 1)
	w.quarantine(t, "demo", 1)
	must(t, w.DeadLetters.Send(t.Context(), []event.Envelope{{Version: 1, Workspace: "demo", Request: "bad_time", Events: []json.RawMessage{[]byte(`{}`)}}}))
	return w
}

// TestKeysOpenWhatTheyMay is the matrix of all routes and all kinds of keys.
func TestKeysOpenWhatTheyMay(t *testing.T) {
	t.Parallel()
	w := full(t)
	for _, r := range routes {
		for authorization, want := range map[string]string{
			"":                      "401 missing_key",
			"Basic c2tfZGVtbzo=":    "401 missing_key",
			"Bearer":                "401 missing_key",
			"Bearer sk_nobody":      "401 unknown_key",
			"Bearer sk_old_demo":    "401 key_expired",
			"Bearer wk_demo":        "403 write_key",
			"Bearer wk_shop":        "403 write_key",
			"Bearer sk_demo":        "200 ",
			"bearer  sk_demo ":      "200 ",
			"Bearer sk_demo sk_old": "401 unknown_key",
		} {
			if r.method == http.MethodDelete {
				w = full(t) // each takes something away
			}
			got := w.send(t, r.method, r.path, r.query, authorization, r.body)
			var body struct{ Code string }
			must(t, json.Unmarshal([]byte(got.Body), &body))
			if status := strings.Join([]string{itoa(got.StatusCode), body.Code}, " "); status != want {
				t.Errorf("%s %s with %q is answered %s, want %s", r.method, r.path, authorization, status, want)
			}
			if len(got.Headers["access-control-allow-origin"]) > 0 {
				t.Errorf("%s %s lets other sites read: %v", r.method, r.path, got.Headers)
			}
		}
		other := w.send(t, r.method, r.path, r.query, "Bearer sk_shop", r.body)
		if r.pattern == "/v1/identities/unlink" && other.StatusCode != 404 {
			t.Errorf("another workspace unlinks: %d %s", other.StatusCode, other.Body)
		}
		for _, secret := range []string{"anon:phone", "o1", "Jo@", "12.505", "bad_time", "it is bad", "daily-2026"} {
			if strings.Contains(other.Body, secret) {
				t.Errorf("%s %s tells another workspace %s: %s", r.method, r.path, secret, other.Body)
			}
		}
	}
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestUnknownKeyCostsOneRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := 0
	w.Call = func(_ string, apply func() error) error {
		calls++
		return apply()
	}
	w.handler = w.Query(w.Ports())
	for range 100 {
		checkFailure(t, w.send(t, "GET", "/v1/status", "", "Bearer sk_guess", ""), 401, "unknown_key")
	}
	if calls != 1 {
		t.Errorf("100 requests with an unknown key make %d calls, want 1", calls)
	}
}

func TestWhatIsNoRoute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v1", "/v1/kpi", "/v1/failures", "/healthy", "/v1/exports/"} {
		if path == "/v1/exports/" {
			continue // a trailing slash is tolerated
		}
		checkFailure(t, w.ask(t, path, ""), 404, "no_route")
	}
	if got := w.ask(t, "/v1/exports/", ""); got.StatusCode != 200 {
		t.Errorf("a trailing slash is answered %d %s, want 200", got.StatusCode, got.Body)
	}
	for _, r := range routes {
		wrong := map[string]string{"GET": "POST", "POST": "GET", "PUT": "PATCH", "DELETE": "PATCH"}[r.method]
		if r.pattern == "/v1/quarantines" {
			wrong = "PATCH"
		}
		got := w.send(t, wrong, r.path, "", "Bearer sk_demo", "")
		checkFailure(t, got, 405, "wrong_method")
		want := r.method + ", OPTIONS"
		switch {
		case r.pattern == "/v1/failed/{id}":
			want = "GET, HEAD, PUT, DELETE, OPTIONS"
		case r.pattern == "/v1/exports" || r.pattern == "/v1/quarantines":
			want = "GET, HEAD, POST, OPTIONS"
		case r.method == "GET":
			want = "GET, HEAD, OPTIONS"
		}
		if got.Headers["allow"] != want {
			t.Errorf("%s %s allows %q, want %q", wrong, r.path, got.Headers["allow"], want)
		}
	}
	checkFailure(t, w.send(t, "POST", "/health", "", "", ""), 405, "wrong_method")
}

// TestHeadAndOptions: HEAD is answered as GET is, and OPTIONS says what a path takes, without a key and without a word to other sites.
func TestHeadAndOptions(t *testing.T) {
	t.Parallel()
	all := append(routes[:len(routes):len(routes)], struct{ method, pattern, path, query, body string }{"GET", "/health", "/health", "", ""})
	for _, r := range all {
		if r.method != http.MethodGet {
			continue
		}
		for _, authorization := range []string{"Bearer sk_demo", "Bearer wk_demo"} {
			get, head := full(t).send(t, "GET", r.path, r.query, authorization, ""), full(t).send(t, "HEAD", r.path, r.query, authorization, "")
			if head.StatusCode != get.StatusCode || !maps.Equal(head.Headers, get.Headers) || len(head.Body) != len(get.Body) {
				t.Errorf("HEAD %s is answered %d %v, GET %d %v", r.path, head.StatusCode, head.Headers, get.StatusCode, get.Headers)
			}
		}
		options := full(t).send(t, "OPTIONS", r.path, "", "", "")
		if options.StatusCode != 200 || !strings.HasPrefix(options.Headers["allow"], "GET, HEAD") || options.Headers["access-control-allow-origin"] != "" {
			t.Errorf("OPTIONS %s is answered %d %v, want 200 with its methods and no CORS", r.path, options.StatusCode, options.Headers)
		}
	}
}

// TestQueriesAreStrict: a parameter that a route does not have and one that is there twice are errors that say so. An empty one is as good as none,
// for forms send those.
func TestQueriesAreStrict(t *testing.T) {
	t.Parallel()
	w := full(t)
	for _, r := range routes {
		if r.method == http.MethodDelete {
			continue
		}
		got := w.send(t, r.method, r.path, "colour=red", "Bearer sk_demo", r.body)
		if checkFailure(t, got, 400, "unknown_parameter"); !strings.Contains(got.Body, `\"colour\" is no parameter of this route, which takes `) {
			t.Errorf("%s %s is answered %s, want the parameters that there are", r.method, r.path, got.Body)
		}
	}
	for query, code := range map[string]string{
		"/v1/kpis?grain=day&grain=day": "repeated_parameter", "/v1/failed?limit=1&limit=2": "repeated_parameter",
		"/v1/kpis?grain=decade": "unknown_grain", "/v1/kpis?by=colour": "unknown_dimension", "/v1/kpis?metric=happiness": "unknown_metric",
		"/v1/kpis?from=4": "bound_malformed", "/v1/quality?to=4": "bound_malformed", "/v1/failed?limit=many": "bad_limit",
		"/v1/profiles/user:42/timeline?bots=yes": "bad_flag", "/v1/profiles/user:42/timeline?bots=": "bad_flag",
		"/v1/kpis?metric=orders&metric=revenue": "", "/v1/profiles/user:42/timeline?bots=0": "", "/v1/failed?class=&cursor=&limit=": "",
		"/v1/kpis?grain=&by=&metric=&from=&to=": "", "/v1/quality?from=&to=&source=": "",
	} {
		path, asked, _ := strings.Cut(query, "?")
		if got := w.ask(t, path, asked); code == "" && got.StatusCode != 200 {
			t.Errorf("%s is answered %d %s, want 200", query, got.StatusCode, got.Body)
		} else if code != "" {
			checkFailure(t, got, 400, code)
		}
	}
}

// TestBodiesAreStrict: what is no member of an order, is there twice, is null or has another type is not passed over.
func TestBodiesAreStrict(t *testing.T) {
	t.Parallel()
	w := full(t)
	for _, body := range []string{
		`{"ids":[null]}`, `{"ids":null,"all":true}`, `{"ids":"x"}`, `{"all":"true"}`, `{"all":1}`, `{"All":true}`, `{"everything":true}`,
		`{"all":true,"all":true}`, `{"class":7}`, `[]`, `null`, ``, `{"all":true} {}`,
	} {
		checkFailure(t, w.send(t, "POST", "/v1/failed/replay", "", "Bearer sk_demo", body), 400, "invalid_json")
	}
	for _, body := range []string{`{"id":null}`, `{"id":["user:42"]}`, `{"ID":"user:42"}`, `{"id":"user:42","all":"yes"}`, `{"id":"user:42","id":"user:42"}`} {
		checkFailure(t, w.send(t, "POST", "/v1/identities/unlink", "", "Bearer sk_demo", body), 400, "invalid_json")
	}
}

// TestStoresDown: what may pass is answered 503 with Retry-After, what is a defect 500, and neither tells why.
func TestStoresDown(t *testing.T) {
	t.Parallel()
	passing, defect := full(t), full(t)
	passing.breaks(fault.Wrap(fault.Unavailable, "throttled", errors.New("table arn:aws:secret")))
	defect.breaks(errors.New("table arn:aws:secret"))
	all := append(routes[:len(routes):len(routes)], struct{ method, pattern, path, query, body string }{"GET", "/health", "/health", "", ""})
	for _, r := range all {
		got := passing.send(t, r.method, r.path, r.query, "Bearer sk_demo", r.body)
		if checkFailure(t, got, 503, "unavailable"); got.Headers["retry-after"] != "5" || strings.Contains(got.Body, "arn") {
			t.Errorf("%s %s is answered %s %v", r.method, r.path, got.Body, got.Headers)
		}
		got = defect.send(t, r.method, r.path, r.query, "Bearer sk_demo", r.body)
		if checkFailure(t, got, 500, "internal"); strings.Contains(got.Body, "arn") {
			t.Errorf("%s %s is answered %s", r.method, r.path, got.Body)
		}
	}
}

// TestAnswersAreAsDescribed makes every answer that docs/openapi.yaml describes for reading.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	contract := httpapitest.Load(t)
	w, down := full(t), full(t)
	down.breaks(throttled)
	for _, r := range routes {
		contract.Check(t, r.method, r.pattern, w.send(t, r.method, r.path, r.query, "Bearer sk_demo", r.body))
		contract.Check(t, r.method, r.pattern, w.send(t, r.method, r.path, r.query, "", r.body))
		contract.Check(t, r.method, r.pattern, w.send(t, r.method, r.path, r.query, "Bearer wk_demo", r.body))
		contract.Check(t, r.method, r.pattern, down.send(t, r.method, r.path, r.query, "Bearer sk_demo", r.body))
	}
	for _, m := range []string{"GET", "PUT", "DELETE"} {
		contract.Check(t, m, "/v1/failed/{id}", w.send(t, m, "/v1/failed/none", "", "Bearer sk_demo", "{}"))
	}
	contract.Check(t, "PUT", "/v1/failed/{id}", w.send(t, "PUT", "/v1/failed/bad_time-0000", "", "Bearer sk_demo", "{}")) // replayed above
	contract.Check(t, "GET", "/v1/failed", w.ask(t, "/v1/failed", ""))
	for _, r := range []struct{ method, pattern, path, query string }{
		{"GET", "/v1/profiles", "/v1/profiles", ""},
		{"GET", "/v1/profiles/{id}", "/v1/profiles/jo", ""},
		{"GET", "/v1/profiles/{id}", "/v1/profiles/user:nobody", ""},
		{"GET", "/v1/profiles/{id}/timeline", "/v1/profiles/user:42/timeline", "limit=0"},
		{"GET", "/v1/profiles/{id}/timeline", "/v1/profiles/user:nobody/timeline", ""},
		{"GET", "/v1/profiles/{id}/timeline", "/v1/profiles/user:42/timeline", "limit=1"},
		{"GET", "/v1/profiles/{id}/why", "/v1/profiles/user:42/why", ""},
		{"GET", "/v1/profiles/{id}/why", "/v1/profiles/user:42/why", "other=user:nobody"},
		{"GET", "/v1/profiles/{id}/why", "/v1/profiles/user:42/why", "other=anon:stranger"},
		{"GET", "/v1/profiles/{id}/why", "/v1/profiles/user:42/why", "other=anon:tablet"}, // cut above
		{"POST", "/v1/identities/unlink", "/v1/identities/unlink", ""},
		{"GET", "/v1/kpis", "/v1/kpis", "metric=happiness"},
		{"GET", "/v1/kpis", "/v1/kpis", "from=2011-03-01&to=2011-04-01&by=country"},
		{"GET", "/v1/kpis", "/v1/kpis", "from=2011-03-01&to=2011-04-01&grain=period"},
		{"GET", "/v1/exports", "/v1/exports", "limit=0"},
		{"GET", "/v1/exports/{name}", "/v1/exports/none", ""},
		{"GET", "/v1/exports/{name}", "/v1/exports/daily-2026-11-21-r1.csv", ""},
		{"GET", "/v1/exports/{name}", "/v1/exports/large.csv", ""},
		{"GET", "/v1/failed", "/v1/failed", "limit=0"},
		{"GET", "/v1/failed/dead", "/v1/failed/dead", "limit=0"},
		{"PUT", "/v1/failed/{id}", "/v1/failed/bad_time-0000", ""},
		{"POST", "/v1/failed/replay", "/v1/failed/replay", ""},
		{"GET", "/v1/quality", "/v1/quality", "days=7"},
		{"POST", "/v1/quarantines", "/v1/quarantines", ""},
		{"DELETE", "/v1/quarantines/{id}", "/v1/quarantines/none", ""},
		{"GET", "/health", "/health", ""},
	} {
		contract.Check(t, r.method, r.pattern, w.send(t, r.method, r.path, r.query, "Bearer sk_demo", ""))
	}
	contract.Check(t, "POST", "/v1/identities/unlink", w.send(t, "POST", "/v1/identities/unlink", "", "Bearer sk_demo", `{"id":"anon:stranger"}`))
	const apart = `{"source":"web","received":{"from":"2011-01-01","to":"2027-01-01"}`
	contract.Check(t, "POST", "/v1/quarantines", w.send(t, "POST", "/v1/quarantines", "", "Bearer sk_demo", apart+`,"preview":true}`))
	w.quarantine(t, "demo", workspace.MaxQuarantines)
	contract.Check(t, "POST", "/v1/quarantines", w.send(t, "POST", "/v1/quarantines", "", "Bearer sk_demo", apart+`}`))
	for _, path := range []string{"/", "/debug"} {
		contract.Check(t, "GET", path, w.send(t, "GET", path, "", "", ""))
	}
	contract.Check(t, "GET", "/assets/{name}", w.send(t, "GET", "/assets/pages.css", "", "", ""))
	contract.Check(t, "GET", "/assets/{name}", w.send(t, "GET", "/assets/none.css", "", "", ""))
	off := full(t)
	off.handler.Debug = workspace.DebugNever
	contract.Check(t, "GET", "/v1/debug/events", off.ask(t, "/v1/debug/events", ""))
	contract.Check(t, "GET", "/v1/debug/events", w.ask(t, "/v1/debug/events", "limit=0"))
	contract.Check(t, "GET", "/health", down.send(t, "GET", "/health", "", "", ""))
	if missing := contract.Unchecked("query"); len(missing) > 0 {
		t.Errorf("described and never answered: %v", missing)
	}
}

// TestSamples answers events/query/*.json as the golden files beside them say, which `sam local invoke` is held against too. They ask for what
// no installation has, or mark as <any> what differs.
func TestSamples(t *testing.T) {
	t.Parallel()
	statuses := map[int]bool{}
	w := newWorld(t)
	w.fail(t, "demo", "bad_time", 1)
	httpapitest.Samples(t, "query", w.handler.Handle, func(_ events.APIGatewayV2HTTPRequest, response events.APIGatewayV2HTTPResponse) {
		statuses[response.StatusCode] = true
	})
	if want := map[int]bool{200: true, 400: true, 401: true, 403: true, 404: true}; !maps.Equal(statuses, want) {
		t.Errorf("the samples are answered %v, want %v", statuses, want)
	}
}

// TestWorkspaceOfAKeyIsGone is a defect of ours, not of the client.
func TestWorkspaceOfAKeyIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.handler.Config
	c.Keys = keyOf{workspace.Key{Workspace: "gone", Role: workspace.Secret}}
	w.handler = query.New(c)
	if got := w.ask(t, "/v1/status", ""); got.StatusCode < 400 {
		t.Errorf("answered %d %s, want a failure", got.StatusCode, got.Body)
	}
}

type keyOf struct{ key workspace.Key }

func (k keyOf) Key(context.Context, string) (workspace.Key, error) { return k.key, nil }
