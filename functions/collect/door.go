package collect

import (
	"encoding/json"

	"waymark/shared/domain/event"
	"waymark/shared/domain/redact"
	"waymark/shared/domain/strictjson"
)

// The door is where personal data that nobody needs ends. What passes it is what everything behind it sees: the reader
// of events, the queue, the failed events, the archive. Nothing before it stores or logs what was sent.
//
// It changes events as they were sent, before they are read, so that good and bad ones are treated alike, and an event
// that process reads again says what collect has read.

// redacted is the payload without personal data and secrets, but those that say who an event is about.
func (p payload) redacted() payload {
	for i, sent := range p.events {
		if clean := redact.Event(sent); clean != sent {
			p.events[i] = withID(clean, event.ImpliedID(sent, p.typ))
		}
	}
	if context, err := strictjson.Parse(string(p.context)); err == nil {
		p.context = json.RawMessage(redact.Context(context).Raw())
	}
	return p
}

// withID gives an event that was changed the id that it had before: two events that differ in nothing but what was taken
// out must stay two. An empty id is none.
func withID(sent strictjson.Value, id event.ID) strictjson.Value {
	if id == "" || sent.Kind() != strictjson.Object || sent.Depth() > event.MaxDepth {
		return sent
	}
	out := append([]byte(`{"messageId":`), strictjson.AppendText(nil, string(id))...)
	for key, v := range sent.Members() {
		if key != "messageId" {
			out = append(append(strictjson.AppendText(append(out, ','), key), ':'), v.Raw()...)
		}
	}
	return reread(append(out, '}'))
}

// reread parses what was written as JSON.
func reread(written []byte) strictjson.Value {
	v, err := strictjson.Parse(string(written))
	if err != nil {
		panic("collect: what is written as JSON is JSON: " + err.Error())
	}
	return v
}
