//go:build contract

package contract_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
)

const (
	seed    = "11"
	longest = 5 * time.Minute // schemathesis is bounded by its number of examples and takes about a minute
)

// TestDocumentAndSystemAgree lets schemathesis ask every route what docs/openapi.yaml allows, and what it forbids.
func TestDocumentAndSystemAgree(t *testing.T) {
	root := httpapitest.Root(t)
	server := served(t)
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	said := seed
	if asked := os.Getenv("WAYMARK_CONTRACT_SEED"); asked != "" {
		said = asked
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, filepath.Join(root, ".venv-contract", "bin", "schemathesis"),
		"--config-file", filepath.Join(here, "schemathesis.toml"), "run", filepath.Join(root, "docs", "openapi.yaml"), "--url", server, "--seed", said)
	command.Dir, command.Env = t.TempDir(), append(os.Environ(), "WAYMARK_CONTRACT="+here)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("schemathesis with seed %s: %v\n%s", said, err, out)
	}
	t.Logf("%s", out)
}
