package e2e_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"waymark/infra/client"
	"waymark/tests/e2e"
)

const root = "../.."

// world is what the tests share: one program and one running system, in which each test has workspaces of its own.
var world = e2e.World{Root: root, Parallel: 8}

func TestMain(m *testing.M) { os.Exit(world.Run(m)) }

func binary(t testing.TB) string { return world.Binary(t) }

func shared(t testing.TB) *e2e.System { return world.System(t) }

// tenant makes a workspace of its own for a test.
func tenant(t testing.TB, system *e2e.System, name string) e2e.Tenant {
	t.Helper()
	keys, err := system.CreateWorkspace(t.Context(), name, "Europe/London", "GBP", "default")
	if err != nil {
		t.Fatal(err)
	}
	return e2e.Tenant{System: system, Keys: keys}
}

// demo is the workspace that `waymark dev` makes.
func demo(t testing.TB) e2e.Tenant {
	t.Helper()
	system := shared(t)
	return e2e.Tenant{System: system, Keys: system.Keys}
}

func get[T any](t testing.TB, w e2e.Tenant, path string) T {
	t.Helper()
	return e2e.Get[T](t, w, path)
}

// order posts with the secret key and reads an answer of 200 as JSON.
func order[T any](t testing.TB, w e2e.Tenant, path, body string) T {
	t.Helper()
	answer, err := w.Order(t.Context(), path, body)
	if err != nil {
		t.Fatal(err)
	}
	return into[T](t, "POST "+path, answer)
}

func into[T any](t testing.TB, what string, answer e2e.Answer) T {
	t.Helper()
	var value T
	if err := answer.Into(&value); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return value
}

// rollUp counts all that is stored.
func rollUp(t testing.TB, w e2e.Tenant) {
	t.Helper()
	if _, err := clientOf(w).RollUp(t.Context(), "", nil); err != nil {
		t.Fatal(err)
	}
}

func clientOf(w e2e.Tenant) *client.Client {
	return &client.Client{URL: w.URL, Key: w.Keys.Secret, Sleep: pause}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// send posts events as one batch.
func send(t testing.TB, w e2e.Tenant, events ...map[string]any) {
	t.Helper()
	if err := w.Batch(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
}

// text writes JSON for a failure message and for comparisons.
func text(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}
