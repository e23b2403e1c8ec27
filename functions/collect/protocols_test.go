package collect_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// aliases are the keys of demo by which clients of other systems find it.
var aliases = map[string]workspace.Key{
	"plausible:shop.example": {Workspace: "demo", Role: workspace.Write, Source: "web"},
	"umami:b1a9":             {Workspace: "demo", Role: workspace.Write, Source: "web"},
	"ga4:G-1:s3cret":         {Workspace: "demo", Role: workspace.Write, Source: "web"},
	"snowplow:shop":          {Workspace: "demo", Role: workspace.Write, Source: "web"},
	"posthog:phc_abc":        {Workspace: "demo", Role: workspace.Write, Source: "web"},
}

// saltOfDays is a store of salts that anybody can guess.
type saltOfDays struct{}

func (saltOfDays) Salt(_ context.Context, day, _ string, _ event.Millis) (string, error) {
	return day, nil
}

func (saltOfDays) ForgetSalt(context.Context, string, event.Millis) error { return nil }

// plain is a request without a key of ours.
func plain(method, path, query, body string) request {
	return request{Method: method, Path: path, Query: query, Body: body, Headers: map[string]string{"user-agent": "Mozilla/5.0 X"}}
}

const (
	plausiblePage = `{"n":"pageview","u":"https://shop.example/","d":"shop.example"}`
	umamiPage     = `{"type":"event","payload":{"website":"b1a9","url":"https://shop.example/"}}`
	snowplowPage  = `{"data":[{"e":"pv","aid":"shop","eid":"e1","duid":"d1","url":"https://shop.example/"}]}`
	postHogPage   = `{"event":"$pageview","uuid":"u1","distinct_id":"d1","properties":{"token":"phc_abc","$device_id":"d1","$current_url":"https://shop.example/"}}`

	noCookie = `{"anonymousId":"DAILY","context":{"page":{"url":"https://shop.example/"},"userAgent":"Mozilla/5.0 X"},"properties":{"url":"https://shop.example/"},"type":"page"}`
	pageOf   = `"context":{"page":{"url":"https://shop.example/"}},"properties":{"url":"https://shop.example/"},"type":"page"}`
)

// TestProtocols: what each client sends is found by its own id, is queued as an event of ours, and is answered as the client expects.
func TestProtocols(t *testing.T) {
	t.Parallel()
	const gif, text, js = "image/gif", "text/plain; charset=utf-8", "application/json"
	form := "data=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(postHogPage)))
	cases := []struct {
		name    string
		request request
		status  int
		typ     string
		body    string
		queued  string
	}{
		{"Plausible", plain("POST", "/api/event", "", plausiblePage), 202, text, "ok", noCookie},
		{"Umami", plain("POST", "/api/send", "", umamiPage), 200, js, fine, noCookie},
		{"Umami's batch", plain("POST", "/api/batch/", "", `[`+umamiPage+`]`), 200, js, fine, noCookie},
		{
			"GA4", plain("POST", "/mp/collect", "measurement_id=G-1&api_secret=s3cret", `{"client_id":"1.2","events":[{"name":"login"}]}`), 200, js, fine,
			`{"anonymousId":"1.2","event":"Signed In","type":"track"}`,
		},
		{"Snowplow", plain("POST", "/com.snowplowanalytics.snowplow/tp2", "", snowplowPage), 200, text, "ok", `{"anonymousId":"d1","messageId":"e1","context":{"page":{"url":"https://shop.example/"},"userAgent":"Mozilla/5.0 X"},"properties":{"url":"https://shop.example/"},"type":"page"}`},
		{"Snowplow's pixel", plain("GET", "/i", "e=pv&aid=shop&eid=e1&duid=d1&p=srv&url=https://shop.example/", ""), 200, gif, "", `{"anonymousId":"d1","messageId":"e1",` + pageOf},
		{"PostHog", plain("POST", "/e/", "", postHogPage), 200, js, `{"status":"Ok"}`, `{"anonymousId":"d1","messageId":"u1",` + pageOf},
		{"PostHog's form", plain("POST", "/i/v0/e/", "compression=base64", form), 200, js, `{"status":"Ok"}`, `{"anonymousId":"d1","messageId":"u1",` + pageOf},
		{"PostHog's query", plain("POST", "/capture/", form, ""), 200, js, `{"status":"Ok"}`, `{"anonymousId":"d1","messageId":"u1",` + pageOf},
		{"PostHog's batch", plain("POST", "/batch/", "", `{"api_key":"phc_abc","batch":[`+postHogPage+`]}`), 200, js, `{"status":"Ok"}`, `{"anonymousId":"d1","messageId":"u1",` + pageOf},
		{"a batch of the Segment family there", post("/batch", `{"batch":[`+goodPage+`]}`), 200, js, fine, goodPage},
		{"identify where Snowplow's pixel is", post("/i", `{"type":"identify","anonymousId":"a1"}`), 200, js, fine, `{"type":"identify","anonymousId":"a1"}`},
		{"a write key beats an alias", plain("POST", "/api/send", "writeKey=wk_demo", `{"type":"event","payload":{"website":"unknown","url":"https://shop.example/"}}`), 200, js, fine, noCookie},
		{"a write key for the id", plain("POST", "/api/send", "", `{"type":"event","payload":{"website":"wk_demo","url":"https://shop.example/"}}`), 200, js, fine, noCookie},
		{"nothing that counts", plain("POST", "/api/event", "", `{"n":"engagement","d":"shop.example"}`), 202, text, "ok", ""},
		{"HEAD of the pixel", plain("HEAD", "/i", "e=pv&aid=shop&duid=d1", ""), 200, gif, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			got := s.send(t, c.request)
			if got.StatusCode != c.status || got.Headers["content-type"] != c.typ || c.typ != gif && got.Body != c.body {
				t.Errorf("answered %d %s %s\nwant %d %s %s", got.StatusCode, got.Headers["content-type"], got.Body, c.status, c.typ, c.body)
			}
			if c.queued == "" {
				s.checkSent(t)
				return
			}
			want := envelope(strings.Replace(c.queued, "DAILY", daily(t), 1))
			if c.request.Path == "/i" && c.request.Method == "POST" {
				want.Type = "identify"
			}
			s.checkSent(t, want)
		})
	}
}

// daily is the id of the visitor whose requests these are, whatever the protocol: a page of a source that asks for no cookies has it too.
func daily(t *testing.T) string {
	t.Helper()
	s := newSystem()
	s.send(t, plain("POST", "/api/event", "", plausiblePage))
	if len(s.queue.sent) != 1 || len(s.queue.sent[0].Parsed) != 1 {
		t.Fatalf("queued %s, want one page", asJSON(s.queue.sent))
	}
	id := s.queue.sent[0].Parsed[0].PrimaryID().Value()
	if !strings.HasPrefix(id, "day-2026-11-22-") {
		t.Fatalf("the visitor is %q, want one of the day", id)
	}
	return id
}

// TestVisitorsWithoutCookies: the same agent and address are one visitor in a day; a server says for whom it speaks.
func TestVisitorsWithoutCookies(t *testing.T) {
	t.Parallel()
	ids := map[string]string{}
	for name, r := range map[string]request{
		"page": plain("POST", "/api/event", "", plausiblePage), "again": plain("POST", "/api/event", "", plausiblePage),
		"another agent":    plain("POST", "/api/event", "", plausiblePage).with(map[string]string{"user-agent": "Mozilla/5.0 Y"}),
		"another address":  plain("POST", "/api/event", "", plausiblePage).with(map[string]string{"x-forwarded-for": "198.51.100.7, 192.0.2.7"}),
		"address in event": plain("POST", "/api/send", "", strings.Replace(umamiPage, `"url"`, `"ip":"198.51.100.7","url"`, 1)),
	} {
		s := newSystem()
		s.send(t, r)
		ids[name] = s.queue.sent[0].Parsed[0].PrimaryID().Value()
	}
	if ids["page"] != ids["again"] || ids["another address"] != ids["address in event"] {
		t.Errorf("the visitors are %v, want two pairs", ids)
	}
	if ids["page"] == ids["another agent"] || ids["page"] == ids["another address"] || ids["another agent"] == ids["another address"] {
		t.Errorf("the visitors are %v, want three of them", ids)
	}
}

// foreign are a good and a bad request for each described route of another system, without the id of any site.
var foreign = map[string]struct {
	status    int
	good, bad string
}{
	"/api/event":                          {202, `{"n":"pageview","u":"https://shop.example/"}`, `{}`},
	"/api/send":                           {200, `{"type":"event","payload":{"url":"https://shop.example/"}}`, `{}`},
	"/mp/collect":                         {200, `{"client_id":"1.2","events":[{"name":"login"}]}`, `{"events":[7]}`},
	"/com.snowplowanalytics.snowplow/tp2": {200, `{"data":[{"e":"pv","duid":"d1"}]}`, `{"data":[7]}`},
	"/e":                                  {200, `{"event":"a","distinct_id":"1"}`, `[7]`},
}

// TestProtocolRefusals: what cannot be used is refused as the Segment family's requests are, and never a defect of ours.
func TestProtocolRefusals(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		request request
		status  int
		code    string
		noted   int
	}{
		{"no key", plain("POST", "/api/event", "", `{"n":"pageview"}`), 401, "missing_key", 0},
		{"unknown site", plain("POST", "/api/event", "", `{"n":"pageview","d":"other.example"}`), 401, "unknown_key", 0},
		{"another secret", plain("POST", "/mp/collect", "measurement_id=G-1&api_secret=guess", `{}`), 401, "unknown_key", 0},
		{"the id alone", plain("POST", "/mp/collect", "measurement_id=G-1", `{}`), 401, "unknown_key", 0},
		{"secret key", plain("POST", "/api/event", "", `{"n":"pageview","d":"sk_demo"}`), 403, "secret_key", 0},
		{"two keys", plain("POST", "/api/event", "writeKey=wk_shop", `{"n":"pageview","d":"wk_demo"}`), 400, "key_mismatch", 0},
		{"no JSON", plain("POST", "/api/send", "", `hello`), 400, "invalid_json", 0},
		{"no JSON, key in the query", plain("POST", "/mp/collect", "measurement_id=G-1&api_secret=s3cret", `{`), 400, "invalid_json", 1},
		{"said twice", plain("POST", "/api/event", "", `{"d":"shop.example","n":"a","n":"b"}`), 400, "invalid_json", 1},
		{"too deep", plain("POST", "/com.snowplowanalytics.snowplow/tp2", "", strings.Repeat("[", 1001)), 400, "too_deep", 0},
		{"too many", plain("POST", "/batch/", "", `{"api_key":"phc_abc","batch":[`+strings.Repeat(`{},`, 2500)+`{}]}`), 400, "too_many_events", 1},
		{"too large", plain("POST", "/e/", "", strings.Repeat("x", 512<<10+1)), 400, "request_too_large", 0},
		{"packed and damaged", plain("POST", "/e/", "", "\x1f\xef\xbf\xbd"), 400, "gzip_damaged", 0},
		{"wrong method", plain("GET", "/api/event", "", ""), 405, "wrong_method", 0},
		{"strict", plain("POST", "/api/event", "strict=1", `{"d":"shop.example"}`), 400, "rejected_events", 1},
		{"unknown project", plain("GET", "/array/phc_nobody/config", "", ""), 401, "unknown_key", 0},
		{"no such file", plain("GET", "/array/phc_abc/surveys", "", ""), 404, "no_route", 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSystem()
			got := s.send(t, c.request)
			var said struct{ Code string }
			if err := json.Unmarshal([]byte(got.Body), &said); err != nil || got.StatusCode != c.status || said.Code != c.code {
				t.Errorf("answered %d %s, want %d %s", got.StatusCode, got.Body, c.status, c.code)
			}
			s.checkSent(t)
			if len(s.queue.noted) != c.noted {
				t.Errorf("%d refusals are counted, want %d", len(s.queue.noted), c.noted)
			}
		})
	}
}

// TestBadEventsOfProtocols are kept with their reason, and the good ones beside them count.
func TestBadEventsOfProtocols(t *testing.T) {
	t.Parallel()
	s := newSystem()
	got := s.send(t, plain("POST", "/batch/", "", `{"api_key":"phc_abc","batch":[7,`+postHogPage+`,{"distinct_id":"1","event":"a","timestamp":"soon"}]}`))
	checkAnswer(t, got, 200, `{"status":"Ok","rejected":2,"details":[{"index":0,"code":"bad_json","reason":"an event must be a JSON object"},`+
		`{"index":2,"field":"timestamp","code":"bad_time","reason":"the time must be ISO 8601, such as 2026-11-22T09:30:00.000Z, or seconds or milliseconds since 1970"}]}`)
	if got.Headers["waymark-rejected"] != "2/3" {
		t.Errorf("the headers are %v, want 2/3 rejected", got.Headers)
	}
	s.checkSent(t, envelope(`7`, `{"anonymousId":"d1","messageId":"u1",`+pageOf, `{"event":"a","timestamp":"soon","type":"track","userId":"1"}`))
}

// TestPostHogSettings: a client of PostHog's asks for these before it sends, and is told to do nothing else.
func TestPostHogSettings(t *testing.T) {
	t.Parallel()
	const prefix, suffix = `(window._POSTHOG_REMOTE_CONFIG=window._POSTHOG_REMOTE_CONFIG||{})["phc_abc"]={config:`, `,siteApps:[]};`
	config := newSystem().send(t, plain("GET", "/array/phc_abc/config", "ip=0", ""))
	var said struct {
		SupportedCompression []string
		HasFeatureFlags      *bool
		Flags                map[string]any
	}
	decodeExactly(t, []byte(config.Body), &said)
	if config.StatusCode != 200 || len(said.SupportedCompression) != 1 || said.SupportedCompression[0] != "base64" || said.HasFeatureFlags == nil || *said.HasFeatureFlags {
		t.Errorf("the settings are %d %s, want base64 and no flags", config.StatusCode, config.Body)
	}
	for _, r := range []request{
		plain("POST", "/flags/", "v=2", `{"token":"phc_abc","distinct_id":"d1"}`), plain("POST", "/decide/", "v=3", `{"api_key":"phc_abc"}`),
	} {
		checkAnswer(t, newSystem().send(t, r), 200, config.Body)
	}
	script := newSystem().send(t, plain("GET", "/array/phc_abc/config.js", "", ""))
	checkAnswer(t, script, 200, prefix+config.Body+suffix)
	if script.Headers["content-type"] != "text/javascript; charset=utf-8" || script.Headers["x-content-type-options"] != "nosniff" {
		t.Errorf("the script's headers are %v, want a script", script.Headers)
	}
}
