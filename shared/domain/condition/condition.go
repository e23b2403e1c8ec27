// Package condition asks of single steps what stage models ask of touchpoints, in the same words: type, name, channel, page and properties, and
// besides the stage of the step. Funnels, own metrics and whoever else chooses steps by rules do it with this package, so that one rule chooses the
// same steps everywhere.
//
//	c, err := condition.New("metrics.quiet", spec)
//	if c.Holds(&row) { … }
package condition

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/step"
)

// Spec is a condition as it is written, in JSON. All that is given must hold; of a list any. Decode it with unknown fields refused.
type Spec struct {
	Type       Texts             `json:"type,omitempty"`     // track, page, screen
	Name       Texts             `json:"name,omitempty"`     // of the event or page: exact, or a beginning written "Product *"
	NotName    Texts             `json:"not_name,omitempty"` // the same, for names that must not be
	Channel    Texts             `json:"channel,omitempty"`  // of the touchpoint
	Page       Page              `json:"page,omitzero"`
	Properties map[string]Asking `json:"properties,omitempty"`
	Stage      Texts             `json:"stage,omitempty"`  // that the person is in after the step
	Enters     Texts             `json:"enters,omitempty"` // stages that the step enters
}

// Page asks for the path that the step has, in lower case, as the dimension page shows it: any of the beginnings and any of the parts.
type Page struct {
	Prefix   Texts `json:"prefix,omitempty"`
	Contains Texts `json:"contains,omitempty"`
}

// Asking is what a property is compared with, as package stage compares.
type Asking struct {
	Equals  Texts `json:"equals,omitempty"`
	In      Texts `json:"in,omitempty"`
	AtLeast Texts `json:"at_least,omitempty"`
	AtMost  Texts `json:"at_most,omitempty"`
	Prefix  Texts `json:"prefix,omitempty"`
	Exists  Texts `json:"exists,omitempty"`
}

// Texts is one text or a list of them. Numbers and truth values are taken as they are written.
type Texts []string

// UnmarshalJSON reads a text, a number, a truth value or a list of them.
func (t *Texts) UnmarshalJSON(text []byte) error {
	var items []json.RawMessage
	if json.Unmarshal(text, &items) != nil {
		items = []json.RawMessage{text}
	}
	*t = Texts{}
	for _, item := range items {
		var said string
		switch first := item[0]; {
		case first == '"':
			if err := json.Unmarshal(item, &said); err != nil {
				return err
			}
		case first == '{', first == '[', first == 'n':
			return fmt.Errorf("a text, a number or a list of them is needed here, not %.40s", item)
		default:
			said = string(item)
		}
		*t = append(*t, said)
	}
	return nil
}

// Condition is a Spec that was checked. It never changes, so one may be used from many places at once. The zero Condition holds of every step.
type Condition struct {
	spec    Spec
	matcher *stage.Matcher
}

// New checks a condition. Faults: fault.Invalid with code bad_condition, at the place that is named.
func New(at string, spec Spec) (Condition, error) {
	m, err := stage.NewMatcher("", whenOf(spec))
	if err != nil {
		text := strings.ReplaceAll(strings.ReplaceAll(err.Error(), "bad_stage_model: ", ""), "\n", "; ")
		return Condition{}, fault.New(fault.Invalid, "bad_condition", text).At(at)
	}
	for _, name := range slices.Concat(spec.Stage, spec.Enters) {
		if strings.TrimSpace(name) == "" {
			return Condition{}, fault.New(fault.Invalid, "bad_condition", "a stage is the name of one, not an empty text").At(at)
		}
	}
	return Condition{spec, m}, nil
}

func whenOf(spec Spec) stage.When {
	w := stage.When{
		Names: spec.Name, NotNames: spec.NotName, Channels: spec.Channel,
		Page: stage.Page{Prefix: spec.Page.Prefix, Contains: spec.Page.Contains},
	}
	for _, t := range spec.Type {
		w.Types = append(w.Types, event.Type(t))
	}
	for _, name := range slices.Sorted(maps.Keys(spec.Properties)) {
		asked := spec.Properties[name].all(name)
		if len(asked) == 0 {
			asked = []stage.Property{{Name: name}} // for the fault that it makes
		}
		w.Properties = append(w.Properties, asked...)
	}
	return w
}

// all that one property is asked.
func (a Asking) all(name string) (asked []stage.Property) {
	for _, p := range []stage.Property{
		{Op: stage.Equals, Values: a.Equals},
		{Op: stage.In, Values: a.In},
		{Op: stage.AtLeast, Values: a.AtLeast},
		{Op: stage.AtMost, Values: a.AtMost},
		{Op: stage.Prefix, Values: a.Prefix},
		{Op: stage.Exists, Values: a.Exists},
	} {
		if p.Values != nil {
			p.Name = name
			asked = append(asked, p)
		}
	}
	return asked
}

// IsZero says whether nothing is asked, so that it holds of every step.
func (c Condition) IsZero() bool { return c.String() == "" }

// Holds asks a step. What no touchpoint made, such as a lapse, has neither type nor name nor properties.
func (c Condition) Holds(r *step.Row) bool {
	switch {
	case len(c.spec.Stage) > 0 && !slices.Contains(c.spec.Stage, r.Stage):
		return false
	case len(c.spec.Enters) > 0 && !(r.EntersStage() && slices.Contains(c.spec.Enters, r.Stage)):
		return false
	}
	return c.matcher == nil || c.matcher.Holds(r.Type, r.Event, r.Channel, r.Page, r.Properties.All)
}

// Columns are those that Holds reads.
func (c Condition) Columns() step.Columns {
	var out step.Columns
	add := func(asked bool, of ...step.Column) {
		if asked {
			out = out.With(of...)
		}
	}
	add(len(c.spec.Name)+len(c.spec.NotName) > 0, step.Event)
	add(len(c.spec.Channel) > 0, step.Channel)
	add(len(c.spec.Page.Prefix)+len(c.spec.Page.Contains) > 0, step.Page)
	add(len(c.spec.Properties) > 0, step.Properties)
	add(len(c.spec.Stage) > 0, step.Stage)
	add(len(c.spec.Enters) > 0, step.Stage, step.StageBefore)
	return out
}

// String says in words of which steps it holds, such as `name Survey Answered and property score at least 9`; "" of every step.
func (c Condition) String() string {
	var said []string
	add := func(what string, values Texts) {
		if len(values) > 0 {
			said = append(said, what+" "+strings.Join(values, " or "))
		}
	}
	add("type", c.spec.Type)
	add("name", c.spec.Name)
	add("name not", c.spec.NotName)
	add("channel", c.spec.Channel)
	add("page beginning with", c.spec.Page.Prefix)
	add("page containing", c.spec.Page.Contains)
	for _, name := range slices.Sorted(maps.Keys(c.spec.Properties)) {
		for _, p := range c.spec.Properties[name].all(name) {
			add("property "+name+words[p.Op], p.Values)
			if p.Op == stage.Exists {
				said[len(said)-1] = "property " + name + map[string]string{"true": " given", "false": " not given"}[p.Values[0]]
			}
		}
	}
	add("stage", c.spec.Stage)
	add("entering stage", c.spec.Enters)
	return strings.Join(said, " and ")
}

var words = map[stage.Op]string{
	stage.Equals: "", stage.In: "", stage.AtLeast: " at least", stage.AtMost: " at most", stage.Prefix: " beginning with",
}
