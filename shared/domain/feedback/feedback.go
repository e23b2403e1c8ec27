// Package feedback is what persons say in their own words and in surveys: how positive it is by stage, channel and time, what it is about, what they
// do afterwards, and how soon somebody answers. Texts are scored by package sentiment, in a language that somebody has said.
//
// It does not collect feedback, and it shows texts as they were kept: redacted at the door.
//
// A text or answer counts by its own step: the stage after it, its own channel (else its session's), its own value of `by`.
//
//	plan, err := feedback.Analysis().Prepare(question)
//	answer, err := plan.Answer(lives)
package feedback

import (
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

// Bounds of the parameters.
const (
	defaultWindow = 30 * 24 * time.Hour
	mostWindow    = 366 * 24 * time.Hour
	defaultTop    = 10
	defaultQuotes = 3
	defaultReply  = "Live Chat Message Received,Support Ticket Solved,In-Person Help Given"
)

// Analysis answers how persons feel, by what they say.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "sentiment", Version: 1,
		Sentence: "How positive texts of persons are, by stage, channel and time; what they are about; what persons do after them; NPS, CSAT and CES",
		Parameters: []analysis.Parameter{
			LanguageParameter(), EventsParameter(),
			{Name: "grain", Sentence: "of the rows by time", Values: []string{"month", "day", "week", "quarter", "year"}, Default: "month"},
			{Name: "window", Sentence: "how long after a text an order, a reply or a recovery counts", Default: "30d"},
			{Name: "themes", IsList: true, Sentence: "themes by their words, as delivery:late|courier|deliver*; without any, frequent words and pairs of words"},
			{Name: "top", Sentence: "most themes of a stage, 1 to 100", Default: "10"},
			{Name: "quotes", Sentence: "most quotes of a stage and tone, the shortest first, 0 to 20", Default: "3"},
			{Name: "replies", IsList: true, Default: defaultReply, Sentence: "names of the events by which somebody answers a person"},
		},
		Prepare: prepare,
	}
}

// plan is a question that was understood.
type plan struct {
	q            analysis.Question
	reader       *Reader
	ranks        *Ranks
	windows      []period.Window
	window       event.Millis
	themes       []theme // declared
	frequent     sieve   // of themes that nobody declared
	top, quotes  int
	replies      map[string]bool
	before       event.Millis // where the period before begins; the period's own start where nothing is compared
	hasBefore    bool
	start, until event.Millis
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	p, err := newPlan(q)
	if err != nil {
		return analysis.Plan{}, err
	}
	columns := p.reader.Columns().With(step.Channel, step.Stage, step.OrderMoney) | q.By.Columns()
	return analysis.Plan{From: p.before, To: min(q.End()+p.window+1, q.Now), Columns: columns, Answer: p.answer}, nil
}

func newPlan(q analysis.Question) (*plan, error) {
	p := &plan{q: q, replies: map[string]bool{}, start: q.Start(), until: q.Known()}
	var err error
	if p.reader, err = NewReader(q); err != nil {
		return nil, err
	}
	if p.ranks, err = NewRanks(q); err != nil {
		return nil, err
	}
	grain, err := q.Choice("grain", "month", "day", "week", "quarter", "year")
	if err != nil {
		return nil, err
	}
	p.windows = q.Calendar.Between(period.Grain(grain), q.From, q.To)
	window, err := q.Duration("window", defaultWindow, mostWindow)
	if err != nil {
		return nil, err
	}
	p.window = event.Millis(window.Milliseconds())
	if p.themes, err = themesOf(q.Said["themes"]); err != nil {
		return nil, err
	}
	if p.top, err = q.Number("top", defaultTop, 1, 100); err != nil {
		return nil, err
	}
	if p.quotes, err = q.Number("quotes", defaultQuotes, 0, 20); err != nil {
		return nil, err
	}
	replies := q.List("replies")
	if len(replies) == 0 {
		replies = analysis.Question{Said: map[string][]string{"replies": {defaultReply}}}.List("replies")
	}
	for _, name := range replies {
		p.replies[name] = true
	}
	whole, err := q.Calendar.Period(q.From, q.To)
	if err != nil {
		return nil, err
	}
	// Of a segment the period before would have only those who are in it by what they did later.
	if p.before, p.hasBefore = p.start, q.Segment.IsZero(); p.hasBefore {
		p.before = event.At(q.Calendar.Prev(whole).Start)
	}
	return p, nil
}

// groups parts numbers by one thing after another: of each part, the rows add up to the whole.
type groups[C any] map[group]C

type group struct{ part, value string }

// The parts.
const (
	whole      = "whole"
	byLanguage = "language"
	byStage    = "stage"
	byChannel  = "channel"
	byPeriod   = "period"
	bySurvey   = "survey"
)

// tally is what a number of lives come to.
type tally struct {
	*plan
	ranks    *Ranks
	texts    groups[*cell]
	surveys  map[string]groups[*Mean] // by type
	dropped  map[string]int64         // answers that count nowhere, by reason
	words    *words
	effect   map[effectKey]int64
	recovery groups[*recovery]
	quoted   map[quoteKey]Shelf
}

func (p *plan) begin() *tally {
	return &tally{
		plan: p, ranks: p.ranks.Like(), texts: groups[*cell]{}, surveys: map[string]groups[*Mean]{}, dropped: map[string]int64{}, words: newWords(),
		effect: map[effectKey]int64{}, recovery: groups[*recovery]{}, quoted: map[quoteKey]Shelf{},
	}
}

// add reads a life.
func (t *tally) add(life []step.Row) {
	t.ranks.Add(life, t.before, t.until)
	var now, before []spoken
	answers := map[string]map[group]*Person{}
	for i := range life {
		r := &life[i]
		isSurvey := r.Event == surveyEvent
		if r.At >= t.until || !isSurvey && !t.reader.events[r.Event] || !r.IsTouchpoint() {
			continue
		}
		properties := propertiesOf(r)
		if isSurvey && r.At >= t.start {
			t.answered(r, properties, answers)
		}
		if text, found := t.reader.of(properties); found && t.reader.events[r.Event] {
			if s := (spoken{place: i, row: r, Text: text}); r.At >= t.start {
				now = append(now, s)
			} else {
				before = append(before, s)
			}
		}
	}
	t.surveyed(answers)
	if len(now)+len(before) == 0 {
		return
	}
	t.rated(now)
	t.themed(now, before)
	t.followed(life, now)
	t.replied(life, now)
	t.quote(now)
}

func (t *tally) join(part *tally) {
	t.ranks.Join(part.ranks)
	for at, of := range part.texts {
		t.texts.at(at, newCell).join(of)
	}
	for kind, parts := range part.surveys {
		for at, of := range parts {
			t.survey(kind).at(at, newMean).Join(*of)
		}
	}
	for reason, n := range part.dropped {
		t.dropped[reason] += n
	}
	t.words.join(part.words)
	for at, n := range part.effect {
		t.effect[at] += n
	}
	for at, of := range part.recovery {
		t.recovery.at(at, newRecovery).join(of)
	}
	for at, of := range part.quoted {
		for _, q := range of {
			t.keep(at, q)
		}
	}
}

// at gives what is counted at a place, made where it is new.
func (g groups[C]) at(place group, begin func() C) C {
	of, found := g[place]
	if !found {
		of = begin()
		g[place] = of
	}
	return of
}

// spoken is one step at which a person said something in words.
type spoken struct {
	place int // in the life
	row   *step.Row
	Text
}

// groupsOf are the places at which a step counts, but for language and survey.
func (p *plan) groupsOf(r *step.Row) []group {
	out := []group{{whole, ""}, {byStage, or(r.Stage)}, {byChannel, or(r.Channel)}, {byPeriod, p.windowOf(r.At)}}
	if !p.q.By.IsZero() {
		out = append(out, group{p.q.By.Name, p.q.By.Of(r)})
	}
	return out
}

func or(value string) string {
	if value == "" {
		return analysis.Unknown
	}
	return value
}

func (p *plan) windowOf(at event.Millis) string {
	t := at.Time()
	for _, w := range p.windows {
		if t.Before(w.End) {
			return w.Key
		}
	}
	return ""
}

func (p *plan) answer(lives analysis.Lives) (analysis.Answer, error) {
	sieved := *p
	sieved.frequent = p.sift(lives)
	t := analysis.Fold(lives, sieved.begin, (*tally).add, (*tally).join)
	limit(t.texts, func(c *cell) int64 { return c.texts }, newCell, (*cell).join)
	limit(t.recovery, func(r *recovery) int64 { return r.negative }, newRecovery, (*recovery).join)
	for _, of := range t.surveys {
		limit(of, func(m *Mean) int64 { return m.N }, newMean, func(to, part *Mean) { to.Join(*part) })
	}
	tables := []analysis.Table{t.sentimentTable(), t.curveTable(), t.themeTable(), t.effectTable()}
	tables = append(tables, t.surveyTables()...)
	tables = append(tables, t.recoveryTable(), t.quoteTable())
	return analysis.Answer{Tables: tables, Notes: t.notes()}, nil
}
