package collect

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// noteTimeout bounds how long a client waits for its refusal to be noted.
const noteTimeout = time.Second

// noteRefusal queues a note that a request is refused, so that it can be counted for the source whose write key it came with. Whoever sends
// without such a key belongs to no source, and is not counted. A note that cannot be queued is not worth an answer: the client gets its refusal,
// and the log a warning.
func (h *Handler) noteRefusal(ctx context.Context, r httpapi.Request, p payload, refusal error) {
	if kind := fault.KindOf(refusal); kind != fault.Invalid && kind != fault.Forbidden || r.Method == http.MethodHead {
		return
	}
	if p.key == "" {
		p.key = keyWithin(r.Body)
	}
	text, err := agreedKey(r.Basic(), p.key, r.Query.Get("writeKey"))
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	key, err := h.keyring.Find(ctx, text)
	if err != nil || key.Role != workspace.Write {
		return
	}
	note := noteOf(key, event.At(r.Received), r.ID, event.Refused{
		Code: fault.CodeOf(refusal), Events: max(len(p.events), 1), Reason: httpapi.ReasonOf(refusal),
	})
	h.sendNotes(ctx, key, []event.Envelope{note})
}

// noteOf is the message that events were refused. A request has one note at most under one id.
func noteOf(key workspace.Key, at event.Millis, request string, refused event.Refused) event.Envelope {
	return event.Envelope{
		Version: event.EnvelopeVersion, Workspace: key.Workspace, Source: key.Source, Received: at, Request: request,
		Refused: &refused,
	}
}

func (h *Handler) sendNotes(ctx context.Context, key workspace.Key, notes []event.Envelope) {
	if err := h.Queue.Send(ctx, notes); err != nil {
		slog.WarnContext(ctx, "refusal not counted", "workspace", key.Workspace, "code", notes[0].Refused.Code, "error", err.Error())
	}
}
