package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCostCommand: exit codes of what is wrong before anything is measured; infra/cost tests the measurement.
func TestCostCommand(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	bad := filepath.Join(folder, "bad.yaml")
	if err := os.WriteFile(bad, []byte("touchpoints_per_day: 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		err  string // is in what is printed
	}{
		{"now", 2, "usage: waymark cost"},
		{"--touchpoints 0", 2, "usage: waymark cost"},
		{"--at-once 0", 2, "usage: waymark cost"},
		{"--profile web --mine " + bad, 2, "usage: waymark cost"},
		{"--write --profile web", 2, "usage: waymark cost"},
		{"--write --touchpoints 10", 2, "usage: waymark cost"},
		{"--profile web,webb", 1, `there is no profile "webb", only web, single, batch, quiet-web, quiet-single`},
		{"--mine " + bad, 1, "touchpoints_per_day must be 1 or more"},
		{"--mine " + filepath.Join(folder, "none.yaml"), 1, "no such file"},
	} {
		var out, err bytes.Buffer
		code := cmdCost(t.Context(), strings.Fields(c.args), stdio{Out: &out, Err: &err})
		if code != c.code || !strings.Contains(err.String(), c.err) || out.Len() > 0 {
			t.Errorf("waymark cost %s: code %d, %q and %q, want %d with %q", c.args, code, out.String(), err.String(), c.code,
				c.err)
		}
	}
}
