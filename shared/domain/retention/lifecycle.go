package retention

import (
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// Lifecycle answers which persons of each day, week or month are new, returning, resurrected or dormant.
func Lifecycle() analysis.Analysis {
	return analysis.Analysis{
		Name: "lifecycle", Version: 1,
		Sentence: "which persons of each day, week or month are new, returning from the one before, resurrected after a longer time, or dormant since the one before",
		Parameters: []analysis.Parameter{
			{Name: "event", Sentence: "what makes a person active: a step of a funnel, such as order, or activity", Default: activity},
			{Name: "grain", Sentence: "the unit", Values: []string{"day", "week", "month"}, Default: "month"},
		},
		Prepare: prepareLifecycle,
	}
}

// lifecycle is a question that was understood.
type lifecycle struct {
	analysis.Question
	units  units // the first is the one before the period
	grain  period.Grain
	active matcher
	values values // of the dimension
}

func prepareLifecycle(q analysis.Question) (analysis.Plan, error) {
	l := &lifecycle{Question: q}
	var err error
	if l.active, err = matcherOf(q, "event"); err != nil {
		return analysis.Plan{}, err
	}
	if l.units, l.grain, err = unitsOf(q, "month", "day", "week"); err != nil {
		return analysis.Plan{}, err
	}
	before := q.Calendar.At(l.grain, q.From)
	before = q.Calendar.Prev(before)
	l.units.starts = append([]event.Millis{event.At(before.Start)}, l.units.starts...)
	l.units.keys = append([]string{before.Key}, l.units.keys...)
	plan := analysis.Plan{From: l.units.from(), To: l.units.known, Columns: l.active.columns() | q.By.Columns()}
	if l.active.Matcher == nil {
		plan.Columns = plan.Columns.With(step.SessionStart)
	} else {
		plan.From = 0 // whether a person is new, only their whole life says
	}
	if !q.By.IsZero() {
		plan.Columns = plan.Columns.With(step.OrderMoney, step.OrderOrigin)
	}
	plan.Answer = func(lives analysis.Lives) (analysis.Answer, error) {
		if !q.By.IsZero() {
			l.values = shownValues(lives, l.valuesOf)
		}
		return analysis.Fold(lives, l.census, (*census).add, (*census).join).answer(), nil
	}
	return plan, nil
}

// phases are the persons of one unit.
type phases struct{ active, fresh, returning, resurrected, dormant int64 }

func (p *phases) join(o phases) {
	p.active += o.active
	p.fresh += o.fresh
	p.returning += o.returning
	p.resurrected += o.resurrected
	p.dormant += o.dormant
}

// census is what came of persons, by unit.
type census struct {
	*lifecycle
	all      []phases
	by       map[string][]phases
	isActive []bool // of the person at hand
}

func (l *lifecycle) census() *census {
	n := len(l.units.starts)
	return &census{lifecycle: l, all: make([]phases, n), by: map[string][]phases{}, isActive: make([]bool, n)}
}

// valuesOf gives the value of a person.
func (l *lifecycle) valuesOf(life []step.Row, each func(value string)) {
	for i := range life {
		if r := &life[i]; r.At >= l.units.from() && r.At < l.units.known && l.active.holds(r) {
			each(funnel.ValueOf(l.By, r))
			return
		}
	}
}

func (c *census) add(life []step.Row) {
	clear(c.isActive)
	first, fresh := -1, -1 // the first step within the units, and the unit in which the person is new
	isKnown := false       // from before the units
	for i := range life {
		r := &life[i]
		if r.At >= c.units.known {
			break
		}
		if !c.active.holds(r) {
			continue
		}
		unit := c.units.at(r.At)
		if unit < 0 {
			isKnown = true
			continue
		}
		if first < 0 {
			first = i
			// A person is new with the first session, and of an event with the first ever.
			if c.active.Matcher == nil && r.SessionStart && r.Session == 1 || c.active.Matcher != nil && !isKnown {
				fresh = unit
			}
		}
		c.isActive[unit] = true
	}
	if first < 0 {
		return
	}
	c.count(c.all, fresh)
	if c.By.IsZero() {
		return
	}
	value := c.values.of(funnel.ValueOf(c.By, &life[first]))
	if c.by[value] == nil {
		c.by[value] = make([]phases, len(c.units.starts))
	}
	c.count(c.by[value], fresh)
}

func (c *census) count(to []phases, fresh int) {
	for unit := 1; unit < len(c.isActive); unit++ {
		is, was, p := c.isActive[unit], c.isActive[unit-1], &to[unit]
		switch {
		case is && unit == fresh:
			p.fresh++
		case is && was:
			p.returning++
		case is:
			p.resurrected++
		case was:
			p.dormant++
		}
		if is {
			p.active++
		}
	}
	if c.isActive[0] {
		to[0].active++
	}
}

func (c *census) join(part *census) {
	for i, p := range part.all {
		c.all[i].join(p)
	}
	for value, units := range part.by {
		if c.by[value] == nil {
			c.by[value] = make([]phases, len(units))
		}
		for i, p := range units {
			c.by[value][i].join(p)
		}
	}
}

func phaseColumns() []analysis.Column {
	return []analysis.Column{
		{Name: "since", Unit: analysis.Date, Sentence: "first day of the unit"},
		{Name: "active", Unit: analysis.Persons, Sentence: "persons who were active in it: new + returning + resurrected"},
		{Name: "new", Unit: analysis.Persons, Sentence: "active for the first time ever"},
		{Name: "returning", Unit: analysis.Persons, Sentence: "active in the unit before too"},
		{Name: "resurrected", Unit: analysis.Persons, Sentence: "active, not in the unit before, but earlier"},
		{Name: "dormant", Unit: analysis.Persons, Sentence: "active in the unit before, and not in this one"},
		{Name: "active_before", Unit: analysis.Persons, Sentence: "active in the unit before: returning + dormant"},
		{Name: "quick_ratio", Unit: analysis.Score, Sentence: "(new + resurrected) ÷ dormant: above 1 more persons come than go; none where nobody is dormant"},
		{Name: "retention", Unit: analysis.Ratio, Sentence: "returning of active_before"},
		{Name: "state", Unit: analysis.Text, Sentence: "complete, or open where the unit is not over: then nobody is dormant for good, and the rates can change"},
	}
}

// rows gives a row for each unit.
func (c *census) rows(of []phases) (rows [][]analysis.Value) {
	for unit := 1; unit < len(of); unit++ {
		p, before := of[unit], of[unit-1].active
		quick := analysis.None()
		if p.dormant > 0 {
			quick = analysis.Number(float64(p.fresh+p.resurrected)/float64(p.dormant), 4)
		}
		rows = append(rows, []analysis.Value{
			analysis.Word(c.units.keys[unit]), analysis.Count(p.active), analysis.Count(p.fresh), analysis.Count(p.returning), analysis.Count(p.resurrected),
			analysis.Count(p.dormant), analysis.Count(before), quick, analysis.Rate(p.returning, before), c.units.state(unit),
		})
	}
	return rows
}

func (c *census) answer() analysis.Answer {
	whole := analysis.Table{
		Name: "lifecycle", Columns: phaseColumns(),
		Sentence: "A row for each unit. active = new + returning + resurrected; dormant = active of the unit before − returning.",
	}
	for _, row := range c.rows(c.all) {
		whole.Row(row...)
	}
	out := analysis.Answer{Tables: []analysis.Table{whole}}
	if !c.By.IsZero() {
		out.Tables = append(out.Tables, c.byTable())
	}
	asked := c.units
	asked.starts, asked.keys = asked.starts[1:], asked.keys[1:]
	out.Notes = append(asked.widened(c.Question, c.grain), "A person is active with: "+c.active.String()+".")
	if !c.Segment.IsZero() {
		out.Notes = append(out.Notes, "A segment is of persons with a step in the period: whoever was active before it and never in it is neither in active_before nor dormant.")
	}
	if last := len(asked.keys) - 1; !asked.isOver(last) {
		out.Notes = append(out.Notes, "The unit that begins on "+asked.keys[last]+" is open: who is dormant in it may still come.")
	}
	return out
}

func (c *census) byTable() analysis.Table {
	out := analysis.Table{
		Name: "by", Sentence: "A row for each value of " + c.By.Name + " and unit. A person has one value, that of their first active step from the unit before the period on; the values add up to table lifecycle.",
		Columns: append([]analysis.Column{{Name: strings.ReplaceAll(c.By.Name, ".", "_"), Unit: analysis.Text, Sentence: "value of the person"}}, phaseColumns()...),
	}
	for _, value := range c.values.order {
		for _, row := range c.rows(c.by[value]) {
			out.Row(append([]analysis.Value{analysis.Word(value)}, row...)...)
		}
	}
	return out
}
