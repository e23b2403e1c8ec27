package e2e_test

import (
	"testing"

	"waymark/tests/e2e"
)

// TestUnlink parts a browser from a user through the running system and takes that back: profiles and KPIs follow, and what says why.
func TestUnlink(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "unlink")
	page := func(id, at string) map[string]any {
		return map[string]any{"type": "page", "anonymousId": "desk", "messageId": id, "timestamp": at}
	}
	send(
		t, w, page("unlink-1", "2025-07-01T10:00:00Z"),
		map[string]any{"type": "page", "userId": "ann", "messageId": "unlink-2", "timestamp": "2025-07-01T11:00:00Z"},
		map[string]any{"type": "identify", "userId": "ann", "anonymousId": "desk", "messageId": "unlink-3", "timestamp": "2025-07-02T10:00:00Z"},
	)
	type why struct {
		Same  bool
		Chain []struct{ Child, Parent, Event string }
		Apart *struct{ Rule, Reason string }
	}
	type persons struct{ Rows []struct{ Numerator any } }
	type unlinked struct {
		Links []struct{ Child, Parent string }
	}
	check := func(when, active, root, reason string) {
		t.Helper()
		if err := w.Drained(t.Context(), e2e.Patience); err != nil {
			t.Fatal(err)
		}
		rollUp(t, w)
		if got := text(get[persons](t, w, "/v1/kpis?metric=active_persons&from=2025-07-01&to=2025-07-02")); got != active {
			t.Errorf("%s the active persons are %s, want %s", when, got, active)
		}
		if got := get[person](t, w, "/v1/profiles/anon:desk").Person; got != root {
			t.Errorf("%s the browser belongs to %s, want %s", when, got, root)
		}
		if got := text(get[why](t, w, "/v1/profiles/anon:desk/why?other=user:ann")); got != reason {
			t.Errorf("%s why answers %s, want %s", when, got, reason)
		}
	}
	const one, two = `{"Rows":[{"Numerator":1}]}`, `{"Rows":[{"Numerator":2}]}`
	const chain = `{"Same":true,"Chain":[{"Child":"anon:desk","Parent":"user:ann","Event":"unlink-3"}],"Apart":null}`
	const links = `{"Links":[{"Child":"anon:desk","Parent":"user:ann"}]}`
	check("at first", one, "user:ann", chain)
	if got := text(order[unlinked](t, w, "/v1/identities/unlink", `{"id":"anon:desk","from":"user:ann","reason":"two at one desk"}`)); got != links {
		t.Errorf("unlink answers %s, want %s", got, links)
	}
	check("parted", two, "anon:desk", `{"Same":false,"Chain":[],"Apart":{"Rule":"cut","Reason":"two at one desk"}}`)
	send(t, w, map[string]any{"type": "identify", "userId": "ann", "anonymousId": "desk", "messageId": "unlink-4", "timestamp": "2025-06-30T10:00:00Z"})
	check("linked again by an event", two, "anon:desk", `{"Same":false,"Chain":[],"Apart":{"Rule":"cut","Reason":"two at one desk"}}`)
	if got := text(order[unlinked](t, w, "/v1/identities/unlink", `{"id":"anon:desk","from":"user:ann","undo":true}`)); got != links {
		t.Errorf("undo answers %s, want %s", got, links)
	}
	check("taken back", one, "user:ann", `{"Same":true,"Chain":[{"Child":"anon:desk","Parent":"user:ann","Event":"unlink-4"}],"Apart":null}`)
}
