package policy_test

import (
	"encoding/json"
	"os"
	"testing"

	"waymark/tests/policy"
)

func load(t testing.TB) (source []byte, expansions policy.Expansions) {
	t.Helper()
	source, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("testdata/policy_templates.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &expansions); err != nil {
		t.Fatal(err)
	}
	return source, expansions
}

// TestTemplate holds template.yaml to the policy.
func TestTemplate(t *testing.T) {
	t.Parallel()
	source, expansions := load(t)
	for _, problem := range policy.Check(source, expansions) {
		t.Error(problem)
	}
}
