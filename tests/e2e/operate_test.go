package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/tests/e2e"
)

// failedEvent is one entry of GET /v1/failed.
type failedEvent struct{ ID, Class, Reason, Field, Original, Handler string }

type failedList struct {
	Failed []failedEvent
	Next   *string
}

// TestReplay puts two failed events back on the queue: one that this release can read, as after a correction of the program, and one that
// stays bad.
func TestReplay(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "replay")
	send(t, w, map[string]any{"type": "track", "event": "Seen", "messageId": "replay-bad", "timestamp": "2025-07-01T10:00:00Z"})
	var bad failedEvent
	err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
		list := get[failedList](t, w, "/v1/failed")
		if len(list.Failed) != 1 {
			return fmt.Errorf("failed events: %+v, want one", list)
		}
		bad = list.Failed[0]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if bad.Class != "no_identifier" || bad.Reason == "" || bad.Handler == "" || !strings.Contains(bad.Original, `"replay-bad"`) {
		t.Errorf("failed event %+v, want its class no_identifier, a reason, the handler and its bytes", bad)
	}
	keepFailed(t, w, event.Failed{
		ID: "correctable", Workspace: w.Keys.Workspace, Source: "default", Class: "bad_time", Reason: "an earlier release could not read it", Handler: "earlier",
		Received: event.At(time.Now()), Request: "earlier",
		Original: `{"type":"track","event":"Seen","userId":"back","messageId":"replay-good","timestamp":"2025-07-01T10:00:00Z"}`,
	})
	want := map[string]int{"no_identifier": 1, "bad_time": 1}
	if status, err := w.Status(t.Context()); err != nil || !maps.Equal(status.Failed, want) {
		t.Fatalf("status before: %+v, %v, want failed %v", status, err, want)
	}

	type replayed struct {
		Success  bool
		Replayed int
		Missing  []string
	}
	got := order[replayed](t, w, "/v1/failed/replay", text(map[string]any{"ids": []string{bad.ID, "correctable", "gone"}}))
	if !got.Success || got.Replayed != 2 || text(got.Missing) != `["gone"]` {
		t.Errorf("replay answers %+v, want 2 replayed and one missing", got)
	}
	err = e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
		list := get[failedList](t, w, "/v1/failed")
		if len(list.Failed) != 1 || list.Failed[0].ID != bad.ID {
			return fmt.Errorf("failed events after the replay: %+v, want only %s", list, bad.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if p := get[person](t, w, "/v1/profiles/user:back"); p.Touchpoints != 1 {
		t.Errorf("the replayed event is %d times in its profile", p.Touchpoints)
	}
}

// keepFailed stores a failed event as an earlier release of Process would have done.
func keepFailed(t testing.TB, w e2e.Tenant, f event.Failed) {
	t.Helper()
	getenv := func(name string) string { return w.Env[name] }
	if err := dynamo.New(dynamo.NewClient(getenv), w.Env["TABLE_NAME"]).PutFailed(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// TestStatus follows one event through GET /v1/status: it makes windows dirty, and a rollup makes them clean.
func TestStatus(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "status")
	if fresh, err := w.Status(t.Context()); err != nil || fresh.DirtyWindows != 0 || len(fresh.Failed) != 0 || len(fresh.NewestRollup) != 0 {
		t.Errorf("status of a new workspace: %+v, %v, want nothing in it", fresh, err)
	}
	send(t, w, map[string]any{"type": "track", "event": "Seen", "userId": "s", "messageId": "status-1", "timestamp": "2025-07-01T10:00:00Z"})
	err := e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error {
		if status, err := w.Status(ctx); err != nil || status.DirtyWindows == 0 {
			return fmt.Errorf("status after an event: %+v, %v, want dirty windows", status, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rollUp(t, w)
	clean, err := w.Status(t.Context())
	if err != nil || clean.DirtyWindows != 0 || len(clean.NewestRollup) != 6 {
		t.Errorf("status after a rollup: %+v, %v, want no dirty window and the time of every grain", clean, err)
	}
}

// TestHealth asks what a load balancer asks: without a key.
func TestHealth(t *testing.T) {
	t.Parallel()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, shared(t).URL+"/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := e2e.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	health := into[struct{ Status, Version string }](t, "GET /health", answer)
	if health.Status != "ok" || health.Version == "" {
		t.Errorf("health %+v, want ok and a version", health)
	}
}

// TestHead: through the real binaries, too, HEAD is answered as GET is, and without a body.
func TestHead(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "head")
	send(t, w, map[string]any{"type": "page", "userId": "head", "messageId": "head-1", "timestamp": "2025-07-01T10:00:00Z"})
	for _, path := range []string{
		"/health", "/v1/status", "/v1/profiles?stage=awareness", "/v1/profiles/user:nobody", "/v1/kpis", "/v1/exports", "/v1/failed", "/v1/quality",
		"/v1/rollups/1751364000000", "/v1/kpis?colour=red",
	} {
		whole, err := w.Change(t.Context(), http.MethodGet, path, "")
		if err != nil {
			t.Fatal(err)
		}
		head, err := w.Change(t.Context(), http.MethodHead, path, "")
		if err != nil || head.Status != whole.Status || len(head.Body) != 0 || head.Header.Get("Content-Type") != whole.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: %s %v, %v; GET: %s %v", path, head, head.Header, err, whole, whole.Header)
		}
	}
}
