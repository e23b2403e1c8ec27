package event

import (
	"waymark/shared/domain/strictjson"
)

// Named reads of an event, which may be a bad one, whom it names and what proves it, as far as both can be read: its Identifiers, Proof and
// Received, and nothing else.
func Named(raw []byte, s Stamp) Event {
	e := Event{Received: s.Received}
	v, err := strictjson.Parse(string(raw))
	if err != nil || v.Kind() != strictjson.Object {
		return e
	}
	p := parser{Reader: NewReader(s), sent: v, context: v.Get("context"), properties: v.Get("properties")}
	e.Proof = p.proof()
	_ = p.typ(&e)         // only some types have a rule of their own
	_ = p.identifiers(&e) // then it names nobody who could be proven
	e.Type, e.Previous = "", nil
	return e
}

// WithoutProof is an event as it was sent without its context.proof. What has none, or is no JSON object, comes back as it is.
func WithoutProof(raw []byte) []byte {
	return withoutMember(raw, "context", ContextWithoutProof)
}

// ContextWithoutProof does the same with a context.
func ContextWithoutProof(raw []byte) []byte {
	return withoutMember(raw, "proof", func([]byte) []byte { return nil })
}

// withoutMember writes an object anew with every member of a name changed, or left out where change gives nil. Other members stay as they were.
func withoutMember(raw []byte, name string, change func([]byte) []byte) []byte {
	v, err := strictjson.Parse(string(raw))
	if err != nil || v.Kind() != strictjson.Object || v.Get(name).Kind() == strictjson.Missing {
		return raw
	}
	out := []byte{'{'}
	for key, member := range v.Members() {
		value := []byte(member.Raw())
		if key == name {
			value = change(value)
		}
		if value == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(strictjson.AppendText(out, key), ':'), value...)
	}
	return append(out, '}')
}
