package collect

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// The rules of forms are:
//
// A body is a form if it begins with a name and an equals sign, which no JSON does. Content-Type is not asked.
//
// The field data holds a whole body, as JSON or as JSON in base64; the other fields lie over it. Each of them is a member of the body. Fields that hold
// objects or lists are JSON, all others are text as they stand.
//
// A field that is there twice, or whose name has brackets, is refused, for nobody can know what is meant.

// maxFormName bounds the first name of a form; longer ones are no names.
const maxFormName = 64

// jsonFields are the members of a body that are no texts.
var jsonFields = []string{"batch", "properties", "traits", "context", "integrations", "options", "products"}

// isForm says that a body is a form and not JSON.
func isForm(text string) bool {
	name, _, found := strings.Cut(text[:min(len(text), maxFormName+1)], "=")
	return found && name != "" && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_.-%[]") == ""
}

// openForm reads a form as the JSON object that it stands for. Faults, all Invalid: bad_form, repeated_field, those of openObject in the field data,
// request_too_large when it is that as JSON.
func openForm(text string) (strictjson.Value, error) {
	fields, err := url.ParseQuery(text)
	if err != nil {
		return strictjson.Value{}, fault.New(fault.Invalid, "bad_form", "the body begins as a form and cannot be read as one; encode it, or send JSON")
	}
	tree := map[string]any{}
	if data := fields.Get("data"); data != "" {
		object, err := openData(data)
		if err != nil {
			return strictjson.Value{}, err
		}
		tree = object.Map()
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		values := fields[name]
		switch {
		case len(values) > 1:
			return strictjson.Value{}, fault.Newf(fault.Invalid, "repeated_field", "the form has the field %.64q twice; send each once", name)
		case strings.ContainsAny(name, "[]"):
			return strictjson.Value{}, fault.Newf(fault.Invalid, "bad_form", "the form has the field %.64q; send the whole object as JSON under its own name", name)
		case name == "data":
		case slices.Contains(jsonFields, name):
			inner, syntax := strictjson.Parse(values[0])
			if syntax != nil {
				return strictjson.Value{}, fault.Newf(fault.Invalid, "bad_form", "this field of a form must be JSON: %v", syntax).At(name)
			}
			if key, found := inner.Twice(); found {
				return strictjson.Value{}, twice("an object of this field", key).At(name)
			}
			tree[name] = inner.Any()
		default:
			tree[name] = values[0]
		}
	}
	body := write(tree)
	if len(body) > event.MaxRequestBytes {
		return strictjson.Value{}, tooLarge(len(body))
	}
	return openJSON(string(body))
}

// openData reads an object that stands in a field or parameter: JSON, or JSON in base64.
func openData(text string) (strictjson.Value, error) {
	var object strictjson.Value
	var err error
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		object, err = openJSON(text)
	} else {
		object, err = openBase64(text)
	}
	if err != nil {
		return strictjson.Value{}, err
	}
	if key, found := object.Twice(); found {
		return strictjson.Value{}, twice("an object of this parameter", key).At("data")
	}
	return object, nil
}
