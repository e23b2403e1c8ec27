package collect

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Limits of a request besides those of package event.
const (
	maxRequestDepth = 1000 // deeper ones are made to exhaust a parser
	maxSentAtBytes  = 64   // longer ones are no times
)

// payload is what one request brings. Keys are matched exactly. The write key is no part of what is queued.
type payload struct {
	key     string             // writeKey in the body
	typ     event.Type         // of a route for one type; "" leaves it to each event
	events  []strictjson.Value // as sent
	sentAt  string             // of a batch
	context json.RawMessage    // of a batch, lies under each event's own
	asked   event.Check        // what the source demands of its events
	network string             // that the request came from; "" where it is not kept
}

// readOne reads a body that is one event.
func readOne(r httpapi.Request, t event.Type) (payload, error) {
	body, err := openBody(r.Body)
	if err != nil {
		return payload{}, err
	}
	return oneOf(body, t)
}

// readBeacon reads what pages send on leaving: a batch, or one event that names its type.
func readBeacon(r httpapi.Request) (payload, error) {
	body, err := openBody(r.Body)
	if err != nil {
		return payload{}, err
	}
	if body.Get("batch").Kind() != strictjson.Missing {
		return batchOf(body)
	}
	return oneOf(body, "")
}

// readBatch reads a body with a list of events.
func readBatch(r httpapi.Request) (payload, error) {
	body, err := openBody(r.Body)
	if err != nil {
		return payload{}, err
	}
	return batchOf(body)
}

func oneOf(body strictjson.Value, t event.Type) (payload, error) {
	key, err := member(body, "writeKey")
	return payload{key: keyIn(key), typ: t, events: []strictjson.Value{body}}, err
}

// batchOf reads a batch. With an error it gives what could be read all the same, so that the refusal can be counted.
func batchOf(body strictjson.Value) (payload, error) {
	key, err := member(body, "writeKey")
	if err != nil {
		return payload{}, err
	}
	p := payload{key: keyIn(key)}
	batch, err := member(body, "batch")
	if err != nil {
		return p, err
	}
	if batch.Kind() != strictjson.List {
		return p, fault.New(fault.Invalid, "bad_batch", "a batch needs a list of events under this name").At("batch")
	}
	p.events = make([]strictjson.Value, 0, batch.Len())
	for sent := range batch.Items() {
		p.events = append(p.events, sent)
	}
	if n := len(p.events); n > event.MaxEvents {
		return p, tooManyEvents(n)
	}
	said, err := member(body, "sentAt")
	if err != nil {
		return p, err
	}
	p.sentAt = sentAt(said)
	p.context, err = contextOf(body)
	return p, err
}

// contextOf is the context that the events of a batch share. Every event would lose one that no event could hold, so
// it refuses the batch.
func contextOf(body strictjson.Value) (json.RawMessage, error) {
	context, err := member(body, "context")
	if err != nil || context.Kind() != strictjson.Object {
		return nil, err
	}
	if n := len(context.Raw()); n > event.MaxEventBytes {
		return nil, fault.Newf(fault.Invalid, "context_too_large",
			"the batch's context has %d bytes, the limit is %d; move what is large into the events",
			n, event.MaxEventBytes).At("context")
	}
	if depth := context.Depth(); depth > event.MaxDepth {
		return nil, fault.Newf(fault.Invalid, "context_too_deep",
			"the batch's context nests %d levels deep, the limit is %d", depth, event.MaxDepth).At("context")
	}
	if key, found := context.Twice(); found {
		return nil, twice("an object of the batch's context", key).At("context")
	}
	return json.RawMessage(context.Raw()), nil
}

// member is a member of the body that decides on the whole request, so it must not be there twice.
func member(body strictjson.Value, name string) (found strictjson.Value, err error) {
	for key, v := range body.Members() {
		if key != name {
			continue
		}
		if found.Kind() != strictjson.Missing {
			return strictjson.Value{}, twice("the body", name)
		}
		found = v
	}
	return found, nil
}

// twice refuses a request that hangs on an object with two members of one name.
func twice(object, key string) *fault.Error {
	return fault.Newf(fault.Invalid, "invalid_json", "%s has the key %.64q twice; send each key once", object, key)
}

// openBody reads the body, packed or not, as a JSON object or as a form that stands for one. Faults, all Invalid:
// request_too_large, those of unpack, openJSON and openForm.
func openBody(body []byte) (strictjson.Value, error) {
	text, err := plainText(body)
	switch {
	case err != nil:
		return strictjson.Value{}, err
	case isForm(text):
		return openForm(text)
	}
	return openJSON(text)
}

// plainText is the body as it was before the client packed it, in UTF-8.
func plainText(body []byte) (string, error) {
	if n := len(body); n > event.MaxRequestBytes {
		return "", tooLarge(n)
	}
	body, err := unpack(body)
	if err != nil {
		return "", err
	}
	text := string(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if !utf8.ValidString(text) {
		// One U+FFFD a byte, as a gateway does that takes the body for text: the same event is the same on both roads.
		text = string([]rune(text))
	}
	return text, nil
}

// openJSON reads a JSON object. Faults, all Invalid: too_deep, invalid_json, not_an_object.
func openJSON(text string) (strictjson.Value, error) {
	v, syntax := strictjson.Parse(text)
	depth := v.Depth()
	if syntax != nil {
		depth = event.Depth([]byte(text))
	}
	switch {
	case depth > maxRequestDepth:
		return strictjson.Value{}, fault.Newf(fault.Invalid, "too_deep",
			"the request nests %d levels deep, an event may nest %d", depth, event.MaxDepth)
	case syntax != nil:
		return strictjson.Value{}, fault.Newf(fault.Invalid, "invalid_json", "the body is not JSON: %v", syntax)
	case v.Kind() != strictjson.Object:
		return strictjson.Value{}, fault.New(fault.Invalid, "not_an_object", "the body is not a JSON object")
	}
	return v, nil
}

// keyIn is the body's write key; one that is no text is returned as it stands, and is then not known.
func keyIn(said strictjson.Value) string {
	switch said.Kind() {
	case strictjson.Text:
		return said.Scalar()
	case strictjson.Null:
		return ""
	}
	return said.Raw()
}

// sentAt is the batch's, or "" when it is no time: a bad one is as good as none.
func sentAt(said strictjson.Value) string {
	if said.Kind() != strictjson.Text {
		return ""
	}
	text := strings.TrimSpace(said.Scalar())
	if _, err := event.ParseTime(text); err != nil || len(text) > maxSentAtBytes {
		return ""
	}
	return text
}
