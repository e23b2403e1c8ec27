//go:build contract

package contract_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/testing/system"
	"waymark/tests/gateway"
)

const (
	seed    = "11"
	longest = 5 * time.Minute // schemathesis is bounded by its number of examples and takes about a minute
)

// TestDocumentAndSystemAgree lets schemathesis ask every route what docs/openapi.yaml allows, and what it forbids.
func TestDocumentAndSystemAgree(t *testing.T) {
	root := httpapitest.Root(t)
	server := httptest.NewServer(oneByOne(gateway.Handler(t, shop(t))))
	defer server.Close()
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
		"--config-file", filepath.Join(here, "schemathesis.toml"), "run", filepath.Join(root, "docs", "openapi.yaml"), "--url", server.URL, "--seed", said)
	command.Dir, command.Env = t.TempDir(), append(os.Environ(), "WAYMARK_CONTRACT="+here)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("schemathesis with seed %s: %v\n%s", said, err, out)
	}
	t.Logf("%s", out)
}

// oneByOne hands on one request at a time, as the clock of a system in memory needs it.
func oneByOne(h http.Handler) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

// shop is a system in which every route has something to answer.
func shop(t *testing.T) *system.System {
	t.Helper()
	w := system.Shop()
	w.Created = event.At(system.Begin.AddDate(0, 0, -3))
	s := system.New(t, w)
	s.Send("wk_web",
		`{"type":"page","anonymousId":"a","messageId":"m1","timestamp":"2026-11-20T10:00:00Z","properties":{"url":"https://shop.example/a"}}`,
		`{"type":"identify","anonymousId":"a","userId":"42","messageId":"m2","timestamp":"2026-11-20T10:01:00Z","traits":{"email":"a@shop.example"}}`,
		`{"type":"track","event":"Order Completed","userId":"42","messageId":"m3","timestamp":"2026-11-21T10:00:00Z","properties":{"order_id":"o1","revenue":5}}`,
		`{"type":"track","event":"Nobody"}`, `{"type":"page","userId":"7","timestamp":"soon"}`,
	)
	s.Settle()
	s.Fire("daily")
	return s
}
