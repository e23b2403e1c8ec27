package experiment

import (
	"cmp"
	"math"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/assignment"
	"waymark/shared/domain/stats"
)

const (
	alpha  = .05
	digits = 9 // of numbers, after the point
	// fewest is how many persons each of two variants must have who did it, and who did not, before a verdict: below, the normal approximation that
	// the intervals rest on does not hold.
	fewest = 10
)

// The verdicts.
const (
	better    = "better"
	worse     = "worse"
	undecided = "undecided"
	tooFew    = "too few"
)

// result is a variant by a metric.
type result struct {
	variant    string
	metric     assignment.Metric
	arm        arm
	tally      tally
	sample     stats.Sample
	isCompared bool // it is another variant than the control
	// What is NaN says nothing. The verdict is by the difference, not by the lift: the delta method takes the control's mean for known better than it
	// is, and with few buyers of very different amounts it finds a lift between equal variants in every fourth experiment that is looked at daily.
	difference, lift  stats.Comparison
	ever, liftEver    sequential
	probability, loss float64 // of being better than the control; of choosing it
	verdict           string
}

// sequential is what holds however often it is looked at.
type sequential struct{ low, high, p float64 }

func sequentially(of stats.Comparison, tuning int) (s sequential) {
	s.low, s.high, s.p = of.Sequential(float64(cmp.Or(tuning, stats.Tuning)))
	return s
}

// outcome compares a variant with the control by a metric, with intervals of 1 − level.
func (c comparison) outcome(arms []arm, variant, metric int, level float64) result {
	m := c.metrics[metric]
	r := result{
		variant: c.Variants[variant].ID, metric: m, arm: arms[variant], tally: arms[variant].tallies[metric], sample: arms[variant].sample(metric, m),
		isCompared: variant > 0,
	}
	if !r.isCompared {
		return r
	}
	control, converted := arms[0].sample(metric, m), arms[0].tallies[metric].converted
	r.difference = stats.Welch(control, r.sample, level)
	r.probability, r.loss = r.chances(control, converted)
	if control.Mean < 0 { // more was taken back than paid: nothing is a share of it
		control.Mean = math.NaN()
	}
	r.lift = stats.Lift(control, r.sample, level)
	r.ever, r.liftEver = sequentially(r.difference, c.Tuning), sequentially(r.lift, c.Tuning)
	r.verdict = r.judged(arms[0].persons, converted)
	return r
}

// chances are the probability that a variant is better than the control, and what choosing it is expected to lose.
func (r result) chances(control stats.Sample, kA int64) (probability, loss float64) {
	nA, nB, kB := control.N, r.arm.persons, r.tally.converted
	switch {
	case nA == 0 || nB == 0:
		return math.NaN(), math.NaN()
	case r.metric.Currency != "":
		difference := r.difference
		if r.metric.IsWorseHigher {
			difference.Value = -difference.Value
		}
		return difference.Beats(), difference.Loss()
	case r.metric.IsWorseHigher:
		return stats.Beats(kB, nB, kA, nA), stats.Loss(kB, nB, kA, nA)
	}
	return stats.Beats(kA, nA, kB, nB), stats.Loss(kA, nA, kB, nB)
}

// judged is the verdict, beside a control of some persons of whom some did it.
func (r result) judged(persons, converted int64) string {
	least := min(r.tally.converted, converted)
	if r.metric.Currency == "" {
		least = min(least, r.arm.persons-r.tally.converted, persons-converted)
	}
	isHigher := r.ever.low > 0
	switch {
	case least < fewest || math.IsNaN(r.ever.low):
		return tooFew
	case !isHigher && !(r.ever.high < 0):
		return undecided
	case isHigher == r.metric.IsWorseHigher:
		return worse
	}
	return better
}

// outcomeColumns are those of one variant by one metric.
func outcomeColumns() []analysis.Column {
	return []analysis.Column{
		{Name: "variant", Unit: analysis.Text, Sentence: "id of the variant, the control first"},
		{Name: "persons", Unit: analysis.Persons, Sentence: "persons of the variant"},
		{Name: "conversion", Unit: analysis.Ratio, Sentence: "of them, who did it after the exposure; of revenue, who have any"},
		{Name: "revenue", Unit: analysis.Amount, Sentence: "net revenue of their orders after the exposure, what was taken back of these subtracted"},
		{Name: "currency", Unit: analysis.Text, Sentence: "of the revenue"},
		{Name: "revenue_per_person", Unit: analysis.Amount, Sentence: "of all persons of the variant, with the interval of 95 % by Student's t"},
		{Name: "difference", Unit: analysis.Score, Sentence: "how much more by person than the control, with an interval by Welch that holds when it is looked at once"},
		{Name: "difference_sequential", Unit: analysis.Score, Sentence: "the same with the interval that holds however often it is looked at (asymptotic confidence sequence)"},
		{Name: "p", Unit: analysis.Ratio, Sentence: "of no difference (Welch, two sides), when it is looked at once"},
		{Name: "p_sequential", Unit: analysis.Ratio, Sentence: "of no difference, however often it is looked at"},
		{Name: "lift", Unit: analysis.Ratio, Sentence: "the difference in relation to the control, with an interval by the delta method that holds when it is looked at once"},
		{Name: "lift_sequential", Unit: analysis.Ratio, Sentence: "the same with the interval that holds however often it is looked at"},
		{Name: "p_lift", Unit: analysis.Ratio, Sentence: "of a lift of 0 by the delta method, when it is looked at once"},
		{Name: "better", Unit: analysis.Ratio, Sentence: "probability of being better than the control: Beta-binomial with a uniform prior; of revenue, a normal approximation"},
		{Name: "expected_loss", Unit: analysis.Score, Sentence: "what choosing it loses on the average, in the unit of the metric by person"},
		{Name: "verdict", Unit: analysis.Text, Sentence: "better or worse where the sequential interval of the difference leaves out 0; too few below 10 persons who did it, or who did not"},
	}
}

// values are those of outcomeColumns. p is corrected as intervals of 1 − level are.
func (r result) values(level float64) []analysis.Value {
	out := make([]analysis.Value, len(outcomeColumns()))
	out[0], out[1], out[2] = analysis.Word(r.variant), analysis.Count(r.arm.persons), analysis.Rate(r.tally.converted, r.arm.persons)
	if r.metric.Currency != "" {
		out[3], out[4] = analysis.Money(r.tally.revenue), analysis.Word(r.metric.Currency)
		low, high := r.sample.Interval(alpha)
		out[5] = analysis.Estimate(r.sample.Mean, low, high, r.arm.persons, digits)
	}
	if !r.isCompared {
		return out
	}
	corrected := func(p float64) analysis.Value { return number(min(1, p*alpha/level)) }
	out[6], out[7] = estimates(r.difference, r.ever)
	out[8], out[9] = corrected(r.difference.P), corrected(r.ever.p)
	out[10], out[11] = estimates(r.lift, r.liftEver)
	out[12] = corrected(r.lift.P)
	out[13], out[14], out[15] = number(r.probability), number(r.loss), analysis.Word(r.verdict)
	return out
}

// estimates are a number with the interval of one look, and with that of any number of looks.
func estimates(of stats.Comparison, ever sequential) (once, always analysis.Value) {
	if math.IsNaN(of.Error) {
		return analysis.None(), analysis.None()
	}
	return analysis.Estimate(of.Value, of.Low, of.High, of.N, digits), analysis.Estimate(of.Value, ever.low, ever.high, of.N, digits)
}

func number(f float64) analysis.Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return analysis.None()
	}
	return analysis.Number(f, digits)
}
