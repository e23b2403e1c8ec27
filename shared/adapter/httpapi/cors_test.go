package httpapi_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/workspace"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	shop := workspace.Key{Origins: []string{"https://shop.example", "https://www.shop.example"}}
	anyone := map[string]string{"access-control-allow-origin": "*"}
	only := func(origin string) map[string]string {
		return map[string]string{"access-control-allow-origin": origin, "access-control-allow-credentials": "true", "vary": "origin"}
	}
	cases := []struct {
		origin string
		key    workspace.Key
		want   map[string]string
	}{
		{"", workspace.Key{}, anyone},
		{"https://evil.example", shop, anyone},
		{"https://www.shop.example", shop, only("https://www.shop.example")},
		{"https://SHOP.example", shop, anyone}, // browsers send lower case; anything else is not echoed
		{"https://shop.example", workspace.Key{}, only("https://shop.example")},
		{"http://127.0.0.1:8080", workspace.Key{}, only("http://127.0.0.1:8080")},
		{"http://[::1]:8080", workspace.Key{}, only("http://[::1]:8080")},
		{"http://[::1]", workspace.Key{}, only("http://[::1]")},
		{"https://xn--bcher-kva.example", workspace.Key{}, only("https://xn--bcher-kva.example")},
		{"capacitor://localhost", workspace.Key{}, only("capacitor://localhost")},
		{"chrome-extension://abcdefghijklmnop", workspace.Key{}, only("chrome-extension://abcdefghijklmnop")},
	}
	for _, none := range []string{
		"null", "*", "shop.example", "://shop.example", "https://", "https:///", "https://shop.example/", "https://shop.example/a", "https://a@b", "https://a:b",
		"https://a:", "https://a:123456", "https://a:1:2", "https://a b", "https://a\r\nx: y", "https://a,https://b", "https://shöp.example", "http://[::1", "http://[]",
		"http://[::1]a", "http://[x]", "https://" + strings.Repeat("a", 300),
	} {
		cases = append(cases, struct {
			origin string
			key    workspace.Key
			want   map[string]string
		}{none, workspace.Key{}, anyone})
	}
	for _, c := range cases {
		if got := httpapi.CORS(c.origin, c.key); !maps.Equal(got, c.want) {
			t.Errorf("CORS(%q) = %v, want %v", c.origin, got, c.want)
		}
	}
}

// FuzzCORS: whatever a request asks, each header of the answer is one line of printable characters.
func FuzzCORS(f *testing.F) {
	f.Add("https://shop.example", "authorization, content-type")
	f.Add("https://a\r\nx: y", "x-datadog-\r\nset-cookie: a")
	f.Add("http://[::1]:80", ",,x-b3-é,  TRACEPARENT ")
	f.Fuzz(func(t *testing.T, origin, asked string) {
		answer := httpapi.CORS(origin, workspace.Key{})
		maps.Copy(answer, httpapi.Preflight(asked))
		for name, value := range answer {
			if value == "" || len(value) > 5000 || strings.Trim(value, printable) != "" {
				t.Errorf("CORS(%q), Preflight(%q): %s is %q", origin, asked, name, value)
			}
		}
	})
}

const printable = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

func TestPreflight(t *testing.T) {
	t.Parallel()
	const known = "authorization, content-type, x-retry-count, anonymousid, sentat, rsa-recovered, rsa-retry-attempt, " +
		"rsa-since-last-attempt, rsa-since-first-attempt, rsa-retry-reason"
	for asked, want := range map[string]string{
		"": known, " ": known, known: known,
		"Authorization":           "authorization",
		"traceparent,tracestate":  "traceparent, tracestate",
		"x-evil":                  "",
		"x-datadog-trace-id, a b": "x-datadog-trace-id",
		"anonymous":               "", // the beginning of one that is allowed
		"type":                    "", // and the end of one
		"x-umami-cache, *":        "x-umami-cache",
		"content-type, , cookie":  "content-type",
		"x-b3-\r\nset-cookie":     "",
	} {
		got := httpapi.Preflight(asked)
		if got["access-control-allow-headers"] != want || got["access-control-max-age"] != "7200" {
			t.Errorf("Preflight(%q) = %v, want the headers %q", asked, got, want)
		}
	}
}

// TestAddress: settings must name the host, and the path before ours, that a client can reach.
func TestAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, raw, stage string
		headers          map[string]string
		want             string
	}{
		{"laptop", "/v1/track", "$default", map[string]string{"host": "127.0.0.1:3000", "x-forwarded-proto": "http"}, "http://127.0.0.1:3000"},
		{"gateway", "/v1/track/", "$default", map[string]string{"Host": "abc.execute-api.eu-central-1.amazonaws.com", "x-forwarded-proto": "https"}, "https://abc.execute-api.eu-central-1.amazonaws.com"},
		{"stage", "/prod/v1/track", "prod", map[string]string{"host": "abc.example"}, "https://abc.example/prod"},
		{"no host header", "/v1/track", "$default", nil, "https://domain.example"},
		{"edge", "/v1/track", "$default", map[string]string{"host": "abc.example", "waymark-edge": "T.shop.example"}, "https://t.shop.example"},
		{"edge with a path", "/v1/track", "$default", map[string]string{"host": "abc.example", "waymark-edge": "t.shop.example/x7"}, "https://t.shop.example/x7"},
		{"no host", "/v1/track", "$default", map[string]string{"host": "a b"}, ""},
		{"no path", "/v1/track", "$default", map[string]string{"waymark-edge": "t.shop.example/\"><script>"}, ""},
		{"two paths", "/v1/track", "$default", map[string]string{"waymark-edge": "t.shop.example//evil.example"}, ""},
	} {
		e := events.APIGatewayV2HTTPRequest{RawPath: c.raw, Headers: c.headers}
		e.RequestContext.DomainName, e.RequestContext.Stage = "domain.example", c.stage
		r, err := httpapi.Decode(e)
		if err != nil || r.Address != c.want {
			t.Errorf("%s: the address is %q, %v, want %q", c.name, r.Address, err, c.want)
		}
	}
}

// TestCORSToTheUnit asks how long an origin, and what a preflight asks for, may be.
func TestCORSToTheUnit(t *testing.T) {
	t.Parallel()
	for bytes, want := range map[int]string{300: "true", 301: ""} {
		origin := "https://" + strings.Repeat("a", bytes-len("https://"))
		if got := httpapi.CORS(origin, workspace.Key{})["access-control-allow-credentials"]; got != want {
			t.Errorf("an origin of %d bytes is let in with credentials: %q, want %q", bytes, got, want)
		}
	}
	for bytes, want := range map[int]bool{4096: true, 4097: false} {
		asked := strings.Repeat("y", bytes-len(",traceparent")) + ",traceparent"
		got := strings.Contains(httpapi.Preflight(asked)["access-control-allow-headers"], "traceparent")
		if got != want {
			t.Errorf("the last header of %d bytes is allowed: %v, want %v", bytes, got, want)
		}
	}
}
