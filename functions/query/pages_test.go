package query_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// visit asks for a page as a browser does, without a key.
func (w *world) visit(t testing.TB, path string, headers map[string]string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	e := w.Request("GET", path, "", "")
	e.Headers = map[string]string{"accept": "text/html,*/*;q=0.8", "host": "shop.example:8443", "x-forwarded-proto": "https"}
	for name, value := range headers {
		e.Headers[name] = value
	}
	response, err := w.handler.Handle(t.Context(), e)
	must(t, err)
	return response
}

// inline is a script, a style or a handler that stands in the page itself, which the policy of its contents forbids.
var inline = regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script[^>]*>[^<]|javascript:`)

// TestPages: they come without a key, tell of no workspace, may load what is theirs alone, and name each file by its contents.
func TestPages(t *testing.T) {
	t.Parallel()
	w := full(t)
	for _, path := range []string{"/", "/debug", "/debug/"} {
		got := w.visit(t, path, nil)
		if got.StatusCode != 200 || got.Headers["content-type"] != "text/html; charset=utf-8" || got.Headers["cache-control"] != "no-store" {
			t.Fatalf("%s is answered %d %v", path, got.StatusCode, got.Headers)
		}
		policy := got.Headers["content-security-policy"]
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, part) || strings.Contains(policy, "unsafe") {
				t.Errorf("the policy of %s is %q, want %s", path, policy, part)
			}
		}
		for _, secret := range []string{"sk_", "wk_demo", "demo", "user:42", "Europe/London"} {
			if strings.Contains(got.Body, secret+`"`) || strings.Contains(got.Body, secret+"<") {
				t.Errorf("%s tells everybody %q", path, secret)
			}
		}
		if !strings.Contains(got.Body, `src="<span data-origin>https://shop.example:8443</span>/wm.js"`) {
			t.Errorf("%s does not name the address that was asked: %s", path, got.Body)
		}
		if strings.Contains(got.Body, "{{") {
			t.Errorf("%s has a place that is not filled: %s", path, got.Body)
		}
		if found := inline.FindString(got.Body); found != "" {
			t.Errorf("%s has %q inside", path, found)
		}
		files := regexp.MustCompile(`"(assets/[a-z.]+)\?v=([0-9a-f]+)"`).FindAllStringSubmatch(got.Body, -1)
		if len(files) != 2 {
			t.Fatalf("%s loads %v, want a style sheet and a script", path, files)
		}
		for _, file := range files {
			asset := w.visit(t, "/"+file[1]+"?v="+file[2], nil)
			if asset.StatusCode != 200 || !strings.Contains(asset.Headers["cache-control"], "immutable") {
				t.Errorf("%s is answered %d %v", file[0], asset.StatusCode, asset.Headers)
			}
			if old := w.visit(t, "/"+file[1]+"?v=0", nil); old.Headers["cache-control"] != "no-cache" {
				t.Errorf("%s of another release may be kept: %v", file[1], old.Headers)
			}
		}
	}
	checkFailure(t, w.visit(t, "/assets/..%2fframe.html", nil), 404, "no_asset")
	checkFailure(t, w.visit(t, "/assets/home.html", nil), 404, "no_asset")
}

// TestPageShowsKeys: only those that ShowKeys names, and what is in them stays text.
func TestPageShowsKeys(t *testing.T) {
	t.Parallel()
	w := full(t)
	w.handler.ShowKeys = "wk_demo sk_demo"
	got := w.visit(t, "/", nil).Body
	if !strings.Contains(got, `data-secret="sk_demo" data-write="wk_demo"`) || !strings.Contains(got, "<span data-key>wk_demo</span>") {
		t.Errorf("the page does not show the keys: %s", got)
	}
	w.handler.ShowKeys = `wk_"><script>alert(1)</script>`
	if got := w.visit(t, "/", nil).Body; strings.Contains(got, "<script>alert") {
		t.Errorf("a key becomes a script: %s", got)
	}
}

// TestPageOfAStrangeHost: a host that is none is not written into what people copy.
func TestPageOfAStrangeHost(t *testing.T) {
	t.Parallel()
	w := full(t)
	for _, host := range []string{"", `a"b`, "a b", "<b>", "a/b", "a\nb"} {
		if got := w.visit(t, "/", map[string]string{"host": host}).Body; !strings.Contains(got, "<span data-origin>https://YOUR-HOST</span>") {
			t.Errorf("the host %q is shown", host)
		}
	}
}

// TestPageWhileTheStoreIsDown: the page comes, and says so.
func TestPageWhileTheStoreIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Call = func(string, func() error) error { return throttled }
	w.handler = w.Query(w.Ports())
	if got := w.visit(t, "/", nil); got.StatusCode != 200 || !strings.Contains(got.Body, "The store does not answer now") {
		t.Errorf("answered %d %s", got.StatusCode, got.Body)
	}
}
