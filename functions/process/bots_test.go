package process_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"waymark/shared/domain/event"
)

const (
	googlebot = `"context":{"userAgent":"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}`
	firefox   = `"context":{"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}`
)

// A bot's events are archived and its touchpoints stored with the reason; they count nowhere, link nobody, say nothing of anybody, claim no order
// and mark no day.
func TestBots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accept(
		t,
		`{"type":"page","messageId":"e1","anonymousId":"a","timestamp":"2026-11-22T09:00:00Z",`+googlebot+`}`,
		`{"type":"identify","messageId":"e2","anonymousId":"a","userId":"1","timestamp":"2026-11-22T09:00:00Z","traits":{"plan":"gold"},`+googlebot+`}`,
		`{"type":"track","event":"Order Completed","messageId":"e3","anonymousId":"a","timestamp":"2026-11-22T09:01:00Z","properties":{"order_id":"o1","revenue":5},`+googlebot+`}`,
	)
	checkEqual(t, "marks", w.marks(t, "shop"), []string{})
	if a := w.aggregate(t, "anon:a"); a.Touchpoints != 0 || a.Version == 0 {
		t.Errorf("the aggregate is %s, want none counted, and written: a writer that came in between must see it", a.Bytes())
	}
	_, stored, err := w.Table.Timeline(t.Context(), "shop", "anon:a")
	must(t, err)
	labels := []string{}
	for _, tp := range stored {
		labels = append(labels, string(tp.ID)+" "+tp.Bot)
	}
	checkEqual(t, "stored", labels, []string{"e1 crawler", "e3 crawler"})
	if got := w.root(t, "anon:a"); got != "anon:a" {
		t.Errorf("a bot is linked to %s", got)
	}
	traits, _, err := w.Table.Traits(t.Context(), "shop", "user:1")
	must(t, err)
	claims, _, err := w.Table.Claims(t.Context(), "shop", []string{"order:o1"})
	must(t, err)
	if len(traits) != 0 || len(claims["order:o1"]) != 0 {
		t.Errorf("a bot leaves traits %v and claims %v, want none", traits, claims)
	}
	archived := []string{}
	for key, err := range w.archive.Keys(t.Context(), "touchpoints/") {
		must(t, err)
		for r, err := range w.archive.Read(t.Context(), key) {
			must(t, err)
			archived = append(archived, fmt.Sprintf("%s %s %s %d", r.Touchpoint.ID, r.Type, r.Touchpoint.Bot, len(r.Agent)))
		}
	}
	slices.Sort(archived)
	checkEqual(t, "archived, with the length of the agent", archived, []string{"e1 page crawler 72", "e2 identify crawler 72", "e3 track crawler 72"})
	w.checkSound(t, "anon:a")
}

// Only what the event says of its visitor makes a bot, and an agent that is not there makes none.
func TestAgentsOfPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accept(t, `{"type":"page","messageId":"e1","userId":"1","timestamp":"2026-11-22T09:00:00Z"}`,
		`{"type":"page","messageId":"e2","userId":"1","timestamp":"2026-11-22T09:00:00Z",`+firefox+`}`,
		`{"type":"page","messageId":"e3","userId":"1","timestamp":"2026-11-22T09:00:00Z","context":{"userAgent":7},"properties":{"user_agent":"Googlebot"}}`)
	if got := w.aggregate(t, "user:1").Touchpoints; got != 3 {
		t.Errorf("%d touchpoints count, want 3", got)
	}
}

// Copies of one event of which some came from a bot: the copy received first decides, in whatever order and however often they are delivered, and
// whenever that changes what counts, the day is marked.
func TestCopiesByBots(t *testing.T) {
	t.Parallel()
	const seeds = 200
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 0))
		w := newWorld(t)
		want := 0
		var copies []event.Envelope
		for n := range 3 {
			firstIsBot := false
			for i := range 1 + random.IntN(3) {
				agent := []string{googlebot, firefox}[random.IntN(2)]
				e := envelope(fmt.Sprintf("r%d-%d", n, i), "shop", fmt.Sprintf(`{"type":"page","messageId":"e%d","userId":"1","timestamp":"2026-11-22T09:00:00Z",%s}`, n, agent))
				e.Received += event.Millis(i)
				copies = append(copies, e)
				if i == 0 {
					firstIsBot = agent == googlebot
				}
			}
			if !firstIsBot {
				want++
			}
		}
		random.Shuffle(len(copies), func(i, j int) { copies[i], copies[j] = copies[j], copies[i] })
		for _, e := range append(copies, copies[0], copies[len(copies)/2]) {
			before := w.aggregate(t, "user:1").Touchpoints
			w.clearMarks(t)
			w.deliver(t, messageOf(t, e.Request, e))
			if after := w.aggregate(t, "user:1").Touchpoints; after != before && len(w.marks(t, "shop")) == 0 {
				t.Errorf("seed %d: %d touchpoints became %d, and no day is marked", seed, before, after)
			}
		}
		if got := w.aggregate(t, "user:1").Touchpoints; got != want {
			t.Errorf("seed %d: %d touchpoints count, want %d", seed, got, want)
		}
		w.checkSound(t, "user:1")
		if t.Failed() {
			return
		}
	}
}
