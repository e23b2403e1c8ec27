package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/stats"
)

const (
	// mismatch is the p below which persons did not come to variants by their weights. It is small, for whoever looks every day looks often.
	mismatch = .001
	// maxSegments is how many segments have rows of their own: the largest.
	maxSegments = 50
)

func (c comparison) answer(lives analysis.Lives) (analysis.Answer, error) {
	n := analysis.Fold(lives, c.begin, c.add, c.join)
	tables := []analysis.Table{c.variants(n), c.ratio(n), c.results(n)}
	if !c.q.By.IsZero() {
		tables = append(tables, c.bySegment(n))
	}
	if c.detect > 0 {
		tables = append(tables, c.size(n))
	}
	return analysis.Answer{Tables: tables, Notes: c.notes(n)}, nil
}

func (c comparison) variants(n *counts) analysis.Table {
	t := analysis.Table{
		Name: "variants", Sentence: "A row is a variant with the persons whose first exposure was to it; the rows add up to all persons exposed.",
		Columns: []analysis.Column{
			{Name: "variant", Unit: analysis.Text, Sentence: "id of the variant, the control first; in brackets, who is left out of all else"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "persons whose first exposure of the experiment was in the time asked for"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all persons exposed"},
			{Name: "weight", Unit: analysis.Ratio, Sentence: "share that the variant's weight lets expect"},
		},
	}
	all, weights := n.several+n.unknown, 0
	for i, v := range c.Variants {
		all, weights = all+n.arms[i].persons, weights+v.Weight
	}
	for i, v := range c.Variants {
		weight := analysis.Number(float64(v.Weight)/float64(weights), digits)
		t.Row(analysis.Word(v.ID), analysis.Count(n.arms[i].persons), analysis.Rate(n.arms[i].persons, all), weight)
	}
	t.Row(analysis.Word("(several variants)"), analysis.Count(n.several), analysis.Rate(n.several, all), analysis.None())
	t.Row(analysis.Word("(unknown variant)"), analysis.Count(n.unknown), analysis.Rate(n.unknown, all), analysis.None())
	return t
}

// ratioOf tests whether persons came by the weights.
func (c comparison) ratioOf(n *counts) stats.ChiSquared {
	observed, weights := make([]int64, len(c.Variants)), make([]float64, len(c.Variants))
	for i, v := range c.Variants {
		observed[i], weights[i] = n.arms[i].persons, float64(v.Weight)
	}
	return stats.SampleRatio(observed, weights)
}

func (c comparison) ratio(n *counts) analysis.Table {
	t := analysis.Table{
		Name: "ratio", Sentence: "Whether persons came to the variants by their weights. Where they did not, no other number is to be trusted.",
		Columns: []analysis.Column{
			{Name: "chi_square", Unit: analysis.Score, Sentence: "of the persons of the variants against what the weights let expect"},
			{Name: "freedom", Unit: analysis.Counts, Sentence: "degrees of freedom"},
			{Name: "p", Unit: analysis.Ratio, Sentence: "how often chance alone is as far off"},
			{Name: "verdict", Unit: analysis.Text, Sentence: "mismatch where p is below 0.001, else as planned"},
		},
	}
	of := c.ratioOf(n)
	verdict := "as planned"
	switch {
	case math.IsNaN(of.P):
		verdict = tooFew
	case of.P < mismatch:
		verdict = "mismatch"
	}
	t.Row(number(of.Statistic), analysis.CountOf(max(0, of.Freedom)), number(of.P), analysis.Word(verdict))
	return t
}

func (c comparison) results(n *counts) analysis.Table {
	t := analysis.Table{
		Name: "results", Sentence: "A row is a variant by a metric. The persons of a metric's rows add up to those of the variants.",
		Columns: append([]analysis.Column{
			{Name: "metric", Unit: analysis.Text, Sentence: "an event that persons did, or net revenue"},
			{Name: "role", Unit: analysis.Text, Sentence: "goal, or guardrail: what must not get worse"},
		}, outcomeColumns()...),
	}
	for i, m := range c.metrics {
		role, level := "guardrail", alpha
		if i == 0 {
			role, level = "goal", alpha/float64(c.comparisons())
		}
		for v := range c.Variants {
			row := c.outcome(n.arms, v, i, level)
			t.Row(append([]analysis.Value{analysis.Word(m.Name()), analysis.Word(role)}, row.values(level)...)...)
		}
	}
	return t
}

// comparisons are how many variants are compared with the control.
func (c comparison) comparisons() int { return len(c.Variants) - 1 }

// bySegment is the goal by segment. Every segment is a look of its own, so that intervals and p are corrected for all of them.
func (c comparison) bySegment(n *counts) analysis.Table {
	t := analysis.Table{
		Name: "segments", Sentence: "A row is a variant in a segment, by the goal. The persons of a variant's rows add up to those of the variant.",
		Columns: append([]analysis.Column{{Name: c.q.By.Name, Unit: analysis.Text, Sentence: "at the person's last own step before the exposure that says it, else the first after"}},
			append(outcomeColumns(), analysis.Column{
				Name: "q", Unit: analysis.Ratio,
				Sentence: "of the comparisons with a q of at most this, such a share is false on the average (Benjamini–Hochberg over p at one look)",
			})...),
	}
	names, arms := c.largest(n)
	level := alpha / float64(c.looks(len(names)))
	var rows []result
	var ps []float64
	for i := range names {
		for v := range c.Variants {
			r := c.outcome(arms[i], v, 0, level)
			if rows = append(rows, r); !math.IsNaN(r.difference.P) && r.isCompared {
				ps = append(ps, r.difference.P)
			}
		}
	}
	qs := stats.BenjaminiHochberg(ps)
	for i, r := range rows {
		q := analysis.None()
		if !math.IsNaN(r.difference.P) && r.isCompared {
			q, qs = number(qs[0]), qs[1:]
		}
		t.Row(append(append([]analysis.Value{analysis.Word(names[i/len(c.Variants)])}, r.values(level)...), q)...)
	}
	return t
}

// looks is how many comparisons the segments make: each variant in each segment, of each dimension that was to be looked at, and of this one.
func (c comparison) looks(segments int) int {
	dimensions := len(c.Segments)
	if !slices.Contains(c.Segments, c.q.By.Name) {
		dimensions++
	}
	return max(1, c.comparisons()*segments*dimensions)
}

// largest are the segments with the most persons, and the rest as one.
func (c comparison) largest(n *counts) (names []string, arms [][]arm) {
	persons := map[string]int64{}
	for name, arms := range n.segments {
		names = append(names, name)
		for _, a := range arms {
			persons[name] += a.persons
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(persons[b], persons[a]), cmp.Compare(a, b)) })
	var rest []string
	if len(names) > maxSegments {
		names, rest = names[:maxSegments], names[maxSegments:]
	}
	for _, name := range names {
		arms = append(arms, n.segments[name])
	}
	if len(rest) > 0 {
		other := c.arms()
		for _, name := range rest {
			add(other, n.segments[name])
		}
		names, arms = append(names, fmt.Sprintf("(other: %d segments)", len(rest))), append(arms, other)
	}
	return names, arms
}

// notes say what the numbers leave out, what they were corrected for, and what is wrong with them.
func (c comparison) notes(n *counts) []string {
	var out []string
	say := func(isSo bool, format string, args ...any) {
		if isSo {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	of := c.ratioOf(n)
	say(of.P < mismatch, "Persons did not come to the variants by their weights (p %.2g): find out why before any other number is believed.", of.P)
	say(c.q.Known() <= c.From, "The experiment begins at %s.", c.q.Instant(c.From))
	say(c.comparisons() > 1, "%d variants are compared with %s: intervals are of %.4g %% each, and p is multiplied by %d (Bonferroni), so that 5 %% holds of all together. "+
		"Guardrails are not corrected.", c.comparisons(), c.Control(), 100*(1-alpha/float64(c.comparisons())), c.comparisons())
	say(n.several > 0, "%d persons saw several variants and are left out.", n.several)
	say(n.unknown > 0, "%d persons saw a variant that the experiment does not have and are left out.", n.unknown)
	say(n.earlier > 0, "%d persons were exposed before the time asked for and are left out.", n.earlier)
	say(n.open > 0, "For %d persons the window is not over: what they do until then is not known yet.", n.open)
	for i, m := range c.metrics {
		say(n.foreign[i] > 0, "%d orders of other currencies than %s are left out of %s.", n.foreign[i], m.Currency, m.Name())
	}
	if by := c.q.By; !by.IsZero() {
		looks := c.looks(min(len(n.segments), maxSegments+1))
		say(looks > 1, "By %s %d comparisons are made or were announced: intervals are of %.5g %% each, and p is multiplied by %d (Bonferroni).",
			by.Name, looks, 100*(1-alpha/float64(looks)), looks)
		say(!slices.Contains(c.Segments, by.Name), "The experiment did not announce to look at %s (its segments: %s): a finding there is a question for the next experiment.",
			by.Name, cmp.Or(strings.Join(c.Segments, ", "), "none"))
	}
	say(!c.q.Segment.IsZero(), "The numbers are of the segment %s alone, and not corrected for how many segments were looked at.", c.q.Segment.Text)
	return out
}
