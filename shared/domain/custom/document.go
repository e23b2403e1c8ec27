// Package custom answers any metric over lives: those of docs/kpi.md, counted by packages measure and kpi themselves, and a workspace's own, which it
// declares as data: how many steps, persons, sums, means or ratios, of steps for which a condition of package condition holds.
//
// It stores nothing. Own metrics are never in windows: they are counted when they are asked for, so that a changed one is right at once, for all time.
package custom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"waymark/shared/domain/condition"
	"waymark/shared/domain/fault"
)

// MaxMetrics is how many metrics a workspace may declare.
const MaxMetrics = 100

// Metric is one that a workspace declares.
type Metric struct {
	Name        string
	Unit        string // count, persons, ratio, or what the property is counted in
	Numerator   Counted
	Denominator Counted // the zero Counted where the numerator is the value
	IsMean      bool    // of a property: the denominator is the steps that say it
	Percentile  int     // of the values of a property, 1 to 99; 0 of what is none
}

// Counted is what is counted of steps: how many there are, persons who have one, or the sum of a property. The zero Counted is nothing.
type Counted struct {
	Of       Way
	Property string // that is summed
	When     condition.Condition
}

// Way is how steps are counted.
type Way string

// The ways.
const (
	Steps   Way = "count"
	Persons Way = "persons"
	Sum     Way = "sum"
	values  Way = "values" // steps that say the property: what a mean is divided by
)

// The document as it is written.
type (
	document struct {
		Metrics []entry `json:"metrics"`
	}
	entry struct {
		Name    string          `json:"name"`
		Unit    string          `json:"unit,omitempty"`
		Count   *condition.Spec `json:"count,omitempty"`
		Persons *condition.Spec `json:"persons,omitempty"`
		Sum     *summing        `json:"sum,omitempty"`
		Mean    *summing        `json:"mean,omitempty"`
		Ratio   *ratio          `json:"ratio,omitempty"`
		Percent *percentile     `json:"percentile,omitempty"`
	}
	percentile struct {
		P        int            `json:"p"`
		Property string         `json:"property"`
		When     condition.Spec `json:"when,omitzero"`
	}
	summing struct {
		Property string         `json:"property"`
		When     condition.Spec `json:"when,omitzero"`
	}
	ratio struct {
		Of counting `json:"of"`
		To counting `json:"to"`
	}
	counting struct {
		Count   *condition.Spec `json:"count,omitempty"`
		Persons *condition.Spec `json:"persons,omitempty"`
		Sum     *summing        `json:"sum,omitempty"`
	}
)

func bad(at, format string, args ...any) error {
	return fault.Newf(fault.Invalid, "bad_metric", format, args...).At(at)
}

const example = `{"metrics": [{"name": "detractors", "persons": {"name": "Survey Answered", "properties": {"survey_type": {"equals": "nps"}, "score": {"at_most": 6}}}}]}`

// Parse reads the document of kind metrics. Faults, Invalid bad_metric and bad_condition, name the metric; all are reported at once, joined.
func Parse(text []byte) ([]Metric, error) {
	var d document
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&d)
	if err == nil && !errors.Is(decoder.Decode(new(json.RawMessage)), io.EOF) {
		err = errors.New("something follows the document")
	}
	if err != nil {
		return nil, bad("metrics", "the document is not as it should be: %v; it is %s", err, example)
	}
	if len(d.Metrics) > MaxMetrics {
		return nil, bad("metrics", "there are %d metrics; a workspace has at most %d", len(d.Metrics), MaxMetrics)
	}
	var out []Metric
	var faults []error
	for i, e := range d.Metrics {
		m, err := e.metric(fmt.Sprintf("metrics[%d]", i))
		if err == nil && slices.ContainsFunc(out, func(other Metric) bool { return other.Name == m.Name }) {
			err = bad(fmt.Sprintf("metrics[%d].name", i), "two metrics are named %q; give each a name of its own", m.Name)
		}
		out, faults = append(out, m), append(faults, err)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return out, nil
}

func (e entry) metric(at string) (m Metric, err error) {
	if !isName(e.Name) {
		return m, bad(at+".name", "the name %.40q must be made of lower-case letters, digits and _, and begin with a letter", e.Name)
	}
	at = "metrics." + e.Name
	said := 0
	for _, is := range []bool{e.Count != nil, e.Persons != nil, e.Sum != nil, e.Mean != nil, e.Ratio != nil, e.Percent != nil} {
		if is {
			said++
		}
	}
	if said != 1 {
		return m, bad(at, "%s says %d of count, persons, sum, mean, percentile and ratio; say one", e.Name, said)
	}
	m = Metric{Name: e.Name, Unit: e.Unit}
	usual := "ratio"
	switch {
	case e.Mean != nil:
		usual, m.IsMean = "value", true
		if m.Numerator, err = counted(at+".mean", counting{Sum: e.Mean}); err == nil {
			m.Denominator = m.Numerator
			m.Denominator.Of = values
		}
	case e.Percent != nil:
		usual, m.Percentile = "value", e.Percent.P
		if m.Percentile < 1 || m.Percentile > 99 {
			return m, bad(at+".percentile.p", "p is a whole number from 1 to 99, such as 90, not %d", m.Percentile)
		}
		m.Numerator, err = counted(at+".percentile", counting{Sum: &summing{e.Percent.Property, e.Percent.When}})
	case e.Ratio != nil:
		if m.Numerator, err = counted(at+".ratio.of", e.Ratio.Of); err == nil {
			m.Denominator, err = counted(at+".ratio.to", e.Ratio.To)
		}
	default:
		m.Numerator, err = counted(at, counting{e.Count, e.Persons, e.Sum})
		usual = map[Way]string{Steps: "count", Persons: "persons", Sum: "value"}[m.Numerator.Of]
	}
	switch {
	case err != nil:
		return m, err
	case m.Unit == "":
		m.Unit = usual
	case m.Numerator.Of != Sum:
		return m, bad(at+".unit", "%s counts %s, so it has no unit of its own; leave it out", e.Name, usual)
	case !isName(m.Unit):
		return m, bad(at+".unit", "the unit %.40q must be made of lower-case letters, digits and _, such as seconds", m.Unit)
	}
	return m, nil
}

func counted(at string, c counting) (out Counted, err error) {
	said, spec := 0, condition.Spec{}
	if c.Count != nil {
		said, out.Of, spec = said+1, Steps, *c.Count
	}
	if c.Persons != nil {
		said, out.Of, spec = said+1, Persons, *c.Persons
	}
	if c.Sum != nil {
		said, out.Of, spec, out.Property = said+1, Sum, c.Sum.When, c.Sum.Property
	}
	if said != 1 {
		return out, bad(at, "one of count, persons and sum is needed here, each with the steps that it is of")
	}
	if out.Of == Sum && strings.TrimSpace(out.Property) == "" {
		return out, bad(at+".property", "name the property whose values are added up")
	}
	out.When, err = condition.New(at, spec)
	return out, err
}

// isName says whether a name can stand in an address, a column and a CSV without quoting.
func isName(text string) bool {
	return text != "" && len(text) <= 64 && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && text[0] >= 'a' && text[0] <= 'z'
}

// Describe says of each metric what it counts.
func Describe(metrics []Metric) []string {
	out := make([]string, len(metrics))
	for i, m := range metrics {
		text := m.Numerator.String()
		switch {
		case m.Percentile > 0:
			text = fmt.Sprintf("%d %% of the values of property %s of %s that say it as a number from 0 on are at most this, to 1 %%", m.Percentile, m.Numerator.Property, m.Numerator.steps())
		case m.IsMean:
			text = "mean of property " + m.Numerator.Property + " of " + m.Numerator.steps() + " that say it as a number"
		case m.Denominator.Of != "":
			text += " ÷ " + m.Denominator.String()
		}
		out[i] = m.Name + " (" + m.Unit + "): " + text
	}
	return out
}

// String says what is counted.
func (c Counted) String() string {
	switch c.Of {
	case Persons:
		return "persons with any of the " + c.steps()
	case Sum:
		return "sum of property " + c.Property + " of " + c.steps()
	}
	return "number of " + c.steps()
}

func (c Counted) steps() string {
	if c.When.IsZero() {
		return "steps"
	}
	return "steps with " + c.When.String()
}
