package analysis_test

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestValues writes each kind of value as JSON and as text.
func TestValues(t *testing.T) {
	t.Parallel()
	sum := money.SumOf(12_500_000)
	for _, c := range []struct {
		value      analysis.Value
		json, text string
		isNone     bool
	}{
		{analysis.None(), `null`, "", true},
		{analysis.Word("a\"b"), `"a\"b"`, `a"b`, false},
		{analysis.Word(""), `""`, "", false},
		{analysis.Count(-7), `-7`, "-7", false},
		{analysis.CountOf(3), `3`, "3", false},
		{analysis.Money(sum), `"12.50"`, "12.50", false},
		{analysis.Rate(80, 100), `{"denominator":100,"high":0.866633066669,"low":0.711170834407,"numerator":80,"value":0.8}`, "0.8000", false},
		{analysis.Rate(0, 0), `{"denominator":0,"numerator":0,"value":null}`, "", true},
		{analysis.Rate(3, 3), `{"denominator":3,"high":1,"low":0.438502968245,"numerator":3,"value":1}`, "1.0000", false},
		{analysis.Number(2.0/3, 3), `{"value":0.667}`, "0.667", false},
		{analysis.Number(-0.0001, 2), `{"value":0}`, "-0.00", false},
		{analysis.Number(math.NaN(), 2), `{"value":null}`, "", true},
		{analysis.Estimate(0.5, 0.25, 0.75, 9, 2), `{"high":0.75,"low":0.25,"n":9,"value":0.5}`, "0.50", false},
		{analysis.Estimate(0.5, math.Inf(-1), math.Inf(1), 9, 2), `{"high":null,"low":null,"n":9,"value":0.5}`, "0.50", false},
	} {
		text, err := json.Marshal(c.value)
		if must(t, err); string(text) != c.json || c.value.String() != c.text || c.value.IsNone() != c.isNone {
			t.Errorf("a value is %s, %q, none: %t; want %s, %q, %t", text, c.value, c.value.IsNone(), c.json, c.text, c.isNone)
		}
		low, high, hasInterval := c.value.Interval()
		if f, ok := c.value.Float(); ok == c.isNone && c.text != `a"b` && c.json != `""` || hasInterval && (f < low || f > high) {
			t.Errorf("%s is %v (%t) in %v to %v", text, f, ok, low, high)
		}
	}
	table := analysis.Table{Name: "t", Sentence: "rows", Columns: []analysis.Column{{"b", analysis.Text, "second"}, {"a", analysis.Counts, "first"}}}
	table.Row(analysis.Word("x"), analysis.Count(1))
	text, err := json.Marshal(table)
	want := `{"name":"t","sentence":"rows","columns":[{"name":"b","unit":"text","sentence":"second"},{"name":"a","unit":"count","sentence":"first"}],"rows":[{"a":1,"b":"x"}]}`
	if must(t, err); string(text) != want {
		t.Errorf("a table is %s", text)
	}
	defer func() {
		if recover() == nil {
			t.Error("a row of another length was taken")
		}
	}()
	table.Row(analysis.Count(1))
}

// TestParameters reads parameters, good and bad.
func TestParameters(t *testing.T) {
	t.Parallel()
	q := analysis.Question{Said: map[string][]string{
		"n": {"7"}, "few": {"0"}, "word": {"seven"}, "order": {"strict"}, "window": {"7d"}, "half": {"90m"}, "long": {"400d"}, "none": {"-1h"},
		"list": {"a, b", "c"},
	}}
	n, err := q.Number("n", 1, 1, 9)
	otherwise, err2 := q.Number("absent", 3, 1, 9)
	order, err3 := q.Choice("order", "ordered", "strict")
	first, err4 := q.Choice("absent", "ordered", "strict")
	week, err5 := q.Duration("window", time.Hour, 366*24*time.Hour)
	half, err6 := q.Duration("half", time.Hour, 366*24*time.Hour)
	hour, err7 := q.Duration("absent", time.Hour, 366*24*time.Hour)
	for _, err := range []error{err, err2, err3, err4, err5, err6, err7} {
		must(t, err)
	}
	if n != 7 || otherwise != 3 || order != "strict" || first != "ordered" || week != 7*24*time.Hour || half != 90*time.Minute || hour != time.Hour {
		t.Errorf("read as %d %d %s %s %s %s %s", n, otherwise, order, first, week, half, hour)
	}
	if got := q.List("list"); !slices.Equal(got, []string{"a", "b", "c"}) || q.Text("list") != "a, b" || q.Text("absent") != "" {
		t.Errorf("a list is %q", got)
	}
	_, bad1 := q.Number("few", 1, 1, 9)
	_, bad2 := q.Number("word", 1, 1, 9)
	_, bad3 := q.Choice("word", "ordered", "strict")
	_, bad4 := q.Duration("long", time.Hour, 366*24*time.Hour)
	_, bad5 := q.Duration("none", time.Hour, 366*24*time.Hour)
	_, bad6 := q.Duration("word", time.Hour, 366*24*time.Hour)
	for i, err := range []error{bad1, bad2, bad3, bad4, bad5, bad6} {
		if fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != "bad_parameter" {
			t.Errorf("%d: %v", i, err)
		}
	}
	if got := []string{analysis.LengthOf(48 * time.Hour), analysis.LengthOf(90 * time.Minute), analysis.LengthOf(3 * time.Hour)}; !slices.Equal(got, []string{"2d", "90m", "3h"}) {
		t.Errorf("lengths are written %q", got)
	}
}

// TestTimes writes instants in the zone of the report.
func TestTimes(t *testing.T) {
	t.Parallel()
	tokyo, err := period.New("Asia/Tokyo", time.Monday)
	must(t, err)
	at := time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)
	q := analysis.Question{Calendar: tokyo, From: at, To: at.Add(time.Hour), Now: event.At(at.Add(time.Minute))}
	if q.Day(q.Start()) != "2026-03-02" || q.Instant(q.Start()) != "2026-03-02T05:00:00+09:00" || q.Known() != q.Now || q.End() != event.At(at.Add(time.Hour)) {
		t.Errorf("%s %s %d", q.Day(q.Start()), q.Instant(q.Start()), q.Known())
	}
}

// TestFold gives the same for any number of parts, and what is not asked for is not seen.
func TestFold(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(3, 50)
	q := analysis.Question{From: analysistest.Begin, To: analysistest.End}
	var err error
	q.Segment, err = analysis.ParseSegment("segment", []string{"channel:email,display", "property.plan:pro"})
	must(t, err)
	plan := analysis.Plan{From: q.Start(), To: q.End(), Columns: step.ColumnsOf(step.Event)}
	seen := analysis.Seen(lives, plan, q)
	if len(seen) == 0 || len(seen) >= len(lives) {
		t.Fatalf("%d of %d persons are in the segment", len(seen), len(lives))
	}
	count := func(parts int) int {
		return *analysis.Fold(analysis.Listing(seen, parts), func() *int { return new(int) }, func(to *int, life []step.Row) {
			for _, r := range life {
				if *to += len(r.Event); r.Channel != "" || r.Properties != "" {
					t.Errorf("%s sees what was not asked for: %+v", r.Person, r)
				}
			}
		}, func(to, part *int) { *to += *part })
	}
	if count(1) != count(3) || count(1) == 0 {
		t.Errorf("%d in one part, %d in three", count(1), count(3))
	}
}

// TestSegments chooses persons by what one of their steps says within the time.
func TestSegments(t *testing.T) {
	t.Parallel()
	life := []step.Row{
		{At: 10, Channel: "email", Properties: `{"plan":"pro"}`},
		{At: 20, Channel: "", Country: "DE"},
	}
	for text, want := range map[string]bool{
		"":                               true,
		"channel:email":                  true,
		"channel:sms,email":              true,
		"channel:sms":                    false,
		"channel:unknown":                true,
		"channel:email country:DE":       true, // of two steps
		"channel:email country:FR":       false,
		"property.plan:pro":              true,
		"property.plan:unknown":          true,
		"property.seats:3":               false,
		"channel:direct property.plan:a": false,
	} {
		s, err := analysis.ParseSegment("segment", strings.Fields(text))
		must(t, err)
		if got := s.Holds(life, 0, 100); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
	s, err := analysis.ParseSegment("segment", []string{"channel:email"})
	if must(t, err); s.Holds(life, 11, 100) || s.Holds(life, 0, 10) || !s.Holds(life, 10, 11) || s.IsZero() || s.Columns() != step.ColumnsOf(step.Channel) {
		t.Error("the time of a segment is not [start, end)")
	}
	for _, bad := range []string{"email", "channel:", "colour:red", "property.:a"} {
		if _, err := analysis.ParseSegment("segment", []string{bad}); fault.CodeOf(err) != "bad_parameter" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	by, err := analysis.ParseBreakdown("by", "country")
	if must(t, err); by.Of(&life[0]) != analysis.Unknown || by.Of(&life[1]) != "DE" || (analysis.Breakdown{}).Of(&life[1]) != "" {
		t.Error("a breakdown reads otherwise")
	}
}
