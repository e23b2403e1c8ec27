// Package journey folds the touchpoints of a person, from all identifiers together, into one life: steps in time order, sessions, channels,
// the orders that count and the stages passed. The fold depends only on the set of touchpoints, links and claims, never on how they came.
//
// It does not count anything; package kpi counts what lies in a window.
//
//	j := journey.Fold(root, lines, claims, rules, now)
package journey

import (
	"cmp"
	"slices"
	"time"

	"waymark/shared/domain/country"
	"waymark/shared/domain/event"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
)

// SessionGap is the longest pause within a session: a touchpoint that comes more than this after the last one begins a new session.
const SessionGap = 30 * time.Minute

// Direct is the channel of a session in which no touchpoint has a sign of its own.
const Direct = "direct"

// Line is one identifier's touchpoints; copies may still be among them.
type Line struct {
	Identifier  event.Identifier
	Touchpoints []event.Touchpoint
}

// Step is one touchpoint in the life of a person.
type Step struct {
	Touchpoint event.Touchpoint
	Identifier event.Identifier
	At         event.Millis // the time that counts: corrected, up to event.SkewTolerance later where the same device clock has an earlier step
	Channel    string       // its own, else its session's
	Session    int          // index into Sessions
	Stage      stage.Name   // the stage after this step, "" before any
	Counts     bool         // it is an order or a refund, and of all copies the one that counts
}

// Session is a run of steps.
type Session struct {
	Start, End  event.Millis
	Channel     string // of its first step with a sign, else Direct
	Campaign    string // the first that a step names
	Country     string // code of the first that a step names and that is known
	First, Last int    // indexes into Steps
}

// Rules are what a life is folded under. They change with releases and settings, and touchpoints do not: what rules say of a touchpoint is
// worked out at each fold.
type Rules struct {
	Model   *stage.Model
	Channel func(event.Touchpoint) string // the channel that a touchpoint itself points to, "" for none
	Bot     func(agent string) string     // why an agent is a program's, "" when it may be a person's
	ID      string                        // changes whenever one of them does
}

// Journey is the life of one person up to an instant.
type Journey struct {
	Root       event.Identifier
	Steps      []Step
	Bots       []Step // what programs did under the person's identifiers, in time order: it belongs to no session or stage and counts nowhere
	Sessions   []Session
	Stages     stage.History
	FirstOrder int // index of the first step that is an order and counts; -1 when there is none
}

// Fold makes the journey of a person. claims says by order key who claims each order; time-driven stage changes are made up to until.
func Fold(root event.Identifier, lines []Line, claims map[string]profile.Claims, rules Rules, until event.Millis) Journey {
	j := Journey{Root: root, FirstOrder: -1}
	for _, line := range lines {
		people, bots := partition(rules.derived(event.Distinct(line.Touchpoints)))
		j.Steps = append(j.Steps, steps(line.Identifier, people, claims)...)
		for _, t := range bots {
			j.Bots = append(j.Bots, Step{Touchpoint: t, Identifier: line.Identifier, At: t.Corrected, Channel: t.OwnChannel})
		}
	}
	slices.SortFunc(j.Steps, compareSteps)
	slices.SortFunc(j.Bots, compareSteps)
	j.sessions()
	touches := make([]stage.Touch, len(j.Steps))
	for i, s := range j.Steps {
		newOrder := s.Counts && !s.Touchpoint.Order.Refund
		if newOrder && j.FirstOrder < 0 {
			j.FirstOrder = i
		}
		touches[i] = stage.Touch{At: s.At, Touchpoint: s.Touchpoint, Channel: s.Channel, NewOrder: newOrder}
	}
	j.Stages = rules.Model.Walk(touches, until)
	for i, after := range j.Stages.After {
		j.Steps[i].Stage = after
	}
	return j
}

// derived fills in what the rules say of touchpoints, in place.
func (r Rules) derived(distinct []event.Touchpoint) []event.Touchpoint {
	for i := range distinct {
		t := &distinct[i]
		t.OwnChannel, t.Bot, t.CountryCode = r.Channel(*t), r.Bot(t.Agent), country.Code(t.Country)
	}
	return distinct
}

// partition parts people's touchpoints from those of bots.
func partition(distinct []event.Touchpoint) (people, bots []event.Touchpoint) {
	if !slices.ContainsFunc(distinct, event.Touchpoint.IsBot) {
		return distinct, nil
	}
	for _, t := range distinct {
		if t.IsBot() {
			bots = append(bots, t)
			continue
		}
		people = append(people, t)
	}
	return people, bots
}

// steps of one identifier, with one device's own order kept: where a clock was corrected, a slow delivery of one batch must not put its
// events after those of the next, so within one clock no step comes before the one before it. Steps of other devices may lie in between.
func steps(id event.Identifier, distinct []event.Touchpoint, claims map[string]profile.Claims) []Step {
	out := make([]Step, len(distinct))
	var clocks []int // the last step of each wrong clock
	for i, t := range distinct {
		out[i] = Step{Touchpoint: t, Identifier: id, At: t.Corrected}
		if key, claim, ok := profile.ClaimOf(t, id); ok {
			out[i].Counts = claims[key].Won(claim)
		}
		if !t.Skewed || t.Future {
			continue
		}
		clock := slices.IndexFunc(clocks, func(last int) bool { return sameClock(distinct[last], t) })
		if clock < 0 {
			clocks = append(clocks, i)
			continue
		}
		if before := out[clocks[clock]].At; before > out[i].At && before.Sub(t.Corrected) <= event.SkewTolerance {
			out[i].At = before
		}
		clocks[clock] = i
	}
	return out
}

// sameClock says whether two corrected touchpoints were stamped by the same wrong clock, that is, corrected by about as much.
func sameClock(a, b event.Touchpoint) bool {
	apart := (a.Corrected - a.Original).Sub(b.Corrected - b.Original)
	return apart < event.SkewTolerance && apart > -event.SkewTolerance
}

func compareSteps(a, b Step) int {
	return cmp.Or(
		cmp.Compare(a.At, b.At),
		cmp.Compare(a.Touchpoint.Original, b.Touchpoint.Original),
		cmp.Compare(a.Touchpoint.ID, b.Touchpoint.ID),
		cmp.Compare(a.Touchpoint.Source, b.Touchpoint.Source),
		cmp.Compare(a.Identifier, b.Identifier),
	)
}

func (j *Journey) sessions() {
	for i := range j.Steps {
		s := &j.Steps[i]
		if n := len(j.Sessions); n == 0 || s.At.Sub(j.Sessions[n-1].End) > SessionGap {
			j.Sessions = append(j.Sessions, Session{Start: s.At, First: i})
		}
		s.Session = len(j.Sessions) - 1
		session := &j.Sessions[s.Session]
		session.End, session.Last = s.At, i
		session.Channel = cmp.Or(session.Channel, s.Touchpoint.OwnChannel)
		session.Campaign = cmp.Or(session.Campaign, s.Touchpoint.Marketing.Campaign)
		session.Country = cmp.Or(session.Country, s.Touchpoint.CountryCode)
	}
	for i := range j.Sessions {
		session := &j.Sessions[i]
		session.Channel = cmp.Or(session.Channel, Direct)
		for k := session.First; k <= session.Last; k++ {
			j.Steps[k].Channel = cmp.Or(j.Steps[k].Touchpoint.OwnChannel, session.Channel)
		}
	}
}
