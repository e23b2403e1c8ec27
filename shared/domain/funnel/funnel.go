// Package funnel is how far persons get along a row of steps that somebody names: in order, one directly after the other, or in any order, within a
// window of time. Every person who enters is converted, open or lost, and nobody is lost before the window is over in which they may still convert.
//
// It is not for what persons do that nobody named: that is package paths, whose edges open funnels that count the same persons.
//
//	f, err := funnel.New(funnel.Config{Steps: []funnel.Step{viewed, ordered}, Window: 7 * 24 * time.Hour})
//	outcome := f.Of(life, bounds)
//
// The rules are:
//   - A person enters at a step of their life that satisfies the first step of the funnel (of any order: any required one) and lies in the period.
//     Each such step begins an attempt. The window of an attempt ends as long after it as the funnel says, that very instant included, and holds for the
//     last required step. Steps count by their own time, whenever they were received.
//   - A step of the funnel is satisfied by one step of the life, and each step of the life satisfies one, unless Overlap says otherwise.
//   - Ordered: steps follow each other, whatever lies between, and nothing excluded lies between. An attempt gets as far as any choice of its steps gets.
//     Strict: of what Among names, nothing else lies between. Unordered: all steps within the window, whichever comes first.
//   - A person counts by the attempt that gets furthest, of several the earliest; of that, by the choice that gets there first.
//   - A person is converted whose attempt has all required steps; else open, if any attempt may still convert; else lost at the step that was reached.
//   - Optional steps count where they come between the required ones. They neither hold up nor lose anybody.
package funnel

import (
	"slices"
	"strconv"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/condition"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/step"
)

// Order says how steps follow each other.
type Order string

// The orders.
const (
	Ordered   Order = "ordered"
	Strict    Order = "strict"
	Unordered Order = "unordered"
)

// Within says what besides the window ends an attempt.
type Within string

// The ends.
const (
	Window  Within = "window"  // nothing else
	Period  Within = "period"  // the end of the period
	Session Within = "session" // steps of other sessions than that of the first step do not count
)

// Among says which steps of a life a funnel sees.
type Among string

// What there is to see.
const (
	Touchpoints Among = "touchpoints" // and what time alone made, where a step asks for it
	Activities  Among = "activities"  // what the person did
	Pages       Among = "pages"       // pages and screens
	Stages      Among = "stages"      // entries into stages
)

// Entry says at which steps a person enters.
type Entry string

// The entries.
const (
	Any   Entry = "any"   // each that satisfies the first step
	First Entry = "first" // the first in the period that does
)

// Bounds of a funnel.
const (
	MaxSteps      = 24
	MaxExclusions = 16
	MaxWindow     = 366 * 24 * time.Hour
	DefaultWindow = 30 * 24 * time.Hour
)

// Config is a funnel as it is written. The zero values of Order, Within, Among, Entry and Window are Ordered, Window, Touchpoints, Any and
// DefaultWindow.
type Config struct {
	Name       string
	Steps      []Step
	Order      Order
	Window     time.Duration
	Within     Within
	Among      Among
	Entry      Entry
	Overlap    bool               // one step of a life may satisfy several steps of the funnel that follow each other
	Collapse   analysis.Breakdown // steps of a life with the same value as the one before are passed over; the zero Breakdown: none are
	Exclusions []Exclusion        // not of Strict, where anything else ends an attempt
}

// Exclusion is what must not come between two required steps of a funnel; of Unordered, between any two. What satisfies the next
// step itself lies not between.
type Exclusion struct {
	Step
	After, Before int // numbers of steps from 1; both 0: between the first and the last required one
}

// Funnel is a Config that was checked. It never changes, so one may be used from many places at once.
type Funnel struct {
	Config
	steps    []Matcher
	excluded []Matcher
	required []int    // indices of steps
	active   []uint32 // of each number of required steps done, the exclusions that end an attempt there
	columns  step.Columns
}

// New checks a funnel. Faults: Invalid bad_funnel, which say what is wrong and what may be.
func New(c Config) (*Funnel, error) {
	c.Order, c.Within, c.Among, c.Entry = or(c.Order, Ordered), or(c.Within, Window), or(c.Among, Touchpoints), or(c.Entry, Any)
	c.Window = or(c.Window, DefaultWindow)
	if err := c.check(); err != nil {
		return nil, err
	}
	f := &Funnel{Config: c}
	for i, s := range c.Steps {
		a, err := s.Matcher("steps[" + strconv.Itoa(i) + "]")
		if err != nil {
			return nil, err
		}
		f.steps = append(f.steps, a)
		f.columns |= a.Columns()
		if !s.Optional {
			f.required = append(f.required, i)
		}
	}
	f.active = make([]uint32, len(f.required)+1)
	for i, e := range c.Exclusions {
		a, err := e.Matcher("exclusions[" + strconv.Itoa(i) + "]")
		if err != nil {
			return nil, err
		}
		f.excluded = append(f.excluded, a)
		f.columns |= a.Columns()
		if err := f.activate(i, e); err != nil {
			return nil, err
		}
	}
	switch {
	case c.Among == Activities, c.Within == Session:
		f.columns = f.columns.With(step.Session)
	}
	if c.Among == Stages {
		f.columns = f.columns.With(step.Stage, step.StageBefore)
	}
	f.columns |= c.Collapse.Columns()
	return f, nil
}

func or[T comparable](a, otherwise T) T {
	var zero T
	if a == zero {
		return otherwise
	}
	return a
}

func bad(at, format string, args ...any) error {
	return fault.Newf(fault.Invalid, "bad_funnel", format, args...).At(at)
}

// check asks what needs no step to be understood.
func (c Config) check() error {
	isRequired := func(s Step) bool { return !s.Optional }
	switch {
	case len(c.Steps) == 0 || len(c.Steps) > MaxSteps:
		return bad("steps", "the funnel has %d steps; it has from 1 to %d", len(c.Steps), MaxSteps)
	case len(c.Exclusions) > MaxExclusions:
		return bad("exclusions", "the funnel has %d exclusions, at most %d", len(c.Exclusions), MaxExclusions)
	case !slices.Contains([]Order{Ordered, Strict, Unordered}, c.Order):
		return bad("order", "the order is ordered, strict or unordered, not %.40q", c.Order)
	case !slices.Contains([]Within{Window, Period, Session}, c.Within):
		return bad("within", "within is window, period or session, not %.40q", c.Within)
	case !slices.Contains([]Among{Touchpoints, Activities, Pages, Stages}, c.Among):
		return bad("among", "among is touchpoints, activities, pages or stages, not %.40q", c.Among)
	case !slices.Contains([]Entry{Any, First}, c.Entry):
		return bad("entry", "the entry is any or first, not %.40q", c.Entry)
	case c.Window < time.Millisecond || c.Window > MaxWindow || c.Window%time.Millisecond != 0:
		return bad("window", "the window is %s; it is from a millisecond to %s", c.Window, analysis.LengthOf(MaxWindow))
	case !slices.ContainsFunc(c.Steps, isRequired):
		return bad("steps", "all steps are optional, so nobody could convert; one at least must be required")
	case c.Order != Unordered && c.Steps[0].Optional:
		return bad("steps[0]", "the first step is optional, but a person enters by it; make it required")
	case c.Order == Strict && len(c.Exclusions) > 0:
		return bad("exclusions", "a strict funnel has no exclusions, because anything else between two steps ends an attempt; use ordered")
	case c.Order != Ordered && c.Overlap:
		return bad("overlap", "only of an ordered funnel may one step of a life satisfy several steps")
	}
	return nil
}

// activate notes where an exclusion ends attempts.
func (f *Funnel) activate(i int, e Exclusion) error {
	at, after, before := "exclusions["+strconv.Itoa(i)+"]", 1, len(f.required)
	if f.Order == Unordered && (e.After != 0 || e.Before != 0) {
		return bad(at, "the steps of an unordered funnel have no order to lie between; leave after and before out")
	}
	if e.After != 0 || e.Before != 0 {
		after, before = 1+slices.Index(f.required, e.After-1), 1+slices.Index(f.required, e.Before-1)
		if after < 1 || before <= after {
			return bad(at, "it is between steps %d and %d; these are numbers of two required steps, from 1, the first before the second", e.After, e.Before)
		}
	}
	for done := after; done < before || f.Order == Unordered && done < len(f.active); done++ {
		f.active[done] |= 1 << i
	}
	return nil
}

// Columns are those that Of reads.
func (f *Funnel) Columns() step.Columns { return f.columns }

// Required gives the number of required steps.
func (f *Funnel) Required() int { return len(f.required) }

// Step is one step of a funnel: what a step of a life must be. All that is given must hold; the zero Step is any touchpoint.
type Step struct {
	Name     string         // in tables; "" is its text
	When     condition.Spec // in the language of the stage models
	Values   []Value
	Enters   bool // the stage changes at it, by a touchpoint or by time alone
	View     bool // it is a page or screen
	Order    bool // it is an order that counts
	Optional bool
}

// Value asks for the value that a step of a life has of a dimension, or of a property as it is.
type Value struct {
	By    analysis.Breakdown
	Exact []string // any of these
	Begin []string // or begins with any of these
}

func (v *Value) holds(r *step.Row) bool {
	said := v.By.Of(r)
	if slices.Contains(v.Exact, said) {
		return true
	}
	for _, begin := range v.Begin {
		if len(said) >= len(begin) && said[:len(begin)] == begin {
			return true
		}
	}
	return false
}

// Label is the name of a step, or its text.
func (s Step) Label() string { return or(s.Name, s.String()) }

// Matcher is a Step that was checked. It never changes, so one may be used from many places at once.
type Matcher struct {
	Step
	when     condition.Condition
	isAsking bool // when is
}

// Matcher checks a step. Fault: Invalid bad_condition at the place that is named.
func (s Step) Matcher(at string) (Matcher, error) {
	a := Matcher{Step: s}
	var err error
	if a.when, err = condition.New(at, s.When); err != nil {
		return a, err
	}
	a.isAsking = !a.when.IsZero()
	return a, nil
}

// Holds asks a step of a life. What time alone made only enters stages.
func (a *Matcher) Holds(r *step.Row) bool {
	switch {
	case !r.IsTouchpoint() && !a.Enters,
		a.Enters && !r.EntersStage(),
		a.View && !r.IsPageView(),
		a.Order && (r.Order == nil || r.Order.Kind != ""):
		return false
	}
	for i := range a.Values {
		if !a.Values[i].holds(r) {
			return false
		}
	}
	return !a.isAsking || a.when.Holds(r)
}

// Columns are those that Holds reads.
func (a *Matcher) Columns() step.Columns {
	out := a.when.Columns()
	for _, v := range a.Values {
		out |= v.By.Columns()
	}
	if a.Enters {
		out = out.With(step.Stage, step.StageBefore)
	}
	if a.Order {
		out = out.With(step.OrderMoney)
	}
	return out
}
