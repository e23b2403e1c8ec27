package tracker_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"
)

// TestAssignmentsAreThoseOfGo runs the tracker's rule of assignment on the vectors that shared/domain/assignment is held to.
func TestAssignmentsAreThoseOfGo(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../shared/domain/assignment/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Experiment, Person, Variant string
		Variants                    []struct {
			ID     string
			Weight int
		}
	}
	if err := json.Unmarshal(raw, &vectors); err != nil || len(vectors) < 40 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{folder + "/src/experiments.ts"}, Bundle: true, Format: api.FormatIIFE, GlobalName: "tracker", Target: api.ES2021,
	})
	if len(built.Errors) > 0 {
		t.Fatal(built.Errors)
	}
	machine := goja.New()
	if _, err := machine.RunString(string(built.OutputFiles[0].Contents)); err != nil {
		t.Fatal(err)
	}
	assign, is := goja.AssertFunction(machine.Get("tracker").ToObject(machine).Get("assign"))
	if !is {
		t.Fatal("experiments.ts exports no function assign")
	}
	for _, v := range vectors {
		var variants []any
		for _, of := range v.Variants {
			variants = append(variants, []any{of.ID, of.Weight})
		}
		got, err := assign(goja.Undefined(), machine.ToValue(v.Experiment), machine.ToValue(variants), machine.ToValue(v.Person))
		if err != nil || got.String() != v.Variant {
			t.Errorf("assign(%q, %v, %q) = %v, %v; want %s", v.Experiment, variants, v.Person, got, err, v.Variant)
		}
	}
}
