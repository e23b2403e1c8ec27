package collect_test

import (
	"maps"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
)

// onHost asks for a path by a host of ours.
func onHost(path, query string) request {
	return request{Method: "GET", Path: path, Query: query, Headers: map[string]string{"host": "t.shop.example"}}
}

func TestSettingsOfSegment(t *testing.T) {
	t.Parallel()
	// What analytics-next 1.84.3 was content with; Swift and Kotlin read the same.
	want := `{"consentSettings":{},"edgeFunction":{},"integrations":{"Segment.io":{"apiHost":"t.shop.example/v1","apiKey":"wk_demo","protocol":"https"}},` +
		`"metrics":{"sampleRate":0},"middlewareSettings":{},"plan":{"group":{"__default":{"enabled":true}},"identify":{"__default":{"enabled":true}},` +
		`"track":{"__default":{"enabled":true,"integrations":{}}}}}`
	for _, path := range []string{"/v1/projects/wk_demo/settings", "/projects/wk_demo/settings", "/v1/projects/wk_demo/settings/"} {
		s := newSystem()
		got := s.send(t, onHost(path, ""))
		checkAnswer(t, got, 200, want)
		headers := map[string]string{
			"content-type": "application/json", "cache-control": "public, max-age=300", "x-content-type-options": "nosniff", "access-control-allow-origin": "*",
		}
		if !maps.Equal(got.Headers, headers) {
			t.Errorf("%s has the headers %v, want %v", path, got.Headers, headers)
		}
		s.checkSent(t)
	}
	restricted := onHost("/v1/projects/wk_shop/settings", "").with(map[string]string{"origin": "https://evil.example", "x-forwarded-proto": "http", "waymark-edge": "t.shop.example/x7"})
	if got := newSystem().send(t, restricted); got.StatusCode != 200 || !strings.Contains(got.Body, `"apiHost":"t.shop.example/x7/v1"`) ||
		!strings.Contains(got.Body, `"protocol":"http"`) || got.Headers["access-control-allow-origin"] != "*" {
		t.Errorf("behind an edge with a path it is answered %d %s, %v", got.StatusCode, got.Body, got.Headers)
	}
}

func TestSettingsOfRudderStack(t *testing.T) {
	t.Parallel()
	// What @rudderstack/analytics-js 3 checks: source.id, source.config, source.destinations; enabled unless false.
	want := `{"source":{"config":{"statsCollection":{"errors":{"enabled":false},"metrics":{"enabled":false}}},"destinations":[],"enabled":true,"id":"wk_demo",` +
		`"name":"wk_demo","workspaceId":"waymark","writeKey":"wk_demo"}}`
	byBasic := onHost("/sourceConfig/", "p=npm&v=3.0.0").with(map[string]string{"authorization": basic("wk_demo:")})
	for _, r := range []request{onHost("/sourceConfig/", "writeKey=wk_demo&p=npm"), onHost("/sourceConfig", "writeKey=wk_demo"), onHost("/v1/sourceConfig/", "writeKey=wk_demo"), byBasic} {
		got := newSystem().send(t, r)
		if r.Path == "/v1/sourceConfig/" {
			if got.StatusCode != 404 {
				t.Errorf("%s is answered %d, want 404", r.Path, got.StatusCode)
			}
			continue
		}
		checkAnswer(t, got, 200, want)
	}
}

func TestSettingsRefusals(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, path, query string
		status            int
		code, message     string
	}{
		{"unknown key", "/v1/projects/wk_nobody/settings", "", 404, "unknown_key", "there are no settings: the key is not known here; check it, and that it belongs to this installation"},
		{"expired key", "/v1/projects/wk_old/settings", "", 404, "key_expired", "there are no settings: the key has expired; use the one that replaced it"},
		{"secret key", "/v1/projects/sk_demo/settings", "", 403, "secret_key", "this is a secret key, which reads; send events with a write key, wk_…"},
		{"two keys", "/v1/projects/wk_demo/settings", "writeKey=wk_shop", 400, "key_mismatch", "the Authorization header, the body and the query name different write keys; send one"},
		{"no key", "/sourceConfig/", "", 401, "missing_key", "send the write key: as user of a Basic Authorization header, as writeKey in the body, or as ?writeKey="},
		{"unknown key", "/sourceConfig/", "writeKey=wk_nobody", 404, "unknown_key", "there are no settings: the key is not known here; check it, and that it belongs to this installation"},
	}
	for _, c := range cases {
		got := newSystem().send(t, onHost(c.path, c.query))
		checkAnswer(t, got, c.status, failure(c.code, c.message))
		if got.Headers["access-control-allow-origin"] != "*" || got.Headers["cache-control"] != "no-store" {
			t.Errorf("%s: the headers are %v, want that everybody may read it and nobody keeps it", c.name, got.Headers)
		}
	}
	hostless := onHost("/v1/projects/wk_demo/settings", "").with(map[string]string{"host": "a b"})
	checkAnswer(t, newSystem().send(t, hostless), 400, failure("bad_host", "the request does not say by which host it came; send a Host header"))
}

// TestSettingsWhileTheTableIsDown: a client without settings sends nothing for as long as its page lives, so they come all the same; nobody keeps them.
func TestSettingsWhileTheTableIsDown(t *testing.T) {
	t.Parallel()
	s := newSystem()
	s.keys.down = true
	got := s.send(t, onHost("/v1/projects/wk_demo/settings", ""))
	if got.StatusCode != 200 || got.Headers["cache-control"] != "no-store" || !strings.Contains(got.Body, `"apiKey":"wk_demo"`) {
		t.Errorf("answered %d %s, %v", got.StatusCode, got.Body, got.Headers)
	}
}

// TestShortRoutes: a client that is given a host alone leaves /v1 out.
func TestShortRoutes(t *testing.T) {
	t.Parallel()
	body := `{"event":"A","userId":"1","previousId":"a7","type":"page","batch":[` + goodPage + `]}`
	for _, path := range []string{
		"/t", "/track", "/p/", "/page", "/i", "/identify/", "/s", "/screen", "/g", "/group", "/a", "/alias", "/b", "/batch/", "/import/", "/beacon",
	} {
		short, long := newSystem(), newSystem()
		checkAnswer(t, short.send(t, post(path, body)), 200, fine)
		checkAnswer(t, long.send(t, post("/v1"+path, body)), 200, fine)
		short.checkSent(t, long.queue.sent...)
	}
	for _, path := range []string{"/v1/v1/track", "/v1/beacon/v1/batch", "/v1/pixel/v1/page", "/projects//settings", "/projects/a/b/settings", "/projects/wk_demo"} {
		if got := newSystem().send(t, post(path, body)); got.StatusCode != 404 {
			t.Errorf("%s is answered %d, want 404", path, got.StatusCode)
		}
	}
}

// TestMetricsOfClients: what a client measures of itself is taken and dropped, whoever sends it and whatever it is.
func TestMetricsOfClients(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/m", "/m", "/v1/m/"} {
		s := newSystem()
		s.keys.down, s.queue.down = true, fault.New(fault.Unavailable, "down", "down")
		checkAnswer(t, s.send(t, request{Method: "POST", Path: path, Body: `{"series":[`}), 200, fine)
	}
}

// TestKeptAnswersAreOneForAllSites: what a cache keeps must not name the site that asked first.
func TestKeptAnswersAreOneForAllSites(t *testing.T) {
	t.Parallel()
	for path, kept := range map[string]bool{"/v1/projects/wk_demo/settings": true, "/sourceConfig/": true, "/v1/pixel.gif": false} {
		r := onHost(path, "writeKey=wk_demo").with(map[string]string{"origin": "https://shop.example"})
		got := newSystem().send(t, r).Headers
		if isStar := got["access-control-allow-origin"] == "*" && got["vary"] == ""; isStar != kept || (got["cache-control"] == "no-store") == kept {
			t.Errorf("%s is answered with %v, kept by caches: %v", path, got, kept)
		}
	}
}
