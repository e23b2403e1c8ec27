// Package trigger answers what goes with buying: which events and traits the persons have who buy, corrected for looking at many, and which events
// stand right before the decision. It finds what goes together, and says nothing of causes: an experiment does.
//
// A decision is a person's first order within the time asked for. Persons count who did something within it, before an order or without one.
//
//	plan, err := trigger.Analysis().Prepare(question)
package trigger

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/stats"
	"waymark/shared/domain/step"
)

// Analysis answers which events and traits go with a decision.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "triggers", Version: 1,
		Sentence: "Which events and traits go with buying, and which events stand right before the decision, corrected for looking at many?",
		Parameters: []analysis.Parameter{
			{Name: "last", Sentence: "how many things a person did last are looked at, 1 to 20", Default: "5"},
			{Name: "least", Sentence: "persons who must have an event or trait that it is tested, 1 to 1000000", Default: "10"},
		},
		Prepare: prepare,
	}
}

// mostRows is how many rows a table has; what is tested is corrected for all.
const mostRows = 200

type asked struct {
	analysis.Question
	last, least int
}

func prepare(q analysis.Question) (plan analysis.Plan, err error) {
	a := asked{Question: q}
	if !q.By.IsZero() {
		return plan, analysis.Bad("by", "triggers has no breakdown: events and traits are its rows; choose persons with segment instead")
	}
	if a.last, err = q.Number("last", 5, 1, 20); err != nil {
		return plan, err
	}
	if a.least, err = q.Number("least", 10, 1, 1_000_000); err != nil {
		return plan, err
	}
	return analysis.Plan{
		From: q.Start(), To: q.Known(), Answer: a.answer,
		Columns: step.ColumnsOf(step.Event, step.Page, step.Session, step.OrderMoney, step.Device, step.Country, step.SessionChannel, step.FirstChannel),
	}, nil
}

// thing is an event that persons did, or a trait that they have.
type thing struct{ kind, value string }

func (t thing) compare(other thing) int {
	return cmp.Or(cmp.Compare(t.kind, other.kind), cmp.Compare(t.value, other.value))
}

// group is persons who decided, or persons who did not.
type group struct {
	persons int64
	had     map[thing]int64
	last    map[string]int64
}

// counted is all that the tables are made of.
type counted struct {
	deciders, others group
	silent           int64 // deciders who did nothing before, within the time
}

func (a asked) begin() *counted {
	of := func() group { return group{had: map[thing]int64{}, last: map[string]int64{}} }
	return &counted{deciders: of(), others: of()}
}

func (a asked) add(to *counted, life []step.Row) {
	var did []string // in order
	first := -1
	isDecided := false
	for i := range life {
		r := &life[i]
		if r.Order != nil && r.Order.Kind == event.Completed {
			isDecided = true
			break
		}
		if !r.IsActivity() || r.Order != nil {
			continue
		}
		if first < 0 {
			first = i
		}
		did = append(did, nameOf(r))
	}
	switch {
	case first < 0 && isDecided:
		to.silent++
		return
	case first < 0:
		return
	}
	g := &to.others
	if isDecided {
		g = &to.deciders
	}
	g.persons++
	for _, name := range distinct(did[max(0, len(did)-a.last):]) {
		g.last[name]++
	}
	for _, name := range distinct(did) {
		g.had[thing{"event", name}]++
	}
	r := &life[first]
	for _, trait := range []thing{{"device", r.Device}, {"country", r.Country}, {"channel", r.SessionChannel}, {"first_channel", r.FirstChannel}} {
		g.had[thing{trait.kind, cmp.Or(trait.value, analysis.Unknown)}]++
	}
}

func nameOf(r *step.Row) string {
	return cmp.Or(r.Event, r.Page, analysis.Unknown)
}

func distinct(names []string) []string {
	out := slices.Clone(names)
	slices.Sort(out)
	return slices.Compact(out)
}

func join(to, part *counted) {
	to.silent += part.silent
	for _, pair := range [][2]*group{{&to.deciders, &part.deciders}, {&to.others, &part.others}} {
		pair[0].persons += pair[1].persons
		for t, n := range pair[1].had {
			pair[0].had[t] += n
		}
		for name, n := range pair[1].last {
			pair[0].last[name] += n
		}
	}
}

func (a asked) answer(lives analysis.Lives) (analysis.Answer, error) {
	c := analysis.Fold(lives, a.begin, a.add, join)
	triggers, triggersLeft := a.triggers(c)
	correlations, correlationsLeft := a.correlations(c)
	out := analysis.Answer{
		Tables: []analysis.Table{triggers, correlations},
		Notes: []string{
			fmt.Sprintf("%d persons decided and %d did not, of those who did something before. q is p by Benjamini and Hochberg: of the rows with q of at most .05, one in twenty is chance, on the average.",
				c.deciders.persons, c.others.persons),
			"What goes with buying need not cause it. Persons who buy late had more time to do things before; compare like with like by segment.",
		},
	}
	if c.silent > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d persons bought without having done anything before, within the time; they are in no row.", c.silent))
	}
	if left := triggersLeft + correlationsLeft; left > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d events and traits are left out: fewer than %d persons have them, or %d others are clearer.", left, a.least, mostRows))
	}
	return out, nil
}

// tested is one comparison of two shares.
type tested struct {
	thing
	k1, n1, k2, n2 int64
	p, q           float64
}

// test gives the comparisons with what they come to among all, the clearest first, and how many were left out.
func (a asked) test(all []tested) (kept []tested, left int) {
	for _, t := range all {
		if t.k1+t.k2 >= int64(a.least) && t.n1 > 0 && t.n2 > 0 {
			t.p = stats.Fisher(t.k1, t.n1, t.k2, t.n2)
			kept = append(kept, t)
		}
	}
	left = len(all) - len(kept)
	slices.SortFunc(kept, func(x, y tested) int { return cmp.Or(cmp.Compare(x.p, y.p), x.compare(y.thing)) })
	p := make([]float64, len(kept))
	for i := range kept {
		p[i] = kept[i].p
	}
	for i, q := range stats.BenjaminiHochberg(p) {
		kept[i].q = q
	}
	if len(kept) > mostRows {
		left += len(kept) - mostRows
		kept = kept[:mostRows]
	}
	return kept, left
}

func (t tested) difference() analysis.Value {
	difference, low, high := stats.Newcombe(t.k2, t.n2, t.k1, t.n1)
	return analysis.Estimate(difference, low, high, t.n1+t.n2, 6)
}

var endColumns = [...]analysis.Column{
	{Name: "p", Unit: analysis.Score, Sentence: "Fisher's exact test, two-sided"},
	{Name: "q", Unit: analysis.Score, Sentence: "p among all that were tested (Benjamini and Hochberg)"},
}

func (a asked) triggers(c *counted) (analysis.Table, int) {
	table := analysis.Table{
		Name: "triggers", Sentence: fmt.Sprintf("an event among the last %d that persons did; each person is in as many rows as they did different ones", a.last),
		Columns: append([]analysis.Column{
			{Name: "event", Unit: analysis.Text, Sentence: "name of the event, or path of the page"},
			{Name: "deciders", Unit: analysis.Ratio, Sentence: "of the persons who bought, those who did it right before their first order"},
			{Name: "others", Unit: analysis.Ratio, Sentence: "of the persons who did not buy, those who did it among the last they did"},
			{Name: "lift", Unit: analysis.Score, Sentence: "deciders ÷ others"},
			{Name: "difference", Unit: analysis.Ratio, Sentence: "deciders − others, with its interval of 95 % by Newcombe"},
		}, endColumns[:]...),
	}
	var all []tested
	for _, name := range keys(c.deciders.last, c.others.last) {
		all = append(all, tested{thing: thing{"event", name}, k1: c.deciders.last[name], n1: c.deciders.persons, k2: c.others.last[name], n2: c.others.persons})
	}
	kept, left := a.test(all)
	for _, t := range kept {
		lift := analysis.None()
		if t.k2 > 0 {
			lift = analysis.Number(float64(t.k1)*float64(t.n2)/float64(t.n1)/float64(t.k2), 4)
		}
		table.Row(analysis.Word(t.value), analysis.Rate(t.k1, t.n1), analysis.Rate(t.k2, t.n2), lift, t.difference(), analysis.Number(t.p, 9), analysis.Number(t.q, 9))
	}
	return table, left
}

func (a asked) correlations(c *counted) (analysis.Table, int) {
	table := analysis.Table{
		Name: "correlations", Sentence: "persons who did something before they bought, or at all, or who have a trait, beside all others; the two make up all persons",
		Columns: append([]analysis.Column{
			{Name: "kind", Unit: analysis.Text, Sentence: "event, or the trait: device, country or channel of the first thing done within the time, first_channel of all"},
			{Name: "value", Unit: analysis.Text, Sentence: "name of the event or value of the trait"},
			{Name: "conversion_with", Unit: analysis.Ratio, Sentence: "of the persons who have it, those who bought afterwards"},
			{Name: "conversion_without", Unit: analysis.Ratio, Sentence: "of all others, those who bought"},
			{Name: "difference", Unit: analysis.Ratio, Sentence: "with − without, with its interval of 95 % by Newcombe"},
		}, endColumns[:]...),
	}
	var all []tested
	for _, t := range slices.SortedFunc(maps.Keys(both(c.deciders.had, c.others.had)), thing.compare) {
		bought, not := c.deciders.had[t], c.others.had[t]
		all = append(all, tested{thing: t, k1: bought, n1: bought + not, k2: c.deciders.persons - bought, n2: c.deciders.persons - bought + c.others.persons - not})
	}
	kept, left := a.testWith(all)
	for _, t := range kept {
		table.Row(analysis.Word(t.kind), analysis.Word(t.value), analysis.Rate(t.k1, t.n1), analysis.Rate(t.k2, t.n2), t.difference(), analysis.Number(t.p, 9), analysis.Number(t.q, 9))
	}
	return table, left
}

// testWith is test of those things that enough persons have.
func (a asked) testWith(all []tested) ([]tested, int) {
	enough := slices.DeleteFunc(slices.Clone(all), func(t tested) bool { return t.n1 < int64(a.least) })
	kept, left := (asked{least: 0}).test(enough)
	return kept, left + len(all) - len(enough)
}

func keys(a, b map[string]int64) []string { return slices.Sorted(maps.Keys(both(a, b))) }

func both[K comparable](a, b map[K]int64) map[K]int64 {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}
