package process_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
)

// Each class of permanently bad event is kept with what is needed to understand and to replay it.
func TestFailedEvents(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", event.MaxIdentifierBytes+1)
	revenue := func(amount string) string {
		return fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":"1","properties":{"revenue":%s}}`, amount)
	}
	for _, test := range []struct {
		name, raw, class, field string
	}{
		{"32,769 bytes", `{"type":"page","userId":"1","x":"` + strings.Repeat("x", event.MaxEventBytes-34) + `"}`, "too_large", ""},
		{"33 levels", `{"type":"page","userId":"1","x":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + "}", "too_deep", ""},
		{"no object", `[1]`, "bad_json", ""},
		{"null", `null`, "bad_json", ""},
		{"unknown type", `{"type":"nonsense","userId":"1"}`, "unknown_type", "type"},
		{"no type", `{"userId":"1"}`, "unknown_type", "type"},
		{"track without a name", `{"type":"track","userId":"1"}`, "missing_name", "event"},
		{"long name", `{"type":"page","userId":"1","name":"` + long + `"}`, "name_too_long", "name"},
		{"nobody", `{"type":"page"}`, "no_identifier", ""},
		{"everybody", `{"type":"page","userId":"null","anonymousId":"undefined"}`, "blocked_identifier", "anonymousId"},
		{"control character", `{"type":"page","userId":"a\u0000b"}`, "bad_identifier", "userId"},
		{"long identifier", `{"type":"page","userId":"` + long + `"}`, "key_too_long", "userId"},
		{"long messageId", `{"type":"page","userId":"1","messageId":"` + long + `"}`, "key_too_long", "messageId"},
		{"time that is no text", `{"type":"page","userId":"1","timestamp":12}`, "bad_time", "timestamp"},
		{"year 0", `{"type":"page","userId":"1","timestamp":"0000-01-01T00:00:00Z"}`, "bad_time", "timestamp"},
		{"year 9999", `{"type":"page","userId":"1","originalTimestamp":"9999-12-31T23:59:59Z"}`, "bad_time", "originalTimestamp"},
		{"amount that is no number", revenue(`"much"`), "number_malformed", "properties.revenue"},
		{"amount beyond all", revenue(`1e400`), "number_out_of_range", "properties.revenue"},
		{"currency", `{"type":"track","event":"Order Completed","userId":"1","properties":{"revenue":1,"currency":"pounds"}}`, "bad_currency", "properties.currency"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			e := envelope("r-1", "shop", pageView("good", user("good"), "2026-11-22T09:00:00Z"), test.raw)
			e.SentAt, e.Context, e.First = "2026-11-22T09:29:59Z", []byte(`{"app":{"name":"till"}}`), 40
			want := event.Failed{
				Workspace: "shop", Source: "web", Class: test.class, Field: test.field, Handler: "test", Received: event.At(received), Request: "r-1",
				Index: 41, SentAt: "2026-11-22T09:29:59Z", Context: []byte(`{"app":{"name":"till"}}`), Original: test.raw,
			}
			w.checkKept(t, messageOf(t, "m", e), "shop", want)
			if got := len(w.touchpoints(t, "shop", "user:good")); got != 1 {
				t.Errorf("the good event beside it is stored %d times, want once", got)
			}
		})
	}
}

// A message that is no envelope is kept whole, and so is one of a workspace that is not there.
func TestFailedMessages(t *testing.T) {
	t.Parallel()
	stranger := messageOf(t, "m", envelope("r-1", "nowhere", pageView("e", user("1"), "2026-11-22T09:00:00Z"))).Body
	for _, test := range []struct {
		name, body, class, field, source string
	}{
		{"no JSON", "hello", "bad_message", "", ""},
		{"a megabyte", strings.Repeat("m", 1<<20), "bad_message", "", ""},
		{"empty", "", "bad_message", "", ""},
		{"no version", `{"workspace":"shop"}`, "bad_message", "", ""},
		{"no workspace", `{"v":1,"events":[{}]}`, "bad_message", "workspace", ""},
		{"no events", `{"v":1,"workspace":"shop","events":[]}`, "bad_message", "events", ""},
		{"a field of nobody's", `{"v":1,"workspace":"shop","events":[{}],"extra":1}`, "bad_message", "", ""},
		{"a later version", `{"v":3,"workspace":"shop","people":[]}`, "version_too_new", "", ""},
		{"unknown workspace", stranger, "unknown_workspace", "", "web"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			want := event.Failed{
				Workspace: "_unknown", Source: test.source, Class: test.class, Field: test.field, Handler: "test", Received: event.At(received), Request: "m",
				Original: test.body, Whole: true,
			}
			w.checkKept(t, events.SQSMessage{MessageId: "m", Body: test.body}, "_unknown", want)
		})
	}
}

// checkKept delivers a message twice and expects one record; its id and the wording of its reason are free.
func (w *world) checkKept(t *testing.T, m events.SQSMessage, name string, want event.Failed) {
	t.Helper()
	var first string
	for range 2 {
		if back := w.deliver(t, m); len(back) > 0 {
			t.Errorf("%q go back, want the bad event to be kept and not retried", back)
		}
		kept := w.kept(t, name)
		if len(kept) != 1 {
			t.Fatalf("%d failed events are kept, want one: %+v", len(kept), kept)
		}
		got := kept[0]
		if first == "" {
			first = got.ID
		}
		if len(got.ID) != 24 || got.ID != first {
			t.Errorf("its id is %q and then %q, want 24 hex digits that stay", first, got.ID)
		}
		if got.Reason == "" || strings.Contains(got.Reason, want.Class+":") || strings.Contains(got.Reason, "userId\":") {
			t.Errorf("the reason is %q, want a sentence without code and data", got.Reason)
		}
		got.ID, got.Reason = "", ""
		if !reflect.DeepEqual(got, want) {
			t.Errorf("kept\n%+v\nwant\n%+v", got, want)
		}
	}
}

// An event that an older program rejected is replayed: it counts as if it had been accepted when it came, once, and its record goes.
func TestReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rejected := event.Failed{
		ID: "f1", Workspace: "shop", Source: "web", Class: "unknown_type", Reason: "an older release knew no pages", Handler: "older",
		Received: event.At(received), Request: "r-1", Index: 3, Type: event.Page, Original: `{"userId":"1"}`,
	}
	must(t, w.Table.PutFailed(t.Context(), rejected))
	for range 2 { // replaying twice changes nothing
		if back := w.deliver(t, messageOf(t, "m", rejected.Envelope())); len(back) > 0 {
			t.Fatalf("%q go back", back)
		}
		checkEqual(t, "failed events", []any{w.counts(t, "shop")}, []any{map[string]int{}})
		want := event.Touchpoint{ID: "wm-r-1-3", Source: "web", Type: event.Page, Original: event.At(received), Corrected: event.At(received), Received: event.At(received), Untimed: true, Grade: event.Server}
		checkEqual(t, "timeline", w.touchpoints(t, "shop", "user:1"), []event.Touchpoint{want})
	}
}

// A replay that fails again stays what it was: the same record under the same id.
func TestReplayOfWhatIsStillBad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if back := w.deliver(t, sentAs(t, "m", "shop", `{"type":"nonsense"}`)); len(back) > 0 {
		t.Fatalf("%q go back", back)
	}
	before := w.kept(t, "shop")
	w.accept(t, pageView("e1", user("1"), "2026-11-22T09:00:00Z"))
	if back := w.deliver(t, messageOf(t, "m2", before[0].Envelope())); len(back) > 0 {
		t.Fatalf("%q go back", back)
	}
	checkEqual(t, "failed events", w.kept(t, "shop"), before)
}
