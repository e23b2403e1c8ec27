package process_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/process"
	"waymark/shared/domain/event"
)

// distant is a table that takes ten milliseconds for a write, and refuses one of them.
type distant struct {
	process.FailedEvents
	refused string
	put     chan string
}

func (d distant) PutFailed(_ context.Context, f event.Failed) error {
	time.Sleep(10 * time.Millisecond)
	if strings.Contains(f.Original, d.refused) {
		return throttled
	}
	d.put <- f.ID
	return nil
}

// TestFailedEventsAreKeptTogether: a batch of nothing but failed events, as many as a batch can hold, takes less than a tenth of the 30 seconds that a batch
// has, and of its messages that one comes again of which an event could not be kept.
func TestFailedEventsAreKeptTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const messages, perMessage = 10, 250
	var batch events.SQSEvent
	for i := range messages {
		var raw []string
		for j := range perMessage {
			raw = append(raw, fmt.Sprintf(`{"type":"click","messageId":"m%d-%d","anonymousId":"a"}`, i, j))
		}
		batch.Records = append(batch.Records, sentAs(t, fmt.Sprint(i), "shop", raw...))
	}
	synctest.Test(t, func(t *testing.T) {
		h := w.Process(w.Ports())
		d := distant{h.Failed, `"m3-7"`, make(chan string, messages*perMessage)}
		h.Failed, h.Workers = d, process.Workers
		begun := time.Now()
		answer, err := h.Handle(t.Context(), batch)
		if took := time.Since(begun); err != nil || took > 3*time.Second {
			t.Errorf("the batch took %s, %v; want 3 s at most", took, err)
		}
		if len(d.put) != messages*perMessage-1 {
			t.Errorf("%d failed events are kept, want all but one", len(d.put))
		}
		if len(answer.BatchItemFailures) != 1 || answer.BatchItemFailures[0].ItemIdentifier != "3" {
			t.Errorf("the messages %v come again, want 3", answer.BatchItemFailures)
		}
	})
}
