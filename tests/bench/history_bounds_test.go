package bench_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"waymark/shared/domain/event"
)

// What a new event costs does not depend on how long the history is, nor on how much of it lies on the event's own day: these calls, and what is
// read has a bound: the events of one minute, or the longer pages of a day, which take some 35 bytes an event.
func TestNewEventReadsNoHistory(t *testing.T) {
	t.Parallel()
	const mostBytes = 256 << 10
	for _, s := range shapes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			want := map[string]int{"GetItem": 1, "Query": 2, "PutItem": 2, "BatchWriteItem": 2} // profile, two kinds of pages; page, profile; archive index, marks
			if s.untimed {
				want["Query"] = 1
			}
			l := openEmulator(t, s, longLife)
			l.deliver(t, longLife/2, true) // settings are known now
			l.meter.take()
			l.deliver(t, longLife/2, true)
			calls, read := l.meter.take()
			t.Logf("a new event after %d touchpoints: %v, %d bytes read", longLife, calls, read)
			if !maps.Equal(calls, want) || read > mostBytes {
				t.Errorf("a new event after %d touchpoints makes the calls %v and reads %d bytes, want %v and at most %d", longLife, calls, read, want, mostBytes)
			}
		})
	}
}

// A repeat folds the whole history anew, which is a query for each megabyte and nothing else.
func TestRepeatReadsHistoryOnce(t *testing.T) {
	t.Parallel()
	l := openEmulator(t, shapes[0], longLife)
	if l.bytes < 5_000_000 {
		t.Errorf("the history has %d bytes, want 5 MB", l.bytes)
	}
	l.deliver(t, 7, false)
	l.meter.take()
	l.deliver(t, 7, false)
	calls, read := l.meter.take()
	t.Logf("a repeat after %d touchpoints of %d bytes: %v, %d bytes read", longLife, l.bytes, calls, read)
	if most := read>>20 + 4; calls["Query"] > most || calls["GetItem"] != 2 || calls["PutItem"] > 2 {
		t.Errorf("a repeat makes the calls %v, want 2 GetItem, at most %d Query and 2 PutItem", calls, most)
	}
}

// A long timeline is read page by page, each touchpoint once, the newest first.
func TestLongTimelineInPages(t *testing.T) {
	t.Parallel()
	for _, s := range []shape{shapes[0], shapes[3]} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			l := openMemory(t, s, longLife)
			seen := map[event.ID]bool{}
			cursor, pages, last := "", 0, "~"
			for {
				var page struct {
					Items []struct {
						ID   event.ID `json:"id"`
						Time string   `json:"time"`
					} `json:"items"`
					Next string `json:"next"`
				}
				must(t, json.Unmarshal(l.ask(t, "/v1/profiles/"+string(veteran)+"/timeline", fmt.Sprintf("limit=500&cursor=%s", cursor)), &page))
				pages++
				for _, item := range page.Items {
					if seen[item.ID] || item.Time > last {
						t.Fatalf("page %d shows %s of %s again or after %s", pages, item.ID, item.Time, last)
					}
					seen[item.ID], last = true, item.Time
				}
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			if len(seen) != longLife || pages != longLife/500 {
				t.Errorf("%d touchpoints on %d pages, want %d on %d", len(seen), pages, longLife, longLife/500)
			}
		})
	}
}
