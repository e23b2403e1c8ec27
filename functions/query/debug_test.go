package query_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// told is what GET /v1/debug/events says.
type told struct {
	Events []struct {
		Fate, Code, Reason, Field, Type, Name, Source, Person, Received string
		MessageID                                                       string `json:"message_id"`
		Events                                                          int
	}
	LeftOut      int `json:"left_out"`
	Next, Mode   string
	WatchedSince *string `json:"watched_since"`
}

// ids are the message ids of what is told, in their order.
func (d told) ids() string {
	var ids []string
	for _, e := range d.Events {
		ids = append(ids, e.MessageID)
	}
	return strings.Join(ids, " ")
}

func (w *world) told(t testing.TB, query string) told {
	t.Helper()
	got := w.ask(t, "/v1/debug/events", query)
	if got.StatusCode != 200 {
		t.Fatalf("%s is answered %d %s", query, got.StatusCode, got.Body)
	}
	var d told
	must(t, json.Unmarshal([]byte(got.Body), &d))
	return d
}

// always is a world in which it is always listed what becomes of events.
func always(t testing.TB) *world {
	w := newWorld(t)
	w.Debug = workspace.DebugAlways
	w.handler = w.Query(w.Ports())
	return w
}

func page(id string) string { return fmt.Sprintf(`{"type":"page","messageId":%q,"userId":"42"}`, id) }

// TestDebugEvents: what came in is told with its fate and its reason, found by id and by shape, and by nobody else's key.
func TestDebugEvents(t *testing.T) {
	t.Parallel()
	w := always(t)
	w.take(t, `{"type":"track","event":"Signed Up","messageId":"s1","userId":"42"}`, `{"type":"page","messageId":"s2"}`, page("s3"))
	for query, want := range map[string]string{
		"": "s1 s2 s3", "messageId=s2": "s2", "type=page": "s2 s3", "event=Signed+Up": "s1", "fate=rejected": "s2", "fate=accepted&type=page": "s3",
		"source=web&limit=2": "s2 s3", "source=till": "", "messageId=nothing": "", "limit=1": "s3", "messageId=&type=&event=&source=&fate=&wait=&limit=&after=": "s1 s2 s3",
	} {
		if got := w.told(t, query).ids(); got != want {
			t.Errorf("%s tells of %q, want %q", query, got, want)
		}
	}
	e := w.told(t, "messageId=s2").Events[0]
	if e.Code != "no_identifier" || !strings.Contains(e.Reason, "userId") || e.Received != "2026-11-22T09:30:00.000Z" || e.Events != 1 {
		t.Errorf("the rejected event is told as %+v", e)
	}
	if body := w.ask(t, "/v1/debug/events", "").Body; strings.Contains(body, "user:42") || strings.Contains(body, `"42"`) {
		t.Errorf("an identifier is told: %s", body)
	}
	other := w.send(t, "GET", "/v1/debug/events", "", "Bearer sk_shop", "")
	if strings.Contains(other.Body, "s1") {
		t.Errorf("another workspace hears of it: %s", other.Body)
	}
	for query, code := range map[string]string{
		"fate=lost": "unknown_fate", "wait=26s": "bad_wait", "wait=-1s": "bad_wait", "wait=soon": "bad_wait", "limit=0": "bad_limit",
		"after=!": "bad_cursor", "after=e30": "bad_cursor", "after=eyJmIjo3fQ": "bad_cursor", "colour=red": "unknown_parameter",
	} {
		checkFailure(t, w.ask(t, "/v1/debug/events", query), 400, code)
	}
}

// TestDebugGoesOn: whoever goes on behind what was told hears of each event once, whatever the limit, also of one that was written later under an earlier
// name.
func TestDebugGoesOn(t *testing.T) {
	t.Parallel()
	for limit := 1; limit < 5; limit++ {
		w := always(t)
		w.take(t, page("s0"))
		begin := w.told(t, "limit=1")
		var all []string
		next := begin.Next
		follow := func() {
			for range 20 {
				d := w.told(t, fmt.Sprintf("limit=%d&after=%s", limit, url.QueryEscape(next)))
				if next = d.Next; len(d.Events) == 0 {
					return
				}
				if len(d.Events) > limit {
					t.Fatalf("%d events are told at a time, want %d", len(d.Events), limit)
				}
				all = append(all, d.ids())
			}
		}
		w.Send("wk_demo", page("s1"), page("s2"), page("s3"))
		follow()
		w.Advance(time.Second)
		w.take(t, page("s4"))
		follow()
		early := fate.Batch{Handle: ledger.HandleAt(event.At(w.Now.Add(-time.Second))) + "#late", Events: []fate.Event{{Fate: fate.Accepted, MessageID: "s5"}}}
		must(t, w.Table.PutFates(t.Context(), "demo", early))
		follow()
		w.Advance(time.Minute)
		follow()
		w.take(t, page("s6"))
		follow()
		w.Send("wk_demo", page("s7"), page("s8"), page("s9"))
		w.Advance(time.Minute) // a page may end inside of what was written long ago
		follow()
		if got := strings.Join(all, " "); got != "s1 s2 s3 s4 s5 s6 s7 s8 s9" {
			t.Errorf("%d at a time: told of %q, want each once", limit, got)
		}
	}
}

// TestDebugWaits: it waits for an event until it comes or the time is over. The clock of the tests goes on while it sleeps.
func TestDebugWaits(t *testing.T) {
	t.Parallel()
	w := always(t)
	w.take(t, page("s1"))
	begin := w.Now
	if d := w.told(t, "messageId=s2&wait=5s"); d.ids() != "" || w.Now.Sub(begin) < 4*time.Second || w.Now.Sub(begin) > 5*time.Second {
		t.Errorf("nothing comes, and after %s it tells of %q; want nothing after 5 s", w.Now.Sub(begin), d.ids())
	}
	begin = w.Now
	if d := w.told(t, "messageId=s1&wait=5s"); d.ids() != "s1" || w.Now != begin {
		t.Errorf("what is there is told as %q after %s, want at once", d.ids(), w.Now.Sub(begin))
	}
	begin = w.Now
	w.Call = func(name string, apply func() error) error {
		if name == "fates" && w.Now.Sub(begin) == time.Second {
			w.Call = nil
			w.take(t, page("s2"))
		}
		return apply()
	}
	w.handler = w.Query(w.Ports())
	if d := w.told(t, "messageId=s2&wait=25s"); d.ids() != "s2" || w.Now.Sub(begin) > 2*time.Second {
		t.Errorf("an event that comes after a second is told as %q after %s", d.ids(), w.Now.Sub(begin))
	}
}

// TestWatched: nothing is listed until somebody looks; then the answer says since when everything is.
func TestWatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, page("s1"))
	if got := w.told(t, ""); got.ids() != "" || got.Mode != "watched" || *got.WatchedSince != "2026-11-22T09:31:00.000Z" {
		t.Errorf("the first look tells %+v, want nothing, and all since a minute later", got)
	}
	w.take(t, page("s2"))
	w.Advance(time.Minute)
	if got := w.told(t, ""); got.ids() != "s2" || *got.WatchedSince != "2026-11-22T09:31:00.000Z" {
		t.Errorf("the second look tells %+v, want s2", got)
	}
	w.Advance(16 * time.Minute)
	w.take(t, page("s3"))
	if got := w.told(t, ""); got.ids() != "s2" || *got.WatchedSince != "2026-11-22T09:48:00.000Z" {
		t.Errorf("a look after a long while tells %+v, want s2 and a new begin", got)
	}
	w.Debug = workspace.DebugNever
	w.handler = w.Query(w.Ports())
	w.handler.Debug = workspace.DebugNever
	checkFailure(t, w.ask(t, "/v1/debug/events", ""), 404, "debug_off")
}

// TestDebugToTheUnit asks the longest wait and the longest cursor at their limits and one beyond.
func TestDebugToTheUnit(t *testing.T) {
	t.Parallel()
	w := always(t)
	w.take(t, page("u1"))
	cursor := func(bytes int) string {
		text := `{"f":"` + ledger.HandleAt(0) + `"` + `}`
		text = text[:len(text)-1] + strings.Repeat(" ", bytes-len(text)) + "}"
		return base64.RawURLEncoding.EncodeToString([]byte(text))
	}
	for query, code := range map[string]string{
		"wait=25s": "", "wait=25001ms": "bad_wait", "after=" + cursor(16<<10): "", "after=" + cursor(16<<10+1): "bad_cursor",
	} {
		got := w.ask(t, "/v1/debug/events", query)
		if code != "" {
			checkFailure(t, got, 400, code)
		} else if got.StatusCode != 200 {
			t.Errorf("%.20s… is answered %d %s", query, got.StatusCode, got.Body)
		}
	}
}
