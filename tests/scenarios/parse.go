package scenarios

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/period"
)

// Parse reads a scenario. Every line that is wrong is reported, with its number.
func Parse(file, text string) (Scenario, error) {
	p := &parser{scenario: Scenario{File: file}, slow: map[string]time.Duration{}}
	var wrong []error
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		if err := p.read(strings.TrimSpace(line)); err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w", file, p.line, err))
		}
	}
	if err := p.finish(); err != nil {
		wrong = append(wrong, fmt.Errorf("%s: %w", file, err))
	}
	return p.scenario, errors.Join(wrong...)
}

// parser is how far the reading has come.
type parser struct {
	scenario Scenario
	line     int
	clock    clock
	calendar period.Calendar
	pending  []Message // events that no delivery took yet
	slow     map[string]time.Duration
	newest   time.Time // the latest event
	windows  []ended   // that expectations look at
}

// ended is the end of a window and the line that asks for it.
type ended struct {
	line int
	end  time.Time
}

func (p *parser) read(line string) error {
	if comment, isComment := strings.CutPrefix(line, "#"); isComment {
		p.scenario.Title = cmp.Or(p.scenario.Title, strings.TrimSpace(comment))
		return nil
	}
	list, err := words(line)
	if err != nil || len(list) == 0 {
		return err
	}
	first, rest := list[0], list[1:]
	if first == "workspace" {
		return p.workspace(rest)
	}
	if p.scenario.Workspace.Name == "" {
		return fmt.Errorf("the first line must be a workspace, such as: workspace shop Europe/London GBP default")
	}
	switch first {
	case "now":
		return p.now(rest)
	case "clock":
		return p.device(rest)
	case "at":
		return p.event(rest)
	case "deliver":
		return p.deliver(rest)
	case "unlink":
		return p.unlink(rest)
	case "expect":
		return p.expect(rest)
	}
	return fmt.Errorf("%q begins no line; lines begin with workspace, now, clock, at, deliver, unlink, expect or #", first)
}

func (p *parser) workspace(list []string) error {
	if p.scenario.Workspace.Name != "" {
		return fmt.Errorf("there is a workspace already")
	}
	if len(list) < 4 {
		return fmt.Errorf("write: workspace NAME ZONE CURRENCY MODEL, and more models if it should be run under several")
	}
	calendar, err := period.New(list[1], time.Monday)
	if err != nil {
		return err
	}
	location, err := time.LoadLocation(list[1])
	if err != nil {
		return fmt.Errorf("load zone: %w", err)
	}
	p.calendar, p.clock.location = calendar, location
	p.scenario.Workspace = Workspace{Name: list[0], Zone: list[1], Currency: list[2], Models: list[3:]}
	return nil
}

// now reads when the scenario is looked at.
func (p *parser) now(list []string) error {
	own := clock{location: p.clock.location}
	at, took, err := own.read(list)
	if err != nil {
		return err
	}
	if took != len(list) {
		return fmt.Errorf("write: now 2026-03-01 09:00")
	}
	p.scenario.Now = at
	return nil
}

// device sets the clock of whoever sends with an identifier: clock anon:a1 1h slow.
func (p *parser) device(list []string) error {
	if len(list) == 2 && list[1] == "right" {
		delete(p.slow, list[0])
		return nil
	}
	if len(list) != 3 || list[2] != "slow" && list[2] != "fast" {
		return fmt.Errorf("write: clock ID 1h slow, clock ID 1h fast or clock ID right")
	}
	wrong, err := duration(list[1])
	if err != nil {
		return fmt.Errorf("%q is no duration such as 1h", list[1])
	}
	if list[2] == "fast" {
		wrong = -wrong
	}
	p.slow[list[0]] = wrong
	return nil
}

// manner is how events are delivered.
type manner struct {
	backwards, twice, single bool
	late                     time.Duration
}

// deliver says how the events since the last delivery arrive, and delivers them.
func (p *parser) deliver(list []string) error {
	how := manner{}
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == "backwards":
			how.backwards, how.single = true, true
		case list[i] == "twice":
			how.twice = true
		case list[i] == "one" && slices.Equal(list[i:min(i+3, len(list))], []string{"one", "by", "one"}):
			how.single = true
			i += 2
		case list[i] == "late" && i+1 < len(list):
			late, err := duration(list[i+1])
			if err != nil {
				return fmt.Errorf("%q is no duration such as 2d", list[i+1])
			}
			how.late = late
			i++
		case list[i] == "together": // as they are
		default:
			return fmt.Errorf("%q is no way to deliver; there are: together, one by one, backwards, twice, late 2d", list[i])
		}
	}
	if len(p.pending) == 0 {
		return fmt.Errorf("there is nothing to deliver: write the events before it")
	}
	p.flush(how)
	return nil
}

// flush turns the pending events into deliveries.
func (p *parser) flush(how manner) {
	if len(p.pending) == 0 {
		return
	}
	messages := p.pending
	p.pending = nil
	if how.late > 0 {
		for i := range messages {
			messages[i].Received = p.newest.Add(how.late)
		}
	}
	if how.backwards {
		slices.Reverse(messages)
	}
	batches := []Batch{messages}
	if how.single {
		batches = nil
		for _, m := range messages {
			batches = append(batches, Batch{m})
		}
	}
	if how.twice {
		batches = append(batches, batches...)
	}
	p.scenario.Steps = append(p.scenario.Steps, Step{Line: p.line, Deliver: batches})
}

func (p *parser) finish() error {
	p.flush(manner{})
	if p.scenario.Workspace.Name == "" {
		return fmt.Errorf("there is no workspace line")
	}
	if p.scenario.Now.IsZero() {
		p.scenario.Now = p.newest.Add(time.Hour)
	}
	for _, w := range p.windows {
		if w.end.After(p.scenario.Now) {
			return fmt.Errorf("line %d looks at a window that is not over; add a line: now %s", w.line, w.end.In(p.clock.location).Format(minuteLayout))
		}
	}
	return nil
}
