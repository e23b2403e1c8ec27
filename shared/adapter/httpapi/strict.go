package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Reads are the methods that only read. HEAD is answered as GET is; whoever sends the answer on leaves the body out.
const Reads = "GET, HEAD"

// Allows says whether a list of methods, as the header Allow has it, holds a method.
func Allows(methods, method string) bool {
	return slices.Contains(strings.Split(methods, ", "), method)
}

// Options answers OPTIONS of a route that no page of another site may use: its methods, and no header of CORS.
func Options(methods string) events.APIGatewayV2HTTPResponse {
	return With(JSON(http.StatusOK, map[string]bool{"success": true}), map[string]string{"allow": methods + ", OPTIONS"})
}

// CheckQuery refuses a query that says more than a route reads: once lists the parameters that may be there once, often those that may be
// repeated. Faults, both Invalid: unknown_parameter, repeated_parameter.
func (r Request) CheckQuery(once, often []string) error {
	for name, values := range r.Query {
		isOnce := slices.Contains(once, name)
		if !isOnce && !slices.Contains(often, name) {
			return fault.Newf(fault.Invalid, "unknown_parameter", "%.64q is no parameter of this route, which takes %s", name, listed(once, often))
		}
		if isOnce && len(values) > 1 {
			return fault.New(fault.Invalid, "repeated_parameter", "this parameter is there more than once; send it once").At(name)
		}
	}
	return nil
}

func listed(once, often []string) string {
	known := slices.Concat(once, often)
	if len(known) == 0 {
		return "none"
	}
	return strings.Join(known, ", ")
}

// Flag reads a parameter that is on or off; off when it is not there. Fault: Invalid bad_flag.
func (r Request) Flag(name string) (bool, error) {
	values := r.Query[name]
	if len(values) == 0 {
		return false, nil
	}
	if len(values) == 1 {
		switch values[0] {
		case "1", "true":
			return true, nil
		case "0", "false":
			return false, nil
		}
	}
	return false, fault.New(fault.Invalid, "bad_flag", "this is 1 or true, 0 or false, once; leave it out for 0").At(name)
}

// ReadBody reads a JSON object into a struct whose tags name its members. It takes no member of another name, none twice
// and none of another type, and neither null nor an empty text, which only a member tagged omitempty may be:
// encoding/json alone would pass over all of these, and the order would not be what its sender meant. Fault: Invalid
// invalid_json, whose message says which member is wrong, or shows the sample.
func ReadBody(body []byte, sample string, into any) error {
	v, err := strictjson.Parse(string(body))
	if err != nil || v.Kind() != strictjson.Object {
		return fault.New(fault.Invalid, "invalid_json", "the body must be a JSON object such as "+sample)
	}
	if name, found := v.Twice(); found {
		return fault.Newf(fault.Invalid, "invalid_json", "the body has the key %.64q twice; send each key once", name)
	}
	known, names := members(into)
	for name, member := range v.Members() {
		mayBeEmpty, isKnown := known[name]
		if !isKnown {
			return fault.Newf(fault.Invalid, "invalid_json", "%.64q is no member of this body, which takes %s", name, names)
		}
		if holdsNull(member) || !mayBeEmpty && member.Kind() == strictjson.Text && member.Scalar() == "" {
			return fault.New(fault.Invalid, "invalid_json", "this must not be null or empty; leave it out").At(name)
		}
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](json.Unmarshal(body, into)); ok {
		return fault.Newf(fault.Invalid, "invalid_json", "this must be %s, not %s", typeName(wrong.Type), wrong.Value).At(wrong.Field)
	}
	return nil
}

// members are the names that the tags of a struct give, with whether they may be empty, and the list of them.
func members(into any) (mayBeEmpty map[string]bool, list string) {
	t, mayBeEmpty := reflect.TypeOf(into).Elem(), map[string]bool{}
	var names []string
	for i := range t.NumField() {
		if name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
			names, mayBeEmpty[name] = append(names, name), options == "omitempty"
		}
	}
	return mayBeEmpty, strings.Join(names, ", ")
}

func holdsNull(v strictjson.Value) bool {
	if v.Kind() == strictjson.List {
		for item := range v.Items() {
			if item.Kind() == strictjson.Null {
				return true
			}
		}
	}
	return v.Kind() == strictjson.Null
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	}
	return "a string"
}
