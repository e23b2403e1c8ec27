package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/failed"
	"waymark/tests/e2e"
)

// waymark runs a command as the workspace does, and decodes what it prints.
func waymark[T any](t testing.TB, w e2e.Tenant, args ...string) T {
	t.Helper()
	out, said, err := w.Run(t.Context(), append(args, "--json")...)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	var value T
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		t.Fatalf("waymark %v prints %q: %v", args, out, err)
	}
	return value
}

// ofKey are the arguments that say whose failed events are meant.
func ofKey(w e2e.Tenant, args ...string) []string {
	return append(append([]string{"failed"}, args...), "--key", w.Keys.Secret)
}

// awaitFailed waits until exactly these classes are kept, and gives the records by class.
func awaitFailed(t testing.TB, w e2e.Tenant, want ...string) map[string]failed.Row {
	t.Helper()
	rows := map[string]failed.Row{}
	err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
		clear(rows)
		list := get[failed.List](t, w, "/v1/failed")
		for _, row := range list.Failed {
			rows[row.Class] = row
		}
		for _, class := range want {
			if _, found := rows[class]; !found || len(list.Failed) != len(want) {
				return fmt.Errorf("failed events are %v, want %v", list.Failed, want)
			}
		}
		if len(list.Failed) != len(want) {
			return fmt.Errorf("failed events are %v, want none", list.Failed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestFailedEvents mends, replays and discards events of five classes, by the API and by the command line.
func TestFailedEvents(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "failed")
	const at = "2025-07-01T10:00:00Z"
	send(
		t, w,
		map[string]any{"type": "click", "messageId": "f1", "userId": "a", "timestamp": at},
		map[string]any{"type": "page", "messageId": "f2", "userId": "a", "timestamp": "soon"},
		map[string]any{"type": "page", "messageId": "f3", "userId": "null", "timestamp": at},
		map[string]any{"type": "page", "messageId": "f4", "userId": "a", "timestamp": at, "properties": map[string]any{"text": strings.Repeat("x", 40_000)}},
		map[string]any{"type": "page", "messageId": "f5", "timestamp": at},
	)
	rows := awaitFailed(t, w, "unknown_type", "bad_time", "blocked_identifier", "too_large", "no_identifier")
	good := func(id string) string {
		return fmt.Sprintf(`{"type":"page","messageId":%q,"userId":"a","timestamp":%q}`, id, at)
	}

	answer, err := w.Change(t.Context(), http.MethodPut, "/v1/failed/"+rows["unknown_type"].ID, good("f1"))
	if err != nil {
		t.Fatal(err)
	}
	if edited := into[failed.Document](t, "edit", answer); !edited.Verdict.Accepted || edited.Edit.Text != good("f1") || edited.Original != rows["unknown_type"].Original {
		t.Errorf("edited it is %+v, want the new text beside the original, and accepted", edited)
	}
	files := t.TempDir()
	for class, id := range map[string]string{"bad_time": "f2", "blocked_identifier": "f3", "too_large": "f4"} {
		file := filepath.Join(files, id)
		put(t, file, []byte(good(id)))
		edited := waymark[failed.Document](t, w, ofKey(w, "edit", rows[class].ID, "--file", file)...)
		if !edited.Verdict.Accepted || edited.Bytes != rows[class].Bytes {
			t.Errorf("edited it is %+v, want it accepted and the original as it was", edited.Verdict)
		}
	}
	byID := order[failed.Replayed](t, w, "/v1/failed/replay", text(failed.Order{IDs: []string{rows["unknown_type"].ID}}))
	all := waymark[failed.Replayed](t, w, ofKey(w, "replay", "--all")...)
	again := waymark[failed.Replayed](t, w, ofKey(w, "replay", "--all")...)
	if byID.Replayed != 1 || all.Replayed < 4 || again.Replayed < 1 {
		t.Errorf("replayed %d, %d and %d events, want 1, all that are left, and those not yet accepted", byID.Replayed, all.Replayed, again.Replayed)
	}
	left := awaitFailed(t, w, "no_identifier")["no_identifier"]
	if before := rows["no_identifier"]; left.ID != before.ID || left.Original != before.Original || left.Received != before.Received {
		t.Errorf("what is still bad became %+v, want the record %+v", left, before)
	}
	waymark[any](t, w, ofKey(w, "discard", left.ID)...)
	awaitFailed(t, w)
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
	if p := get[person](t, w, "/v1/profiles/user:a"); p.Touchpoints != 4 {
		t.Errorf("the profile counts %d touchpoints, want each corrected event once", p.Touchpoints)
	}
}

// TestMessageOfNobody keeps a message whose workspace is not there until an operator replays it.
func TestMessageOfNobody(t *testing.T) {
	t.Parallel()
	system := shared(t)
	getenv := func(name string) string { return system.Env[name] }
	body := fmt.Sprintf(`{"v":1,"workspace":"failed-later","source":"web","received":%d,"request":"r","events":[{"type":"page","messageId":"n1","userId":"n"}]}`,
		time.Now().UnixMilli())
	if err := queue.New(queue.NewClient(getenv), getenv("QUEUE_URL")).SendBodies(t.Context(), []string{body}); err != nil {
		t.Fatal(err)
	}
	operator := e2e.Tenant{System: system}
	find := func() (rows []failed.Row) {
		for _, row := range waymark[failed.List](t, operator, "failed", "list", "--workspace", event.Nobody, "--class", "unknown_workspace").Failed {
			if strings.Contains(row.Original, "failed-later") {
				rows = append(rows, row)
			}
		}
		return rows
	}
	await := func(n int) {
		t.Helper()
		err := e2e.Eventually(t.Context(), e2e.Patience, func(context.Context) error {
			if rows := find(); len(rows) != n {
				return fmt.Errorf("messages of nobody: %+v, want %d", rows, n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	await(1)
	row := find()[0]
	if row.Original != body || !row.Whole {
		t.Errorf("kept is %+v, want the whole message as it was", row)
	}
	w := tenant(t, system, "failed-later")
	replayed := waymark[failed.Replayed](t, operator, "failed", "replay", row.ID, "--workspace", event.Nobody)
	if replayed.Replayed != 1 {
		t.Errorf("the replay answers %+v", replayed)
	}
	await(0)
	if p := get[person](t, w, "/v1/profiles/user:n"); p.Touchpoints != 1 {
		t.Errorf("the profile counts %d touchpoints, want 1", p.Touchpoints)
	}
}

// TestDeadLetters refuses every invocation of Process until all messages were tried five times. Then a workspace redrives its own messages and no
// others'; an operator redrives the rest.
func TestDeadLetters(t *testing.T) {
	t.Parallel()
	system, err := e2e.Start(t.Context(), e2e.Config{
		Binary: binary(t), Root: root, Data: filepath.Join(t.TempDir(), "dead"),
		Flags: []string{"--memory", "--param", "VisibilityTimeoutSeconds=1", "--param", "BatchSize=10", "--param", "BatchWindowSeconds=0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := system.Stop(); err != nil {
			t.Error(err)
		}
	}()
	w, other := tenant(t, system, "dead"), tenant(t, system, "dead-other")
	raise(t, w, "Process.throttle=100%")
	const letters = 12 // more than one call of the queue brings
	for n := range letters {
		send(t, w, map[string]any{"type": "page", "messageId": fmt.Sprintf("d%d", n), "userId": "d", "timestamp": "2025-07-01T10:00:00Z"})
	}
	send(t, other, map[string]any{"type": "page", "messageId": "o", "userId": "o", "timestamp": "2025-07-01T10:00:00Z"})
	awaitDead(t, w, letters+1)

	seen := waymark[failed.Messages](t, w, ofKey(w, "dead")...)
	if len(seen.Dead) != letters || !seen.Complete {
		t.Errorf("%d dead letters are seen, complete %v, want the workspace's %d", len(seen.Dead), seen.Complete, letters)
	}
	for _, l := range seen.Dead {
		if l.Workspace != w.Keys.Workspace || l.Events != 1 || l.Receives < 1 || !strings.Contains(l.Body, `"id":"d`) {
			t.Errorf("a dead letter is shown as %+v", l)
		}
	}
	if got := get[failed.Messages](t, other, "/v1/failed/dead"); len(got.Dead) != 1 || got.Dead[0].Workspace != other.Keys.Workspace {
		t.Errorf("the other workspace is shown %+v, want its own letter alone", got)
	}

	raise(t, w, "off")
	if moved := waymark[failed.Redriven](t, w, ofKey(w, "redrive")...); moved.Redriven != letters || moved.More {
		t.Errorf("the redrive answers %+v, want %d and no more", moved, letters)
	}
	if again := order[failed.Redriven](t, w, "/v1/failed/redrive", ""); again.Redriven != 0 {
		t.Errorf("a second redrive moves %d", again.Redriven)
	}
	checkCount(t, w, "/v1/profiles/user:d", letters)
	awaitDead(t, w, 1)

	if moved := waymark[failed.Redriven](t, other, "failed", "redrive", "--workspace", failed.Everybody); moved.Redriven != 1 {
		t.Errorf("the operator's redrive answers %+v, want the other workspace's letter", moved)
	}
	checkCount(t, other, "/v1/profiles/user:o", 1)
	awaitDead(t, w, 0)
}

func awaitDead(t testing.TB, w e2e.Tenant, n int) {
	t.Helper()
	err := e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error {
		status, err := w.Status(ctx)
		if err != nil {
			return err
		}
		if q := status.Queues.Touchpoints; q.Dead != n || q.Waiting+q.InFlight > 0 {
			return fmt.Errorf("the queues hold %+v, want %d dead letters and nothing else", q, n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func checkCount(t testing.TB, w e2e.Tenant, path string, want int) {
	t.Helper()
	err := e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error {
		answer, err := w.Get(ctx, path)
		if err != nil || answer.Status != http.StatusOK {
			return fmt.Errorf("%s answers %v, %w", path, answer, err)
		}
		var p person
		if err := answer.Into(&p); err != nil || p.Touchpoints != want {
			return fmt.Errorf("%d touchpoints are counted, want %d (%w)", p.Touchpoints, want, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := w.Status(t.Context()); err != nil || len(status.Failed) > 0 {
		t.Errorf("the status is %+v, %v, want no failed events", status, err)
	}
}
