package process_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
)

// lively is a batch that makes every kind of call: two messages of shop, the second with a link, traits and an order; one of other; one poison;
// replays of an event that is good now, of one that is still bad, and of a whole message.
func lively(t *testing.T) []events.SQSMessage {
	t.Helper()
	replay := envelope("r-old", "shop", pageView("e9", user("9"), "2026-11-22T09:00:00Z"))
	replay.Replay = "old-failure"
	again := envelope("r-older", "shop", `{"type":"nonsense"}`)
	again.Replay = "older-failure"
	whole := event.Failed{ID: "unreadable"}.Carries(envelope("r-oldest", "shop", pageView("e8", user("8"), "2026-11-22T09:00:00Z")))
	return []events.SQSMessage{
		message(t, "page", "shop", pageView("e1", user("1"), "2026-11-22T09:00:00Z")),
		message(
			t, "buyer", "shop",
			`{"type":"identify","messageId":"e2","userId":"2","anonymousId":"a","timestamp":"2026-11-22T09:00:00Z","traits":{"plan":"gold"}}`,
			order("e3", user("2"), "2026-11-22T09:01:00Z", "o1", "5"),
		),
		message(t, "other", "other", pageView("e1", user("1"), "2026-11-22T09:00:00Z")),
		message(t, "poison", "shop", `{"type":"nonsense"}`),
		messageOf(t, "replay", replay),
		messageOf(t, "again", again),
		messageOf(t, "whole", whole),
	}
}

// Each call may fail for a while, and each failure concerns as few messages as can be.
func TestFailingCalls(t *testing.T) {
	t.Parallel()
	undisturbed := newWorld(t)
	if back := undisturbed.deliver(t, lively(t)...); len(back) > 0 {
		t.Fatalf("%q go back when nothing fails", back)
	}
	shop := []string{"page", "buyer", "replay", "whole"}
	for _, test := range []struct {
		call call
		back []string
	}{
		{call{"workspace", "shop", ""}, []string{"page", "buyer", "poison", "replay", "again", "whole"}},
		{call{"workspace", "other", ""}, []string{"other"}},
		{call{"archive", "shop", ""}, shop},
		{call{"archive index", "shop", ""}, shop},
		{call{"archive", "other", ""}, []string{"other"}},
		{call{"load", "shop", "user:1"}, []string{"page"}},
		{call{"put page", "shop", "user:2"}, []string{"buyer"}},
		{call{"commit", "shop", "user:9"}, []string{"replay"}},
		{call{"traits", "shop", "user:2"}, shop},
		{call{"put traits", "shop", "user:2"}, shop},
		{call{"evidence", "shop", ""}, shop},
		{call{"put link", "shop", "anon:a"}, shop},
		{call{"nodes", "shop", ""}, shop},
		{call{"load", "shop", "anon:a"}, shop},
		{call{"claims", "shop", ""}, shop},
		{call{"put claims", "shop", ""}, shop},
		{call{"put marks", "shop", ""}, shop},
		{call{"put marks", "other", ""}, []string{"other"}},
		{call{"put failed", "shop", ""}, []string{"poison"}},
		{call{"delete failed", "shop", ""}, []string{"replay"}},
		{call{"failed again", "shop", ""}, []string{"again"}},
		{call{"delete failed", event.Nobody, ""}, []string{"whole"}},
	} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v applied %v", test.call, applied), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				fail := func(c call) error {
					if c == test.call {
						return throttled
					}
					return nil
				}
				w.before = fail
				if applied {
					w.before, w.after = nil, fail
				}
				batch := lively(t)
				back := w.deliver(t, batch...)
				checkEqual(t, "messages that go back", back, test.back)
				w.before, w.after = nil, nil
				again := slices.DeleteFunc(batch, func(m events.SQSMessage) bool { return !slices.Contains(back, m.MessageId) })
				if back := w.deliver(t, again...); len(back) > 0 {
					t.Errorf("%q go back when nothing fails", back)
				}
				w.checkSame(t, undisturbed)
			})
		}
	}
}

// checkSame compares everything stored and everything marked.
func (w *world) checkSame(t *testing.T, undisturbed *world) {
	t.Helper()
	if got, want := w.Dump(), undisturbed.Dump(); got != want {
		t.Errorf("stored\n%s\nwant, as undisturbed,\n%s", got, want)
	}
	for _, ws := range []string{"shop", "other"} {
		checkEqual(t, "marks of "+ws, w.marks(t, ws), undisturbed.marks(t, ws))
	}
}

var errCrash = errors.New("the process was killed")

// A process may die at any call; the queue then delivers the whole batch again, to another process.
func TestCrashAtEveryCall(t *testing.T) {
	t.Parallel()
	undisturbed := newWorld(t)
	undisturbed.deliver(t, lively(t)...)
	calls := len(undisturbed.sites())
	if calls < 25 {
		t.Fatalf("the batch makes %d calls, want them to be many", calls)
	}
	for n := range calls {
		for _, applied := range []bool{false, true} {
			w := newWorld(t)
			at := 0
			die := func(call) error {
				if at++; at > n {
					panic(errCrash)
				}
				return nil
			}
			w.before = die
			if applied {
				w.before, w.after = nil, die
			}
			w.crash(t, lively(t))
			w.before, w.after = nil, nil
			w.restart()
			if back := w.deliver(t, lively(t)...); len(back) > 0 {
				t.Errorf("%q go back when nothing fails", back)
			}
			w.checkSame(t, undisturbed)
			if t.Failed() {
				t.Fatalf("after a crash at call %d of %d, applied %v", n+1, calls, applied)
			}
		}
	}
}

// crash delivers a batch to a process that dies.
func (w *world) crash(t *testing.T, batch []events.SQSMessage) {
	t.Helper()
	defer func() {
		if r := recover(); r != errCrash {
			t.Fatalf("the process ended with %v, want the injected crash", r)
		}
	}()
	_, err := w.handler.Handle(t.Context(), events.SQSEvent{Records: batch})
	t.Fatalf("the process did not crash: %v", err)
}

// A workspace whose settings cannot be used is no fault of its events: they wait until it is mended.
func TestUnusableWorkspace(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"model", "zone"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			shop, err := w.Table.Workspace(t.Context(), "shop")
			must(t, err)
			broken := shop
			switch setting {
			case "model":
				broken.Model = "no-such-model"
			case "zone":
				broken.Zone = "Mars/Olympus"
			}
			must(t, w.PutWorkspace(t.Context(), broken))
			m := message(t, "m", "shop", pageView("e1", user("1"), "2026-11-22T09:00:00Z"))
			checkEqual(t, "messages that go back", w.deliver(t, m), []string{"m"})
			must(t, w.PutWorkspace(t.Context(), shop))
			checkEqual(t, "messages that go back once it is mended", w.deliver(t, m), []string{})
			if got := w.aggregate(t, "user:1").Touchpoints; got != 1 {
				t.Errorf("%d touchpoints are counted, want 1", got)
			}
		})
	}
}
