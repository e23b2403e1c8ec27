package experiment

import (
	"math"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/stats"
)

// power is the probability with which a lift is to be found.
const power = .8

// size is how many persons it takes to find a lift.
func (c comparison) size(n *counts) analysis.Table {
	t := analysis.Table{
		Name: "size", Sentence: "How many persons each variant needs so that a lift is found with a probability of 80 %, given what the control does so far.",
		Columns: []analysis.Column{
			{Name: "lift", Unit: analysis.Ratio, Sentence: "that is to be found, in the metric of the goal"},
			{Name: "control", Unit: analysis.Score, Sentence: "the metric by person of the control, so far"},
			{Name: "needed", Unit: analysis.Persons, Sentence: "persons that each variant needs, for one look at the level of the goal; the sequential interval needs about twice as many"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "persons of the smallest variant, so far"},
		},
	}
	control, level, lift := n.arms[0].sample(0, c.Metric), alpha/float64(c.comparisons()), float64(c.detect)/100
	needed := stats.SampleSize(control.Mean, control.Mean*(1+lift), level, power)
	if c.Metric.Currency != "" {
		z, off := stats.NormalQuantile(1-level/2)+stats.NormalQuantile(power), control.Mean*lift
		needed = 2 * z * z * control.Variance / (off * off)
	}
	shown := analysis.None() // there is no such lift of a rate, or nothing is known of the control
	if needed < math.MaxInt32 {
		shown = analysis.Count(int64(math.Ceil(needed)))
	}
	least := n.arms[0].persons
	for _, a := range n.arms {
		least = min(least, a.persons)
	}
	t.Row(analysis.Number(lift, digits), number(control.Mean), shown, analysis.Count(least))
	return t
}
