// Package assignment says which variant of an experiment a person gets. An experiment is data that a workspace settles, the document "experiments". A
// person's variant is worked out from ids alone, so that a server, the tracker in a page and GET /v1/experiments/{id}/variant agree without asking
// one another, and nothing is stored. What came of each variant says package experiment.
//
//	all, err := assignment.Parse(document)
//	e, found := assignment.Find(all, "checkout-button")
//	variant := e.Assign("42")
package assignment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/event"
)

// Viewed is the event that says that a person saw a variant: IDProperty names the experiment, VariantProperty the variant.
const (
	Viewed          = "Experiment Viewed"
	IDProperty      = "experiment_id"
	VariantProperty = "variation_id"
)

// Experiment is one, as a workspace has settled it.
type Experiment struct {
	ID         string
	Variants   []Variant // the first is the control, which the others are compared with
	From, To   event.Millis
	Metric     Metric
	Guardrails []Metric
	Segments   []string      // dimensions that were to be looked at, said before
	Window     time.Duration // how long after the first exposure what a person does counts; 0 = until the experiment ends
	Tuning     int           // persons about which the sequential interval is at its narrowest; 0 = where nobody says another
}

// Variant is one way in which it may be.
type Variant struct {
	ID     string `json:"id"`
	Weight int    `json:"weight"` // its share is Weight ÷ the sum of all
}

// Metric is what variants are compared by: a share of persons who did something, or money by person.
type Metric struct {
	Event    string // persons who did it after their first exposure; of Order Completed, those with an order that counts
	Currency string // net revenue of orders after the first exposure, by person, in this currency alone
	// IsWorseHigher says that more of it is worse, as of refunds.
	IsWorseHigher bool
}

// Name is how tables name the metric.
func (m Metric) Name() string {
	if m.Currency != "" {
		return "net_revenue " + m.Currency
	}
	return m.Event
}

func (m Metric) sentence() string {
	better := "more is better"
	if m.IsWorseHigher {
		better = "less is better"
	}
	if m.Currency != "" {
		return "net revenue by person in " + m.Currency + " (" + better + ")"
	}
	return fmt.Sprintf("the share of persons with %q (%s)", m.Event, better)
}

// Find gives the experiment of an id.
func Find(all []Experiment, id string) (Experiment, bool) {
	i := slices.IndexFunc(all, func(e Experiment) bool { return e.ID == id })
	if i < 0 {
		return Experiment{}, false
	}
	return all[i], true
}

// Control is the variant that others are compared with.
func (e Experiment) Control() string { return e.Variants[0].ID }

// IsRunning says whether persons are assigned at an instant.
func (e Experiment) IsRunning(now event.Millis) bool { return now >= e.From && now < e.To }

// Until is the first instant at which what a person does counts no more who was exposed at another.
func (e Experiment) Until(exposed event.Millis) event.Millis {
	if e.Window == 0 {
		return e.To
	}
	return exposed + event.Millis(e.Window.Milliseconds())
}

// Attribute writes experiments as the tracker reads them in data-experiments: checkout-button=control:50,green:50;price=a:90,b:10.
func Attribute(of []Experiment) string {
	var all []string
	for _, e := range of {
		var variants []string
		for _, v := range e.Variants {
			variants = append(variants, fmt.Sprintf("%s:%d", v.ID, v.Weight))
		}
		all = append(all, e.ID+"="+strings.Join(variants, ","))
	}
	return strings.Join(all, ";")
}

// Describe says of each experiment what it compares, in a sentence.
func Describe(all []Experiment) []string {
	var out []string
	for _, e := range all {
		var variants, guards []string
		total := 0
		for _, v := range e.Variants {
			total += v.Weight
		}
		for _, v := range e.Variants {
			variants = append(variants, fmt.Sprintf("%s (%d of %d)", v.ID, v.Weight, total))
		}
		text := fmt.Sprintf("%s gives persons one of %s from %s", e.ID, strings.Join(variants, ", "), e.From.Time().Format(time.RFC3339))
		if e.To != Forever {
			text += " to " + e.To.Time().Format(time.RFC3339)
		}
		text += ", and compares with " + e.Control() + " by " + e.Metric.sentence()
		if e.Window > 0 {
			text += fmt.Sprintf(" within %s of the first exposure", days(e.Window))
		}
		for _, g := range e.Guardrails {
			guards = append(guards, g.sentence())
		}
		if len(guards) > 0 {
			text += "; it guards " + strings.Join(guards, " and ")
		}
		if len(e.Segments) > 0 {
			text += "; it is to be looked at by " + strings.Join(e.Segments, ", ")
		}
		out = append(out, text+".")
	}
	return out
}
