package journeymap

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/money"
	"waymark/shared/domain/sentiment"
	"waymark/shared/domain/step"
)

// key is a cell of the map: a stage and a value of its columns, or all of them. Pain points are looked for in cells of other dimensions too.
type key struct {
	stage, value string
	by           int // place of the dimension in plan.dimensions; 0 are the map's columns
	isAll        bool
}

// cell is what a cell comes to. Persons are distinct in each cell.
type cell struct {
	persons, visits            int64
	converted, open            int64 // persons; all others are lost
	decided, decidedConverted  int64 // persons all of whose windows are over
	ongoing                    int64 // stays
	seconds                    []int64
	errors, negative, repeated int64 // persons with such an event, such a text, or a second stay here
	failed                     int64 // persons who then were lost, of those with an error
	texts                      int64
	scores                     feedback.Mean
	quotes                     feedback.Shelf
	examples                   []example
	first                      []firstStay
	revenue                    map[string]money.Sum // of a whole stage: net, by currency, of the decided persons who went on
	orders                     int64
}

// firstStay is how long a person's first stay in a cell lasted, or has lasted so far.
type firstStay struct {
	length  event.Millis
	isEnded bool
}

func newCell() *cell { return &cell{revenue: map[string]money.Sum{}} }

func (c *cell) join(other *cell, quotes int) {
	c.persons, c.visits, c.converted, c.open = c.persons+other.persons, c.visits+other.visits, c.converted+other.converted, c.open+other.open
	c.decided, c.decidedConverted, c.ongoing = c.decided+other.decided, c.decidedConverted+other.decidedConverted, c.ongoing+other.ongoing
	c.seconds, c.first = append(c.seconds, other.seconds...), append(c.first, other.first...)
	c.errors, c.negative, c.repeated, c.failed = c.errors+other.errors, c.negative+other.negative, c.repeated+other.repeated, c.failed+other.failed
	c.texts, c.orders = c.texts+other.texts, c.orders+other.orders
	c.scores.Join(other.scores)
	for _, q := range other.quotes {
		c.quotes = c.quotes.With(q, quotes)
	}
	for _, e := range other.examples {
		c.show(e)
	}
	for currency, sum := range other.revenue {
		c.revenue[currency] = c.revenue[currency].Plus(sum)
	}
}

// flow is the way from one stay to the next.
type flow struct{ from, to string }

type flows struct{ visits, persons int64 }

// chart is the map of some persons in a period.
type chart struct {
	*plan
	stages
	in      bounds
	cells   map[key]*cell
	flows   map[flow]*flows
	persons int64 // with a stay
}

func (p *plan) chart(s stages, in bounds) *chart {
	return &chart{plan: p, stages: s, in: in, cells: map[key]*cell{}, flows: map[flow]*flows{}}
}

func (m *chart) cell(at key) *cell {
	c := m.cells[at]
	if c == nil {
		c = newCell()
		m.cells[at] = c
	}
	return c
}

func (m *chart) join(other *chart) {
	m.persons += other.persons
	for at, c := range other.cells {
		m.cell(at).join(c, m.quotes)
	}
	for at, f := range other.flows {
		m.flow(at).visits += f.visits
		m.flow(at).persons += f.persons
	}
}

func (m *chart) flow(at flow) *flows {
	f := m.flows[at]
	if f == nil {
		f = &flows{}
		m.flows[at] = f
	}
	return f
}

// tally is the map, and the two that are compared, nil where none are. With another period the map itself is the second of them.
type tally struct {
	*plan
	whole, first, second *chart
}

func (p *plan) begin(s stages) *tally {
	t := &tally{plan: p, whole: p.chart(s, p.bounds())}
	switch {
	case p.other != nil:
		t.first, t.second = p.chart(s, *p.other), t.whole
	case !p.segment.IsZero():
		t.first, t.second = p.chart(s, p.bounds()), p.chart(s, p.bounds())
	}
	return t
}

func (t *tally) add(rows []step.Row) {
	l := life{rows: rows}
	for i := range rows {
		if text, found := t.reader.Of(&rows[i]); found {
			l.texts = append(l.texts, spoken{i, text})
		}
	}
	t.whole.add(l)
	switch {
	case t.other != nil:
		t.first.add(l)
	case t.first == nil:
	case t.segment.Holds(rows, t.q.Start(), t.q.End()):
		t.second.add(l)
	default:
		t.first.add(l)
	}
}

// life is the steps of a person, and what they said at which of them.
type life struct {
	rows  []step.Row
	texts []spoken
}

type spoken struct {
	row  int
	text feedback.Text
}

func (t *tally) join(part *tally) {
	t.whole.join(part.whole)
	if t.first != nil {
		t.first.join(part.first)
	}
	if t.second != t.whole && t.second != nil {
		t.second.join(part.second)
	}
}

// stay is one stay in a stage.
type stay struct {
	row, next int // the step that begins it, and the one that begins the next stay: the life's length without one
	stage     string
	at        event.Millis
}

// staysOf lists the stays that begin in the period or after it, as far as is read.
func (m *chart) staysOf(life []step.Row) []stay {
	var out []stay
	until := m.in.until(m.window)
	end := len(life)
	for i := range life {
		r := &life[i]
		if r.At >= until {
			end = i
			break
		}
		if r.At < m.in.start || !r.EntersStage() {
			continue
		}
		if len(out) > 0 {
			out[len(out)-1].next = i
		}
		out = append(out, stay{row: i, stage: r.Stage, at: r.At})
	}
	if len(out) > 0 {
		out[len(out)-1].next = end
	}
	return out
}

// visitor is one person in one cell.
type visitor struct {
	at                   key
	stays                []int
	isConverted          bool
	closes               event.Millis // end of the last window
	attempt              int          // the stay that converted, else the last one
	hasError, isNegative bool
	errors               int
}

func (m *chart) add(l life) {
	all := m.staysOf(l.rows)
	within := len(all)
	for within > 0 && all[within-1].at >= m.in.end {
		within--
	}
	m.said(l)
	if within == 0 {
		return
	}
	m.persons++
	m.goOn(all, within, l.rows)
	var visitors []visitor
	visit := func(at key, i int) *visitor {
		for v := range visitors {
			if visitors[v].at == at {
				visitors[v].stays = append(visitors[v].stays, i)
				return &visitors[v]
			}
		}
		visitors = append(visitors, visitor{at: at, stays: []int{i}})
		return &visitors[len(visitors)-1]
	}
	for i, s := range all[:within] {
		on := m.converts(all, i)
		errors, negative := m.signals(l, s)
		for by := range len(m.dimensions) + 1 {
			at := key{stage: s.stage, isAll: true}
			if by > 0 {
				at = key{stage: s.stage, by: by - 1, value: m.valueOf(by-1, &l.rows[s.row])}
			}
			v := visit(at, i)
			v.closes, v.errors = s.at+m.window, v.errors+errors
			v.hasError, v.isNegative = v.hasError || errors > 0, v.isNegative || negative
			if !v.isConverted {
				v.attempt, v.isConverted = i, on
			}
		}
	}
	for i := range visitors {
		m.count(l.rows, all, &visitors[i])
	}
}

// converts says whether a person goes on from a stay to a later stage within the window.
func (m *chart) converts(all []stay, i int) bool {
	for _, later := range all[i+1:] {
		if later.at > all[i].at+m.window {
			break
		}
		if m.isLater(later.stage, all[i].stage) {
			return true
		}
	}
	return false
}

// signals counts the signs of trouble in a stay, and says whether there is a negative text in it.
func (m *chart) signals(l life, s stay) (errors int, isNegative bool) {
	for i := s.row; i < s.next; i++ {
		if r := &l.rows[i]; m.watched[r.Event] && r.IsTouchpoint() {
			errors++
		}
	}
	for _, said := range l.texts {
		if said.row >= s.row && said.row < s.next && said.text.IsScored() && said.text.Tone() == sentiment.Negative {
			isNegative = true
		}
	}
	return errors, isNegative
}

// count takes a person into a cell.
func (m *chart) count(life []step.Row, all []stay, v *visitor) {
	c := m.cell(v.at)
	c.persons++
	c.visits += int64(len(v.stays))
	if len(v.stays) > 1 {
		c.repeated++
	}
	if v.hasError {
		c.errors++
	}
	if v.isNegative {
		c.negative++
	}
	isDecided := v.closes < m.in.now
	switch {
	case v.isConverted:
		c.converted++
	case !isDecided:
		c.open++
	case m.goesOn(v.at.stage):
		if v.hasError {
			c.failed++
		}
		if !v.at.isAll {
			m.remember(c, life, all, v)
		}
	}
	if isDecided {
		c.decided++
		if v.isConverted {
			c.decidedConverted++
		}
		if v.isConverted && v.at.isAll {
			m.value(c, life, all[v.attempt])
		}
	}
	for n, i := range v.stays {
		s := all[i]
		length, isEnded := m.in.until(m.window)-s.at, i+1 < len(all)
		if isEnded {
			length = all[i+1].at - s.at
			c.seconds = append(c.seconds, int64(length)/1000)
		} else {
			c.ongoing++
		}
		if n == 0 && v.at.by == 0 {
			c.first = append(c.first, firstStay{length, isEnded})
		}
	}
}

// value adds what a person who went on brings: orders and net revenue within the window after they entered.
func (m *chart) value(c *cell, life []step.Row, s stay) {
	for i := s.row + 1; i < len(life) && life[i].At <= s.at+m.window && life[i].At < m.in.now; i++ {
		if o := life[i].Order; o != nil {
			c.revenue[o.Currency] = c.revenue[o.Currency].Plus(money.SumOf(o.Net()))
			if o.Kind == event.Completed {
				c.orders++
			}
		}
	}
}

// goOn counts where stays lead, each to one next stay or to none.
func (m *chart) goOn(all []stay, within int, life []step.Row) {
	seen := map[flow]bool{}
	step := func(at flow) {
		f := m.flow(at)
		f.visits++
		if !seen[at] {
			seen[at] = true
			f.persons++
		}
	}
	for i, s := range all[:within] {
		to := ongoing
		if i+1 < len(all) {
			to = all[i+1].stage
		}
		step(flow{s.stage, to})
	}
	if life[all[0].row].StageBefore == "" {
		step(flow{start, all[0].stage})
	}
}

// Ways that are not from stage to stage.
const (
	start   = "(start)"
	ongoing = "(ongoing)"
)

// said counts texts by their own step.
func (m *chart) said(l life) {
	persons := map[key]*feedback.Person{}
	for _, said := range l.texts {
		r, text := &l.rows[said.row], said.text
		if r.At < m.in.start || r.At >= min(m.in.end, m.in.now) {
			continue
		}
		stage := cmp.Or(r.Stage, analysis.Unknown)
		for _, at := range []key{{stage: stage, isAll: true}, {stage: stage, value: m.valueOf(0, r)}} {
			c := m.cell(at)
			if c.texts++; !text.IsScored() {
				continue
			}
			if persons[at] == nil {
				persons[at] = &feedback.Person{}
			}
			persons[at].Add(feedback.Compound(text.Score))
			if !at.isAll {
				c.quotes = c.quotes.With(feedback.Quote{Text: text, At: r.At, Channel: cmp.Or(r.Channel, analysis.Unknown), Person: r.Person}, m.quotes)
			}
		}
	}
	for at, p := range persons {
		m.cell(at).scores.Add(*p)
	}
}

// example is the journey of a person who was lost in a cell.
type example struct {
	person  event.Identifier
	errors  int
	entered event.Millis
	steps   string
}

// mostExamples are shown of a pain point, each with so many steps.
const (
	mostExamples = 3
	mostSteps    = 12
)

// compare puts those with the most signs of trouble first, then the earliest.
func (e example) compare(other example) int {
	return cmp.Or(cmp.Compare(other.errors, e.errors), cmp.Compare(e.entered, other.entered), cmp.Compare(e.person, other.person))
}

func (c *cell) show(e example) {
	if place, _ := slices.BinarySearchFunc(c.examples, e, example.compare); place < mostExamples {
		c.examples = slices.Insert(c.examples, place, e)
		c.examples = c.examples[:min(len(c.examples), mostExamples)]
	}
}

// remember shows the last attempt of a lost person, from the step that enters the stage to the one that enters the next.
func (m *chart) remember(c *cell, life []step.Row, all []stay, v *visitor) {
	s := all[v.stays[len(v.stays)-1]]
	e := example{person: life[s.row].Person, errors: v.errors, entered: s.at}
	if place, _ := slices.BinarySearchFunc(c.examples, e, example.compare); place == mostExamples {
		return
	}
	rows := life[s.row:min(s.next+1, len(life))]
	var told []string
	for i := range rows[:min(len(rows), mostSteps)] {
		told = append(told, tell(&rows[i]))
	}
	if more := len(rows) - mostSteps; more > 0 {
		told = append(told, fmt.Sprintf("… %d more", more))
	}
	e.steps = strings.Join(told, " → ")
	c.show(e)
}

// tell is a step in a few words, never more than was kept of it.
func tell(r *step.Row) string {
	name := r.Event
	switch {
	case !r.IsTouchpoint():
		name = "time passed"
	case name == "":
		name = string(r.Type)
	}
	if r.Channel != "" {
		name += " (" + r.Channel + ")"
	}
	if r.EntersStage() {
		name += " [" + r.Stage + "]"
	}
	return name
}

// values lists the cells that a stage has in a dimension, those with the most persons first.
func (m *chart) values(stage string, by int) []key {
	out := slices.DeleteFunc(slices.Collect(maps.Keys(m.cells)), func(at key) bool { return at.isAll || at.stage != stage || at.by != by })
	slices.SortFunc(out, func(a, b key) int {
		return cmp.Or(cmp.Compare(m.cells[b].persons, m.cells[a].persons), cmp.Compare(a.value, b.value))
	})
	return out
}
