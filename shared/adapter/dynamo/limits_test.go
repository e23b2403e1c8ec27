package dynamo_test

import (
	"fmt"
	"testing"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// TestLimitsToTheUnit: what DynamoDB takes is sent, and one more is refused here, with a sentence that says why.
func TestLimitsToTheUnit(t *testing.T) {
	t.Parallel()
	const itemBytes, keys = 409_600, 99 // a transaction has 100 actions, the last writes the workspace
	if err := dynamo.CheckItem(itemBytes); err != nil {
		t.Errorf("an item of %d bytes is refused: %v", itemBytes, err)
	}
	if err := dynamo.CheckItem(itemBytes + 1); fault.CodeOf(err) != "too_large" {
		t.Errorf("an item of %d bytes gives %v, want too_large", itemBytes+1, err)
	}
	for n, want := range map[int]string{keys: "", keys + 1: "too_many_keys"} {
		w := workspace.Workspace{Name: "shop", Zone: "Europe/London", Currency: "GBP", Model: "default"}
		for i := range n {
			w.Keys = append(w.Keys, workspace.Key{Text: fmt.Sprint("wk_", i), Workspace: "shop", Role: workspace.Write, Source: "web"})
		}
		s := &service{answer: func(int, call) (int, string, error) { return 200, `{}`, nil }}
		if err := tableOn(s).PutWorkspace(t.Context(), w); fault.CodeOf(err) != want {
			t.Errorf("a workspace of %d keys gives %v, want %q", n, err, want)
		}
	}
}
