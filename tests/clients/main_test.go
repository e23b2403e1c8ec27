// Package clients_test runs the published clients of the Segment and RudderStack families, unmodified and with their defaults, against a running
// system: each tells one story, and the API says what arrived. The clients are installed by `make clients`, which is also how these tests are run.
//
// story.json is the story. The programs that tell it, one for each language, take it in the form of the harness that Segment's own repositories carry
// (e2e-cli), one story a line. Between client and system stands a door, which notes what is sent and may answer wrongly on purpose.
package clients_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"waymark/tests/e2e"
)

const (
	root = "../.."
	venv = root + "/.venv-clients"
	docs = root + "/docs/sdks.md"
)

// locks are the files whose versions are installed.
var locks = []string{"node/package-lock.json", "python/requirements.txt", "go/go.sum", "java/pom.xml"}

// isLong says that clients run which take a minute after a failure.
var isLong = os.Getenv("WAYMARK_LONG") == "1"

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
	folder, err := os.MkdirTemp("", "waymark-clients-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	world.folder = folder
	flag.Parse()
	// The clients wait more than they compute.
	if err := flag.Set("test.parallel", strconv.Itoa(max(12, runtime.GOMAXPROCS(0)))); err != nil {
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
		t.Fatal("the clients are not installed in the versions of the lock files: run tests/clients/install.sh, or make clients")
	}
	t.Skip("the clients are not installed in the versions of the lock files: run make clients")
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

// tenant makes a workspace of its own for a client, and installs nothing: it skips when the clients are missing.
func tenant(t testing.TB, name string) e2e.Tenant {
	t.Helper()
	requireClients(t)
	system := shared(t)
	keys, err := system.CreateWorkspace(t.Context(), name, "UTC", "EUR", "default")
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

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
