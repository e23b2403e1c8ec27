package clv

import (
	"math"

	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
)

// tried is how a model did that was fitted to the first part of the time and asked for the rest.
type tried struct {
	Fit[BGNBD]
	refusal error
	cut     buyer.Day // last day of the first part
	weeks   float64   // of the rest
	groups  [mostGroup + 1]outcome
	all     outcome
}

// mostGroup is the group of those with as many repeat purchases or more.
const mostGroup = 7

// outcome is what some buyers did in the rest of the time, and what was expected of them.
type outcome struct {
	persons, actual                  int64
	model, naive                     float64 // purchases expected
	modelMiss, naiveMiss             float64 // sum of sizes of errors per person
	modelMissSquare, naiveMissSquare float64
}

func (o *outcome) add(actual int64, model, naive float64) {
	o.persons++
	o.actual += actual
	o.model += model
	o.naive += naive
	byModel, byNaive := model-float64(actual), naive-float64(actual)
	o.modelMiss += math.Abs(byModel)
	o.naiveMiss += math.Abs(byNaive)
	o.modelMissSquare += byModel * byModel
	o.naiveMissSquare += byNaive * byNaive
}

// try fits the first part and holds out a share of the time, in hundredths. Those who first bought later are in neither; what was taken back later is
// not known to the fit.
func (a *base) try(heldOut int) tried {
	days := int(a.last - a.first)
	t := tried{cut: a.first + buyer.Day(days*(100-heldOut)/100)}
	t.weeks = float64(a.last-t.cut) / daysOfWeek
	until := a.endOf(t.cut)
	var histories []History
	var later []int64 // purchase days in the rest
	for i := range a.people {
		p := &a.people[i]
		known := a.daysOf(p.Buyer, until)
		if len(known) == 0 {
			continue
		}
		h, _ := history(known, t.cut)
		histories = append(histories, h)
		var n int64
		for _, d := range p.days {
			if d.day > t.cut {
				n++
			}
		}
		later = append(later, n)
	}
	if t.Fit, t.refusal = FitBGNBD(histories); t.refusal != nil {
		return t
	}
	for i, h := range histories {
		model, naive := t.Model.ExpectedOf(h, t.weeks), 0.0
		if h.Span > 0 {
			naive = float64(h.Repeats) / h.Span * t.weeks
		}
		t.groups[min(h.Repeats, mostGroup)].add(later[i], model, naive)
		t.all.add(later[i], model, naive)
	}
	return t
}

// endOf is the first instant after a local day.
func (a *base) endOf(day buyer.Day) event.Millis {
	window, err := a.calendar.ByKey(period.Day, day.String())
	if err != nil { // a date that the zone skipped
		return a.endOf(day - 1)
	}
	return event.At(window.End)
}
