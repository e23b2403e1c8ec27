package workspace_test

import (
	"fmt"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/workspace"
)

func TestTrustSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, value, listed, code string }{
		{"identity", "signed", "identity=signed", ""},
		{"identity", "open", "", ""},
		{"identity", "proven", "", "bad_identity"},
		{"accept", "1", "accept=1", ""},
		{"accept", "30", "", ""},
		{"accept", "400", "accept=400", ""},
		{"accept", "0", "", "bad_accept"},
		{"accept", "401", "", "bad_accept"},
		{"accept", "1.5", "", "bad_accept"},
		{"accept", "30d", "", "bad_accept"},
		{"max-order", "5000", "max-order=5000.00", ""},
		{"max-order", "0.000001", "max-order=0.000001", ""},
		{"max-order", "off", "", ""},
		{"max-order", "0", "", "bad_max_order"},
		{"max-order", "-1", "", "bad_max_order"},
		{"max-order", "1000000000000", "", "bad_max_order"},
		{"max-order", "much", "", "bad_max_order"},
	} {
		p := workspace.NewPolicy()
		err := p.Set(c.name, c.value)
		if p.Listed() != c.listed || fault.CodeOf(err) != c.code {
			t.Errorf("Set(%q, %q) gives %q, %v; want %q, %q", c.name, c.value, p.Listed(), err, c.listed, c.code)
		}
	}
	var p workspace.Policy
	if got, want := p.Accepts(), 30*24*time.Hour; got != want {
		t.Errorf("a new source accepts %v, want %v", got, want)
	}
	if err := p.Set("max-order", "12.5"); err != nil || p.MaxOrder != 12_500_000*money.Micros(1) {
		t.Errorf("12.5 is %d, %v", p.MaxOrder, err)
	}
}

// TestIdentitySecrets: the new secret and the one before it are valid at once, for the overlap, and no third.
func TestIdentitySecrets(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w := workspace.Workspace{Keys: []workspace.Key{
		{Text: "wk_1", Role: workspace.Write, Source: "web"},
		{Text: "wk_2", Role: workspace.Write, Source: "web"},
		{Text: "wk_3", Role: workspace.Write, Source: "shop"},
		{Text: "sk_1", Role: workspace.Secret},
	}}
	texts := func(source string, at time.Time) (valid []string) {
		for _, s := range w.SecretsOf(source) {
			if s.Valid(event.At(at)) {
				valid = append(valid, s.Text)
			}
		}
		return valid
	}
	check := func(at time.Time, want ...string) {
		t.Helper()
		if got := texts("web", at); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("at %v the secrets are %v, want %v", at, got, want)
		}
	}
	check(now)
	w.AddSecret("web", "a", now, time.Hour)
	check(now.Add(1000*time.Hour), "a")
	w.AddSecret("web", "b", now, time.Hour)
	check(now.Add(time.Hour-1), "b", "a")
	check(now.Add(time.Hour), "b")
	w.AddSecret("web", "c", now, time.Hour)
	check(now, "c", "b")
	w.AddSecret("web", "d", now, 0)
	check(now, "d")
	if got := texts("shop", now); len(got) > 0 {
		t.Errorf("another source has the secrets %v", got)
	}
	for _, k := range w.Keys {
		if got := len(k.Secrets); got != map[string]int{"web": 1}[k.Source] {
			t.Errorf("key %s has %d secrets", k.Text, got)
		}
		if got := k.Shown(); got.Secrets != nil || got.Text != k.Text {
			t.Errorf("key %s is shown as %v", k.Text, got)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, k.Secrets); k.Source == "web" && text != map[string]string{"%#v": "[]workspace.IdentitySecret{[secret]}"}[verb] && text != "[[secret]]" {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
}
