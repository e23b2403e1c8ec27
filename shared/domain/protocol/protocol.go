// Package protocol translates what the clients of other systems send into events of the Segment specification: Plausible, Umami, the
// Measurement Protocol of Google Analytics 4, Snowplow and PostHog. So whoever leaves one of them changes a host name and nothing else.
// docs/protocols.md says what becomes of what.
//
// It does not judge events: one that lacks something comes out lacking it, and package event says so. It knows no keys, only the id by which a
// client names its site or project, and gives an event of a visitor without any id none.
//
//	sent, err := protocol.Umami(protocol.Request{Body: `{"type":"event","payload":{"website":"…","url":"/"}}`})
//	sent.Key      // umami:…
//	sent.Events   // {"type":"page","context":{…},"properties":{…}}
package protocol

import (
	"net/url"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Request is a request of a client, as far as a translation depends on it.
type Request struct {
	Query url.Values
	Agent string // the header User-Agent
	Body  string // as text, unpacked
}

// Batch is what a request brings.
type Batch struct {
	Key    string             // the client's id of its site as an alias, such as plausible:shop.example, or a write key where it was given one
	SentAt string             // by the client's clock; "" where it does not say
	Events []strictjson.Value // Segment events that name their type; what cannot be translated is as it was sent
}

// Names are those of the protocols, as they stand before the colon of an alias.
var Names = [...]string{plausible, umami, ga4, snowplow, postHog}

const (
	plausible = "plausible"
	umami     = "umami"
	ga4       = "ga4"
	snowplow  = "snowplow"
	postHog   = "posthog"
)

// aliasOf is the key that an id of a protocol stands for: the id itself where it is a key of ours, else its alias; "" without an id.
func aliasOf(protocol, id string) string {
	if id == "" || strings.HasPrefix(id, "wk_") || strings.HasPrefix(id, "ws_") || strings.HasPrefix(id, "sk_") {
		return id
	}
	return protocol + ":" + id
}

// maxDepth is how deep a request may nest. An event may nest less, and is refused by itself.
const maxDepth = 1000

// parse reads a body or a part of one as JSON. Faults, both Invalid: invalid_json, too_deep.
func parse(text string) (strictjson.Value, error) {
	v, err := strictjson.Parse(text)
	depth := v.Depth()
	if err != nil {
		depth = event.Depth([]byte(text))
	}
	if depth > maxDepth {
		return strictjson.Value{}, fault.Newf(fault.Invalid, "too_deep", "the request nests %d levels deep, an event may nest %d", depth, event.MaxDepth)
	}
	if err != nil {
		return strictjson.Value{}, fault.Newf(fault.Invalid, "invalid_json", "the body is not JSON: %v", err)
	}
	return v, nil
}

// object reads a body that is one JSON object. Faults, all Invalid: those of parse, not_an_object, and invalid_json for one that says
// something twice.
func object(text string) (strictjson.Value, error) {
	v, err := parse(text)
	if err != nil {
		return v, err
	}
	if v.Kind() != strictjson.Object {
		return v, fault.New(fault.Invalid, "not_an_object", "the body is not a JSON object")
	}
	return v, nil
}

// once refuses an object that says something twice: nobody knows which is meant. Fault: Invalid invalid_json.
func once(v strictjson.Value) error {
	if key, found := v.Twice(); found {
		return fault.Newf(fault.Invalid, "invalid_json", "an object of the body has the key %.64q twice; send each key once", key)
	}
	return nil
}

// isSound says that an entry of a list can be translated. What cannot is passed on as it was sent, so that it is kept with its reason.
func isSound(v strictjson.Value) bool {
	_, isTwice := v.Twice()
	return v.Kind() == strictjson.Object && !isTwice
}

// firstOf is the first member that is there and not null.
func firstOf(v strictjson.Value, names ...string) strictjson.Value {
	for _, name := range names {
		if found := v.Get(name); found.Kind() != strictjson.Missing && found.Kind() != strictjson.Null {
			return found
		}
	}
	return strictjson.Value{}
}

// textOf is the first member that says something as text or number.
func textOf(v strictjson.Value, names ...string) string {
	for _, name := range names {
		if text := v.Get(name).Scalar(); text != "" {
			return text
		}
	}
	return ""
}
