// Package setup_test runs setup.sh on machines that lack something. The programs that it looks for are small scripts there, so that no machine
// needs to lack anything.
package setup_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// machine is what a machine has: what `go env GOVERSION` and `node --version` print there, and what make does. Empty: it has no such program.
type machine struct{ goVersion, nodeVersion, npm, make string }

// good is a machine that has everything. Its make compiles a package, and finds that the emulators are installed.
var good = machine{
	goVersion: "echo go1.26.8", nodeVersion: "echo v20.1.0", npm: "true",
	make: `case "$*" in *--question*) exit 0 ;; *.build/waymark) echo some/package >&2 ;; esac`,
}

// run runs setup.sh on a machine and returns what it tells and its exit code.
func run(t *testing.T, m machine) (told string, code int) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a shell script")
	}
	bin := t.TempDir()
	for name, script := range map[string]string{"go": m.goVersion, "node": m.nodeVersion, "npm": m.npm, "make": m.make} {
		if script == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"sh", "awk", "date", "dirname", "grep", "mktemp", "rm", "sleep", "wc"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("no %s here", name)
		}
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "sh"), "setup.sh")
	cmd.Env = []string{"PATH=" + bin, "TMPDIR=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^ +\d+ s`).ReplaceAllString(string(out), "S"), cmd.ProcessState.ExitCode()
}

func TestSetup(t *testing.T) {
	t.Parallel()
	const compiling = "S  compiling the command line: about a minute the first time, for all modules it is made of are compiled; a second later on\n"
	const installing = "S  installing the emulators of DynamoDB and SQS meanwhile (npm ci): once\n"
	const compiled, installed = "S  the command line is compiled\n", "S  the emulators are installed\n"
	for name, c := range map[string]struct {
		change func(*machine)
		told   string
		code   int
	}{
		"everything is there": {func(*machine) {}, compiling + compiled, 0},
		"a fresh clone": {
			func(m *machine) { m.make = `case "$*" in *--question*) exit 1 ;; esac` },
			compiling + installing + compiled + installed, 0,
		},
		"newer ones":       {func(m *machine) { m.goVersion, m.nodeVersion = "echo go1.27rc1", "echo v24.0.0" }, compiling + compiled, 0},
		"a development Go": {func(m *machine) { m.goVersion = `echo "devel go1.27-9f0a4a1"` }, compiling + compiled, 0},
		"no Go":            {func(m *machine) { m.goVersion = "" }, "Go is not installed. Waymark needs Go 1.26.8 or newer: https://go.dev/dl\n", 1},
		"an old Go": {
			func(m *machine) { m.goVersion = "echo go1.20.14" },
			"Waymark needs Go 1.26.8 or newer, and this is go1.20.14. Install it: https://go.dev/dl\n", 1,
		},
		"an older Go without a network": {
			func(m *machine) {
				m.goVersion = `[ "$1" = version ] && [ "$GOTOOLCHAIN" = local ] && echo "go version go1.25.1 x/y" && exit; echo "go: no network" >&2; exit 1`
			},
			"go: no network\nWaymark needs Go 1.26.8 or newer, and go version go1.25.1 x/y could not fetch it. Install it: https://go.dev/dl\n", 1,
		},
		"no Node": {
			func(m *machine) { m.nodeVersion = "" },
			"Node.js is not installed. Waymark needs Node.js 20 or newer, for the emulators of DynamoDB and SQS: https://nodejs.org\n", 1,
		},
		"an old Node": {
			func(m *machine) { m.nodeVersion = "echo v18.19.1" },
			"Waymark needs Node.js 20 or newer, and this is v18.19.1. Install it: https://nodejs.org\n", 1,
		},
		"no npm": {
			func(m *machine) { m.npm = "" },
			"npm is not installed. It comes with Node.js from https://nodejs.org; Debian and Ubuntu have it as the package npm.\n", 1,
		},
		"what does not compile": {
			func(m *machine) {
				m.make = `case "$*" in *--question*) exit 0 ;; esac; echo some/package; echo "a.go:1:2: syntax error"; exit 2`
			},
			compiling + "a.go:1:2: syntax error\n", 2,
		},
		"what cannot be installed": {
			func(m *machine) {
				m.make = `case "$*" in *--question*) exit 1 ;; *emulators) echo "npm error: no network"; exit 2 ;; esac`
			},
			compiling + installing + compiled + "npm error: no network\n", 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := good
			c.change(&m)
			if told, code := run(t, m); told != c.told || code != c.code {
				t.Errorf("setup.sh ends with %d after\n%s\nwant %d after\n%s", code, told, c.code, c.told)
			}
		})
	}
}

// TestVersionsAreNamed: who reads the README learns which versions are needed, and they are those that the project says elsewhere.
func TestVersionsAreNamed(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "go.mod", "infra/emulators/package.json"} {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	goVersion := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(files["go.mod"])
	node := regexp.MustCompile(`"node": ">=(\d+)"`).FindStringSubmatch(files["infra/emulators/package.json"])
	if goVersion == nil || node == nil {
		t.Fatalf("go.mod names %v and package.json %v, want a version in both", goVersion, node)
	}
	want := fmt.Sprintf("Go %s and Node %s or newer", goVersion[1], node[1])
	for _, name := range []string{"README.md", "CONTRIBUTING.md"} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s does not say %q", name, want)
		}
	}
}
