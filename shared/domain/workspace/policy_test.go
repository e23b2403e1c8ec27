package workspace_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/event"
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
		{"names", "page, order completed", "names=page,order completed", ""},
		{"names", "all", "", ""},
		{"names", " , ", "", "bad_names"},
		{"names", strings.Repeat("a,", 201), "", "bad_names"},
		{"rate", "20", "rate=20", ""},
		{"rate", "off", "", ""},
		{"rate", "0", "", "bad_rate"},
		{"rate", "1.5", "", "bad_rate"},
		{"cap", "1000000000000", "cap=1000000000000", ""},
		{"cap", "1000000000001", "", "bad_cap"},
		{"cap", "-1", "", "bad_cap"},
		{"colour", "red", "", "unknown_setting"},
	} {
		p := workspace.NewPolicy()
		err := p.Set(c.name, c.value)
		if p.Listed() != c.listed || fault.CodeOf(err) != c.code {
			t.Errorf("Set(%q, %q) gives %q, %v; want %q, %q", c.name, c.value, p.Listed(), err, c.listed, c.code)
		}
	}
}

// A browser's events are asked for by the names of the catalogue, in any form, and by their types.
func TestLets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names []string
		typ   event.Type
		name  string
		want  bool
	}{
		{nil, event.Track, "anything", true},
		{nil, event.Alias, "", true},
		{[]string{"page"}, event.Page, "Home", true},
		{[]string{"page"}, event.Track, "page", true},
		{[]string{"page"}, event.Screen, "", false},
		{[]string{"page"}, event.Identify, "", false},
		{[]string{"Order Completed"}, event.Track, "order_completed", true},
		{[]string{"completed order"}, event.Track, "Order Completed", true},
		{[]string{"Order Completed"}, event.Track, "Order Refunded", false},
		{[]string{"my own"}, event.Track, "my own", true},
		{[]string{"my own"}, event.Track, "My Own", false},
	} {
		if got := (workspace.Policy{Names: c.names}).Lets(c.typ, c.name); got != c.want {
			t.Errorf("%v lets %s %q: %v, want %v", c.names, c.typ, c.name, got, c.want)
		}
	}
}
