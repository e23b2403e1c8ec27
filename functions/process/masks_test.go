package process_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/seed"
)

// fate is what becomes of one message of a batch.
type fate int

const (
	good         fate = iota
	poisonInside      // one event is for ever bad, the other is good
	undecodable       // the body is no envelope
	stranger          // of a workspace that is not there
	failing           // of a workspace whose events cannot be written now
	fates        = iota
)

const batchSize = 10

func (f fate) message(t testing.TB, i int) events.SQSMessage {
	t.Helper()
	id, ws := fmt.Sprintf("m%d", i), "shop"
	raw := []string{order(fmt.Sprintf("e%d", i), user(fmt.Sprintf("u%d", i)), "2026-11-22T09:00:00Z", fmt.Sprintf("o%d", i), "9.99")}
	switch f {
	case poisonInside:
		raw = append(raw, fmt.Sprintf(`{"type":"nonsense","userId":"u%d"}`, i))
	case undecodable:
		return events.SQSMessage{MessageId: id, Body: fmt.Sprintf(`{"v":1,"workspace":"shop","events":[%d`, i)}
	case stranger:
		ws = "nowhere"
	case failing:
		ws = "other"
	}
	return sentAs(t, id, ws, raw...)
}

// tryFates delivers one batch while the workspace other fails, and what went back once more when it does not; "" when all is as it should be.
func tryFates(t *testing.T, batch []fate) string {
	t.Helper()
	w := newWorld(t)
	messages, wantBack := []events.SQSMessage{}, []string{}
	for i, f := range batch {
		messages = append(messages, f.message(t, i))
		if f == failing {
			wantBack = append(wantBack, fmt.Sprintf("m%d", i))
		}
	}
	left := min(len(wantBack), 1) // other comes before shop
	w.hook(func(name string, apply func() error) error {
		if name == []string{"put pages", "put batch"}[len(wantBack)%2] && left > 0 {
			left--
			return throttled
		}
		return apply()
	})
	if back := w.deliver(t, messages...); !slices.Equal(back, wantBack) {
		return fmt.Sprintf("%q go back, want %q", back, wantBack)
	}
	again := slices.DeleteFunc(messages, func(m events.SQSMessage) bool { return !slices.Contains(wantBack, m.MessageId) })
	for _, b := range w.records(t, "other") {
		return fmt.Sprintf("there is the record %+v of what went back", b)
	}
	if back := w.deliver(t, again...); len(back) > 0 {
		return fmt.Sprintf("%q go back when nothing fails", back)
	}
	return w.check(t, batch)
}

// check looks for what must have become of each message.
func (w *world) check(t *testing.T, batch []fate) string {
	t.Helper()
	want := map[string]int{}
	for i, f := range batch {
		id := event.Identifier(fmt.Sprintf("user:u%d", i))
		ns, stored := workspace.Namespace("shop"), 1
		switch f {
		case poisonInside:
			want["shop unknown_type"]++
		case undecodable, stranger:
			want[event.Nobody+" "+map[fate]string{undecodable: "bad_message", stranger: "unknown_workspace"}[f]]++
			stored = 0
		case failing:
			ns = "other"
		}
		isRecorded := slices.ContainsFunc(w.records(t, ns), func(b ledger.Batch) bool { return slices.Contains(b.Identifiers, id) && len(b.Events) > 0 })
		if got := len(w.touchpoints(t, ns, id)); got != stored || isRecorded != (stored == 1) {
			return fmt.Sprintf("%s of message %d has %d touchpoints, recorded %v, want %d", id, i, got, isRecorded, stored)
		}
	}
	got := map[string]int{}
	for _, ws := range []string{"shop", "other", event.Nobody} {
		for class, n := range w.counts(t, ws) {
			got[ws+" "+class] += n
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Sprintf("the failed events are %v, want %v", got, want)
	}
	return ""
}

// Every one of the 1,024 ways in which messages of a batch of ten can be bad, for each way to be bad: exactly those that may succeed later go
// back, in order and once each; what is good is applied in the same invocation; what is bad for ever is kept.
func TestEveryMask(t *testing.T) {
	t.Parallel()
	for bad := poisonInside; bad < fates; bad++ {
		for mask := range 1 << batchSize {
			batch := make([]fate, batchSize)
			for i := range batch {
				if mask&(1<<i) != 0 {
					batch[i] = bad
				}
			}
			if problem := tryFates(t, batch); problem != "" {
				t.Fatalf("fate %d, mask %010b: %s", bad, mask, problem)
			}
		}
	}
}

// Batches in which every message has a fate of its own, out of all 5^10.
func TestMixedFates(t *testing.T) {
	t.Parallel()
	seed.Each(t, 500, func(t *testing.T, r *rand.Rand) {
		batch := make([]fate, batchSize)
		for i := range batch {
			batch[i] = fate(r.IntN(fates))
		}
		if problem := tryFates(t, batch); problem != "" {
			t.Fatalf("fates %v: %s", batch, problem)
		}
	})
}

// A queue that delivers at least once may put one message into a batch twice. It is named once when it must come again, and counts once.
func TestMessageTwiceInABatch(t *testing.T) {
	t.Parallel()
	for f := range fate(fates) {
		w := newWorld(t)
		isDown := f == failing
		w.hook(func(name string, apply func() error) error {
			if name == "put pages" && isDown {
				isDown = false
				return throttled
			}
			return apply()
		})
		twice, want := []events.SQSMessage{f.message(t, 0), good.message(t, 1), f.message(t, 0)}, []string{}
		if f == failing {
			want = append(want, "m0")
		}
		checkEqual(t, fmt.Sprint("of fate ", f, " go back"), w.deliver(t, twice...), want)
		checkEqual(t, fmt.Sprint("of fate ", f, " go back when nothing fails"), w.deliver(t, twice...), []string{})
		if problem := w.check(t, []fate{f, good}); problem != "" {
			t.Errorf("fate %d: %s", f, problem)
		}
	}
}

// A message that must come again and has no id cannot be named; nothing may be lost for it, so the whole batch fails. One of no messages does not.
func TestMessageWithoutID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nameless := good.message(t, 1)
	nameless.MessageId = ""
	checkEqual(t, "go back of a batch that succeeds", w.deliver(t, nameless), []string{})
	checkEqual(t, "go back of an empty batch", w.deliver(t), []string{})
	w.hook(func(string, func() error) error { return throttled })
	if answer, err := w.handler.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{nameless, good.message(t, 2)}}); err == nil {
		t.Errorf("Handle = %v, want an error that fails the whole batch", answer)
	}
}
