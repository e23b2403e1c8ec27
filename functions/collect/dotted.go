package collect

import (
	"maps"
	"slices"
	"strings"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// maxDots bounds how deep the parameters of RudderStack's pixel nest.
const maxDots = 8

// readDotted makes an event of a query string as RudderStack's pixel has it: every parameter is a member of the event, and dots lead into objects, as
// in context.page.url=… or properties.sku=…. Faults, Invalid: bad_parameter, when one parameter wants a text where another wants an object.
func readDotted(r httpapi.Request, t event.Type) (payload, error) {
	tree := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		if name == "writeKey" || name == "strict" || r.Query.Get(name) == "" {
			continue
		}
		if !put(tree, strings.Split(name, "."), r.Query.Get(name)) {
			return payload{}, fault.Newf(fault.Invalid, "bad_parameter", "the parameter %.64q goes too deep, or into another that is no object", name)
		}
	}
	tree["type"] = string(t)
	return payload{events: []strictjson.Value{asValue(tree)}}, nil
}

// put lays a value where a path of names leads, and says whether there was room. Paths come in order, so none comes after one that begins with it.
func put(tree map[string]any, path []string, value string) bool {
	if len(path) > maxDots {
		return false
	}
	for _, name := range path[:len(path)-1] {
		if tree[name] == nil {
			tree[name] = map[string]any{}
		}
		inner, isObject := tree[name].(map[string]any)
		if !isObject {
			return false
		}
		tree = inner
	}
	tree[path[len(path)-1]] = value
	return true
}

// isNameless says that nothing is wrong with the only event of a request but that it names nobody.
func (t tally) isNameless() bool {
	return t.total == 1 && len(t.details) == 1 && t.details[0].Code == "no_identifier"
}

// named gives the only event of a payload an anonymous id.
func (p payload) named(id string) payload {
	tree := p.events[0].Map()
	tree["anonymousId"] = id
	p.events = []strictjson.Value{asValue(tree)}
	return p
}

// asValue reads what is written as JSON.
func asValue(v any) strictjson.Value {
	written, err := strictjson.Parse(string(write(v)))
	if err != nil {
		panic("collect: what is written as JSON is JSON: " + err.Error())
	}
	return written
}
