package query_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// What bots did stands apart from the person: the profile says how much it is, and the timeline shows it only when asked.
func TestBots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	event := func(id, at, bot string) {
		w.takeOf(t, fmt.Sprintf(`{"type":"page","userId":"1","messageId":%q,"timestamp":"2026-11-22T%sZ","context":{"campaign":{"medium":"email"}}}`, id, at), bot)
	}
	event("m1", "09:00:00", "")
	event("m2", "09:01:00", "crawler")
	event("m3", "09:02:00", "")
	event("m4", "09:03:00", "headless")

	var profile struct {
		Touchpoints, Bots int
		Channels          map[string]int
	}
	must(t, json.Unmarshal([]byte(w.ask(t, "/v1/profiles/user:1", "").Body), &profile))
	if profile.Touchpoints != 2 || profile.Bots != 2 || profile.Channels["email"] != 2 {
		t.Errorf("the profile has %+v, want 2 touchpoints by email and 2 of bots", profile)
	}
	for query, want := range map[string]string{
		"":       "[{m3 1 } {m1 1 }]",
		"bots=0": "[{m3 1 } {m1 1 }]",
		"bots=1": "[{m4 0 headless} {m3 1 } {m2 0 crawler} {m1 1 }]",
	} {
		if got := w.readTimeline(t, "user:1", query, 500); got != want {
			t.Errorf("timeline?%s is %s, want %s", query, got, want)
		}
		if got := w.readTimeline(t, "user:1", query, 1); got != want {
			t.Errorf("timeline?%s, one by one, is %s, want %s", query, got, want)
		}
	}
	w.takeOf(t, `{"type":"page","userId":"robot","messageId":"m","timestamp":"2026-11-22T09:00:00Z"}`, "crawler")
	if got := w.ask(t, "/v1/profiles/user:robot", ""); got.StatusCode != 200 {
		t.Errorf("a bot's profile is answered %d, want 200: something is stored of it", got.StatusCode)
	}
}

// readTimeline reads all pages.
func (w *world) readTimeline(t *testing.T, id, query string, limit int) string {
	t.Helper()
	type item struct {
		ID      string
		Session int
		Bot     string
	}
	var all []item
	for cursor := ""; ; {
		var page struct {
			Items []item
			Next  string
		}
		response := w.ask(t, "/v1/profiles/"+id+"/timeline", fmt.Sprintf("%s&limit=%d&cursor=%s", query, limit, cursor))
		must(t, json.Unmarshal([]byte(response.Body), &page))
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return fmt.Sprint(all)
		}
	}
}
