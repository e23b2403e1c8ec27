package front_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/infra/local/front"
)

var routes = []front.Route{
	{Method: "ANY", Path: "$default", Function: "Default"},
	{Method: "GET", Path: "/v1/{proxy+}", Function: "Greedy"},
	{Method: "GET", Path: "/v1/profiles/{id}", Function: "Profile"},
	{Method: "GET", Path: "/v1/profiles/{id}/timeline", Function: "Timeline"},
	{Method: "GET", Path: "/v1/profiles/me", Function: "Me"},
	{Method: "ANY", Path: "/v1/exports", Function: "AnyExports"},
	{Method: "POST", Path: "/v1/exports", Function: "PostExports"},
	{Method: "POST", Path: "/v1/track", Function: "Track"},
}

// call sends a request to a front whose functions answer with their event, and returns what they got.
func call(t *testing.T, request *http.Request) (string, map[string]any) {
	t.Helper()
	var function string
	var event map[string]any
	f := front.New(front.Config{
		Routes: routes,
		Now:    func() time.Time { return time.Date(2026, 11, 22, 7, 8, 9, 123_000_000, time.UTC) },
		Invoke: func(_ context.Context, name string, payload []byte) ([]byte, bool, error) {
			function = name
			return []byte(`{}`), false, json.Unmarshal(payload, &event)
		},
	})
	recorder := httptest.NewRecorder()
	f.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		t.Fatalf("%s %s = %d %s", request.Method, request.URL, recorder.Code, recorder.Body)
	}
	return function, event
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path string
		function     string
		routeKey     string
		rawPath      string
		parameters   map[string]any
	}{
		{"POST", "/v1/track", "Track", "POST /v1/track", "/v1/track", nil},
		{"POST", "/v1/track/", "Default", "$default", "/v1/track/", nil},
		{"OPTIONS", "/v1/track", "Default", "$default", "/v1/track", nil},
		{"GET", "/v1/track", "Greedy", "GET /v1/{proxy+}", "/v1/track", map[string]any{"proxy": "track"}},
		{"GET", "/v1/a/b%20c", "Greedy", "GET /v1/{proxy+}", "/v1/a/b c", map[string]any{"proxy": "a/b c"}},
		{"GET", "/v1", "Default", "$default", "/v1", nil},
		{"GET", "/", "Default", "$default", "/", nil},
		{"GET", "/v1/profiles/me", "Me", "GET /v1/profiles/me", "/v1/profiles/me", nil},
		{"GET", "/v1/profiles/user%3A42", "Profile", "GET /v1/profiles/{id}", "/v1/profiles/user:42", map[string]any{"id": "user:42"}},
		{"GET", "/v1/profiles/user:a%2Fb", "Profile", "GET /v1/profiles/{id}", "/v1/profiles/user:a/b", map[string]any{"id": "user:a/b"}},
		{"GET", "/v1/profiles/email:a+b@c.d", "Profile", "GET /v1/profiles/{id}", "/v1/profiles/email:a+b@c.d", map[string]any{"id": "email:a+b@c.d"}},
		{"GET", "/v1/profiles/x/timeline", "Timeline", "GET /v1/profiles/{id}/timeline", "/v1/profiles/x/timeline", map[string]any{"id": "x"}},
		{"POST", "/v1/exports", "PostExports", "POST /v1/exports", "/v1/exports", nil},
		{"GET", "/v1/exports", "AnyExports", "ANY /v1/exports", "/v1/exports", nil},
		{"HEAD", "/v1/exports", "AnyExports", "ANY /v1/exports", "/v1/exports", nil},
	} {
		function, event := call(t, httptest.NewRequest(c.method, c.path, nil))
		parameters, _ := event["pathParameters"].(map[string]any)
		if function != c.function || event["routeKey"] != c.routeKey || event["rawPath"] != c.rawPath || !reflect.DeepEqual(parameters, c.parameters) {
			t.Errorf("%s %s went to %s as %v, path %v, parameters %v, want %s, %s, %s, %v", c.method, c.path,
				function, event["routeKey"], event["rawPath"], parameters, c.function, c.routeKey, c.rawPath, c.parameters)
		}
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "http://127.0.0.1:3000/v1/track?a=1&b=x%20y&a=2&flag&c=p+q", strings.NewReader(`{"x":"<&>"}`))
	r.RemoteAddr = "127.0.0.1:55555"
	r.Header = http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"probe/1"}, "Accept": {"a/b", "c/d"},
		"Cookie": {"one=1; two=2", "three=3"}, "X-Forwarded-For": {"203.0.113.7"},
	}
	_, got := call(t, r)
	context := got["requestContext"].(map[string]any)
	if id, _ := context["requestId"].(string); id == "" {
		t.Error("the event has no request id")
	}
	context["requestId"] = "ID"
	var want map[string]any
	if err := json.Unmarshal([]byte(`{
		"version": "2.0", "routeKey": "POST /v1/track", "rawPath": "/v1/track", "rawQueryString": "a=1&b=x%20y&a=2&flag&c=p+q",
		"cookies": ["one=1", "two=2", "three=3"],
		"headers": {
			"host": "127.0.0.1:3000", "content-type": "application/json; charset=utf-8", "user-agent": "probe/1", "accept": "a/b,c/d",
			"content-length": "11", "x-forwarded-for": "203.0.113.7, 127.0.0.1", "x-forwarded-port": "3000", "x-forwarded-proto": "http"
		},
		"queryStringParameters": {"a": "1,2", "b": "x y", "flag": "", "c": "p q"},
		"requestContext": {
			"accountId": "000000000000", "apiId": "local", "domainName": "127.0.0.1", "domainPrefix": "127",
			"http": {"method": "POST", "path": "/v1/track", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "probe/1"},
			"requestId": "ID", "routeKey": "POST /v1/track", "stage": "$default", "time": "22/Nov/2026:07:08:09 +0000", "timeEpoch": 1795331289123
		},
		"body": "{\"x\":\"<&>\"}", "isBase64Encoded": false
	}`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("event =\n%v\nwant\n%v", got, want)
	}
}

func TestEventFitsTheLibrarysType(t *testing.T) {
	t.Parallel()
	_, got := call(t, httptest.NewRequest("GET", "/v1/profiles/x", nil))
	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(encoded, &e); err != nil || e.PathParameters["id"] != "x" || e.RequestContext.HTTP.Method != "GET" {
		t.Errorf("event read by aws-lambda-go = %+v, %v", e, err)
	}
}

func TestBase64Rules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		contentType string
		isText      bool
	}{
		{"text/plain", true},
		{"text/plain;charset=UTF-8", true},
		{"TEXT/HTML", true},
		{"text/csv", true},
		{"application/json", true},
		{"Application/JSON; charset=utf-8", true},
		{"application/xml", true},
		{"application/javascript", true},
		{"application/cloudevents+json", false},
		{"application/x-www-form-urlencoded", false},
		{"application/octet-stream", false},
		{"application/x-ndjson", false},
		{"application/jsonlines", false},
		{"image/svg+xml", false},
		{"multipart/form-data; boundary=x", false},
		{"", false},
		{"json", false},
	} {
		const body = "{\"a\":\"é\"}"
		r := httptest.NewRequest("POST", "/v1/track", strings.NewReader(body))
		if c.contentType != "" {
			r.Header.Set("Content-Type", c.contentType)
		}
		_, got := call(t, r)
		want := base64.StdEncoding.EncodeToString([]byte(body))
		if c.isText {
			want = body
		}
		if got["body"] != want || got["isBase64Encoded"] != !c.isText {
			t.Errorf("body of %q = %v, base64 %v, want %q, %v", c.contentType, got["body"], got["isBase64Encoded"], want, !c.isText)
		}
	}
	r := httptest.NewRequest("POST", "/v1/track", strings.NewReader("\x1f\x8b\x08\xff"))
	r.Header.Set("Content-Type", "application/json")
	if _, got := call(t, r); got["body"] != "\x1f\uFFFD\b\uFFFD" || got["isBase64Encoded"] != false {
		t.Errorf("a packed body as JSON = %q, base64 %v, want the damage that text does to it", got["body"], got["isBase64Encoded"])
	}
	if _, got := call(t, httptest.NewRequest("POST", "/v1/track", nil)); got["body"] != nil || got["isBase64Encoded"] != false {
		t.Errorf("an empty body = %v, base64 %v, want none, false", got["body"], got["isBase64Encoded"])
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	const internal = `{"message":"Internal Server Error"}`
	for _, c := range []struct {
		name   string
		reply  string
		failed bool
		err    error
		status int
		header http.Header
		body   string
	}{
		{
			name: "full reply", reply: `{"statusCode":201,"headers":{"content-type":"text/csv","X-Count":3},"cookies":["a=1","b=2"],"body":"x,y"}`,
			status: 201, header: http.Header{"Content-Type": {"text/csv"}, "X-Count": {"3"}, "Set-Cookie": {"a=1", "b=2"}}, body: "x,y",
		},
		{
			name: "several values of a header", reply: `{"statusCode":200,"headers":{"Vary":"A"},"multiValueHeaders":{"Vary":["B","C"]},"body":""}`,
			status: 200, header: http.Header{"Content-Type": {"text/plain;charset=UTF-8"}, "Vary": {"B", "C"}},
		},
		{
			name: "base64", reply: `{"statusCode":200,"headers":{"Content-Type":"image/gif"},"isBase64Encoded":true,"body":"R0lGODk="}`,
			status: 200, header: http.Header{"Content-Type": {"image/gif"}}, body: "GIF89",
		},
		{name: "JSON without status code", reply: `{"ok":true}`, status: 200, header: http.Header{"Content-Type": {"application/json"}}, body: `{"ok":true}`},
		{name: "a text", reply: `"hello"`, status: 200, header: http.Header{"Content-Type": {"application/json"}}, body: `"hello"`},
		{name: "null", reply: `null`, status: 200, header: http.Header{"Content-Type": {"application/json"}}, body: `null`},
		{name: "failed function", reply: `{"errorMessage":"x"}`, failed: true, status: 500, header: http.Header{"Content-Type": {"application/json"}}, body: internal},
		{name: "throttled", err: fmt.Errorf("invoke: %w", front.ErrUnavailable), status: 503, header: http.Header{"Content-Type": {"application/json"}}, body: `{"message":"Service Unavailable"}`},
		{name: "no function", err: errors.New("not built"), status: 500, header: http.Header{"Content-Type": {"application/json"}}, body: internal},
		{name: "no JSON", reply: `<html>`, status: 502, header: http.Header{"Content-Type": {"application/json"}}, body: internal},
		{name: "status code as a text", reply: `{"statusCode":"ok"}`, status: 502, header: http.Header{"Content-Type": {"application/json"}}, body: internal},
		{name: "impossible status code", reply: `{"statusCode":42}`, status: 502, header: http.Header{"Content-Type": {"application/json"}}, body: internal},
		{name: "body is no text", reply: `{"statusCode":200,"body":{"a":1}}`, status: 502, header: http.Header{"Content-Type": {"application/json"}}, body: internal},
		{name: "body is no base64", reply: `{"statusCode":200,"isBase64Encoded":true,"body":"***"}`, status: 502, header: http.Header{"Content-Type": {"application/json"}}, body: internal},
	} {
		f := front.New(front.Config{Routes: routes, Invoke: func(context.Context, string, []byte) ([]byte, bool, error) {
			return []byte(c.reply), c.failed, c.err
		}})
		recorder := httptest.NewRecorder()
		f.ServeHTTP(recorder, httptest.NewRequest("GET", "/x", nil))
		header := recorder.Header()
		if header.Get("Apigw-Requestid") == "" {
			t.Errorf("%s: the answer has no request id", c.name)
		}
		header.Del("Apigw-Requestid")
		header.Del("Content-Length")
		if recorder.Code != c.status || !reflect.DeepEqual(header, c.header) || recorder.Body.String() != c.body {
			t.Errorf("%s: got %d %v %q, want %d %v %q", c.name, recorder.Code, header, recorder.Body, c.status, c.header, c.body)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	f := front.New(front.Config{Routes: routes, Invoke: func(context.Context, string, []byte) ([]byte, bool, error) {
		return []byte(`{"statusCode":200,"body":"ok"}`), false, nil
	}})
	const megabyte = 1024 * 1024
	for _, c := range []struct {
		name        string
		contentType string
		bytes       int
		status      int
	}{
		{"text near Lambda's limit", "text/plain", 6*megabyte - 2000, 200},
		{"text beyond Lambda's limit", "text/plain", 6 * megabyte, 413},
		{"base64 grows by a third", "application/octet-stream", 5 * megabyte, 413},
		{"the gateway's limit", "text/plain", 10 * megabyte, 413},
		{"beyond the gateway's limit", "text/plain", 10*megabyte + 1, 413},
	} {
		r := httptest.NewRequest("POST", "/v1/track", strings.NewReader(strings.Repeat("x", c.bytes)))
		r.Header.Set("Content-Type", c.contentType)
		recorder := httptest.NewRecorder()
		f.ServeHTTP(recorder, r)
		if recorder.Code != c.status {
			t.Errorf("%s: %d bytes of %s = %d %s, want %d", c.name, c.bytes, c.contentType, recorder.Code, recorder.Body, c.status)
		}
	}
}

func TestIntegrationTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		finished := make(chan time.Duration, 1)
		start := time.Now()
		f := front.New(front.Config{Routes: routes, Timeout: 30 * time.Second, Invoke: func(context.Context, string, []byte) ([]byte, bool, error) {
			time.Sleep(45 * time.Second)
			finished <- time.Since(start)
			return []byte(`{}`), false, nil
		}})
		recorder := httptest.NewRecorder()
		f.ServeHTTP(recorder, httptest.NewRequest("GET", "/x", nil))
		got := fmt.Sprint(recorder.Code, " ", recorder.Body, " after ", time.Since(start))
		if want := `503 {"message":"Service Unavailable"} after 30s`; got != want {
			t.Errorf("answer = %s, want %s", got, want)
		}
		if took := <-finished; took != 45*time.Second {
			t.Errorf("the function ran %s, want its 45 s", took)
		}
	})
}

func TestNoRoute(t *testing.T) {
	t.Parallel()
	f := front.New(front.Config{Routes: routes[1:], Log: io.Discard})
	recorder := httptest.NewRecorder()
	f.ServeHTTP(recorder, httptest.NewRequest("PUT", "/nowhere", nil))
	if got, want := fmt.Sprint(recorder.Code, " ", recorder.Body), `404 {"message":"Not Found"}`; got != want {
		t.Errorf("answer = %s, want %s", got, want)
	}
}
