package tracker_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/collect/tracker"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/httpapi/httpapitest"
)

func get(t *testing.T, path string, headers map[string]string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	script, found := tracker.Find(path)
	if !found {
		t.Fatalf("Find(%q) finds nothing", path)
	}
	return script.Answer(httpapi.Request{Method: "GET", Path: path, Headers: headers})
}

func newest(t *testing.T) string {
	t.Helper()
	name, err := os.ReadFile("dist/newest")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(name))
}

// TestAddresses: a script has one address that moves with the releases, and one that never does.
func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"wm.js", "wm.full.js"} {
		want, err := os.ReadFile("dist/" + newest(t) + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		pinned := "/wm/" + newest(t) + "/" + name
		for path, cache := range map[string]string{
			"/" + name: "public, max-age=3600, stale-while-revalidate=86400", pinned: "public, max-age=31536000, immutable",
		} {
			got := get(t, path, nil)
			if got.StatusCode != 200 || got.Body != string(want) || got.IsBase64Encoded {
				t.Errorf("GET %s = %d, %d bytes, want 200 and the %d of dist", path, got.StatusCode, len(got.Body), len(want))
			}
			for header, want := range map[string]string{
				"content-type": "text/javascript; charset=utf-8", "cache-control": cache, "content-location": pinned,
				"cross-origin-resource-policy": "cross-origin", "vary": "accept-encoding", "x-content-type-options": "nosniff",
			} {
				if got.Headers[header] != want {
					t.Errorf("GET %s has %s %q, want %q", path, header, got.Headers[header], want)
				}
			}
		}
	}
}

// TestNoSuchScript: what is no script of ours is 404, whatever it looks like, and so is a version that never was.
func TestNoSuchScript(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/wm", "/wm.mjs", "/newest", "/wm/newest", "/v1/beacon", "/analytics.js/v1/wk_demo/other.js", "/wm/" + newest(t) + "/analytics.min.js"} {
		if _, found := tracker.Find(path); found {
			t.Errorf("Find(%q) finds a script", path)
		}
	}
	for _, path := range []string{
		"/wm/9.9.9-0123456789/wm.js", "/wm/../wm.js", "/wm//wm.js", "/analytics.js/v1//analytics.min.js", `/analytics.js/v1/a"b/analytics.min.js`,
		"/analytics.js/v1/" + strings.Repeat("k", 129) + "/analytics.min.js",
	} {
		if got := get(t, path, nil); got.StatusCode != 404 || !strings.Contains(got.Body, "no_script") || got.Headers["cache-control"] != "no-store" {
			t.Errorf("GET %s = %d %s %v, want 404", path, got.StatusCode, got.Body, got.Headers)
		}
	}
}

// TestTheKeyIsInTheScript: whoever pastes Segment's snippet names the key in the address alone.
func TestTheKeyIsInTheScript(t *testing.T) {
	t.Parallel()
	got := get(t, "/analytics.js/v1/wk_demo/analytics.min.js", nil)
	if strings.Count(got.Body, `"wk_demo"`) != 1 || strings.Contains(got.Body, "__WRITE_KEY__") || got.Headers["content-location"] != "" {
		t.Errorf("the script has the key %d times, is at %q", strings.Count(got.Body, "wk_demo"), got.Headers["content-location"])
	}
	other := get(t, "/analytics.js/v1/wk_web/analytics.js", nil)
	if other.Headers["etag"] == got.Headers["etag"] {
		t.Errorf("scripts with two keys have one tag, %s", got.Headers["etag"])
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	plain := get(t, "/wm.js", nil)
	tag := plain.Headers["etag"]
	for accepted, isPacked := range map[string]bool{"gzip": true, "br;q=1.0, gzip;q=0.8": true, "*": true, "gzip;q=0": false, "br": false, "": false} {
		got := get(t, "/wm.js", map[string]string{"accept-encoding": accepted})
		if got.IsBase64Encoded != isPacked || (got.Headers["content-encoding"] == "gzip") != isPacked {
			t.Errorf("who accepts %q gets %v", accepted, got.Headers)
		}
		if isPacked && unpack(t, got.Body) != plain.Body {
			t.Errorf("the packed script is another one")
		}
	}
	for sent, status := range map[string]int{tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		got := get(t, "/wm.js", map[string]string{"if-none-match": sent})
		if got.StatusCode != status || (got.Body == "") != (status == 304) || got.Headers["etag"] != tag {
			t.Errorf("who has %q gets %d with %d bytes, want %d", sent, got.StatusCode, len(got.Body), status)
		}
	}
}

func unpack(t *testing.T, body string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

// TestAnswersAreAsDescribed makes every answer that docs/openapi.yaml describes for the scripts.
func TestAnswersAreAsDescribed(t *testing.T) {
	t.Parallel()
	contract := httpapitest.Load(t)
	for route, path := range map[string]string{
		"/wm.js": "", "/wm.full.js": "", "/wm/{version}/wm.js": "/wm/" + newest(t) + "/wm.js", "/wm/{version}/wm.full.js": "/wm/" + newest(t) + "/wm.full.js",
		"/analytics.js/v1/{key}/analytics.min.js": "/analytics.js/v1/wk_demo/analytics.min.js",
	} {
		path = cmp.Or(path, route)
		found := get(t, path, nil)
		for want, got := range map[int]events.APIGatewayV2HTTPResponse{
			200: found, 304: get(t, path, map[string]string{"if-none-match": found.Headers["etag"]}), 404: get(t, route, nil),
		} {
			if strings.Contains(route, "{") || want != 404 {
				contract.Check(t, "GET", route, got)
			}
			if got.StatusCode != want && (strings.Contains(route, "{") || want != 404) {
				t.Errorf("GET %s = %d, want %d", path, got.StatusCode, want)
			}
		}
	}
	if missing := contract.Unchecked("tracker"); len(missing) > 0 {
		t.Errorf("described and never answered: %v", missing)
	}
}
