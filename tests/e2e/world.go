package e2e

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// World is a program and one running system that the tests of a package share, in a folder that goes with them.
//
//	var world = e2e.World{Root: "../..", Parallel: 8}
//	func TestMain(m *testing.M) { os.Exit(world.Run(m)) }
type World struct {
	Root     string // of the project
	Parallel int    // tests at a time, at least: they wait for the system more than they compute; 0 leaves it to go test
	Folder   string // set by Run

	build, start, watch sync.Once
	binary              string
	system              *System
	failure             error
}

// Run runs the tests, stops what they have started and gives the exit code.
func (w *World) Run(m *testing.M) (code int) {
	err := w.begin()
	if err == nil {
		code = m.Run()
		if w.system != nil {
			err = w.system.Stop()
		}
		err = errors.Join(err, os.RemoveAll(w.Folder))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func (w *World) begin() (err error) {
	if w.Folder, err = os.MkdirTemp("", "waymark-tests-"); err != nil {
		return err
	}
	flag.Parse()
	if w.Parallel == 0 {
		return nil
	}
	return flag.Set("test.parallel", strconv.Itoa(max(w.Parallel, runtime.GOMAXPROCS(0))))
}

// Binary is waymark, built once.
func (w *World) Binary(t testing.TB) string {
	t.Helper()
	w.build.Do(func() { w.binary, w.failure = Build(context.Background(), w.Root, w.Folder) })
	if w.failure != nil {
		t.Fatal(w.failure)
	}
	w.watch.Do(func() { w.watchSources(t) })
	return w.binary
}

// System is the running system.
func (w *World) System(t testing.TB) *System {
	t.Helper()
	program := w.Binary(t)
	w.start.Do(func() {
		w.system, w.failure = Start(context.Background(), Config{
			Binary: program, Root: w.Root, Data: filepath.Join(w.Folder, "shared"), Flags: []string{"--memory"},
		})
	})
	if w.failure != nil {
		t.Fatal(w.failure)
	}
	return w.system
}

// watchSources looks at every source file. `go test` does not know what the programs that these tests build are made of, and would show an old
// result after a change; it does know which files a test looked at.
func (w *World) watchSources(t testing.TB) {
	t.Helper()
	for _, name := range []string{"functions", "shared", "infra", "events", "docs", "template.yaml", "README.md"} {
		err := filepath.WalkDir(filepath.Join(w.Root, name), func(path string, entry fs.DirEntry, err error) error {
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

// Get reads an answer of 200 as JSON.
func Get[T any](t testing.TB, w Tenant, path string) T {
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

// Installed ends a test whose clients are not installed in the versions of these lock files: the file .installed of a
// folder holds their sum. target is what make calls that. CI installs them, so there it is a failure.
func Installed(t testing.TB, folder, target string, locks ...string) {
	t.Helper()
	hash := sha256.New()
	for _, lock := range locks {
		content, err := os.ReadFile(lock)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(content)
	}
	mark, err := os.ReadFile(filepath.Join(folder, ".installed"))
	if err == nil && strings.TrimSpace(string(mark)) == hex.EncodeToString(hash.Sum(nil)) {
		return
	}
	missing := "the clients are not installed in the versions of the lock files: run make " + target
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
}
