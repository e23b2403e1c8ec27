package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"waymark/shared/domain/money"
)

// draft is an event before it has its messageId.
type draft struct {
	event map[string]any
	at    time.Time
	key   []string // cells of message_id
}

// draft makes the event of one row; of a group it is called with its earliest row.
func (e *rule) draft(row record) (*draft, *Problem) {
	at, err := e.time.of(row)
	if err != nil {
		return nil, &Problem{Code: "bad_time", Field: "timestamp", Reason: err.Error()}
	}
	d := &draft{at: at, event: map[string]any{"timestamp": at.Format(time.RFC3339Nano)}}
	kind, err := e.kind.text(row)
	if err != nil || !callTypes[kind] {
		return nil, &Problem{Code: "unknown_type", Field: "type", Reason: fmt.Sprintf("%q is no type of event; it is one of %s", kind, strings.Join(names(callTypes), ", "))}
	}
	d.event["type"] = kind
	for _, part := range []func(record, map[string]any) *Problem{e.call, e.identify, e.surround, e.describe} {
		if problem := part(row, d.event); problem != nil {
			return nil, problem
		}
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
		return &Problem{Code: "bad_value", Field: "event", Reason: err.Error()}
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

func (e *rule) identify(row record, tree map[string]any) *Problem {
	var external []any
	for _, f := range e.identifiers {
		kind := f.path[0]
		id, err := f.value.text(row)
		if err != nil {
			return &Problem{Code: "bad_value", Field: "identifiers." + kind, Reason: err.Error()}
		}
		if id == "" {
			continue
		}
		if member := identifierKinds[kind]; member != "" {
			tree[member] = id
			continue
		}
		external = append(external, map[string]any{"id": id, "type": kind, "collection": "users", "encoding": "none"})
	}
	if external != nil {
		tree["context"] = map[string]any{"externalIds": external}
	}
	return nil
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
			return &Problem{Code: "bad_value", Field: "properties_from", Reason: err.Error()}
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
		return &Problem{Code: "bad_value", Field: where + "." + strings.Join(f.path, "."), Reason: err.Error()}
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

// lineTotal is price × quantity of one product; nothing when the price is missing.
func lineTotal(product map[string]any) (money.Micros, error) {
	price, _ := product["price"].(json.Number)
	quantity, _ := product["quantity"].(json.Number)
	if price == "" {
		return 0, nil
	}
	if quantity == "" {
		quantity = "1"
	}
	each, err := money.Parse(price.String())
	if err != nil {
		return 0, err
	}
	return money.MulQuantity(each, quantity.String())
}
