package query_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"
)

// FuzzCursor goes on in a timeline from any place, one that was given or not: the answer is what stands behind that place and nothing else, or a
// cursor that is refused by name.
func FuzzCursor(f *testing.F) {
	f.Add(int64(1_795_253_400_000), int64(1_795_253_400_000), "m-3", "web", "anon:a1", []byte(nil))
	f.Add(int64(-1), int64(0), "", "", "", []byte(`{"t":1e400}`))
	f.Add(int64(1_795_253_400_000), int64(1_795_253_400_000), "m-9", "web", "user:42", []byte("not JSON"))
	f.Add(int64(0), int64(0), "\xff", "", "", []byte(`{"t":"1"}`))
	f.Add(int64(0), int64(0), "", "", "", []byte(`null`))
	w := newWorld(f)
	for i := range 20 { // some at one instant, of one person under two identifiers
		who := []string{`"userId":"42"`, `"anonymousId":"a1"`, `"userId":"42","anonymousId":"a1"`}[i%3]
		w.take(f, fmt.Sprintf(`{"type":"page","messageId":"m-%d",%s,"timestamp":"2026-11-21T09:30:0%d.000Z"}`, i, who, i/4))
	}
	type step struct{ ID, Source, Time, Original, Identifier string }
	type page struct {
		Items []step
		Next  *string
	}
	timeline := func(t testing.TB, query string) (page, int, string) {
		got := w.ask(t, "/v1/profiles/user:42/timeline", query)
		var p page
		if got.StatusCode == 200 {
			must(t, json.Unmarshal([]byte(got.Body), &p))
		}
		return p, got.StatusCode, got.Body
	}
	whole, status, body := timeline(f, "limit=500")
	if len(whole.Items) != 20 || status != 200 {
		f.Fatalf("the timeline is %d %s", status, body)
	}
	f.Fuzz(func(t *testing.T, at, original int64, id, source, identifier string, raw []byte) {
		place := map[string]any{"t": at, "o": original, "i": id, "s": source, "p": identifier}
		text, err := json.Marshal(place)
		must(t, err)
		if raw != nil {
			text = raw
		}
		got, status, body := timeline(t, "limit=500&cursor="+url.QueryEscape(base64.RawURLEncoding.EncodeToString(text)))
		if status != 200 {
			if status != 400 || raw == nil {
				t.Fatalf("the cursor %s is answered %d %s", text, status, body)
			}
			return
		}
		first := len(whole.Items) - len(got.Items)
		if first < 0 || !slices.Equal(got.Items, whole.Items[first:]) || got.Next != nil {
			t.Fatalf("behind %s come %+v, which is no end of the timeline", text, got.Items)
		}
		for limit := range 3 { // and page by page
			steps, cursor := []step(nil), base64.RawURLEncoding.EncodeToString(text)
			for range len(whole.Items) + 1 {
				p, _, _ := timeline(t, fmt.Sprintf("limit=%d&cursor=%s", limit*7+1, url.QueryEscape(cursor)))
				steps = append(steps, p.Items...)
				if p.Next == nil {
					break
				}
				cursor = *p.Next
			}
			if !slices.Equal(steps, got.Items) && len(text) > 0 {
				t.Fatalf("behind %s come %d steps page by page, %d at once", text, len(steps), len(got.Items))
			}
		}
	})
}
