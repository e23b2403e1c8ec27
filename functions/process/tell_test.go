package process_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
	told "waymark/shared/domain/fate"
	"waymark/shared/domain/workspace"
)

// told are the lines of the list of a workspace.
func (w *world) told(t testing.TB, ws string) []string {
	t.Helper()
	batches, _, err := w.Table.Fates(t.Context(), ws, "", 100)
	must(t, err)
	lines := []string{}
	for _, b := range batches {
		for _, e := range b.Events {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s %s", e.Fate, e.MessageID, e.Type, e.Name, e.Code, e.Reason)))
		}
	}
	return lines
}

// bad is a batch with an event of each fate, for the workspace shop.
func bad(t testing.TB) []events.SQSMessage {
	t.Helper()
	note := event.Envelope{
		Version: 2, Workspace: "shop", Source: "web", Received: event.At(received), Request: "r-2",
		Refused: &event.Refused{Code: "invalid_json", Events: 1, Reason: "the body is not JSON"},
	}
	return []events.SQSMessage{
		sentAs(t, "m-1", "shop", `{"type":"track","event":"Signed Up","messageId":"s1","userId":"jo@shop.example"}`, `{"type":"page","messageId":"s2"}`),
		messageOf(t, "m-2", note),
		sentAs(t, "m-3", "other", `{"type":"page","messageId":"o1","userId":"1"}`),
	}
}

// TestFatesAreListed: accepted, rejected and refused events of a workspace are listed with the reason; what they say of a person is not.
func TestFatesAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Debug = workspace.DebugAlways
	w.restart()
	w.deliver(t, bad(t)...)
	checkEqual(t, "what is listed of shop", w.told(t, "shop"), []string{
		"accepted s1 track Signed Up",
		"rejected s2 page  no_identifier the event needs a userId or an anonymousId (or an e-mail, phone, loyalty or device id)",
		"refused    invalid_json the body is not JSON",
	})
	checkEqual(t, "what is listed of other", w.told(t, "other"), []string{"accepted o1 page"})
	batches, err := w.Table.LatestFates(t.Context(), "shop", 1)
	must(t, err)
	first := batches[0].Events[0]
	if first.Person != "user "+first.Person[5:] || len(first.Person) != 9 || strings.Contains(fmt.Sprintf("%+v", batches), "jo@") {
		t.Errorf("the person is listed as %+v, want a kind and four digits", first)
	}
}

// TestNobodyWatches: nothing is read or written for a list that nobody looks at; and a look lists what comes from then on, for a while.
func TestNobodyWatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calls := map[string]int{}
	count := func(name string, apply func() error) error {
		calls[name]++
		return apply()
	}
	w.hook(count)
	w.deliver(t, bad(t)...)
	if calls["put fates"] != 0 || calls["workspace"] != 2 {
		t.Errorf("a batch of two workspaces that nobody watches makes %v, want two reads of a workspace and no list", calls)
	}
	watch, _ := workspace.Watch{}.Look(event.At(received))
	must(t, w.Table.Watch(t.Context(), "shop", watch))
	w.restart()
	w.deliver(t, bad(t)...)
	if got := len(w.told(t, "shop")) + len(w.told(t, "other")); got != 3 || calls["put fates"] != 1 {
		t.Errorf("of the watched workspace %d events are listed by %d calls, want 3 by one", got, calls["put fates"])
	}
	w.Now = watch.Until.Time()
	w.restart()
	w.deliver(t, bad(t)...)
	if calls["put fates"] != 1 {
		t.Error("events are listed though nobody has looked for long")
	}
}

// TestListIsNoTruth: a list that cannot be written, or hangs, holds up nothing and goes back to no queue.
func TestListIsNoTruth(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]error{"throttled": throttled, "a defect": errors.New("broken")} {
		w := newWorld(t)
		w.Debug = workspace.DebugAlways
		w.hook(func(call string, apply func() error) error {
			if call == "put fates" {
				return fails
			}
			return apply()
		})
		if back := w.deliver(t, bad(t)...); len(back) > 0 {
			t.Errorf("%s: the messages %v go back, want none", name, back)
		}
		if got := len(w.told(t, "shop")); got != 0 {
			t.Errorf("%s: %d events are listed", name, got)
		}
	}
	w := newWorld(t)
	config := w.handler.Config
	config.Debug, config.Fates = workspace.DebugAlways, hanging{}
	w.handler.Config = config
	if back := w.deliver(t, bad(t)...); len(back) > 0 {
		t.Errorf("a list that hangs: the messages %v go back, want none", back)
	}
}

// hanging is a list that never answers.
type hanging struct{}

func (hanging) PutFates(ctx context.Context, _ string, _ told.Batch) error {
	if _, isLimited := ctx.Deadline(); !isLimited {
		return nil // and nobody would ever know
	}
	<-ctx.Done()
	return ctx.Err()
}

// TestRetriedEventsAreListed: what goes back to the queue says so, and is accepted when it comes again.
func TestRetriedEventsAreListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Debug = workspace.DebugAlways
	isDown := true
	w.hook(func(call string, apply func() error) error {
		if isDown && call == "put pages" {
			return throttled
		}
		return apply()
	})
	message := sentAs(t, "m", "shop", `{"type":"page","messageId":"s1","userId":"1"}`)
	w.deliver(t, message)
	isDown = false
	w.Advance(time.Second)
	w.deliver(t, message)
	checkEqual(t, "what is listed", w.told(t, "shop"), []string{
		"failed s1 page  retried it could not be stored now and comes again; after five tries it is a dead letter", "accepted s1 page",
	})
}
