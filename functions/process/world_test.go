package process_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/process"
	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// received is when the tests' requests come in.
var received = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// throttled is what a store answers when it may do the same call later.
var throttled = fault.New(fault.Unavailable, "throttled", "injected")

// world is a handler over stores in memory, with the workspaces shop and other.
type world struct {
	*system.System
	handler *process.Handler
	sent    int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{System: system.New(t, system.Shop(), workspace.Workspace{Name: "other", Zone: "UTC", Currency: "EUR", Model: "default", Created: 1})}
	w.Now = received
	w.restart()
	return w
}

// restart is a new process on the same stores, whose calls are made as Call says now.
func (w *world) restart() { w.handler = w.Process(w.Ports()) }

// hook is what happens to calls from now on, in a new process.
func (w *world) hook(call func(name string, apply func() error) error) {
	w.Call = call
	w.restart()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sentAs is a message of the queue as collect writes it; its request's id is that of the message.
func sentAs(t testing.TB, id, ws string, raw ...string) events.SQSMessage {
	t.Helper()
	return messageOf(t, id, envelope(id, ws, raw...))
}

func envelope(request, ws string, raw ...string) event.Envelope {
	e := event.Envelope{Version: event.EnvelopeVersion, Workspace: ws, Source: "web", Received: event.At(received), Request: request}
	for _, one := range raw {
		e.Events = append(e.Events, json.RawMessage(one))
	}
	return e
}

func messageOf(t testing.TB, id string, e event.Envelope) events.SQSMessage {
	t.Helper()
	body, err := message.Encode(e)
	must(t, err)
	return events.SQSMessage{MessageId: id, Body: body}
}

// deliver hands messages over in one batch and gives the ids that go back. An id that is empty, unknown or named twice fails the test.
func (w *world) deliver(t testing.TB, messages ...events.SQSMessage) []string {
	t.Helper()
	response, err := w.handler.Handle(t.Context(), events.SQSEvent{Records: messages})
	must(t, err)
	if response.BatchItemFailures == nil {
		t.Errorf("the list of failures is null, want a list: Lambda takes null as none, other readers need not")
	}
	back := []string{}
	for _, f := range response.BatchItemFailures {
		known := slices.ContainsFunc(messages, func(m events.SQSMessage) bool { return m.MessageId == f.ItemIdentifier })
		if f.ItemIdentifier == "" || !known || slices.Contains(back, f.ItemIdentifier) {
			t.Fatalf("the answer names %q, want each failed message once", f.ItemIdentifier)
		}
		back = append(back, f.ItemIdentifier)
	}
	return back
}

// accept delivers events of the workspace shop, each in a message of its own, all of which must be taken.
func (w *world) accept(t testing.TB, raw ...string) {
	t.Helper()
	for _, one := range raw {
		w.sent++
		if back := w.deliver(t, sentAs(t, fmt.Sprint("m", w.sent), "shop", one)); len(back) > 0 {
			t.Fatalf("the message goes back: %s", one)
		}
	}
}

func pageView(id, who, at string) string {
	return fmt.Sprintf(`{"type":"page","messageId":%q,%s,"timestamp":%q}`, id, who, at)
}

func order(id, who, at, orderID, revenue string) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","messageId":%q,%s,"timestamp":%q,"properties":{"order_id":%q,"revenue":%s}}`,
		id, who, at, orderID, revenue)
}

// user and visitor name who an event is of.
func user(id string) string    { return fmt.Sprintf(`"userId":%q`, id) }
func visitor(id string) string { return fmt.Sprintf(`"anonymousId":%q`, id) }

// touchpoints are what is stored of an identifier, without repeats.
func (w *world) touchpoints(t testing.TB, ns workspace.Namespace, id event.Identifier) []event.Touchpoint {
	t.Helper()
	partitions, err := w.Table.Partitions(t.Context(), ns, []event.Identifier{id})
	must(t, err)
	return event.Distinct(partitions[0].Touchpoints)
}

// counts are the failed events of a workspace by class.
func (w *world) counts(t testing.TB, ws string) map[string]int {
	t.Helper()
	counts, err := w.Table.FailedCounts(t.Context(), ws)
	must(t, err)
	return counts
}

// kept are all failed events of a workspace.
func (w *world) kept(t testing.TB, name string) []event.Failed {
	t.Helper()
	kept, _, err := w.Table.Failed(t.Context(), name, "", "", 1000)
	must(t, err)
	return kept
}

// records are those of the batches of a workspace.
func (w *world) records(t testing.TB, ns workspace.Namespace) []ledger.Batch {
	t.Helper()
	batches, _, err := w.Table.Batches(t.Context(), ns, "", 10_000)
	must(t, err)
	return batches
}

// stored is everything stored of a workspace, whom records name and the accepted events that they hold, each once.
func (w *world) stored(t testing.TB, ns workspace.Namespace) string {
	t.Helper()
	lines := map[string]bool{}
	for line := range strings.Lines(w.Table.Dump()) {
		if strings.HasPrefix(line, string(ns)+" ") || strings.HasPrefix(line, event.Nobody+" ") {
			lines[line] = true
		}
	}
	for _, b := range w.records(t, ns) {
		for _, id := range b.Identifiers {
			lines["recorded "+string(id)+"\n"] = true
		}
		for _, r := range b.Events {
			text, err := json.Marshal(r)
			must(t, err)
			lines["accepted "+string(text)+"\n"] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(lines)), "")
}

func checkEqual[T any](t testing.TB, what string, got, want []T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}
