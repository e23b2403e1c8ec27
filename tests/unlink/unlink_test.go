package unlink_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/testing/seed"
)

// story plays so many random acts, events among them, and gives the events in another order.
func (w world) story(r *rand.Rand, acts int, anyEvent func(*rand.Rand, int) string) []string {
	w.t.Helper()
	var events []string
	for n := range acts {
		switch k := r.IntN(20); {
		case n == 0 || k < 10:
			raw := anyEvent(r, n)
			events = append(events, raw)
			w.take(raw)
			if r.IntN(8) == 0 {
				w.take(raw) // delivered twice
			}
		case k < 14:
			w.unlink(anyOrder(r))
		case k == 14 && n < 4: // without a record it must come before its link
			cut := identity.Cut{Child: people[r.IntN(len(people))], Parent: people[r.IntN(3)], At: event.At(w.Now)}
			must(w.t, w.Table.PutCut(w.t.Context(), "shop", cut))
		case k < 18:
			w.Settle()
		default:
			w.Advance(time.Duration(r.IntN(20*24)) * time.Hour)
		}
	}
	r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	return events
}

// Merge then unlink is never merged: whatever is cut and taken back, before, between and after the events and with settles in between, ends as in
// a world whose store never took the links that are cut in the end. That world sees the events in another order, all at once.
func TestUnlinkedIsNeverMerged(t *testing.T) {
	t.Parallel()
	cuts, merged := 0, 0
	seed.Each(t, 160, func(t *testing.T, r *rand.Rand) {
		anyEvent := anyEvent
		if r.IntN(3) == 0 {
			anyEvent = anyAlias
		}
		w := newWorld(t, nil)
		events := w.story(r, 10+r.IntN(25), anyEvent)
		never := w.standing()
		cuts += len(never)
		tell := func(never map[ends]bool) []string {
			other := newWorld(t, never)
			other.Now = w.Now
			other.take(events...)
			return other.told()
		}
		got := w.told()
		checkSame(t, fmt.Sprintf("with %v cut", never), got, tell(never))
		if len(never) > 0 && fmt.Sprint(tell(nil)) != fmt.Sprint(got) {
			merged++
		}
	})
	t.Logf("%d links were cut in the end; in %d stories that made a difference", cuts, merged)
}

// Whoever is carried over a limit or back by events and cuts, with settles in between, is counted as if everything had come at once in another
// order: those who lose or get their place are counted anew as well as those whom a link names.
func TestCapsInAnyOrder(t *testing.T) {
	t.Parallel()
	reached := 0
	seed.Each(t, 150, func(t *testing.T, r *rand.Rand) {
		anyEvent := anyEvent
		caps := []identity.Caps{
			{Children: 2, Parents: 9, Aliases: 9, Members: 99},
			{Children: 9, Parents: 2, Aliases: 9, Members: 99},
			{Children: 9, Parents: 9, Aliases: 2, Members: 99},
			{Children: 9, Parents: 9, Aliases: 9, Members: 3},
			{Children: 2, Parents: 2, Aliases: 2, Members: 4},
		}[r.IntN(5)]
		if caps.Aliases < 9 && r.IntN(2) == 0 {
			anyEvent = anyAlias
		}
		w := newWorld(t, nil)
		w.Caps, w.AtOnce = caps, r.IntN(4)
		events := w.story(r, 30+r.IntN(20), anyEvent)
		tell := func(caps identity.Caps) []string {
			other := newWorld(t, nil)
			other.Now, other.Caps = w.Now, caps
			for _, c := range w.cuts() {
				must(t, other.Table.PutCut(t.Context(), "shop", c))
			}
			other.take(events...)
			return other.told()
		}
		got := w.told()
		checkSame(t, fmt.Sprintf("with %+v", caps), got, tell(caps))
		if fmt.Sprint(tell(identity.Caps{})) != fmt.Sprint(got) {
			reached++
		}
	})
	if t.Logf("limits made a difference in %d stories", reached); reached < 50 && !t.Failed() {
		t.Error("which shows little")
	}
}

// Undo restores: taking back every cut leaves the world as if nobody had ever unlinked.
func TestUndoRestores(t *testing.T) {
	t.Parallel()
	seed.Each(t, 60, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, nil)
		events := w.story(r, 15+r.IntN(20), anyEvent)
		for cut := w.standing(); len(cut) > 0; cut = w.standing() {
			for l := range cut {
				if body := fmt.Sprintf(`{"id":%q,"from":%q,"undo":true}`, l[0], l[1]); w.unlink(body) != 200 {
					t.Fatalf("%s is refused", body)
				}
			}
		}
		plain := newWorld(t, nil)
		plain.Now = w.Now
		plain.take(events...)
		checkSame(t, "after every cut is taken back", w.told(), plain.told())
	})
}

// A request that dies between its cuts and their record is sent again, and everybody is counted all the same.
func TestUnlinkDies(t *testing.T) {
	t.Parallel()
	seed.Each(t, 40, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, nil)
		var events []string
		for n := range 15 {
			events = append(events, anyEvent(r, n))
		}
		w.take(events...)
		w.Settle()
		body, died := anyOrder(r), false
		w.Call = func(name string, apply func() error) error {
			if died = died || name == "put batch"; name == "put batch" {
				return fault.New(fault.Unavailable, "throttled", "injected")
			}
			return apply()
		}
		status, _ := w.Ask("POST", "/v1/identities/unlink", "sk_shop", body)
		if w.Call = nil; status == 404 || status == 400 {
			return
		}
		if !died || status < 500 {
			t.Fatalf("%s records nothing and is answered %d", body, status)
		}
		w.Settle()
		w.unlink(body)
		apart := newWorld(t, w.standing())
		apart.take(events...)
		checkSame(t, body+" that died once", w.told(), apart.told())
	})
}

// The browser with the old id works on: its later events are kept, and stay apart.
func TestLaterEventsStayApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	identify := `{"type":"identify","messageId":"i%d","userId":"u0","anonymousId":"v0","timestamp":"2026-11-%02dT10:00:00Z"}`
	w.take(`{"type":"page","messageId":"p1","anonymousId":"v0","timestamp":"2026-11-10T10:00:00Z"}`, fmt.Sprintf(identify, 1, 11))
	if status := w.unlink(`{"id":"anon:v0","reason":"a shared desk"}`); status != 200 {
		t.Fatalf("answered %d", status)
	}
	w.take(`{"type":"page","messageId":"p2","anonymousId":"v0","timestamp":"2026-11-12T10:00:00Z"}`, fmt.Sprintf(identify, 2, 13), fmt.Sprintf(identify, 0, 9))
	_, profile := w.Get("/v1/profiles/anon:v0")
	var p struct {
		Person      string
		Touchpoints int
	}
	must(t, json.Unmarshal([]byte(profile), &p))
	if p.Person != "anon:v0" || p.Touchpoints != 2 {
		t.Errorf("the browser is %s with %d touchpoints, want anon:v0 with 2", p.Person, p.Touchpoints)
	}
}

// Two users who were given up for each other: the earlier alias counts. When one is given up for a third before that, the other follows by the
// alias that closed the circle until then, and its days change although they lie before all of the first's.
func TestCircleGivesWay(t *testing.T) {
	t.Parallel()
	alias := func(id int, old, kept string, day int) string {
		return fmt.Sprintf(`{"type":"alias","messageId":"a%d","userId":%q,"previousId":%q,"timestamp":"2026-11-%02dT10:00:00Z"}`, id, kept, old, day)
	}
	page := func(id, user string, day int) string {
		return fmt.Sprintf(`{"type":"page","messageId":%q,"userId":%q,"timestamp":"2026-11-%02dT10:00:00Z"}`, id, user, day)
	}
	events := []string{page("p0", "u0", 5), page("p1", "u1", 2), alias(1, "u0", "u1", 8), alias(2, "u1", "u0", 9)}
	w := newWorld(t, nil)
	w.take(events...)
	w.Settle()
	if _, body := w.Get("/v1/profiles/user:u0/why?other=user:u1"); body != `{"id":"user:u0","other":"user:u1","same":true,"persons":["user:u1"],`+
		`"chain":[{"child":"user:u0","parent":"user:u1","at":"2026-11-08T10:00:00.000Z","event":"a1","source":"web","grade":"server","received":"2026-11-22T12:00:00.000Z","counts":true}],"apart":null}` {
		t.Errorf("the circle is explained by %s", body)
	}
	late := alias(3, "u0", "u2", 7)
	w.take(late)
	events = append(events, late)
	check := func(what string) {
		t.Helper()
		fresh := newWorld(t, w.standing())
		fresh.take(events...)
		checkSame(t, what, w.told(), fresh.told())
	}
	check("after the circle gave way")
	for _, undo := range []string{"", `,"undo":true`} { // and back, and forth again
		if status := w.unlink(`{"id":"user:u0","from":"user:u2"` + undo + `}`); status != 200 {
			t.Fatalf("answered %d", status)
		}
		check("after the circle closed, undo: " + undo)
	}
}
