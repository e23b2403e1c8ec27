package change

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/series"
)

// Values that stand for what no single value of a dimension has.
const (
	// Several is persons who were counted in several values: the whole less the sum of the values.
	Several = "(in several values)"
	// Other is all values that have no row of their own.
	Other = "(other)"
)

// mostValues is how many values of a dimension have a row.
const mostValues = 20

func spanColumns(of ...analysis.Column) []analysis.Column {
	return columns(append([]analysis.Column{
		{Name: "kind", Unit: analysis.Text, Sentence: "level or spike of table changes, or period: the one asked for beside the one before"},
		{Name: "before", Unit: analysis.Text, Sentence: "the stretch of time that is compared with, FROM/TO"},
		{Name: "after", Unit: analysis.Text, Sentence: "the stretch of time that is compared, FROM/TO"},
	}, of...)...)
}

func (a *asked) words(c comparison) []analysis.Value {
	text := func(s series.Span) string {
		w, err := a.Calendar.Period(s.Start.Time(), s.End.Time())
		if err != nil {
			return a.Instant(s.Start) + "/" + a.Instant(s.End)
		}
		return w.Key
	}
	return append(c.line.words(), analysis.Word(c.kind), analysis.Word(text(c.before)), analysis.Word(text(c.after)))
}

// drivers divides differences up by the values of the dimension.
func (a *asked) drivers(lives analysis.Lives, wanted []comparison) (differences, counts, rates *analysis.Table, notes []string) {
	differences, counts, rates = a.tables()
	if len(wanted) == 0 {
		return differences, counts, rates, nil
	}
	request := series.Asked{By: a.by}
	for _, c := range wanted {
		request.Sets = append(request.Sets, []series.Span{earlier(c.before, c.after), later(c.before, c.after)})
	}
	for i, pair := range series.Count(lives, request) {
		c := wanted[i]
		before, after := pair[0], pair[1]
		if c.before.Start > c.after.Start {
			before, after = after, before
		}
		words := a.words(c)
		was, is := c.Of(before.Whole, c.currency), c.Of(after.Whole, c.currency)
		if !c.IsRate() {
			difference := is.Minus(was, c.Metric)
			differences.Row(slices.Concat(words, []analysis.Value{was.Value(c.Metric), is.Value(c.Metric), difference.Value(c.Metric)})...)
			for _, p := range a.parts(c, before, after) {
				counts.Row(slices.Concat(words, []analysis.Value{analysis.Word(p.value), p.was.Value(c.Metric), p.is.Value(c.Metric), p.is.Minus(p.was, c.Metric).Value(c.Metric)})...)
			}
			continue
		}
		if was.Denominator == 0 || is.Denominator == 0 {
			differences.Row(slices.Concat(words, []analysis.Value{was.Value(c.Metric), is.Value(c.Metric), analysis.None()})...)
			notes = append(notes, fmt.Sprintf("%s has no value in one of %s and %s, so their difference is not divided up.", c.Name, words[3], words[4]))
			continue
		}
		parts, difference := effects(a.parts(c, before, after), was, is)
		differences.Row(slices.Concat(words, []analysis.Value{was.Value(c.Metric), is.Value(c.Metric), billionths(difference)})...)
		for _, p := range parts {
			rates.Row(slices.Concat(words, []analysis.Value{analysis.Word(p.value), p.shown(p.was, c.Metric), p.shown(p.is, c.Metric), billionths(p.mix), billionths(p.rate), billionths(p.mix + p.rate)})...)
		}
	}
	return differences, counts, rates, notes
}

func (a *asked) tables() (differences, counts, rates *analysis.Table) {
	before := analysis.Column{Name: "value_before", Unit: analysis.Score, Sentence: "in the metric's unit"}
	after := analysis.Column{Name: "value_after", Unit: analysis.Score, Sentence: "in the metric's unit"}
	value := analysis.Column{Name: "value", Unit: analysis.Text, Sentence: "of " + a.by.Name}
	differences = &analysis.Table{
		Name: "differences", Sentence: "a difference between two stretches of time, that the next tables divide up",
		Columns: spanColumns(before, after, analysis.Column{Name: "difference", Unit: analysis.Score, Sentence: "value_after − value_before"}),
	}
	counts = &analysis.Table{
		Name: "drivers", Sentence: "what one value of " + a.by.Name + " adds to a difference of counts or amounts; the rows of a difference add up to it exactly",
		Columns: spanColumns(value, before, after, analysis.Column{Name: "difference", Unit: analysis.Score, Sentence: "value_after − value_before"}),
	}
	rates = &analysis.Table{
		Name: "rate_drivers", Sentence: "what one value of " + a.by.Name + " adds to a difference of rates; the effects of a difference add up to it exactly",
		Columns: spanColumns(value, before, after,
			analysis.Column{Name: "mix", Unit: analysis.Ratio, Sentence: "because the value has another part of the denominator than before: its change × (the value's rate − the whole's), each the mean of both times (Shapley)"},
			analysis.Column{Name: "rate", Unit: analysis.Ratio, Sentence: "because the value's own rate is another one: its change × the value's part, the mean of both times (Shapley)"},
			analysis.Column{Name: "effect", Unit: analysis.Ratio, Sentence: "mix + rate"}),
	}
	return differences, counts, rates
}

func earlier(a, b series.Span) series.Span {
	if b.Start < a.Start {
		return b
	}
	return a
}

func later(a, b series.Span) series.Span {
	if b.Start < a.Start {
		return a
	}
	return b
}

// part is what one value has before and after.
type part struct {
	value     string
	was, is   series.Number
	mix, rate int64 // billionths, of rates
}

// shown is a rate of a part; of persons who are in several values there is none.
func (p part) shown(n series.Number, m series.Metric) analysis.Value {
	if p.value == Several {
		return analysis.None()
	}
	return n.Value(m)
}

// parts are all values, the largest differences first, then the others as one, then the persons who are in several.
func (a *asked) parts(c comparison, before, after series.Counted) []part {
	var out []part
	number := func(of *series.Tally) series.Number {
		if of == nil {
			of = &series.Tally{}
		}
		return c.Of(*of, c.currency)
	}
	restBefore, restAfter := before.Whole, after.Whole
	for _, value := range series.Values(before, after) {
		b, n := before.By[value], after.By[value]
		if b != nil {
			restBefore = restBefore.Minus(b)
		}
		if n != nil {
			restAfter = restAfter.Minus(n)
		}
		if p := (part{value: value, was: number(b), is: number(n)}); !isNothing(p.was, c) || !isNothing(p.is, c) {
			out = append(out, p)
		}
	}
	size := func(p part) float64 {
		return math.Abs(p.is.Minus(p.was, c.Metric).Float(c.Metric)) + math.Abs(float64(p.is.Denominator-p.was.Denominator))
	}
	slices.SortStableFunc(out, func(a, b part) int { return cmp.Or(-cmp.Compare(size(a), size(b)), cmp.Compare(a.value, b.value)) })
	if len(out) > mostValues {
		other := part{value: Other, was: out[mostValues].was, is: out[mostValues].is}
		for _, p := range out[mostValues+1:] {
			other.was, other.is = plus(other.was, p.was, c), plus(other.is, p.is, c)
		}
		out = append(out[:mostValues], other)
	}
	if p := (part{value: Several, was: number(&restBefore), is: number(&restAfter)}); !isNothing(p.was, c) || !isNothing(p.is, c) {
		out = append(out, p)
	}
	return out
}

func isNothing(n series.Number, c comparison) bool {
	return n.Numerator.IsZero() && (!c.IsRate() || n.Denominator == 0)
}

func plus(a, b series.Number, c comparison) series.Number {
	out := series.Number{Numerator: a.Numerator.Add(b.Numerator), Denominator: 1}
	if c.IsRate() {
		out.Denominator = a.Denominator + b.Denominator
	}
	return out
}

// billion is in how many parts effects on rates are reckoned, so that they add up to the last digit.
const billion = 1e9

func billionths(n int64) analysis.Value { return analysis.Number(float64(n)/billion, 9) }

// effects divides the difference of a rate up among its parts: Δ(part × rate) = Δpart × mean rate + mean part × Δrate, where a part is the value's
// share of the denominator; the mean rate of the whole is taken off the first, which changes no sum, for the parts are 1 together. A value without
// a denominator at one time has the rate of the other time there.
func effects(parts []part, was, is series.Number) ([]part, int64) {
	share := func(n, whole series.Number) float64 { return float64(n.Denominator) / float64(whole.Denominator) }
	of := func(n, whole series.Number) float64 { return float64(n.Count()) / float64(whole.Denominator) }
	middle := (of(was, was) + of(is, is)) / 2
	difference := int64(math.Round((of(is, is) - of(was, was)) * billion))
	exact := make([]float64, len(parts))
	sum := int64(0)
	for i := range parts {
		p := &parts[i]
		moved := share(p.is, is) - share(p.was, was)
		mean := 0.0
		switch before, after := p.was.Denominator, p.is.Denominator; {
		case before != 0 && after != 0:
			mean = (float64(p.was.Count())/float64(before) + float64(p.is.Count())/float64(after)) / 2
		case before != 0:
			mean = float64(p.was.Count()) / float64(before)
		case after != 0:
			mean = float64(p.is.Count()) / float64(after)
		}
		mix := moved * (mean - middle)
		exact[i] = (of(p.is, is) - of(p.was, was) - moved*middle) * billion
		p.mix = int64(math.Round(mix * billion))
		p.rate = int64(math.Floor(exact[i])) - p.mix
		sum += p.mix + p.rate
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return -cmp.Compare(exact[a]-math.Floor(exact[a]), exact[b]-math.Floor(exact[b]))
	})
	for n := 0; sum != difference && len(order) > 0; n++ { // the largest remainders take what rounding left
		step := int64(1)
		if sum > difference {
			step = -1
		}
		parts[order[n%len(order)]].rate += step
		sum += step
	}
	return parts, difference
}
