package query_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
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
	want := `{"person":"user:7","identifiers":[{"id":"user:7"}],"traits":{"plan":{"value":"free","at":"2026-11-22T09:00:00.000Z","source":"web"}},` +
		`"stage":{"current":null,"since":null,"model":"default@1","history":[]},"first_seen":null,"last_seen":null,"touchpoints":0,"channels":{},` +
		`"orders":{"count":0,"revenue":[]}}`
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
	checkFailure(t, w.ask(t, "/v1/profiles/user:null", ""), 400, "blocked_identifier")
	checkFailure(t, w.ask(t, "/v1/profiles/", ""), 404, "no_route")
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
		for i := range n {
			id := fmt.Sprintf("m%04d", i)
			w.take(t, fmt.Sprintf(`{"type":"page","userId":"1","messageId":%q,"timestamp":%q}`, id, at(i)))
			want = append(want, id)
		}
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
