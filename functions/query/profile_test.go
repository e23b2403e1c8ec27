package query_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi/httpapitest"
)

func TestProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.life(t)
	golden(t, "profile", w.ask(t, "/v1/profiles/user:42", ""))
	want := w.ask(t, "/v1/profiles/user:42", "").Body
	for _, path := range []string{
		"/v1/profiles/anon:phone", "/v1/profiles/anon%3Alaptop", "/v1/profiles/email:jo@shop.example", "/v1/profiles/email:JO@shop.example",
		"/v1/profiles/email%253Ajo%2540shop.example", // a gateway that does not decode
		"/v1/profiles/user:42/",
	} {
		if got := w.ask(t, path, ""); got.Body != want {
			t.Errorf("%s is answered\n%s\nwant\n%s", path, got.Body, want)
		}
	}
}

func TestProfileIsNamedByTheGatewaysParameter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, `{"type":"page","userId":"a/timeline","messageId":"m1","timestamp":"2026-11-22T09:00:00Z"}`)
	w.take(t, `{"type":"page","userId":"50%25","messageId":"m1","timestamp":"2026-11-22T09:00:00Z"}`)
	for id, path := range map[string]string{"user:a/timeline": "/v1/profiles/x", "user:50%25": "/v1/profiles/user:50%25"} {
		response, err := w.handler.Handle(t.Context(), events.APIGatewayV2HTTPRequest{
			RawPath: path, PathParameters: map[string]string{"id": id}, Headers: map[string]string{"authorization": "Bearer sk_demo"},
			RequestContext: events.APIGatewayV2HTTPRequestContext{HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "GET"}},
		})
		must(t, err)
		var answer struct{ Person string }
		must(t, json.Unmarshal([]byte(response.Body), &answer))
		if answer.Person != id {
			t.Errorf("%s is answered %d %s, want the person", id, response.StatusCode, response.Body)
		}
	}
}

func TestProfileWithoutTouchpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, `{"type":"identify","userId":"7","messageId":"m1","timestamp":"2026-11-22T09:00:00Z","traits":{"plan":"free"}}`)
	want := `{"person":"user:7","identifiers":[{"id":"user:7"}],"traits":{"plan":{"value":"free","at":"2026-11-22T09:00:00.000Z","source":"web","grade":"server","received":"2026-11-22T09:30:00.000Z"}},` +
		`"stage":{"current":null,"since":null,"model":"default@1","history":[]},"first_seen":null,"last_seen":null,"touchpoints":0,"channels":{},` +
		`"orders":{"count":0,"revenue":[],"net_revenue":[]}}`
	if got := w.ask(t, "/v1/profiles/user:7", ""); got.StatusCode != 200 || got.Body != want {
		t.Errorf("answered %d\n%s\nwant\n%s", got.StatusCode, got.Body, want)
	}
}

func TestProfileRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.life(t)
	checkFailure(t, w.ask(t, "/v1/profiles/user:43", ""), 404, "no_person")
	checkFailure(t, w.ask(t, "/v1/profiles/jo", ""), 400, "bad_identifier")
	checkFailure(t, w.ask(t, "/v1/profiles/user:null", ""), 404, "blocked_identifier")
	checkFailure(t, w.ask(t, "/v1/profiles/", ""), 400, "unknown_stage") // the list
	checkFailure(t, w.ask(t, "/v1/profiles/user:43/timeline", ""), 404, "no_person")
	for _, limit := range []string{"0", "501", "x", "-1", "1.5"} {
		checkFailure(t, w.ask(t, "/v1/profiles/user:42/timeline", "limit="+limit), 400, "bad_limit")
	}
	for _, cursor := range []string{"!", "e30x", "W10"} {
		checkFailure(t, w.ask(t, "/v1/profiles/user:42/timeline", "cursor="+cursor), 400, "bad_cursor")
	}
	checkFailure(t, w.send(t, "GET", "/v1/profiles/user:42", "", "Bearer sk_shop", ""), 404, "no_person") // of another workspace
}

func TestTimeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.life(t)
	golden(t, "timeline", w.ask(t, "/v1/profiles/anon:laptop/timeline", ""))
	golden(t, "timeline_first_page", w.ask(t, "/v1/profiles/user:42/timeline", "limit=2"))
}

// TestTimelinePagesAreStable reads 1,200 touchpoints in pages of every size while newer and older ones come in: those that were there at the
// start come once each, in order.
func TestTimelinePagesAreStable(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 7, 100, 500} {
		w := newWorld(t)
		const n = 1200
		at := func(i int) string { return now.Add(time.Duration(i/3-n) * time.Minute).Format(time.RFC3339) }
		var want []string
		var raw []string
		for i := range n {
			id := fmt.Sprintf("m%04d", i)
			raw = append(raw, fmt.Sprintf(`{"type":"page","userId":"1","messageId":%q,"timestamp":%q}`, id, at(i)))
			want = append(want, id)
		}
		w.Send("wk_demo", raw...)
		slices.Reverse(want)
		var got []string
		for cursor, page := "", 0; ; page++ {
			var answer struct {
				Items []struct{ ID string }
				Next  *string
			}
			response := w.ask(t, "/v1/profiles/user:1/timeline", fmt.Sprintf("limit=%d&cursor=%s", limit, cursor))
			must(t, json.Unmarshal([]byte(response.Body), &answer))
			for _, item := range answer.Items {
				got = append(got, item.ID)
			}
			if answer.Next == nil {
				break
			}
			if len(answer.Items) != limit {
				t.Fatalf("page %d has %d items, want %d", page, len(answer.Items), limit)
			}
			cursor = *answer.Next
			if page < 3 {
				w.take(t, fmt.Sprintf(`{"type":"page","userId":"1","messageId":"newer%d","timestamp":%q}`, page, now.Format(time.RFC3339)))
			}
			if limit == 1 && page == 20 {
				got, want = got[:20], want[:20]
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("with pages of %d: %d items, want %d; they begin %v, want %v", limit, len(got), len(want), got[:5], want[:5])
		}
	}
}

// A timeline says where the time that counts is not the device's own: corrected, replaced by that of receipt, or never said.
func TestTimelineShowsWrongClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t,
		`{"type":"page","userId":"1","messageId":"right","timestamp":"2026-11-22T08:00:00Z","sentAt":"2026-11-22T09:29:59Z"}`,
		`{"type":"page","userId":"1","messageId":"slow","timestamp":"2016-11-22T08:00:00Z","sentAt":"2016-11-22T08:00:01Z"}`,
		`{"type":"page","userId":"1","messageId":"ahead","timestamp":"2036-11-22T08:00:00Z"}`,
		`{"type":"page","userId":"1","messageId":"untimed"}`,
	)
	response := w.ask(t, "/v1/profiles/user:1/timeline", "")
	httpapitest.Load(t).Check(t, "GET", "/v1/profiles/{id}/timeline", response)
	var answer struct {
		Items []struct {
			ID                      string
			Untimed, Skewed, Future bool
		}
	}
	must(t, json.Unmarshal([]byte(response.Body), &answer))
	got := map[string]string{}
	for _, i := range answer.Items {
		got[i.ID] = fmt.Sprintf("untimed %v, skewed %v, future %v", i.Untimed, i.Skewed, i.Future)
	}
	want := map[string]string{
		"ahead": "untimed false, skewed false, future true", "right": "untimed false, skewed false, future false",
		"slow": "untimed false, skewed true, future false", "untimed": "untimed true, skewed false, future false",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// What bots did stands apart from the person: the profile says how much it is, and the timeline shows it only when asked.
func TestBots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const crawler = `,"userAgent":"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"`
	for i, agent := range []string{"", crawler, "", crawler} {
		w.take(t, fmt.Sprintf(`{"type":"page","userId":"1","messageId":"m%d","timestamp":"2026-11-22T09:0%d:00Z","context":{"campaign":{"medium":"email"}%s}}`, i, i, agent))
	}
	var profile struct {
		Touchpoints, Bots int
		Channels          map[string]int
	}
	must(t, json.Unmarshal([]byte(w.ask(t, "/v1/profiles/user:1", "").Body), &profile))
	if profile.Touchpoints != 2 || profile.Bots != 2 || profile.Channels["email"] != 2 {
		t.Errorf("the profile has %+v, want 2 touchpoints by email and 2 of bots", profile)
	}
	for query, want := range map[string]string{
		"": "[{m2 1 } {m0 1 }]", "bots=0": "[{m2 1 } {m0 1 }]", "bots=1": "[{m3 0 crawler} {m2 1 } {m1 0 crawler} {m0 1 }]",
	} {
		for _, limit := range []int{1, 500} {
			if got := w.readTimeline(t, "user:1", query, limit); got != want {
				t.Errorf("timeline?%s in pages of %d is %s, want %s", query, limit, got, want)
			}
		}
	}
	w.take(t, `{"type":"page","userId":"robot","messageId":"m","timestamp":"2026-11-22T09:00:00Z","context":{"x":1`+crawler+`}}`)
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
