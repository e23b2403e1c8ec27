//go:build unix

package setup_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestCtrlC: `make run` ends without a word about an error when Ctrl-C ends the system, or what comes before it. Ctrl-C goes to everything that runs
// in a terminal: make, its shell and the program.
func TestCtrlC(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make here")
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	const waits = "#!/bin/sh\ntrap 'echo stopped; exit %' INT\necho runs\nwhile :; do sleep 0.05; done\n"
	for name, test := range map[string]struct{ setup, dev string }{
		"the system runs": {"#!/bin/sh\n", strings.Replace(waits, "%", "0", 1)},
		"it is compiled":  {strings.Replace(waits, "%", "130", 1), "#!/bin/sh\necho never\n"},
	} {
		folder := t.TempDir()
		for file, text := range map[string]string{"Makefile": string(makefile), "infra/setup/setup.sh": test.setup, ".build/waymark": test.dev} {
			path := filepath.Join(folder, filepath.FromSlash(file))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), "make", "run")
		cmd.Dir, cmd.SysProcAttr = folder, &syscall.SysProcAttr{Setpgid: true}
		// Under `make test` a make of our own would take itself for a part of that one, and say so.
		cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS") })
		var said bytes.Buffer
		cmd.Stderr = &said
		output, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		reader := bufio.NewReader(output)
		if line, err := reader.ReadString('\n'); err != nil || line != "runs\n" {
			t.Fatalf("%s: it says %q, %v", name, line, err)
		}
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(reader)
		_ = cmd.Wait() // by the signal, which a shell does not speak of
		if err != nil || string(rest) != "stopped\n" || said.Len() > 0 {
			t.Errorf("%s: after Ctrl-C it says %q and %q, %v, want only that it stopped", name, rest, &said, err)
		}
	}
}
