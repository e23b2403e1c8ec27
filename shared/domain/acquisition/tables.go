package acquisition

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/money"
)

func (t *tally) answer() analysis.Answer {
	out := analysis.Answer{Tables: []analysis.Table{t.persons(), t.revenue(), t.returns()}}
	if len(t.costs) == 0 {
		out.Notes = append(out.Notes, "No costs are settled, so what persons cost is not known; settle them as the definition costs.")
	}
	without := 0
	for _, g := range t.groups {
		for _, a := range g.money {
			if a.hasCost && g.persons+g.buyers == 0 {
				without++
			}
		}
	}
	if without > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d rows have a cost and nobody who came by them first.", without))
	}
	if len(t.costs) > 0 && !t.Segment.IsZero() {
		out.Notes = append(out.Notes, "Costs are those of whole channels, also where persons are those of a segment alone.")
	}
	if t.Now < t.End() {
		out.Notes = append(out.Notes, "The period is not over, but costs are those of all its days.")
	}
	return out
}

// keys are in the order of the table: most new persons first.
func (t *tally) keys() []key {
	return slices.SortedFunc(maps.Keys(t.groups), func(a, b key) int {
		return cmp.Or(cmp.Compare(t.groups[b].persons, t.groups[a].persons), cmp.Compare(t.groups[b].buyers, t.groups[a].buyers),
			strings.Compare(a.channel, b.channel), strings.Compare(a.campaign, b.campaign))
	})
}

// columns begin with what persons are counted by.
func (t *tally) columns(more ...analysis.Column) []analysis.Column {
	out := []analysis.Column{{Name: "channel", Unit: analysis.Text, Sentence: "of the person's first session"}}
	if t.byCampaign {
		out = append(out, analysis.Column{
			Name: "campaign", Unit: analysis.Text, Sentence: "of the person's first session; " + wholeChannel + " of a cost that names none",
		})
	}
	return append(out, more...)
}

func (t *tally) row(k key, more ...analysis.Value) []analysis.Value {
	out := []analysis.Value{analysis.Word(k.channel)}
	if t.byCampaign {
		out = append(out, analysis.Word(k.campaign))
	}
	return append(out, more...)
}

func (t *tally) persons() analysis.Table {
	out := analysis.Table{
		Name: "persons", Sentence: "Whom each channel won. new_persons and new_buyers add up to those of the period.",
		Columns: t.columns(
			analysis.Column{Name: "new_persons", Unit: analysis.Persons, Sentence: "whose first step ever is in the period"},
			analysis.Column{Name: "share", Unit: analysis.Ratio, Sentence: "of all new persons"},
			analysis.Column{Name: "new_buyers", Unit: analysis.Persons, Sentence: "whose first order ever is in the period; they need not be new persons"},
			analysis.Column{Name: "bought", Unit: analysis.Persons, Sentence: "new persons who have bought by now"},
			analysis.Column{Name: "conversion", Unit: analysis.Ratio, Sentence: "bought of new_persons; it may still rise"},
		),
	}
	all := int64(0)
	for _, g := range t.groups {
		all += g.persons
	}
	for _, k := range t.keys() {
		g := t.groups[k]
		out.Row(t.row(k, analysis.Count(g.persons), analysis.Rate(g.persons, all), analysis.Count(g.buyers), analysis.Count(g.bought),
			analysis.Rate(g.bought, g.persons))...)
	}
	return out
}

func (t *tally) kind() string {
	if t.isGross {
		return "gross"
	}
	return "net"
}

func (t *tally) revenue() analysis.Table {
	out := analysis.Table{
		Name:     "revenue",
		Sentence: "The " + t.kind() + " revenue of new persons, by the time since their first step. Rows of one currency and horizon add up to that of all new persons.",
		Columns: t.columns(
			analysis.Column{Name: "currency", Unit: analysis.Text, Sentence: "of the amounts of the row"},
			analysis.Column{Name: "horizon", Unit: analysis.Text, Sentence: "30d, 90d or 365d after each person's first step, or to_date"},
			analysis.Column{Name: "revenue", Unit: analysis.Amount, Sentence: "of the new persons by then, as far as it is known"},
			analysis.Column{Name: "persons", Unit: analysis.Persons, Sentence: "new persons"},
			analysis.Column{Name: "over", Unit: analysis.Persons, Sentence: "of these, whose horizon is over: revenue is complete when all are"},
			analysis.Column{Name: "revenue_per_person", Unit: analysis.Amount, Sentence: "revenue ÷ persons; nothing while the horizon of some is not over"},
		),
	}
	for _, k := range t.keys() {
		g := t.groups[k]
		for _, currency := range slices.Sorted(maps.Keys(g.money)) {
			a := g.money[currency]
			row := func(horizon string, sum money.Sum, over analysis.Value, isOver bool) {
				each := analysis.None()
				if g.persons > 0 && isOver {
					each = analysis.Money(sum.Ratio(g.persons))
				}
				out.Row(t.row(k, analysis.Word(currency), analysis.Word(horizon), analysis.Money(sum), analysis.Count(g.persons), over, each)...)
			}
			for i, after := range horizons() {
				row(analysis.LengthOf(after), a.within[i], analysis.Count(g.over[i]), g.over[i] == g.persons)
			}
			row("to_date", a.revenue, analysis.None(), true)
		}
	}
	return out
}

func (t *tally) returns() analysis.Table {
	out := analysis.Table{
		Name:     "returns",
		Sentence: "What the period's new persons cost and brought, by currency. cost adds up to the costs of the period's days; where none is settled nothing is known.",
		Columns: t.columns(
			analysis.Column{Name: "currency", Unit: analysis.Text, Sentence: "of the amounts of the row"},
			analysis.Column{Name: "cost", Unit: analysis.Amount, Sentence: "of the days of the period, each entry spread evenly over its days"},
			analysis.Column{Name: "revenue", Unit: analysis.Amount, Sentence: "of the new persons, " + t.kind() + ", to date"},
			analysis.Column{Name: "new_persons", Unit: analysis.Persons, Sentence: "the same in each currency"},
			analysis.Column{Name: "new_buyers", Unit: analysis.Persons, Sentence: "the same in each currency"},
			analysis.Column{Name: "cost_per_person", Unit: analysis.Amount, Sentence: "cost ÷ new_persons"},
			analysis.Column{Name: "cac", Unit: analysis.Amount, Sentence: "cost ÷ new_buyers"},
			analysis.Column{Name: "roas", Unit: analysis.Score, Sentence: "revenue ÷ cost"},
			analysis.Column{Name: "return", Unit: analysis.Score, Sentence: "(revenue − cost) ÷ cost"},
			analysis.Column{
				Name: "payback_month", Unit: analysis.Counts,
				Sentence: "30 days each, after the first step: the first by whose end they had brought what they cost, and never less again; nothing while they have not",
			},
		),
	}
	for _, k := range t.keys() {
		g := t.groups[k]
		for _, currency := range slices.Sorted(maps.Keys(g.money)) {
			a := g.money[currency]
			cost, each, cac, roas, back, payback := analysis.None(), analysis.None(), analysis.None(), analysis.None(), analysis.None(), analysis.None()
			if a.hasCost {
				cost, payback = analysis.Money(a.cost), a.payback()
				if g.persons > 0 {
					each = analysis.Money(a.cost.Ratio(g.persons))
				}
				if g.buyers > 0 {
					cac = analysis.Money(a.cost.Ratio(g.buyers))
				}
			}
			if a.hasCost && !a.cost.IsZero() {
				roas, back = ratio(a.revenue, a.cost), ratio(a.revenue.Minus(a.cost), a.cost)
			}
			out.Row(t.row(k, analysis.Word(currency), cost, analysis.Money(a.revenue), analysis.Count(g.persons), analysis.Count(g.buyers),
				each, cac, roas, back, payback)...)
		}
	}
	return out
}

// ratio is a ÷ b to four digits.
func ratio(a, b money.Sum) analysis.Value {
	f, _ := new(big.Rat).SetFrac(a.Wide.Big(), b.Wide.Big()).Float64()
	return analysis.Number(f, 4)
}

// payback is the first month from which on revenue never fell below the cost again.
func (a *account) payback() analysis.Value {
	sum, at := money.Sum{}, 0
	for i, n := range a.months {
		sum = sum.Plus(n)
		switch {
		case sum.Wide.Compare(a.cost.Wide) < 0:
			at = 0
		case at == 0:
			at = i + 1
		}
	}
	if at == 0 {
		return analysis.None()
	}
	return analysis.CountOf(at)
}
