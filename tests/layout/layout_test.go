package layout_test

import (
	"os"
	"testing"

	"waymark/tests/layout"
)

// TestRepository holds the repository to every rule.
func TestRepository(t *testing.T) {
	t.Parallel()
	tree, err := layout.Load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range layout.Check(tree) {
		t.Error(problem)
	}
}
