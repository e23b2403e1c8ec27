package signed

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"waymark/shared/domain/trust"
	"waymark/shared/domain/workspace"
)

// TestTheDebuggerSaysWhy: who watches sees the grade of each event, and why one is kept for its anonymous id alone.
func TestTheDebuggerSaysWhy(t *testing.T) {
	t.Parallel()
	s := newWorld(t, "identity", "signed")
	s.Debug = workspace.DebugAlways
	proof := func(id string) string { return `"context":{"proof":"` + trust.Proof(secret, id) + `"}` }
	s.Post("wk_site",
		`{"type":"page","messageId":"visitor","anonymousId":"a"}`,
		`{"type":"page","messageId":"proven","userId":"7","anonymousId":"a",`+proof("7")+`}`,
		`{"type":"page","messageId":"unproven","userId":"7","anonymousId":"a"}`,
		`{"type":"page","messageId":"another's","userId":"7","anonymousId":"a",`+proof("8")+`}`,
		`{"type":"page","messageId":"nobody","userId":"7"}`,
	)
	s.Post("wk_web", `{"type":"page","messageId":"server","userId":"7","anonymousId":"a"}`)
	s.Drain()
	status, answer := s.Get("/v1/debug/events")
	var said struct {
		Events []struct {
			MessageID   string `json:"message_id"`
			Grade, Note string
			Code        string
			Identifiers []string
		}
	}
	must(t, json.Unmarshal([]byte(answer), &said))
	got := map[string]string{}
	for _, e := range said.Events {
		note, _, _ := strings.Cut(e.Note, ";")
		got[e.MessageID] = strings.TrimSpace(fmt.Sprint(e.Grade, e.Code, " ", e.Identifiers, " ", note))
	}
	want := map[string]string{
		"visitor": "public [anon]", "proven": "signed [user anon]", "unproven": "public [anon] identity: unproven", "another's": "public [anon] identity: unproven",
		"nobody": "unproven_identity []", "server": "server [user anon]",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d: the events are %v, want %v", status, got, want)
	}
}
