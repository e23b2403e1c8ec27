package clients_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waymark/tests/e2e"
)

// page is a page with a client for browsers, or with none.
type page struct {
	name string // and version, as docs/sdks.md has it
	file string // in node/pages
	// withTLS is for clients that speak https only.
	withTLS bool
	// more and without are what the client sends beside the story, and what it cannot send of it.
	more    []happened
	without []happened
	// after is what it does with the events of a request after a failure, nil where that is not asked.
	after map[wrong]string
}

func pages() []page {
	return []page{
		{name: "@segment/analytics-next 1.84.3", file: "next.html", after: patient},
		{name: "@segment/snippet 5.2.1", file: "snippet.html", withTLS: true, more: []happened{{"page", ""}}},
		{name: "@rudderstack/analytics-js 3.34.1", file: "rudder.html", without: []happened{{"screen", "Basket"}}, after: patient},
		{name: "traced", file: "traced.html"},
		{name: "by hand", file: "hand.html"},
	}
}

// TestBrowsers: each page of another site tells the story in headless Chromium, and those with a client tell it again through doors that do wrong with
// the first request. One browser has them all open at the same time.
func TestBrowsers(t *testing.T) {
	t.Parallel()
	requireClients(t)
	if _, err := exec.LookPath(chromium()); err != nil {
		t.Fatalf("Chromium is not installed: %v; install the package chromium, or name the program in CHROMIUM", err)
	}
	site := openSite(t)
	var all []*opened
	var stories []story
	for i, p := range pages() {
		w := tenant(t, fmt.Sprintf("browser-%d", i))
		runs := []wrong{nothing}
		if p.after != nil {
			runs = append(runs, failures...)
		}
		one := &opened{page: p, tenant: w}
		for _, does := range runs {
			s := readStory(t, "run"+string(does))
			d := openDoor(t, w.URL, does, p.withTLS)
			s.WriteKey, s.APIHost, s.CDNHost, s.Page = w.Keys.Write, d.URL, d.URL, site+"/pages/"+p.file
			if does != nothing {
				s.Config = map[string]any{"quietMs": 4000}
			}
			one.tellings = append(one.tellings, &telling{run: "run" + string(does), door: d, want: p.story(s)})
			stories = append(stories, s)
		}
		all = append(all, one)
	}
	ends := tell(t, stories, "node", "node/browser.mjs")
	for _, one := range all {
		for _, telling := range one.tellings {
			telling.ends, ends = ends[0], ends[1:]
		}
		t.Run(one.page.name, one.check)
	}
}

// opened is a page with all its tellings.
type opened struct {
	page     page
	tenant   e2e.Tenant
	tellings []*telling
}

func (o opened) check(t *testing.T) {
	t.Parallel()
	check(t, o.tenant, o.tellings, o.page.after)
}

// story is what a page sends of a story, sorted.
func (p page) story(s story) []happened {
	all := slices.DeleteFunc(append(s.happenings(), p.more...), func(h happened) bool { return slices.Contains(p.without, h) })
	slices.SortFunc(all, inOrder)
	return all
}

func chromium() string {
	if program := os.Getenv("CHROMIUM"); program != "" {
		return program
	}
	return "chromium"
}

// openSite serves the pages and the clients, under another name than the doors so that every request crosses sites.
func openSite(t testing.TB) string {
	t.Helper()
	files := http.NewServeMux()
	files.Handle("/pages/", http.FileServer(http.Dir("node")))
	files.Handle("/", http.FileServer(http.Dir(filepath.Join("node", "node_modules"))))
	server := httptest.NewServer(files)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}
