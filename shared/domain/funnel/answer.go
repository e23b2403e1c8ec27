package funnel

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// Analysis answers how far persons get along the steps of a funnel, and what became of each who entered.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "funnel", Version: 1,
		Sentence:   "how far persons get along the steps of a funnel: converted, still open, or lost, at which step, and how long it took them",
		Parameters: parameters(), Prepare: prepare,
	}
}

// MaxValues is how many values of a dimension have rows of their own, those with the most persons; the others are added up as (other).
const MaxValues = 100

func prepare(q analysis.Question) (analysis.Plan, error) {
	f, err := Asked(q)
	if err != nil {
		return analysis.Plan{}, err
	}
	in := Bounds{Start: q.Start(), End: q.End(), Now: q.Now}
	columns := f.Columns() | q.By.Columns()
	if !q.By.IsZero() {
		columns = columns.With(step.OrderMoney, step.OrderOrigin)
	}
	return analysis.Plan{From: in.Start, To: f.Until(in), Columns: columns, Answer: func(lives analysis.Lives) (analysis.Answer, error) {
		t := analysis.Fold(lives, func() *tally { return newTally(f, q) }, func(t *tally, life []step.Row) { t.add(life, in) }, (*tally).join)
		return t.answer(), nil
	}}, nil
}

// tally is what came of persons.
type tally struct {
	*Funnel
	q       analysis.Question
	all     *counts
	by      map[string]*counts
	open    map[event.Millis]int64 // by the beginning of the day on which the window closes
	lengths [][]event.Millis       // between required steps; the last from the first to the last
}

// counts are of persons who entered.
type counts struct {
	entered, decided, decidedConverted int64
	reached, open, lost, excluded      []int64 // by the number of required steps done, from 1
	optional                           []int64 // by step of the funnel
}

func newTally(f *Funnel, q analysis.Question) *tally {
	return &tally{
		Funnel: f, q: q, all: f.counts(), by: map[string]*counts{}, open: map[event.Millis]int64{}, lengths: make([][]event.Millis, len(f.required)),
	}
}

func (f *Funnel) counts() *counts {
	n := len(f.required) + 1
	return &counts{
		reached: make([]int64, n), open: make([]int64, n), lost: make([]int64, n), excluded: make([]int64, n), optional: make([]int64, len(f.steps)),
	}
}

func (t *tally) add(life []step.Row, in Bounds) {
	o := t.Of(life, in)
	if o.State == Outside {
		return
	}
	t.all.add(o)
	if !t.q.By.IsZero() {
		value := ValueOf(t.q.By, &life[o.Entry])
		if t.by[value] == nil {
			t.by[value] = t.counts()
		}
		t.by[value].add(o)
	}
	if o.State == Open {
		t.open[event.At(t.q.Calendar.At(period.Day, o.Closes.Time()).Start)]++
	}
	for i := range o.Reached[1:] {
		t.lengths[i] = append(t.lengths[i], life[o.Reached[i+1]].At-life[o.Reached[i]].At)
	}
	if o.State == Converted {
		last := len(t.lengths) - 1
		t.lengths[last] = append(t.lengths[last], life[o.Reached[last]].At-life[o.Reached[0]].At)
	}
}

// ValueOf is the value of a dimension that a person counts by who enters at a step: an order's that of its session, as in the KPIs.
func ValueOf(by analysis.Breakdown, r *step.Row) string {
	if r.Order == nil {
		return by.Of(r)
	}
	o := &r.Order.Origin
	of, isOrigin := map[string]string{
		"channel": o.Channel, "campaign": o.Campaign, "landing_page": o.LandingPage, "referrer_host": o.ReferrerHost, "source": o.Source, "grade": o.Grade,
		"country": o.Country, "device": o.Device, "browser": o.Browser, "os": o.OS, "stage": o.Stage, "visitor": o.Visitor,
	}[by.Name]
	if !isOrigin {
		return by.Of(r)
	}
	return cmp.Or(of, analysis.Unknown)
}

func (c *counts) add(o Outcome) {
	reached := len(o.Reached)
	c.entered++
	for i := 1; i <= reached; i++ {
		c.reached[i]++
	}
	for _, s := range o.Optional {
		c.optional[s]++
	}
	switch o.State {
	case Open:
		c.open[reached]++
	case Lost:
		c.lost[reached]++
		if o.IsExcluded {
			c.excluded[reached]++
		}
	}
	if o.IsDecided {
		c.decided++
		if o.State == Converted {
			c.decidedConverted++
		}
	}
}

func (c *counts) join(other *counts) {
	c.entered, c.decided, c.decidedConverted = c.entered+other.entered, c.decided+other.decided, c.decidedConverted+other.decidedConverted
	for _, pair := range [][2][]int64{
		{c.reached, other.reached}, {c.open, other.open}, {c.lost, other.lost}, {c.excluded, other.excluded}, {c.optional, other.optional},
	} {
		for i, n := range pair[1] {
			pair[0][i] += n
		}
	}
}

func (t *tally) join(part *tally) {
	t.all.join(part.all)
	for value, c := range part.by {
		if t.by[value] == nil {
			t.by[value] = t.counts()
		}
		t.by[value].join(c)
	}
	for day, n := range part.open {
		t.open[day] += n
	}
	for i := range t.lengths {
		t.lengths[i] = append(t.lengths[i], part.lengths[i]...)
	}
}

func sum(of []int64) (n int64) {
	for _, k := range of {
		n += k
	}
	return n
}

func (t *tally) answer() analysis.Answer {
	out := analysis.Answer{Tables: []analysis.Table{t.summary(), t.stepsTable()}}
	if !t.q.By.IsZero() {
		out.Tables = append(out.Tables, t.byTable())
	}
	out.Tables = append(out.Tables, t.openTable(), t.timesTable())
	out.Notes = append(out.Notes, "The funnel counts "+t.String()+".")
	if open := sum(t.all.open); open > 0 {
		out.Notes = append(out.Notes, strconv.FormatInt(open, 10)+
			" persons may still convert; conversion can only rise until their windows are over, and conversion_decided is of persons whose windows are.")
	}
	return out
}

func (t *tally) summary() analysis.Table {
	out := analysis.Table{
		Name: "summary", Sentence: "One row: all persons who entered. entered = converted + open + lost.",
		Columns: []analysis.Column{
			{Name: "entered", Unit: analysis.Persons, Sentence: "persons who did the first step in the period"},
			{Name: "converted", Unit: analysis.Persons, Sentence: "of these, who did all required steps within the window"},
			{Name: "open", Unit: analysis.Persons, Sentence: "who have not, but whose window is not over"},
			{Name: "lost", Unit: analysis.Persons, Sentence: "who have not, and no longer can"},
			{Name: "conversion", Unit: analysis.Ratio, Sentence: "converted of entered"},
			{Name: "conversion_decided", Unit: analysis.Ratio, Sentence: "of the persons all of whose windows are over, who converted; whoever entered again lately is not in it, converted or not"},
		},
	}
	converted := t.all.reached[len(t.required)]
	out.Row(analysis.Count(t.all.entered), analysis.Count(converted), analysis.Count(sum(t.all.open)), analysis.Count(sum(t.all.lost)),
		analysis.Rate(converted, t.all.entered), analysis.Rate(t.all.decidedConverted, t.all.decided))
	return out
}

func stepColumns() []analysis.Column {
	return []analysis.Column{
		{Name: "number", Unit: analysis.Counts, Sentence: "place in the funnel, from 1"},
		{Name: "step", Unit: analysis.Text, Sentence: "what was done"},
		{Name: "required", Unit: analysis.Text, Sentence: "yes, or no of an optional step"},
		{Name: "persons", Unit: analysis.Persons, Sentence: "persons who got this far; of an optional step, who did it"},
		{Name: "conversion", Unit: analysis.Ratio, Sentence: "persons of those who entered"},
		{Name: "step_conversion", Unit: analysis.Ratio, Sentence: "persons of those who did the required step before; of an optional step of any order, of those who entered"},
		{Name: "open", Unit: analysis.Persons, Sentence: "persons who got no further, and whose window is not over"},
		{Name: "lost", Unit: analysis.Persons, Sentence: "persons who got no further, and no longer can"},
		{Name: "excluded", Unit: analysis.Persons, Sentence: "of the lost, whose attempt ended at something excluded"},
	}
}

func (t *tally) stepsTable() analysis.Table {
	out := analysis.Table{
		Name: "steps", Columns: stepColumns(),
		Sentence: "A row for each step. Of required steps, persons = persons of the next required one + open + lost; those of the last are converted.",
	}
	if t.Order == Unordered {
		out.Sentence = "A row for each number of required steps, and for each optional one. Persons = persons of the next number + open + lost; those of the last are converted."
	}
	for _, row := range t.stepRows(t.all) {
		out.Row(row...)
	}
	return out
}

// stepRows gives a row for each step.
func (t *tally) stepRows(c *counts) (rows [][]analysis.Value) {
	done := 0
	for i, s := range t.Steps {
		row := []analysis.Value{analysis.CountOf(i + 1)}
		if s.Optional {
			before := c.entered
			if done > 0 && t.Order != Unordered { // where it may be done before any of the others
				before = c.reached[done]
			}
			rows = append(rows, append(row, analysis.Word(s.Label()), analysis.Word("no"), analysis.Count(c.optional[i]), analysis.Rate(c.optional[i], c.entered),
				analysis.Rate(c.optional[i], before), analysis.None(), analysis.None(), analysis.None()))
			continue
		}
		label := s.Label()
		if t.Order == Unordered {
			label = "any " + strconv.Itoa(done+1)
		}
		before := c.entered
		if done > 0 {
			before = c.reached[done]
		}
		done++
		row = append(row, analysis.Word(label), analysis.Word("yes"), analysis.Count(c.reached[done]), analysis.Rate(c.reached[done], c.entered), analysis.Rate(c.reached[done], before))
		if done == len(t.required) {
			row = append(row, analysis.None(), analysis.None(), analysis.None())
		} else {
			row = append(row, analysis.Count(c.open[done]), analysis.Count(c.lost[done]), analysis.Count(c.excluded[done]))
		}
		rows = append(rows, row)
	}
	return rows
}

// other stands for values that have no rows of their own.
const other = "(other)"

func (t *tally) byTable() analysis.Table {
	out := analysis.Table{
		Name: "by", Sentence: "A row for each step and value of " + t.q.By.Name + ", read at the step by which the person entered; the values add up to table steps.",
		Columns: append([]analysis.Column{{Name: strings.ReplaceAll(t.q.By.Name, ".", "_"), Unit: analysis.Text, Sentence: "value of the entering step"}}, stepColumns()...),
	}
	values := slices.SortedFunc(maps.Keys(t.by), func(a, b string) int { return cmp.Or(cmp.Compare(t.by[b].entered, t.by[a].entered), cmp.Compare(a, b)) })
	shown := values[:min(len(values), MaxValues)]
	for _, value := range shown {
		for _, row := range t.stepRows(t.by[value]) {
			out.Row(append([]analysis.Value{analysis.Word(value)}, row...)...)
		}
	}
	if len(values) > len(shown) {
		rest := t.counts()
		for _, value := range values[len(shown):] {
			rest.join(t.by[value])
		}
		for _, row := range t.stepRows(rest) {
			out.Row(append([]analysis.Value{analysis.Word(other)}, row...)...)
		}
	}
	return out
}

func (t *tally) openTable() analysis.Table {
	out := analysis.Table{
		Name: "open", Sentence: "Persons who may still convert, by the day in the report's zone on which the last of their windows closes; they add up to open.",
		Columns: []analysis.Column{
			{Name: "closes", Unit: analysis.Date, Sentence: "day on which the window closes"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "whose window closes on that day"},
		},
	}
	for _, day := range slices.Sorted(maps.Keys(t.open)) {
		out.Row(analysis.Word(t.q.Day(day)), analysis.Count(t.open[day]))
	}
	return out
}

func (t *tally) timesTable() analysis.Table {
	out := analysis.Table{
		Name: "times", Sentence: "How long persons took from one required step to the next, and converted persons from the first to the last.",
		Columns: []analysis.Column{
			{Name: "from_step", Unit: analysis.Text, Sentence: "step that the time begins at"},
			{Name: "to_step", Unit: analysis.Text, Sentence: "step that the time ends at"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "persons who did both"},
			{Name: "median", Unit: analysis.Seconds, Sentence: "the shortest time that half of them did not exceed, exact"},
			{Name: "p90", Unit: analysis.Seconds, Sentence: "the shortest time that nine tenths of them did not exceed, exact"},
		},
	}
	label := func(i int) analysis.Value {
		if t.Order == Unordered {
			return analysis.Word("any " + strconv.Itoa(i+1))
		}
		return analysis.Word(t.Steps[t.required[i]].Label())
	}
	last := len(t.lengths) - 1
	for i, lengths := range t.lengths {
		from, to := i, i+1
		if i == last {
			if from, to = 0, last; last == 0 {
				continue
			}
			if last == 1 {
				continue // the same as the row before
			}
		}
		slices.Sort(lengths)
		out.Row(label(from), label(to), analysis.CountOf(len(lengths)), quantile(lengths, 1, 2), quantile(lengths, 9, 10))
	}
	return out
}

// quantile is the smallest of sorted lengths that the share k of n does not exceed, in seconds.
func quantile(sorted []event.Millis, k, n int) analysis.Value {
	if len(sorted) == 0 {
		return analysis.None()
	}
	return analysis.Number(float64(sorted[(len(sorted)*k+n-1)/n-1])/1000, 3)
}
