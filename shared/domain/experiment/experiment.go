// Package experiment says what came of each variant of an experiment: who saw it, what they did afterwards, whether it is better than the control, and
// whether the numbers may be trusted. Which variant a person gets says package assignment.
//
// A person is exposed by their first event Experiment Viewed of the experiment within its time, and is of the variant that it names. Who saw
// several variants, or one that the experiment does not have, is counted and left out. What a person did counts from the step after that one on, until the
// window of the experiment is over. A person's segment is read at their last own step that says it, from the begin of the experiment to the
// exposure, because an exposure is nobody's doing and has no session; without one, at the first after it, else at the exposure.
package experiment

import (
	"fmt"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/assignment"
	"waymark/shared/domain/step"
)

// Kind is the name of the document that the analysis reads.
const Kind = "experiments"

// Parse reads the document "experiments". The fault, Invalid bad_experiments, names every entry that is wrong and says what to write instead; a
// segment that is no dimension is Invalid bad_parameter.
func Parse(text []byte) ([]assignment.Experiment, error) {
	all, err := assignment.Parse(text)
	if err != nil {
		return nil, err
	}
	for i, e := range all {
		for j, name := range e.Segments {
			at := fmt.Sprintf("experiments[%d].segments[%d]", i, j)
			if _, err := analysis.ParseBreakdown(at, name); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// Describe says of each experiment what it compares, in a sentence.
func Describe(all []assignment.Experiment) []string { return assignment.Describe(all) }

// Analysis compares the variants of an experiment.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "experiments", Version: 1,
		Sentence: "Which variant of an experiment is better than the control, by how much, and whether the numbers may be trusted.",
		Parameters: []analysis.Parameter{
			{Name: "experiment", Sentence: "the id of the experiment; it may be left out where there is one alone"},
			{Name: "detect", Sentence: "a lift in percent, 1 to 1000: the table size says how many persons it takes to find it"},
		},
		Prepare: prepare,
	}
}

func prepare(q analysis.Question) (analysis.Plan, error) {
	e, err := asked(q)
	if err != nil {
		return analysis.Plan{}, err
	}
	detect, err := q.Number("detect", 0, 1, 1000)
	if err != nil {
		return analysis.Plan{}, err
	}
	c := comparison{Experiment: e, q: q, detect: detect, metrics: append([]assignment.Metric{e.Metric}, e.Guardrails...)}
	c.until = q.Known()
	if e.To != assignment.Forever {
		c.until = min(c.until, max(e.To, e.Until(e.To)))
	}
	c.until = max(c.until, e.From) // of one that has not begun nothing is read
	columns := step.ColumnsOf(step.Event, step.Properties, step.OrderMoney) | q.By.Columns()
	if !q.By.IsZero() {
		columns = columns.With(step.Session)
	}
	return analysis.Plan{From: e.From, To: c.until, Columns: columns, Answer: c.answer}, nil
}

// asked finds the experiment. Faults, all Invalid: bad_parameter, and those of Parse.
func asked(q analysis.Question) (assignment.Experiment, error) {
	all, err := Parse(q.Documents[Kind])
	if err != nil {
		return assignment.Experiment{}, err
	}
	if len(all) == 0 {
		return assignment.Experiment{}, analysis.Bad("experiment",
			"the workspace has no experiments; settle the document %q, such as %s", Kind, assignment.Sample)
	}
	id := q.Text("experiment")
	if id == "" && len(all) == 1 {
		return all[0], nil
	}
	e, found := assignment.Find(all, id)
	if !found {
		var ids []string
		for _, e := range all {
			ids = append(ids, e.ID)
		}
		return e, analysis.Bad("experiment", "experiment is the id of one of %s, not %.70q", strings.Join(ids, ", "), id)
	}
	return e, nil
}
