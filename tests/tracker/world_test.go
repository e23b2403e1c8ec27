// Package tracker_test drives the tracker in a headless Chromium: pages of a site load the script from the real Collect, behind the local stand-in
// for the gateway, and what arrives is counted by asking Query, as a customer would. Only the stores are in memory.
//
//	go test ./tests/tracker        # needs Chromium: make chromium
package tracker_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waymark/infra/local/front"
	"waymark/shared/testing/system"
)

// chromium is the browser of all tests of the package. It is started by the first that needs it.
var chromium = sync.OnceValues(func() (*browser, error) {
	program := os.Getenv("CHROMIUM")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && program == "" {
			program = found
		}
	}
	if program == "" {
		return nil, fmt.Errorf("there is no Chromium; run make chromium, or set CHROMIUM to its path")
	}
	folder, err := os.MkdirTemp("", "waymark-chromium-")
	if err != nil {
		return nil, err
	}
	profile.Store(&folder)
	return launch(program, folder)
})

var profile atomic.Pointer[string] // folder of the browser's profile; nil while it is not started

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // they wait more than they work
	code := m.Run()
	if folder := profile.Load(); folder != nil {
		if b, err := chromium(); err == nil {
			b.close()
		}
		_ = os.RemoveAll(*folder)
	}
	os.Exit(code)
}

func theBrowser(t testing.TB) *browser {
	t.Helper()
	b, err := chromium()
	if err == nil {
		return b
	}
	if os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
	return nil
}

// site is a web site with the tracker, and the system that it sends to: two hosts, so that everything is cross-origin.
type site struct {
	t       testing.TB
	browser *browser
	system  *system.System
	url     string            // of the site
	collect string            // of the system
	tag     string            // attributes of the script tag
	script  string            // path of the script
	head    string            // what stands before the script tag
	headers map[string]string // of pages
	inject  string            // a script that runs in every page before any of its own
	refused bool              // that requests are
	key     string

	loads atomic.Int32 // pages that were loaded
	mu    sync.Mutex
	seen  []exchange
	down  atomic.Int32 // the status that the system answers events with; -1: it ends the connection; 0: it works
	downs atomic.Int32 // requests that were answered so

	visitor string // the browser context of the visitor
	tabs    []*tab
}

// exchange is a request to the system, and its answer.
type exchange struct {
	Method, Path string
	Body, Answer []byte
	Status       int
}

// note passes a request on, and remembers it with its answer.
func (s *site) note(w http.ResponseWriter, r *http.Request, to http.Handler) {
	x := exchange{Method: r.Method, Path: r.URL.Path}
	x.Body, _ = io.ReadAll(r.Body) // a browser that leaves sends what it can
	r.Body = io.NopCloser(bytes.NewReader(x.Body))
	answer := httptest.NewRecorder()
	to.ServeHTTP(answer, r)
	x.Answer, x.Status = answer.Body.Bytes(), answer.Code
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	w.Write(x.Answer)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, x)
}

// begin sets up a site and a system, and a visitor who has never been there.
func begin(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, browser: theBrowser(t), system: system.New(t, system.Shop()), script: "/wm.js", key: "wk_site"}
	s.system.Now = time.Now()
	collect := s.system.Collect(s.system.Ports())
	gateway := front.New(front.Config{
		Routes: []front.Route{{Method: "ANY", Path: "$default", Function: "Collect"}},
		Invoke: func(ctx context.Context, _ string, event []byte) ([]byte, bool, error) {
			answer, err := collect.Invoke(ctx, event)
			return answer, err != nil, nil
		},
	})
	s.collect = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			t.Errorf("the browser asks before it sends: OPTIONS %s", r.URL)
		}
		if path, is := strings.CutPrefix(r.URL.Path, "/x7"); is { // as an edge does with EdgePath=/x7 and EdgeScript=kit
			r.URL.Path = strings.ReplaceAll(path, "kit", "wm")
		}
		status := int(s.down.Load())
		switch isScript := strings.HasSuffix(r.URL.Path, ".js"); {
		case status == 0 || isScript:
			s.note(w, r, gateway)
		case status < 0:
			s.downs.Add(1)
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.WriteHeader(status)
			s.downs.Add(1)
		}
	})
	s.url = serve(t, s.page)
	var made struct {
		ID string `json:"browserContextId"`
	}
	s.ask("Target.createBrowserContext", nil, &made)
	s.visitor = made.ID
	t.Cleanup(func() {
		_, _ = s.browser.call("", "Target.disposeBrowserContext", map[string]any{"browserContextId": s.visitor})
		s.check()
	})
	return s
}

func serve(t *testing.T, handle http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.ErrorLog = nil
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// page answers with a page that has the tracker, whatever its path. The title is the path.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/favicon.ico" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.URL.Path == "/npm/index.js" {
		http.ServeFile(w, r, "../../functions/collect/tracker/npm/index.js")
		return
	}
	s.loads.Add(1)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	for name, value := range s.headers {
		w.Header().Set(name, value)
	}
	fmt.Fprintf(w, `<!doctype html><title>%s</title>%s<script async src="%s%s" data-key="%s" %s></script>
		<body><a id=next href="/next">next</a> <a id=part href="#part">part</a><p id=part style="margin-top:3000px">.</body>`,
		r.URL.Path, s.head, s.collect, s.script, s.key, s.tag)
}

func (s *site) ask(method string, params map[string]any, into any) {
	s.t.Helper()
	raw, err := s.browser.call("", method, params)
	if err == nil && into != nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// blank opens an empty tab of the visitor.
func (s *site) blank() *tab {
	s.t.Helper()
	p := &tab{t: s.t, browser: s.browser}
	var made struct {
		ID string `json:"targetId"`
	}
	s.ask("Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": s.visitor}, &made)
	var attached struct {
		ID string `json:"sessionId"`
	}
	s.ask("Target.attachToTarget", map[string]any{"targetId": made.ID, "flatten": true}, &attached)
	p.target, p.session = made.ID, attached.ID
	s.browser.mu.Lock()
	s.browser.hearers[p.session] = p.hear
	s.browser.mu.Unlock()
	p.call("Page.enable", nil)
	p.call("Runtime.enable", nil)
	p.call("Network.enable", nil)
	if s.inject != "" {
		p.call("Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": s.inject})
	}
	s.tabs = append(s.tabs, p)
	return p
}

// open opens a path of the site in a new tab.
func (s *site) open(path string) *tab {
	s.t.Helper()
	p := s.blank()
	p.goes(s.url + path)
	return p
}

// close closes a tab, as a visitor does.
func (s *site) close(p *tab) {
	s.t.Helper()
	s.ask("Target.closeTarget", map[string]any{"targetId": p.target}, nil)
}

// requests are those that came in under a path.
func (s *site) requests(path string) (found []exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.seen {
		if strings.HasPrefix(x.Path, path) {
			found = append(found, x)
		}
	}
	return found
}

// sent is an event as it came over the wire.
type sent struct {
	Type        string         `json:"type"`
	Event       string         `json:"event"`
	Name        string         `json:"name"`
	MessageID   string         `json:"messageId"`
	AnonymousID string         `json:"anonymousId"`
	UserID      any            `json:"userId"`
	PreviousID  string         `json:"previousId"`
	GroupID     string         `json:"groupId"`
	Category    string         `json:"category"`
	Timestamp   string         `json:"timestamp"`
	Properties  map[string]any `json:"properties"`
	Traits      map[string]any `json:"traits"`
	Context     struct {
		Cookieless bool `json:"cookieless"`
		GPC        bool `json:"gpc"`
		Consent    any  `json:"consent"`
		Proof      any  `json:"proof"`
		Page       struct{ URL, Referrer, Title string }
	} `json:"context"`
}

// what says briefly which event it is: "page /next", "track Signed Up".
func (e sent) what() string {
	address, _ := url.Parse(e.Context.Page.URL)
	path := address.RequestURI()
	if address.Fragment != "" {
		path += "#" + address.Fragment
	}
	return e.Type + " " + cmp.Or(e.Event, e.Name, path)
}

// wire gives every event that came to the beacon, repeats too.
func (s *site) wire() (events []sent) {
	s.t.Helper()
	for _, x := range s.requests("/v1/beacon") {
		var body struct{ Batch []sent }
		if err := json.Unmarshal(x.Body, &body); err != nil {
			s.t.Fatalf("the beacon got %q: %v", x.Body, err)
		}
		events = append(events, body.Batch...)
	}
	return events
}

// await waits until so many different events have come.
func (s *site) await(n int) []sent {
	s.t.Helper()
	var events []sent
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(10 * time.Millisecond) {
		if events = s.wire(); len(once(events)) >= n {
			return events
		}
	}
	s.t.Fatalf("%d events came, want %d: %v", len(events), n, names(events))
	return nil
}

// once leaves repeats out.
func once(events []sent) (all []sent) {
	seen := map[string]bool{}
	for _, e := range events {
		if !seen[e.MessageID] {
			all = append(all, e)
		}
		seen[e.MessageID] = true
	}
	return all
}

func names(events []sent) (all []string) {
	for _, e := range events {
		all = append(all, e.what())
	}
	return all
}

// counted gives what the system has counted, oldest first, by asking for the timelines of everybody who came to the beacon, and of visitors.
func (s *site) counted(visitors ...string) []string {
	s.t.Helper()
	s.system.Now = time.Now()
	s.system.Drain()
	persons := map[string]bool{}
	for _, id := range visitors {
		persons[id] = true
	}
	for _, e := range s.wire() {
		if e.AnonymousID != "" {
			persons[e.AnonymousID] = true
		}
	}
	type touchpoint struct{ at, what string }
	found := map[string]touchpoint{}
	for id := range persons {
		for cursor := ""; ; {
			status, body := s.system.Get("/v1/profiles/anon:" + id + "/timeline?limit=500&cursor=" + url.QueryEscape(cursor))
			var answer struct {
				Items []struct{ ID, Type, Name, Page, Time string }
				Next  string
			}
			if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
				s.t.Fatalf("the timeline of %s: %d %s", id, status, body)
			}
			for _, e := range answer.Items {
				address, _ := url.Parse(e.Page)
				found[e.ID] = touchpoint{e.Time, e.Type + " " + cmp.Or(e.Name, address.Path)}
			}
			if cursor = answer.Next; cursor == "" {
				break
			}
		}
	}
	var all []touchpoint
	for _, e := range found {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b touchpoint) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.what, b.what)) })
	var whats []string
	for _, e := range all {
		whats = append(whats, e.what)
	}
	return whats
}

// strangers are the persons whom the system counts in the stage of awareness: visitors whose ids are made by it.
func (s *site) strangers() (ids []string) {
	s.t.Helper()
	s.system.Now = time.Now()
	s.system.Drain()
	s.system.Settle()
	status, body := s.system.Get("/v1/profiles?stage=awareness")
	var answer struct{ Items []struct{ Person string } }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		s.t.Fatalf("the persons in awareness: %d %s", status, body)
	}
	for _, item := range answer.Items {
		ids = append(ids, strings.TrimPrefix(item.Person, "anon:"))
	}
	return ids
}

// check is what must hold of every page in every test: nothing throws, and nothing is refused.
func (s *site) check() {
	for _, p := range s.tabs {
		p.mu.Lock()
		for _, fault := range p.faults {
			s.t.Errorf("the page got an exception: %s", fault)
		}
		p.mu.Unlock()
	}
	for _, x := range s.requests("/") {
		if x.Status != http.StatusOK && x.Status != http.StatusNotModified && !s.refused {
			s.t.Errorf("%s %s is answered %d %s", x.Method, x.Path, x.Status, x.Answer)
		}
		if strings.Contains(string(x.Answer), `"rejected"`) {
			s.t.Errorf("an event is refused: %s", x.Answer)
		}
	}
}

// stored gives everything that the site keeps in the visitor's browser.
func (p *tab) stored() string {
	p.t.Helper()
	return p.text("Object.keys(localStorage).concat(Object.keys(sessionStorage), document.cookie).join(' ').trim()")
}

// printed is what the page has printed to its console.
func (p *tab) printed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.console, "\n")
}
