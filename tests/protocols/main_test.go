// Package protocols_test runs published clients of Plausible, Umami, Google Analytics 4, Snowplow and PostHog, unmodified, against a running system.
// Each is given the host name of the system in the place of its own, and goes on sending its own id of the site; the API says what arrived. The
// clients are installed by `make protocols`, which is also how these tests are run.
package protocols_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"waymark/tests/e2e"
)

const (
	root = "../.."
	venv = root + "/.venv-protocols"
)

// locks are the files whose versions are installed.
var locks = []string{"node/package-lock.json", "python/requirements.txt"}

// world is what the tests share.
var world struct {
	folder  string
	start   sync.Once
	system  *e2e.System
	failure error
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	folder, err := os.MkdirTemp("", "waymark-protocols-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	world.folder = folder
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

// requireClients ends a test that cannot run because the clients are not installed.
func requireClients(t testing.TB) {
	t.Helper()
	hash := sha256.New()
	for _, lock := range locks {
		content, err := os.ReadFile(lock)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(content)
	}
	mark, err := os.ReadFile(filepath.Join(venv, ".installed"))
	if err == nil && strings.TrimSpace(string(mark)) == hex.EncodeToString(hash.Sum(nil)) {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("the clients are not installed in the versions of the lock files: run tests/protocols/install.sh, or make protocols")
	}
	t.Skip("the clients are not installed in the versions of the lock files: run make protocols")
}

// shared is the running system.
func shared(t testing.TB) *e2e.System {
	t.Helper()
	world.start.Do(func() {
		binary, err := e2e.Build(context.Background(), root, world.folder)
		if err != nil {
			world.failure = err
			return
		}
		world.system, world.failure = e2e.Start(context.Background(), e2e.Config{
			Binary: binary, Root: root, Data: filepath.Join(world.folder, "data"), Flags: []string{"--memory"},
		})
	})
	if world.failure != nil {
		t.Fatal(world.failure)
	}
	return world.system
}

// tenant makes a workspace of its own, whose source is known by an alias.
func tenant(t testing.TB, name, alias string) e2e.Tenant {
	t.Helper()
	system := shared(t)
	keys, err := system.CreateWorkspace(t.Context(), name, "UTC", "EUR", "default")
	if err == nil {
		_, _, err = system.Run(t.Context(), "keys", "add", name, "--source", "site", "--alias", alias)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e2e.Tenant{System: system, Keys: keys}
}

// get reads an answer of 200 as JSON.
func get[T any](t testing.TB, w e2e.Tenant, path string) T {
	t.Helper()
	var value T
	answer, err := w.Get(t.Context(), path)
	if err == nil {
		err = answer.Into(&value)
	}
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	return value
}
