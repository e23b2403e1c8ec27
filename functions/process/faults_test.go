package process_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// lively is a batch that makes every kind of call: two messages of shop, the second with a link, traits and an order; one of other; one poison; a note of
// a refusal; replays of an event that is good now, of one that is still bad, and of a whole message.
func lively(t *testing.T) []events.SQSMessage {
	t.Helper()
	replay := envelope("r-old", "shop", pageView("e9", user("9"), "2026-11-22T09:00:00Z"))
	replay.Replay = "old-failure"
	again := envelope("r-older", "shop", `{"type":"nonsense"}`)
	again.Replay = "older-failure"
	whole := event.Failed{ID: "unreadable"}.Carries(envelope("r-oldest", "shop", pageView("e8", user("8"), "2026-11-22T09:00:00Z")))
	refused := envelope("r-refused", "shop")
	refused.Refused = &event.Refused{Code: "invalid_json", Events: 3}
	return []events.SQSMessage{
		sentAs(t, "page", "shop", pageView("e1", user("1"), "2026-11-22T09:00:00Z")),
		sentAs(
			t, "buyer", "shop",
			`{"type":"identify","messageId":"e2","userId":"2","anonymousId":"a","timestamp":"2026-11-22T09:00:00Z","traits":{"plan":"gold"}}`,
			order("e3", user("2"), "2026-11-22T09:01:00Z", "o1", "5"),
		),
		sentAs(t, "other", "other", pageView("e1", user("1"), "2026-11-22T09:00:00Z")),
		sentAs(t, "poison", "shop", `{"type":"nonsense"}`),
		messageOf(t, "note", refused), messageOf(t, "replay", replay), messageOf(t, "again", again), messageOf(t, "whole", whole),
	}
}

// Each call may fail, and each failure concerns as few messages as can be. When what went back comes again, all is as if nothing had been.
func TestFailingCalls(t *testing.T) {
	t.Parallel()
	undisturbed := newWorld(t)
	names := []string{}
	undisturbed.hook(func(name string, apply func() error) error {
		names = append(names, name)
		return apply()
	})
	undisturbed.deliver(t, lively(t)...)
	shop, one := []string{"page", "buyer", "replay", "whole"}, func(id string) []string { return []string{id} }
	want := []struct {
		call string
		back []string
	}{
		{"workspace", one("page")},
		{"workspace", one("other")}, // each asks again: the next message of shop finds it
		{"put pages", one("other")},
		{"put batch", one("other")},
		{"put pages", shop},
		{"evidence", shop},
		{"put links", shop},
		{"put claims", shop},
		{"claims", shop},
		{"put batch", shop},
		{"delete failed", one("replay")},
		{"put failed", one("poison")},
		{"failed again", one("again")},
		{"put refusal", one("note")},
		{"delete failed", one("whole")},
	}
	for n := range max(len(names), len(want)) {
		if n >= len(names) || n >= len(want) || names[n] != want[n].call {
			t.Fatalf("the calls are %q, want %v", names, want)
		}
		for _, isApplied := range []bool{false, true} {
			w := newWorld(t)
			left := n
			w.hook(func(_ string, apply func() error) error {
				left--
				if left != -1 {
					return apply()
				}
				if isApplied {
					_ = apply()
				}
				return throttled
			})
			batch := lively(t)
			back := w.deliver(t, batch...)
			what := fmt.Sprintf("with call %d failing, %s, applied %v", n, names[n], isApplied)
			checkEqual(t, "messages that go back "+what, back, want[n].back)
			again := slices.DeleteFunc(batch, func(m events.SQSMessage) bool { return !slices.Contains(back, m.MessageId) })
			checkEqual(t, "messages that go back when nothing fails", w.deliver(t, again...), []string{})
			w.checkSame(t, what, undisturbed)
		}
	}
}

// checkSame compares everything stored and recorded, and the refusals.
func (w *world) checkSame(t *testing.T, what string, undisturbed *world) {
	t.Helper()
	for _, ns := range []workspace.Namespace{"shop", "other"} {
		if got, want := w.stored(t, ns), undisturbed.stored(t, ns); got != want {
			t.Errorf("%s: stored of %s\n%s\nwant, as undisturbed,\n%s", what, ns, got, want)
		}
	}
	got, err := w.Table.Refusals(t.Context(), "shop", "2026-11-22")
	must(t, err)
	want, err := undisturbed.Table.Refusals(t.Context(), "shop", "2026-11-22")
	must(t, err)
	checkEqual(t, "refusals", got, want)
}

var errCrash = errors.New("the process was killed")

// A process may die at any call; the queue then delivers the whole batch again, to another process.
func TestCrashAtEveryCall(t *testing.T) {
	t.Parallel()
	undisturbed := newWorld(t)
	undisturbed.deliver(t, lively(t)...)
	for n, ended := 0, false; !ended; n++ {
		for _, isApplied := range []bool{false, true} {
			w := newWorld(t)
			left := n
			w.hook(func(_ string, apply func() error) error {
				if left--; left >= 0 {
					return apply()
				}
				if isApplied {
					_ = apply()
				}
				panic(errCrash)
			})
			func() {
				defer func() {
					if r := recover(); r != nil && r != errCrash {
						panic(r)
					}
				}()
				_, _ = w.handler.Handle(t.Context(), events.SQSEvent{Records: lively(t)})
				ended = true
			}()
			w.hook(nil)
			checkEqual(t, "messages that go back when nothing fails", w.deliver(t, lively(t)...), []string{})
			if w.checkSame(t, fmt.Sprint("after a crash at call ", n, ", applied ", isApplied), undisturbed); t.Failed() {
				return
			}
		}
	}
}
