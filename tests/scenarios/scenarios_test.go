package scenarios_test

import (
	"os"
	"path/filepath"
	"testing"

	"waymark/tests/scenarios"
)

const folder = "../../events/journeys"

// read gives every scenario of the project.
func read(t *testing.T) []scenarios.Scenario {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no scenarios in %s (%v)", folder, err)
	}
	var out []scenarios.Scenario
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenarios.Parse(filepath.Base(file), string(text))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// TestFold runs every scenario under each of its stage models against the pure core.
func TestFold(t *testing.T) {
	t.Parallel()
	for _, s := range read(t) {
		for _, model := range s.Workspace.Models {
			t.Run(s.File+"/"+model, func(t *testing.T) {
				t.Parallel()
				system, err := scenarios.NewFold(s, model)
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
