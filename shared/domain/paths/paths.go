// Package paths is the ways that persons went: what they did one after the other from a step on, or up to one. Each person has one path, so
// every number is distinct persons, whatever is folded into "(other)" is the union of distinct persons, and at each step as many go out as came in.
//
// It is not for steps that somebody names, which is package funnel; an edge of a path says which funnel counts the same persons.
//
//	plan, err := paths.Analysis().Prepare(question)
//
// The rules are:
//   - A node is a step of the life that is seen, by a dimension: its event, page, channel or another; or a stage that is entered. Of events and channels
//     what the person did is seen, of pages the views of pages and screens. With repeats collapsed a step with the same node as the one before it,
//     in the period, is passed over.
//   - A path begins at the person's first step in the period that is the start, or at their first node where no start is named, and has the nodes
//     after it until the period ends. With a start and an end it stops at the first end after the start.
//   - With an end alone a path is the nodes up to the person's last step in the period that is the end, and is read backwards from it.
//   - Within a session a path has the nodes of the session that it begins in, for 24 hours at most, also past the end of the period.
package paths

import (
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/step"
)

const (
	maxSteps    = 20
	sessionSpan = 24 * time.Hour
)

// Analysis answers which ways persons went.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "paths", Version: 1,
		Sentence: "Shows which ways persons went from a step or stage on, or up to one, with distinct persons at each step.",
		Parameters: []analysis.Parameter{
			{Name: "start", Sentence: "the step that paths begin at: " + funnel.Grammar + "; the first node of each person where it is not said"},
			{Name: "end", Sentence: "the step that paths stop at, written likewise; without start, paths are those that lead to it"},
			{Name: "node", Sentence: "what steps are told apart by: event, page, channel, stage, another dimension, or property.NAME", Default: "event"},
			{Name: "steps", Sentence: "how many steps of a path are shown, 2 to 20", Default: "5"},
			{Name: "repeats", Sentence: "whether a node directly after itself is a step of its own", Values: []string{"keep", "collapse"}, Default: "keep"},
			{Name: "scope", Sentence: "whether a path goes on in later sessions", Values: []string{"person", "session"}, Default: "person"},
			{Name: "person", Sentence: "one person alone, by identifier such as user:42, whose path is listed step by step"},
			{Name: "nodes", Sentence: "how many nodes each step has rows for, 1 to 30; the rest is one row", Default: "10"},
			{Name: "top", Sentence: "how many paths are listed, 1 to 1000; the rest is one row", Default: "20"},
		},
		Prepare: prepare,
	}
}

// settings are the parameters, read.
type settings struct {
	analysis.Question
	start, end *target
	node       analysis.Breakdown
	kind       funnel.Among
	steps      int
	collapses  bool
	isSession  bool
	person     event.Identifier
	nodes, top int
	isBackward bool
	until      event.Millis // steps from here on are not read
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	s := &settings{Question: q}
	if err := s.read(); err != nil {
		return analysis.Plan{}, err
	}
	s.until = s.Known()
	if s.isSession {
		s.until = min(q.End().Add(sessionSpan)+1, q.Now)
	}
	columns := s.node.Columns().With(step.Session, step.SessionChannel, step.Device)
	for _, t := range []*target{s.start, s.end} {
		if t != nil {
			columns |= t.columns
		}
	}
	if s.kind == funnel.Stages {
		columns = columns.With(step.Stage, step.StageBefore)
	}
	if s.person != "" {
		columns = columns.With(step.Event, step.Page, step.Channel, step.Stage)
	}
	return analysis.Plan{From: q.Start(), To: max(s.until, q.Start()), Columns: columns, Answer: s.answer}, nil
}

func (s *settings) read() (err error) {
	if !s.By.IsZero() {
		return analysis.Bad("by", "paths are told apart by node, as in node=%s; ask for some persons alone by segment", s.By.Name)
	}
	name := s.Text("node")
	if name == "" {
		name = "event"
	}
	if s.node, err = analysis.ParseBreakdown("node", name); err != nil {
		return err
	}
	switch name {
	case "page":
		s.kind = funnel.Pages
	case "stage":
		s.kind = funnel.Stages
	default:
		s.kind = funnel.Activities
	}
	if s.start, err = s.target("start"); err != nil {
		return err
	}
	if s.end, err = s.target("end"); err != nil {
		return err
	}
	s.isBackward = s.start == nil && s.end != nil
	repeats, err := s.Choice("repeats", "keep", "collapse")
	if err != nil {
		return err
	}
	scope, err := s.Choice("scope", "person", "session")
	if err != nil {
		return err
	}
	s.collapses, s.isSession, s.person = repeats == "collapse", scope == "session", event.Identifier(s.Text("person"))
	for _, n := range []struct {
		to               *int
		name             string
		otherwise, least int
		most             int
	}{{&s.steps, "steps", 5, 2, maxSteps}, {&s.nodes, "nodes", 10, 1, 30}, {&s.top, "top", 20, 1, 1000}} {
		if *n.to, err = s.Number(n.name, n.otherwise, n.least, n.most); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) answer(lives analysis.Lives) (analysis.Answer, error) {
	r := analysis.Fold(lives, s.begin, (*reader).add, (*reader).join)
	return r.answer(), nil
}
