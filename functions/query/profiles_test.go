package query_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"
)

// listed reads all pages of a stage.
func (w *world) listed(t *testing.T, stage string, limit int) []string {
	t.Helper()
	all := []string{}
	for cursor := ""; ; {
		var page struct {
			Items []struct{ Person string }
			Next  *string
		}
		response := w.ask(t, "/v1/profiles", fmt.Sprintf("stage=%s&limit=%d&cursor=%s", stage, limit, url.QueryEscape(cursor)))
		must(t, json.Unmarshal([]byte(response.Body), &page))
		if len(page.Items) > limit || page.Next != nil && len(page.Items) < limit {
			t.Errorf("a page of %d has %d items and next %v", limit, len(page.Items), page.Next)
		}
		for _, p := range page.Items {
			all = append(all, p.Person)
		}
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}

// The list has everybody of a stage once, those seen on the latest day first, in pages of any size. Who is elsewhere by now, was seen on a later day, or
// is part of another person is passed over where they were noted before.
func TestProfilesByStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := func(who, at string) string {
		return fmt.Sprintf(`{"type":"page","anonymousId":%q,"messageId":%q,"timestamp":"2026-11-%s"}`, who, who+at, at)
	}
	check := func(stage string, want ...string) {
		t.Helper()
		w.settle()
		for _, limit := range []int{1, 2, 3, 500} {
			if got := w.listed(t, stage, limit); !slices.Equal(got, want) && len(got)+len(want) > 0 {
				t.Errorf("%s in pages of %d: %q, want %q", stage, limit, got, want)
			}
		}
	}
	w.take(t, page("a", "01T09:00:00Z"), page("b", "03T09:00:00Z"), page("c", "03T10:00:00Z"), page("d", "03T23:59:00Z"), page("e", "05T09:00:00Z"))
	check("awareness", "anon:e", "anon:b", "anon:c", "anon:d", "anon:a")
	w.take(t, page("a", "06T09:00:00Z"), page("c", "03T11:00:00Z")) // on a later day, and on the same
	check("awareness", "anon:a", "anon:e", "anon:b", "anon:c", "anon:d")
	w.take(t, `{"type":"track","event":"Order Completed","anonymousId":"b","messageId":"o","timestamp":"2026-11-10T09:00:00Z"}`)
	w.take(t, `{"type":"identify","anonymousId":"d","userId":"9","messageId":"i","timestamp":"2026-11-07T09:00:00Z"}`)
	check("awareness", "anon:a", "anon:e", "user:9", "anon:c")
	check("purchase", "anon:b")
	w.Now = now.AddDate(0, 0, 90)
	check("lapsed", "anon:b", "anon:a", "anon:e", "anon:c", "user:9")
	check("awareness")
}

// An item says what was counted last, and the answer when that was.
func TestListedProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.ask(t, "/v1/profiles", "stage=lapsed"); got.Body != `{"stage":"lapsed","settled":null,"items":[],"next":null}` {
		t.Errorf("before anything is settled: %s", got.Body)
	}
	w.life(t)
	w.Now = now.Add(-time.Minute)
	w.Settle()
	golden(t, "profiles", w.ask(t, "/v1/profiles", "stage=lapsed"))
	for query, code := range map[string]string{
		"": "unknown_stage", "stage=nirvana": "unknown_stage", "stage=lapsed&limit=0": "bad_limit", "stage=lapsed&cursor=!": "bad_cursor", "stage=lapsed&cursor=eyJuIjotMX0": "bad_cursor",
	} {
		checkFailure(t, w.ask(t, "/v1/profiles", query), 400, code)
	}
}
