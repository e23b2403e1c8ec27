package handler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// nobody holds failed messages that name no workspace.
const nobody = "_unknown"

// read decodes every message and every event in it, and sorts the good from the bad.
func (h *Handler) read(ctx context.Context, records []events.SQSMessage) *batch {
	b := &batch{messages: records, retry: map[int]bool{}}
	for i, record := range records {
		envelope, err := h.Decode(record.Body)
		if err == nil {
			_, err = h.tenant(ctx, envelope.Workspace)
		}
		switch fault.KindOf(err) {
		case "":
			h.readEvents(b, i, envelope)
		case fault.Invalid, fault.NotFound:
			b.rejects = append(b.rejects, h.badMessage(i, record, err))
		default:
			h.give(ctx, b, []item{{message: i}}, "load workspace", err)
		}
	}
	return b
}

func (h *Handler) readEvents(b *batch, message int, envelope event.Envelope) {
	good := make([]event.Event, 0, len(envelope.Events))
	for i, raw := range envelope.Events {
		stamp := envelope.Stamp(i)
		e, err := event.Parse(raw, stamp)
		if err != nil {
			b.rejects = append(b.rejects, reject{message, h.failed(stamp, raw, err)})
			continue
		}
		good = append(good, e)
	}
	event.KeepOrder(good)
	for _, e := range good {
		one := item{message: message, event: e, replay: envelope.Replay}
		one.touchpoint = e.Touchpoint(string(h.Channels.Sign(e.Marketing)), h.Properties)
		b.items = append(b.items, one)
	}
}

// failed is the record of an event that can never be processed. Its id depends on the event alone, so a second delivery makes no second one.
func (h *Handler) failed(s event.Stamp, raw []byte, err error) event.Failed {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", s.Request, s.Index, raw))
	f := event.Failed{
		ID: hex.EncodeToString(sum[:12]), Workspace: s.Workspace, Source: s.Source, Class: fault.CodeOf(err), Reason: err.Error(),
		Handler: h.Version, Received: s.Received, Request: s.Request, Index: s.Index, SentAt: s.SentAt, Context: s.Context, Type: s.Type,
		Original: string(raw),
	}
	if known, ok := err.(*fault.Error); ok {
		f.Reason, f.Field = known.Message, known.Field
	}
	return f
}

// badMessage keeps a whole message that is no envelope, or one of a workspace that is not there.
func (h *Handler) badMessage(i int, record events.SQSMessage, err error) reject {
	s := event.Stamp{Workspace: nobody, Request: record.MessageId, Received: event.At(h.Now())}
	if envelope, decodeErr := h.Decode(record.Body); decodeErr == nil {
		s.Source, s.Received = envelope.Source, envelope.Received
	}
	return reject{i, h.failed(s, []byte(record.Body), err)}
}

// keepFailed stores every reject; a message whose rejects cannot be stored comes again.
func (h *Handler) keepFailed(ctx context.Context, b *batch) {
	for _, r := range b.rejects {
		if err := h.Failed.PutFailed(ctx, r.failed); err != nil {
			h.give(ctx, b, []item{{message: r.message}}, "keep failed event", err)
		}
	}
}

// forgetReplayed removes the failed-event records whose replay was accepted.
func (h *Handler) forgetReplayed(ctx context.Context, b *batch, ws string, items []item) {
	for _, i := range items {
		if i.replay == "" || b.retry[i.message] {
			continue
		}
		if err := h.Failed.DeleteFailed(ctx, ws, i.replay); err != nil {
			h.give(ctx, b, []item{i}, "remove replayed event", err)
		}
	}
}
