package adaptertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

func failedOf(workspace, id, class string, received event.Millis) event.Failed {
	return event.Failed{
		ID: id, Workspace: workspace, Source: "web", Class: class, Reason: "because <it> & \"that\"", Field: "timestamp", Handler: "v1",
		Received: received, Request: "r-1", Index: 7, SentAt: "2026-11-22T12:00:00Z", Context: json.RawMessage(`{"ip":"<none>"}`), Type: event.Track,
		Original: "{\"broken\": \xff\x00 \ufffe",
	}
}

func failedEvents(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	_, err := table.FailedByID(ctx, "failed", "f1")
	wantFault(t, "FailedByID of none", err, fault.NotFound, "unknown_failed_event")
	must(t, table.DeleteFailed(ctx, "failed", "f1"))

	first, second := failedOf("failed", "f1", "bad_time", noon-day), failedOf("failed", "f2#日本", "bad_json", noon)
	second.Original = `{"text":"` + noise(20000) + `"}`
	second.Context, second.Field = nil, ""
	elsewhere := failedOf("failed-2", "f1", "bad_time", noon)
	for _, f := range []event.Failed{first, second, elsewhere, first, second} {
		must(t, table.PutFailed(ctx, f))
	}
	wantFailed(t, table, "failed", "", []event.Failed{second, first})
	wantFailed(t, table, "failed", "bad_time", []event.Failed{first})
	wantFailed(t, table, "failed", "other", nil)
	wantFailed(t, table, "failed-2", "", []event.Failed{elsewhere})
	wantCounts(t, table, map[string]int{"bad_time": 1, "bad_json": 1})
	got, err := table.FailedByID(ctx, "failed", "f2#日本")
	must(t, err)
	equal(t, "FailedByID", got, second)

	// Rejected again for another reason, as a copy that was received later: one record, at its place, with the newest verdict and all that was
	// known at its first receipt.
	later := first
	later.Class, later.Reason, later.Received = "version_too_new", "other", noon+day/2
	later.Original, later.Request, later.Context = "other bytes", "r-2", json.RawMessage(`{}`)
	must(t, table.PutFailed(ctx, later))
	again := first
	again.Class, again.Reason = later.Class, later.Reason
	wantFailed(t, table, "failed", "", []event.Failed{second, again})
	wantCounts(t, table, map[string]int{"version_too_new": 1, "bad_json": 1})

	for range 2 {
		must(t, table.DeleteFailed(ctx, "failed", "f1"))
		wantFailed(t, table, "failed", "", []event.Failed{second})
		wantCounts(t, table, map[string]int{"bad_json": 1})
	}
	wantFailed(t, table, "failed-2", "", []event.Failed{elsewhere})
}

func wantFailed(t *testing.T, table TableUnderTest, workspace, class string, want []event.Failed) {
	t.Helper()
	got, next, err := table.Failed(t.Context(), workspace, class, "", 100)
	must(t, err)
	equal(t, fmt.Sprintf("Failed of %s, class %q", workspace, class), got, want)
	equal(t, "cursor after the last page", next, "")
}

func wantCounts(t *testing.T, table TableUnderTest, want map[string]int) {
	t.Helper()
	got, err := table.FailedCounts(t.Context(), "failed")
	must(t, err)
	equal(t, "FailedCounts", got, want)
}

func failedPages(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	var all, even []event.Failed
	for n := range 130 {
		f := failedOf("failed-pages", fmt.Sprintf("f-%03d", n), []string{"even", "odd"}[n%2], noon-event.Millis(n/3)) // some at one instant
		must(t, table.PutFailed(ctx, f))
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b event.Failed) int {
		if a.Received != b.Received {
			return int(b.Received - a.Received)
		}
		return slices.Compare([]byte(b.ID), []byte(a.ID))
	})
	for _, f := range all {
		if f.Class == "even" {
			even = append(even, f)
		}
	}
	for _, c := range []struct {
		class string
		limit int
		want  []event.Failed
	}{{"", 13, all}, {"", 7, all}, {"", 130, all}, {"even", 5, even}, {"even", 64, even}, {"even", 1000, even}} {
		var got []event.Failed
		cursor, pages := "", 0
		for {
			page, next, err := table.Failed(ctx, "failed-pages", c.class, cursor, c.limit)
			must(t, err)
			pages++
			got = append(got, page...)
			if cursor = next; cursor == "" || pages > len(all) {
				break
			}
		}
		what := fmt.Sprintf("Failed, class %q, %d a page", c.class, c.limit)
		equal(t, what, got, c.want)
		equal(t, "pages of "+what, pages, (len(c.want)+c.limit-1)/c.limit)
	}
	wantBadCursors(t, table)
}

// wantBadCursors: what no list gave is refused, whatever a store would make of it as the place to go on behind.
func wantBadCursors(t *testing.T, table TableUnderTest) {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	for name, cursor := range map[string]string{
		"no base64": "no cursor!", "padded": "MDAw====", "no place": encode([]byte("x")), "NUL": encode([]byte{0}), "a place that is no number": encode([]byte("00000000000000x#f")),
		"no UTF-8": encode([]byte("000000000000001#\xff")), "longer than a key": encode([]byte("000000000000001#" + strings.Repeat("f", 1009))), "a number alone": encode([]byte("000000000000001")),
	} {
		page, next, err := table.Failed(t.Context(), "failed-pages", "", cursor, 10)
		wantFault(t, "Failed with the cursor of "+name, err, fault.Invalid, "bad_cursor")
		if len(page) > 0 || next != "" {
			t.Errorf("Failed with the cursor of %s gave %d events and the cursor %q, want none", name, len(page), next)
		}
	}
	_, _, err := table.Failed(t.Context(), "failed-pages", "", encode([]byte("000000000000001#"+strings.Repeat("f", 1008))), 10)
	must(t, err)
}

func failedExpire(t *testing.T, table TableUnderTest, clock *Clock) {
	ctx := t.Context()
	old, young := failedOf("failed-old", "old", "bad_time", noon), failedOf("failed-old", "young", "bad_time", noon+day)
	must(t, table.PutFailed(ctx, old))
	must(t, table.PutFailed(ctx, young))
	for _, c := range []struct {
		now  event.Millis
		want []event.Failed
	}{
		{noon + 30*day - 1000, []event.Failed{young, old}},
		{noon + 30*day, []event.Failed{young}},
		{noon + 31*day, nil},
	} {
		clock.set(c.now)
		wantFailed(t, table, "failed-old", "", c.want)
		counts, err := table.FailedCounts(ctx, "failed-old")
		must(t, err)
		equal(t, "sum of FailedCounts", counts["bad_time"], len(c.want))
		_, err = table.FailedByID(ctx, "failed-old", "young")
		if (err == nil) != slices.ContainsFunc(c.want, func(f event.Failed) bool { return f.ID == "young" }) {
			t.Errorf("FailedByID at %s: %v", c.now.Time(), err)
		}
	}
}
