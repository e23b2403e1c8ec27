// Package scenarios reads the journeys of events/journeys, which marketers can read and write, and holds a system against them. What the
// lines mean is written in events/journeys/README.md.
//
// The same files run against two systems: Fold, the pure core without any store, and HTTP, the whole running system from outside. It knows
// nothing of how either works; a System takes events and answers for persons and KPIs.
//
//	s, err := scenarios.Parse(name, text)
//	err = scenarios.Run(ctx, s, "default", system)
package scenarios

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// Scenario is one file.
type Scenario struct {
	File      string
	Title     string // the first comment
	Workspace Workspace
	Now       time.Time // when the expectations are looked at; nothing later is expected
	Steps     []Step
}

// Workspace is where the scenario plays.
type Workspace struct {
	Name     string
	Zone     string
	Currency string
	Models   []string // stage models that it is run under, each in a workspace of its own
}

// Step is a delivery, an operator's decision about a link, or an expectation.
type Step struct {
	Line    int
	Deliver []Batch
	Unlink  *Unlinking
	Expect  *Expectation
}

// Batch is what one request brings.
type Batch []Message

// Message is one event as a client sends it.
type Message struct {
	Event    map[string]any
	Received time.Time     // when it is received, where the system lets us say so
	Slow     time.Duration // how far the device's clock is behind; its timestamp is so already
}

// Expectation is one line that begins with expect. One of its parts is set.
type Expectation struct {
	Model   string // the stage model it holds under, "" for all
	Person  *PersonWanted
	Stage   *StageWanted
	Profile *ProfileWanted
	KPI     *KPIWanted
}

// System is what a scenario is run against. Person and KPIs answer for everything that was delivered and decided before.
type System interface {
	Deliver(ctx context.Context, b Batch) error
	Unlink(ctx context.Context, u Unlinking) error
	Person(ctx context.Context, id event.Identifier) (Person, error)
	KPIs(ctx context.Context, w period.Window, by kpi.Dimension) ([]kpi.Row, error)
}

// Person is what a system says of one person.
type Person struct {
	Root        event.Identifier
	Identifiers []event.Identifier // the root among them, in any order
	Traits      map[string]string
	Visits      []Visit // of stages, in time order
	FirstSeen   time.Time
	LastSeen    time.Time
	Touchpoints int
	Channels    map[string]int
	Orders      int
	Revenue     map[string]string // by currency, as decimal text
}

// Visit is a stage and when it was entered.
type Visit struct {
	Stage   string
	Entered time.Time
}

// Run delivers and checks, step by step, under one stage model, and reports every expectation that does not hold.
func Run(ctx context.Context, s Scenario, model string, system System) error {
	location, err := time.LoadLocation(s.Workspace.Zone)
	if err != nil {
		return fmt.Errorf("load zone of %s: %w", s.File, err)
	}
	var broken []error
	for _, step := range s.Steps {
		for _, batch := range step.Deliver {
			if err := system.Deliver(ctx, batch); err != nil {
				return fmt.Errorf("%s:%d: deliver %d events: %w", s.File, step.Line, len(batch), err)
			}
		}
		if step.Unlink != nil {
			if err := system.Unlink(ctx, *step.Unlink); err != nil {
				return fmt.Errorf("%s:%d: unlink: %w", s.File, step.Line, err)
			}
		}
		if step.Expect == nil || step.Expect.Model != "" && step.Expect.Model != model {
			continue
		}
		c := check{system: system, now: s.Now, location: location}
		for _, problem := range c.expect(ctx, *step.Expect) {
			broken = append(broken, fmt.Errorf("%s:%d (%s): %s", s.File, step.Line, model, problem))
		}
	}
	return errors.Join(broken...)
}
