package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waymark/infra/sam/golden"
)

// TestInvoke gives every sample event to `waymark invoke`, in the order in which data flows, and holds the answer against the golden file that
// `make sam` holds `sam local invoke` against.
func TestInvoke(t *testing.T) {
	t.Parallel()
	for _, function := range []string{"Collect", "Process", "Profile", "Rollup", "Export", "Query"} {
		t.Run(function, func(t *testing.T) {
			samples, err := filepath.Glob(filepath.Join(root, "events", strings.ToLower(function), "*.json"))
			if err != nil {
				t.Fatal(err)
			}
			ran := 0
			for _, sample := range samples {
				if !strings.HasSuffix(sample, ".golden.json") {
					invoke(t, function, sample)
					ran++
				}
			}
			if ran == 0 {
				t.Errorf("%s has no sample event", function)
			}
		})
	}
}

func invoke(t *testing.T, function, sample string) {
	t.Helper()
	want, err := os.ReadFile(strings.TrimSuffix(sample, ".json") + ".golden.json")
	if err != nil {
		t.Error(err)
		return
	}
	event, err := filepath.Abs(sample)
	if err != nil {
		t.Fatal(err)
	}
	system := shared(t)
	answer, log, err := system.Run(t.Context(), "invoke", function, "-e", event, "--data", system.Data)
	if err != nil {
		t.Error(err)
		return
	}
	differences, err := golden.Compare(want, []byte(answer))
	if err != nil || len(differences) > 0 {
		t.Errorf("waymark invoke %s -e %s: %v\n%s\n%s", function, sample, err, strings.Join(differences, "\n"), log)
	}
}
