package golden_test

import (
	"slices"
	"testing"

	"waymark/infra/sam/golden"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, want, got string
		differences     []string
	}{
		{name: "order and space", want: `{"a":1,"b":[true,null]}`, got: "{\n \"b\": [true, null], \"a\": 1 }\n"},
		{name: "a body as text or opened", want: `{"statusCode":200,"body":{"success":true}}`, got: `{"body":"{\"success\":true}","statusCode":200}`},
		{name: "both as text", want: `{"body":"{\"a\":1}"}`, got: `{"body":"{ \"a\" : 1 }"}`},
		{name: "text that only looks like JSON", want: `{"body":"[broken"}`, got: `{"body":"[broken"}`},
		{name: "volatile fields", want: `{"request_id":"x","headers":{"X-Request-Id":"a"}}`, got: `{"request_id":"y","headers":{"X-Request-Id":"b"}}`},
		{name: "a volatile field must be there", want: `{"request_id":"x"}`, got: `{}`, differences: []string{`request_id: got nothing, want "x"`}},
		{name: "any", want: `{"rows":"<any>"}`, got: `{"rows":[1,2]}`},
		{name: "any must be there", want: `{"rows":"<any>"}`, got: `{}`, differences: []string{`rows: got nothing, want "\u003cany\u003e"`}},
		{name: "a value deep inside", want: `{"body":"{\"a\":[1,{\"b\":2}]}"}`, got: `{"body":"{\"a\":[1,{\"b\":3}]}"}`, differences: []string{"body.a[1].b: got 3, want 2"}},
		{name: "numbers as written", want: `{"a":1.10}`, got: `{"a":1.1}`, differences: []string{"a: got 1.1, want 1.10"}},
		{name: "more and fewer", want: `{"a":1,"b":[1]}`, got: `{"b":[],"c":2}`, differences: []string{"a: got nothing, want 1", "b: got 0 items, want 1: []", "c: got 2, want nothing"}},
		{name: "another kind", want: `{"a":{}}`, got: `null`, differences: []string{`answer: got null, want {"a":{}}`}},
		{name: "null is not nothing", want: `{"a":null}`, got: `{"a":false}`, differences: []string{"a: got false, want null"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := golden.Compare([]byte(c.want), []byte(c.got))
			if err != nil || !slices.Equal(got, c.differences) {
				t.Errorf("Compare(%s, %s) = %q, %v, want %q", c.want, c.got, got, err, c.differences)
			}
		})
	}
}

func TestCompareRefusesWhatIsNotOneValue(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"", "{}"}, {"{}", ""}, {"{}", "{} {}"}, {"{}", "START {}"}} {
		if got, err := golden.Compare([]byte(pair[0]), []byte(pair[1])); err == nil {
			t.Errorf("Compare(%q, %q) = %q, want an error", pair[0], pair[1], got)
		}
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	const (
		old    = `{"n":"<any>","rows":[{"at":"<any>"}],"gone":1}`
		answer = `{"n":7,"rows":[{"at":1},{"at":2}],"request_id":"r","body":"{\"a\":\"<b>\"}"}`
		want   = `{
  "body": {
    "a": "<b>"
  },
  "n": "<any>",
  "request_id": "<any>",
  "rows": [
    {
      "at": "<any>"
    },
    {
      "at": 2
    }
  ]
}
`
	)
	got, err := golden.Rewrite([]byte(old), []byte(answer))
	if err != nil || string(got) != want {
		t.Fatalf("Rewrite = %s, %v, want %s", got, err, want)
	}
	if differences, err := golden.Compare(got, []byte(answer)); err != nil || differences != nil {
		t.Errorf("Compare(rewritten, answer) = %q, %v, want equal", differences, err)
	}
}
