package workspace_test

import (
	"encoding/json"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

func state(w workspace.Workspace) string {
	text, _ := json.Marshal(map[string]any{"in use": string(w.Namespace()) + " " + w.Model, "highest": w.Highest, "pending": w.Pending, "former": w.Former})
	return string(text)
}

// The way of a workspace through two rebuilds, with a way back in between.
func TestGenerations(t *testing.T) {
	t.Parallel()
	w := workspace.Workspace{Name: "shop", Model: "default"}
	must := func(next workspace.Workspace, err error) workspace.Workspace {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	drop := func(w workspace.Workspace) workspace.Workspace {
		w.Pending, w.Former = nil, nil
		return w
	}
	for _, step := range []struct {
		do   func() workspace.Workspace
		want string
	}{
		{func() workspace.Workspace { return must(w.Begin("five", 10)) }, `{"former":null,"highest":1,"in use":"shop default","pending":{"generation":1,"model":"five","since":10}}`},
		{func() workspace.Workspace { return drop(w) }, `{"former":null,"highest":1,"in use":"shop default","pending":null}`},
		{func() workspace.Workspace { return must(w.Begin("five", 20)) }, `{"former":null,"highest":2,"in use":"shop default","pending":{"generation":2,"model":"five","since":20}}`},
		{func() workspace.Workspace { return must(w.Swap()) }, `{"former":{"generation":0,"model":"default","since":20,"opened":20},"highest":2,"in use":"shop~2 five","pending":null}`},
		{func() workspace.Workspace { return w.Settled() }, `{"former":{"generation":0,"model":"default","since":20},"highest":2,"in use":"shop~2 five","pending":null}`},
		{func() workspace.Workspace { return must(w.Return()) }, `{"former":null,"highest":2,"in use":"shop~2 five","pending":{"generation":0,"model":"default","since":20}}`},
		{func() workspace.Workspace { return must(w.Return()) }, `{"former":null,"highest":2,"in use":"shop~2 five","pending":{"generation":0,"model":"default","since":20}}`},
		{func() workspace.Workspace { return must(w.Swap()) }, `{"former":{"generation":2,"model":"five","since":20,"opened":20},"highest":2,"in use":"shop default","pending":null}`},
		{func() workspace.Workspace { return drop(w) }, `{"former":null,"highest":2,"in use":"shop default","pending":null}`},
		{func() workspace.Workspace { return must(w.Begin("default", 30)) }, `{"former":null,"highest":3,"in use":"shop default","pending":{"generation":3,"model":"default","since":30}}`},
	} {
		if w = step.do(); state(w) != step.want {
			t.Fatalf("state\n got %s\nwant %s", state(w), step.want)
		}
	}
}

func TestGenerationsRefuse(t *testing.T) {
	t.Parallel()
	plain := workspace.Workspace{Name: "shop", Model: "default"}
	pending, _ := plain.Begin("default", 1)
	swapped, _ := pending.Swap()
	for name, c := range map[string]struct {
		do   func() (workspace.Workspace, error)
		kind fault.Kind
		code string
	}{
		"begin twice":                  {func() (workspace.Workspace, error) { return pending.Begin("five", 2) }, fault.Conflict, "generation_pending"},
		"begin with one kept":          {func() (workspace.Workspace, error) { return swapped.Begin("five", 2) }, fault.Conflict, "generation_kept"},
		"swap without one":             {func() (workspace.Workspace, error) { return plain.Swap() }, fault.NotFound, "no_pending_generation"},
		"return without one":           {func() (workspace.Workspace, error) { return plain.Return() }, fault.NotFound, "no_former_generation"},
		"return while one is made new": {func() (workspace.Workspace, error) { return pending.Return() }, fault.NotFound, "no_former_generation"},
	} {
		if _, err := c.do(); fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s %s", name, err, c.kind, c.code)
		}
	}
}

// Whoever changes a workspace without having seen a swap does not undo it.
func TestOver(t *testing.T) {
	t.Parallel()
	before := workspace.Workspace{Name: "shop", Model: "default", Currency: "EUR"}
	pending, _ := before.Begin("five", 1)
	stored, _ := pending.Swap()
	before.Currency = "GBP"
	if got := before.Over(stored); got.Currency != "GBP" || !got.SameGenerations(stored) {
		t.Errorf("written over a swap: %s in %s, want %s in GBP", state(got), got.Currency, state(stored))
	}
	stored.Model, stored.Currency = "four", "GBP"
	if got := stored.Over(stored.WithGenerations(before)); got.Model != "default" {
		t.Errorf("another generation's model was written: %s", got.Model)
	}
	known := stored
	known.Model = "default"
	if got := known.Over(stored); got.Model != "default" {
		t.Errorf("the model of the generation in use was not written: %s", got.Model)
	}
	if before.SameGenerations(pending) || stored.SameGenerations(known) || !pending.SameGenerations(pending) {
		t.Error("SameGenerations tells wrongly")
	}
}
