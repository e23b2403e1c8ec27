package collect

import (
	"bytes"
	"encoding/json"

	"waymark/shared/domain/event"
	"waymark/shared/domain/strictjson"
)

// How much of an event that is too large is queued.
const (
	maxStoredBytes = 128 << 10 // of one event; of more only the beginning is kept with its reason
	keptBytes      = 64 << 10
)

// asSent is an event as it is queued that process has to read: without the write key, which no archive should hold,
// and where it is too long as sent, in the shortest form that says the same, so that process, which reads that form,
// comes to the same verdict.
func asSent(sent strictjson.Value) json.RawMessage {
	raw := json.RawMessage(sent.Raw())
	if sent.Get("writeKey").Kind() != strictjson.Missing {
		raw = withoutKey(sent)
	}
	if len(raw) <= event.MaxEventBytes {
		return raw
	}
	short := shortest(raw)
	if len(short) <= maxStoredBytes {
		return short
	}
	short = event.WithoutProof(short) // nobody could take it out of a beginning
	return write(map[string]any{"too_large": true, "bytes": len(short), "beginning": string(short[:keptBytes])})
}

// withoutKey keeps keys that come twice, which are what is wrong with the event.
func withoutKey(sent strictjson.Value) json.RawMessage {
	out := []byte{'{'}
	for key, v := range sent.Members() {
		if key == "writeKey" {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(strictjson.AppendText(out, key), ':'), v.Raw()...)
	}
	return append(out, '}')
}

// shortest drops white space and writes characters as themselves where they were sent as escapes.
func shortest(raw json.RawMessage) json.RawMessage {
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		panic("collect: an event is part of a body that is JSON: " + err.Error())
	}
	v, err := strictjson.Parse(compact.String())
	if _, twice := v.Twice(); err != nil || twice {
		return compact.Bytes()
	}
	if again := write(v.Any()); len(again) < compact.Len() {
		return again
	}
	return compact.Bytes()
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
