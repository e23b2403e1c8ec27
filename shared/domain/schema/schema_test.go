package schema_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"waymark/shared/domain/schema"
	"waymark/shared/domain/strictjson"
)

func parsed(t testing.TB, text string) any {
	t.Helper()
	value, err := strictjson.Parse(text)
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return value.Any()
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
}

func TestSchemasToTheUnit(t *testing.T) {
	t.Parallel()
	read := func(text string) *schema.Schema {
		s, err := schema.Parse(text)
		if err != nil {
			return nil
		}
		return s
	}
	nested := func(n int) string { return strings.Repeat(`{"not":`, n-1) + "{}" + strings.Repeat("}", n-1) }
	digits := func(n int) string { return `{"minimum":` + strings.Repeat("7", n) + `}` }
	for _, more := range []int{0, 1} {
		if got := read(nested(64+more)) != nil; got != (more == 0) {
			t.Errorf("a schema of %d levels is read: %v", 64+more, got)
		}
		if got := read(digits(400+more)) != nil; got != (more == 0) {
			t.Errorf("a number of %d digits is read: %v", 400+more, got)
		}
		many := map[string]any{}
		for i := range schema.MaxViolations + more {
			many[fmt.Sprintf("p%02d", i)] = json.Number("1")
		}
		if got := read(`{"additionalProperties":false}`).Check(many); len(got) != schema.MaxViolations || got[9].Field != "p09" {
			t.Errorf("of %d violations %d are told, the last of %s; want the first %d", len(many), len(got), got[len(got)-1].Field, schema.MaxViolations)
		}
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
