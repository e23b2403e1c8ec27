package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/trust"
	"waymark/shared/domain/workspace"
)

// read decodes every message and every event in it, and sorts the good from the bad.
func (h *Handler) read(ctx context.Context, records []events.SQSMessage) *batch {
	b := &batch{messages: records, retry: map[int]bool{}}
	for i, record := range records {
		var w workspace.Workspace
		envelope, err := h.Decode(record.Body)
		if err == nil {
			w, err = h.tenant(ctx, envelope.Workspace)
		}
		switch fault.KindOf(err) {
		case "":
			h.readEvents(b, i, envelope, h.asked(ctx, w, envelope), trust.Of(w, envelope.Source))
		case fault.Invalid, fault.NotFound:
			b.rejects = append(b.rejects, h.badMessage(i, record, err))
		default:
			h.requeue(ctx, b, []item{{message: i}}, "load workspace", err)
		}
	}
	return b
}

// asked is what the events of the envelope's source must be, by what is settled now. A plan that cannot be read asks nothing: it could be read when it
// was set, and no event is lost for it.
func (h *Handler) asked(ctx context.Context, w workspace.Workspace, e event.Envelope) event.Check {
	if len(e.Events) == 0 { // collect has asked
		return nil
	}
	check, err := h.Plans.For(w.PolicyOf(e.Source))
	if err != nil {
		slog.WarnContext(ctx, "tracking plan cannot be read", "workspace", w.Name, "source", e.Source, "error", err.Error())
	}
	return event.Both(check, judgeOf(w, e))
}

// judgeOf judges the events of an envelope as collect does; whoever replays one vouches for its time and its money.
func judgeOf(w workspace.Workspace, e event.Envelope) event.Check {
	source := trust.Of(w, e.Source)
	if e.Replay != "" {
		return source.JudgeReplay(e.Proven)
	}
	return source.Judge()
}

func (h *Handler) readEvents(b *batch, message int, envelope event.Envelope, asked event.Check, source trust.Source) {
	replay, whole := envelope.Replays()
	if whole != "" {
		b.wholes = append(b.wholes, reject{message: message, failed: event.Failed{ID: whole, Workspace: event.Nobody}})
	}
	if refusal, ok := envelope.Refusal(); ok {
		b.notes = append(b.notes, note{message, envelope.Workspace, refusal})
		return
	}
	accepted, rejected := envelope.Open(asked)
	for _, r := range rejected {
		b.rejects = append(b.rejects, reject{message, source.Kept(h.failed(r.Stamp, r.Raw, r.Err, replay)), replay != ""})
	}
	for _, e := range accepted {
		b.items = append(b.items, item{message: message, event: e, replay: replay})
	}
}

// failed is the record of an event that can never be processed. Its id depends on the event alone, so a second delivery makes no second one;
// that of a replay is the record's that is replayed, whatever was edited in between.
func (h *Handler) failed(s event.Stamp, raw []byte, err error, replay string) event.Failed {
	f := event.Failed{
		ID: replay, Workspace: s.Workspace, Source: s.Source,
		Received: s.Received, Request: s.Request, Index: s.Index, SentAt: s.SentAt, Context: s.Context, Type: s.Type,
		Original: string(raw),
	}
	if f.ID == "" {
		f.ID = recordID(fmt.Appendf(nil, "%s\x00%d\x00%s", s.Request, s.Index, raw))
	}
	return f.Judged(event.VerdictOf(err, h.Version))
}

func recordID(of []byte) string {
	sum := sha256.Sum256(of)
	return hex.EncodeToString(sum[:12])
}

// badMessage keeps a whole message that is no envelope, or one of a workspace that is not there. Its record's id depends on its text alone:
// put back on the queue it is another message.
func (h *Handler) badMessage(i int, record events.SQSMessage, err error) reject {
	s := event.Stamp{Workspace: event.Nobody, Request: record.MessageId, Received: event.At(h.Now())}
	replay := ""
	if envelope, decodeErr := h.Decode(record.Body); decodeErr == nil {
		s.Source, s.Received = envelope.Source, envelope.Received
		_, replay = envelope.Replays()
	}
	id := replay
	if id == "" {
		id = recordID([]byte(record.Body))
	}
	f := h.failed(s, []byte(record.Body), err, id)
	f.Whole = true
	return reject{i, f, replay != ""}
}

// keepFailed stores every reject; a message whose rejects cannot be stored comes again.
func (h *Handler) keepFailed(ctx context.Context, b *batch) {
	errs := make([]error, len(b.rejects))
	var writing sync.WaitGroup
	free := make(chan struct{}, max(1, h.Workers))
	for i, r := range b.rejects {
		if h.Workers < 2 {
			errs[i] = h.keep(ctx, r)
			continue
		}
		free <- struct{}{}
		writing.Go(func() {
			defer func() { <-free }()
			errs[i] = h.keep(ctx, r)
		})
	}
	writing.Wait()
	for i, err := range errs {
		if err != nil {
			h.requeue(ctx, b, []item{{message: b.rejects[i].message}}, "keep failed event", err)
		}
	}
}

// keep stores a reject. One that was replayed has its record already.
func (h *Handler) keep(ctx context.Context, r reject) error {
	if r.replayed {
		return h.Failed.FailedAgain(ctx, r.failed.Workspace, r.failed.ID, r.failed.Verdict())
	}
	return h.Failed.PutFailed(ctx, r.failed)
}

// keepNotes stores every refusal; a message whose refusal cannot be stored comes again, and is then the same one.
func (h *Handler) keepNotes(ctx context.Context, b *batch) {
	for _, n := range b.notes {
		if err := h.Refusals.PutRefusal(ctx, n.workspace, n.refusal); err != nil {
			h.requeue(ctx, b, []item{{message: n.message}}, "note refusal", err)
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
			h.requeue(ctx, b, []item{i}, "remove replayed event", err)
		}
	}
}

// forgetWholes removes the records of whole messages that could be read at last, once each of their events is accepted or kept on its own.
func (h *Handler) forgetWholes(ctx context.Context, b *batch) {
	for _, w := range b.wholes {
		if b.retry[w.message] {
			continue
		}
		if err := h.Failed.DeleteFailed(ctx, w.failed.Workspace, w.failed.ID); err != nil {
			h.requeue(ctx, b, []item{{message: w.message}}, "remove replayed message", err)
		}
	}
}
