package profile_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"waymark/functions/profile"
	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/testing/system"
)

func handler(s *system.System) *profile.Handler {
	return profile.New(profile.Config{Workspaces: s.Table, Settler: s.Settler(s.Ports()), Now: s.Settler(s.Ports()).Now})
}

// A firing brings every workspace's profiles up to date; what asks for anything else is refused.
func TestFiring(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	s.Send("wk_web", `{"type":"page","messageId":"e","anonymousId":"a","timestamp":"2026-11-20T10:00:00Z"}`)
	answer, err := handler(s).Handle(t.Context(), json.RawMessage(`{"schedule":"profile"}`))
	text, _ := json.Marshal(answer)
	if want := `{"profiles":[{"workspace":"shop","persons":1,"windows":6,"changed":6,"done":true}]}`; err != nil || string(text) != want {
		t.Errorf("answered %s, %v, want %s", text, err, want)
	}
	if _, list := s.Get("/v1/profiles?stage=awareness"); !strings.Contains(list, `"person":"anon:a"`) {
		t.Errorf("the list is %s", list)
	}
	raw, err := json.Marshal(s.Request("GET", "/v1/profiles", "Bearer sk_shop", ""))
	if err != nil {
		t.Fatal(err)
	}
	answer, err = handler(s).Handle(t.Context(), raw)
	if text, _ := json.Marshal(answer); err != nil || !strings.Contains(string(text), "no_route") {
		t.Errorf("a request is answered %s, %v", text, err)
	}
}

// TestSamples answers events/profile/*.json as the golden files beside them say, which `sam local invoke` is held against too.
func TestSamples(t *testing.T) {
	t.Parallel()
	s := system.New(t, system.Shop())
	httpapitest.Invocations(t, "profile", func(ctx context.Context, raw json.RawMessage) (any, error) { return handler(s).Handle(ctx, raw) })
}
