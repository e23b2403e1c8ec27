package funnel

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"waymark/shared/domain/analysis"
)

// StagesName is the funnel that every workspace has: its stages in their order.
const StagesName = "stages"

// The parameters.
const (
	paramFunnel   = "funnel"
	paramStep     = "step"
	paramWithout  = "without"
	paramOrder    = "order"
	paramWindow   = "window"
	paramWithin   = "within"
	paramAmong    = "among"
	paramEntry    = "entry"
	paramOverlap  = "overlap"
	paramCollapse = "collapse"
)

func parameters() []analysis.Parameter {
	return []analysis.Parameter{
		{Name: paramFunnel, Sentence: "a funnel that the workspace has declared, or stages: its stages in their order; in the place of step"},
		{Name: paramStep, Sentence: "a step, repeated in the order of the funnel: " + Grammar, IsList: true},
		{
			Name: paramWithout, Sentence: "a step that must not come between the first and the last one, or with @1-2 at the end between steps 1 and 2",
			IsList: true,
		},
		{Name: paramOrder, Sentence: "how steps follow each other; strict: nothing else between", Values: []string{"ordered", "strict", "unordered"}, Default: "ordered"},
		{Name: paramWindow, Sentence: "how long after the first step the last one counts, such as 30m, 24h or 7d", Default: "30d"},
		{Name: paramWithin, Sentence: "what ends an attempt besides the window: nothing, the end of the period, or of the session", Values: []string{"window", "period", "session"}, Default: "window"},
		{Name: paramAmong, Sentence: "which steps of a life are seen", Values: []string{"touchpoints", "activities", "pages", "stages"}, Default: "touchpoints"},
		{Name: paramEntry, Sentence: "at which steps a person enters: any that is the first step, or only the first in the period that is", Values: []string{"any", "first"}, Default: "any"},
		{Name: paramOverlap, Sentence: "whether one step of a life may satisfy several steps that follow each other", Values: []string{"false", "true"}, Default: "false"},
		{Name: paramCollapse, Sentence: "a dimension: a step of a life with the same value as the one before it is passed over"},
	}
}

// Parameters writes an ad hoc funnel as the parameters that ask for it.
func (f *Funnel) Parameters() map[string][]string {
	said := map[string][]string{paramWindow: {lengthOf(f.Window)}}
	for _, s := range f.Steps {
		said[paramStep] = append(said[paramStep], s.String())
	}
	for _, e := range f.Exclusions {
		text := e.String()
		if e.After != 0 {
			text += "@" + strconv.Itoa(e.After) + "-" + strconv.Itoa(e.Before)
		}
		said[paramWithout] = append(said[paramWithout], text)
	}
	add := func(name, value, otherwise string) {
		if value != otherwise {
			said[name] = []string{value}
		}
	}
	add(paramOrder, string(f.Order), string(Ordered))
	add(paramWithin, string(f.Within), string(Window))
	add(paramAmong, string(f.Among), string(Touchpoints))
	add(paramEntry, string(f.Entry), string(Any))
	add(paramOverlap, strconv.FormatBool(f.Overlap), "false")
	add(paramCollapse, f.Collapse.Name, "")
	return said
}

// Asked reads the funnel that a question asks for. Faults: Invalid at the parameter.
func Asked(q analysis.Question) (*Funnel, error) {
	name, steps := q.Text(paramFunnel), q.Said[paramStep]
	var c Config
	switch {
	case name == "" && len(steps) == 0:
		return nil, analysis.Bad(paramStep, "a funnel needs steps: repeat step, or name a funnel of the workspace, or funnel=stages")
	case name != "" && len(steps) > 0:
		return nil, analysis.Bad(paramStep, "funnel %.40q has steps of its own; leave funnel or step out", name)
	case name == StagesName:
		stages, err := stagesOf(q)
		if err != nil {
			return nil, err
		}
		c = Config{Name: StagesName, Steps: stages, Overlap: true}
	case name != "":
		declared, err := declared(q, name)
		if err != nil {
			return nil, err
		}
		c = declared.Config
	}
	for _, text := range steps {
		s, err := ParseStep(text)
		if err != nil {
			return nil, err
		}
		c.Steps = append(c.Steps, s)
	}
	if err := c.read(q); err != nil {
		return nil, err
	}
	return New(c)
}

// read takes over what parameters say.
func (c *Config) read(q analysis.Question) (err error) {
	if c.Window, err = q.Duration(paramWindow, or(c.Window, DefaultWindow), MaxWindow); err != nil {
		return err
	}
	for _, p := range parameters() {
		said := q.Text(p.Name)
		if said == "" {
			continue
		}
		if p.Values != nil && !slices.Contains(p.Values, said) {
			return analysis.Bad(p.Name, "%s is one of %s, not %.40q", p.Name, strings.Join(p.Values, ", "), said)
		}
		switch p.Name {
		case paramOrder:
			c.Order = Order(said)
		case paramWithin:
			c.Within = Within(said)
		case paramAmong:
			c.Among = Among(said)
		case paramEntry:
			c.Entry = Entry(said)
		case paramOverlap:
			c.Overlap = said == "true"
		case paramCollapse:
			if c.Collapse, err = analysis.ParseBreakdown(paramCollapse, said); err != nil {
				return err
			}
		}
	}
	for _, text := range q.Said[paramWithout] {
		e, err := parseExclusion(text)
		if err != nil {
			return err
		}
		c.Exclusions = append(c.Exclusions, e)
	}
	return nil
}

// parseExclusion reads a step with the steps that it lies between behind it: Support Ticket Opened@1-2.
func parseExclusion(text string) (e Exclusion, err error) {
	if at := strings.LastIndexByte(text, '@'); at >= 0 {
		after, before, isRange := strings.Cut(text[at+1:], "-")
		a, errA := strconv.Atoi(after)
		b, errB := strconv.Atoi(before)
		if isRange && errA == nil && errB == nil {
			e.After, e.Before, text = a, b, text[:at]
		}
	}
	e.Step, err = ParseStepAt(paramWithout, text)
	return e, err
}

func declared(q analysis.Question, name string) (*Funnel, error) {
	names := []string{StagesName}
	if text := q.Documents["funnels"]; text != nil {
		funnels, err := Parse(text)
		if err != nil {
			return nil, err
		}
		for _, f := range funnels {
			if names = append(names, f.Name); f.Name == name {
				return f, nil
			}
		}
	}
	return nil, analysis.Bad(paramFunnel, "the workspace has no funnel %.40q; there are %s", name, strings.Join(names, ", "))
}

// stagesOf makes the funnel of stages: who enters a later stage has come past those before, also where they jump over some.
func stagesOf(q analysis.Question) ([]Step, error) {
	var names []string
	if err := json.Unmarshal(q.Documents["stages"], &names); err != nil || len(names) == 0 || len(names) > MaxSteps {
		return nil, analysis.Bad(paramFunnel, "nobody knows the workspace's stages here; give them as steps in their order: step=stage:awareness, step=stage:purchase")
	}
	by, err := analysis.ParseBreakdown(paramFunnel, "stage")
	if err != nil {
		return nil, err
	}
	var steps []Step
	for i, name := range names {
		steps = append(steps, Step{Name: name, Enters: true, Values: []Value{{By: by, Exact: names[i:]}}})
	}
	return steps, nil
}
