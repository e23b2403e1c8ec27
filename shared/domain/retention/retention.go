// Package retention is who comes back: cohorts of persons and how many of them return, what they spend, and which persons of a period are new,
// returning, resurrected or dormant.
//
// It does not predict who will come back; package clv does.
//
//	plan, err := retention.Analysis().Prepare(question)
//
// The rules are:
//   - The period is widened to whole days, weeks or months of the report's zone, of 23 or 25 hours where the clock is changed. Nothing beyond it, or
//     from now on, is read.
//   - A person's cohort is the unit of what they began with. Its age 0 is that unit, age 1 the next, and so on by the calendar. Steps before what they
//     began with do not count.
//   - A cell whose unit is not over is open: its number can still rise, and it is in no mean. Units that have not begun have no cells.
//   - Cohorts of nobody have rows too. A share of nobody is none, and in no mean; a share of 0 is in every mean.
//   - The value of a dimension is read at the step that the person began with.
package retention

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/acquisition"
	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// What a person may begin with.
const (
	FirstEver  = "first_ever"  // the person's first step ever
	FirstOrder = "first_order" // the person's first order ever
	FirstEvent = "first_event" // the first step ever that is the event
	Recurring  = "recurring"   // the first step of each unit that is the event: a person is in the cohort of each such unit
)

// How a return is measured.
const (
	Bounded = "bounded" // in that very unit
	Rolling = "rolling" // in that unit or any later one
)

// Bounds of a question.
const (
	MaxUnits       = 1200
	MaxHorizon     = 400
	DefaultHorizon = 12
	MaxValues      = 100 // of a dimension, those with the most persons; the others are added up
)

// activity stands for what the person did, whatever it was.
const activity = "activity"

// Analysis answers how many persons of a cohort come back, and what they spend.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "retention", Version: 1,
		Sentence: "how many persons of a cohort come back after days, weeks or months, and what they have spent by then",
		Parameters: []analysis.Parameter{
			{Name: "cohort", Sentence: "what a person begins with, and so which cohort they are in", Values: []string{FirstEver, FirstOrder, FirstEvent, Recurring}, Default: FirstEver},
			{Name: "event", Sentence: "of first_event and recurring: the event to begin with, as a step of a funnel, or activity", Default: activity},
			{Name: "returning", Sentence: "what it is to come back: a step of a funnel, such as order, or activity", Default: activity},
			{Name: "grain", Sentence: "the unit of cohorts and ages", Values: []string{"day", "week", "month"}, Default: "month"},
			{Name: "measure", Sentence: "whether to come back in that very unit, or in that or any later one", Values: []string{Bounded, Rolling}, Default: Bounded},
			{Name: "horizon", Sentence: "the last age", Default: "12"},
			{Name: "revenue", Sentence: "whether to show what cohorts have spent: net of updates, refunds and cancellations, or gross", Values: []string{"none", "net", "gross"}, Default: "none"},
			{Name: "cost", Sentence: "what it cost to win a cohort, in the workspace's currency, as 2026-01-01:1500.00, for the payback; it needs revenue. Without it, what the workspace has settled as costs", IsList: true},
		},
		Prepare: prepare,
	}
}

// asked is a question that was understood.
type asked struct {
	analysis.Question
	units                         units
	cohort, measure, revenue      string
	begins, returns               matcher
	horizon                       int
	costs                         map[int]money.Sum // by cohort
	grain                         period.Grain
	isRecurring, isRolling, isNet bool
	values                        values // of the dimension
}

// matcher holds of a step of a life; without a funnel's step, of what the person did.
type matcher struct{ *funnel.Matcher }

func (m matcher) holds(r *step.Row) bool {
	if m.Matcher == nil {
		return r.IsActivity()
	}
	return m.Holds(r)
}

func (m matcher) columns() step.Columns {
	if m.Matcher == nil {
		return step.ColumnsOf(step.Session)
	}
	return m.Columns()
}

func (m matcher) String() string {
	if m.Matcher == nil {
		return "whatever the person does"
	}
	return m.Label()
}

func matcherOf(q analysis.Question, name string) (matcher, error) {
	text := q.Text(name)
	if text == "" || text == activity {
		return matcher{}, nil
	}
	s, err := funnel.ParseStepAt(name, text)
	if err != nil {
		return matcher{}, err
	}
	if s.Optional {
		return matcher{}, analysis.Bad(name, "%s is one event; an optional one, with ? at the end, is of funnels alone", name)
	}
	m, err := s.Matcher(name)
	return matcher{&m}, err
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	a, err := read(q)
	if err != nil {
		return analysis.Plan{}, err
	}
	columns := a.begins.columns() | a.returns.columns() | q.By.Columns()
	plan := analysis.Plan{From: a.units.from(), To: a.units.known}
	switch a.cohort {
	case FirstEver:
		columns = columns.With(step.FirstEver)
	case FirstOrder:
		columns = columns.With(step.OrderMoney)
	case FirstEvent:
		plan.From = 0
	}
	if a.revenue != "none" {
		columns = columns.With(step.OrderMoney)
	}
	if !q.By.IsZero() {
		columns = columns.With(step.OrderMoney, step.OrderOrigin)
	}
	plan.Columns = columns
	plan.Answer = func(lives analysis.Lives) (analysis.Answer, error) {
		if !q.By.IsZero() {
			a.values = shownValues(lives, a.valuesOf)
		}
		return analysis.Fold(lives, a.tally, (*tally).add, (*tally).join).answer(), nil
	}
	return plan, nil
}

func read(q analysis.Question) (a asked, err error) {
	a.Question = q
	texts := []struct {
		into   *string
		name   string
		values []string
	}{
		{&a.cohort, "cohort", []string{FirstEver, FirstOrder, FirstEvent, Recurring}},
		{&a.measure, "measure", []string{Bounded, Rolling}},
		{&a.revenue, "revenue", []string{"none", "net", "gross"}},
	}
	for _, t := range texts {
		if *t.into, err = q.Choice(t.name, t.values...); err != nil {
			return a, err
		}
	}
	a.isRecurring, a.isRolling, a.isNet = a.cohort == Recurring, a.measure == Rolling, a.revenue == "net"
	if a.begins, err = matcherOf(q, "event"); err != nil {
		return a, err
	}
	if q.Text("event") != "" && a.cohort != FirstEvent && !a.isRecurring {
		return a, analysis.Bad("event", "event is what persons of cohort=first_event or cohort=recurring begin with; leave it out with cohort=%s", a.cohort)
	}
	if a.returns, err = matcherOf(q, "returning"); err != nil {
		return a, err
	}
	if a.horizon, err = q.Number("horizon", DefaultHorizon, 1, MaxHorizon); err != nil {
		return a, err
	}
	if a.units, a.grain, err = unitsOf(q, "month", "day", "week"); err != nil {
		return a, err
	}
	return a, a.readCosts()
}

func (a *asked) readCosts() error {
	a.costs = map[int]money.Sum{}
	for _, said := range a.List("cost") {
		key, amount, _ := strings.Cut(said, ":")
		m, err := money.Parse(amount)
		unit := slices.Index(a.units.keys, key)
		switch {
		case a.revenue == "none":
			return analysis.Bad("cost", "a payback needs what the cohorts have spent; add revenue=net or revenue=gross")
		case err != nil || m < 0:
			return analysis.Bad("cost", "a cost is the first day of a cohort and an amount, such as 2026-01-01:1500.00, not %.60q", said)
		case unit < 0:
			return analysis.Bad("cost", "no cohort of the period begins with %.40q; a cohort is named by its first day, such as %s", key, a.units.keys[0])
		}
		a.costs[unit] = a.costs[unit].Plus(money.SumOf(m))
	}
	return a.settledCosts()
}

// settledCosts takes the costs that the workspace has settled, of all channels on the days of a cohort, where the question says none. They are of all
// persons who were won then, so neither of a segment nor of persons who begin again.
func (a *asked) settledCosts() error {
	text := a.Documents["costs"]
	isOfAll := a.Segment.IsZero() && (a.cohort == FirstEver || a.cohort == FirstOrder)
	if text == nil || len(a.costs) > 0 || a.revenue == "none" || !isOfAll {
		return nil
	}
	costs, err := acquisition.ParseCosts(text)
	if err != nil {
		return err
	}
	for unit, start := range a.units.starts {
		if spent, isKnown := acquisition.Spent(costs, a.Question, a.Currency, start.Time(), a.units.endOf(unit).Time()); isKnown {
			a.costs[unit] = spent
		}
	}
	return nil
}

// units are the days, weeks or months of a question, from that in which it begins to that in which it ends, as far as they have begun.
type units struct {
	starts []event.Millis
	keys   []string     // first days
	end    event.Millis // of the last unit
	known  event.Millis // nothing is known from here on
}

func unitsOf(q analysis.Question, grains ...string) (u units, grain period.Grain, err error) {
	text, err := q.Choice("grain", grains...)
	if err != nil {
		return u, "", err
	}
	grain = period.Grain(text)
	for w := range q.Calendar.Windows(grain, q.From, q.To) {
		if start := event.At(w.Start); start < q.Now {
			if len(u.starts) == MaxUnits {
				return u, grain, analysis.Bad("grain", "the period has more than %d units; ask for a coarser grain or a shorter period", MaxUnits)
			}
			u.starts, u.keys, u.end = append(u.starts, start), append(u.keys, w.Key), event.At(w.End)
		}
	}
	if len(u.starts) == 0 {
		return u, grain, analysis.Bad("from", "the period has not begun, so nothing is known of it; ask for an earlier one")
	}
	u.known = min(u.end, q.Now)
	return u, grain, nil
}

func (u *units) from() event.Millis { return u.starts[0] }

// at gives the unit of an instant; -1 before the first.
func (u *units) at(t event.Millis) int {
	i, found := slices.BinarySearch(u.starts, t)
	if found {
		return i
	}
	return i - 1
}

// endOf is the first instant after a unit.
func (u *units) endOf(i int) event.Millis {
	if i+1 < len(u.starts) {
		return u.starts[i+1]
	}
	return u.end
}

// isOver says whether nothing can happen in a unit any more.
func (u *units) isOver(i int) bool { return u.endOf(i) <= u.known }

// widened says in a note where the period is not the one that was asked for.
func (u *units) widened(q analysis.Question, grain period.Grain) []string {
	if q.Start() == u.from() && q.End() >= u.known {
		return nil
	}
	return []string{"The period is widened to whole units (" + string(grain) + "): from " + u.keys[0] + " to the end of that which begins on " + u.keys[len(u.keys)-1] + "."}
}

// state of a unit in tables.
func (u *units) state(i int) analysis.Value {
	if u.isOver(i) {
		return analysis.Word("complete")
	}
	return analysis.Word("open")
}

// shownValues are the values of a dimension that have rows of their own: those with the most persons, at most MaxValues. Persons are counted by value
// before anything else is, so that values of any number take little memory.
func shownValues(lives analysis.Lives, valuesOf func(life []step.Row, each func(value string))) values {
	persons := analysis.Fold(lives, func() map[string]int64 { return map[string]int64{} }, func(to map[string]int64, life []step.Row) {
		valuesOf(life, func(value string) { to[value]++ })
	}, func(to, part map[string]int64) {
		for value, n := range part {
			to[value] += n
		}
	})
	order := slices.SortedFunc(maps.Keys(persons), func(a, b string) int {
		return cmp.Or(cmp.Compare(persons[b], persons[a]), cmp.Compare(a, b))
	})
	if len(order) > MaxValues {
		order = slices.DeleteFunc(order[:MaxValues], func(value string) bool { return value == other })
		order = append(order, other)
	}
	v := values{order: order, isShown: map[string]bool{}}
	for _, value := range order {
		v.isShown[value] = true
	}
	return v
}

// values have rows of their own, in their order; other, where there are more, is the last.
type values struct {
	order   []string
	isShown map[string]bool
}

// of is the value whose rows a value counts in.
func (v values) of(value string) string {
	if v.isShown[value] {
		return value
	}
	return other
}

// other stands for values that have no rows of their own.
const other = "(other)"
