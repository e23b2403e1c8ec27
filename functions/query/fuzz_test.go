package query_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// FuzzHandle asks anything of any route. Every answer is below 500 and JSON, unless it is a file.
func FuzzHandle(f *testing.F) {
	for i, query := range []string{
		"limit=5&cursor=eyJ0IjoxfQ", "metric=orders,revenue&by=channel&from=2011-03-27&to=2011-03-28", "grain=period&from=2011-03-01&to=2011-04-01",
		"from=-292277022399-01-01&to=9999-12-31T23:59:59Z&grain=hour", "class=bad_time&cursor=MDAw",
	} {
		f.Add(uint8(i), "user:42", query, []byte(`{"ids":["a"]}`))
	}
	w := full(f)
	f.Fuzz(func(t *testing.T, where uint8, name, query string, body []byte) {
		r := routes[int(where)%len(routes)]
		e := events.APIGatewayV2HTTPRequest{
			RawPath: r.path, RawQueryString: query, Body: string(body), Headers: map[string]string{"authorization": "Bearer sk_demo"},
			PathParameters: map[string]string{"id": name, "name": name},
			RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: r.method}},
		}
		got, err := w.handler.Handle(t.Context(), e)
		if err != nil || got.StatusCode >= 500 {
			t.Fatalf("%s %q?%s is answered %d %s, %v", r.pattern, name, query, got.StatusCode, got.Body, err)
		}
		if !got.IsBase64Encoded && !json.Valid([]byte(got.Body)) {
			t.Fatalf("the answer is no JSON: %q", got.Body)
		}
		if _, err := url.Parse(got.Headers["location"]); err != nil {
			t.Fatalf("location %q: %v", got.Headers["location"], err)
		}
	})
}
