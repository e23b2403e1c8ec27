package schema_test

import (
	"encoding/json"
	"fmt"
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

// TestViolations: what is said of a value names the place and what is asked, never the value.
func TestViolations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, value, want string }{
		{`{"required":["a"]}`, `{}`, "a is missing"},
		{`{"properties":{"p":{"properties":{"price":{"type":"number"}}}}}`, `{"p":{"price":"secret"}}`, "p.price must be a number, not text"},
		{`{"properties":{"p":{"items":{"type":["integer","null"]}}}}`, `{"p":[1,"secret"]}`, "p.1 must be a whole number or null, not text"},
		{`{"properties":{"plan":{"enum":["free","gold"]}}}`, `{"plan":"secret"}`, `plan must be "free" or "gold"`},
		{`{"properties":{"n":{"minimum":0.5}}}`, `{"n":0.25}`, "n must be at least 0.5"},
		{`{"properties":{"id":{"pattern":"^[0-9]+$"}}}`, `{"id":"secret"}`, "id must match ^[0-9]+$"},
		{`{"anyOf":[{"required":["product_id"]},{"required":["sku"]}]}`, `{"secret":1}`, "product_id is missing, or in its place sku"},
		{`{"additionalProperties":false}`, `{"email":"secret"}`, "email is not allowed"},
		{`{"type":"object"}`, `"secret"`, "must be an object, not text"},
		{`{"multipleOf":1}`, `1e999999`, "is a number of too many digits"},
		{`{"properties":{"a":{"type":"string"},"b":{"type":"string"}}}`, `{"b":1,"a":1}`, "a must be text, not a number; b must be text, not a number"},
	} {
		s, err := schema.Parse(c.schema)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, v := range s.Check(parsed(t, c.value)) {
			said = append(said, v.String())
		}
		if got := strings.Join(said, "; "); got != c.want {
			t.Errorf("Check(%s) against %s says\n %q\nwant\n %q", c.value, c.schema, got, c.want)
		}
	}
}

// TestFaultsOfSchemas: a schema that says what nobody checks is refused, with all its faults.
func TestFaultsOfSchemas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, want string }{
		{`{`, "the schema is not JSON: the text ends too early, at byte 1"},
		{`7`, "#: a schema is an object, true or false"},
		{`{"type":"text"}`, `#/type: "text" is no type; there are null, boolean, object, array, number, integer, string`},
		{`{"properties":{"a":{"requird":[]}}}`, "#/properties/a/requird: the keyword requird is not known here; see docs/plans.md"},
		{`{"$ref":"http://example.com/x"}`, `#/$ref: it refers to "http://example.com/x", which is no place in this schema, such as #/$defs/product`},
		{`{"$ref":"#"}`, "#: its references go in a circle without looking at a part of the value"},
		{`{"minLength":-1,"required":[1],"enum":1}`, "#/enum: it must be a list\n#/minLength: it must be a whole number of at least 0\n#/required: it must be a list of texts"},
		{`{"multipleOf":0}`, "#/multipleOf: it must be more than 0"},
		{`{"minimum":1e9999}`, "#/minimum: it must be a number of at most 400 digits"},
		{`{"anyOf":[]}`, "#/anyOf: it must be a list of schemas"},
		{`{"type":"string","type":"number"}`, `the schema has the key "type" twice in one object`},
	} {
		_, err := schema.Parse(c.schema)
		if got := fmt.Sprint(err); got != c.want {
			t.Errorf("Parse(%s)\n got %s\nwant %s", c.schema, got, c.want)
		}
	}
	if _, err := schema.Parse(`{"pattern":"a(?=b)"}`); err == nil || !strings.Contains(err.Error(), "without look-around") {
		t.Errorf("a pattern with look-around: %v, want a fault", err)
	}
	if _, err := schema.Parse(strings.Repeat(`{"not":`, 65) + "{}" + strings.Repeat("}", 65)); err == nil {
		t.Error("a schema of 66 levels is read, want a fault")
	}
}

func TestManyViolationsAreCut(t *testing.T) {
	t.Parallel()
	s, err := schema.Parse(`{"additionalProperties":false}`)
	if err != nil {
		t.Fatal(err)
	}
	many := map[string]any{}
	for i := range 20 {
		many[fmt.Sprintf("p%02d", i)] = json.Number("1")
	}
	got := s.Check(many)
	if len(got) != schema.MaxViolations || got[0].Field != "p00" {
		t.Errorf("%d violations from %v on, want %d from p00 on", len(got), got[:1], schema.MaxViolations)
	}
}

// TestSchemasThatDouble: a schema that holds itself twice cannot be made to work for hours by a value that nests.
func TestSchemasThatDouble(t *testing.T) {
	t.Parallel()
	s, err := schema.Parse(`{"anyOf":[{"properties":{"a":{"$ref":"#"}},"required":["a"]},{"properties":{"a":{"$ref":"#"}},"required":["a","b"]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	got := s.Check(parsed(t, strings.Repeat(`{"a":`, 31)+"{}"+strings.Repeat("}", 31)))
	if len(got) != 1 || got[0].String() != "takes too long to check" {
		t.Errorf("31 levels: %v, want that it takes too long", got)
	}
	if got := s.Check(parsed(t, `{"a":{"a":{}}}`)); len(got) != 1 {
		t.Errorf("2 levels: %v, want one violation", got)
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
