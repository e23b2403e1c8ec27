package collect

import (
	"context"
	"encoding/json"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/consent"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/redact"
	"waymark/shared/domain/strictjson"
	"waymark/shared/domain/workspace"
)

// The door is where personal data that nobody may know or needs ends. What passes it is what everything behind it sees:
// the reader of events, the queue, the failed events, the archive. Nothing before it stores or logs what was sent.
//
// It changes events as they were sent, before they are read, so that good and bad ones are treated alike, and an event
// that process reads again says what collect has read. An event without a messageId is given the one that it had as it
// was sent: two events that differ in nothing but what was taken out stay two.

// codeConsent is how events are counted whose visitors have denied them.
const codeConsent = "consent_denied"

// mostMixed is how many bytes a batch may grow by whose events differ in what their visitors say.
const mostMixed = 4 << 20

// pass gives the payload as it passes the door, with the network of a site's visitor where nobody's wish is against it, and how many of its events were dropped; those are Missing then. Faults:
// Invalid context_too_large, Unavailable when there is no salt for the ids of cookieless visitors.
func (h *Handler) pass(ctx context.Context, r httpapi.Request, key workspace.Key, p payload) (payload, int, error) {
	shared, err := strictjson.Parse(string(p.context))
	if err != nil {
		shared = strictjson.Value{}
	}
	treatments, most := p.treatments(r, key, shared)
	dropped, originals := 0, append([]strictjson.Value(nil), p.events...)
	for i, sent := range originals {
		switch treatments[i] {
		case workspace.Drop:
			p.events[i], dropped = strictjson.Value{}, dropped+1
		case workspace.Strip:
			id, err := h.visitor(ctx, r, key, visitOf(sent, shared))
			if err != nil {
				return p, 0, err
			}
			p.events[i] = consent.Strip(over(sent, shared), id)
		}
	}
	if most == workspace.Keep && key.Kind == workspace.Site {
		p.network = networkOf(r.SourceIP)
	}
	if most != workspace.Keep {
		if err := p.share(treatments, shared); err != nil {
			return p, 0, err
		}
		shared = strictjson.Value{}
	}
	for i, sent := range p.events {
		if clean := redact.Event(sent); clean != originals[i] && clean.Kind() != strictjson.Missing {
			p.events[i] = withID(clean, event.ImpliedID(originals[i], p.typ))
		}
	}
	p.context = nil
	if shared.Kind() == strictjson.Object {
		p.context = json.RawMessage(redact.Context(shared).Raw())
	}
	return p, dropped, nil
}

// treatments are what is done with each event, and the strictest of them. What is left of a call that says nothing but
// whom it is about is nothing.
func (p payload) treatments(r httpapi.Request, key workspace.Key, shared strictjson.Value) (each []workspace.Treatment, most workspace.Treatment) {
	each, most = make([]workspace.Treatment, len(p.events)), workspace.Keep
	isOpposed := r.Headers["sec-gpc"] == "1"
	for i, sent := range p.events {
		own := sent.Get("context")
		each[i] = key.Treat(consent.Of(own, shared), isOpposed || consent.Opposed(own, shared))
		if each[i] == workspace.Keep && consent.Cookieless(own, shared) {
			each[i] = workspace.Strip // there is nothing else to tell visitors apart by
		}
		callType := string(p.typ)
		if callType == "" {
			callType = sent.Get("type").Scalar()
		}
		if each[i] == workspace.Strip && consent.IsOfNobody(callType) {
			each[i] = workspace.Drop
		}
		if each[i] != workspace.Keep {
			most = each[i]
		}
	}
	return each, most
}

// share gives the events that are kept the context that all shared, because those that are not may have none of it.
func (p payload) share(treatments []workspace.Treatment, shared strictjson.Value) error {
	if shared.Kind() != strictjson.Object {
		return nil
	}
	grown := 0
	for i, sent := range p.events {
		if treatments[i] != workspace.Keep || sent.Kind() != strictjson.Object {
			continue
		}
		if grown += len(shared.Raw()); grown > mostMixed {
			return fault.New(fault.Invalid, "context_too_large",
				"some events of the batch have another consent than others; send their context with each, or two batches").At("context")
		}
		p.events[i] = over(sent, shared)
	}
	return nil
}

// over is an event with the context of its batch under its own, one level deep, as the reader of events lays it.
func over(sent, shared strictjson.Value) strictjson.Value {
	if sent.Kind() != strictjson.Object || shared.Kind() != strictjson.Object {
		return sent
	}
	own := sent.Get("context")
	context := []byte{'{'}
	add := func(name string, v strictjson.Value) {
		if len(context) > 1 {
			context = append(context, ',')
		}
		context = append(append(strictjson.AppendText(context, name), ':'), v.Raw()...)
	}
	for name, v := range own.Members() {
		add(name, v)
	}
	for name, v := range shared.Members() {
		if own.Get(name).Kind() == strictjson.Missing {
			add(name, v)
		}
	}
	return with(sent, "context", append(context, '}'))
}

// withID gives an event that was changed the id that it had before. An empty id is none.
func withID(sent strictjson.Value, id event.ID) strictjson.Value {
	if id == "" {
		return sent
	}
	return with(sent, "messageId", strictjson.AppendText(nil, string(id)))
}

// with is an object with another value under a name. What is no object stays as it is.
func with(v strictjson.Value, name string, value []byte) strictjson.Value {
	if v.Kind() != strictjson.Object {
		return v
	}
	out := append(append(strictjson.AppendText([]byte{'{'}, name), ':'), value...)
	for key, member := range v.Members() {
		if key != name {
			out = append(append(strictjson.AppendText(append(out, ','), key), ':'), member.Raw()...)
		}
	}
	again, err := strictjson.Parse(string(append(out, '}')))
	if err != nil {
		panic("collect: what is written as JSON is JSON: " + err.Error())
	}
	return again
}
