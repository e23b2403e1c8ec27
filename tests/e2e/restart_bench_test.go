package e2e_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waymark/tests/e2e"
)

// BenchmarkEditAndRestart measures how long it takes from saving a source file to the first answer of the new code, under `waymark dev --watch`
// on a copy of the project: once for a file of one function, once for a package that all functions are built from.
//
//	go test -run='^$' -bench=EditAndRestart -benchtime=5x ./tests/e2e
func BenchmarkEditAndRestart(b *testing.B) {
	project := copied(b)
	system, err := e2e.Start(b.Context(), e2e.Config{
		Binary: binary(b), Root: project, Data: filepath.Join(b.TempDir(), "edited"), Flags: []string{"--memory", "--watch", "--root", project},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := system.Stop(); err != nil {
			b.Error(err)
		}
	}()
	for _, c := range []struct{ name, file, word, path string }{
		{name: "function", file: "functions/query/status.go", word: `Status: "ok`, path: "/health"},
		{name: "shared", file: "shared/adapter/httpapi/keyring.go", word: `"send the secret key`, path: "/v1/status"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				mark := fmt.Sprint("edited-", time.Now().UnixNano())
				edit(b, filepath.Join(project, filepath.FromSlash(c.file)), c.word, c.word+mark)
				if err := e2e.Eventually(b.Context(), time.Minute, func(ctx context.Context) error { return says(ctx, system.URL+c.path, mark) }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// copied is a copy of what the system is built from, where files can be edited.
func copied(b *testing.B) string {
	b.Helper()
	project, err := filepath.EvalSymlinks(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"functions", "shared", "infra", "template.yaml", "go.mod", "go.sum"} {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			place := filepath.Join(project, strings.TrimPrefix(path, root))
			if entry.IsDir() {
				return os.MkdirAll(place, 0o755)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(place, content, 0o644)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	installed, err := filepath.Abs(filepath.Join(root, "infra", "emulators", "node_modules"))
	if err != nil {
		b.Fatal(err)
	}
	if err := os.Symlink(installed, filepath.Join(project, "infra", "emulators", "node_modules")); err != nil {
		b.Fatal(err)
	}
	return project
}

// edit saves a file as an editor does: another one takes its place.
func edit(b *testing.B, file, from, to string) {
	b.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	if !strings.Contains(string(content), from) {
		b.Fatalf("%s does not contain %s", file, from)
	}
	if err := os.WriteFile(file+".new", []byte(strings.Replace(string(content), from, to, 1)), 0o644); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		b.Fatal(err)
	}
}

// says asks whether an answer holds a word.
func says(ctx context.Context, url, word string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := e2e.Do(request)
	if err != nil {
		return err
	}
	if !strings.Contains(string(answer.Body), word) {
		return fmt.Errorf("GET %s answers %s, want %s in it", url, answer, word)
	}
	return nil
}
