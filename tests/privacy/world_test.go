// Package privacy_test holds what docs/privacy.md promises against the whole system: canaries are sent in every position,
// and looked for in everything that is stored, queued, exported, logged or answered.
package privacy_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// world is a system that keeps what its functions log and what its queue carried.
type world struct {
	*system.System
	t      *testing.T
	key    string // that requests are sent with
	log    *journal
	queued strings.Builder
}

// journal is a log that several goroutines may write.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// newWorld is a system whose stores fail each kind of call once, so that what functions say of failures is heard too.
// The log is that of the process: no test of this package runs beside another.
func newWorld(t *testing.T) *world {
	shop := system.Shop()
	for _, source := range []string{"web", "till", "site"} {
		shop.SetPolicy(source, workspace.NewPolicy()) // which keeps all properties
	}
	w := &world{System: system.New(t, shop), t: t, key: "wk_web", log: &journal{}}
	slog.SetDefault(slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(slog.New(slog.DiscardHandler)) })
	return w
}

// failing lets each kind of call fail once.
func (w *world) failing() {
	failed := map[string]bool{}
	w.Call = func(name string, apply func() error) error {
		if !failed[name] && name != "key" && name != "workspaces" {
			failed[name] = true
			return fault.Wrap(fault.Unavailable, "throttled", errors.New("the store is busy"))
		}
		return apply()
	}
}

// request sends a request with headers and gives the answer with what it says, all in one text.
func (w *world) request(method, path, body string, headers map[string]string) (status int, answer string) {
	w.t.Helper()
	r := w.Request(method, path, system.Basic(w.key), body)
	for name, value := range headers {
		r.Headers[name] = value
	}
	got, err := httpapitest.Invoke(w.t.Context(), w.Collect(w.Ports()), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.StatusCode, got.Body + texts(got.Headers)
}

// send posts a body that must be taken, and keeps what the queue carries of it.
func (w *world) send(path, body string, headers map[string]string) string {
	w.t.Helper()
	status, answer := w.request(http.MethodPost, path, body, headers)
	if status != http.StatusOK {
		w.t.Fatalf("POST %s %s: %d %s", path, body, status, answer)
	}
	w.listen()
	return answer
}

// visit sends an event as a site's visitor at 198.18.77.6.
func (w *world) visit(raw string) {
	w.t.Helper()
	r := w.Request(http.MethodPost, "/v1/batch", system.Basic("wk_site"), `{"batch":[`+raw+`]}`)
	r.RequestContext.HTTP.SourceIP = "198.18.77.6"
	if got, err := httpapitest.Invoke(w.t.Context(), w.Collect(w.Ports()), r); err != nil || got.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d, %v", raw, got.StatusCode, err)
	}
	w.listen()
}

// listen notes what is queued.
func (w *world) listen() {
	w.t.Helper()
	messages, err := w.Queue.Peek(w.t.Context(), 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range messages {
		w.queued.WriteString(m.Body + "\n")
	}
}

// run processes, settles and exports, through a failure of every kind of call.
func (w *world) run() {
	w.t.Helper()
	w.failing()
	w.Drain()
	for range 50 {
		if w.TrySettle(w.Ports()) == nil {
			break
		}
	}
	w.Call = nil
	w.Settle()
	w.Advance(48 * 3600e9)
	w.Settle()
	for _, schedule := range system.Schedules {
		w.Fire(schedule)
	}
}
