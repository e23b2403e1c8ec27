// Package failed holds the classes of permanent failure to their catalogue, docs/failed.md: each has a sample in events/failed, which goes the
// whole way through the system, from the refused event to the accepted correction.
package failed

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// world is a system with the workspace demo, at the time that all requests of these tests come in.
type world struct {
	*system.System
	t *testing.T
}

// newWorld has a server for which some things are settled, by name and text.
func newWorld(t *testing.T, settled map[string]string) world {
	t.Helper()
	return newWorldOf(t, sample{Settled: settled})
}

// newWorldOf has the source of a sample.
func newWorldOf(t *testing.T, s sample) world {
	t.Helper()
	kind := workspace.ServerSource
	if s.Site {
		kind = workspace.Site
	}
	demo := workspace.Workspace{
		Name: "demo", Zone: "Europe/London", Currency: "EUR", Model: "default", Keys: []workspace.Key{
			{Text: "wk_demo", Workspace: "demo", Role: workspace.Write, Source: "web", Kind: kind},
			{Text: "sk_demo", Workspace: "demo", Role: workspace.Secret},
		},
	}
	policy := workspace.Policy{}
	for name, text := range s.Settled {
		must(t, policy.Set(name, text))
	}
	demo.SetPolicy("web", policy)
	all := system.New(t, demo)
	all.Now, all.Version = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC), "v1.2.3"
	return world{all, t}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// send brings one event to collect as a batch, beside another that is good, and processes both.
func (w world) send(raw string) {
	w.t.Helper()
	body := `{"writeKey":"wk_demo","sentAt":"2026-11-22T09:29:59Z","context":{"app":{"name":"till"}},"batch":[` +
		`{"type":"page","messageId":"e0","userId":"neighbour","anonymousId":"n","timestamp":"2026-11-22T08:00:00Z","properties":{"url":"https://shop.example/"}},` + raw + `]}`
	e := w.Request(http.MethodPost, "/v1/batch", "", body)
	e.RequestContext.RequestID = "r-1"
	answer, err := httpapitest.Invoke(w.t.Context(), w.Collect(w.Ports()), e)
	must(w.t, err)
	if answer.StatusCode != http.StatusOK {
		w.t.Fatalf("collect answers %d %s", answer.StatusCode, answer.Body)
	}
	w.Drain()
}

// ask does something with failed events as a reader of demo, and gives the answer.
func (w world) ask(method, path, body string, into any) {
	w.t.Helper()
	status, answer := w.Ask(method, path, "sk_demo", body)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s answers %d %s", method, path, status, answer)
	}
	must(w.t, json.Unmarshal([]byte(answer), into))
}

// kept is all that is kept of a workspace's failures.
func (w world) kept(name string) []event.Failed {
	w.t.Helper()
	kept, _, err := w.Table.Failed(w.t.Context(), name, "", "", 100)
	must(w.t, err)
	return kept
}
