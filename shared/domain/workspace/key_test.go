package workspace_test

import (
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

func aShop() workspace.Workspace {
	return workspace.Workspace{Name: "shop", Keys: []workspace.Key{
		{Text: "wk_web", Role: workspace.Write, Source: "web"},
		{Text: "ws_shop", Role: workspace.Write, Source: "server", Kind: workspace.ServerSource},
		{Text: "sk_shop", Role: workspace.Secret},
	}}
}

// Whoever reads a stored workspace learns no secret, and can still name each of its keys and write it again.
func TestStoredKeysHoldNoSecret(t *testing.T) {
	t.Parallel()
	known, stored := aShop(), aShop()
	for i, k := range known.Keys {
		stored.Keys[i] = k.WithoutSecret()
	}
	for i, isPublic := range []bool{true, false, false} {
		k, s := known.Keys[i], stored.Keys[i]
		if k.IsPublic() != isPublic || (s.Text == k.Text) != isPublic || s.WithoutSecret().Text != s.Text {
			t.Errorf("%s is stored as %s, and again as %s", k.Text, s.Text, s.WithoutSecret().Text)
		}
		if !s.Is(k.Text) || s.Fingerprint() != workspace.Fingerprint(k.Text) || s.Is(k.Text+"x") || s.Is("") || s.Is(workspace.Hashed+s.Fingerprint()) {
			t.Errorf("%s does not tell its text from others", s.Text)
		}
		if shown := s.Label(); shown != k.Label() || strings.Contains(shown, k.Text) != isPublic || len(shown) > 19 {
			t.Errorf("%s is shown as %q and %q", k.Text, shown, k.Label())
		}
		for _, name := range []string{k.Text, k.Label()} {
			if at, err := stored.Named(name); err != nil || at != i {
				t.Errorf("Named(%s) = %d, %v; want %d", name, at, err, i)
			}
		}
	}
	for _, name := range []string{"", "wk_", "sha256:", workspace.Hashed + workspace.Fingerprint("wk_web")[:12], stored.Keys[1].Label()[:18]} {
		if at, err := stored.Named(name); fault.CodeOf(err) != "unknown_key" {
			t.Errorf("Named(%q) = %d, %v; want unknown_key", name, at, err)
		}
	}
}

// A source is a site or a server, whoever adds a key to it.
func TestOneKindPerSource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source, kind, want string
	}{
		{"web", "site", ""}, {"web", "server", "other_kind"}, {"server", "server", ""}, {"server", "site", "other_kind"}, {"new", "server", ""}, {"new", "site", ""},
	} {
		kind, err := workspace.ReadKind(c.kind)
		if err != nil || kind.String() != c.kind {
			t.Errorf("ReadKind(%s) = %s, %v", c.kind, kind, err)
		}
		err = aShop().CheckKind(c.source, kind)
		if fault.CodeOf(err) != c.want || (err != nil && !strings.Contains(err.Error(), "--source "+c.source+"-"+c.kind)) {
			t.Errorf("a %s's key for the source %s: %v, want %q", c.kind, c.source, err, c.want)
		}
	}
	if _, err := workspace.ReadKind("till"); fault.CodeOf(err) != "bad_kind" {
		t.Errorf("ReadKind(till) = %v, want bad_kind", err)
	}
}
