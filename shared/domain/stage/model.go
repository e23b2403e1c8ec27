package stage

import (
	"fmt"
	"slices"
	"time"
)

// Model is a checked stage model. It never changes, so one may be used from many places at once.
type Model struct {
	id       string
	policy   Policy
	stages   []Name           // in order, then the lapse if there is one
	ordered  int              // how many of them are in order
	rules    []rule           // those asked at touchpoints, in the order written
	named    map[string][]int // by exact name, the rules that ask for it
	unnamed  []int            // the rules that must be asked whatever the name
	counters []matcher
	waits    []timed // of each ordered stage, the change that comes with time; no rule when there is none
	silence  timed
	reads    []string // the properties that rules read
}

// none is the counter of a rule that counts nothing.
const none = -1

// rule is a Rule that is asked at touchpoints, made fast to ask.
type rule struct {
	id      string
	place   int
	matches matcher
	entry   bool
	orders  Orders
	counter int // index of Model.counters, or none
	atLeast int
	within  time.Duration
}

// timed is a change that comes with time alone.
type timed struct {
	rule  string
	place int
	after time.Duration
}

// New checks a model and makes it ready. All faults are reported at once, joined, each naming the line and the rule; they are of kind
// fault.Invalid with code bad_stage_model.
func New(c Config) (*Model, error) {
	if err := check(c); err != nil {
		return nil, err
	}
	m := &Model{
		id: fmt.Sprintf("%s@%d", c.Name, c.Version), policy: c.Policy, stages: slices.Clone(c.Stages), ordered: len(c.Stages),
		named: map[string][]int{}, waits: make([]timed, len(c.Stages)),
	}
	if c.Lapse != "" {
		m.stages = append(m.stages, c.Lapse)
	}
	for _, r := range c.Rules {
		place := slices.Index(m.stages, r.Stage)
		switch {
		case r.Silence != nil:
			m.silence = timed{rule: r.ID, place: place, after: r.Silence.After}
		case r.Elapsed != nil:
			m.waits[slices.Index(m.stages, r.Elapsed.In)] = timed{rule: r.ID, place: place, after: r.Elapsed.After}
		default:
			m.add(r, place)
		}
	}
	slices.Sort(m.reads)
	m.reads = slices.Compact(m.reads)
	return m, nil
}

// add makes a rule that is asked at touchpoints.
func (m *Model) add(r Rule, place int) {
	made := rule{id: r.ID, place: place, matches: newMatcher(r.When), entry: r.Entry, counter: none}
	m.read(r.When)
	if r.Orders != nil {
		made.orders = *r.Orders
	}
	if r.Count != nil {
		of := r.When
		if r.Count.Of != nil {
			of = *r.Count.Of
		}
		m.read(of)
		made.counter, made.atLeast, made.within = len(m.counters), r.Count.AtLeast, r.Count.Within
		m.counters = append(m.counters, newMatcher(of))
	}
	index := len(m.rules)
	m.rules = append(m.rules, made)
	if made.matches.names.empty() || len(made.matches.names.prefixes) > 0 {
		m.unnamed = append(m.unnamed, index)
		return
	}
	for name := range made.matches.names.exact {
		m.named[name] = append(m.named[name], index)
	}
}

func (m *Model) read(w When) {
	for _, p := range w.Properties {
		m.reads = append(m.reads, p.Name)
	}
}

// ID is the name and version of the model, such as default@1.
func (m *Model) ID() string { return m.id }

// Policy is what a touchpoint may do to a stage that was reached.
func (m *Model) Policy() Policy { return m.policy }

// Stages are the stages in the order of the journey, without the lapse.
func (m *Model) Stages() []Name { return slices.Clone(m.stages[:m.ordered]) }

// Lapse is the stage entered by silence; "" when the model has none.
func (m *Model) Lapse() Name {
	if len(m.stages) == m.ordered {
		return ""
	}
	return m.stages[m.ordered]
}

// Properties are the names of the properties that rules read: a touchpoint must keep them for this model to work on it.
func (m *Model) Properties() []string { return slices.Clone(m.reads) }

// lapse is the place of the lapse; no person is ever there when the model has none.
func (m *Model) lapse() int { return m.ordered }

func (m *Model) nameOf(place int) Name {
	if place == nowhere {
		return ""
	}
	return m.stages[place]
}
