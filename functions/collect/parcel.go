package collect

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// Limits of a request besides those of package event.
const (
	maxRequestDepth = 1000      // deeper ones are made to exhaust a parser
	maxSentAtBytes  = 64        // longer ones are no times
	maxStoredBytes  = 128 << 10 // of one event that is too large; of more only the beginning is kept with its reason
	keptBytes       = 64 << 10
)

// parcel is what one request brings. Keys are matched exactly, and of a key that comes twice the last counts. The write key is no part of
// what is queued.
type parcel struct {
	key     string            // writeKey in the body
	typ     event.Type        // of a route for one type; "" leaves it to each event
	events  []json.RawMessage // as sent
	sentAt  string            // of a batch
	context json.RawMessage   // of a batch, lies under each event's own
}

// readOne reads a body that is one event.
func readOne(r httpapi.Request, t event.Type) (parcel, error) {
	body, members, err := openBody(r.Body)
	if err != nil {
		return parcel{}, err
	}
	return parcel{key: keyIn(members), typ: t, events: []json.RawMessage{canonical(body)}}, nil
}

// readBeacon reads what pages send on leaving: a batch, or one event that names its type.
func readBeacon(r httpapi.Request) (parcel, error) {
	body, members, err := openBody(r.Body)
	if err != nil {
		return parcel{}, err
	}
	if _, isBatch := members["batch"]; isBatch {
		return batchOf(members)
	}
	return parcel{key: keyIn(members), events: []json.RawMessage{canonical(body)}}, nil
}

// readBatch reads a body with a list of events.
func readBatch(r httpapi.Request) (parcel, error) {
	_, members, err := openBody(r.Body)
	if err != nil {
		return parcel{}, err
	}
	return batchOf(members)
}

// batchOf reads a batch. With an error it gives what could be read all the same, so that the refusal can be counted.
func batchOf(members map[string]json.RawMessage) (parcel, error) {
	p := parcel{key: keyIn(members), sentAt: sentAt(members["sentAt"])}
	if err := json.Unmarshal(members["batch"], &p.events); err != nil || p.events == nil {
		return parcel{key: p.key}, fault.New(fault.Invalid, "bad_batch", "a batch needs a list of events under this name").At("batch")
	}
	if n := len(p.events); n > event.MaxEvents {
		return p, fault.Newf(fault.Invalid, "too_many_events", "the batch has %d events, the limit is %d; split it", n, event.MaxEvents)
	}
	for i, raw := range p.events {
		p.events[i] = canonical(raw)
	}
	if shared := members["context"]; bytes.HasPrefix(shared, []byte("{")) {
		p.context = shared
	}
	if n := len(p.context); n > event.MaxEventBytes {
		return p, fault.Newf(fault.Invalid, "context_too_large",
			"the batch's context has %d bytes, the limit is %d; move what is large into the events", n, event.MaxEventBytes).At("context")
	}
	if depth := event.Depth(p.context); depth > event.MaxDepth { // no event could hold it, so all of them would lose it
		return parcel{}, fault.Newf(fault.Invalid, "context_too_deep",
			"the batch's context nests %d levels deep, the limit is %d", depth, event.MaxDepth).At("context")
	}
	return p, nil
}

// openBody reads the body, packed or not, as a JSON object. Faults, all Invalid: request_too_large, those of unpack, too_deep, invalid_json,
// not_an_object.
func openBody(body []byte) (json.RawMessage, map[string]json.RawMessage, error) {
	if n := len(body); n > event.MaxRequestBytes {
		return nil, nil, tooLarge(n)
	}
	body, err := unpack(body)
	if err != nil {
		return nil, nil, err
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if depth := event.Depth(body); depth > maxRequestDepth {
		return nil, nil, fault.Newf(fault.Invalid, "too_deep", "the request nests %d levels deep, an event may nest %d", depth, event.MaxDepth)
	}
	if !utf8.Valid(body) { // one U+FFFD a byte, as a gateway does that takes the body for text: the same event is the same on both roads
		body = []byte(string([]rune(string(body))))
	}
	members, err := object(body)
	return bytes.TrimSpace(body), members, err
}

func object(raw []byte) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	err := json.Unmarshal(raw, &members)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return nil, fault.Newf(fault.Invalid, "invalid_json", "the body is no JSON: %v, at byte %d", syntax, syntax.Offset)
	}
	if err != nil || members == nil {
		return nil, fault.New(fault.Invalid, "not_an_object", "the body must be a JSON object")
	}
	return members, nil
}

// canonical is the event as it is queued: without the write key, which no archive should hold, and where it is too long as sent, in the
// shortest form that says the same, so that process, which reads that form, comes to the same verdict.
func canonical(raw json.RawMessage) json.RawMessage {
	if bytes.Contains(raw, []byte("writeKey")) || bytes.Contains(raw, []byte(`\u`)) {
		raw = withoutKey(raw)
	}
	if len(raw) <= event.MaxEventBytes {
		return raw
	}
	short := shortest(raw)
	if len(short) <= maxStoredBytes {
		return short
	}
	return write(map[string]any{"too_large": true, "bytes": len(short), "beginning": string(short[:keptBytes])})
}

// shortest drops white space and writes characters as themselves where they were sent as escapes.
func shortest(raw json.RawMessage) json.RawMessage {
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return raw // no JSON: process says so
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return compact.Bytes()
	}
	if again := write(value); len(again) < compact.Len() {
		return again
	}
	return compact.Bytes()
}

func withoutKey(raw json.RawMessage) json.RawMessage {
	members, err := object(raw)
	if _, found := members["writeKey"]; err != nil || !found {
		return raw
	}
	delete(members, "writeKey")
	return write(members)
}

// write makes JSON of values that came from JSON, without making it longer than need be.
func write(v any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("collect: what came from JSON can be written as JSON: " + err.Error())
	}
	return bytes.TrimSpace(out.Bytes())
}

// keyIn is the body's write key; one that is no text is returned as it stands, and is then not known.
func keyIn(members map[string]json.RawMessage) string {
	raw := members["writeKey"]
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil {
		return string(raw)
	}
	if text == nil {
		return ""
	}
	return *text
}

// sentAt is the batch's, or "" when it is no time: a bad one is as good as none.
func sentAt(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	text = strings.TrimSpace(text)
	if _, err := event.ParseTime(text); err != nil || len(text) > maxSentAtBytes {
		return ""
	}
	return text
}
