package importer

import (
	"slices"
	"strconv"
	"strings"
)

// find follows a path into a JSON value. Names are parted by dots; a member whose own name holds the dots comes first. In a list
//
//   - `[key=page_location]` is the first element whose member key is that text; the member may be a path, `[field.type=email]`;
//   - a number is the element of that place, from 0;
//   - any other name is the value of that name in a list of pairs, {key, value} or {name, value}, as GA4 and shops keep their own fields:
//     `event_params.page_location` is `event_params[key=page_location].value.string_value`.
//
// What is not there is nil.
func find(at any, path string) any {
	for path != "" {
		switch here := at.(type) {
		case map[string]any:
			if value, ok := here[path]; ok {
				return value
			}
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				return nil
			}
			at, path = here[path[:end]], strings.TrimPrefix(path[end:], ".")
		case []any:
			at, path = element(here, path)
		default:
			return nil
		}
	}
	return at
}

// element is the part of a list that a path begins with, and the rest of the path.
func element(list []any, path string) (any, string) {
	if inside, rest, found := strings.Cut(strings.TrimPrefix(path, "["), "]"); found && path[0] == '[' {
		rest = strings.TrimPrefix(rest, ".")
		key, text, isKey := strings.Cut(inside, "=")
		if !isKey {
			return nth(list, inside), rest
		}
		return withMember(list, key, text), rest
	}
	if value, found := pair(list, path); found {
		return plain(value), ""
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		return nth(list, path), ""
	}
	name, rest := path[:end], strings.TrimPrefix(path[end:], ".")
	if value, found := pair(list, name); found {
		return value, rest
	}
	return nth(list, name), rest
}

func nth(list []any, place string) any {
	if i, err := strconv.Atoi(place); err == nil && i >= 0 && i < len(list) {
		return list[i]
	}
	return nil
}

func withMember(list []any, key, text string) any {
	for _, item := range list {
		if object, ok := item.(map[string]any); ok {
			if said, _ := (record{object: object}).cell(key); said == text {
				return object
			}
		}
	}
	return nil
}

// pair is the value of a name in a list of {key, value} or {name, value}.
func pair(list []any, name string) (any, bool) {
	for _, key := range []string{"key", "name"} {
		object, ok := withMember(list, key, name).(map[string]any)
		if !ok {
			continue
		}
		if value, ok := object["value"]; ok {
			return value, true
		}
		return object, true
	}
	return nil, false
}

// plain takes the one value out of {string_value, int_value, float_value, double_value}, which is how BigQuery writes a value of any type.
func plain(value any) any {
	object, ok := value.(map[string]any)
	if !ok || len(object) == 0 {
		return value
	}
	members := names(object)
	if slices.ContainsFunc(members, func(name string) bool { return !strings.HasSuffix(name, "_value") }) {
		return value
	}
	for _, name := range members {
		if object[name] != nil {
			return object[name]
		}
	}
	return nil
}
