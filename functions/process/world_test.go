package process_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/process"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/person"
)

// received is when the tests' requests come in.
var received = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// channels are the built-in rules; reading them once is enough.
var channels = sync.OnceValues(model.Channels)

// throttled is what a store answers when it may do the same call later.
var throttled = fault.New(fault.Unavailable, "throttled", "injected")

// world is a handler over stores in memory, with the workspaces shop and other.
type world struct {
	*stores
	config  process.Config
	handler *process.Handler
	now     atomic.Int64 // milliseconds
	ids     atomic.Int64
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{stores: &stores{Table: memory.NewTable(), archive: memory.NewArchive()}}
	w.at(received)
	for _, name := range []string{"shop", "other"} {
		tenant, err := workspace.New(name, "Europe/London", "GBP", "default")
		must(t, err)
		must(t, w.PutWorkspace(t.Context(), tenant))
	}
	rules, err := channels()
	must(t, err)
	bots, err := model.Bots()
	must(t, err)
	clock := func() time.Time { return time.UnixMilli(w.now.Load()).UTC() }
	w.Table.Now = clock
	s := w.stores
	w.config = process.Config{
		Workspaces: s, Timeline: s, History: s, Traits: s, Links: s, Claims: s, Marks: s, Failed: s, Refusals: s, Archive: s, Index: s,
		Channels: rules, Bots: bots, Model: model.Stages, Properties: model.Properties(), Decode: queue.Decode, ObjectKey: archive.Key,
		Version: "test", Now: clock, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Jitter: func(time.Duration) time.Duration { return 0 }, NewID: func() string { return fmt.Sprint(w.ids.Add(1)) }, Workers: 1,
	}
	w.handler = process.New(w.config)
	return w
}

// restart is a new process on the same stores.
func (w *world) restart() { w.handler = process.New(w.config) }

// at sets the clock.
func (w *world) at(now time.Time) { w.now.Store(now.UnixMilli()) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// message is a message of the queue as collect writes it; its request's id is that of the message.
func message(t testing.TB, id, ws string, raw ...string) events.SQSMessage {
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
	body, err := queue.Encode(e)
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
		if back := w.deliver(t, message(t, fmt.Sprintf("m%d", w.ids.Add(1)), "shop", one)); len(back) > 0 {
			t.Fatalf("the message goes back: %s", one)
		}
	}
}

// pageView is the smallest touchpoint.
func pageView(id, who, at string) string {
	return fmt.Sprintf(`{"type":"page","messageId":%q,%s,"timestamp":%q}`, id, who, at)
}

// order is an Order Completed.
func order(id, who, at, orderID, revenue string) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","messageId":%q,%s,"timestamp":%q,"properties":{"order_id":%q,"revenue":%s}}`,
		id, who, at, orderID, revenue)
}

// user and visitor name who an event is of.
func user(id string) string    { return fmt.Sprintf(`"userId":%q`, id) }
func visitor(id string) string { return fmt.Sprintf(`"anonymousId":%q`, id) }

// root is the person that an identifier belongs to.
func (w *world) root(t testing.TB, id event.Identifier) event.Identifier {
	t.Helper()
	loaded, err := person.Load(t.Context(), w.Table, "shop", []event.Identifier{id})
	must(t, err)
	return loaded.Root(id)
}

// marks lists which identifiers each day is marked for, as "2026-11-22 user:1 user:2".
func (w *world) marks(t testing.TB, ws string) []string {
	t.Helper()
	marks, err := w.Table.Marks(t.Context(), ws, event.At(received.AddDate(10, 0, 0)))
	must(t, err)
	byDay := map[string][]string{}
	for _, m := range marks {
		if m.Grain != period.Day {
			t.Errorf("process marks a %s, want days alone", m.Grain)
		}
		key := m.Key
		if m.OfPersons() {
			key = "parted:"
		}
		for _, id := range m.Identifiers {
			byDay[key] = append(byDay[key], string(id))
		}
	}
	var out []string
	for day, ids := range byDay {
		slices.Sort(ids)
		out = append(out, day+" "+strings.Join(slices.Compact(ids), " "))
	}
	slices.Sort(out)
	return out
}

// clearMarks forgets what is marked.
func (w *world) clearMarks(t testing.TB) {
	t.Helper()
	marks, err := w.Table.Marks(t.Context(), "shop", event.At(received.AddDate(10, 0, 0)))
	must(t, err)
	handles := []string{}
	for _, m := range marks {
		handles = append(handles, m.Handle)
	}
	must(t, w.Table.DeleteMarks(t.Context(), "shop", handles))
}

// aggregate is what is stored of an identifier of shop.
func (w *world) aggregate(t testing.TB, id event.Identifier) profile.Aggregate {
	t.Helper()
	a, _, err := w.Table.Load(t.Context(), "shop", id, nil)
	must(t, err)
	return a
}

// checkSound holds the aggregate of an identifier against its timeline.
func (w *world) checkSound(t testing.TB, id event.Identifier) {
	t.Helper()
	a, stored, err := w.Table.Timeline(t.Context(), "shop", id)
	must(t, err)
	stages, err := model.Stages("default")
	must(t, err)
	want := profile.Fold(event.Distinct(stored), func(tp event.Touchpoint) string { name, _ := stages.Evidence(tp); return string(name) })
	want.Version, want.Model = a.Version, stages.ID()
	if string(a.Bytes()) != string(want.Bytes()) {
		t.Errorf("the aggregate is\n%s\nwant the fold of its timeline\n%s", a.Bytes(), want.Bytes())
	}
}

// counts are the failed events of a workspace by class.
func (w *world) counts(t testing.TB, ws string) map[string]int {
	t.Helper()
	counts, err := w.FailedCounts(t.Context(), ws)
	must(t, err)
	return counts
}

func checkEqual[T any](t testing.TB, what string, got, want []T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}
