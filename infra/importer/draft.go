package importer

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// draft is an event before it has its messageId.
type draft struct {
	event map[string]any
	at    time.Time
	ids   string   // its identifiers, to see whether the lines of a group agree
	key   []string // cells of message_id
}

// draft makes the event of one row; of a group it is called with its earliest row.
func (e *rule) draft(row record) (*draft, *Problem) {
	at, err := e.time.of(row)
	if err != nil {
		return nil, badCell("bad_time", "timestamp", err)
	}
	d := &draft{at: at, event: map[string]any{"timestamp": at.Format(time.RFC3339Nano)}}
	kind, err := e.kind.text(row)
	if err != nil || !callTypes[kind] {
		return nil, &Problem{Code: "unknown_type", Field: "type", Reason: fmt.Sprintf("%q is no type of event; it is one of %s", kind, strings.Join(names(callTypes), ", "))}
	}
	d.event["type"] = kind
	if problem := e.identify(row, d.event); problem != nil {
		return nil, problem
	}
	d.ids = fmt.Sprint(d.event["userId"], d.event["anonymousId"], d.event["previousId"], d.event["groupId"], d.event["context"])
	for _, part := range []func(record, map[string]any) *Problem{e.call, e.surround, e.describe} {
		if problem := part(row, d.event); problem != nil {
			return nil, problem
		}
	}
	if e.products != nil && e.products.list != "" {
		list := &basket{}
		if problem := list.addList(e.products, row); problem != nil {
			return nil, problem
		}
		list.into(d, e.products)
	}
	for _, column := range e.messageID {
		d.key = append(d.key, row.text(column))
	}
	return d, nil
}

func (e *rule) call(row record, tree map[string]any) *Problem {
	if e.event == nil {
		return nil
	}
	name, err := e.event.text(row)
	if err != nil {
		return badCell("bad_value", "event", err)
	}
	if name == "" {
		return nil
	}
	if tree["type"] == "track" {
		tree["event"] = name
		return nil
	}
	tree["name"] = name
	return nil
}

// identify puts the identifiers into an event; those of else when there is no other.
func (e *rule) identify(row record, tree map[string]any) *Problem {
	found, problem := identify(e.identifiers, row, tree)
	if problem == nil && !found {
		_, problem = identify(e.otherwise, row, tree)
	}
	return problem
}

func identify(fields []field, row record, tree map[string]any) (found bool, problem *Problem) {
	var external []any
	for _, f := range fields {
		kind := f.path[0]
		id, err := f.value.text(row)
		if err != nil {
			return false, badCell("bad_value", "identifiers."+kind, err)
		}
		if id == "" {
			continue
		}
		found = true
		if member := identifierKinds[kind]; member != "" {
			tree[member] = id
			continue
		}
		external = append(external, map[string]any{"id": id, "type": kind, "collection": "users", "encoding": "none"})
	}
	if external != nil {
		tree["context"] = map[string]any{"externalIds": external}
	}
	return found, nil
}

func (e *rule) surround(row record, tree map[string]any) *Problem {
	context, _ := tree["context"].(map[string]any)
	if context == nil {
		context = map[string]any{}
	}
	for _, f := range e.context {
		if problem := f.put(row, context, "context"); problem != nil {
			return problem
		}
	}
	if len(context) > 0 {
		tree["context"] = context
	}
	return nil
}

func (e *rule) describe(row record, tree map[string]any) *Problem {
	properties := map[string]any{}
	if e.spread != "" {
		spread, err := row.json(e.spread)
		if err != nil {
			return badCell("bad_value", "properties_from", err)
		}
		object, isObject := spread.(map[string]any)
		if spread != nil && !isObject {
			return &Problem{Code: "bad_value", Field: "properties_from", Reason: "the cell must be a JSON object"}
		}
		maps.Copy(properties, object)
	}
	traits := map[string]any{}
	for _, part := range []struct {
		name   string
		fields []field
		into   map[string]any
	}{{"properties", e.properties, properties}, {"traits", e.traits, traits}} {
		for _, f := range part.fields {
			if problem := f.put(row, part.into, part.name); problem != nil {
				return problem
			}
		}
		if len(part.into) > 0 {
			tree[part.name] = part.into
		}
	}
	return nil
}

// put evaluates a field into a tree, making the objects on its path. An empty value puts nothing.
func (f field) put(row record, tree map[string]any, where string) *Problem {
	result, err := f.value.of(row)
	if err != nil {
		return badCell("bad_value", where+"."+strings.Join(f.path, "."), err)
	}
	if result == nil {
		return nil
	}
	for _, name := range f.path[:len(f.path)-1] {
		inner, ok := tree[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			tree[name] = inner
		}
		tree = inner
	}
	tree[f.path[len(f.path)-1]] = result
	return nil
}

// badCell is the problem of a cell that could not be read. What to add to the mapping is worked out when somebody is going to read it.
func badCell(code, field string, err error) *Problem {
	p := &Problem{Code: code, Field: field, Reason: err.Error()}
	if adviser, ok := err.(interface{ advice(field string) string }); ok {
		p.advice = func() string { return adviser.advice(field[strings.LastIndexByte(field, '.')+1:]) }
	}
	return p
}
