// Package balance answers whether a company treats its customers evenly: whether channels say the same of a promotion, an offer or a product, how much is
// done after the first purchase beside before it, in which stages customers are asked what they think, and at which hours they come.
//
// It compares what events say and judges no wording. What customers think stands in package feedback.
//
//	plan, err := balance.Analysis().Prepare(question)
package balance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

// Analysis answers how even the treatment of customers is.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "balance", Version: 1,
		Sentence: "Do channels say the same of promotions, offers and products; how much is done after the first purchase; which stages are asked; at which hours do customers come?",
		Parameters: []analysis.Parameter{
			{Name: "limit", Sentence: "how many mismatches are shown, 1 to 1000", Default: "50"},
		},
		Prepare: prepare,
	}
}

type asked struct {
	analysis.Question
	limit  int
	stages []string // of the model, nil where the question has none
}

func prepare(q analysis.Question) (plan analysis.Plan, err error) {
	a := &asked{Question: q}
	if !q.By.IsZero() {
		return plan, analysis.Bad("by", "balance has no breakdown: channels, stages and hours are its rows; choose persons with segment instead")
	}
	if a.limit, err = q.Number("limit", 50, 1, 1000); err != nil {
		return plan, err
	}
	if text := q.Documents["stages"]; len(text) > 0 {
		if err := json.Unmarshal(text, &a.stages); err != nil {
			return plan, analysis.Bad("stages", "the stages of the model are a JSON list of names: %v", err)
		}
	}
	return analysis.Plan{
		From: q.Start(), To: q.Known(), Answer: a.answer,
		Columns: step.ColumnsOf(step.Event, step.Channel, step.Properties, step.Session, step.SessionStart, step.OrderMoney, step.OrderMonth, step.Stage),
	}, nil
}

// phase is a part of a person's life around the first purchase.
type phase int

const (
	before phase = iota // or without any purchase so far
	purchase
	after
	phases
)

var phaseNames = [phases]string{"before", "first purchase", "after"}

// spent is what was done in a phase.
type spent struct{ touchpoints, did, sent, sessions, persons int64 }

// stage is the research of one stage.
type stage struct {
	persons, answers, asked int64 // asked: persons who gave feedback
	newest                  event.Millis
}

// hour is the demand of one hour of the day.
type hour struct{ activities, sessions, orders, support int64 }

type counted struct {
	claims
	spent  [phases]spent
	stages map[string]*stage
	hours  [24]hour
}

// feedbackNames are the events with which customers say what they think, as the catalogue has them.
var feedbackNames = [...]string{
	"Survey Answered", "Feedback Given", "Interview Held", "Direct Message Received", "Product Reviewed", "Review Submitted", "Rating Given",
}

// supportChannels are those on which customers ask for help.
var supportChannels = [...]string{"support", "phone", "chat"}

func (a *asked) begin() *counted {
	return &counted{claims: newClaims(), stages: map[string]*stage{}}
}

func (a *asked) add(to *counted, life []step.Row) {
	var in [phases]bool
	visited := map[string]bool{} // stages, and whether feedback was given in them
	for i := range life {
		r := &life[i]
		if !r.IsTouchpoint() {
			continue
		}
		p := phaseOf(r)
		in[p] = true
		to.spent[p].touchpoints++
		to.stage(r, visited)
		to.claim(r, a.dayOf)
		if !r.IsActivity() {
			to.spent[p].sent++
			continue
		}
		to.spent[p].did++
		to.spent[p].sessions += one(r.SessionStart)
		h := &to.hours[a.Calendar.Local(r.At.Time()).Hour()]
		h.activities++
		h.sessions += one(r.SessionStart)
		h.orders += one(r.Order != nil && r.Order.Kind == event.Completed)
		h.support += one(slices.Contains(supportChannels[:], r.Channel))
	}
	for p := range in {
		to.spent[p].persons += one(in[p])
	}
	for name, gave := range visited {
		to.stages[name].persons++
		to.stages[name].asked += one(gave)
	}
}

func one(holds bool) int64 {
	if holds {
		return 1
	}
	return 0
}

// phaseOf says where a step stands: an order month is on steps from the first order on.
func phaseOf(r *step.Row) phase {
	switch {
	case r.IsFirstOrder():
		return purchase
	case r.OrderMonth != "":
		return after
	}
	return before
}

func (c *counted) stage(r *step.Row, visited map[string]bool) {
	name := cmp.Or(r.Stage, analysis.Unknown)
	s := c.stages[name]
	if s == nil {
		s = &stage{}
		c.stages[name] = s
	}
	gives := slices.Contains(feedbackNames[:], r.Event)
	visited[name] = visited[name] || gives
	if gives {
		s.answers++
		s.newest = max(s.newest, r.At)
	}
}

func join(to, part *counted) {
	to.claims.join(&part.claims)
	for p, s := range part.spent {
		sum := &to.spent[p]
		sum.touchpoints, sum.did, sum.sent = sum.touchpoints+s.touchpoints, sum.did+s.did, sum.sent+s.sent
		sum.sessions, sum.persons = sum.sessions+s.sessions, sum.persons+s.persons
	}
	for name, s := range part.stages {
		sum := to.stages[name]
		if sum == nil {
			sum = &stage{}
			to.stages[name] = sum
		}
		sum.persons, sum.answers, sum.asked = sum.persons+s.persons, sum.answers+s.answers, sum.asked+s.asked
		sum.newest = max(sum.newest, s.newest)
	}
	for i, h := range part.hours {
		sum := &to.hours[i]
		sum.activities, sum.sessions, sum.orders, sum.support = sum.activities+h.activities, sum.sessions+h.sessions, sum.orders+h.orders, sum.support+h.support
	}
}

func (a *asked) answer(lives analysis.Lives) (analysis.Answer, error) {
	c := analysis.Fold(lives, a.begin, a.add, join)
	consistency, mismatches, left := a.consistency(c)
	coverage, covered := a.coverage(c)
	out := analysis.Answer{
		Tables: []analysis.Table{consistency, mismatches, a.purchases(c), coverage, a.hours(c)},
		Notes:  []string{covered},
	}
	if left > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d mismatches are not shown, of fewer days; raise limit to see them.", left))
	}
	if len(consistency.Rows) == 0 {
		out.Notes = append(out.Notes, "No event names a promotion_id, an offer_id or a product_id with what is compared: creative, coupon, discount, price.")
	}
	return out, nil
}

func (a *asked) purchases(c *counted) analysis.Table {
	table := analysis.Table{
		Name: "purchases", Sentence: "touchpoints around the first purchase ever of a person; the rows add up to all touchpoints and sessions, persons may be in several",
		Columns: []analysis.Column{
			{Name: "phase", Unit: analysis.Text, Sentence: "before: until the first order, or of persons without one; first purchase: that order; after: later"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "persons with a touchpoint in the phase"},
			{Name: "touchpoints", Unit: analysis.Counts, Sentence: "in the phase"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all touchpoints"},
			{Name: "did", Unit: analysis.Counts, Sentence: "touchpoints with which the person did something"},
			{Name: "sent", Unit: analysis.Counts, Sentence: "touchpoints that were delivered to the person, or booked"},
			{Name: "sessions", Unit: analysis.Counts, Sentence: "begun in the phase"},
			{Name: "sessions_share", Unit: analysis.Ratio, Sentence: "of all sessions"},
		},
	}
	var all spent
	for _, s := range c.spent {
		all.touchpoints, all.sessions = all.touchpoints+s.touchpoints, all.sessions+s.sessions
	}
	for p, s := range c.spent {
		table.Row(analysis.Word(phaseNames[p]), analysis.Count(s.persons), analysis.Count(s.touchpoints), analysis.Rate(s.touchpoints, all.touchpoints),
			analysis.Count(s.did), analysis.Count(s.sent), analysis.Count(s.sessions), analysis.Rate(s.sessions, all.sessions))
	}
	return table
}

// coverage is the research by stage, in the order of the model, and how many stages have any.
func (a *asked) coverage(c *counted) (analysis.Table, string) {
	table := analysis.Table{
		Name: "research", Sentence: "a stage that persons were in, or that the model has, and what they said in it; a person is in several",
		Columns: []analysis.Column{
			{Name: "stage", Unit: analysis.Text, Sentence: "after the touchpoint"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "persons with a touchpoint in it"},
			{Name: "answers", Unit: analysis.Counts, Sentence: strings.Join(feedbackNames[:], ", ")},
			{Name: "coverage", Unit: analysis.Ratio, Sentence: "of the persons, those who gave one"},
			{Name: "newest", Unit: analysis.Date, Sentence: "day of the newest answer"},
			{Name: "age", Unit: analysis.Days, Sentence: "of the newest answer, whole days until the end of the time asked for, or now"},
		},
	}
	names := slices.Clone(a.stages)
	for _, name := range slices.Sorted(maps.Keys(c.stages)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	covered := 0
	for _, name := range names {
		s := cmp.Or(c.stages[name], &stage{})
		newest, age := analysis.None(), analysis.None()
		if s.answers > 0 {
			covered++
			newest, age = analysis.Word(a.Day(s.newest)), analysis.Count(int64(a.Known().Sub(s.newest)/(24*time.Hour)))
		}
		table.Row(analysis.Word(name), analysis.Count(s.persons), analysis.Count(s.answers), analysis.Rate(s.asked, s.persons), newest, age)
	}
	return table, fmt.Sprintf("%d of %d stages have an answer of customers.", covered, len(names))
}

func (a *asked) hours(c *counted) analysis.Table {
	table := analysis.Table{
		Name: "hours", Sentence: "an hour of the day in the report's zone; the rows add up to everything that persons did",
		Columns: []analysis.Column{
			{Name: "hour", Unit: analysis.Text, Sentence: "00 is from midnight to one"},
			{Name: "activities", Unit: analysis.Counts, Sentence: "touchpoints with which a person did something"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all of them"},
			{Name: "sessions", Unit: analysis.Counts, Sentence: "begun"},
			{Name: "orders", Unit: analysis.Counts, Sentence: "completed"},
			{Name: "support", Unit: analysis.Counts, Sentence: "activities on the channels " + strings.Join(supportChannels[:], ", ")},
		},
	}
	all := int64(0)
	for _, h := range c.hours {
		all += h.activities
	}
	for i, h := range c.hours {
		table.Row(analysis.Word(fmt.Sprintf("%02d", i)), analysis.Count(h.activities), analysis.Rate(h.activities, all), analysis.Count(h.sessions), analysis.Count(h.orders), analysis.Count(h.support))
	}
	return table
}
