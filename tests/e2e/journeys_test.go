package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"waymark/tests/e2e"
	"waymark/tests/scenarios"
)

// TestJourneys runs every scenario of events/journeys through the running system, each under each of its stage models in a workspace of its own.
func TestJourneys(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "events", "journeys", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no scenarios: %v", err)
	}
	for i, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		s, err := scenarios.Parse(name, string(content))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, model := range s.Workspace.Models {
			t.Run(name+"/"+model, func(t *testing.T) {
				t.Parallel()
				system, err := scenarios.NewHTTP(t.Context(), reach(t, fmt.Sprint("journey-", i)), s, model)
				if err != nil {
					t.Fatal(err)
				}
				if err := scenarios.Run(t.Context(), s, model, system); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// reach is how a scenario gets at the running system. Run keeps the workspaces of scenarios apart, which may have one name in two files.
func reach(t testing.TB, run string) scenarios.HTTPConfig {
	t.Helper()
	system := shared(t)
	return scenarios.HTTPConfig{
		URL: system.URL, Run: run, Client: &http.Client{Timeout: e2e.Hanging}, Now: time.Now, Pause: pause,
		CreateWorkspace: func(ctx context.Context, w scenarios.Workspace, model string) (scenarios.Keys, error) {
			keys, err := system.CreateWorkspace(ctx, w.Name, w.Zone, w.Currency, model)
			return scenarios.Keys{Write: keys.Server, Secret: keys.Secret}, err
		},
	}
}
