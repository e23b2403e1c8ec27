package process_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
)

// A batch of ten messages, each good or bad in one way: every choice of the bad ones is tried. Only messages that may succeed later go back,
// the good ones are applied at once, and when the fault is over, what went back is all that was missing.
func TestMasks(t *testing.T) {
	t.Parallel()
	const size = 10
	all := batchOfTen(t)
	for _, test := range []struct {
		name string
		fate func(i, bad int) string // of message i, the bad-th of the bad ones: poison, or the call that fails
	}{
		{name: "poison", fate: func(int, int) string { return "poison" }},
		{name: "failing writes", fate: func(i, _ int) string { return []string{"put page", "commit", "load"}[i%3] }},
		{name: "mixed", fate: func(_, bad int) string { return []string{"poison", "put page", "commit"}[bad%3] }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for mask := range 1 << size {
				fates := make([]string, size)
				bad := 0
				for i := range size {
					if mask&(1<<i) != 0 {
						fates[i] = test.fate(i, bad)
						bad++
					}
				}
				if problem := tryMask(t, all, fates); problem != "" {
					t.Fatalf("mask %010b, fates %q: %s", mask, fates, problem)
				}
			}
		})
	}
}

// batchOfTen makes ten good messages, and ten that can never be processed.
func batchOfTen(t *testing.T) (all [2][]events.SQSMessage) {
	t.Helper()
	for i := range 10 {
		good := order(fmt.Sprintf("e%d", i), user(fmt.Sprintf("u%d", i)), "2026-11-22T09:00:00Z", fmt.Sprintf("o%d", i), "9.99")
		all[0] = append(all[0], message(t, fmt.Sprintf("m%d", i), "shop", good))
		all[1] = append(all[1], message(t, fmt.Sprintf("m%d", i), "shop", fmt.Sprintf(`{"type":"nonsense","userId":"u%d"}`, i)))
	}
	return all
}

func tryMask(t *testing.T, all [2][]events.SQSMessage, fates []string) string {
	w := newWorld(t)
	batch := slices.Clone(all[0])
	failing := map[call]bool{}
	wantBack, poisoned := []string{}, 0
	for i, fate := range fates {
		switch fate {
		case "":
		case "poison":
			batch[i] = all[1][i]
			poisoned++
		default:
			failing[call{fate, "shop", event.Identifier(fmt.Sprintf("user:u%d", i))}] = true
			wantBack = append(wantBack, batch[i].MessageId)
		}
	}
	w.before = func(c call) error {
		if failing[c] {
			return throttled
		}
		return nil
	}
	if back := w.deliver(t, batch...); !slices.Equal(back, wantBack) {
		return fmt.Sprintf("%q go back, want %q", back, wantBack)
	}
	if problem := w.checkApplied(t, fates, true); problem != "" {
		return problem
	}
	if got := w.counts(t, "shop")["unknown_type"]; got != poisoned {
		return fmt.Sprintf("%d failed events are kept, want %d", got, poisoned)
	}
	w.before = nil
	again := slices.DeleteFunc(slices.Clone(batch), func(m events.SQSMessage) bool { return !slices.Contains(wantBack, m.MessageId) })
	if back := w.deliver(t, again...); len(back) > 0 {
		return fmt.Sprintf("%q go back when nothing fails", back)
	}
	return w.checkApplied(t, fates, false)
}

// checkApplied says whether exactly the good messages, and those that failed before unless they still do, are in the aggregates.
func (w *world) checkApplied(t *testing.T, fates []string, stillFailing bool) string {
	for i, fate := range fates {
		want := 1
		if fate == "poison" || fate != "" && stillFailing {
			want = 0
		}
		id := event.Identifier(fmt.Sprintf("user:u%d", i))
		if got := w.aggregate(t, id).Touchpoints; got != want {
			return fmt.Sprintf("%s has %d touchpoints, want %d", id, got, want)
		}
	}
	return ""
}

// Events of one message share its fate on the queue, and nothing else.
func TestMessageOfSeveralEvents(t *testing.T) {
	t.Parallel()
	good, poison := pageView("e1", user("1"), "2026-11-22T09:00:00Z"), `{"type":"nonsense"}`
	failing := pageView("e2", user("failing"), "2026-11-22T09:00:00Z")
	for _, test := range []struct {
		name   string
		events []string
		back   bool
		stored int // touchpoints of user 1
		kept   int // failed events
	}{
		{"good and poison", []string{good, poison}, false, 1, 1},
		{"good and failing", []string{good, failing}, true, 1, 0},
		{"all three", []string{poison, good, failing}, true, 1, 1},
		{"poison twice", []string{poison, poison}, false, 0, 2},
		{"a repeat within the message", []string{good, good}, false, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.before = func(c call) error {
				if c.id == "user:failing" {
					return throttled
				}
				return nil
			}
			m := message(t, "m", "shop", test.events...)
			for range 2 { // the second delivery changes nothing
				if back := w.deliver(t, m); (len(back) > 0) != test.back {
					t.Errorf("%q go back, want it to: %v", back, test.back)
				}
				if got := w.aggregate(t, "user:1").Touchpoints; got != test.stored {
					t.Errorf("%d touchpoints are counted, want %d", got, test.stored)
				}
				if got := w.counts(t, "shop")["unknown_type"]; got != test.kept {
					t.Errorf("%d failed events are kept, want %d", got, test.kept)
				}
			}
			w.before = nil
			if back := w.deliver(t, m); len(back) > 0 {
				t.Errorf("%q go back when nothing fails", back)
			}
			if test.stored > 0 {
				w.checkSound(t, "user:1")
			}
		})
	}
}

func TestEmptyBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if back := w.deliver(t); len(back) > 0 {
		t.Errorf("%q go back of an empty batch", back)
	}
}
