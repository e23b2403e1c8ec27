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

// bodies are what letters say, sorted; of a long one its length and its ends.
func bodies(letters []event.Letter) []string {
	out := make([]string, len(letters))
	for n, l := range letters {
		out[n] = brief(l.Body)
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

// queueLetters takes messages as they are, looks at them, gives them back and removes them.
func queueLetters(t *testing.T, queue QueueUnderTest, _ func() []event.Envelope) {
	ctx := t.Context()
	const hidden = time.Minute
	none, err := queue.Peek(ctx, 10)
	must(t, err)
	equal(t, "letters of an empty queue", len(none), 0)
	for _, do := range []func(context.Context, []event.Letter) error{queue.GiveBack, queue.Delete} {
		must(t, do(ctx, nil))
	}

	long := strings.Repeat("x", 700<<10)
	must(t, queue.SendBodies(ctx, []string{"a: no JSON, 日本語 and all", long, `{"v":99}`}))
	sent := []string{"a: no JSON, 日本語 and all", brief(long), `{"v":99}`}
	for look := range 2 {
		seen, err := queue.Peek(ctx, 10)
		must(t, err)
		equal(t, "bodies seen", bodies(seen), sent)
		for _, l := range seen {
			if l.ID == "" || l.Handle == "" || l.Sent <= 0 {
				t.Errorf("a letter has id %q, handle %q and time %d, want all of them", l.ID, l.Handle, l.Sent)
			}
			equal(t, "how often a letter was received", l.Receives, look+1)
		}
	}

	taken, err := queue.Receive(ctx, 10, hidden)
	must(t, err)
	equal(t, "bodies received", bodies(taken), sent)
	seen, err := queue.Peek(ctx, 10)
	must(t, err)
	equal(t, "bodies seen while all are taken", bodies(seen), []string{})

	slices.SortFunc(taken, func(a, b event.Letter) int { return strings.Compare(a.Body, b.Body) })
	must(t, queue.Delete(ctx, taken[:1]))
	must(t, queue.GiveBack(ctx, taken[1:]))
	left, err := queue.Receive(ctx, 10, hidden)
	must(t, err)
	equal(t, "bodies left", bodies(left), sent[1:])
	must(t, queue.Delete(ctx, left))
	waiting, inFlight, err := queue.Depth(ctx)
	must(t, err)
	equal(t, "depth after all are deleted", []int{waiting, inFlight}, []int{0, 0})
}

// manyLetters needs more than one call for each step.
func manyLetters(t *testing.T, queue QueueUnderTest, _ func() []event.Envelope) {
	ctx := t.Context()
	var sent []string
	for n := range 33 {
		sent = append(sent, fmt.Sprintf("letter %02d", n))
	}
	must(t, queue.SendBodies(ctx, sent))
	seen, err := queue.Peek(ctx, 17)
	must(t, err)
	equal(t, "letters seen of 33 when 17 are asked for", len(seen), 17)
	all, err := queue.Receive(ctx, 100, time.Minute)
	must(t, err)
	equal(t, "bodies received", bodies(all), sent)
	must(t, queue.GiveBack(ctx, all))
	again, err := queue.Receive(ctx, 33, time.Minute)
	must(t, err)
	equal(t, "bodies received again", bodies(again), sent)
	must(t, queue.Delete(ctx, again))
	waiting, inFlight, err := queue.Depth(ctx)
	must(t, err)
	equal(t, "depth after all are deleted", []int{waiting, inFlight}, []int{0, 0})
}
