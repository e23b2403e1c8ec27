package httpapi_test

import (
	"encoding/base64"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
)

func gateway(method, path, query, body string) events.APIGatewayV2HTTPRequest {
	return events.APIGatewayV2HTTPRequest{
		RawPath: path, RawQueryString: query, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "r-1", TimeEpoch: 1_795_253_400_123,
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: method, Path: path, SourceIP: "192.0.2.7"},
		},
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	e := gateway("post", "/v1/profiles/user:42/", "a=1&a=2&b=%20x&bad=%zz&c", "{}")
	e.Headers = map[string]string{"Content-Type": "application/json", "authorization": "Bearer sk_demo"}
	e.PathParameters = map[string]string{"id": "user:42"}
	got, err := httpapi.Decode(e)
	want := httpapi.Request{
		Method: "POST", Path: "/v1/profiles/user:42", Params: map[string]string{"id": "user:42"},
		Headers: map[string]string{"content-type": "application/json", "authorization": "Bearer sk_demo"},
		Query:   url.Values{"a": {"1", "2"}, "b": {" x"}, "c": {""}},
		Body:    []byte("{}"), SourceIP: "192.0.2.7", ID: "r-1", Received: time.Date(2026, 11, 21, 9, 30, 0, 123_000_000, time.UTC),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Decode = %+v, %v, want %+v", got, err, want)
	}
}

// The gateway says in milliseconds when it took a request, and the SAM CLI in seconds.
func TestReceived(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)
	for epoch, want := range map[int64]time.Time{
		at.UnixMilli(): at, at.Unix(): at, 0: {}, -1: {}, 99_999_999_999: time.Date(5138, 11, 16, 9, 46, 39, 0, time.UTC),
		100_000_000_000: time.Date(1973, 3, 3, 9, 46, 40, 0, time.UTC),
	} {
		e := gateway("GET", "/", "", "")
		e.RequestContext.TimeEpoch = epoch
		if got, _ := httpapi.Decode(e); !got.Received.Equal(want) {
			t.Errorf("of %d: received %s, want %s", epoch, got.Received, want)
		}
	}
}

func TestDecodePaths(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{"": "/", "/": "/", "/v1/track": "/v1/track", "/v1/track/": "/v1/track", "/v1/track//": "/v1/track"} {
		if got, _ := httpapi.Decode(gateway("GET", raw, "", "")); got.Path != want {
			t.Errorf("Decode(%q).Path = %q, want %q", raw, got.Path, want)
		}
	}
}

// TestDecodePathsOfRoutes: whatever stands before the path (base paths of custom domains, stages), the route is the same.
func TestDecodePathsOfRoutes(t *testing.T) {
	t.Parallel()
	id := func(value string) map[string]string { return map[string]string{"id": value} }
	for _, c := range []struct {
		route, stage, raw string
		params            map[string]string
		want              string
	}{
		{"POST /v1/track", "$default", "/v1/track", nil, "/v1/track"},
		{"POST /v1/track", "$default", "/api/v1/track", nil, "/v1/track"},
		{"POST /v1/track", "$default", "/shop/events/v1/track", nil, "/v1/track"},
		{"POST /v1/track", "prod", "/prod/v1/track", nil, "/v1/track"},
		{"POST /v1/track", "prod", "/api/v1/track", nil, "/v1/track"},
		{"POST /v1/track", "v1", "/v1/v1/track", nil, "/v1/track"},
		{"POST /v1/track/", "$default", "/api/v1/track/", nil, "/v1/track"},
		{"ANY /v1/track", "$default", "/api/v1/track", nil, "/v1/track"},
		{"GET /", "prod", "/prod", nil, "/"},
		{"GET /v1/profiles/{id}", "$default", "/api/v1/profiles/user:42", id("user:42"), "/v1/profiles/user:42"},
		{"GET /v1/profiles/{id}/timeline", "prod", "/prod/v1/profiles/a b/timeline", id("a b"), "/v1/profiles/a b/timeline"},
		{"GET /v1/profiles/{id}", "$default", "/v1/v1/profiles/v1", id("v1"), "/v1/profiles/v1"},
		{"GET /v1/profiles/{id}", "$default", "/api/v1/profiles/anon:a/b", id("anon:a/b"), "/v1/profiles/anon:a/b"},
		{"GET /v1/profiles/{id}", "$default", "/v1/profiles/{id}", id("{id}"), "/v1/profiles/{id}"},
		{"OPTIONS /{rest+}", "prod", "/prod/v1/track", map[string]string{"rest": "v1/track"}, "/v1/track"},
		// Without a route, or without what it names, the stage alone is known.
		{"$default", "$default", "/v1/track", nil, "/v1/track"},
		{"$default", "prod", "/prod/v1/track", nil, "/v1/track"},
		{"$default", "prod", "/prod", nil, "/"},
		{"$default", "prod", "/production/v1/track", nil, "/production/v1/track"},
		{"$default", "v1", "/v1/track", nil, "/track"},
		{"", "", "/v1/track", nil, "/v1/track"},
		{"", "prod", "/prod/v1/track/", nil, "/v1/track"},
		{"GET /v1/profiles/{id}", "prod", "/prod/v1/profiles/user:42", nil, "/v1/profiles/user:42"},
	} {
		e := gateway("GET", c.raw, "", "")
		e.RouteKey, e.RequestContext.Stage, e.PathParameters = c.route, c.stage, c.params
		if got, _ := httpapi.Decode(e); got.Path != c.want {
			t.Errorf("the path of %s, stage %s, %s is %s, want %s", c.route, c.stage, c.raw, got.Path, c.want)
		}
	}
}

func TestDecodeQueryOfAHandMadeEvent(t *testing.T) {
	t.Parallel()
	e := gateway("GET", "/v1/kpis", "", "")
	e.QueryStringParameters = map[string]string{"metric": "orders,revenue"}
	if got, _ := httpapi.Decode(e); !reflect.DeepEqual(got.Query, url.Values{"metric": {"orders,revenue"}}) {
		t.Errorf("Query = %v, want metric as given", got.Query)
	}
}

func TestDecodeBodies(t *testing.T) {
	t.Parallel()
	raw := "\x1f\x8b\x00\xff"
	e := gateway("POST", "/", "", base64.StdEncoding.EncodeToString([]byte(raw)))
	e.IsBase64Encoded = true
	if got, err := httpapi.Decode(e); err != nil || string(got.Body) != raw {
		t.Errorf("Decode gave the body %q, %v, want %q", got.Body, err, raw)
	}
	e.Body = "not base64!"
	if _, err := httpapi.Decode(e); fault.CodeOf(err) != "bad_base64" {
		t.Errorf("Decode gave %v, want bad_base64", err)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	encode := base64.StdEncoding.EncodeToString
	cases := []struct{ header, basic, bearer string }{
		{"", "", ""},
		{"Basic " + encode([]byte("wk_demo:")), "wk_demo", ""},
		{"basic   " + encode([]byte("wk_demo:pass:word")) + " ", "wk_demo", ""},
		{"Basic " + encode([]byte("wk_demo")), "wk_demo", ""},
		{"Basic " + base64.RawURLEncoding.EncodeToString([]byte("wk_?>~:")), "wk_?>~", ""},
		{"Basic ", "", ""},
		{"Basic", "", ""},
		{"Basic %%%", "", ""},
		{"Bearer sk_demo", "", "sk_demo"},
		{"bearer  sk_demo ", "", "sk_demo"},
		{"Digest sk_demo", "", ""},
		{encode([]byte("wk_demo:")), "", ""},
	}
	for _, c := range cases {
		r := httpapi.Request{Headers: map[string]string{"authorization": c.header}}
		if basic, bearer := r.Basic(), r.Bearer(); basic != c.basic || bearer != c.bearer {
			t.Errorf("%q: Basic %q, Bearer %q, want %q, %q", c.header, basic, bearer, c.basic, c.bearer)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{``, `null`, `[]`, `"x"`, `{"body":"x"`, `{}{}`} {
		if _, err := httpapi.Parse([]byte(payload)); fault.CodeOf(err) != "unknown_event" {
			t.Errorf("Parse(%s) = %v, want unknown_event", payload, err)
		}
	}
}
