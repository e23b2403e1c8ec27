package attribution

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/money"
	"waymark/shared/domain/wide"
)

func sortCash(of []cash) {
	slices.SortFunc(of, func(a, b cash) int { return strings.Compare(a.currency, b.currency) })
}

// tables makes the answer of all that was read.
func (s *settings) tables(r *reader) (analysis.Answer, error) {
	p, known := newSet(r.paths.Sorted())
	var credits [models]credit
	for model, rule := range p.rules(s.position) {
		credits[model] = p.weighed(rule)
	}
	credits[timeDecay] = p.decayed(r.decay, r.paths.Names(), known)
	c, number, chained := p.chain(s.order, s.keepsLoops)
	lost, converts, err := c.effects(len(chained))
	if err != nil {
		return analysis.Answer{}, fmt.Errorf("solve the chain of %d states: %w", len(c.last), err)
	}
	credits[markov] = p.proportional(lost)

	rows := p.names
	if len(chained) > 0 && chained[len(chained)-1] == other && !slices.Contains(rows, other) {
		rows = append(slices.Clip(rows), other)
	}
	shown := func(label string, model int) int { // index into a model's credits, -1 where it has none of its own
		if model == markov {
			return slices.Index(chained, label)
		}
		return slices.Index(p.names, label)
	}
	out := analysis.Answer{Tables: []analysis.Table{
		s.conversions(rows, shown, credits), s.revenue(p, rows, shown, credits), p.removal(s.touchName(), chained, lost, converts, c, number),
		p.transitions(s.keepsLoops), p.roles(s.touchName()), p.top(s.top), s.totals(p, r),
	}}
	out.Notes = s.notes(r, len(known), len(p.names), len(chained))
	return out, nil
}

// conversions is the table of orders by label and model.
func (s *settings) conversions(rows []string, shown func(string, int) int, credits [models]credit) analysis.Table {
	t := analysis.Table{
		Name:     "conversions",
		Sentence: "Orders of the period by what touches are told by, as each model shares them. Each column adds up to the orders, to the last digit.",
		Columns:  []analysis.Column{{Name: s.touchName(), Unit: analysis.Text, Sentence: "of the sessions that are credited"}},
	}
	var micros [models][]*big.Int
	for model, name := range modelNames() {
		t.Columns = append(t.Columns, analysis.Column{Name: name[0], Unit: analysis.Score, Sentence: "orders: " + name[1]})
		micros[model] = apportioned(scaled(credits[model].conversions))
	}
	for _, label := range rows {
		values := []analysis.Value{analysis.Word(label)}
		for model := range models {
			if at := shown(label, model); at >= 0 {
				values = append(values, analysis.Number(float64(micros[model][at].Int64())/1e6, 6))
			} else {
				values = append(values, analysis.None())
			}
		}
		t.Row(values...)
	}
	sortRows(&t, 1+linear, 0)
	return t
}

// scaled are conversions in millionths.
func scaled(of []*big.Rat) []*big.Rat {
	out := make([]*big.Rat, len(of))
	for i, r := range of {
		out[i] = new(big.Rat).Mul(r, big.NewRat(1_000_000, 1))
	}
	return out
}

// sortRows puts the largest first, by a column of numbers and then by names.
func sortRows(t *analysis.Table, number, name int) {
	slices.SortStableFunc(t.Rows, func(a, b []analysis.Value) int {
		x, _ := a[number].Float()
		y, _ := b[number].Float()
		return cmp.Or(cmp.Compare(y, x), strings.Compare(a[name].String(), b[name].String()))
	})
}

func (s *settings) touchName() string {
	switch name := s.by.Name; name {
	case "session_channel", "session_campaign":
		return strings.TrimPrefix(name, "session_")
	default:
		return name
	}
}

// revenue is the table of money by currency, label and model.
func (s *settings) revenue(p *set, rows []string, shown func(string, int) int, credits [models]credit) analysis.Table {
	kind := map[bool]string{false: "Gross", true: "Net"}[s.isNet]
	t := analysis.Table{
		Name:     "revenue",
		Sentence: kind + " revenue of the period's orders, likewise. Each column adds up to the revenue of each currency, to the last digit.",
		Columns: []analysis.Column{
			{Name: s.touchName(), Unit: analysis.Text, Sentence: "of the sessions that are credited"},
			{Name: "currency", Unit: analysis.Text, Sentence: "of the amounts of the row"},
		},
	}
	for _, name := range modelNames() {
		t.Columns = append(t.Columns, analysis.Column{Name: name[0], Unit: analysis.Amount, Sentence: "revenue: " + name[1]})
	}
	for at, currency := range p.currencies {
		part := analysis.Table{Name: t.Name, Columns: t.Columns}
		var micros [models][]*big.Int
		for model := range models {
			micros[model] = apportioned(credits[model].revenue[at])
		}
		for _, label := range rows {
			values := []analysis.Value{analysis.Word(label), analysis.Word(currency)}
			for model := range models {
				value := analysis.None()
				if i := shown(label, model); i >= 0 {
					sum, _ := wide.OfBig(micros[model][i])
					value = analysis.Money(money.Sum{Wide: sum})
				}
				values = append(values, value)
			}
			part.Row(values...)
		}
		sortRows(&part, 2+linear, 0)
		t.Rows = append(t.Rows, part.Rows...)
	}
	return t
}

// removal is the table of what is lost without a label.
func (p *set) removal(by string, names []string, lost []float64, converts float64, c *chain, number []uint32) analysis.Table {
	t := analysis.Table{
		Name:     "removal_effects",
		Sentence: fmt.Sprintf("What the Markov chain of %d states loses without a channel: every path ends where it comes to it. Effects do not add up; orders are shared in proportion to them.", len(c.last)),
		Columns: []analysis.Column{
			{Name: by, Unit: analysis.Text, Sentence: "that is taken away"},
			{Name: "paths", Unit: analysis.Counts, Sentence: "that come by it, converted or not"},
			{Name: "removal_effect", Unit: analysis.Score, Sentence: "share of the conversions that is lost, from 0 to 1"},
			{Name: "conversion", Unit: analysis.Score, Sentence: "share of paths that convert"},
			{Name: "conversion_without", Unit: analysis.Score, Sentence: "share of paths that convert without it"},
		},
	}
	paths := make([]int64, len(names))
	for _, e := range p.entries {
		var seen []uint32
		for _, label := range e.Labels {
			if n := number[label]; !slices.Contains(seen, n) {
				seen = append(seen, n)
				paths[n] += e.Of.conversions + e.Of.nulls
			}
		}
	}
	for i, name := range names {
		t.Row(analysis.Word(name), analysis.Count(paths[i]), analysis.Number(lost[i], 9), analysis.Number(converts, 9), analysis.Number(converts*(1-lost[i]), 9))
	}
	sortRows(&t, 2, 0)
	return t
}

// What paths begin and end with, in the table of transitions.
const (
	atStart      = "(start)"
	atConversion = "(conversion)"
	atNull       = "(null)"
)

// transitions is the table of what follows what.
func (p *set) transitions(keepsLoops bool) analysis.Table {
	t := analysis.Table{
		Name:     "transitions",
		Sentence: "What comes after what in all paths, of the 60 most frequent values and all others as one. Of each but the ends, as many go out as come in, and shares of one origin add up to 1.",
		Columns: []analysis.Column{
			{Name: "from", Unit: analysis.Text, Sentence: "touch, or (start)"},
			{Name: "to", Unit: analysis.Text, Sentence: "next touch, (conversion), or (null) where no order came"},
			{Name: "transitions", Unit: analysis.Counts, Sentence: "how often, in all paths"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of all transitions from there"},
		},
	}
	number, names := p.folded(labelsOf(1))
	counts, out := map[[2]string]int64{}, map[string]int64{}
	count := func(from, to string, n int64) {
		if n > 0 {
			counts[[2]string{from, to}] += n
			out[from] += n
		}
	}
	for _, e := range p.entries {
		before := atStart
		for _, label := range e.Labels {
			if name := names[number[label]]; keepsLoops || name != before {
				count(before, name, e.Of.conversions+e.Of.nulls)
				before = name
			}
		}
		count(before, atConversion, e.Of.conversions)
		count(before, atNull, e.Of.nulls)
	}
	var of [][2]string
	for k := range counts {
		of = append(of, k)
	}
	slices.SortFunc(of, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	for _, k := range of {
		t.Row(analysis.Word(k[0]), analysis.Word(k[1]), analysis.Count(counts[k]), analysis.Rate(counts[k], out[k[0]]))
	}
	return t
}

// roles is the table of where in the paths of orders a label stands.
func (p *set) roles(by string) analysis.Table {
	t := analysis.Table{
		Name:     "roles",
		Sentence: "In how many orders' paths a channel is. The columns first and last add up to the orders; the others do not, for a path has several channels.",
		Columns: []analysis.Column{
			{Name: by, Unit: analysis.Text, Sentence: "of the touches"},
			{Name: "orders", Unit: analysis.Counts, Sentence: "with a touch of it"},
			{Name: "first", Unit: analysis.Counts, Sentence: "whose first touch it is"},
			{Name: "last", Unit: analysis.Counts, Sentence: "whose last touch it is"},
			{Name: "assisted", Unit: analysis.Counts, Sentence: "with a touch of it, the last being of another"},
			{Name: "assisting", Unit: analysis.Ratio, Sentence: "assisted of orders"},
			{Name: "conversion", Unit: analysis.Ratio, Sentence: "paths with a touch of it that converted"},
		},
	}
	n := len(p.names)
	orders, begins, ends, nulls := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for _, e := range p.entries {
		for i, label := range e.Labels {
			if !slices.Contains(e.Labels[:i], label) {
				orders[label], nulls[label] = orders[label]+e.Of.conversions, nulls[label]+e.Of.nulls
			}
		}
		begins[e.Labels[0]] += e.Of.conversions
		ends[e.Labels[len(e.Labels)-1]] += e.Of.conversions
	}
	for i, name := range p.names {
		t.Row(analysis.Word(name), analysis.Count(orders[i]), analysis.Count(begins[i]), analysis.Count(ends[i]), analysis.Count(orders[i]-ends[i]),
			analysis.Rate(orders[i]-ends[i], orders[i]), analysis.Rate(orders[i], orders[i]+nulls[i]))
	}
	sortRows(&t, 1, 0)
	return t
}

// top is the table of the most frequent paths.
func (p *set) top(rows int) analysis.Table {
	t := analysis.Table{
		Name:     "paths",
		Sentence: "Paths by how often they occur. The columns add up to all orders and all paths without one.",
		Columns: []analysis.Column{
			{Name: "path", Unit: analysis.Text, Sentence: "touches in their order; (other) is all paths that have no row"},
			{Name: "paths", Unit: analysis.Counts, Sentence: "that went so, converted or not"},
			{Name: "conversions", Unit: analysis.Counts, Sentence: "that ended with an order"},
			{Name: "nulls", Unit: analysis.Counts, Sentence: "that no order followed within the look-back"},
			{Name: "conversion", Unit: analysis.Ratio, Sentence: "conversions of paths"},
		},
	}
	order := make([]int, len(p.entries))
	for i := range order {
		order[i] = i
	}
	size := func(i int) int64 { return p.entries[i].Of.conversions + p.entries[i].Of.nulls }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(size(b), size(a)) })
	var rest outcome
	for at, i := range order {
		e := p.entries[i]
		if at >= rows {
			rest.conversions, rest.nulls = rest.conversions+e.Of.conversions, rest.nulls+e.Of.nulls
			continue
		}
		var names []string
		for _, label := range e.Labels {
			names = append(names, p.names[label])
		}
		t.Row(analysis.Word(strings.Join(names, " > ")), analysis.Count(size(i)), analysis.Count(e.Of.conversions), analysis.Count(e.Of.nulls),
			analysis.Rate(e.Of.conversions, size(i)))
	}
	if n := rest.conversions + rest.nulls; n > 0 {
		t.Row(analysis.Word(other), analysis.Count(n), analysis.Count(rest.conversions), analysis.Count(rest.nulls), analysis.Rate(rest.conversions, n))
	}
	return t
}

// totals is the table of what the others add up to.
func (s *settings) totals(p *set, r *reader) analysis.Table {
	t := analysis.Table{
		Name: "totals", Sentence: "What the other tables add up to: one row of all paths, and one of the revenue of each currency.",
		Columns: []analysis.Column{
			{Name: "currency", Unit: analysis.Text, Sentence: "of the revenue; nothing in the row of all paths"},
			{Name: "revenue", Unit: analysis.Amount, Sentence: "of the orders"},
			{Name: "orders", Unit: analysis.Counts, Sentence: "of the period"},
			{Name: "nulls", Unit: analysis.Counts, Sentence: "paths that no order followed within the look-back"},
			{Name: "open", Unit: analysis.Counts, Sentence: "of the nulls: an order may still come"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "with a path"},
		},
	}
	t.Row(analysis.None(), analysis.None(), analysis.Count(r.orders), analysis.Count(r.nulls), analysis.Count(r.open), analysis.Count(r.known))
	for at, currency := range p.currencies {
		t.Row(analysis.Word(currency), analysis.Money(p.revenue[at]), analysis.None(), analysis.None(), analysis.None(), analysis.None())
	}
	return t
}

// notes say what is left out.
func (s *settings) notes(r *reader, all, labels, chained int) []string {
	var out []string
	note := func(n int64, format string, args ...any) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	note(r.later, "%d sessions of the period led to an order after it, and are in no path.", r.later)
	note(r.open, "%d of the %d paths without an order are open: one may still come within %s of their last session.", r.open, r.nulls, analysis.LengthOf(s.lookBack))
	note(r.returned, "%d sessions of the period came from a payment page and take no credit.", r.returned)
	note(r.noTouch, "%d orders have no session that counts; their credit is with %q.", r.noTouch, analysis.Unknown)
	note(r.cut, "Of %d paths with more than %d touches the earlier ones are left out.", r.cut, touchesOf)
	if labels < all {
		out = append(out, fmt.Sprintf("Of %d values %d have rows; the least frequent are one, %q.", all, labels-1, other))
	}
	if chained < labels {
		out = append(out, fmt.Sprintf("The Markov chain of order %d tells %d values apart; the least frequent are one, %q.", s.order, chained-1, other))
	}
	if s.isNet {
		out = append(out, "Net revenue is what the period's orders come to by now; KPI rows count a refund on its own day.")
	}
	return out
}
