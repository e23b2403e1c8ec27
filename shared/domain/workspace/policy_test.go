package workspace_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// What is settled for a source holds for all its write keys, and for nobody else's.
func TestPolicyOfASource(t *testing.T) {
	t.Parallel()
	own := workspace.Policy{Orders: workspace.OwnOrders}
	w := workspace.Workspace{Keys: []workspace.Key{
		{Text: "wk_1", Role: workspace.Write, Source: "web"},
		{Text: "wk_2", Role: workspace.Write, Source: "till"},
		{Text: "wk_3", Role: workspace.Write, Source: "till"},
		{Role: workspace.Secret, Source: "x", Policy: own},
	}}
	w.SetPolicy("till", own)
	for source, want := range map[string]workspace.Policy{"web": {}, "till": own, "x": {}, "": {}} {
		if got := w.PolicyOf(source); !reflect.DeepEqual(got, want) {
			t.Errorf("PolicyOf(%q) = %+v, want %+v", source, got, want)
		}
	}
	for source, want := range map[string]string{"web": "", "till": "till", "x": "", "": ""} {
		if got := w.OrderScope(source); got != want {
			t.Errorf("OrderScope(%q) = %q, want %q", source, got, want)
		}
	}
	for _, k := range w.Keys[1:3] {
		if k.Orders != workspace.OwnOrders {
			t.Errorf("key %s says %q", k.Text, k.Orders)
		}
	}
	stored, err := json.Marshal(w.Keys[1])
	if want := `{"key":"wk_2","workspace":"","role":"write","source":"till","orders":"own"}`; err != nil || string(stored) != want {
		t.Errorf("stored as %s %v, want %s", stored, err, want)
	}
}

// Each setting is read from text, shown where it differs from that of a new source, and refuses what it does not know.
func TestSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, listed, code string }{
		{"orders", "own", "orders=own", ""},
		{"orders", " shared ", "", ""},
		{"orders", "mine", "", "bad_orders"},
		{"kinds", "strict", "kinds=strict", ""},
		{"kinds", "any", "", ""},
		{"kinds", "some", "", "bad_kinds"},
		{"plan", `{"events":{}}`, "plan=13-bytes", ""},
		{"plan", "none", "", ""},
		{"plan", "{", "", "bad_plan"},
		{"plan", `"` + strings.Repeat("x", workspace.MaxPlanBytes-2) + `"`, "plan=65536-bytes", ""},
		{"plan", `"` + strings.Repeat("x", workspace.MaxPlanBytes-1) + `"`, "", "bad_plan"},
		{"properties", "all", "", ""},
		{"properties", "model", "properties=model", ""},
		{"properties", "theme, shop.*", "properties=theme,shop.*", ""},
		{"properties", "theme,,x", "", "bad_properties"},
		{"properties", "a.*.b", "", "bad_properties"},
		{"properties", "x" + strings.Repeat(",x", 64), "", "bad_properties"},
		{"colour", "red", "", "unknown_setting"},
	} {
		p := workspace.NewPolicy()
		err := p.Set(c.name, c.value)
		if p.Listed() != c.listed || fault.CodeOf(err) != c.code {
			t.Errorf("Set(%q, %q) gives %q, %v; want %q, %q", c.name, c.value, p.Listed(), err, c.listed, c.code)
		}
	}
}
