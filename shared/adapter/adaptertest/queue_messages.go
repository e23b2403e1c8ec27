package adaptertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
)

// bodies are what messages say, sorted; of a long one its length and its ends.
func bodies(messages []event.Message) []string {
	out := make([]string, len(messages))
	for n, m := range messages {
		out[n] = brief(m.Body)
	}
	slices.Sort(out)
	return out
}

func brief(body string) string {
	const end = 40
	if len(body) <= 2*end {
		return body
	}
	return fmt.Sprintf("%s … %s (%d bytes)", body[:end], body[len(body)-end:], len(body))
}

// queueMessages takes messages as they are, looks at them, gives them back and removes them.
func queueMessages(t *testing.T, queue QueueUnderTest, _ func() []event.Envelope) {
	ctx := t.Context()
	const hidden = time.Minute
	none, err := queue.Peek(ctx, 10)
	must(t, err)
	equal(t, "messages of an empty queue", len(none), 0)
	for _, do := range []func(context.Context, []event.Message) error{queue.Requeue, queue.Delete} {
		must(t, do(ctx, nil))
	}

	long := strings.Repeat("x", 700<<10)
	must(t, queue.SendBodies(ctx, []string{"a: no JSON, 日本語 and all", long, `{"v":99}`}))
	sent := []string{"a: no JSON, 日本語 and all", brief(long), `{"v":99}`}
	for look := range 2 {
		seen, err := queue.Peek(ctx, 10)
		must(t, err)
		equal(t, "bodies seen", bodies(seen), sent)
		for _, m := range seen {
			if m.ID == "" || m.Handle == "" || m.Sent <= 0 {
				t.Errorf("a message has id %q, handle %q and time %d, want all of them", m.ID, m.Handle, m.Sent)
			}
			equal(t, "how often a message was received", m.Receives, look+1)
		}
	}

	taken, err := queue.Receive(ctx, 10, hidden)
	must(t, err)
	equal(t, "bodies received", bodies(taken), sent)
	seen, err := queue.Peek(ctx, 10)
	must(t, err)
	equal(t, "bodies seen while all are taken", bodies(seen), []string{})

	slices.SortFunc(taken, func(a, b event.Message) int { return strings.Compare(a.Body, b.Body) })
	must(t, queue.Delete(ctx, taken[:1]))
	must(t, queue.Requeue(ctx, taken[1:]))
	left, err := queue.Receive(ctx, 10, hidden)
	must(t, err)
	equal(t, "bodies left", bodies(left), sent[1:])
	must(t, queue.Delete(ctx, left))
	waiting, inFlight, err := queue.Depth(ctx)
	must(t, err)
	equal(t, "depth after all are deleted", []int{waiting, inFlight}, []int{0, 0})
}

// manyMessages needs more than one call for each step.
func manyMessages(t *testing.T, queue QueueUnderTest, _ func() []event.Envelope) {
	ctx := t.Context()
	var sent []string
	for n := range 33 {
		sent = append(sent, fmt.Sprintf("message %02d", n))
	}
	must(t, queue.SendBodies(ctx, sent))
	seen, err := queue.Peek(ctx, 17)
	must(t, err)
	equal(t, "messages seen of 33 when 17 are asked for", len(seen), 17)
	all, err := queue.Receive(ctx, 100, time.Minute)
	must(t, err)
	equal(t, "bodies received", bodies(all), sent)
	must(t, queue.Requeue(ctx, all))
	again, err := queue.Receive(ctx, 33, time.Minute)
	must(t, err)
	equal(t, "bodies received again", bodies(again), sent)
	must(t, queue.Delete(ctx, again))
	waiting, inFlight, err := queue.Depth(ctx)
	must(t, err)
	equal(t, "depth after all are deleted", []int{waiting, inFlight}, []int{0, 0})
}
