package queue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// maxMessageBytes bounds one message. SQS takes 1 MiB; the rest is room for what it adds.
const maxMessageBytes = 900 << 10

// messages writes an envelope as one message, or as several with some of its events each when one would be too large.
func messages(e event.Envelope) ([]string, error) {
	body, err := Encode(e)
	if err != nil {
		return nil, err
	}
	if len(body) <= maxMessageBytes {
		return []string{body}, nil
	}
	half := len(e.Events) / 2
	if half == 0 {
		return nil, fault.Newf(fault.Invalid, "too_large", "one event makes a message of %d bytes, the queue takes %d", len(body), maxMessageBytes)
	}
	first, second := e, e
	first.Events, second.Events = e.Events[:half], e.Events[half:]
	second.First += half
	before, err := messages(first)
	if err != nil {
		return nil, err
	}
	after, err := messages(second)
	return append(before, after...), err
}

// Encode writes an envelope as JSON in ASCII: every other character as \uXXXX, bytes that are no UTF-8 as \ufffd. Errors: fault.Invalid with
// code bad_message when an event or the context is no JSON.
func Encode(e event.Envelope) (string, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, "bad_message", fmt.Errorf("encode envelope: %w", err))
	}
	return string(escape(body)), nil
}

// escape works on the whole text at once: in valid JSON, characters beyond ASCII stand in strings only.
func escape(body []byte) []byte {
	first := bytes.IndexFunc(body, func(r rune) bool { return r >= utf8.RuneSelf })
	if first < 0 {
		return body
	}
	out := make([]byte, first, len(body)+len(body)/2)
	copy(out, body)
	for body = body[first:]; len(body) > 0; {
		if body[0] < utf8.RuneSelf {
			out = append(out, body[0])
			body = body[1:]
			continue
		}
		r, size := utf8.DecodeRune(body)
		body = body[size:]
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			out = appendUnit(appendUnit(out, high), low)
			continue
		}
		out = appendUnit(out, r)
	}
	return out
}

func appendUnit(out []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', digits[unit>>12&15], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}

// Decode reads the body of a message. Errors: fault.Invalid with code version_too_new for an envelope of a later release and bad_message for
// everything that Encode never writes.
func Decode(body string) (event.Envelope, error) {
	var version struct {
		V *int `json:"v"`
	}
	if err := json.Unmarshal([]byte(body), &version); err != nil || version.V == nil {
		return event.Envelope{}, fault.New(fault.Invalid, "bad_message", "the message is not the JSON of an envelope with its version in v")
	}
	if *version.V > event.EnvelopeVersion {
		return event.Envelope{}, fault.Newf(fault.Invalid, "version_too_new",
			"the message has version %d, this release reads up to %d: replay it with a newer release", *version.V, event.EnvelopeVersion)
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(body)))
	decoder.DisallowUnknownFields()
	var e event.Envelope
	if err := decoder.Decode(&e); err != nil {
		return event.Envelope{}, fault.New(fault.Invalid, "bad_message", "the message has a field that no envelope has, or of another type")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return event.Envelope{}, fault.New(fault.Invalid, "bad_message", "the message goes on after the envelope")
	}
	for i, raw := range e.Events {
		e.Events[i] = unescape(raw)
	}
	e.Context = unescape(e.Context)
	return e, check(e)
}

// unescape undoes escape and what encoding/json does to < > and &: an event must not be larger here than it was when its size was checked.
// Characters that JSON must escape, and halves of surrogate pairs, stay as they are.
func unescape(raw []byte) []byte {
	if !bytes.Contains(raw, []byte(`\u`)) {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		r, size := escaped(raw)
		switch {
		case size == 0 && raw[0] == '\\' && len(raw) > 1:
			out, raw = append(out, raw[:2]...), raw[2:]
		case size == 0:
			out, raw = append(out, raw[0]), raw[1:]
		case r >= utf8.RuneSelf && utf8.ValidRune(r) || r == '<' || r == '>' || r == '&':
			out, raw = utf8.AppendRune(out, r), raw[size:]
		default:
			out, raw = append(out, raw[:size]...), raw[size:]
		}
	}
	return out
}

// escaped reads one \uXXXX, or a pair of them that is one character; size is 0 when there is none.
func escaped(raw []byte) (r rune, size int) {
	high, ok := unit(raw)
	if !ok {
		return 0, 0
	}
	if low, ok := unit(raw[6:]); ok {
		if pair := utf16.DecodeRune(high, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return high, 6
}

func unit(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(n), err == nil
}

func check(e event.Envelope) error {
	bad := func(field, message string) error {
		return fault.New(fault.Invalid, "bad_message", message).At(field)
	}
	switch {
	case e.Version < 1:
		return bad("v", "versions begin with 1")
	case e.Workspace == "":
		return bad("workspace", "the message names no workspace")
	case e.Type != "" && !e.Type.Valid():
		return bad("type", "the message has a type that no event has")
	case !e.Received.Plausible():
		return bad("received", "the message was received outside the years 1970 to 2099")
	case e.First < 0:
		return bad("first", "the place of the first event is negative")
	case e.Refused != nil:
		return checkNote(e, bad)
	case len(e.Events) == 0:
		return bad("events", "the message has no events")
	}
	return nil
}

func checkNote(e event.Envelope, bad func(field, message string) error) error {
	switch {
	case len(e.Events) > 0:
		return bad("events", "the message notes a refusal and brings events")
	case e.Request == "":
		return bad("request", "the message notes a refusal of no request")
	case e.Refused.Code == "" || e.Refused.Events < 1:
		return bad("refused", "the message notes a refusal without a code or of no events")
	}
	return nil
}
