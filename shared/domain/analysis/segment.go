package analysis

import (
	"cmp"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/step"
)

// Unknown stands for a value that no step says, so that parts add up to the whole.
const Unknown = measure.Unknown

// Breakdown is what numbers are parted by: a value that each step has. The zero Breakdown is none.
type Breakdown struct {
	Name     string      // as it was asked for: channel, property.plan
	column   step.Column // step.Properties with property
	property string
}

// propertyPrefix begins the name of a property where a dimension may stand.
const propertyPrefix = "property."

// columnsOf are the columns of dimensions.
var columnsOf = map[string]step.Column{
	"channel": step.Channel, "source": step.Source, "stage": step.Stage, "country": step.Country, "campaign": step.Campaign, "device": step.Device,
	"visitor": step.Visitor, "first_channel": step.FirstChannel, "first_month": step.FirstMonth, "order_month": step.OrderMonth,
	"landing_page": step.LandingPage, "referrer_host": step.ReferrerHost, "browser": step.Browser, "os": step.OS, "grade": step.Grade,
	"page": step.Page, "event": step.Event, "session_channel": step.SessionChannel, "session_campaign": step.SessionCampaign,
}

// ParseBreakdown reads the name of a dimension, or property.NAME. Fault: Invalid unknown_dimension at the parameter.
func ParseBreakdown(parameter, text string) (Breakdown, error) {
	if name, isProperty := strings.CutPrefix(text, propertyPrefix); isProperty && name != "" {
		return Breakdown{Name: text, column: step.Properties, property: name}, nil
	}
	if c, found := columnsOf[text]; found {
		return Breakdown{Name: text, column: c}, nil
	}
	var names []string
	for name := range columnsOf {
		names = append(names, name)
	}
	slices.Sort(names)
	return Breakdown{}, Bad(parameter, "there is no dimension %.40q; there are %s, and property.NAME for a property that events keep",
		text, strings.Join(names, ", "))
}

// IsZero says whether nothing is parted.
func (b Breakdown) IsZero() bool { return b.Name == "" }

// Columns are those that Of reads.
func (b Breakdown) Columns() step.Columns {
	if b.IsZero() {
		return 0
	}
	return step.ColumnsOf(b.column)
}

// Of is the value that a step has; Unknown where it says none, "" of the zero Breakdown.
func (b Breakdown) Of(r *step.Row) string {
	switch {
	case b.IsZero():
		return ""
	case b.property != "":
		return cmp.Or(r.Properties.Property(b.property), Unknown)
	}
	return cmp.Or(*b.column.Text(r), Unknown)
}

// Segment is a choice of persons: those for whom each condition holds of some step within the time asked for. The zero Segment is everybody.
type Segment struct {
	Text       string // as it was asked for
	conditions []condition
}

type condition struct {
	by     Breakdown
	values []string
}

// ParseSegment reads conditions such as "channel:email,sms" and "property.plan:pro"; all must hold. Fault: Invalid bad_segment or unknown_dimension.
func ParseSegment(parameter string, said []string) (Segment, error) {
	s := Segment{Text: strings.Join(said, " ")}
	for _, text := range said {
		name, values, found := strings.Cut(text, ":")
		if !found || values == "" {
			return s, Bad(parameter, "a segment is DIMENSION:VALUE, or several values with commas, such as channel:email or property.plan:pro,team, not %.60q", text)
		}
		by, err := ParseBreakdown(parameter, name)
		if err != nil {
			return s, err
		}
		s.conditions = append(s.conditions, condition{by, strings.Split(values, ",")})
	}
	return s, nil
}

// IsZero says whether the segment is everybody.
func (s Segment) IsZero() bool { return len(s.conditions) == 0 }

// Columns are those that Holds reads.
func (s Segment) Columns() step.Columns {
	var out step.Columns
	for _, c := range s.conditions {
		out |= c.by.Columns()
	}
	return out
}

// Holds says whether a person is in the segment, by their steps in [start, end).
func (s Segment) Holds(life []step.Row, start, end event.Millis) bool {
	for _, c := range s.conditions {
		holds := func(r step.Row) bool { return r.At >= start && r.At < end && slices.Contains(c.values, c.by.Of(&r)) }
		if !slices.ContainsFunc(life, holds) {
			return false
		}
	}
	return true
}
