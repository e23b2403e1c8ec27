package funnel_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/step"
)

// rows are what texts are asked of, by letter.
var rows = map[string]step.Row{
	"a": {Type: "track", Event: "Product Viewed", Channel: "email", Page: "/shoes", Stage: "consideration", StageBefore: "awareness", Properties: `{"plan":"pro","value":"120"}`},
	"b": {Type: "page", Page: "/cart", Channel: "direct", Stage: "decision", StageBefore: "consideration"},
	"c": {Type: "track", Event: "Order Completed", Channel: "email", Stage: "purchase", StageBefore: "decision", Order: &step.Order{Number: 1}, Properties: `{"value":"80"}`},
	"d": {Type: "track", Event: "Order Refunded", Stage: "purchase", StageBefore: "purchase", Order: &step.Order{Kind: "refunded"}},
	"e": {Stage: "lapsed", StageBefore: "purchase"}, // made by time
	"f": {Type: "track", Event: "order", Page: "/cart/a|b?*", Stage: "purchase", StageBefore: "purchase"},
	"g": {Type: "page", Event: "Product: List", Page: "/cart/a|b?*", Stage: "purchase", StageBefore: "purchase"},
}

func holding(t *testing.T, text string) string {
	t.Helper()
	s, err := funnel.ParseStep(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	f, err := funnel.New(funnel.Config{Steps: []funnel.Step{s, s}})
	if s.Optional {
		f, err = funnel.New(funnel.Config{Steps: []funnel.Step{{}, s}})
		t.Fatalf("%s is optional: %v", f, err)
	}
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	held := ""
	for _, letter := range strings.Split("abcdefg", "") {
		row := f.Columns().Only(rows[letter])
		row.At = 5
		if f.Of([]step.Row{row}, funnel.Bounds{End: 10, Now: 20}).State != funnel.Outside {
			held += letter
		}
	}
	return held
}

func TestParseStep(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ holds, written string }{
		"*":                                    {"abcdfg", "*"},
		"Product Viewed":                       {"a", ""},
		"event:Product Viewed":                 {"a", "Product Viewed"},
		"Product *":                            {"a", ""},
		"Product*|Order Completed":             {"acg", "Order Completed|Product*"},
		"event:Product: List":                  {"g", `Product\: List`},
		`Product\: List`:                       {"g", ""},
		"event:unknown":                        {"b", "unknown"},
		"order":                                {"c", ""},
		"event:order":                          {"f", ""},
		"page:/cart":                           {"b", ""},
		"page:/cart*":                          {"bg", ""},
		`page:/cart/a\|b\?\*`:                  {"g", ""},
		"stage:decision|purchase":              {"bc", ""},
		"stage:lapsed":                         {"e", ""},
		"channel:email":                        {"ac", ""},
		"property.plan:pro":                    {"a", ""},
		"Product Viewed[plan=pro]":             {"a", ""},
		"*[plan=pro|team]":                     {"a", ""},
		"*[value>=100]":                        {"a", ""},
		"*[value<=100]":                        {"c", ""},
		"*[value>=80][value<=100]":             {"c", ""},
		"*[plan^=p]":                           {"a", ""},
		"*[plan]":                              {"a", ""},
		"*[!value]":                            {"bdfg", ""},
		"*[channel:email]":                     {"ac", "channel:email"},
		"order[channel:email][stage:purchase]": {"c", ""},
		"page:/cart[stage:decision]":           {"b", ""},
		" Product Viewed [plan = pro] ":        {"a", "Product Viewed[plan=pro]"},
	} {
		if got := holding(t, text); got != want.holds {
			t.Errorf("%s holds of %q, want %q", text, got, want.holds)
		}
		s, _ := funnel.ParseStep(text)
		if want.written == "" {
			want.written = text
		}
		if s.String() != want.written {
			t.Errorf("%s is written %s, want %s", text, s, want.written)
		}
		if again, err := funnel.ParseStep(s.String()); err != nil || !reflect.DeepEqual(again, s) && text != "*[channel:email]" {
			t.Errorf("%s is read back as %+v, want %+v (%v)", s, again, s, err)
		}
	}
	if s, err := funnel.ParseStep("Product Viewed[plan=pro]?"); err != nil || !s.Optional || s.String() != "Product Viewed[plan=pro]?" {
		t.Errorf("an optional step is %+v (%v)", s, err)
	}
}

func TestParseStepRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      "the step is empty",
		"chanel:email":          `there is no dimension "chanel" (an event with a colon in its name is written event:NAME)`,
		"page:":                 `"page:" names no value`,
		"Product|":              `"event:Product|" names no value`,
		"page:*":                `"page:*" names no value`,
		"Product[plan=pro":      `the bracket "plan=pro" is not closed`,
		"Product[plan=pro] now": `nobody knows what "now" is for`,
		"Product[plan>pro]":     "[plan>pro] has no comparison; there are =, >=, <= and ^=",
		"Product[=pro]":         "[=pro] names no property",
		"Product[]":             "[] names no property",
		"Product[value>=much]":  `when.properties.value: at_least needs a decimal number, not "much"`,
		"Product[plan^=]":       "when.properties.plan: an empty prefix holds for everything; use exists",
		"a[v=1][v=2]":           "when.properties.v: equals has 2 values; equals, at_least, at_most and exists take one, in and prefix take some",
	} {
		_, err := funnel.ParseStep(text)
		if err == nil || !strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestQuote reads back whatever value a step may have.
func TestQuote(t *testing.T) {
	t.Parallel()
	const seed = 5
	r := rand.New(rand.NewPCG(seed, 1))
	for range 2000 {
		value := make([]byte, 1+r.IntN(6))
		for i := range value {
			value[i] = `ab \[]|?*:=<>^!%@`[r.IntN(17)]
		}
		for _, kind := range []string{"event:", "page:", "channel:"} {
			s, err := funnel.ParseStep(kind + funnel.Quote(string(value)))
			if err != nil || len(s.Values) != 1 || len(s.Values[0].Exact) != 1 || s.Values[0].Exact[0] != string(value) {
				t.Fatalf("seed %d: %s%s is read as %+v (%v)", seed, kind, value, s, err)
			}
			if again, err := funnel.ParseStep(s.String()); err != nil || !reflect.DeepEqual(again, s) {
				t.Fatalf("seed %d: %+v is written %s and read back as %+v (%v)", seed, s, s, again, err)
			}
		}
	}
}

func FuzzParseStep(f *testing.F) {
	for _, text := range []string{"a", "page:/cart*[plan=pro|team][!x]?", `event:\[a\]`, "order[channel:email]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := funnel.ParseStep(text)
		if err != nil {
			return
		}
		again, err := funnel.ParseStep(s.String())
		if err != nil || again.String() != s.String() {
			t.Errorf("%q is written %q, which reads as %q (%v)", text, s, again, err)
		}
	})
}
