package process_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/process"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/profile"
	"waymark/shared/model"
)

// The order of calls is the counting protocol: the archive before any page, the aggregate and the joins after the pages, the marks after all of
// them, and failed events last. See docs/adr/0005.
func TestOrderOfCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := pageView("e1", user("1"), "2026-11-22T09:00:00Z")
	known := `{"type":"identify","messageId":"e2","userId":"1","anonymousId":"a","timestamp":"2026-11-22T09:00:00Z","traits":{"plan":"gold"}}`
	bought := order("e3", user("1"), "2026-11-22T09:01:00Z", "o1", "5")
	batch := []events.SQSMessage{
		message(t, "m1", "shop", page, `{"type":"nonsense"}`), message(t, "m2", "shop", known), message(t, "m3", "shop", bought),
	}
	w.deliver(t, batch...)
	checkEqual(t, "calls of a first delivery", w.sites(), []string{
		"workspace", "archive", "archive index", "load", "put page", "commit",
		"traits", "put traits", "evidence", "put link", "nodes", "load", "claims", "put claims", "put marks", "put failed",
	})
	first := w.marks(t, "shop")
	w.clearMarks(t)

	w.deliver(t, batch...)
	checkEqual(t, "calls of a repetition", w.sites(), []string{
		"archive", "archive index", "load", "timeline", // a repeat: folded anew, and found equal
		"traits", "evidence", "put link", "nodes", "load", "claims", "put marks", "put failed",
	})
	checkEqual(t, "marks of a repetition", w.marks(t, "shop"), first)

	w.deliver(t, message(t, "m4", "shop", pageView("e4", user("1"), "2026-11-21T23:59:00Z"), pageView("e5", user("1"), "2026-11-22T00:01:00Z")))
	checkEqual(t, "calls for two days", w.sites(), []string{"archive", "archive index", "load", "put page", "put page", "commit", "put marks"})
	w.checkSound(t, "user:1")
}

// Another writer was first: the timeline is folded anew, and again while others are faster.
func TestConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	faster := 3
	w.before = func(c call) error {
		if c.site == "commit" && faster > 0 {
			faster--
			other := newWorld(t)
			other.Table, other.config.Workers = w.Table, 1
			other.stores.Table = w.Table
			other.accept(t, pageView(fmt.Sprintf("other%d", faster), user("1"), "2026-11-22T08:00:00Z"))
		}
		return nil
	}
	w.accept(t, pageView("e1", user("1"), "2026-11-22T09:00:00Z"))
	if got := w.aggregate(t, "user:1").Touchpoints; got != 4 {
		t.Errorf("%d touchpoints are counted, want all 4", got)
	}
	w.checkSound(t, "user:1")
}

// A writer that never gets its turn gives the message back instead of trying for ever.
func TestConflictWithoutEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.before = func(c call) error {
		if c.site == "commit" {
			return fault.New(fault.Conflict, "conflict", "injected")
		}
		return nil
	}
	checkEqual(t, "messages that go back", w.deliver(t, message(t, "m", "shop", pageView("e1", user("1"), "2026-11-22T09:00:00Z"))), []string{"m"})
	if commits := len(slices.DeleteFunc(w.sites(), func(site string) bool { return site != "commit" })); commits < 5 || commits > 50 {
		t.Errorf("it commits %d times, want some tries and an end", commits)
	}
}

// Sixteen processes write one person at once, each with several writers of its own: nothing is lost and nothing counts twice.
func TestConflictStorm(t *testing.T) {
	t.Parallel()
	const rounds, processes, perBatch = 20, 16, 4
	w := newWorld(t)
	w.config.Workers = 8
	var want []string
	for round := range rounds {
		var wg sync.WaitGroup
		for p := range processes {
			var batch []events.SQSMessage
			for i := range perBatch {
				id := fmt.Sprintf("e%d-%d-%d", round, p%12, i) // four of the processes repeat what others bring
				want = append(want, id)
				one := order(id, user("1")+","+visitor(fmt.Sprintf("a%d", p%3)), "2026-11-22T09:00:00Z", fmt.Sprintf("o%d-%d", round, i), "1")
				batch = append(batch, message(t, fmt.Sprintf("m%d-%d-%d", round, p, i), "shop", one, pageView(id, visitor(fmt.Sprintf("v%d", i)), "2026-11-22T09:00:00Z")))
			}
			h := process.New(w.config)
			wg.Go(func() {
				for len(batch) > 0 {
					response, err := h.Handle(t.Context(), events.SQSEvent{Records: batch})
					if err != nil {
						t.Error(err)
						return
					}
					batch = slices.DeleteFunc(batch, func(m events.SQSMessage) bool {
						return !slices.Contains(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
					})
				}
			})
		}
		wg.Wait()
	}
	slices.Sort(want)
	want = slices.Compact(want)
	if got := w.aggregate(t, "user:1").Touchpoints; got != len(want) {
		t.Errorf("%d touchpoints are counted, want %d", got, len(want))
	}
	w.checkSound(t, "user:1")
	for i := range perBatch {
		w.checkSound(t, event.Identifier(fmt.Sprintf("anon:v%d", i)))
	}
	claims, _, err := w.Table.Claims(t.Context(), "shop", []string{"order:o0-0"})
	must(t, err)
	if got := len(claims["order:o0-0"]); got != 12 {
		t.Errorf("%d claims to an order are kept, want those of 12 events", got)
	}
}

// An event without a timestamp has the time of receipt as its own, so a client's retry is looked for up to 48 hours on both sides.
func TestUntimedRepeats(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		after []time.Duration // when the copies come, in the order of delivery
		want  int
	}{
		{"at once", []time.Duration{0, 0}, 1},
		{"47 hours later", []time.Duration{0, 47 * time.Hour}, 1},
		{"48 hours later", []time.Duration{0, 48 * time.Hour}, 1},
		{"48 hours and a millisecond later", []time.Duration{0, 48*time.Hour + time.Millisecond}, 2},
		{"the later copy is processed first", []time.Duration{48 * time.Hour, 0}, 1},
		{"a chain, in order", []time.Duration{0, 40 * time.Hour, 80 * time.Hour}, 2},
		{"a chain, the middle last", []time.Duration{0, 80 * time.Hour, 40 * time.Hour}, 2},
		{"a chain, backwards", []time.Duration{80 * time.Hour, 40 * time.Hour, 0}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i, after := range test.after {
				e := envelope(fmt.Sprintf("r%d", i), "shop", `{"type":"page","messageId":"e1","userId":"1"}`)
				e.Received = event.At(received.Add(after))
				if back := w.deliver(t, messageOf(t, "m", e)); len(back) > 0 {
					t.Fatalf("%q go back", back)
				}
			}
			if got := w.aggregate(t, "user:1").Touchpoints; got != test.want {
				t.Errorf("%d touchpoints are counted, want %d", got, test.want)
			}
			w.checkSound(t, "user:1")
		})
	}
}

// Of several copies the one received first counts, whichever is processed first.
func TestFirstReceivedCounts(t *testing.T) {
	t.Parallel()
	copies := make([]event.Envelope, 3)
	for i := range copies {
		copies[i] = envelope(fmt.Sprintf("r%d", i), "shop", fmt.Sprintf(
			`{"type":"page","messageId":"e1","userId":"1","timestamp":"2026-11-22T08:00:00Z","sentAt":%q}`, received.Add(-time.Hour).Format(time.RFC3339)))
		copies[i].Received = event.At(received.Add(time.Duration(i) * time.Hour)) // the clock seems to be another hour wrong each time
	}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}, {2, 1, 0, 0, 1, 2}} {
		w := newWorld(t)
		for _, i := range order {
			if back := w.deliver(t, messageOf(t, "m", copies[i])); len(back) > 0 {
				t.Fatalf("%q go back", back)
			}
		}
		want := profile.Touch{At: event.At(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))}
		got := w.aggregate(t, "user:1")
		if got.Touchpoints != 1 || got.First.At != want.At || got.Last.At != want.At {
			t.Errorf("processed in order %v: %d touchpoints, first at %v, want one at %v", order, got.Touchpoints, got.First.At.Time(), want.At.Time())
		}
		w.checkSound(t, "user:1")
	}
}

// Under another stage model the evidence of an aggregate means something else, so the next event folds it anew.
func TestModelChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accept(t, order("e1", user("1"), "2026-11-20T09:00:00Z", "o1", "5"))
	before := w.aggregate(t, "user:1")
	shop, err := w.Table.Workspace(t.Context(), "shop")
	must(t, err)
	shop.Model = "four"
	must(t, w.PutWorkspace(t.Context(), shop))
	w.at(received.Add(2 * time.Minute)) // settings may be a minute old
	w.accept(t, pageView("e2", user("1"), "2026-11-21T09:00:00Z"))
	four, err := model.Stages("four")
	must(t, err)
	_, stored, err := w.Table.Timeline(t.Context(), "shop", "user:1")
	must(t, err)
	want := profile.Fold(event.Distinct(stored), func(tp event.Touchpoint) string { name, _ := four.Evidence(tp); return string(name) })
	want.Version, want.Model = 2, four.ID()
	if got := w.aggregate(t, "user:1"); string(got.Bytes()) != string(want.Bytes()) {
		t.Errorf("the aggregate is\n%s\nwant\n%s", got.Bytes(), want.Bytes())
	}
	if _, old := before.Evidence["purchase"]; !old || want.Evidence["purchase"] != (profile.Evidence{}) {
		t.Errorf("the two models see the same stages, so this test proves nothing: %v and %v", before.Evidence, want.Evidence)
	}
}

// The archive holds every accepted event, of every type, and neither traits nor properties that nobody listed. It is found by the days of both
// times of an event.
func TestArchive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := `{"type":"page","messageId":"e4","userId":"1","timestamp":"2026-11-10T09:00:00Z","sentAt":"2026-11-12T09:30:00Z"}` // ten days
	e := envelope("r", "shop", slow,
		`{"type":"identify","messageId":"e1","userId":"1","anonymousId":"a","timestamp":"2026-11-21T09:00:00Z","traits":{"name":"Ada Lovelace"}}`,
		`{"type":"track","event":"Product Viewed","messageId":"e2","userId":"1","timestamp":"2026-11-22T08:00:00Z","properties":{"product_id":"p1","secret":"s"}}`,
		`{"type":"alias","messageId":"e3","userId":"1","previousId":"0815","timestamp":"2026-11-22T08:00:00Z"}`)
	if back := w.deliver(t, messageOf(t, "m", e)); len(back) > 0 {
		t.Fatalf("%q go back", back)
	}
	var keys []string
	for _, day := range []string{"2026-11-10", "2026-11-20", "2026-11-21", "2026-11-22"} {
		var err error
		keys, err = w.ArchiveIndex(t.Context(), "shop", day)
		must(t, err)
		checkEqual(t, "objects of "+day, keys, []string{"touchpoints/workspace=shop/arrived=2026-11-22/hour=09/1.ndjson.zst"})
	}
	var got []string
	for record, err := range w.archive.Read(t.Context(), keys[0]) {
		must(t, err)
		got = append(got, fmt.Sprintf("%s %s %v %v %v", record.Type, record.Touchpoint.ID, record.Identifiers, record.Previous, record.Touchpoint.Properties))
	}
	checkEqual(t, "records", got, []string{
		"page e4 [user:1] [] map[]",
		"identify e1 [user:1 anon:a] [] map[]", "track e2 [user:1] [] map[product_id:p1]", "alias e3 [user:1] [user:0815] map[]",
	})
	if dump := w.Dump(); strings.Contains(dump, `"secret"`) {
		t.Errorf("a property that nobody listed is stored:\n%s", dump)
	}
}
