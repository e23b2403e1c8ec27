// Package websites_test looks at what the owner of a website sees and copies: the pages at / and /debug in a headless Chromium, the examples of
// docs/testing.md, and the recipes of docs/recipes.md, whose code is taken out of the document and run. One system runs for all of them.
//
//	make emulators websites && go test ./tests/websites
package websites_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"waymark/tests/e2e"
)

const (
	root     = "../.."
	modules  = "node/node_modules"
	patience = 2 * time.Minute
)

// world is what the tests share.
var world = e2e.World{Root: root}

func TestMain(m *testing.M) { os.Exit(world.Run(m)) }

// needs skips the test where a file is missing that make websites fetches; in CI that is a failure.
func needs(t *testing.T, files ...string) {
	t.Helper()
	for _, file := range files {
		if _, err := os.Stat(file); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: run make websites", file)
		}
		t.Skipf("%s is missing: run make websites", file)
	}
}

// chromium is the browser's program.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			return found
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("there is no Chromium: run make chromium, or name one in CHROMIUM")
	}
	t.Skip("there is no Chromium: run make chromium, or name one in CHROMIUM")
	return ""
}

// command runs a program with the system's address and keys, and gives what it printed.
func command(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	system := world.System(t)
	c.Env = append(os.Environ(), "WAYMARK_URL="+system.URL, "WAYMARK_KEY="+system.Keys.Secret, "WAYMARK_WRITE_KEY="+system.Keys.Write)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := c.Run()
	return out.String(), err
}

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```")

// blocks are the pieces of code of a document in one language.
func blocks(t *testing.T, file, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			out = append(out, m[2])
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no block of %s", file, language)
	}
	return out
}

// written puts text into a file of a folder of the test's own.
func written(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestTestingDocument runs both examples of docs/testing.md, and the first once more with an event that is bad.
func TestTestingDocument(t *testing.T) {
	world.System(t)
	script := blocks(t, "docs/testing.md", "sh")[0]
	if out, err := command(t, "bash", "-euo", "pipefail", "-c", script); err != nil || !strings.Contains(out, "tracked") {
		t.Errorf("the example in shell ends with %v: %s", err, out)
	}
	broken := strings.Replace(script, `,"event":"Signed Up"`, "", 1)
	if out, err := command(t, "bash", "-euo", "pipefail", "-c", broken); err == nil || !strings.Contains(out, "missing_name") {
		t.Errorf("with an event without a name the example ends with %v: %s", err, out)
	}
	file := written(t, "tracking.test.mjs", blocks(t, "docs/testing.md", "js")[0])
	out, err := command(t, "node", "--test", "--test-reporter=tap", file)
	if err != nil || !strings.Contains(out, "# pass 2") {
		t.Errorf("the example in JavaScript ends with %v: %s", err, out)
	}
}
