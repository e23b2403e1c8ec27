package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSnippet: the tag names the version that the system has, with the hash of what it gives, as browsers compute it.
func TestSnippet(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for _, name := range []string{"wm.js", "wm.full.js"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Location", "/wm/1.0.0-0123456789/"+name)
			_, _ = w.Write([]byte("alert('Hello, world.');"))
		})
	}
	mux.HandleFunc("GET /x7/kit.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Location", "/wm/1.0.0-0123456789/wm.js")
		_, _ = w.Write([]byte("alert('Hello, world.');"))
	})
	mux.HandleFunc("GET /older/", http.NotFound)
	// The hash of these bytes is the example of W3C's Subresource Integrity.
	const hash = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
	for _, c := range []struct {
		args, out, said string
		code            int
	}{
		{
			args: "--key wk_a",
			out:  `<script async src="URL/wm/1.0.0-0123456789/wm.js" integrity="` + hash + `" crossorigin="anonymous" data-key="wk_a"></script>`,
		},
		{
			args: "--key wk_a --full",
			out:  `<script async src="URL/wm/1.0.0-0123456789/wm.full.js" integrity="` + hash + `" crossorigin="anonymous" data-key="wk_a"></script>`,
		},
		{
			args: "--key wk_a --url URL/x7 --script kit",
			out:  `<script async src="URL/x7/kit/1.0.0-0123456789/kit.js" integrity="` + hash + `" crossorigin="anonymous" data-key="wk_a"></script>`,
		},
		{args: "--key wk_a --newest", out: `<script async src="URL/wm.js" data-key="wk_a"></script>`},
		{args: "--key wk_a --url URL/older", said: "URL/older/wm.js is answered 404 and is no tracker", code: 1},
		{args: "--key ws_a", said: "a key ws_… is a secret", code: 1},
		{args: "--key sk_a", said: "a key sk_… is a secret", code: 1},
		{args: "word", said: "waymark snippet [--full]", code: 2},
	} {
		var out, said bytes.Buffer
		args := strings.Fields("snippet --url URL " + c.args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "URL", server.URL)
		}
		code := run(t.Context(), args, stdio{In: strings.NewReader(""), Out: &out, Err: &said})
		want := strings.ReplaceAll(c.out, "URL", server.URL)
		if code != c.code || strings.TrimSpace(out.String()) != want || !strings.Contains(said.String(), strings.ReplaceAll(c.said, "URL", server.URL)) {
			t.Errorf("waymark snippet %s ends with %d and prints\n%s%s\nwant %d\n%s %s", c.args, code, &out, &said, c.code, want, c.said)
		}
	}
}
