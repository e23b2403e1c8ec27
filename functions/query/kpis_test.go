package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"waymark/functions/query"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
	"waymark/shared/model"
)

// march has a person and a stranger, over the day when London's clocks go forward.
func march(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.life(t)
	w.settle()
	return w
}

func TestKPIs(t *testing.T) {
	t.Parallel()
	w := march(t)
	golden(t, "kpis_day", w.ask(t, "/v1/kpis", "from=2011-03-27&to=2011-03-28"))
	golden(t, "kpis_by_channel", w.ask(t, "/v1/kpis", "metric=touchpoints,revenue&metric=aov&from=2011-03-01&to=2011-04-01&grain=month&by=channel"))
	golden(t, "kpis_period", w.ask(t, "/v1/kpis", "from=2011-03-20&to=2011-03-29&grain=period&metric=active_persons,revenue,repeat_purchase_rate,aov"))
}

type kpiRow struct {
	Metric, Start, End string
	Dimensions         map[string]string
	Numerator, Value   any
	Denominator        *int64
	Unit               string
	Revision           int64
}

func rows(t testing.TB, body string) []kpiRow {
	t.Helper()
	var answer struct {
		TimeZone string `json:"time_zone"`
		Model    string
		Rows     []kpiRow
	}
	must(t, json.Unmarshal([]byte(body), &answer))
	if answer.TimeZone != "Europe/London" || answer.Model != "default@1" {
		t.Errorf("answered for %s and %s, want Europe/London and default@1", answer.TimeZone, answer.Model)
	}
	return answer.Rows
}

// TestKPIBounds says which windows an answer has: those that touch the time asked for, and that were computed.
func TestKPIBounds(t *testing.T) {
	t.Parallel()
	w := march(t)
	day := func(d int) string { return fmt.Sprintf("2011-03-%02d", d) }
	cases := []struct {
		query string
		want  []string // first 10 characters of their starts
	}{
		{"from=2011-03-01&to=2011-04-01", []string{day(20), day(27), day(28), day(29)}},
		{"from=2011-03-20&to=2011-03-27", []string{day(20)}}, // to is not part of it
		{"from=2011-03-27&to=2011-03-29", []string{day(27), day(28)}},
		{"from=2011-03-27T00:00:00Z&to=2011-03-27T00:00:00.001Z", []string{day(27)}},
		{"from=2011-03-27T22:59:59Z&to=2011-03-27T23:00:00Z", []string{day(27)}},
		{"from=2011-03-27T23:00:00Z&to=2011-03-28T22:59:59Z", []string{day(28)}}, // a day of 23 hours ended at 23:00 UTC
		{"from=2011-03-28T00:00:00%2B01:00&to=2011-03-28T00:00:01%2B01:00", []string{day(28)}},
		{"from=2011-03-21&to=2011-03-27", nil},
		{"from=2011-03-15&to=2011-03-16&grain=month", []string{day(1)}},
		{"from=2011-03-27&to=2011-03-28&grain=week", []string{day(21)}},
		{"from=2011-03-20T00:00:00Z&to=2011-03-20T11:00:00Z&grain=hour", []string{day(20)}},
		{"", nil},
	}
	for _, c := range cases {
		got := w.ask(t, "/v1/kpis", c.query+"&metric=touchpoints")
		if got.StatusCode != 200 {
			t.Errorf("%s is answered %d %s", c.query, got.StatusCode, got.Body)
			continue
		}
		var starts []string
		for _, row := range rows(t, got.Body) {
			starts = append(starts, row.Start[:10])
		}
		if !slices.Equal(starts, c.want) {
			t.Errorf("%s gives windows %v, want %v", c.query, starts, c.want)
		}
	}
}

// TestKPIDefaultSpan: without bounds it is the last 30 days, today included, of the workspace's own calendar.
func TestKPIDefaultSpan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, at := range []string{"2026-10-23T12:00:00Z", "2026-10-24T12:00:00Z", "2026-11-22T09:00:00Z", "2026-11-23T09:00:00Z"} {
		w.take(t, fmt.Sprintf(`{"type":"page","userId":"1","messageId":"m%d","timestamp":%q}`, i, at))
	}
	w.settle()
	var got []string
	for _, row := range rows(t, w.ask(t, "/v1/kpis", "metric=touchpoints").Body) {
		got = append(got, row.Start[:10])
	}
	if want := []string{"2026-10-24", "2026-11-22"}; !slices.Equal(got, want) {
		t.Errorf("without bounds the days are %v, want %v", got, want)
	}
}

func TestKPIRefusals(t *testing.T) {
	t.Parallel()
	w := march(t)
	cases := map[string]string{
		"metric=happiness":                                     "unknown_metric",
		"metric=orders,happiness":                              "unknown_metric",
		"by=weather":                                           "unknown_dimension",
		"grain=decade":                                         "unknown_grain",
		"metric=stage_persons&by=channel":                      "no_such_breakdown",
		"from=yesterday":                                       "bound_malformed",
		"to=2011-02-30":                                        "bound_malformed",
		"from=2011-03-02&to=2011-03-02":                        "period_empty",
		"from=2011-03-02&to=2011-03-01":                        "period_empty",
		"grain=period":                                         "missing_bound",
		"grain=period&from=2011-03-01":                         "missing_bound",
		"grain=period&to=2011-03-01":                           "missing_bound",
		"colour=red":                                           "unknown_parameter",
		"from=0001-01-01&to=9999-01-01":                        "range_too_large",
		"from=2011-01-01&to=2013-01-01&grain=hour":             "range_too_large",
		"from=0001-01-01&to=9999-01-01&grain=period":           "range_too_large",
		"from=2011-03-01T00:00:01Z&to=2011-04-01&grain=period": "not_midnight",
		"from=2011-03-01&to=2011-03-28T00:00:00Z&grain=period": "not_midnight", // summer time: the day began at 23:00 UTC
	}
	for query, code := range cases {
		checkFailure(t, w.ask(t, "/v1/kpis", query), 400, code)
	}
	got := w.ask(t, "/v1/kpis", "metric=happiness")
	for _, name := range w.Definitions.Names() {
		if !slices.Contains(words(got.Body), string(name)) {
			t.Errorf("the answer to an unknown metric does not name %s: %s", name, got.Body)
		}
	}
}

func words(text string) []string {
	return slices.Collect(func(yield func(string) bool) {
		word := ""
		for _, r := range text + " " {
			if r == '_' || r >= 'a' && r <= 'z' {
				word += string(r)
				continue
			}
			if word != "" && !yield(word) {
				return
			}
			word = ""
		}
	})
}

// TestPeriodEqualsRecount makes periods of every first and last day of two weeks, and compares them with the lives of both persons, cut and counted at once.
func TestPeriodEqualsRecount(t *testing.T) {
	t.Parallel()
	w := march(t)
	rules, err := model.Rules("default")
	must(t, err)
	loaded, err := life.Load(t.Context(), w.Table, "demo", identity.DefaultCaps(), journey.Rules{}, []event.Identifier{"user:42", "anon:stranger"})
	must(t, err)
	calendar, err := period.New("Europe/London", time.Monday)
	must(t, err)
	month := func(at event.Millis) string { return at.Time().Format("2006-01") }
	for first := 18; first <= 29; first++ {
		for last := first + 1; last <= 32; last++ {
			start, err := calendar.ParseBound(date(first))
			must(t, err)
			end, err := calendar.ParseBound(date(last))
			must(t, err)
			totals := w.Definitions.Set().Empty()
			for _, root := range loaded.Roots() {
				rows := step.Of(loaded.Of(root).Journey(rules, event.At(w.Now)), step.Place{Currency: "EUR", Month: month})
				w.Definitions.Set().Add(totals, measure.Of(step.Between(rows, event.At(start), event.At(end))))
			}
			var want []kpi.Row
			for _, row := range w.Definitions.Rows("EUR", totals) {
				if row.Dimension == measure.ByStage {
					want = append(want, row)
				}
			}
			got := rows(t, w.ask(t, "/v1/kpis", fmt.Sprintf("from=%s&to=%s&grain=period&by=stage", date(first), date(last))).Body)
			if len(got) != len(want) {
				t.Errorf("%s to %s has %d rows, want %d", date(first), date(last), len(got), len(want))
				continue
			}
			for i, row := range got {
				n, isCount := row.Numerator.(float64)
				if row.Metric != string(want[i].Metric) || row.Dimensions["stage"] != want[i].Value || isCount && wide.Of(int64(n)) != want[i].Numerator {
					t.Errorf("%s to %s row %d is %+v, want %+v", date(first), date(last), i, row, want[i])
				}
			}
		}
	}
}

func date(day int) string { return time.Date(2011, 3, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) }

// TestPeriod: it has the revisions of its days, rows only where a day was computed, and is to be asked for again when its steps cannot be read.
func TestPeriod(t *testing.T) {
	t.Parallel()
	w := march(t)
	ask := func(span string) []kpiRow {
		return rows(t, w.ask(t, "/v1/kpis", span+"&grain=period&metric=touchpoints").Body)
	}
	before := ask("from=2011-02-15&to=2011-04-15")
	w.take(t, `{"type":"page","anonymousId":"stranger","messageId":"n2","timestamp":"2011-03-20T13:00:00Z"}`)
	w.settle()
	after := ask("from=2011-03-01&to=2011-04-01")
	if len(before) != 1 || before[0].Value != 7.0 || len(after) != 1 || after[0].Value != 8.0 || after[0].Revision != before[0].Revision+1 {
		t.Errorf("the period is %+v, and with one touchpoint more %+v", before, after)
	}
	if none := ask("from=2012-01-01&to=2013-01-01"); len(none) > 0 {
		t.Errorf("a period without a computed window has rows %+v, want none", none)
	}
	w.handler.Steps = noSteps{}
	got := w.ask(t, "/v1/kpis", "from=2011-03-28&to=2011-03-30&grain=period")
	if checkFailure(t, got, 503, "unavailable"); got.Headers["retry-after"] != "5" {
		t.Errorf("headers are %v, want retry-after", got.Headers)
	}
}

// TestPeriodWhileDaysAreCompacted: an object that is gone when it is opened costs a second look, and no step is counted twice for it.
func TestPeriodWhileDaysAreCompacted(t *testing.T) {
	t.Parallel()
	w := march(t)
	const span = "from=2011-02-15&to=2011-04-15&grain=period&metric=touchpoints"
	want := w.ask(t, "/v1/kpis", span).Body
	whole := w.handler.Steps
	for gone, status := range map[int]int{1: 200, 2: 200, 3: 503} {
		w.handler.Steps = &compacted{whole, gone}
		got := w.ask(t, "/v1/kpis", span)
		if got.StatusCode != status || status == 200 && got.Body != want || status != 200 && got.Headers["retry-after"] != "5" {
			t.Errorf("objects gone %d times: %d %s, headers %v, want %d %s", gone, got.StatusCode, got.Body, got.Headers, status, want)
		}
	}
}

// compacted loses the last of its objects some times while they are read.
type compacted struct {
	whole query.Steps
	left  int
}

func (c *compacted) Steps(ctx context.Context, ns workspace.Namespace, days []string, columns step.Columns) iter.Seq2[[]step.Row, error] {
	return func(yield func([]step.Row, error) bool) {
		for rows, err := range c.whole.Steps(ctx, ns, days, columns) {
			if !yield(rows, err) {
				return
			}
		}
		if c.left--; c.left >= 0 {
			yield(nil, fault.New(fault.NotFound, "no_such_object", "it was deleted"))
		}
	}
}

type noSteps struct{}

func (noSteps) Steps(context.Context, workspace.Namespace, []string, step.Columns) iter.Seq2[[]step.Row, error] {
	return func(yield func([]step.Row, error) bool) { yield(nil, throttled) }
}

// TestTooManyRows asks for more than an answer can hold.
func TestTooManyRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	calendar, err := period.New("Europe/London", time.Monday)
	must(t, err)
	from, err := calendar.ParseBound("2011-01-01")
	must(t, err)
	for _, hour := range calendar.Between(period.Hour, from, from.Add(1400*time.Hour)) {
		must(t, w.Table.PutWindow(t.Context(), "demo", kpi.Window{
			Grain: period.Hour, Key: hour.Key, Start: event.At(hour.Start), End: event.At(hour.End), Revision: 1, Run: 1, Totals: w.Definitions.Set().Empty(),
		}))
	}
	checkFailure(t, w.ask(t, "/v1/kpis", "from=2011-01-01&to=2011-03-01&grain=hour"), 400, "too_many_rows")
	if got := w.ask(t, "/v1/kpis", "from=2011-01-01&to=2011-03-01&grain=hour&metric=orders"); got.StatusCode != 200 || len(rows(t, got.Body)) != 1400 {
		t.Errorf("one metric is answered %d with %d rows, want 1400", got.StatusCode, len(rows(t, got.Body)))
	}
}
