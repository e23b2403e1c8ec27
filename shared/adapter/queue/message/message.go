// Package message is the form of the queue's messages: the JSON of one event.Envelope in ASCII alone, because SQS refuses some characters that
// JSON may hold. It does not know SQS, whose SDK a function that only reads messages need not carry.
//
//	bodies, err := message.Bodies(envelope)
//	envelope, err := message.Decode(bodies[0])
package message

import (
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

const (
	// maxBytes bounds one message. SQS takes 1 MiB; the rest is room for what it adds.
	maxBytes = 900 << 10
	// maxEvents bounds the work that one message is. Process takes ten at a time: whatever is in them, it has done it in a tenth of its time.
	maxEvents = 250
)

// Bodies writes an envelope as one message, or as several with some of its events each when one would be too large. Errors: fault.Invalid with
// code too_large when a single event is, and those of Encode.
func Bodies(e event.Envelope) ([]string, error) {
	if e.Len() <= maxEvents {
		body, err := Encode(e)
		if err != nil {
			return nil, err
		}
		if len(body) <= maxBytes {
			return []string{body}, nil
		}
	}
	first, second, ok := e.Halves()
	if !ok {
		return nil, fault.Newf(fault.Invalid, "too_large", "one event makes a message of more than the %d bytes that the queue takes", maxBytes)
	}
	before, err := Bodies(first)
	if err != nil {
		return nil, err
	}
	after, err := Bodies(second)
	return append(before, after...), err
}

// Encode writes an envelope as the body of a message. Errors are those of event.Envelope.AppendJSON.
func Encode(e event.Envelope) (string, error) {
	body, err := e.AppendJSON(nil)
	return string(body), err
}

// Decode reads the body of a message. Errors are those of event.ParseEnvelope.
func Decode(body string) (event.Envelope, error) { return event.ParseEnvelope(body) }
