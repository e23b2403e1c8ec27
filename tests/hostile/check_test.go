package hostile_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"waymark/tests/hostile"
)

// TestCheckSeesWhatIsWrong: each way in which a system can lose or invent an event is one problem, and a good one is none.
func TestCheckSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	const kept = `{"failed":[{"class":"bad_time","reason":"no time","request":"r","index":0,"original":"{\"a\": 1}"}]}`
	const found = `{"identifiers":[{"id":"user:1"}],"traits":{"plan":{"value":"free"}},"items":[{"id":"m1","name":"A"}]}`
	const took, rejects = `{"success":true}`, `{"success":true,"rejected":1,"details":[{"index":0,"code":"bad_time"}]}`
	good := hostile.Event{Raw: []byte(`{}`), Who: "user:1", ID: "m1"}
	bad := hostile.Event{Raw: []byte(`{"a":1}`), Who: "user:1", ID: "m2", Class: "bad_time"}
	with := func(e hostile.Event, change func(*hostile.Event)) hostile.Event {
		change(&e)
		return e
	}
	for _, c := range []struct {
		name, answer, failed, person string
		status                       int
		event                        hostile.Event
		want                         string // "" for no problem
	}{
		{"accepted and found", took, `{}`, found, 200, good, ""},
		{"rejected and kept", rejects, kept, found, 200, bad, ""},
		{"refused", `{"code":"x"}`, `{}`, "", 400, good, ""},
		{"a defect", `{"code":"internal"}`, `{}`, "", 500, good, "want status"},
		{"no answer", ``, `{}`, "", 0, good, "want status"},
		{"accepted and lost", took, `{}`, `{"items":[]}`, 200, good, "is accepted and not in the timeline"},
		{"accepted, person unknown", took, `{}`, "", 200, good, "is accepted and not in the timeline"},
		{"found under another name", took, `{}`, found, 200, with(good, func(e *hostile.Event) { e.Named = "B" }), `is named "A", want "B"`},
		{"a trait that is lost", took, `{}`, found, 200, with(good, func(e *hostile.Event) { e.Traits = map[string]any{"mood": 1} }), `the trait "mood" of "user:1" is , want 1`},
		{"a trait that changed", took, `{}`, found, 200, with(good, func(e *hostile.Event) { e.Traits = map[string]any{"plan": "pro"} }), `is "free", want "pro"`},
		{"a trait too many", took, `{}`, found, 200, with(good, func(e *hostile.Event) { e.Dropped = "plan" }), "left a trait beyond the limits"},
		{"a link that is lost", took, `{}`, found, 200, with(good, func(e *hostile.Event) { e.Linked = "user:2" }), "is not linked"},
		{"somebody else", took, `{}`, found, 200, with(good, func(e *hostile.Event) { e.Absent = "user:1" }), "somebody is known as"},
		{"nowhere to look", took, `{}`, found, 200, hostile.Event{Raw: []byte(`{}`)}, "nobody knows where to look"},
		{"rejected and lost", rejects, `{}`, found, 200, bad, "is not among the failed ones"},
		{"rejected, other bytes", rejects, strings.Replace(kept, " 1}", " 2}", 1), found, 200, bad, "want what was sent"},
		{"rejected for another reason", rejects, strings.Replace(kept, "bad_time", "bad_json", 1), found, 200, bad, "is kept as bad_json"},
		{"rejected and counted", rejects, kept, strings.Replace(found, "m1", "m2", 1), 200, bad, "in the timeline of \"user:1\" as well"},
		{"accepted against the table", took, `{}`, found, 200, with(good, func(e *hostile.Event) { e.Class = "bad_time" }), `is rejected as "", want "bad_time"`},
		{"rejected against the table", rejects, kept, found, 200, with(bad, func(e *hostile.Event) { e.Class = "" }), `is rejected as "bad_time", want ""`},
		{"refused and kept", `{"code":"x"}`, kept, "", 400, bad, "is refused and its event 0 is among the failed ones"},
		{"refused and counted", `{"code":"x"}`, `{}`, found, 400, good, "is refused and its event 0 is in the timeline"},
		{"kept and nobody said so", took, kept, found, 200, good, "of which no answer said so"},
	} {
		get := func(_ context.Context, path string) (int, []byte, error) {
			switch {
			case strings.HasPrefix(path, "/v1/failed"):
				return 200, []byte(c.failed), nil
			case c.person == "":
				return 404, nil, nil
			}
			return 200, []byte(c.person), nil
		}
		cases := []hostile.Case{{Kind: "k", Name: c.name, Events: []hostile.Event{c.event}}}
		_, problems := hostile.Check(t.Context(), get, cases, []hostile.Answer{{Status: c.status, Request: "r", Body: []byte(c.answer)}})
		all := strings.Join(problems, "\n")
		if c.want == "" && all != "" || !strings.Contains(all, c.want) {
			t.Errorf("%s: Check says %q, want %q", c.name, all, c.want)
		}
		if !json.Valid([]byte(c.failed)) {
			t.Errorf("%s: the test's own list is no JSON", c.name)
		}
	}
}
