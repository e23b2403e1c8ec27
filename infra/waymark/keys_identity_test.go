package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// An identity secret is shown when it is made and never again, also not by what shows keys.
func TestKeysIdentity(t *testing.T) {
	t.Parallel()
	table := memory.NewTable()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(table.PutWorkspace(t.Context(), workspace.Workspace{Name: "shop", Keys: []workspace.Key{
		{Text: "wk_web", Workspace: "shop", Role: workspace.Write, Source: "web"},
		{Text: "ws_till", Workspace: "shop", Role: workspace.Write, Source: "till", Kind: workspace.ServerSource},
		{Text: "sk_shop", Workspace: "shop", Role: workspace.Secret},
	}}))
	run := func(of string, flags keyFlags) (string, string) {
		var out bytes.Buffer
		err := makeIdentity(t.Context(), table, []string{"shop", of}, flags, stdio{Out: &out, Err: &out})
		return out.String(), fault.CodeOf(err)
	}
	secrets := func() (texts []string) {
		w, err := table.Workspace(t.Context(), "shop")
		check(err)
		for _, s := range w.SecretsOf("web") {
			if s.Valid(event.At(time.Now())) {
				texts = append(texts, s.Text)
			}
		}
		return texts
	}
	for of, want := range map[string]string{"nobody": "unknown_key", "sk_shop": "unknown_key", "till": "server_source", "ws_till": "server_source"} {
		if out, code := run(of, keyFlags{}); code != want || out != "" {
			t.Errorf("of %s: %s %s, want %s", of, code, out, want)
		}
	}
	day := keyFlags{overlap: 24 * time.Hour}
	out, code := run("wk_web", day)
	first := secrets()
	if code != "" || len(first) != 1 || !strings.HasPrefix(first[0], "is_") || len(first[0]) < 26 || strings.Count(out, first[0]) != 1 || !strings.Contains(out, "createHmac(") {
		t.Errorf("the first time it prints %q, %s with the secrets %v", out, code, first)
	}
	if out, code := run("web", day); code != "secret_exists" || out != "" {
		t.Errorf("the second time: %s %s, want secret_exists", code, out)
	}
	day.rotate, day.json = true, true
	out, _ = run("web", day)
	var second made
	check(json.Unmarshal([]byte(out), &second))
	if got := secrets(); fmt.Sprint(got) != fmt.Sprint([]string{second.Secret, first[0]}) || second.Source != "web" || second.OldUntil == "" {
		t.Errorf("after a rotation %v are valid, and it printed %s", got, out)
	}
	_, code = run("web", keyFlags{rotate: true})
	if got := secrets(); code != "" || len(got) != 1 || got[0] == second.Secret {
		t.Errorf("without an overlap %v are valid, %s", got, code)
	}
	if _, code := run("web", keyFlags{rotate: true, overlap: -time.Hour}); code != "bad_overlap" {
		t.Errorf("a negative overlap: %s", code)
	}
	w, err := table.Workspace(t.Context(), "shop")
	check(err)
	for _, k := range w.Keys {
		if text, err := json.Marshal(k.Shown()); err != nil || strings.Contains(string(text), "is_") || strings.Contains(string(text), "identity_secrets") {
			t.Errorf("a key is shown as %s, %v", text, err)
		}
	}
}

// Who takes signed users alone is told when nobody can sign any.
func TestUnsignable(t *testing.T) {
	t.Parallel()
	w := workspace.Workspace{Name: "shop", Keys: []workspace.Key{
		{Text: "wk_web", Role: workspace.Write, Source: "web"}, {Text: "ws_till", Role: workspace.Write, Source: "till", Kind: workspace.ServerSource},
	}}
	if got := unsignable(w, "web"); got != "" {
		t.Errorf("of a source that takes anybody it says %q", got)
	}
	for _, source := range []string{"web", "till"} {
		w.SetPolicy(source, workspace.Policy{Trust: workspace.Trust{Identity: workspace.SignedUsers}})
	}
	if got, want := unsignable(w, "web"), "waymark keys identity shop web"; !strings.Contains(got, want) {
		t.Errorf("it says %q, want %q", got, want)
	}
	if got := unsignable(w, "till"); got != "" {
		t.Errorf("of a server it says %q", got)
	}
	w.AddSecret("web", "is_1", time.Now(), 0)
	if got := unsignable(w, "web"); got != "" {
		t.Errorf("once there is a secret it says %q", got)
	}
}
