// Package journeymap is the journey map as data: of each stage and channel who came, how long they stayed, who went on and who was lost, how they
// felt and what they said; where it hurts and what that costs; and what tells two maps apart.
//
// A stay begins where a person's stage changes and ends where it changes again. Stays that begin in the period count, in the stage entered and in the
// channel of the step that enters it, or in the value of `by` that this step has: the map's columns. Texts count by their own step, as in package feedback.
//
// A person goes on from a stage by entering a later one within the window. That is the funnel of two steps of package funnel, step=stage:decision and
// step=stage:purchase|…, and counts the same persons.
//
//	plan, err := journeymap.Analysis().Prepare(question)
//	answer, err := plan.Answer(lives)
package journeymap

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/step"
)

const (
	defaultWindow  = 30 * 24 * time.Hour
	mostWindow     = 366 * 24 * time.Hour
	defaultPainsBy = "device"
	mostDimensions = 5
	mostValues     = 50 // of a dimension
	defaultErrors  = "Payment Failed,Coupon Denied,Cart Abandoned"
)

// Analysis answers how persons go from stage to stage, and where they are lost.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "map", Version: 1,
		Sentence: "The journey map: stages by channels with persons, stays, conversion, dwell, drop-off, sentiment and quotes; pain points and what they cost; two maps compared",
		Parameters: []analysis.Parameter{
			{Name: "window", Sentence: "how long after a person entered a stage a later one counts", Default: "30d"},
			{Name: "least", Sentence: "fewest persons whose window is over, of a cell that is compared with others, 1 to 100000", Default: "20"},
			{Name: "errors", IsList: true, Default: defaultErrors, Sentence: "names of the events that are a sign of trouble"},
			{Name: "pains", Sentence: "most pain points, 0 to 100", Default: "10"},
			{Name: "pains_by", IsList: true, Sentence: "dimensions in which pain points are looked for besides the map's columns, at most 4", Default: defaultPainsBy},
			{Name: "quotes", Sentence: "most quotes of a cell, the shortest first, 0 to 20", Default: "2"},
			feedback.LanguageParameter(), feedback.EventsParameter(),
			{Name: "compare_from", Sentence: "with compare_to: the beginning of another period, whose map is compared with this one"},
			{Name: "compare_to", Sentence: "the end of the other period"},
			{Name: "compare", IsList: true, Sentence: "a segment, such as channel:email: its map is compared with that of all other persons"},
		},
		Prepare: prepare,
	}
}

// plan is a question that was understood.
type plan struct {
	q             analysis.Question
	dimensions    []analysis.Breakdown // the map's columns, and behind them others in which pain points are looked for
	reader        *feedback.Reader
	ranks         *feedback.Ranks
	window        event.Millis
	least         int64
	pains, quotes int
	watched       map[string]bool // events that are a sign of trouble
	other         *bounds         // of the period that is compared
	segment       analysis.Segment
}

// bounds is a period: stays begin in [start, end), and nothing is known from now on.
type bounds struct{ start, end, now event.Millis }

// until is the first instant that is not read.
func (b bounds) until(window event.Millis) event.Millis { return min(b.end+window+1, b.now) }

func prepare(q analysis.Question) (analysis.Plan, error) {
	p := &plan{q: q, dimensions: []analysis.Breakdown{q.By}, watched: map[string]bool{}}
	if err := p.understand(); err != nil {
		return analysis.Plan{}, err
	}
	if err := p.readCompared(); err != nil {
		return analysis.Plan{}, err
	}
	columns := p.reader.Columns().With(step.Channel, step.Stage, step.StageBefore, step.OrderMoney) | p.segment.Columns()
	for _, by := range p.dimensions {
		columns |= by.Columns()
	}
	from, until := p.read()
	return analysis.Plan{From: from, To: until, Columns: columns, Answer: p.answer}, nil
}

// read is the time whose steps are read, [from, until).
func (p *plan) read() (from, until event.Millis) {
	in := p.bounds()
	from, until = in.start, in.until(p.window)
	if p.other != nil {
		from, until = min(from, p.other.start), max(until, p.other.until(p.window))
	}
	return from, until
}

func (p *plan) bounds() bounds { return bounds{p.q.Start(), p.q.End(), p.q.Now} }

// understand reads the parameters, but for what the map is compared with.
func (p *plan) understand() (err error) {
	q := p.q
	if err := p.readDimensions(); err != nil {
		return err
	}
	if p.reader, err = feedback.NewReader(q); err != nil {
		return err
	}
	if p.ranks, err = feedback.NewRanks(q); err != nil {
		return err
	}
	window, err := q.Duration("window", defaultWindow, mostWindow)
	if err != nil {
		return err
	}
	p.window = event.Millis(window.Milliseconds())
	least, err := q.Number("least", 20, 1, 100_000)
	if err != nil {
		return err
	}
	p.least = int64(least)
	if p.pains, err = q.Number("pains", 10, 0, 100); err != nil {
		return err
	}
	if p.quotes, err = q.Number("quotes", 2, 0, 20); err != nil {
		return err
	}
	names := q.List("errors")
	if len(names) == 0 {
		names = strings.Split(defaultErrors, ",")
	}
	for _, name := range names {
		p.watched[name] = true
	}
	return nil
}

// readDimensions reads what the map's columns are, and in which dimensions pain points are looked for besides.
func (p *plan) readDimensions() (err error) {
	if p.q.By.IsZero() {
		if p.dimensions[0], err = analysis.ParseBreakdown("by", "channel"); err != nil {
			return err
		}
	}
	names := p.q.List("pains_by")
	if len(names) == 0 {
		names = []string{defaultPainsBy}
	}
	for _, name := range names {
		by, err := analysis.ParseBreakdown("pains_by", name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(p.dimensions, func(other analysis.Breakdown) bool { return other.Name == by.Name }) {
			p.dimensions = append(p.dimensions, by)
		}
	}
	switch {
	case len(p.dimensions) > mostDimensions:
		return analysis.Bad("pains_by", "pain points are looked for in at most %d dimensions besides the map's columns, not %d", mostDimensions-1, len(p.dimensions)-1)
	case slices.ContainsFunc(p.dimensions, func(by analysis.Breakdown) bool { return by.Name == "stage" }):
		return analysis.Bad("by", "the map has a row for each stage as it is; leave stage out, or name another dimension")
	}
	return nil
}

// readCompared reads what the map is compared with.
func (p *plan) readCompared() (err error) {
	q := p.q
	from, to, segment := q.Text("compare_from"), q.Text("compare_to"), q.Said["compare"]
	switch {
	case (from == "") != (to == ""):
		return analysis.Bad("compare_from", "a period to compare with has a beginning and an end: say compare_from and compare_to")
	case from != "" && len(segment) > 0:
		return analysis.Bad("compare", "a map is compared with that of another period or that of a segment, not both: leave compare out, or compare_from and compare_to")
	case from != "" && !q.Segment.IsZero():
		return analysis.Bad("compare_from", "persons are in a segment by what they do from %s on; those of another period would be other persons, so leave segment out",
			q.Day(q.Start()))
	case len(segment) > 0:
		p.segment, err = analysis.ParseSegment("compare", segment)
		return err
	case from == "":
		return nil
	}
	start, err := q.Calendar.ParseBound(from)
	if err != nil {
		return analysis.Bad("compare_from", "%s", err)
	}
	end, err := q.Calendar.ParseBound(to)
	if err != nil {
		return analysis.Bad("compare_to", "%s", err)
	}
	p.other = &bounds{event.At(start), event.At(end), q.Now}
	if p.other.start >= p.other.end || p.other.start < q.End() && q.Start() < p.other.end {
		return analysis.Bad("compare_from", "the other period has a length and lies before or after the map's own, so that no stay is in both")
	}
	return nil
}

func (p *plan) answer(lives analysis.Lives) (analysis.Answer, error) {
	stages := p.stages(lives)
	t := analysis.Fold(lives, func() *tally { return p.begin(stages) }, (*tally).add, (*tally).join)
	m := t.whole
	for _, c := range m.cells {
		slices.Sort(c.seconds)
	}
	out := analysis.Answer{Tables: []analysis.Table{m.mapTable(), m.flowTable()}, Notes: m.notes()}
	judged := m.judged()
	pains := m.painPoints(judged)
	out.Tables = append(out.Tables, m.painTable(pains), m.exampleTable(pains), m.opportunityTable(judged), m.quoteTable())
	if t.first != nil {
		table, note := p.compareTable(t.first, t.second)
		out.Tables, out.Notes = append(out.Tables, table), append(out.Notes, note)
	}
	return out, nil
}

// stages are those of the workspace's model in their order, and behind them all others; without a model in the order in which persons reach them.
type stages struct {
	names  []string
	places map[string]int
	inside int // of the names, from the first, those that are in the order of the model
	guess  bool
	shown  []map[string]bool // values of each dimension; see outline
}

func (p *plan) stages(lives analysis.Lives) stages {
	from, until := p.read()
	t := analysis.Fold(lives, p.outline, func(o *outline, life []step.Row) { o.add(life, from, until) }, (*outline).join)
	out := stages{names: t.ranks.Order(), places: map[string]int{}, inside: t.ranks.Declared(), shown: t.shown()}
	if out.inside == 0 {
		out.inside, out.guess = len(out.names), true
	}
	for i, name := range out.names {
		out.places[name] = i
	}
	return out
}

// outline is what must be known before the map is drawn: the order of stages, and which values have columns of their own.
type outline struct {
	*plan
	ranks  *feedback.Ranks
	values []map[string]int64 // of each dimension, how often
}

func (p *plan) outline() *outline {
	o := &outline{plan: p, ranks: p.ranks.Like()}
	for range p.dimensions {
		o.values = append(o.values, map[string]int64{})
	}
	return o
}

func (o *outline) add(life []step.Row, from, until event.Millis) {
	o.ranks.Add(life, from, until)
	for i := range life {
		if r := &life[i]; r.EntersStage() || o.reader.Reads(r) {
			for by := range o.dimensions {
				o.values[by][o.dimensions[by].Of(r)]++
			}
		}
	}
}

func (o *outline) join(part *outline) {
	o.ranks.Join(part.ranks)
	for by := range o.values {
		for value, n := range part.values[by] {
			o.values[by][value] += n
		}
	}
}

// shown are the values of each dimension that have columns of their own, where there are more than a map can show; nil where all have.
func (o *outline) shown() []map[string]bool {
	out := make([]map[string]bool, len(o.values))
	for by, of := range o.values {
		if len(of) <= mostValues {
			continue
		}
		names := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) })
		out[by] = map[string]bool{}
		for _, name := range names[:mostValues] {
			out[by][name] = true
		}
	}
	return out
}

// valueOf is the column of a step in a dimension.
func (m *chart) valueOf(by int, r *step.Row) string {
	value := m.dimensions[by].Of(r)
	if m.shown[by] != nil && !m.shown[by][value] {
		return otherValues
	}
	return value
}

// isLater says whether a stage comes after another in the order of the model.
func (s stages) isLater(name, than string) bool {
	a, found := s.places[name]
	b, foundThan := s.places[than]
	return found && foundThan && a > b && a < s.inside
}

// goesOn says whether the order has a later stage.
func (s stages) goesOn(name string) bool {
	place, found := s.places[name]
	return found && place < s.inside-1
}

// later lists the stages after one.
func (s stages) later(name string) []string {
	if !s.goesOn(name) {
		return nil
	}
	return slices.Clone(s.names[s.places[name]+1 : s.inside])
}
