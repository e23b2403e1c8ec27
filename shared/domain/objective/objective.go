// Package objective holds what a workspace wants its metrics to come to, and what others have published of theirs: objectives with their status, and
// benchmarks, which need a source and a date and are shown only to who asks for them.
//
// It knows nothing of reports. A metric is counted as package series counts it, and an objective of one value of a dimension as the KPIs part it.
//
//	objectives, err := objective.Parse(document)
//	plan, err := objective.Analysis().Prepare(question)
package objective

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/series"
	"waymark/shared/domain/stats"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
)

// What a status says.
const (
	NotBegun = "not begun"
	OnTrack  = "on track"
	Behind   = "behind"
	Reached  = "reached"
	Missed   = "missed"
)

// Analysis answers how objectives stand.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "objectives", Version: 1,
		Sentence: "How do the objectives stand that the workspace has settled, and how does it stand beside benchmarks?",
		Parameters: []analysis.Parameter{
			{Name: "objective", Sentence: "names of objectives; without one, all whose time touches the time asked for", IsList: true},
			{Name: "benchmarks", Sentence: "on shows the benchmarks beside the numbers of the time asked for", Values: []string{"off", "on"}, Default: "off"},
		},
		Prepare: prepare,
	}
}

type asked struct {
	analysis.Question
	objectives []running
	settled    int
	benchmarks []Benchmark
	isShown    bool // benchmarks
}

// running is an objective with its days.
type running struct {
	Objective
	window period.Window
	days   []period.Window // of the eight weeks before, and of the objective until now; the last may not be over
	before int             // of them, those before the objective
}

// weeksBefore is what a seasonal pace is made of.
const weeksBefore = 8

func prepare(q analysis.Question) (plan analysis.Plan, err error) {
	a := &asked{Question: q}
	if !q.By.IsZero() {
		return plan, analysis.Bad("by", "objectives has no breakdown: each objective says itself of what it is, with where")
	}
	choice, err := q.Choice("benchmarks", "off", "on")
	if err != nil {
		return plan, err
	}
	a.isShown = choice == "on"
	if text := q.Documents["benchmarks"]; text != nil && a.isShown {
		if a.benchmarks, err = ParseBenchmarks(text); err != nil {
			return plan, err
		}
	}
	var all []Objective
	if text := q.Documents["objectives"]; text != nil {
		if all, err = Parse(text); err != nil {
			return plan, err
		}
	}
	a.settled = len(all)
	if err := a.choose(all); err != nil {
		return plan, err
	}
	from := q.Start()
	columns := step.Columns(0)
	for _, r := range a.objectives {
		if len(r.days) > 0 {
			from = min(from, event.At(r.days[0].Start))
		}
		columns |= series.Asked{By: r.Where.By}.Columns()
	}
	for _, b := range a.benchmarks {
		columns |= series.Asked{By: b.Where.By}.Columns()
	}
	return analysis.Plan{From: from, To: q.Known(), Columns: columns, Answer: a.answer}, nil
}

// choose takes the objectives that were asked for.
func (a *asked) choose(all []Objective) error {
	named := a.List("objective")
	for _, name := range named {
		if !slices.ContainsFunc(all, func(o Objective) bool { return o.Name == name }) {
			return analysis.Bad("objective", "the workspace has settled no objective %.70q", name)
		}
	}
	for _, o := range all {
		w, err := a.window(o)
		if err != nil {
			return err
		}
		isOf := w.Start.Before(a.To) && w.End.After(a.From)
		if len(named) > 0 {
			isOf = slices.Contains(named, o.Name)
		}
		if isOf {
			a.objectives = append(a.objectives, a.run(o, w))
		}
	}
	return nil
}

func (a *asked) window(o Objective) (period.Window, error) {
	from, err := a.Calendar.ParseBound(o.From.Format(time.DateOnly))
	if err != nil {
		return period.Window{}, err
	}
	to, err := a.Calendar.ParseBound(o.To.Format(time.DateOnly))
	if err != nil {
		return period.Window{}, err
	}
	return a.Calendar.Period(from, to)
}

func (a *asked) run(o Objective, w period.Window) running {
	r := running{Objective: o, window: w}
	start := w.Start
	if o.Pace == Seasonal {
		start = a.Calendar.At(period.Day, w.Start.Add(-weeksBefore*7*24*time.Hour+12*time.Hour)).Start
	}
	for day := range a.Calendar.Windows(period.Day, start, w.End) {
		if !day.Start.Before(a.Known().Time()) {
			break
		}
		if r.days = append(r.days, day); day.Start.Before(w.Start) {
			r.before++
		}
	}
	return r
}

func (a *asked) answer(lives analysis.Lives) (analysis.Answer, error) {
	out := analysis.Answer{Tables: []analysis.Table{objectivesTable()}}
	counted := a.count(lives)
	for i := range a.objectives {
		out.Tables[0].Row(a.row(&a.objectives[i], counted[i])...)
	}
	switch {
	case a.settled == 0:
		out.Notes = append(out.Notes, "No objective is settled: nothing says which way these numbers should go, or how far. PUT /v1/definitions/objectives, or waymark define objectives.")
	case len(a.objectives) == 0:
		out.Notes = append(out.Notes, fmt.Sprintf("None of the %d objectives is of the time asked for.", a.settled))
	}
	if a.isShown {
		out.Tables = append(out.Tables, a.benchmarkTable(lives))
		if len(a.benchmarks) == 0 {
			out.Notes = append(out.Notes, "No benchmark is settled. One needs a metric, a value, a source and the date of the source.")
		}
	}
	if slices.ContainsFunc(a.objectives, func(r running) bool { return r.Metric.IsOfPersons() }) {
		out.Notes = append(out.Notes, "Distinct persons come quickly at first and more slowly later, so a target of theirs looks nearer than it is while its time runs; nothing is projected of it.")
	}
	return out, nil
}

// progress is what was counted of an objective: its whole time, and day by day.
type progress struct {
	whole series.Tally
	days  []series.Tally
}

// count counts all objectives, those of one dimension in one pass.
func (a *asked) count(lives analysis.Lives) []progress {
	out := make([]progress, len(a.objectives))
	for by, at := range a.byDimension() {
		request := series.Asked{By: a.objectives[at[0]].Where.By}
		for _, i := range at {
			r := &a.objectives[i]
			var days []series.Span
			for _, day := range r.days {
				days = append(days, series.SpanOf(day))
			}
			request.Sets = append(request.Sets, days, []series.Span{series.SpanOf(r.window)})
		}
		counted := series.Count(lives, request)
		for n, i := range at {
			value := a.objectives[i].Where.Value
			for _, day := range counted[2*n] {
				out[i].days = append(out[i].days, tallyOf(day, by, value))
			}
			out[i].whole = tallyOf(counted[2*n+1][0], by, value)
		}
	}
	return out
}

func (a *asked) byDimension() map[string][]int {
	out := map[string][]int{}
	for i, r := range a.objectives {
		out[r.Where.By.Name] = append(out[r.Where.By.Name], i)
	}
	return out
}

func tallyOf(c series.Counted, by, value string) series.Tally {
	if by == "" {
		return c.Whole
	}
	if t := c.By[value]; t != nil {
		return *t
	}
	return series.Tally{}
}

func objectivesTable() analysis.Table {
	return analysis.Table{
		Name: "objectives", Sentence: "an objective that is settled, as it stands at the end of the time asked for, or now",
		Columns: []analysis.Column{
			{Name: "objective", Unit: analysis.Text, Sentence: "its name"},
			{Name: "metric", Unit: analysis.Text, Sentence: "as docs/kpi.md defines it"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of amounts"},
			{Name: "where", Unit: analysis.Text, Sentence: "value of a dimension that it is of; nothing of the whole"},
			{Name: "owner", Unit: analysis.Text, Sentence: "who answers for it"},
			{Name: "from", Unit: analysis.Date, Sentence: "its first day"},
			{Name: "to", Unit: analysis.Date, Sentence: "the day after its last"},
			{Name: "direction", Unit: analysis.Text, Sentence: "at least or at most the target"},
			{Name: "target", Unit: analysis.Score, Sentence: "in the metric's unit"},
			{Name: "value", Unit: analysis.Score, Sentence: "so far, in the metric's unit"},
			{Name: "expected", Unit: analysis.Score, Sentence: "of the target, what is due by now at its pace; nothing of rates, and once nothing changes the status"},
			{Name: "pace", Unit: analysis.Text, Sentence: "linear: alike over the days; seasonal: by the weekdays of the eight weeks before"},
			{Name: "projected", Unit: analysis.Score, Sentence: "at the end, when it goes on as so far; interval of 95 % by Student's t, from the spread of the complete days, of at least seven"},
			{Name: "status", Unit: analysis.Text, Sentence: "not begun; on track or behind: value beside expected, of rates beside the target; reached or missed"},
			{Name: "certain", Unit: analysis.Text, Sentence: "yes when the target is outside the interval of projected, or nothing can change the status"},
		},
	}
}

func text(said string) analysis.Value {
	if said == "" {
		return analysis.None()
	}
	return analysis.Word(said)
}

func (a *asked) row(r *running, p progress) []analysis.Value {
	row := []analysis.Value{
		analysis.Word(r.Name), analysis.Word(r.Metric.Name), text(r.Currency), text(r.Where.String()), analysis.Word(r.Owner),
		analysis.Word(r.From.Format(time.DateOnly)), analysis.Word(r.To.Format(time.DateOnly)), analysis.Word(r.direction()), targetValue(r.Target, r.Metric),
	}
	s := a.standing(r, p)
	return append(row, s.value, s.expected, analysis.Word(string(s.pace)), s.projected, analysis.Word(s.status), text(s.certain))
}

func targetValue(v money.Micros, m series.Metric) analysis.Value {
	switch {
	case m.IsMoney():
		return analysis.Money(money.SumOf(v))
	case m.IsRate():
		return analysis.Number(float64(v)/float64(money.Unit), 6)
	}
	return analysis.Count(int64(v / money.Unit))
}

// standing is how an objective stands.
type standing struct {
	value, expected, projected analysis.Value
	pace                       Pace
	status, certain            string
}

func (a *asked) standing(r *running, p progress) standing {
	number := r.Metric.Of(p.whole, r.Currency)
	s := standing{value: number.Value(r.Metric), pace: r.Pace}
	target, known := float64(r.Target)/float64(money.Unit), a.Known().Time()
	isOver := !known.Before(r.window.End)
	if !known.After(r.window.Start) {
		s.status, s.value = NotBegun, analysis.None()
		return s
	}
	if r.Metric.IsRate() {
		a.rate(&s, r, number, isOver)
		return s
	}
	value := number.Float(r.Metric)
	reaches := compare(number, r)
	isMet, grows := reaches >= 0, r.Metric.Name != "net_revenue" // what is taken back makes it fall again
	if r.IsAtMost {
		isMet = reaches <= 0
	}
	switch {
	case isOver, !r.IsAtMost && isMet && grows, r.IsAtMost && !isMet && grows:
		s.certain, s.status = "yes", Missed
		if isMet {
			s.status = Reached
		}
		return s
	}
	weights := a.weights(r, p, &s)
	due := target * weights.elapsed / weights.whole
	s.expected, s.status = analysis.Number(due, 2), Behind
	if r.IsAtMost && value <= due || !r.IsAtMost && value >= due {
		s.status = OnTrack
	}
	if !r.Metric.IsOfPersons() {
		weights.project(&s, value, target, r.Metric.IsMoney(), grows)
	}
	return s
}

// compare says exactly whether a number is below, at or above the target.
func compare(n series.Number, r *running) int {
	if r.Metric.IsMoney() {
		return n.Numerator.Compare(wide.Of(int64(r.Target)))
	}
	return cmp.Compare(n.Count(), int64(r.Target/money.Unit))
}

// rate says how a rate stands: it has no pace, for the rate of a part is as large as that of the whole.
func (a *asked) rate(s *standing, r *running, number series.Number, isOver bool) {
	s.pace = "none"
	if number.Denominator == 0 {
		s.status = Behind
		if isOver {
			s.status, s.certain = Missed, "yes"
		}
		return
	}
	share, target := number.Value(r.Metric), r.Target
	value, _ := share.Float()
	// Whole numbers decide whether the target is met: k ÷ n beside millionths.
	k, n := float64(number.Count())*float64(money.Unit), float64(target)*float64(number.Denominator)
	isMet := k >= n
	if r.IsAtMost {
		isMet = k <= n
	}
	switch {
	case isOver && isMet:
		s.status, s.certain = Reached, "yes"
	case isOver:
		s.status, s.certain = Missed, "yes"
	case isMet:
		s.status = OnTrack
	default:
		s.status = Behind
	}
	if !isOver {
		low, high, _ := share.Interval()
		s.projected = analysis.Estimate(value, low, high, number.Denominator, 6)
		s.certain = certain(float64(target)/float64(money.Unit), low, high)
	}
}

func certain(target, low, high float64) string {
	if target < low || target > high {
		return "yes"
	}
	return "no"
}

// weights are how much of a target falls on days.
type weights struct {
	elapsed, whole float64
	days           []float64 // of the complete days so far
	values         []float64 // of the same days
}

// weights spreads the target over the days. A seasonal pace needs something counted in the eight weeks before; else it is linear, and says so.
func (a *asked) weights(r *running, p progress, s *standing) (w weights) {
	var byWeekday [7]float64
	sum := 0.0
	for i := range r.before {
		n := r.Metric.Of(p.days[i], r.Currency)
		value := max(0, n.Float(r.Metric))
		byWeekday[a.weekday(r.days[i])] += value
		sum += value
	}
	of := func(day period.Window) float64 { return byWeekday[a.weekday(day)] }
	if sum == 0 {
		s.pace = Linear
		of = func(period.Window) float64 { return 1 }
	}
	known := a.Known().Time()
	at := r.before
	for day := range a.Calendar.Windows(period.Day, r.window.Start, r.window.End) {
		weight := of(day)
		w.whole += weight
		switch {
		case day.Closed(known):
			w.elapsed += weight
			n := r.Metric.Of(p.days[at], r.Currency)
			w.days, w.values = append(w.days, weight), append(w.values, n.Float(r.Metric))
			at++
		case day.Start.Before(known):
			w.elapsed += weight * float64(known.Sub(day.Start)) / float64(day.End.Sub(day.Start))
		}
	}
	return w
}

func (a *asked) weekday(day period.Window) int {
	return int(a.Calendar.Local(day.Start.Add(6 * time.Hour)).Weekday())
}

// leastDays is how many complete days a projection rests on.
const leastDays = 7

// project says where the value comes out. Days are taken to vary around their weight with a variance in proportion to it, so that what is to come
// varies by the same proportion, and so does the pace so far.
func (w weights) project(s *standing, value, target float64, isMoney, grows bool) {
	if len(w.days) < leastDays || w.elapsed == 0 {
		return
	}
	done, weight := 0.0, 0.0
	for i := range w.days {
		done, weight = done+w.values[i], weight+w.days[i]
	}
	if done <= 0 || weight == 0 {
		return
	}
	rate, spread, n := done/weight, 0.0, 0.0
	for i, day := range w.days {
		if day > 0 {
			away := w.values[i] - rate*day
			spread += away * away / day
			n++
		}
	}
	if n < 2 {
		return
	}
	variance := spread / (n - 1) // of a day of weight 1
	if !isMoney {
		variance = max(variance, rate) // counts vary by chance at least
	}
	left := w.whole - w.elapsed
	projected := value + value/w.elapsed*left
	half := stats.StudentQuantile(.975, n-1) * math.Sqrt(variance*left*(1+left/weight))
	low, high := projected-half, projected+half
	if grows {
		low = max(low, value)
	}
	s.projected = analysis.Estimate(projected, low, high, int64(len(w.days)), 2)
	s.certain = certain(target, low, high)
}

func (a *asked) benchmarkTable(lives analysis.Lives) analysis.Table {
	table := analysis.Table{
		Name: "benchmarks", Sentence: "a number that somebody has published, beside that of the time asked for; whether the two can be compared says the source",
		Columns: []analysis.Column{
			{Name: "metric", Unit: analysis.Text, Sentence: "as docs/kpi.md defines it"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of amounts"},
			{Name: "where", Unit: analysis.Text, Sentence: "value of a dimension that it is of; nothing of the whole"},
			{Name: "benchmark", Unit: analysis.Score, Sentence: "as published"},
			{Name: "value", Unit: analysis.Score, Sentence: "of the time asked for"},
			{Name: "source", Unit: analysis.Text, Sentence: "who has published it"},
			{Name: "date", Unit: analysis.Date, Sentence: "of the source"},
		},
	}
	for _, b := range a.benchmarks {
		span := series.Span{Start: a.Start(), End: a.Known()}
		counted := series.Count(lives, series.Asked{Sets: [][]series.Span{{span}}, By: b.Where.By})
		value := b.Metric.Of(tallyOf(counted[0][0], b.Where.By.Name, b.Where.Value), b.Currency).Value(b.Metric)
		table.Row(analysis.Word(b.Metric.Name), text(b.Currency), text(b.Where.String()), targetValue(b.Value, b.Metric), value, analysis.Word(b.Source), analysis.Word(b.Date.Format(time.DateOnly)))
	}
	return table
}
