package clients_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"waymark/tests/e2e"
)

// page is a page with a client for browsers, or with none.
type page struct {
	name string // and version, as docs/sdks.md has it
	file string // in node/pages
	// withTLS is for clients that speak https only.
	withTLS bool
	// script is what a site serves itself under the path that the snippet asks for, "" for what the system serves there.
	script string
	// more and without are what the client sends beside the story, and what it cannot send of it.
	more    []happened
	without []happened
	// after is what it does with the events of a request after a failure, nil where that is not asked.
	after map[wrong]string
}

func pages() []page {
	return []page{
		{name: "@segment/analytics-next 1.84.3", file: "next.html", after: patient},
		{
			name: "@segment/snippet 5.2.1", file: "snippet.html", withTLS: true, more: []happened{{"page", ""}},
			script: "node/node_modules/@segment/analytics-next/dist/umd/standalone.js",
		},
		{
			name: "@segment/snippet 5.2.1, our script", file: "snippet.html", withTLS: true,
			more: []happened{{"page", ""}, {"page", "Basket"}}, without: []happened{{"screen", "Basket"}},
		},
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
			s := readStory(t, "run"+string(does)).ofSite()
			d := openDoor(t, w.URL, does, p.withTLS)
			s.WriteKey, s.APIHost, s.CDNHost, s.Page = w.Keys.Write, d.URL, d.URL, site.URL+"/pages/"+p.file
			d.script = p.script
			telling := &telling{run: "run" + string(does), door: d, want: p.story(s), isSite: true}
			s.Done = site.await(func() bool { return telling.isOver(p.after) })
			one.tellings = append(one.tellings, telling)
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

// isOver says that the whole story came, again where it should, and that all of it is answered.
func (s telling) isOver(after map[wrong]string) bool {
	for _, v := range s.door.log() {
		if len(v.events) > 0 && v.status == 0 && (v.wrong == nothing || v.wrong == cut) {
			return false
		}
	}
	return len(s.door.sent()) >= len(s.want) && (s.door.wrong == nothing || s.door.after() == after[s.door.wrong])
}

// site is another site than the system's, with the pages and the clients.
type site struct {
	URL   string
	mu    sync.Mutex
	waits []func() bool
}

// openSite serves the pages under another name than the doors, so that every request crosses sites.
func openSite(t testing.TB) *site {
	t.Helper()
	s := &site{}
	files := http.NewServeMux()
	files.Handle("/pages/", http.FileServer(http.Dir("node")))
	files.Handle("/", http.FileServer(http.Dir(filepath.Join("node", "node_modules"))))
	files.HandleFunc("/done/{i}", s.answer)
	server := httptest.NewServer(files)
	t.Cleanup(server.Close)
	s.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return s
}

// await gives an address that answers 200 once something is so, and 404 until then.
func (s *site) await(isSo func() bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = append(s.waits, isSo)
	return fmt.Sprintf("%s/done/%d", s.URL, len(s.waits)-1)
}

func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, err := strconv.Atoi(r.PathValue("i")); err != nil || i >= len(s.waits) || !s.waits[i]() {
		http.NotFound(w, r)
	}
}
