package unlink_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
)

type mark = kpi.Mark

// forSeeds runs a law for seeds 1 to n, or for WAYMARK_SEED alone.
func forSeeds(t *testing.T, n uint64, law func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	first := uint64(1)
	if text := os.Getenv("WAYMARK_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		must(t, err)
		first, n = seed, seed
	}
	for seed := first; seed <= n; seed++ {
		law(t, rand.New(rand.NewPCG(seed, 11)))
		if t.Failed() {
			t.Fatalf("seed %d; run it alone with WAYMARK_SEED=%d", seed, seed)
		}
	}
}

// anyOrder is a random order to unlink.
func anyOrder(r *rand.Rand) string {
	order := map[string]any{"id": people[r.IntN(len(people))]}
	switch r.IntN(4) {
	case 0:
		order["all"] = true
	case 1, 2:
		order["from"] = people[r.IntN(len(people))]
	}
	if r.IntN(4) == 0 {
		order["undo"] = true
	}
	body, _ := json.Marshal(order)
	return string(body)
}

// standing are the links that are cut in the end.
func standing(t *testing.T, w *world) map[ends]bool {
	t.Helper()
	nodes, err := w.table.Nodes(t.Context(), "shop", people)
	must(t, err)
	cut := map[ends]bool{}
	for _, n := range nodes {
		for _, c := range n.Cuts {
			if !c.Undone {
				cut[ends{c.Child, c.Parent}] = true
			}
		}
	}
	return cut
}

// Merge then unlink is never merged: whatever is cut and taken back, before, between and after the events and with rollups in between, ends as in
// a world whose store never took the links that are cut in the end. That world sees the events in another order, all at once.
func TestUnlinkedIsNeverMerged(t *testing.T) {
	t.Parallel()
	cuts, merged := 0, 0
	forSeeds(t, 160, func(t *testing.T, r *rand.Rand) {
		w, anyEvent := newWorld(t, nil), anyEvent
		if r.IntN(3) == 0 {
			anyEvent = anyAlias
		}
		var events []string
		for n := range 10 + r.IntN(25) {
			var a act
			switch k := r.IntN(20); {
			case k < 10:
				a.raw = anyEvent(r, n)
				events = append(events, a.raw)
			case k < 14:
				a.body = anyOrder(r)
			case k < 15:
				a.cut = &identity.Cut{Child: people[r.IntN(len(people))], Parent: people[r.IntN(3)], At: event.At(w.now)}
				if n > 3 {
					a.cut = nil // without marks it must come before its link
				}
			case k < 18:
				a.roll = true
			default:
				a.wait = time.Duration(r.IntN(20*24)) * time.Hour
			}
			if n == 0 || a.raw == "" || r.IntN(8) > 0 {
				w.play(t, a)
				continue
			}
			w.play(t, a)
			w.play(t, a) // delivered twice
		}
		never := standing(t, w)
		cuts += len(never)
		w.rollUp(t)
		apart := newWorld(t, never)
		apart.now = w.now
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		apart.take(t, events...)
		apart.rollUp(t)
		got := w.told(t, people)
		checkSame(t, fmt.Sprintf("with %v cut", never), got, apart.told(t, people))
		if len(never) == 0 {
			return
		}
		together := newWorld(t, nil)
		together.now = w.now
		together.take(t, events...)
		together.rollUp(t)
		if fmt.Sprint(together.told(t, people)) != fmt.Sprint(got) {
			merged++
		}
	})
	t.Logf("%d links were cut in the end; in %d stories that made a difference", cuts, merged)
}

// Undo restores: taking back every cut leaves the world as if nobody had ever unlinked.
func TestUndoRestores(t *testing.T) {
	t.Parallel()
	forSeeds(t, 60, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, nil)
		var events []string
		for n := range 8 + r.IntN(15) {
			events = append(events, anyEvent(r, n))
			w.take(t, events[n])
			if r.IntN(3) == 0 {
				w.unlink(t, anyOrder(r))
			}
			if r.IntN(4) == 0 {
				w.rollUp(t)
			}
		}
		for cut := standing(t, w); len(cut) > 0; cut = standing(t, w) {
			for l := range cut {
				body := fmt.Sprintf(`{"id":%q,"from":%q,"undo":true}`, l[r.IntN(2)], l[0])
				if l[0] != l[1] {
					body = fmt.Sprintf(`{"id":%q,"from":%q,"undo":true}`, l[0], l[1])
				}
				if status, answer := w.unlink(t, body); status != 200 {
					t.Fatalf("%s is answered %d %s", body, status, answer)
				}
			}
		}
		w.rollUp(t)
		plain := newWorld(t, nil)
		plain.take(t, events...)
		plain.rollUp(t)
		checkSame(t, "after every cut is taken back", w.told(t, people), plain.told(t, people))
	})
}

// A request that dies between its cuts and their marks is sent again, and the windows are computed all the same.
func TestUnlinkDies(t *testing.T) {
	t.Parallel()
	forSeeds(t, 40, func(t *testing.T, r *rand.Rand) {
		w := newWorld(t, nil)
		var events []string
		for n := range 15 {
			events = append(events, anyEvent(r, n))
		}
		w.take(t, events...)
		w.rollUp(t)
		body := anyOrder(r)
		w.table.dies = 1
		if status, _ := w.unlink(t, body); status == 404 || status == 400 {
			return
		}
		if w.table.dies > 0 {
			t.Fatalf("%s marks nothing", body)
		}
		w.rollUp(t)
		w.unlink(t, body)
		w.rollUp(t)
		apart := newWorld(t, standing(t, w))
		apart.take(t, events...)
		apart.rollUp(t)
		checkSame(t, body+" that died once", w.told(t, people), apart.told(t, people))
	})
}

// The browser with the old id works on: its later events are kept, and stay apart.
func TestLaterEventsStayApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	identify := `{"type":"identify","messageId":"i%d","userId":"u0","anonymousId":"v0","timestamp":"2026-11-%02dT10:00:00Z"}`
	w.take(t, `{"type":"page","messageId":"p1","anonymousId":"v0","timestamp":"2026-11-10T10:00:00Z"}`, fmt.Sprintf(identify, 1, 11))
	if status, body := w.unlink(t, `{"id":"anon:v0","reason":"a shared desk"}`); status != 200 {
		t.Fatalf("answered %d %s", status, body)
	}
	w.take(t, `{"type":"page","messageId":"p2","anonymousId":"v0","timestamp":"2026-11-12T10:00:00Z"}`, fmt.Sprintf(identify, 2, 13), fmt.Sprintf(identify, 0, 9))
	w.rollUp(t)
	_, profile := w.ask(t, "GET", "/v1/profiles/anon:v0", "", "")
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
	before := []string{page("p0", "u0", 5), page("p1", "u1", 2), alias(1, "u0", "u1", 8), alias(2, "u1", "u0", 9)}
	late := alias(3, "u0", "u2", 7)
	w := newWorld(t, nil)
	w.take(t, before...)
	w.rollUp(t)
	if _, body := w.ask(t, "GET", "/v1/profiles/user:u0/why", "other=user:u1", ""); body != `{"id":"user:u0","other":"user:u1","same":true,"persons":["user:u1"],`+
		`"chain":[{"child":"user:u0","parent":"user:u1","at":"2026-11-08T10:00:00.000Z","event":"a1","source":"web","counts":true}],"apart":null}` {
		t.Errorf("the circle is explained by %s", body)
	}
	w.take(t, late)
	w.rollUp(t)
	fresh := newWorld(t, nil)
	fresh.take(t, append(before, late)...)
	fresh.rollUp(t)
	checkSame(t, "after the circle gave way", w.told(t, people), fresh.told(t, people))
	for _, undo := range []string{"", `,"undo":true`} { // and back, and forth again
		if status, body := w.unlink(t, `{"id":"user:u0","from":"user:u2"`+undo+`}`); status != 200 {
			t.Fatalf("answered %d %s", status, body)
		}
		w.rollUp(t)
		fresh := newWorld(t, standing(t, w))
		fresh.take(t, append(before, late)...)
		fresh.rollUp(t)
		checkSame(t, "after the circle closed, undo: "+undo, w.told(t, people), fresh.told(t, people))
	}
}
