package assignment_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/assignment"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

func millis(n int64) event.Millis { return event.Millis(n) }

func day(text string) event.Millis {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return event.At(at)
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := assignment.Parse([]byte(assignment.Sample))
	want := []assignment.Experiment{{
		ID: "checkout-button", Variants: []assignment.Variant{{ID: "control", Weight: 50}, {ID: "green", Weight: 50}},
		From: day("2026-11-01"), To: day("2026-12-01"), Window: 7 * 24 * time.Hour, Metric: assignment.Metric{Event: "Order Completed"},
		Guardrails: []assignment.Metric{{Event: "Order Refunded", IsWorseHigher: true}}, Segments: []string{"device"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Parse = %+v, %v\nwant %+v", got, err, want)
	}
	sentences := []string{
		`checkout-button gives persons one of control (50 of 100), green (50 of 100) from 2026-11-01T00:00:00Z to 2026-12-01T00:00:00Z, and compares with control by ` +
			`the share of persons with "Order Completed" (more is better) within 7 days of the first exposure; it guards the share of persons with ` +
			`"Order Refunded" (less is better); it is to be looked at by device.`,
	}
	if got := assignment.Describe(got); !reflect.DeepEqual(got, sentences) {
		t.Errorf("Describe = %q\nwant %q", got, sentences)
	}
	if got := assignment.Attribute(append(got, experiment("price", 1, 2))); got != "checkout-button=control:50,green:50;price=a:1,b:2" {
		t.Errorf("Attribute = %q", got)
	}
	open, err := assignment.Parse([]byte(`{"experiments":[{"id":"p","variants":[{"id":"a","weight":0},{"id":"b","weight":1}],"from":"2026-11-01T09:00:00+01:00",` +
		`"metric":{"net_revenue":"eur"},"window":"36h","tuning":800}]}`))
	text := []string{"p gives persons one of a (0 of 1), b (1 of 1) from 2026-11-01T08:00:00Z, and compares with a by net revenue by person in EUR (more is better) " +
		"within 36h0m0s of the first exposure."}
	if err != nil || open[0].To != assignment.Forever || open[0].Tuning != 800 || !reflect.DeepEqual(assignment.Describe(open), text) {
		t.Errorf("Parse = %+v, %v, described as %q", open, err, assignment.Describe(open))
	}
	if none, err := assignment.Parse(nil); none != nil || err != nil {
		t.Errorf("Parse of nothing = %v, %v", none, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	good := `"id":"x","variants":[{"id":"a","weight":1},{"id":"b","weight":1}],"from":"2026-11-01","metric":{"event":"Signed Up"}`
	change := func(pairs ...string) string {
		return `{"experiments":[{` + strings.NewReplacer(pairs...).Replace(good) + `}]}`
	}
	cases := map[string]struct{ text, want string }{
		"no JSON":          {`{`, "unexpected EOF; experiments are such as {"},
		"unknown field":    {change(`"from"`, `"begin":"x","from"`), `unknown field "begin"`},
		"two documents":    {change() + `{}`, "something follows the document"},
		"bad id":           {change(`"id":"x"`, `"id":"a b"`), `experiments[0]: id is "a b"; give one of 1 to 64 letters`},
		"one variant":      {change(`,{"id":"b","weight":1}`, ``), "experiment x: there are 1 variants; give 2 to 10, the control first"},
		"same variants":    {change(`"b"`, `"a"`), "variants[1]: there is another variant a; give each its own id"},
		"bad variant":      {change(`"b"`, `"b:c"`), `variants[1]: id is "b:c"`},
		"negative weight":  {change(`"b","weight":1`, `"b","weight":-1`), "variants[1]: weight is -1; give a whole number from 0 to 1000"},
		"no weight":        {change(`"weight":1`, `"weight":0`), "the weights sum to 0; let them sum to 1 to 1000"},
		"too much weight":  {change(`"weight":1`, `"weight":600`), "the weights sum to 1200"},
		"no from":          {change(`"2026-11-01"`, `""`), `from is ""; give a date`},
		"bad to":           {change(`"metric"`, `"to":"soon","metric"`), `to is "soon"; give a date`},
		"to before from":   {change(`"metric"`, `"to":"2026-11-01","metric"`), "to is not after from"},
		"no metric":        {change(`{"event":"Signed Up"}`, `{}`), "metric: give either event"},
		"two metrics":      {change(`{"event"`, `{"net_revenue":"EUR","event"`), "metric: give either event"},
		"bad currency":     {change(`"event":"Signed Up"`, `"net_revenue":"EURO"`), `net_revenue is "EURO"; give the code of a currency`},
		"bad worse":        {change(`"event":"Signed Up"`, `"event":"Signed Up","worse":"more"`), `worse is "more"; give higher`},
		"bad guardrail":    {change(`"metric"`, `"guardrails":[{}],"metric"`), "guardrails[0]: give either event"},
		"bad window":       {change(`"metric"`, `"window":"7","metric"`), `window is "7"; give a length of time such as 12h or 14d, at most 400 days`},
		"too long window":  {change(`"metric"`, `"window":"401d","metric"`), `window is "401d"`},
		"bad tuning":       {change(`"metric"`, `"tuning":-1,"metric"`), "tuning is -1"},
		"many segments":    {change(`"metric"`, `"segments":["a","b","c","d","e","f"],"metric"`), "there are 6 segments; give at most 5 dimensions"},
		"two of an id":     {`{"experiments":[{` + good + `},{` + good + `}]}`, "experiment x: there is another of this id"},
		"several at once":  {change(`"id":"x"`, `"id":""`, `"2026-11-01"`, `"x"`), `experiments[0]: id is ""`},
		"several at once ": {change(`"id":"x"`, `"id":""`, `"2026-11-01"`, `"x"`), `experiments[0]: from is "x"`},
	}
	for name, c := range cases {
		got, err := assignment.Parse([]byte(c.text))
		if fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != "bad_experiments" || got != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Parse = %v, %v\nwant Invalid bad_experiments with %q", name, got, err, c.want)
		}
	}
	if _, err := assignment.Parse([]byte(change())); err != nil {
		t.Errorf("what the cases begin with is refused: %v", err)
	}
}

// TestParseToTheUnit asks every limit at n and at n + 1.
func TestParseToTheUnit(t *testing.T) {
	t.Parallel()
	variants := `{"id":"a","weight":1},{"id":"b","weight":1}`
	list := func(n int, of string) string { return strings.TrimSuffix(strings.Repeat(of+",", n), ",") }
	entry := func(id, variants, more string) string {
		return `{"id":"` + id + `","variants":[` + variants + `],"from":"2026-11-01","metric":{"event":"Signed Up"}` + more + `}`
	}
	for name, c := range map[string]struct {
		n    int
		text func(n int) string
	}{
		"experiments": {200, func(n int) string {
			var all []string
			for i := range n {
				all = append(all, entry(fmt.Sprint("e", i), variants, ""))
			}
			return strings.Join(all, ",")
		}},
		"variants": {10, func(n int) string {
			var all []string
			for i := range n {
				all = append(all, fmt.Sprintf(`{"id":"v%d","weight":1}`, i))
			}
			return entry("e", strings.Join(all, ","), "")
		}},
		"weight": {999, func(n int) string {
			return entry("e", fmt.Sprintf(`{"id":"a","weight":%d},{"id":"b","weight":1}`, n), "")
		}},
		"one weight": {1000, func(n int) string {
			return entry("e", fmt.Sprintf(`{"id":"a","weight":%d},{"id":"b","weight":0}`, n), "")
		}},
		"guardrails": {10, func(n int) string { return entry("e", variants, `,"guardrails":[`+list(n, `{"event":"X"}`)+`]`) }},
		"segments":   {5, func(n int) string { return entry("e", variants, `,"segments":[`+list(n, `"device"`)+`]`) }},
		"window":     {400, func(n int) string { return entry("e", variants, fmt.Sprintf(`,"window":"%dd"`, n)) }},
		"tuning":     {100_000_000, func(n int) string { return entry("e", variants, fmt.Sprintf(`,"tuning":%d`, n)) }},
		"id":         {64, func(n int) string { return entry(strings.Repeat("x", n), variants, "") }},
		"event": {200, func(n int) string {
			return strings.Replace(entry("e", variants, ""), "Signed Up", strings.Repeat("x", n), 1)
		}},
	} {
		if _, err := assignment.Parse([]byte(`{"experiments":[` + c.text(c.n) + `]}`)); err != nil {
			t.Errorf("%s: %d are refused: %v", name, c.n, err)
		}
		if _, err := assignment.Parse([]byte(`{"experiments":[` + c.text(c.n+1) + `]}`)); fault.CodeOf(err) != "bad_experiments" {
			t.Errorf("%s: %d are let through: %v", name, c.n+1, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(assignment.Sample))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := assignment.Parse(text)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("Parse(%q) = %v, want Invalid", text, err)
			}
			return
		}
		for _, e := range all {
			got := e.Assign("42")
			weight := 0
			for _, v := range e.Variants {
				if v.ID == got {
					weight = v.Weight
				}
			}
			if weight == 0 {
				t.Fatalf("Parse(%q): 42 has %q, a variant without weight", text, got)
			}
		}
		assignment.Describe(all)
	})
}
