// Package process turns queued events into counted touchpoints: it finds out who they belong to, writes timelines, aggregates and joins by the
// counting protocol (docs/adr/0005), archives what was accepted and marks the windows that must be computed anew.
//
// The folder lambda beside it holds main, so that the simulator runs the very code that Lambda runs. It opens nothing: main wires it.
package process

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/bot"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
)

// Config is what the handler needs. Every field must be set.
type Config struct {
	Workspaces Workspaces
	Timeline   Timeline
	History    History
	Traits     Traits
	Links      Links
	Claims     Claims
	Marks      Marks
	Failed     FailedEvents
	Refusals   Refusals
	Archive    Archive
	Index      ArchiveIndex

	Channels   *channel.Rules
	Bots       *bot.Rules
	Model      func(name string) (*stage.Model, error)
	Properties map[string]bool // that a touchpoint may keep
	Decode     func(body string) (event.Envelope, error)
	ObjectKey  func(ws string, arrived event.Millis, id string) string

	Version string // of this program, kept with failed events
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error
	Jitter  func(ceiling time.Duration) time.Duration // a random wait below the ceiling
	NewID   func() string                             // unique, for archive objects
	Workers int                                       // identifiers written at the same time
}

// Handler applies batches of the touchpoint queue.
type Handler struct {
	Config
	tenants tenants
}

// New returns a handler.
func New(c Config) *Handler {
	return &Handler{Config: c, tenants: tenants{byName: map[string]tenant{}}}
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
	message    int
	event      event.Event
	touchpoint event.Touchpoint
	replay     string
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
	b := h.read(ctx, e.Records)
	tenants := byWorkspace(b.items)
	for _, name := range sortedKeys(tenants) {
		h.apply(ctx, b, name, tenants[name])
	}
	h.keepFailed(ctx, b)
	h.keepNotes(ctx, b)
	h.forgetWholes(ctx, b)
	slog.InfoContext(ctx, "batch processed", "messages", len(e.Records), "events", len(b.items), "rejected", len(b.rejects), "refusals", len(b.notes), "retried_messages", len(b.retry))
	return b.answer()
}

// apply writes the events of one workspace: archive, then pages and aggregates, then the joins, then the marks of dirty windows.
func (h *Handler) apply(ctx context.Context, b *batch, name string, items []item) {
	t, err := h.tenant(ctx, name)
	if err != nil {
		h.give(ctx, b, items, "load workspace", err)
		return
	}
	if err := h.archive(ctx, t, items); err != nil {
		h.give(ctx, b, items, "write archive", err)
		return
	}
	m := newMarks(t)
	items = h.write(ctx, b, t, m, items)
	steps := []struct {
		doing string
		do    func(context.Context, tenant, *marks, []item) error
	}{{"join traits", h.joinTraits}, {"join links", h.joinLinks}, {"claim orders", h.claimOrders}}
	for _, step := range steps {
		if err := step.do(ctx, t, m, items); err != nil {
			h.give(ctx, b, items, step.doing, err)
			return
		}
	}
	if err := h.Marks.PutMarks(ctx, t.Space(), m.Marks()); err != nil {
		h.give(ctx, b, items, "mark windows", err)
		return
	}
	h.forgetReplayed(ctx, b, name, items)
}

// give sends the messages of these items back to the queue.
func (h *Handler) give(ctx context.Context, b *batch, items []item, doing string, err error) {
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
