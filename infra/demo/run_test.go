package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// fakeSystem is the whole system in memory behind HTTP. Its status and its exports are the test's: the queue is empty from the third
// look on, once those who kill processes have looked.
type fakeSystem struct {
	mu        sync.Mutex
	system    *system.System
	events    map[string]map[string]bool // ids by workspace
	looks     int
	unasked   int // how often the admin page must be asked before the queue is empty
	lose      int // of the events that are posted first
	admin     []int
	failures  map[string]int64
	dead      int
	noExports bool
}

func (s *fakeSystem) create(ctx context.Context, name, zone, currency, model string) (server, secret string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	server, secret = "ws_"+name, "sk_"+name
	if s.events[name] != nil {
		return server, secret, nil
	}
	s.events[name] = map[string]bool{}
	return server, secret, s.system.Table.PutWorkspace(ctx, workspace.Workspace{
		Name: name, Zone: zone, Currency: currency, Model: model, Created: event.At(system.Begin),
		Keys: []workspace.Key{
			{Text: server, Workspace: name, Role: workspace.Write, Source: "files", Kind: workspace.ServerSource, Policy: workspace.NewPolicy()},
			{Text: secret, Workspace: name, Role: workspace.Secret},
		},
	})
}

func (s *fakeSystem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, _, _ := r.BasicAuth()
	secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	var answer any
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/batch":
		answer = s.take(user, r)
	case "GET /v1/status":
		s.looks++
		waiting := max(0, 3-s.looks, s.unasked)
		answer = map[string]any{
			"queues": map[string]any{"touchpoints": map[string]int{"waiting": waiting, "in_flight": 0, "dead": s.dead}}, "failed": s.failures,
		}
	case "POST /v1/rollups":
		answer = map[string]any{"id": "7", "done": false, "waiting": 2}
		w.WriteHeader(http.StatusAccepted)
	case "GET /v1/rollups/7":
		s.system.Drain()
		s.system.Settle()
		answer = map[string]any{"id": "7", "done": true}
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
		s.unasked--
		answer = map[string]any{"functions": map[string]any{"Process": map[string]any{"pids": s.admin}}}
	default:
		text, _ := io.ReadAll(r.Body)
		status, said := s.system.Ask(r.Method, r.URL.RequestURI(), secret, string(text))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, said)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// monthExport is the manifest of the one export that the fake system makes.
var monthExport = map[string]any{"name": "on-demand-month-r1", "files": []map[string]string{{"name": "on-demand-month-r1.csv"}}}

func (s *fakeSystem) take(key string, r *http.Request) any {
	var body struct{ Batch []json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return map[string]any{"success": false}
	}
	var texts []string
	for _, e := range body.Batch {
		var sent struct{ MessageID string }
		_ = json.Unmarshal(e, &sent)
		s.events[strings.TrimPrefix(key, "ws_")][sent.MessageID] = true
		texts = append(texts, string(e))
	}
	lost := min(s.lose, len(texts))
	s.lose -= lost
	if len(texts) > lost {
		s.system.Post(key, texts[lost:]...)
	}
	return map[string]any{"success": true}
}

func newFake(t *testing.T) (*fakeSystem, demo.Config, *bytes.Buffer) {
	t.Helper()
	s := &fakeSystem{system: system.New(t), events: map[string]map[string]bool{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	var page bytes.Buffer
	return s, demo.Config{
		System: demo.System{URL: server.URL, AdminURL: server.URL}, CreateWorkspace: s.create, Folder: t.TempDir(), Out: &page,
		Now: time.Now, Rand: rand.New(rand.NewSource(1)), Client: server.Client(),
		Pause: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}, &page
}

// TestRun runs the whole demo against a system in memory: all numbers are equal.
func TestRun(t *testing.T) {
	t.Parallel()
	s, c, page := newFake(t)
	equal, err := demo.Run(t.Context(), c)
	if err != nil || !equal {
		t.Fatalf("Run = %v, %v; want true\n%s", equal, err, page)
	}
	for name, want := range map[string]int{"demo-cdnow": 6919, "demo-retail": 4705 + 1059, "demo-weblog": 4000, "demo-shoppers": 12330, "demo-telco": 7043, "demo-examples": 1387} {
		if got := len(s.events[name]); got != want {
			t.Errorf("%s has %d events, want %d", name, got, want)
		}
	}
	if !strings.Contains(page.String(), "631 of 631 numbers equal") {
		t.Errorf("the page does not say that all is equal:\n%s", page)
	}
	for _, line := range strings.Split(page.String(), "\n") {
		if len([]rune(line)) > 80 && !strings.Contains(line, string(filepath.Separator)) {
			t.Errorf("the line is longer than 80 characters: %s", line)
		}
	}
	for _, ending := range []string{"csv", "json"} {
		if files, err := filepath.Glob(filepath.Join(c.Folder, "*", "on-demand-month-r1."+ending)); err != nil || len(files) != 6 {
			t.Errorf("copied %s files = %v, %v; want 6", ending, files, err)
		}
	}
}

// TestRunTwice: a second run adds no event, and all numbers stay as they were.
func TestRunTwice(t *testing.T) {
	t.Parallel()
	s, c, page := newFake(t)
	for range 2 {
		equal, err := demo.RunOnly(t.Context(), c, "examples")
		if err != nil || !equal || len(s.events["demo-examples"]) != 1387 {
			t.Fatalf("RunOnly = %v, %v with %d events; want true, nil with 1387\n%s", equal, err, len(s.events["demo-examples"]), page)
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
		"no exports":    {func(s *fakeSystem) { s.noExports = true }, false, "export examples: the system lists no export after POST /v1/exports"},
	} {
		s, c, page := newFake(t)
		test.change(s)
		equal, err := demo.RunOnly(t.Context(), c, "examples")
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
	c.Kills, s.unasked = len(children), len(children)
	equal, err := demo.RunOnly(t.Context(), c, "examples")
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
