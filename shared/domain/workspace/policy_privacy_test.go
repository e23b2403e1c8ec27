package workspace_test

import (
	"testing"

	"waymark/shared/domain/consent"
	"waymark/shared/domain/workspace"
)

// TestTreat is the truth table of docs/privacy.md.
func TestTreat(t *testing.T) {
	t.Parallel()
	const keep, strip, drop = workspace.Keep, workspace.Strip, workspace.Drop
	set := func(pairs ...string) (p workspace.Policy) {
		for i := 0; i < len(pairs); i += 2 {
			if err := p.Set(pairs[i], pairs[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		return p
	}
	for _, c := range []struct {
		name                       string
		policy                     workspace.Policy
		granted, unsaid, denied    workspace.Treatment
		granted2, unsaid2, denied2 workspace.Treatment // with Global Privacy Control
	}{
		{"a new source", set(), keep, keep, strip, strip, strip, strip},
		{"consent drop", set("consent", "drop"), keep, keep, drop, strip, strip, drop},
		{"consent keep", set("consent", "keep"), keep, keep, keep, strip, strip, strip},
		{"opt-in", set("consent-unsaid", "drop"), keep, drop, strip, strip, drop, strip},
		{"opt-in, stripping", set("consent-unsaid", "strip", "consent", "drop"), keep, strip, drop, strip, strip, drop},
		{"gpc ignored", set("gpc", "ignore"), keep, keep, strip, keep, keep, strip},
		{"gpc ignored, consent keep", set("gpc", "ignore", "consent", "keep"), keep, keep, keep, keep, keep, keep},
		{"cookieless", set("visitor", "cookieless"), strip, strip, strip, strip, strip, strip},
		{"cookieless, consent drop", set("visitor", "cookieless", "consent", "drop", "gpc", "ignore"), strip, strip, drop, strip, strip, drop},
		{"cookieless, opt-in", set("visitor", "cookieless", "consent", "keep", "consent-unsaid", "drop"), strip, drop, strip, strip, drop, strip},
	} {
		for _, row := range []struct {
			said      consent.Verdict
			isOpposed bool
			want      workspace.Treatment
		}{
			{consent.Granted, false, c.granted},
			{consent.Unsaid, false, c.unsaid},
			{consent.Denied, false, c.denied},
			{consent.Granted, true, c.granted2},
			{consent.Unsaid, true, c.unsaid2},
			{consent.Denied, true, c.denied2},
		} {
			if got := c.policy.Treat(row.said, row.isOpposed); got != row.want {
				t.Errorf("%s: %v, GPC %v: %s, want %s", c.name, row.said, row.isOpposed, got, row.want)
			}
		}
	}
}

func TestPrivacySettings(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"consent", "strip", ""},
		{"consent", "keep", "consent=keep"},
		{"consent-unsaid", "keep", ""},
		{"consent-unsaid", "drop", "consent-unsaid=drop"},
		{"gpc", "honour", ""},
		{"gpc", "ignore", "gpc=ignore"},
		{"visitor", "client", ""},
		{"visitor", "cookieless", "visitor=cookieless"},
	} {
		p := workspace.NewPolicy()
		if err := p.Set(c[0], c[1]); err != nil || p.Listed() != c[2] {
			t.Errorf("%s=%s: listed as %q (%v), want %q", c[0], c[1], p.Listed(), err, c[2])
		}
		if err := p.Set(c[0], "perhaps"); err == nil {
			t.Errorf("%s=perhaps is taken", c[0])
		}
	}
}
