package experiment

import (
	"math/big"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/assignment"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/stats"
	"waymark/shared/domain/step"
)

// comparison is a question about one experiment.
type comparison struct {
	assignment.Experiment
	q       analysis.Question
	metrics []assignment.Metric // that of the experiment first
	until   event.Millis        // nothing is read from here on
	detect  int                 // a lift in percent; 0 = none is asked for
}

// arm is what is known of the persons of one variant.
type arm struct {
	persons int64
	tallies []tally // by metric
}

// tally is what came of them by one metric.
type tally struct {
	converted int64     // persons who did it; of revenue, persons with revenue or something taken back
	revenue   money.Sum // of all of them
	values    []float64 // of revenue by person, without the 0 of all others, in no order
}

// counts are what is counted of all lives.
type counts struct {
	arms     []arm // by variant
	segments map[string][]arm
	several  int64   // persons who saw more than one variant
	unknown  int64   // persons who saw one that the experiment does not have
	earlier  int64   // persons who were exposed before the time that is asked for
	open     int64   // persons for whom the window is not over
	foreign  []int64 // by metric of revenue, orders of other currencies
}

func (c comparison) arms() []arm {
	out := make([]arm, len(c.Variants))
	for i := range out {
		out[i].tallies = make([]tally, len(c.metrics))
	}
	return out
}

func (c comparison) begin() *counts {
	return &counts{arms: c.arms(), segments: map[string][]arm{}, foreign: make([]int64, len(c.metrics))}
}

// add counts a person.
func (c comparison) add(to *counts, life []step.Row) {
	first, variant, isSeveral := c.exposure(life)
	switch {
	case first < 0:
		return
	case life[first].At < c.q.Start():
		to.earlier++
		return
	case isSeveral:
		to.several++
		return
	}
	at := slices.IndexFunc(c.Variants, func(v assignment.Variant) bool { return v.ID == variant })
	if at < 0 {
		to.unknown++
		return
	}
	until := c.Until(life[first].At)
	if c.Window > 0 && until > c.q.Known() {
		to.open++
	}
	after := step.Between(life[first+1:], life[first].At, min(until, c.until))
	into := []*arm{&to.arms[at]}
	if !c.q.By.IsZero() {
		segment := c.segmentOf(life, first)
		if to.segments[segment] == nil {
			to.segments[segment] = c.arms()
		}
		into = append(into, &to.segments[segment][at])
	}
	for _, a := range into {
		a.persons++
	}
	for i, m := range c.metrics {
		did, revenue, foreign := outcome(m, after)
		to.foreign[i] += foreign
		if did {
			for _, a := range into {
				a.tallies[i].add(m, revenue)
			}
		}
	}
}

func (t *tally) add(m assignment.Metric, revenue money.Sum) {
	t.converted++
	if m.Currency != "" {
		t.revenue = t.revenue.Plus(revenue)
		t.values = append(t.values, units(revenue))
	}
}

// units is an amount as a number, for statistics alone.
func units(sum money.Sum) float64 {
	f, _ := new(big.Rat).SetFrac(sum.Wide.Big(), big.NewInt(int64(money.Unit))).Float64()
	return f
}

// exposure finds the first exposure of a person, -1 when there is none.
func (c comparison) exposure(life []step.Row) (first int, variant string, isSeveral bool) {
	first = -1
	for i := range life {
		r := &life[i]
		if r.Event != assignment.Viewed || r.At < c.From || r.At >= c.To || r.At >= c.q.Known() {
			continue
		}
		said := r.Properties.All()
		if said[assignment.IDProperty] != c.ID {
			continue
		}
		if first < 0 {
			first, variant = i, said[assignment.VariantProperty]
		}
		isSeveral = isSeveral || said[assignment.VariantProperty] != variant
	}
	return first, variant, isSeveral
}

// segmentOf reads the segment of a person: at their last own step before the exposure that says it, else at the first one after, else at the exposure.
// Steps before come first because what somebody does after it, such as an order that a server sends without a device, is what is compared.
func (c comparison) segmentOf(life []step.Row, exposure int) string {
	for i := exposure; i >= 0; i-- {
		if said := c.q.By.Of(&life[i]); life[i].IsActivity() && said != analysis.Unknown {
			return said
		}
	}
	for i := exposure; i < len(life); i++ {
		if said := c.q.By.Of(&life[i]); life[i].IsActivity() && said != analysis.Unknown {
			return said
		}
	}
	return c.q.By.Of(&life[exposure])
}

// outcome is what came of a person by a metric, from the steps that count.
func outcome(m assignment.Metric, after []step.Row) (did bool, revenue money.Sum, foreign int64) {
	if m.Currency == "" {
		return slices.ContainsFunc(after, func(r step.Row) bool { return isOf(m.Event, &r) }), revenue, 0
	}
	var own []string // orders after the exposure: of older ones, nothing that is taken back counts
	for i := range after {
		o := after[i].Order
		switch {
		case o == nil:
			continue
		case o.Kind == event.Completed && o.Currency != m.Currency:
			foreign++
			continue
		case o.Kind == event.Completed:
			own = append(own, o.ID)
		case o.Currency != m.Currency || !slices.Contains(own, o.ID):
			continue
		}
		did, revenue = true, revenue.Plus(money.SumOf(o.Net()))
	}
	return did, revenue, foreign
}

// orderKinds are the events that say something of an order; a step of theirs counts where the order does.
var orderKinds = [...]struct {
	name string
	kind event.OrderKind
}{
	{event.OrderCompleted, event.Completed},
	{event.OrderUpdated, event.Updated},
	{event.OrderCancelled, event.Cancelled},
	{event.OrderRefunded, event.Refunded},
}

// isOf says whether a step is one of an event. The touchpoint of a copy of an order is not.
func isOf(name string, r *step.Row) bool {
	for _, of := range orderKinds {
		if of.name == name {
			return r.Order != nil && r.Order.Kind == of.kind
		}
	}
	return r.Event == name && r.IsTouchpoint()
}

// join puts a part to another.
func (c comparison) join(to, part *counts) {
	add(to.arms, part.arms)
	for name, arms := range part.segments {
		if to.segments[name] == nil {
			to.segments[name] = c.arms()
		}
		add(to.segments[name], arms)
	}
	to.several, to.unknown, to.earlier = to.several+part.several, to.unknown+part.unknown, to.earlier+part.earlier
	to.open += part.open
	for i, n := range part.foreign {
		to.foreign[i] += n
	}
}

func add(to, more []arm) {
	for i := range to {
		to[i].persons += more[i].persons
		for j, t := range more[i].tallies {
			of := &to[i].tallies[j]
			of.converted += t.converted
			of.revenue = of.revenue.Plus(t.revenue)
			of.values = append(of.values, t.values...)
		}
	}
}

// sample is what statistics know of an arm by a metric. Floats are summed in the order of their size, so that no other order shows.
func (a arm) sample(metric int, m assignment.Metric) stats.Sample {
	t := &a.tallies[metric]
	if m.Currency == "" {
		return stats.Proportion(t.converted, a.persons)
	}
	slices.Sort(t.values)
	var sum, squares float64
	for _, v := range t.values {
		sum += v
	}
	n := float64(a.persons)
	mean := sum / n
	for _, v := range t.values {
		squares += (v - mean) * (v - mean)
	}
	squares += (n - float64(len(t.values))) * mean * mean
	return stats.Sample{N: a.persons, Mean: mean, Variance: squares / (n - 1)}
}
