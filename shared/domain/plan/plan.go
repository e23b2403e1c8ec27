// Package plan reads tracking plans and holds events against them: which events a source sends, and what their properties are. A plan is a JSON
// document that people write, or that Segment's Protocols exports; docs/plans.md has examples. A Checker does it for all sources, by what is settled
// for each, and holds events of strict sources against the JSON Schema of their kind as well.
//
// It is not for what every event must have, which package event demands of all.
//
//	p, err := plan.Parse(`{"events":{"Signed Up":{"required":{"plan":"string","seats":"integer"}}},"others":"reject"}`)
//	violations, known := p.Check(&e)
package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kind"
	"waymark/shared/domain/schema"
	"waymark/shared/domain/strictjson"
)

// Plan is a tracking plan that was read. It is safe for concurrent use.
type Plan struct {
	rules    map[string]rule // by kind.Key of a track event's name; of other calls by the type alone
	isClosed bool            // track events that it does not name are rejected
}

// rule is what a plan asks of some events.
type rule struct {
	schema  *schema.Schema
	isWhole bool // the schema is of the whole event, not of its properties or traits alone
}

// Events is how many track events the plan names.
func (p *Plan) Events() int {
	n := 0
	for key := range p.rules {
		if strings.HasPrefix(key, string(event.Track)+" ") {
			n++
		}
	}
	return n
}

// Parse reads the text of a plan. The error names all its faults, each with its place.
func Parse(text string) (*Plan, error) {
	value, err := strictjson.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("the plan is not JSON: %w", err)
	}
	if key, found := value.Twice(); found {
		return nil, fmt.Errorf("the plan has the key %q twice in one object", key)
	}
	document, isObject := value.Any().(map[string]any)
	if !isObject {
		return nil, errors.New(`the plan must be an object, such as {"events":{"Signed Up":{"required":{"plan":"string"}}}}`)
	}
	r := reader{plan: &Plan{rules: map[string]rule{}}}
	if exported, found := document["rules"]; found {
		r.exported(exported)
	} else {
		r.written(document)
	}
	if err := errors.Join(r.faults...); err != nil {
		return nil, err
	}
	return r.plan, nil
}

type reader struct {
	plan   *Plan
	faults []error
}

func (r *reader) fault(at, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
}

// otherCalls are the calls that a plan has one rule for, whatever their names.
var otherCalls = []event.Type{event.Identify, event.Group, event.Page, event.Screen}

// written reads a plan in our own form.
func (r *reader) written(document map[string]any) {
	for _, member := range slices.Sorted(maps.Keys(document)) {
		value := document[member]
		switch {
		case member == "events":
			events, isObject := value.(map[string]any)
			if !isObject {
				r.fault(member, "it must be an object of events by their names")
			}
			for _, name := range slices.Sorted(maps.Keys(events)) {
				r.add(event.Track, name, "events."+name, r.asked(events[name], "events."+name), false)
			}
		case member == "others":
			if value != "allow" && value != "reject" {
				r.fault(member, `it must be "allow" or "reject"`)
			}
			r.plan.isClosed = value == "reject"
		case slices.Contains(otherCalls, event.Type(member)):
			r.add(event.Type(member), "", member, r.asked(value, member), false)
		case member == "name" || member == "description" || member == "version":
		default:
			r.fault(member, "there is no such member of a plan; it has events, others, identify, group, page, screen, name, description and version")
		}
	}
	if document["events"] == nil {
		r.fault("events", "it is missing: name the events that the source sends")
	}
}

// asked gives the schema of one entry: its schema, or that of the names and types in its short form.
func (r *reader) asked(entry any, at string) any {
	members, isObject := entry.(map[string]any)
	if !isObject {
		r.fault(at, `it must be an object of "required" and "optional", or of "schema"`)
		return true
	}
	out := map[string]any{}
	properties := map[string]any{}
	var required []any
	for _, member := range slices.Sorted(maps.Keys(members)) {
		switch member {
		case "schema":
			if members["required"] != nil || members["optional"] != nil {
				r.fault(at, `it has "schema" and the short form; use one of them`)
			}
			return members[member]
		case "required", "optional":
			names, isObject := members[member].(map[string]any)
			if !isObject {
				r.fault(at+"."+member, "it must be an object of types by the names of the properties")
			}
			for _, name := range slices.Sorted(maps.Keys(names)) {
				properties[name] = r.typed(names[name], member == "optional", at+"."+member+"."+name)
				if member == "required" {
					required = append(required, name)
				}
			}
		case "others":
			if members[member] != "allow" && members[member] != "reject" {
				r.fault(at+".others", `it must be "allow" or "reject"`)
			}
			if members[member] == "reject" {
				out["additionalProperties"] = false
			}
		case "description":
		default:
			r.fault(at+"."+member, `there is no such member of an event; it has "required", "optional" and "others", or "schema"`)
		}
	}
	out["properties"] = properties
	if required != nil {
		out["required"] = required
	}
	return out
}

// typed is the schema of a property in the short form. What may be left out may be null as well.
func (r *reader) typed(value any, isOptional bool, at string) any {
	name, _ := value.(string)
	switch name {
	case "any":
		return true
	case "string", "number", "integer", "boolean", "object", "array":
	default:
		r.fault(at, "its type must be string, number, integer, boolean, object, array or any")
		return true
	}
	if isOptional {
		return map[string]any{"type": []any{name, "null"}}
	}
	return map[string]any{"type": name}
}

// add notes the schema of the events of one type and name. Names are known in any form that the catalogue's are.
func (r *reader) add(t event.Type, name, at string, text any, isWhole bool) {
	read, err := schema.New(text)
	if err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s: %w", at, err))
		return
	}
	key := string(t)
	if t == event.Track {
		if name == "" || len(name) > event.MaxNameBytes {
			r.fault(at, "an event's name has 1 to %d bytes", event.MaxNameBytes)
			return
		}
		key = kind.Key(t, event.StandardName(name))
	}
	if _, twice := r.plan.rules[key]; twice {
		r.fault(at, "the plan has this event twice")
		return
	}
	r.plan.rules[key] = rule{read, isWhole}
}

// Check tells what is wrong with an event, and whether the plan names it.
func (p *Plan) Check(e *event.Event) (violations []schema.Violation, isNamed bool) {
	key := string(e.Type)
	if e.Type == event.Track {
		key = kind.Key(e.Type, e.Name)
	}
	asked, isNamed := p.rules[key]
	switch {
	case !isNamed && p.isClosed && e.Type == event.Track:
		return []schema.Violation{{Field: "event", Problem: "is none that the plan names"}}, false
	case !isNamed:
		return nil, false
	case asked.isWhole:
		return asked.schema.Check(whole(e)), true
	}
	member, value := "properties", e.Properties
	if e.Type == event.Identify || e.Type == event.Group {
		member, value = "traits", e.Traits
	}
	for _, v := range asked.schema.Check(object(value)) {
		violations = append(violations, schema.Violation{Field: strings.TrimSuffix(member+"."+v.Field, "."), Problem: v.Problem})
	}
	return violations, true
}

// whole is an event as a client of the Segment family sends it, as far as schemas of events ask: the address of the page and the one before stand
// in context.page, wherever they came.
func whole(e *event.Event) map[string]any {
	page := map[string]any{}
	for name, value := range map[string]string{"url": e.Marketing.URL, "referrer": e.Marketing.Referrer} {
		if value != "" {
			page[name] = value
		}
	}
	out := map[string]any{
		"type": string(e.Type), "properties": object(e.Properties), "traits": object(e.Traits), "context": map[string]any{"page": page},
	}
	if e.Name != "" {
		out[map[bool]string{true: "event", false: "name"}[e.Type == event.Track]] = e.Name
	}
	return out
}

// object is the value that nothing stands for.
func object(value map[string]any) any {
	if value == nil {
		return map[string]any{}
	}
	return value
}
