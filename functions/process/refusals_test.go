package process_test

import (
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
)

func refused(t *testing.T, id, ws, request string, n int) events.SQSMessage {
	e := envelope(request, ws)
	e.Refused = &event.Refused{Code: "invalid_json", Events: n}
	return messageOf(t, id, e)
}

// A note of a refusal is kept once, however often it is delivered, and what cannot be kept comes again alone.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	down := true
	w.before = func(c call) error {
		if c.site == "put refusal" && c.ws == "shop" && down {
			return throttled
		}
		return nil
	}
	batch := []events.SQSMessage{
		refused(t, "m1", "shop", "r1", 3), message(t, "m2", "shop", pageView("e1", user("1"), "2026-11-22T09:00:00Z")),
		refused(t, "m3", "other", "r1", 1), refused(t, "m4", "nowhere", "r1", 1),
	}
	checkEqual(t, "messages that go back", w.deliver(t, batch...), []string{"m1"})
	down = false
	for range 2 {
		checkEqual(t, "messages that go back", w.deliver(t, batch...), []string{})
	}
	of := func(n int) []event.Refusal {
		return []event.Refusal{{Request: "r1", Source: "web", Received: event.At(received), Refused: event.Refused{Code: "invalid_json", Events: n}}}
	}
	for ws, want := range map[string][]event.Refusal{"shop": of(3), "other": of(1), "nowhere": nil} {
		got, err := w.Table.Refusals(t.Context(), ws, "2026-11-22")
		must(t, err)
		checkEqual(t, "refusals of "+ws, got, want)
	}
	if got := w.counts(t, "_unknown"); len(got) != 1 {
		t.Errorf("the note of a workspace that is not there is kept as %v, want a failed event", got)
	}
	if got := w.aggregate(t, "user:1").Touchpoints; got != 1 {
		t.Errorf("%d touchpoints count beside the notes, want 1", got)
	}
}
