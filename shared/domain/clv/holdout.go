package clv

import (
	"math"
	"slices"

	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
)

// tried is how models did that were fitted to the first part of the time and asked for the rest.
type tried struct {
	Fit[BGNBD]
	refusal      error
	cut          buyer.Day // last day of the first part
	weeks        float64   // of the rest
	groups       [mostGroup + 1]outcome
	all          outcome
	spend        Fit[GammaGamma]
	spendRefusal error
	paid         outcome // of those who purchased in the rest: the mean of a purchase
}

// mostGroup is the group of those with as many repeat purchases or more.
const mostGroup = 7

// outcome is what some buyers did in the rest of the time, and how two ways of predicting it did.
type outcome struct {
	persons      int64
	actual       float64 // sum over persons
	model, naive misses
}

func (o *outcome) add(actual, model, naive float64) {
	o.persons++
	o.actual += actual
	o.model.add(model, actual)
	o.naive.add(naive, actual)
}

// misses is how far one way of predicting was off, in sums over persons.
type misses struct{ expected, sizes, squares float64 }

func (m *misses) add(expected, actual float64) {
	m.expected += expected
	m.sizes += math.Abs(expected - actual)
	m.squares += (expected - actual) * (expected - actual)
}

// seen is one buyer of the first part.
type seen struct {
	History
	Spend
	later []purchase
}

// try fits the first part and holds out a share of the time, in hundredths. Those who first bought later are in neither; what was taken back later is
// not known to the fit.
func (a *base) try(heldOut int) tried {
	days := int(a.last - a.first)
	t := tried{cut: a.first + buyer.Day(days*(100-heldOut)/100)}
	t.weeks = float64(a.last-t.cut) / daysOfWeek
	until := a.endOf(t.cut)
	var buyers []seen
	var histories []History
	var spends []Spend
	for i := range a.people {
		p := &a.people[i]
		known := a.daysOf(p.Buyer, until)
		if len(known) == 0 {
			continue
		}
		h, s := history(known, t.cut)
		from := slices.IndexFunc(p.days, func(d purchase) bool { return d.day > t.cut })
		if from < 0 {
			from = len(p.days)
		}
		histories, spends, buyers = append(histories, h), append(spends, s), append(buyers, seen{h, s, p.days[from:]})
	}
	if t.Fit, t.refusal = FitBGNBD(histories); t.refusal == nil {
		t.comparePurchases(buyers)
	}
	if t.spend, t.spendRefusal = FitGammaGamma(spends); t.spendRefusal == nil {
		t.compareSpend(buyers)
	}
	return t
}

// comparePurchases is with a baseline: everybody goes on at the rate of repeat purchases that they had.
func (t *tried) comparePurchases(buyers []seen) {
	for _, b := range buyers {
		model, naive := t.Model.ExpectedOf(b.History, t.weeks), 0.0
		if b.Span > 0 {
			naive = float64(b.History.Repeats) / b.Span * t.weeks
		}
		t.groups[min(b.History.Repeats, mostGroup)].add(float64(len(b.later)), model, naive)
		t.all.add(float64(len(b.later)), model, naive)
	}
}

// compareSpend is with a baseline: everybody pays the mean of their repeat purchases, or of everybody's where they have none.
func (t *tried) compareSpend(buyers []seen) {
	var sum, repeaters float64
	for _, b := range buyers {
		if b.Mean > 0 {
			sum, repeaters = sum+b.Mean, repeaters+1
		}
	}
	for _, b := range buyers {
		if len(b.later) == 0 {
			continue
		}
		var paid money.Sum
		for _, p := range b.later {
			paid = paid.Plus(p.value)
		}
		naive := sum / repeaters
		if b.Spend.Repeats > 0 {
			naive = b.Mean
		}
		t.paid.add(float(paid)/float64(len(b.later)), t.spend.Model.Mean(b.Spend), naive)
	}
}

// endOf is the first instant after a local day.
func (a *base) endOf(day buyer.Day) event.Millis {
	window, err := a.calendar.ByKey(period.Day, day.String())
	if err != nil { // a date that the zone skipped
		return a.endOf(day - 1)
	}
	return event.At(window.End)
}
