package httpapi_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/fault"
)

type sample struct {
	Name   string   `json:"name"`
	IDs    []string `json:"ids"`
	All    bool     `json:"all"`
	Cursor string   `json:"cursor,omitempty"`
	inner  string
}

func TestReadBody(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{ // "" where it is read, else what the message says
		`{}`: "", `{"name":"a","ids":["1"],"all":false,"cursor":""}`: "", ` {"all":true} `: "",
		``: `such as {"all":true}`, `null`: `such as {"all":true}`, `[]`: `such as {"all":true}`, `{"all":true} {}`: `such as {"all":true}`, `{`: `such as {"all":true}`,
		`{"name":null}`: "must not be null or empty", `{"ids":[null]}`: "must not be null or empty", `{"name":""}`: "must not be null or empty",
		`{"Name":"a"}`: `"Name" is no member of this body, which takes name, ids, all, cursor`, `{"inner":"a"}`: `"inner" is no member`,
		`{"name":"a","name":"a"}`: `the key "name" twice`, `{"name":7}`: "must be a string, not number", `{"ids":"a"}`: "must be a list, not string",
		`{"ids":[7]}`: "must be a string, not number", `{"all":"true"}`: "must be true or false, not string", `{"all":1}`: "must be true or false, not number",
	} {
		var into sample
		err := httpapi.ReadBody([]byte(body), `{"all":true}`, &into)
		if want == "" && err != nil || want != "" && (fault.CodeOf(err) != "invalid_json" || !strings.Contains(err.Error(), want)) {
			t.Errorf("ReadBody(%s) gives %v, want %q", body, err, want)
		}
	}
	var into sample
	if err := httpapi.ReadBody([]byte(`{"name":"a","ids":["1","2"],"all":true}`), "", &into); err != nil ||
		!reflect.DeepEqual(into, sample{Name: "a", IDs: []string{"1", "2"}, All: true, inner: ""}) {
		t.Errorf("read %+v, %v", into, err)
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"": "", "a=1": "", "a=": "", "m=1&m=2": "", "a=1&a=1": "repeated_parameter", "b=1": "unknown_parameter", "A=1": "unknown_parameter",
	} {
		query, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := fault.CodeOf(httpapi.Request{Query: query}.CheckQuery([]string{"a"}, []string{"m"})); got != want {
			t.Errorf("CheckQuery(%q) gives %q, want %q", raw, got, want)
		}
	}
	for raw, want := range map[string]string{
		"": "off", "f=1": "on", "f=true": "on", "f=0": "off", "f=false": "off", "f=": "bad_flag", "f": "bad_flag", "f=yes": "bad_flag", "f=1&f=1": "bad_flag",
	} {
		query, err := url.ParseQuery(raw)
		if err != nil {
			t.Fatal(err)
		}
		isOn, err := httpapi.Request{Query: query}.Flag("f")
		got := map[bool]string{true: "on", false: "off"}[isOn]
		if err != nil {
			got = fault.CodeOf(err)
		}
		if got != want {
			t.Errorf("Flag(%q) is %s, want %s", raw, got, want)
		}
	}
}
