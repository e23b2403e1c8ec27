package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waymark/shared/domain/workspace"
)

// TestPlanFile: a plan is checked when it is set, all its faults are told, and what is stored has no spaces.
func TestPlanFile(t *testing.T) {
	t.Parallel()
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "plan.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ file, plan, fault string }{
		{"{\n  \"events\": {\"Signed Up\": {\"required\": {\"plan\": \"string\"}}}\n}\n", `{"events":{"Signed Up":{"required":{"plan":"string"}}}}`, ""},
		{`{"events":{"A":{"required":{"x":"text"}},"B":7}}`, "", "events.A.required.x: its type must be string, number, integer, boolean, object, array or any\nevents.B: it must be"},
		{"{", "", "the plan is not JSON"},
	} {
		text, err := planIn(write(c.file))
		if text != c.plan || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("planIn(%s) = %q, %v; want %q, %q", c.file, text, err, c.plan, c.fault)
		}
	}
	if _, err := planIn(filepath.Join(t.TempDir(), "none.json")); err == nil || !strings.Contains(err.Error(), "read tracking plan") {
		t.Errorf("a file that is not there: %v", err)
	}
	for _, settings := range []map[string]string{{"plan": "none"}, {"plan": write(`{"events":{}}`), "kinds": "strict", "properties": "all"}} {
		p := workspace.Policy{Plan: "before"}
		if err := (&keyFlags{settings: settings}).settle(&p); err != nil || p.Plan == "before" {
			t.Errorf("settle(%v) leaves %+v, %v", settings, p, err)
		}
	}
}
