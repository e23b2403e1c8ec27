package journeymap

import (
	"cmp"
	"fmt"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/feedback"
	"waymark/shared/domain/stats"
)

// finding is one number of a cell in two maps.
type finding struct {
	at                        key
	metric                    string
	first, second, difference analysis.Value
	p                         float64
}

// findings compares what both maps have of a cell.
func (m *chart) findings(first, second *chart, at key) []finding {
	a, b := first.at(at), second.at(at)
	var out []finding
	rate := func(metric string, k1, n1, k2, n2 int64) {
		if n1 == 0 || n2 == 0 {
			return
		}
		d, low, high := stats.Newcombe(k1, n1, k2, n2)
		out = append(out, finding{at, metric, analysis.Rate(k1, n1), analysis.Rate(k2, n2), analysis.Estimate(d, low, high, n1+n2, 4), feedback.RateP(k1, n1, k2, n2)})
	}
	rate("persons", a.persons, first.persons, b.persons, second.persons)
	if m.goesOn(at.stage) {
		rate("conversion", a.decidedConverted, a.decided, b.decidedConverted, b.decided)
	}
	k1, n1, k2, n2 := longer(a.first, b.first)
	rate("long_dwell", k1, n1, k2, n2)
	rate("errors", a.errors, a.persons, b.errors, b.persons)
	if a.scores.N > 0 && b.scores.N > 0 {
		out = append(out, finding{
			at, "sentiment", a.scores.Estimate(feedback.Unit, 4), b.scores.Estimate(feedback.Unit, 4), b.scores.Less(&a.scores, feedback.Unit, 4),
			b.scores.P(&a.scores),
		})
	}
	return out
}

// longer counts first stays that are longer than the median of both maps together (Mood's median test). A stay that goes on and is not so long yet may
// become so; it is in neither count.
func longer(a, b []firstStay) (k1, n1, k2, n2 int64) {
	all := slices.Concat(a, b)
	if len(all) == 0 {
		return 0, 0, 0, 0
	}
	slices.SortFunc(all, func(x, y firstStay) int { return cmp.Compare(x.length, y.length) })
	middle := all[(len(all)-1)/2].length
	count := func(of []firstStay, middle event.Millis) (k, n int64) {
		for _, s := range of {
			if s.length > middle {
				k, n = k+1, n+1
			} else if s.isEnded {
				n++
			}
		}
		return k, n
	}
	k1, n1 = count(a, middle)
	k2, n2 = count(b, middle)
	return k1, n1, k2, n2
}

// compareTable is what tells two maps apart, and what to know of it.
func (p *plan) compareTable(first, second *chart) (analysis.Table, string) {
	names := [2]string{"persons outside of " + p.segment.Text, "persons of " + p.segment.Text}
	if p.other != nil {
		names = [2]string{
			"the period from " + p.q.Day(p.other.start) + " to " + p.q.Day(p.other.end),
			"the period from " + p.q.Day(p.q.Start()) + " to " + p.q.Day(p.q.End()),
		}
	}
	out := analysis.Table{
		Name: "comparison", Sentence: "The first map is of " + names[0] + ", the second of " + names[1] + ". A row is a number of a cell that both have.",
		Columns: []analysis.Column{
			stageColumn(), first.column(),
			{Name: "metric", Unit: analysis.Text, Sentence: "persons: of all persons with a stay, those with one here; conversion: as in the map; long_dwell: of the persons here, whose first stay " +
				"is longer than the median of both maps; errors: persons with an event of trouble; sentiment: mean compound"},
			{Name: "first", Unit: analysis.Score, Sentence: "in the first map"},
			{Name: "second", Unit: analysis.Score, Sentence: "in the second map"},
			{Name: "difference", Unit: analysis.Score, Sentence: "second less first; interval of 95 % of this number alone, by Newcombe, of sentiment by Welch"},
			{Name: "p", Unit: analysis.Score, Sentence: "probability of such a difference if there were none: Fisher's exact test (z-test of more than a thousand), of sentiment Welch's"},
			{Name: "differs", Unit: analysis.Text, Sentence: "more or less, where the difference remains at 5 % with Holm's correction for all rows of the table"},
		},
	}
	var all []finding
	both := second.chartWith(first)
	for _, at := range both.keys() {
		all = append(all, both.findings(first, second, at)...)
	}
	probabilities := make([]float64, len(all))
	for i, f := range all {
		probabilities[i] = f.p
	}
	bound := feedback.Holm(probabilities, .05)
	differing := 0
	for _, f := range all {
		differs := ""
		if d, ok := f.difference.Float(); ok && f.p <= bound && d != 0 {
			differing++
			differs = map[bool]string{true: "more", false: "less"}[d > 0]
		}
		out.Row(append(f.at.words(), analysis.Word(f.metric), f.first, f.second, f.difference, analysis.Number(f.p, 6), analysis.Word(differs))...)
	}
	note := fmt.Sprintf("%d numbers of two maps were compared, and %d differ. Of maps that do not differ, 95 of 100 comparisons find nothing.", len(all), differing)
	if p.other != nil {
		note += " Who is in both periods counts in both, as if they were two persons; that hides differences rather than makes them."
	}
	return out, note
}

// chartWith is a chart that has the cells of both, for their order.
func (m *chart) chartWith(other *chart) *chart {
	out := m.chart(m.stages, m.in)
	for _, from := range []*chart{other, m} {
		for at, c := range from.cells {
			out.cell(at).persons += c.persons
		}
	}
	return out
}
