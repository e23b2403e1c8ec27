package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"waymark/shared/domain/fault"
)

// Parse reads one event strictly. Keys are matched exactly, numbers keep their text, the batch context lies under the event's own. All errors
// are of kind fault.Invalid; their code is the class under which a failed event is kept: too_large, too_deep, bad_json, unknown_type,
// missing_name, name_too_long, no_identifier, blocked_identifier, bad_identifier, bad_encoding, key_too_long, bad_time,
// number_malformed, number_out_of_range, bad_currency. docs/failed.md explains them.
func Parse(raw []byte, s Stamp) (Event, error) {
	if len(raw) > MaxEventBytes {
		return Event{}, fault.Newf(fault.Invalid, "too_large", "the event has %d bytes, the limit is %d; send less or split it", len(raw), MaxEventBytes)
	}
	if depth := Depth(raw); depth > MaxDepth {
		return Event{}, fault.Newf(fault.Invalid, "too_deep", "the event nests %d levels deep, the limit is %d", depth, MaxDepth)
	}
	tree, err := object(raw)
	if err != nil {
		return Event{}, err
	}
	p := parser{stamp: s, tree: tree, context: merged(tree["context"], s.Context)}
	return p.event(raw)
}

type parser struct {
	stamp   Stamp
	tree    map[string]any
	context map[string]any
}

func (p parser) event(raw []byte) (Event, error) {
	e := Event{
		Workspace: p.stamp.Workspace, Source: p.stamp.Source, Received: p.stamp.Received, Request: p.stamp.Request, Index: p.stamp.Index,
	}
	e.Properties, _ = p.tree["properties"].(map[string]any)
	e.Traits, _ = p.tree["traits"].(map[string]any)
	if e.Traits == nil {
		e.Traits, _ = p.context["traits"].(map[string]any)
	}
	steps := []func(*Event) error{p.typ, p.name, p.times, p.identifiers, p.commerce}
	for _, step := range steps {
		if err := step(&e); err != nil {
			return Event{}, err
		}
	}
	if err := p.id(&e, raw); err != nil {
		return Event{}, err
	}
	if e.Order != nil && e.Order.ID == "" {
		e.Order.ID = "event:" + string(e.ID)
	}
	p.surroundings(&e)
	return e, nil
}

func (p parser) typ(e *Event) error {
	sent, _ := p.tree["type"].(string)
	e.Type = p.stamp.Type
	if e.Type == "" {
		e.Type = Type(sent)
	}
	if !e.Type.Valid() {
		return fault.New(fault.Invalid, "unknown_type", "type must be one of track, identify, page, screen, group, alias").At("type")
	}
	return nil
}

func (p parser) name(e *Event) error {
	field := "name"
	if e.Type == Track {
		field = "event"
	}
	e.Name = clean(text(p.tree[field]))
	if e.Type == Page && e.Name == "" {
		e.Name = clean(text(e.Properties["name"]))
	}
	if e.Type == Track && e.Name == "" {
		return fault.New(fault.Invalid, "missing_name", "a track call needs the name of the event").At("event")
	}
	if len(e.Name) > MaxNameBytes {
		return fault.Newf(fault.Invalid, "name_too_long", "the name has %d bytes, the limit is %d", len(e.Name), MaxNameBytes).At(field)
	}
	if !e.Type.Touches() {
		e.Name = ""
	}
	return nil
}

// id takes the messageId, or makes one that a client's retry repeats. An event with neither messageId nor timestamp cannot be told from a
// second one: it gets the request's id and its place there.
func (p parser) id(e *Event, raw []byte) error {
	e.ID = ID(text(p.tree["messageId"]))
	if len(e.ID) > MaxIDBytes {
		return fault.Newf(fault.Invalid, "key_too_long", "messageId has %d bytes, the limit is %d", len(e.ID), MaxIDBytes).At("messageId")
	}
	if strings.ContainsFunc(string(e.ID), unicode.IsControl) {
		return fault.New(fault.Invalid, "bad_identifier", "messageId holds a control character").At("messageId")
	}
	if lossy(string(e.ID)) {
		return fault.New(fault.Invalid, "bad_encoding", "messageId "+lostCharacter).At("messageId")
	}
	switch {
	case e.ID != "":
	case e.Untimed:
		e.ID = ID(fmt.Sprintf("wm-%s-%d", p.stamp.Request, p.stamp.Index))
	default:
		delete(p.tree, "sentAt") // a retry has another one
		delete(p.tree, "writeKey")
		canonical, err := json.Marshal(p.tree)
		if err != nil {
			return fault.Newf(fault.Invalid, "bad_json", "the event cannot be written again: %v", err)
		}
		sum := sha256.Sum256(append(canonical, p.stamp.Type...))
		e.ID = ID("wm-" + hex.EncodeToString(sum[:12]))
	}
	return nil
}

// surroundings reads what says where the person was and how they came there. Nothing here can make an event bad.
func (p parser) surroundings(e *Event) {
	page, _ := p.context["page"].(map[string]any)
	campaign, _ := p.context["campaign"].(map[string]any)
	location, _ := p.context["location"].(map[string]any)
	first := func(values ...any) string {
		for _, v := range values {
			if s := strings.TrimSpace(clean(text(v))); s != "" {
				return s
			}
		}
		return ""
	}
	e.Marketing = Marketing{
		Explicit: first(p.context["channel"], e.Properties["channel"]),
		Source:   first(campaign["source"]), Medium: first(campaign["medium"]), Campaign: first(campaign["name"]),
		Term: first(campaign["term"]), Content: first(campaign["content"]),
		URL:      first(e.Properties["url"], page["url"]),
		Referrer: first(e.Properties["referrer"], page["referrer"], p.refererURL()),
	}
	e.Country = clip(first(location["country"], e.Properties["country"]), 64)
	e.Agent = clip(first(p.context["userAgent"]), MaxNameBytes)
	e.Page, _, _ = strings.Cut(e.Marketing.URL, "?")
	e.Page, _, _ = strings.Cut(e.Page, "#")
	e.Page = clip(e.Page, maxPropertyBytes)
	if e.Type == Group {
		e.Group = clip(first(p.tree["groupId"]), MaxIdentifierBytes)
	}
}

func (p parser) refererURL() any {
	referrer, _ := p.context["referrer"].(map[string]any)
	return referrer["url"]
}

// object decodes one JSON object, keeping the text of numbers.
func object(raw []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil || tree == nil {
		return nil, fault.New(fault.Invalid, "bad_json", "an event must be a JSON object")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, fault.New(fault.Invalid, "bad_json", "an event must be one JSON object, and something follows it")
	}
	return tree, nil
}

// merged lays the event's own context over the batch's, one level deep as the SDKs do.
func merged(own any, batch json.RawMessage) map[string]any {
	out := map[string]any{}
	if len(batch) > 0 && Depth(batch) <= MaxDepth {
		if below, err := object(batch); err == nil {
			out = below
		}
	}
	if above, ok := own.(map[string]any); ok {
		for k, v := range above {
			out[k] = v
		}
	}
	return out
}

// text is the value of a scalar JSON value as text; "" for null, objects and arrays.
func text(v any) string {
	s, _ := scalar(v)
	return s
}

// clean replaces control characters, which no name or address needs and some stores refuse, by spaces.
func clean(s string) string {
	if !strings.ContainsFunc(s, unicode.IsControl) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// Depth counts how deep objects and arrays nest in JSON text; 0 for a bare value. It reads no meaning and so needs no valid JSON.
func Depth(raw []byte) int {
	depth, deepest := 0, 0
	inText := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}
