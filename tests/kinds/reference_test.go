package kinds

import (
	"slices"
	"strings"
	"testing"

	reference "github.com/santhosh-tekuri/jsonschema/v6"

	"waymark/shared/domain/schema"
	"waymark/shared/domain/strictjson"
)

// values are held against every schema of schemas, so that each keyword meets values it is for and values it is not for.
var values = []string{
	`null`, `true`, `false`, `0`, `1`, `1.0`, `-3`, `2.5`, `1e3`, `12`, `""`, `"a"`, `"ab"`, `"äöü"`, `"2026-11-22"`, `"plan"`, `[]`, `[1]`, `[1,1.0]`, `["a","b"]`,
	`["a",1]`, `[1,2,3,4]`, `[[1],[1]]`, `[{"a":1},{"a":1.0}]`, `{}`, `{"a":1}`, `{"a":"x"}`, `{"b":1}`, `{"a":1,"b":2}`, `{"a":null}`, `{"x-1":1,"a":1}`,
	`{"a":{"a":{"a":1}}}`, `{"a":{"b":["c"]}}`, `{"plan":"gold","seats":3}`, `{"plan":1,"seats":"3"}`, `{"type":"track","a":1}`, `{"type":"page"}`,
}

var schemas = []string{
	`true`, `false`, `{}`, `{"type":"string"}`, `{"type":["string","null"]}`, `{"type":"integer"}`, `{"type":"number"}`, `{"type":"boolean"}`, `{"type":"null"}`,
	`{"type":"array"}`, `{"type":"object"}`, `{"enum":[1,"a",null,{"a":1}]}`, `{"const":1.00}`, `{"const":[1,1]}`, `{"required":["a"]}`, `{"required":["a","b"]}`,
	`{"dependentRequired":{"a":["b"]}}`, `{"properties":{"a":{"type":"integer"}}}`, `{"properties":{"a":true},"additionalProperties":false}`,
	`{"patternProperties":{"^x-":{"type":"string"}},"additionalProperties":{"type":"integer"}}`, `{"propertyNames":{"maxLength":1}}`,
	`{"minProperties":1,"maxProperties":1}`, `{"items":{"type":"integer"}}`, `{"prefixItems":[{"type":"string"}],"items":{"type":"integer"}}`,
	`{"contains":{"const":1}}`, `{"uniqueItems":true}`, `{"minItems":1,"maxItems":2}`, `{"minLength":1,"maxLength":3}`, `{"pattern":"^\\d{4}-"}`,
	`{"minimum":1,"maximum":2.5}`, `{"exclusiveMinimum":0,"exclusiveMaximum":1000}`, `{"multipleOf":0.5}`, `{"multipleOf":3}`,
	`{"allOf":[{"minimum":1},{"type":"integer"}]}`, `{"anyOf":[{"required":["a"]},{"required":["b"]}]}`, `{"anyOf":[{"type":"string"},{"minimum":1}]}`,
	`{"oneOf":[{"required":["a"]},{"required":["b"]}]}`, `{"not":{"type":"string"}}`,
	`{"if":{"properties":{"type":{"const":"track"}},"required":["type"]},"then":{"required":["a"]},"else":{"not":{"required":["a"]}}}`,
	`{"if":{"type":"string"}}`, `{"if":{"type":"string"},"then":{"minLength":2}}`,
	`{"$defs":{"n":{"type":"integer"}},"properties":{"a":{"$ref":"#/$defs/n"}}}`, `{"properties":{"a":{"$ref":"#"}},"additionalProperties":false}`,
	`{"definitions":{"a/b":{"type":"string"}},"items":{"$ref":"#/definitions/a~1b"}}`, `{"$ref":"#/$defs/s","minLength":2,"$defs":{"s":{"type":"string"}}}`,
	`{"type":"object","properties":{"plan":{"type":"string"},"seats":{"type":"integer","minimum":1}},"required":["plan"],"title":"x","x-own":1}`,
}

func parsed(t testing.TB, text string) any {
	t.Helper()
	value, err := strictjson.Parse(text)
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return value.Any()
}

// theirs reads a schema with the library that everybody uses.
func theirs(text string) (*reference.Schema, error) {
	document, err := reference.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := reference.NewCompiler()
	if err := c.AddResource("urn:test", document); err != nil {
		return nil, err
	}
	return c.Compile("urn:test")
}

// TestAgreesWithTheReference: each value meets each schema here if and only if it does for santhosh-tekuri/jsonschema.
func TestAgreesWithTheReference(t *testing.T) {
	t.Parallel()
	met, checks := 0, 0
	for _, text := range schemas {
		ours, err := schema.Parse(text)
		if err != nil {
			t.Errorf("Parse(%s): %v", text, err)
			continue
		}
		other, err := theirs(text)
		if err != nil {
			t.Fatalf("the reference cannot read %s: %v", text, err)
		}
		for _, value := range values {
			got, want := len(ours.Check(parsed(t, value))) == 0, other.Validate(parsed(t, value)) == nil
			if checks++; got {
				met++
			}
			if got != want {
				t.Errorf("%s against %s: got %v, want %v; violations: %v", value, text, got, want, ours.Check(parsed(t, value)))
			}
		}
	}
	if met == 0 || met == checks {
		t.Errorf("%d of %d values meet their schema, want some and not all", met, checks)
	}
}

// FuzzAgrees: whatever schema and value, both read both alike, as far as both know the keywords.
func FuzzAgrees(f *testing.F) {
	for i, text := range schemas {
		f.Add(text, values[i%len(values)])
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		read, err := strictjson.Parse(value)
		if err != nil || read.Depth() > 32 {
			t.Skip()
		}
		ours, err := schema.Parse(text)
		if err != nil || slices.ContainsFunc([]string{"$id", "$schema", "$anchor", "e+", "E", "definitions"}, func(word string) bool { return strings.Contains(text+value, word) }) {
			t.Skip()
		}
		other, err := theirs(text)
		if err != nil {
			t.Skip()
		}
		if got, want := len(ours.Check(read.Any())) == 0, other.Validate(read.Any()) == nil; got != want {
			t.Errorf("%s against %s: got %v, want %v", value, text, got, want)
		}
	})
}
