package query_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
)

const unlinkPath = "/v1/identities/unlink"

// desk is a person of five identifiers who shares a tablet with another, and a visitor who is nobody's.
func desk(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.take(t,
		`{"type":"page","anonymousId":"phone","messageId":"p1","timestamp":"2026-11-01T09:00:00Z"}`,
		`{"type":"page","anonymousId":"tablet","messageId":"p2","timestamp":"2026-11-02T09:00:00Z"}`,
		`{"type":"page","anonymousId":"stranger","messageId":"p3","timestamp":"2026-11-03T09:00:00Z"}`,
		`{"type":"identify","anonymousId":"phone","messageId":"l1","timestamp":"2026-11-04T09:00:00Z","traits":{"email":"jo@shop.example"}}`,
		`{"type":"identify","userId":"42","messageId":"l2","timestamp":"2026-11-05T09:00:00Z","traits":{"email":"jo@shop.example"}}`,
		`{"type":"identify","userId":"42","anonymousId":"tablet","messageId":"l3","timestamp":"2026-11-06T09:00:00Z"}`,
		`{"type":"identify","userId":"7","anonymousId":"tablet","messageId":"l4","timestamp":"2026-11-07T09:00:00Z"}`,
		`{"type":"alias","userId":"42","previousId":"41","messageId":"l5","timestamp":"2026-11-08T09:00:00Z"}`,
		`{"type":"page","userId":"41","messageId":"p4","timestamp":"2026-11-09T09:00:00Z"}`,
	)
	w.recorded(t)
	return w
}

// unlinked tells links and persons of an answer on one line each.
func unlinked(t testing.TB, body string) string {
	t.Helper()
	var answer struct {
		Success bool
		Links   []struct {
			Child, Parent, Reason string
			Undone                bool
		}
		Persons []struct {
			Person      string
			Members     int
			Identifiers []string
		}
		More bool
	}
	must(t, json.Unmarshal([]byte(body), &answer))
	var out []string
	for _, l := range answer.Links {
		out = append(out, fmt.Sprintf("%s>%s%s%s", l.Child, l.Parent, map[bool]string{true: " undone"}[l.Undone], l.Reason))
	}
	for _, p := range answer.Persons {
		out = append(out, strings.Join(p.Identifiers, "+"))
	}
	if answer.More {
		out = append(out, "more")
	}
	return strings.Join(out, "; ")
}

func TestUnlink(t *testing.T) {
	t.Parallel()
	const sides = "anon:tablet user:42"
	const everybody = "anon:41 anon:phone anon:tablet email:jo@shop.example user:41 user:42"
	type step struct{ body, want, records string }
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"the parent that counts", []step{
			{`{"id":"anon:tablet"}`, "anon:tablet>user:42; user:42+email:jo@shop.example+anon:phone+anon:41+user:41; user:7+anon:tablet", sides},
			{`{"id":"anon:tablet"}`, "anon:tablet>user:7; anon:tablet; user:7", "anon:tablet user:42 user:7"},                                                                     // where the tablet went instead
			{`{"id":"anon:tablet"}`, "anon:tablet>user:42; anon:tablet>user:7; anon:tablet; user:42+email:jo@shop.example+anon:phone+anon:41+user:41; user:7", sides + " user:7"}, // nothing is left
			{`{"id":"anon:tablet","undo":true}`, "anon:tablet>user:42 undone; anon:tablet>user:7 undone; user:42+email:jo@shop.example+anon:phone+anon:tablet+anon:41+user:41; user:7", sides + " user:7"},
		}},
		{"a link by both its ends", []step{
			{`{"id":"user:42","from":"anon:tablet","reason":"!"}`, "anon:tablet>user:42!; user:42+email:jo@shop.example+anon:phone+anon:41+user:41; user:7+anon:tablet", sides},
			{`{"id":"anon:tablet","from":"user:42","reason":"?"}`, "anon:tablet>user:42!; user:42+email:jo@shop.example+anon:phone+anon:41+user:41; user:7+anon:tablet", sides},
			{`{"id":"anon:tablet","from":"user:42","undo":true}`, "anon:tablet>user:42 undone; user:42+email:jo@shop.example+anon:phone+anon:tablet+anon:41+user:41", sides},
			{`{"id":"anon:tablet","from":"user:42","undo":true}`, "anon:tablet>user:42 undone; user:42+email:jo@shop.example+anon:phone+anon:tablet+anon:41+user:41", sides},
		}},
		{"a link that does not count", []step{
			{`{"id":"anon:tablet","from":"user:7"}`, "anon:tablet>user:7; user:42+email:jo@shop.example+anon:phone+anon:tablet+anon:41+user:41; user:7", "anon:tablet user:7"},
		}},
		{"a tree in the middle", []step{
			{`{"id":"email:JO@shop.example"}`, "email:jo@shop.example>user:42; email:jo@shop.example+anon:phone; user:42+anon:tablet+anon:41+user:41", "email:jo@shop.example user:42"},
		}},
		{"a whole person", []step{
			{`{"id":"anon:phone","all":true}`, "anon:phone>email:jo@shop.example; email:jo@shop.example>user:42; anon:tablet>user:42; anon:41>user:42; user:41>user:42; " +
				"anon:41; anon:phone; email:jo@shop.example; user:41; user:42; user:7+anon:tablet", everybody},
			{`{"id":"anon:phone","all":true,"undo":true}`, "anon:41>user:42 undone; anon:phone>email:jo@shop.example undone; anon:tablet>user:42 undone; email:jo@shop.example>user:42 undone; user:41>user:42 undone; " +
				"user:42+email:jo@shop.example+anon:phone+anon:tablet+anon:41+user:41", everybody},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := desk(t)
			for _, s := range c.steps {
				response := w.send(t, "POST", unlinkPath, "", "Bearer sk_demo", s.body)
				if got := unlinked(t, response.Body); response.StatusCode != 200 || got != s.want {
					t.Errorf("%s is answered %d\n%s\nwant\n%s", s.body, response.StatusCode, got, s.want)
				}
				if got := w.recorded(t); got != s.records {
					t.Errorf("%s records %s, want %s", s.body, got, s.records)
				}
			}
		})
	}
}

// recorded lists whose person may have changed since it was asked last.
func (w *world) recorded(t testing.TB) string {
	t.Helper()
	batches, _, err := w.Table.Batches(t.Context(), "demo", "", 1000)
	must(t, err)
	var out []string
	for _, b := range batches[w.seen:] {
		for _, id := range b.Identifiers {
			out = append(out, string(id))
		}
	}
	w.seen = len(batches)
	return strings.Join(out, " ")
}

// A decision is later than the one before it even when the clocks of two functions differ.
func TestUnlinkBehindTheClock(t *testing.T) {
	t.Parallel()
	w := desk(t)
	for i, undo := range []bool{false, true, false, true} {
		w.Now = now.Add(-time.Duration(i) * time.Hour)
		body := fmt.Sprintf(`{"id":"anon:tablet","from":"user:42","undo":%v}`, undo)
		if response := w.send(t, "POST", unlinkPath, "", "Bearer sk_demo", body); response.StatusCode != 200 {
			t.Fatalf("%s is answered %d %s", body, response.StatusCode, response.Body)
		}
		nodes, err := w.Table.Nodes(t.Context(), "demo", []event.Identifier{"user:42"})
		must(t, err)
		if want := (identity.Cut{Child: "anon:tablet", Parent: "user:42", At: event.At(now) + event.Millis(i), Undone: undo}); len(nodes[0].Cuts) != 1 || nodes[0].Cuts[0] != want {
			t.Errorf("the decisions are %+v, want %+v", nodes[0].Cuts, want)
		}
	}
}

// A large person is parted a hundred links at a time.
func TestUnlinkLargePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var raw []string
	for n := range 250 {
		raw = append(raw, fmt.Sprintf(`{"type":"identify","userId":"1","anonymousId":"a%d","messageId":"m%d","timestamp":"2026-11-01T09:00:00Z"}`, n, n))
	}
	w.Send("wk_demo", raw...)
	for _, want := range []int{151, 51, 1, 1} {
		var answer struct {
			Persons []struct {
				Person  string
				Members int
			}
			More bool
		}
		must(t, json.Unmarshal([]byte(w.send(t, "POST", unlinkPath, "", "Bearer sk_demo", `{"id":"user:1","all":true}`).Body), &answer))
		last := answer.Persons[len(answer.Persons)-1]
		if last.Person != "user:1" || last.Members != want || answer.More != (want > 1) {
			t.Errorf("%s has %d members and more is %v, want user:1 with %d", last.Person, last.Members, answer.More, want)
		}
	}
}

func TestUnlinkRefusals(t *testing.T) {
	t.Parallel()
	w := desk(t)
	for body, want := range map[string]string{
		``: "400 invalid_json", `[]`: "400 invalid_json", `{"id":42}`: "400 invalid_json", `{"id":"anon:phone","form":"user:42"}`: "400 invalid_json",
		`{"id":"anon:phone"} {}`: "400 invalid_json",
		`{}`:                     "400 bad_unlink", `{"all":true}`: "400 bad_unlink", `{"id":"user:42","from":"user:41","all":true}`: "400 bad_unlink",
		`{"id":"jo"}`: "400 bad_identifier", `{"id":"user:42","from":"jo"}`: "400 bad_identifier", `{"id":"user:null"}`: "404 blocked_identifier",
		`{"id":"anon:tablet","reason":"` + strings.Repeat("é", 101) + `"}`: "400 bad_reason", `{"id":"anon:tablet","reason":"a\nb"}`: "400 bad_reason",
		`{"id":"user:42"}`: "404 no_link", `{"id":"anon:stranger","all":true}`: "404 no_link", `{"id":"user:nobody"}`: "404 no_link",
		`{"id":"anon:phone","from":"user:42"}`:     "400 no_direct_link",
		`{"id":"anon:phone","from":"anon:tablet"}`: "400 no_direct_link",
		`{"id":"anon:stranger","from":"user:42"}`:  "404 not_one_person",
		`{"id":"anon:tablet","undo":true}`:         "404 no_cut", `{"id":"user:42","all":true,"undo":true}`: "404 no_cut",
	} {
		response := w.send(t, "POST", unlinkPath, "", "Bearer sk_demo", body)
		var said struct{ Code, Message string }
		must(t, json.Unmarshal([]byte(response.Body), &said))
		if got := fmt.Sprint(response.StatusCode, " ", said.Code); got != want {
			t.Errorf("%s is answered %s, want %s", body, response.Body, want)
		}
		if said.Code == "no_direct_link" && !strings.Contains(said.Message, "anon:phone → email:jo@shop.example, email:jo@shop.example → user:42") {
			t.Errorf("%s is refused with %q, want the links between them", body, said.Message)
		}
	}
	if got := w.recorded(t); got != "" {
		t.Errorf("refused requests record %s", got)
	}
}

func TestWhy(t *testing.T) {
	t.Parallel()
	w := desk(t)
	golden(t, "why", w.ask(t, "/v1/profiles/anon:phone/why", "other=anon%3Atablet"))
	golden(t, "why_shared", w.ask(t, "/v1/profiles/user%3A7/why", "other=anon:tablet"))
	w.send(t, "POST", unlinkPath, "", "Bearer sk_demo", `{"id":"email:jo@shop.example","reason":"one address, two people"}`)
	golden(t, "why_cut", w.ask(t, "/v1/profiles/user:42/why", "other=anon:phone"))
	golden(t, "why_never", w.ask(t, "/v1/profiles/user:42/why", "other=anon:stranger"))
	golden(t, "why_self", w.ask(t, "/v1/profiles/user:42/why", "other=user:42"))
	for path, want := range map[string]string{
		"/v1/profiles/user:42/why?": "400 bad_identifier", "/v1/profiles/user:42/why?other=jo": "400 bad_identifier", "/v1/profiles/jo/why?other=user:42": "400 bad_identifier",
		"/v1/profiles/user:42/why?other=user:43": "404 no_person", "/v1/profiles/user:43/why?other=user:42": "404 no_person",
	} {
		path, query, _ := strings.Cut(path, "?")
		var status int
		var code string
		_, err := fmt.Sscan(want, &status, &code)
		must(t, err)
		checkFailure(t, w.ask(t, path, query), status, code)
	}
}

// FuzzUnlink sends any body. It is refused, or it can be sent again with the same answer; and nothing is ever cut that was not linked.
func FuzzUnlink(f *testing.F) {
	for _, body := range []string{
		`{"id":"anon:tablet"}`, `{"id":"anon:tablet","from":"user:42","undo":true}`, `{"id":"user:42","all":true,"reason":"\ud83d\ude00"}`, `{"ID":"anon:tablet"}`, `{"id":"user:42","id":"user:41"}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := desk(t)
		first := w.send(t, "POST", unlinkPath, "", "Bearer sk_demo", string(body))
		if first.StatusCode >= 500 || !json.Valid([]byte(first.Body)) {
			t.Fatalf("%q is answered %d %s", body, first.StatusCode, first.Body)
		}
		if first.StatusCode != 200 {
			return
		}
		if strings.Contains(string(body), `"from"`) {
			if again := w.send(t, "POST", unlinkPath, "", "Bearer sk_demo", string(body)); again.Body != first.Body {
				t.Fatalf("%q is answered %s, and again %s", body, first.Body, again.Body)
			}
		}
		nodes, err := w.Table.Nodes(t.Context(), "demo", []event.Identifier{"anon:phone", "anon:tablet", "email:jo@shop.example", "user:41"})
		must(t, err)
		known := map[string]bool{"anon:phone>email:jo@shop.example": true, "anon:tablet>user:42": true, "anon:tablet>user:7": true, "email:jo@shop.example>user:42": true, "user:41>user:42": true}
		for _, n := range nodes {
			for _, c := range n.Cuts {
				if !known[string(c.Child+">"+c.Parent)] || len(c.Reason) > identity.MaxReasonBytes {
					t.Fatalf("%q cuts %+v", body, c)
				}
			}
		}
	})
}
