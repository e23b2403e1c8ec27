package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"waymark/infra/demo"
)

// fakeSystem answers like a system whose numbers are right by construction: it recounts what was posted. Its queue is empty from the third
// look on.
type fakeSystem struct {
	mu        sync.Mutex
	zones     map[string]string // by workspace
	events    map[string]map[string]json.RawMessage
	kpis      map[string]demo.KPIs
	looks     int
	lose      int // of each workspace's events
	rolledUp  map[string]bool
	admin     []int
	failures  map[string]int64
	dead      int
	noExports bool
}

func (s *fakeSystem) create(_ context.Context, name, zone, currency, model string) (string, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones[name] = zone
	return "ws_" + name, "sk_" + name, nil
}

func (s *fakeSystem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, _, _ := r.BasicAuth()
	name := strings.TrimPrefix(user, "ws_")
	if user == "" {
		name = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer sk_")
	}
	var answer any
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/batch":
		answer = s.take(name, r)
	case "GET /v1/status":
		s.looks++
		waiting := max(0, 3-s.looks)
		answer = map[string]any{
			"queues": map[string]any{"touchpoints": map[string]int{"waiting": waiting, "in_flight": 0, "dead": s.dead}}, "failed": s.failures,
		}
	case "POST /v1/rollups":
		answer = map[string]any{"id": "7", "done": false, "waiting": 2}
		w.WriteHeader(http.StatusAccepted)
	case "GET /v1/rollups/7":
		s.rolledUp[name] = true
		answer = map[string]any{"id": "7", "done": true}
	case "GET /v1/kpis":
		answer = []string{"not rolled up"}
		if s.rolledUp[name] {
			answer = s.rows(name, r)
		}
	case "POST /v1/exports":
		answer = map[string]string{"name": "on-demand"}
	case "GET /v1/exports":
		answer = map[string]any{"exports": []any{monthExport}}
		if s.noExports {
			answer = map[string]any{"exports": []string{}}
		}
	case "GET /v1/exports/on-demand-month-r1":
		answer = monthExport
	case "GET /v1/exports/on-demand-month-r1.csv":
		_, _ = fmt.Fprint(w, "metric,start\r\n")
		return
	case "GET /status":
		answer = map[string]any{"functions": map[string]any{"Process": map[string]any{"pids": s.admin}}}
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// monthExport is the manifest of the one export that the fake system makes.
var monthExport = map[string]any{"name": "on-demand-month-r1", "files": []map[string]string{{"name": "on-demand-month-r1.csv"}}}

func (s *fakeSystem) take(name string, r *http.Request) any {
	var body struct{ Batch []json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return map[string]any{"success": false}
	}
	if s.events[name] == nil {
		s.events[name] = map[string]json.RawMessage{}
	}
	for _, e := range body.Batch {
		var sent struct{ MessageID string }
		_ = json.Unmarshal(e, &sent)
		s.events[name][sent.MessageID] = e
	}
	return map[string]any{"success": true}
}

func (s *fakeSystem) rows(name string, r *http.Request) any {
	if s.kpis[name] == nil {
		var events []json.RawMessage
		for _, e := range s.events[name] {
			events = append(events, e)
		}
		s.kpis[name] = newRecount(s.zones[name], events[s.lose:])
	}
	q := r.URL.Query()
	text, err := s.kpis[name](q.Get("metric"), q.Get("from"), q.Get("to"), q.Get("grain"), q.Get("by"))
	if err != nil {
		return nil
	}
	return map[string]any{"rows": json.RawMessage(text)}
}

func newFake(t *testing.T) (*fakeSystem, demo.Config, *bytes.Buffer) {
	t.Helper()
	s := &fakeSystem{zones: map[string]string{}, events: map[string]map[string]json.RawMessage{}, kpis: map[string]demo.KPIs{}, rolledUp: map[string]bool{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	var page bytes.Buffer
	return s, demo.Config{
		System: demo.System{URL: server.URL, AdminURL: server.URL}, CreateWorkspace: s.create, Folder: t.TempDir(), Out: &page,
		Now: time.Now, Rand: rand.New(rand.NewSource(1)), Client: server.Client(),
		Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}, &page
}

// TestRunTwice runs the whole demo twice against a system that is right: all numbers are equal, and the second run adds no event.
func TestRunTwice(t *testing.T) {
	t.Parallel()
	s, c, page := newFake(t)
	for range 2 {
		equal, err := demo.Run(t.Context(), c)
		if err != nil || !equal {
			t.Fatalf("Run = %v, %v; want true\n%s", equal, err, page)
		}
	}
	for name, want := range map[string]int{"demo-cdnow": 6919, "demo-retail": 4705 + 1059, "demo-weblog": 4000} {
		if got := len(s.events[name]); got != want {
			t.Errorf("%s has %d events, want %d", name, got, want)
		}
	}
	if got := strings.Count(page.String(), "134 of 134 numbers equal"); got != 2 {
		t.Errorf("the page says %d times that all is equal, want 2:\n%s", got, page)
	}
	for _, line := range strings.Split(page.String(), "\n") {
		if len([]rune(line)) > 80 && !strings.Contains(line, string(filepath.Separator)) {
			t.Errorf("the line is longer than 80 characters: %s", line)
		}
	}
	for _, ending := range []string{"csv", "json"} {
		if files, err := filepath.Glob(filepath.Join(c.Folder, "*", "on-demand-month-r1."+ending)); err != nil || len(files) != 3 {
			t.Errorf("copied %s files = %v, %v; want 3", ending, files, err)
		}
	}
}

// TestRunFails: a number that differs is no error but no success either; what makes numbers meaningless is an error.
func TestRunFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*fakeSystem)
		equal  bool
		err    string
	}{
		"an event is lost": {func(s *fakeSystem) { s.lose = 1 }, false, ""},
		"dead letters": {
			func(s *fakeSystem) { s.dead = 2 }, false,
			"2 messages lie in the dead-letter queue, so the numbers would be wrong; GET /v1/failed and the logs of Process say why",
		},
		"failed events": {func(s *fakeSystem) { s.failures = map[string]int64{"bad_time": 3} }, false, "3 events failed with class bad_time; GET /v1/failed shows them"},
		"no exports":    {func(s *fakeSystem) { s.noExports = true }, false, "export web log: the system lists no export after POST /v1/exports"},
	} {
		s, c, page := newFake(t)
		test.change(s)
		equal, err := demo.RunOnly(t.Context(), c, "web log")
		said := ""
		if err != nil {
			said = err.Error()
		}
		if equal != test.equal || said != test.err {
			t.Errorf("%s: Run = %v, %q; want %v, %q\n%s", name, equal, said, test.equal, test.err, page)
		}
	}
}

// TestKill gives the demo real processes to kill: copies of this test that wait for ever.
func TestKill(t *testing.T) {
	t.Parallel()
	s, c, page := newFake(t)
	var children []*exec.Cmd
	for range 3 {
		child := exec.Command(os.Args[0], "-test.run=^TestMain$")
		child.Env = append(os.Environ(), "DEMO_TEST_CHILD=1")
		if _, err := child.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, child)
		s.admin = append(s.admin, child.Process.Pid)
	}
	c.Kills = len(children)
	equal, err := demo.RunOnly(t.Context(), c, "web log")
	if err != nil || !equal || !strings.Contains(page.String(), "killed the process binary 3 times") {
		t.Errorf("Run = %v, %v\n%s", equal, err, page)
	}
	for _, child := range children {
		_ = child.Process.Kill() // only if the demo did not
		if err := child.Wait(); err == nil {
			t.Errorf("child %d ended by itself", child.Process.Pid)
		}
	}
}

func TestMain(m *testing.M) {
	if os.Getenv("DEMO_TEST_CHILD") != "" {
		_, _ = os.Stdin.Read(make([]byte, 1)) // until killed, or until the test is gone
		os.Exit(0)
	}
	os.Exit(m.Run())
}
