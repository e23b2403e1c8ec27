package protocols_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"waymark/tests/e2e"
)

// protocol is a system that somebody leaves: its clients, and what must be known after all of them have told their stories.
type protocol struct {
	name    string // of the page, where there is a client for browsers
	alias   string
	browser bool
	server  []string // command of the client for servers, without the host
	want    []string
	asked   []string // by the browser, and how it was answered; repeats left out
}

func protocols() []protocol {
	return []protocol{
		{
			name: "plausible", alias: "plausible:shop.example", browser: true,
			want:  []string{"anon page", "anon track Order Completed of 12.50 EUR", "anon track Signup"},
			asked: []string{"POST /api/event 202"},
		},
		{
			name: "umami", alias: "umami:b1a9f0e2-5c3d-4a77-9a52-8f0c0a2d9f11", browser: true, server: []string{"node", "node/server.mjs", "umami"},
			want: []string{
				"anon page", "user:umami-42 has plan gold", "user:umami-42 track Order Completed of 12.50 EUR", "user:umami-42 track signup",
				"user:umami-node-7 page", "user:umami-node-7 track renewed",
			},
			asked: []string{"POST /api/send 200"},
		},
		{
			name: "ga4", alias: "ga4:G-SHOP1:s3cret", server: []string{venv + "/bin/python", "python/ga4.py"},
			want: []string{"anon has plan gold", "anon page", "anon track Order Completed of 12.50 EUR", "anon track Signed Up"},
		},
		{
			name: "snowplow", alias: "snowplow:shop-web", browser: true, server: []string{"node", "node/server.mjs", "snowplow"},
			want: []string{
				"user:snowplow-42 page", "user:snowplow-42 track Order Completed of 12.50 EUR", "user:snowplow-42 track signup",
				"user:snowplow-node-7 page", "user:snowplow-node-7 track renewed",
			},
			asked: []string{"POST /com.snowplowanalytics.snowplow/tp2 200"},
		},
		{
			name: "posthog", alias: "posthog:phc_shop", browser: true, server: []string{"node", "node/server.mjs", "posthog"},
			want: []string{
				"user:posthog-42 has email ada@shop.example", "user:posthog-42 page", "user:posthog-42 track $pageleave", "user:posthog-42 track Order Completed of 12.50 EUR", "user:posthog-42 track signup",
				"user:posthog-node-7 has plan gold", "user:posthog-node-7 page", "user:posthog-node-7 track renewed",
			},
			asked: []string{"GET /array/phc_shop/config.js 200", "POST /e/ 200", "POST /flags/ 200"},
		},
	}
}

// TestClients: whoever leaves one of these systems changes a host name. All tell their stories at the same time, and each is then looked at.
func TestClients(t *testing.T) {
	requireClients(t)
	if _, err := exec.LookPath(chromium()); err != nil {
		t.Fatalf("Chromium is not installed: %v; install the package chromium, or name the program in CHROMIUM", err)
	}
	all := protocols()
	tenants := map[string]e2e.Tenant{}
	var tellers sync.WaitGroup
	for _, p := range all {
		tenants[p.name] = tenant(t, p.name, p.alias)
		if p.server != nil {
			tellers.Go(func() { printed(t, append(p.server, world.System(t).URL)...) })
		}
	}
	pages := tellPages(t, world.System(t).URL, all)
	tellers.Wait()
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			if got := arrived(t, tenants[p.name]); !slices.Equal(got, p.want) {
				t.Errorf("known is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(p.want, "\n"))
			}
			page := pages[p.name]
			if asked := slices.Compact(slices.Sorted(slices.Values(page.Answered))); !slices.Equal(asked, p.asked) || len(page.Said) > 0 {
				t.Errorf("the browser asked %q and said %q, want %q and nothing", asked, page.Said, p.asked)
			}
		})
	}
}

// told is what happened on a page.
type told struct {
	Name     string
	Said     []string // errors in the console
	Answered []string // method, path and status of every answer of the system
}

// tellPages opens the pages of the clients for browsers, and gives what happened on each.
func tellPages(t *testing.T, host string, all []protocol) map[string]told {
	t.Helper()
	command := []string{"node", "node/browser.mjs", openSite(t), host}
	for _, p := range all {
		if p.browser {
			command = append(command, p.name)
		}
	}
	pages := map[string]told{}
	for line := range strings.Lines(printed(t, command...)) {
		var page told
		if err := json.Unmarshal([]byte(line), &page); err != nil {
			t.Fatalf("the browser printed %q: %v", line, err)
		}
		pages[page.Name] = page
	}
	return pages
}

// openSite serves the pages and the clients under the name of a shop.
func openSite(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("testdata/umami/index.js")
	if err != nil {
		t.Fatal(err)
	}
	built := strings.NewReplacer("__COLLECT_API_HOST__", "", "__COLLECT_API_ENDPOINT__", "/api/send").Replace(string(script))
	files := http.NewServeMux()
	files.Handle("/pages/", http.FileServer(http.Dir("node")))
	files.Handle("/", http.FileServer(http.Dir(filepath.Join("node", "node_modules"))))
	files.HandleFunc("/umami.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, built)
	})
	site := httptest.NewServer(files)
	t.Cleanup(site.Close)
	return strings.Replace(site.URL, "127.0.0.1", "shop.example", 1)
}

// printed runs a program and gives what it printed.
func printed(t *testing.T, command ...string) string {
	t.Helper()
	var complaint bytes.Buffer
	program := exec.CommandContext(t.Context(), command[0], command[1:]...)
	program.Stderr = &complaint
	output, err := program.Output()
	if err != nil {
		t.Errorf("%s: %v\n%s%s", strings.Join(command, " "), err, output, complaint.String())
	}
	return string(output)
}

func chromium() string { return cmp.Or(os.Getenv("CHROMIUM"), "chromium") }
