package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// AppendJSON appends the envelope as the JSON of a message, in ASCII, because queues refuse some characters that JSON
// may hold; bytes that are no UTF-8 become \ufffd. Errors: fault.Invalid with code bad_message when one of Events or
// the context is not JSON.
func (e Envelope) AppendJSON(out []byte) ([]byte, error) {
	const perEvent, rest = 1024, 512 // bytes, so that few messages have to grow
	if out == nil {
		out = make([]byte, 0, rest+len(e.Context)+perEvent*e.Len())
	}
	w := encoder{append(out, '{')}
	w.number("v", int64(e.Version), true)
	w.text("workspace", e.Workspace)
	w.text("source", e.Source)
	w.number("received", int64(e.Received), true)
	w.text("request", e.Request)
	w.text("sent_at", e.SentAt)
	if len(e.Context) > 0 {
		w.name("context")
		if err := w.raw(e.Context); err != nil {
			return nil, err
		}
	}
	w.text("type", string(e.Type))
	w.text("network", e.Network)
	w.number("first", int64(e.First), e.First != 0)
	w.list("at", len(e.At), func(i int) error { w.out = strconv.AppendInt(w.out, int64(e.At[i]), 10); return nil })
	w.text("replay", e.Replay)
	w.identifiers("proven", e.Proven)
	if e.Refused != nil {
		w.name("refused")
		inner := encoder{append(w.out, '{')}
		inner.text("code", e.Refused.Code)
		inner.number("events", int64(e.Refused.Events), true)
		inner.text("reason", e.Refused.Reason)
		w.out = append(inner.out, '}')
	}
	if err := w.list("events", len(e.Events), func(i int) error { return w.raw(e.Events[i]) }); err != nil {
		return nil, err
	}
	_ = w.list("parsed", len(e.Parsed), func(i int) error { w.out = e.Parsed[i].AppendJSON(w.out); return nil })
	return append(w.out, '}'), nil
}

// list writes a list of n values, or nothing when there is none.
func (w *encoder) list(name string, n int, write func(i int) error) error {
	if n == 0 {
		return nil
	}
	w.name(name)
	for i := range n {
		w.out = append(w.out, "[,"[min(i, 1)])
		if err := write(i); err != nil {
			return err
		}
	}
	w.out = append(w.out, ']')
	return nil
}

// raw writes JSON that somebody sent, without white space, and each character in one way however it was sent.
func (w *encoder) raw(sent json.RawMessage) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, sent); err != nil {
		return fault.Wrap(fault.Invalid, "bad_message", fmt.Errorf("encode envelope: %w", err))
	}
	w.out = strictjson.AppendASCII(w.out, strictjson.Unescaped(compact.Bytes()))
	return nil
}

// ParseEnvelope reads a message. Errors: fault.Invalid with code version_too_new for an envelope of a later release
// and bad_message for everything that AppendJSON never writes.
func ParseEnvelope(message string) (Envelope, error) {
	v, err := strictjson.Parse(message)
	version, ok := v.Get("v").Int()
	if err != nil || !ok {
		return Envelope{}, badMessage("", "the message is not the JSON of an envelope with its version in v")
	}
	if version > EnvelopeVersion {
		return Envelope{}, fault.Newf(fault.Invalid, "version_too_new",
			"the message has version %d, this release reads up to %d: replay it with a newer release", version, EnvelopeVersion)
	}
	d := &decoder{}
	e := d.envelope(v)
	if d.bad {
		return Envelope{}, badMessage("", "the message has a field that no envelope has, or of another type")
	}
	return e, e.check()
}

func badMessage(field, text string) error {
	return fault.New(fault.Invalid, "bad_message", text).At(field)
}

func (d *decoder) envelope(v strictjson.Value) Envelope {
	e := Envelope{}
	var parsed strictjson.Value // read last: it takes its stamp from the others
	for name, m := range v.Members() {
		if m.Kind() == strictjson.Null {
			continue
		}
		switch name {
		case "v":
			e.Version = int(d.number(m))
		case "workspace":
			e.Workspace = d.text(m)
		case "source":
			e.Source = d.text(m)
		case "received":
			e.Received = Millis(d.number(m))
		case "request":
			e.Request = d.text(m)
		case "sent_at":
			e.SentAt = d.text(m)
		case "context":
			e.Context = strictjson.Unescaped([]byte(m.Raw()))
		case "type":
			e.Type = Type(d.text(m))
		case "network":
			e.Network = d.text(m)
		case "first":
			e.First = int(d.number(m))
		case "at":
			e.At = listOf(d, m, func(item strictjson.Value) int { return int(d.number(item)) })
		case "replay":
			e.Replay = d.text(m)
		case "proven":
			e.Proven = d.identifiers(m)
		case "refused":
			e.Refused = d.refused(m)
		case "events":
			e.Events = listOf(d, m, func(item strictjson.Value) json.RawMessage {
				return strictjson.Unescaped([]byte(item.Raw()))
			})
		case "parsed":
			parsed = m
		default:
			d.refuse()
		}
	}
	if parsed.Kind() != strictjson.Missing {
		e.Parsed = listOf(d, parsed, func(item strictjson.Value) Event { return d.event(item, e) })
	}
	return e
}

func listOf[T any](d *decoder, v strictjson.Value, read func(strictjson.Value) T) []T {
	if v.Kind() != strictjson.List {
		d.refuse()
	}
	list := make([]T, 0, v.Len())
	for item := range v.Items() {
		list = append(list, read(item))
	}
	return list
}

func (d *decoder) refused(v strictjson.Value) *Refused {
	note := &Refused{}
	if v.Kind() != strictjson.Object {
		d.refuse()
	}
	for name, m := range v.Members() {
		switch name {
		case "code":
			note.Code = d.text(m)
		case "events":
			note.Events = int(d.number(m))
		case "reason":
			note.Reason = d.text(m)
		default:
			d.refuse()
		}
	}
	return note
}

func (e Envelope) check() error {
	switch {
	case e.Version < 1:
		return badMessage("v", "versions begin with 1")
	case e.Workspace == "":
		return badMessage("workspace", "the message names no workspace")
	case e.Type != "" && !e.Type.Valid():
		return badMessage("type", "the message has a type that no event has")
	case !e.Received.Plausible():
		return badMessage("received", "the message was received outside the years 1970 to 2099")
	case e.First < 0 || len(e.At) > 0 && e.At[0] < 0:
		return badMessage("first", "the place of the first event is negative")
	case e.At != nil && (len(e.At) != len(e.Events) || !slices.IsSorted(e.At)):
		return badMessage("at", "the message does not say in order where in the request its events stood")
	case e.Refused != nil:
		return e.checkNote()
	case e.Len() == 0:
		return badMessage("events", "the message has no events")
	}
	return nil
}

func (e Envelope) checkNote() error {
	switch {
	case e.Len() > 0:
		return badMessage("events", "the message notes a refusal and brings events")
	case e.Request == "":
		return badMessage("request", "the message notes a refusal of no request")
	case e.Refused.Code == "" || e.Refused.Events < 1:
		return badMessage("refused", "the message notes a refusal without a code or of no events")
	}
	return nil
}

// MarshalJSON is AppendJSON.
func (e Envelope) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// UnmarshalJSON is ParseEnvelope.
func (e *Envelope) UnmarshalJSON(message []byte) (err error) {
	*e, err = ParseEnvelope(string(message))
	return err
}
