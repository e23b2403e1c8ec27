// Package process turns queued events into stored ones: it opens the messages of a batch, hands the accepted events to package ingest, workspace by
// workspace, and keeps what can never be processed as failed events. It counts nothing; package settle does, from what is stored.
//
// The folder lambda beside it holds main, so that the simulator runs the very code that Lambda runs. It opens nothing: main wires it.
package process

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/plan"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/ingest"
)

// Workers is how many failed events are written at a time: each waits for the table, and a batch may hold 2,500 of them.
const Workers = 16

// Config is what the handler needs. Every field must be set but Workers.
type Config struct {
	Workspaces Workspaces
	Ingest     *ingest.Applier
	Failed     FailedEvents
	Refusals   Refusals
	Fates      Fates
	Debug      workspace.DebugMode // when it is listed what becomes of events
	Properties event.Keep          // what every touchpoint keeps
	Plans      *plan.Checker       // what sources demand of their events
	Decode     func(body string) (event.Envelope, error)
	Version    string // of this program, kept with failed events
	Now        func() time.Time
	Workers    int // failed events that are written at a time; one after the other below 2
}

// Handler applies batches of the touchpoint queue.
type Handler struct {
	Config
	tenants tenants
}

// New returns a handler.
func New(c Config) *Handler {
	return &Handler{Config: c, tenants: newTenants()}
}

// batch is one invocation's work: what was read from the messages, and which messages must come again.
type batch struct {
	messages []events.SQSMessage
	items    []item
	rejects  []reject
	notes    []note
	wholes   []reject     // replays of whole messages: their records alone
	retry    map[int]bool // by index into messages
}

// item is one accepted event and the message it came in.
type item struct {
	message int
	event   event.Event
	replay  string
}

// note is one request that was refused, and the message that says so.
type note struct {
	message   int
	workspace string
	refusal   event.Refusal
}

// reject is one event that can never be processed, and the message it came in.
type reject struct {
	message  int
	failed   event.Failed
	replayed bool // it failed before, and its record is there
}

// Handle takes one batch. Only messages that may succeed later go back to the queue; a permanently bad event goes to the failed-events store
// and does not hold up the others.
func (h *Handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	begun := h.Now()
	b := h.read(ctx, e.Records)
	tenants := byWorkspace(b.items)
	for _, name := range slices.Sorted(maps.Keys(tenants)) {
		h.apply(ctx, b, name, tenants[name])
	}
	h.keepFailed(ctx, b)
	h.keepNotes(ctx, b)
	h.forgetWholes(ctx, b)
	h.tell(ctx, b)
	slog.InfoContext(ctx, "batch processed", "messages", len(e.Records), "events", len(b.items), "rejected", len(b.rejects),
		"refusals", len(b.notes), "retried_messages", len(b.retry), "took_ms", h.Now().Sub(begun).Milliseconds())
	return b.answer()
}

// apply stores the events of one workspace. All of them are tried again when that fails: storing again what is stored changes nothing.
func (h *Handler) apply(ctx context.Context, b *batch, name string, items []item) {
	w, err := h.tenant(ctx, name)
	if err != nil {
		h.requeue(ctx, b, items, "load workspace", err)
		return
	}
	if err := h.Ingest.Apply(ctx, w.Namespace(), h.input(w, items)); err != nil {
		h.requeue(ctx, b, items, "store events", err)
		return
	}
	h.forgetReplayed(ctx, b, name, items)
}

// input is what ingestion needs of accepted events.
func (h *Handler) input(w workspace.Workspace, items []item) ingest.Input {
	in := ingest.Input{
		Events: make([]event.Record, len(items)), Traits: make([]map[string]json.RawMessage, len(items)), OrderScope: w.OrderScope,
	}
	for i := range items {
		e := items[i].event
		e.Marketing = channel.Sent(e.Marketing)
		in.Events[i] = e.Record(w.PolicyOf(e.Source).Keep(h.Properties))
		in.Traits[i] = profile.Said(e)
	}
	return in
}

// requeue sends the messages of these items back to the queue.
func (h *Handler) requeue(ctx context.Context, b *batch, items []item, doing string, err error) {
	slog.WarnContext(ctx, "messages go back to the queue", "while", doing, "kind", fault.KindOf(err), "error", err.Error())
	for _, i := range items {
		b.retry[i.message] = true
	}
}

// answer names each message that must come again, once. An empty identifier would make Lambda take the whole batch for failed, without a word
// why; so a message without one, which no queue sends, makes the batch fail in so many words.
func (b *batch) answer() (events.SQSEventResponse, error) {
	response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	named := map[string]bool{}
	for i, m := range b.messages {
		if !b.retry[i] || named[m.MessageId] {
			continue
		}
		if m.MessageId == "" {
			return response, fault.New(fault.Unavailable, "no_message_id", "a message that must come again has no id, so the whole batch must")
		}
		named[m.MessageId] = true
		response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
	}
	return response, nil
}

func byWorkspace(items []item) map[string][]item {
	out := map[string][]item{}
	for _, i := range items {
		out[i.event.Workspace] = append(out[i.event.Workspace], i)
	}
	return out
}
