package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"waymark/infra/client"
	"waymark/tests/e2e"
)

const root = "../.."

// world is what the tests share: one program and one running system. Each test has workspaces of its own in it.
var world struct {
	folder  string
	build   sync.Once
	start   sync.Once
	watch   sync.Once
	binary  string
	system  *e2e.System
	failure error
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	folder, err := os.MkdirTemp("", "waymark-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	world.folder = folder
	flag.Parse()
	// These tests wait for the system more than they compute: on a small machine more of them at a time take less time.
	if err := flag.Set("test.parallel", strconv.Itoa(max(8, runtime.GOMAXPROCS(0)))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code = m.Run()
	if world.system != nil {
		err = world.system.Stop()
	}
	if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// binary is waymark, built once.
func binary(t testing.TB) string {
	t.Helper()
	world.build.Do(func() { world.binary, world.failure = e2e.Build(context.Background(), root, world.folder) })
	if world.failure != nil {
		t.Fatal(world.failure)
	}
	world.watch.Do(func() { watchSources(t) })
	return world.binary
}

// shared is the system that most tests use.
func shared(t testing.TB) *e2e.System {
	t.Helper()
	program := binary(t)
	world.start.Do(func() {
		world.system, world.failure = e2e.Start(context.Background(), e2e.Config{
			Binary: program, Root: root, Data: filepath.Join(world.folder, "shared"), Flags: []string{"--memory"},
		})
	})
	if world.failure != nil {
		t.Fatal(world.failure)
	}
	return world.system
}

// watchSources looks at every source file. `go test` does not know what the programs that these tests build are made of, and would show an old
// result after a change; it does know which files a test looked at.
func watchSources(t testing.TB) {
	for _, name := range []string{"functions", "shared", "infra", "events", "template.yaml", "README.md"} {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			_, err = os.Stat(path)
			return err
		})
		if err != nil {
			t.Fatalf("look at the sources: %v", err)
		}
	}
}

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

// get reads an answer of 200 as JSON.
func get[T any](t testing.TB, w e2e.Tenant, path string) T {
	t.Helper()
	answer, err := w.Get(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return into[T](t, "GET "+path, answer)
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
