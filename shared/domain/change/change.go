// Package change answers whether numbers have changed, when, by how much, and where: days that stand out, levels that moved, the trend besides, and
// how much of each difference comes from which value of a dimension. It stands on package series for what is counted and knows no causes: a driver
// says where the difference lies, not why.
//
// A breakdown (by) is read as KPIs read it: sessions by their session, orders by where they came from, all else by the step's own value.
//
//	plan, err := change.Analysis().Prepare(question)
package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
	"waymark/shared/domain/series"
)

// Analysis answers what has changed, day by day, and where each difference lies.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "changes", Version: 1,
		Sentence: "When did numbers change, by how much, and which values of a dimension make the difference? At most one false alarm a metric and year.",
		Parameters: []analysis.Parameter{
			{Name: "metric", Sentence: "what is followed, day by day", Values: series.Names(), Default: strings.Join(followed(), ","), IsList: true},
			{Name: "before", Sentence: "a period FROM/TO before the one asked for, of dates or instants: the difference of each metric to it is divided up too"},
		},
		Prepare: prepare,
	}
}

func followed() []string {
	return []string{"touchpoints", "active_persons", "new_persons", "sessions", "orders", "revenue", "conversion_rate"}
}

// mostDays is how long a period may be: what is expected of a day is reckoned from all the others.
const mostDays = 1100

type asked struct {
	analysis.Question
	metrics []series.Metric
	by      analysis.Breakdown
	before  *period.Window
	days    []period.Window // complete ones
	partial int
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	metrics, err := series.Parse(q, "metric", followed()...)
	if err != nil {
		return analysis.Plan{}, err
	}
	a := &asked{Question: q, metrics: metrics, by: q.By}
	if a.by.IsZero() {
		if a.by, err = analysis.ParseBreakdown("by", "channel"); err != nil {
			return analysis.Plan{}, err
		}
	}
	for w := range q.Calendar.Windows(period.Day, q.From, q.To) {
		if w.Start.Before(q.From) || w.End.After(q.Known().Time()) {
			a.partial++
			continue
		}
		if a.days = append(a.days, w); len(a.days) > mostDays {
			return analysis.Plan{}, analysis.Bad("from", "changes are looked for in at most %d days; ask for a shorter period", mostDays)
		}
	}
	from := q.Start()
	if text := q.Text("before"); text != "" {
		if a.before, err = a.parseBefore(text); err != nil {
			return analysis.Plan{}, err
		}
		from = event.At(a.before.Start)
	}
	columns := series.Asked{By: a.by}.Columns()
	return analysis.Plan{From: from, To: q.Known(), Columns: columns, Answer: a.answer}, nil
}

func (a *asked) parseBefore(text string) (*period.Window, error) {
	bad := func() error {
		return analysis.Bad("before", "before is a period FROM/TO that ends where the one asked for begins, or earlier, such as 2026-09-01/2026-10-01, not %.60q", text)
	}
	fromText, toText, found := strings.Cut(text, "/")
	from, err := a.Calendar.ParseBound(fromText)
	to, toErr := a.Calendar.ParseBound(toText)
	if !found || err != nil || toErr != nil {
		return nil, bad()
	}
	w, err := a.Calendar.Period(from, to)
	if err != nil || to.After(a.From) {
		return nil, bad()
	}
	return &w, nil
}

// line is a metric that is followed, in one currency where it is money.
type line struct {
	series.Metric
	currency string
}

func (l line) words() []analysis.Value {
	return []analysis.Value{analysis.Word(l.Name), word(l.currency)}
}

func word(text string) analysis.Value {
	if text == "" {
		return analysis.None()
	}
	return analysis.Word(text)
}

func (a *asked) answer(lives analysis.Lives) (analysis.Answer, error) {
	days := make([]series.Span, len(a.days))
	for i, w := range a.days {
		days[i] = series.SpanOf(w)
	}
	counted := series.Count(lives, series.Asked{Sets: [][]series.Span{days}})[0]
	changes, trends := changesTable(), trendsTable()
	var out analysis.Answer
	var wanted []comparison
	lines := a.lines(counted)
	for _, l := range lines {
		s := a.series(l, counted)
		found, t, ok := Detect(s)
		if !ok {
			out.Notes = append(out.Notes, fmt.Sprintf("%s%s: not searched; that needs %d days with numbers that differ, of amounts on half of them, and there are %d days.", l.Name, in(l.currency), leastDays, t.Days))
			continue
		}
		for n, f := range found {
			changes.Row(append(l.words(), a.cells(l, f)...)...)
			wanted = append(wanted, a.comparisonOf(l, found, n))
		}
		trends.Row(append(l.words(), t.cells()...)...)
	}
	if a.before != nil {
		for _, l := range lines {
			wanted = append(wanted, comparison{line: l, kind: "period", before: series.SpanOf(*a.before), after: series.Span{Start: a.Start(), End: a.Known()}})
		}
	}
	wanted, left := mostTelling(wanted)
	differences, drivers, rates, notes := a.drivers(lives, wanted)
	out.Tables = []analysis.Table{*changes, *trends, *differences, *drivers, *rates}
	out.Notes = append(append(out.Notes, notes...), a.notes(left)...)
	return out, nil
}

func in(currency string) string {
	if currency == "" {
		return ""
	}
	return " in " + currency
}

func (a *asked) notes(left int) []string {
	out := []string{
		"On numbers that only vary by chance, at most one change a metric and year is found (tested with counts, amounts and shares); days are taken to be " +
			"independent of each other, besides weekday and trend.",
	}
	if a.partial > 0 {
		out = append(out, fmt.Sprintf("%d days are left out that are not complete: at the edges of the period, or not over yet.", a.partial))
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("%d changes are not divided up: the %d clearest are. Ask for a shorter period, or for one metric.", left, mostComparisons))
	}
	return out
}

// lines are the metrics, those of money for each currency that occurs.
func (a *asked) lines(counted []series.Counted) []line {
	currencies := []string{a.Currency}
	for i := range counted {
		currencies = append(currencies, counted[i].Whole.Currencies()...)
	}
	slices.Sort(currencies)
	currencies = slices.DeleteFunc(slices.Compact(currencies), func(c string) bool { return c == "" })
	var out []line
	for _, m := range a.metrics {
		if !m.IsMoney() {
			out = append(out, line{m, ""})
			continue
		}
		for _, currency := range currencies {
			out = append(out, line{m, currency})
		}
	}
	return out
}

// series is a line as numbers, day by day.
func (a *asked) series(l line, counted []series.Counted) Series {
	s := Series{Form: Counts}
	switch {
	case l.IsRate():
		s.Form = Shares
	case l.Name == "net_revenue":
		s.Form = Balances
	case l.IsMoney():
		s.Form = Sizes
	}
	for i, c := range counted {
		n := l.Of(c.Whole, l.currency)
		s.Values = append(s.Values, n.Float(l.Metric))
		s.Of = append(s.Of, float64(n.Denominator))
		s.Weekdays = append(s.Weekdays, int(a.Calendar.Local(a.days[i].Start.Add(6*time.Hour)).Weekday()))
	}
	return s
}

func columns(of ...analysis.Column) []analysis.Column {
	return append([]analysis.Column{
		{Name: "metric", Unit: analysis.Text, Sentence: "as docs/kpi.md defines it"},
		{Name: "currency", Unit: analysis.Text, Sentence: "of amounts"},
	}, of...)
}

func changesTable() *analysis.Table {
	return &analysis.Table{
		Name: "changes", Sentence: "a change that was found; levels last until the next one, spikes one day",
		Columns: columns(
			analysis.Column{Name: "kind", Unit: analysis.Text, Sentence: "level or spike"},
			analysis.Column{Name: "date", Unit: analysis.Date, Sentence: "first day that is changed"},
			analysis.Column{Name: "until", Unit: analysis.Date, Sentence: "first day that is not"},
			analysis.Column{Name: "days", Unit: analysis.Days, Sentence: "from date to until"},
			analysis.Column{Name: "value", Unit: analysis.Score, Sentence: "of these days, a day, in the metric's unit"},
			analysis.Column{Name: "expected", Unit: analysis.Score, Sentence: "of the same days without the change, by weekday, trend and former levels; interval of 95 % by Student's t of the fit"},
			analysis.Column{Name: "change", Unit: analysis.Score, Sentence: "value − expected, with the interval of expected"},
			analysis.Column{Name: "relative", Unit: analysis.Ratio, Sentence: "change ÷ expected"},
			analysis.Column{Name: "p", Unit: analysis.Score, Sentence: "probability of so much by chance: of a level, among all days that one could begin on; of a spike, on that day"},
			analysis.Column{Name: "allowed", Unit: analysis.Score, Sentence: "that p had to be at most, so that there is at most one false alarm a metric and year"},
		),
	}
}

func (a *asked) cells(l line, f Found) []analysis.Value {
	kind, until := "spike", a.Day(event.At(a.days[f.Day].End))
	if f.IsLevel {
		kind, until = "level", a.Day(event.At(a.days[f.End-1].End))
	}
	digits := 2
	if l.IsRate() {
		digits = 6
	}
	days := int64(f.End - f.Day)
	relative := analysis.None()
	if f.Expected > 0 && f.Low > 0 {
		relative = analysis.Estimate(f.Seen/f.Expected-1, f.Seen/f.High-1, f.Seen/f.Low-1, days, 4)
	} else if f.Expected > 0 {
		relative = analysis.Number(f.Seen/f.Expected-1, 4)
	}
	return []analysis.Value{
		analysis.Word(kind), analysis.Word(a.Day(event.At(a.days[f.Day].Start))), analysis.Word(until), analysis.Count(days),
		analysis.Number(f.Seen, digits), analysis.Estimate(f.Expected, f.Low, f.High, days, digits),
		analysis.Estimate(f.Seen-f.Expected, f.Seen-f.High, f.Seen-f.Low, days, digits), relative,
		analysis.Number(f.P, 6), analysis.Number(f.FalseAllowance, 6),
	}
}

func trendsTable() *analysis.Table {
	return &analysis.Table{
		Name: "trends", Sentence: "a metric over the whole period, with the changes and weekdays taken out of its trend",
		Columns: columns(
			analysis.Column{Name: "days", Unit: analysis.Days, Sentence: "complete days that a value is known of, without spikes"},
			analysis.Column{Name: "value", Unit: analysis.Score, Sentence: "of these days, a day"},
			analysis.Column{Name: "week", Unit: analysis.Ratio, Sentence: "relative change in seven days, at the middle of the period; interval of 95 % by Student's t, of days that do not depend on each other"},
			analysis.Column{Name: "p", Unit: analysis.Score, Sentence: "probability of so much trend, or more, by chance"},
			analysis.Column{Name: "levels", Unit: analysis.Counts, Sentence: "changes of level in table changes"},
			analysis.Column{Name: "spikes", Unit: analysis.Counts, Sentence: "spikes in table changes"},
		),
	}
}

func (t Trend) cells() []analysis.Value {
	return []analysis.Value{
		analysis.CountOf(t.Days), analysis.Number(t.Mean, 6), analysis.Estimate(t.Week, t.Low, t.High, int64(t.Days), 6),
		analysis.Number(t.P, 6), analysis.CountOf(t.Levels), analysis.CountOf(t.Spikes),
	}
}

// comparison is a difference that is divided up.
type comparison struct {
	line
	kind          string // level, spike, period
	p             float64
	before, after series.Span
}

// mostComparisons is how many differences are divided up.
const mostComparisons = 12

// mostTelling keeps the periods that were asked for and the clearest changes, in their order.
func mostTelling(all []comparison) (kept []comparison, left int) {
	ordered := slices.Clone(all)
	slices.SortStableFunc(ordered, func(a, b comparison) int {
		return cmp.Or(cmp.Compare(rank(a.kind), rank(b.kind)), cmp.Compare(a.p, b.p))
	})
	if len(all) <= mostComparisons {
		return all, 0
	}
	chosen := ordered[:mostComparisons]
	return slices.DeleteFunc(slices.Clone(all), func(c comparison) bool { return !slices.Contains(chosen, c) }), len(all) - mostComparisons
}

func rank(kind string) int {
	return slices.Index([]string{"period", "level", "spike"}, kind)
}

// comparisonOf sets the days of a change beside as many before it: of a level whole weeks where there are any, of a spike the same weekday.
func (a *asked) comparisonOf(l line, found []Found, n int) comparison {
	f := found[n]
	c := comparison{line: l, kind: "spike", p: f.P}
	span := func(from, to int) series.Span {
		return series.Span{Start: event.At(a.days[from].Start), End: event.At(a.days[to-1].End)}
	}
	if !f.IsLevel {
		other := f.Day - 7
		if other < 0 {
			other = f.Day + 7
		}
		c.before, c.after = span(other, other+1), span(f.Day, f.Day+1)
		return c
	}
	c.kind = "level"
	begin := 0
	for _, earlier := range found[:n] {
		if earlier.IsLevel {
			begin = earlier.Day
		}
	}
	days := min(f.End-f.Day, f.Day-begin)
	days -= days % 7 // at least one: levels have a week on each side
	c.before, c.after = span(f.Day-days, f.Day), span(f.Day, f.Day+days)
	return c
}
