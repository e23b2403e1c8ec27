package tracker_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waymark/infra/tracker"
)

const folder = "../../functions/collect/tracker"

// TestScriptsAreThoseOfTheSources: what Collect serves and npm packs is what the TypeScript comes to. The folder of a version that was released
// stays as it is: whoever changes the sources then raises the version in npm/package.json.
func TestScriptsAreThoseOfTheSources(t *testing.T) {
	t.Parallel()
	r, err := tracker.Bundle(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"npm/index.js": r.Module, "dist/newest": []byte(r.Name + "\n")}
	for name, script := range r.Scripts {
		files["dist/"+r.Name+"/"+name] = script
	}
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		rewrite(t, r, files)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("the sources of the tracker come to another %s than is committed (%v): run make tracker", name, err)
		}
	}
}

// rewrite writes the files of a release over those of the same version.
func rewrite(t *testing.T, r tracker.Release, files map[string][]byte) {
	t.Helper()
	same, err := filepath.Glob(filepath.Join(folder, "dist", r.Version+"-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range same {
		if err := os.RemoveAll(old); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBudgets: the bytes on the way, packed by gzip at level 9. docs/tracker.md tells them.
func TestBudgets(t *testing.T) {
	t.Parallel()
	r, err := tracker.Bundle(folder)
	if err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../../docs/tracker.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, most := range map[string]int{"wm.js": 2252, "wm.full.js": 4608, "analytics.min.js": 3584} {
		got := tracker.Packed(r.Scripts[name])
		t.Logf("%s: %d bytes, %d plain", name, got, len(r.Scripts[name]))
		if got == 0 || got > most {
			t.Errorf("%s has %d bytes, at most %d", name, got, most)
		}
		if said := fmt.Sprintf("%d,%03d", got/1000, got%1000); name != "analytics.min.js" && !strings.Contains(string(docs), "| "+said+" |") {
			t.Errorf("%s has %s bytes, and docs/tracker.md says something else", name, said)
		}
		for _, banned := range []string{"eval(", "new Function", "innerHTML", "document.write", "debugger"} {
			if strings.Contains(string(r.Scripts[name]), banned) {
				t.Errorf("%s contains %s, which a strict policy of content forbids", name, banned)
			}
		}
	}
}

// TestBundleFaults: a source that cannot be read says which it is.
func TestBundleFaults(t *testing.T) {
	t.Parallel()
	_, err := tracker.Bundle(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "package.json") {
		t.Errorf("Bundle of an empty folder = %v", err)
	}
	broken := t.TempDir()
	for name, content := range map[string]string{"npm/package.json": `{"version":"1.0.0"}`, "src/analytics.ts": "let ="} {
		path := filepath.Join(broken, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tracker.Bundle(broken); err == nil || !strings.Contains(err.Error(), "bundle analytics.ts: ") {
		t.Errorf("Bundle of a broken source = %v", err)
	}
}
