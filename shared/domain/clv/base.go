package clv

import (
	"math"
	"strconv"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
)

const daysOfWeek = 7

// base is all buyers of a currency.
type base struct {
	*buyer.Book
	calendar    period.Calendar
	people      []person  // in the order of their names
	first, last buyer.Day // first purchase of all, and last day that is known
	taken       int       // persons whose orders were all taken back
}

// person is one buyer with at least one order that stands.
type person struct {
	*buyer.Buyer
	days []purchase
}

// purchase is what was bought on one day.
type purchase struct {
	day   buyer.Day
	value money.Sum
}

func read(lives analysis.Lives, calendar period.Calendar, rules buyer.Rules) base {
	book := analysis.Fold(lives, rules.Begin, (*buyer.Book).Add, (*buyer.Book).Join)
	out := base{Book: book, calendar: calendar, last: buyer.DayOf(calendar, rules.Known-1), first: math.MaxInt32}
	for i := range book.Buyers {
		p := person{Buyer: &book.Buyers[i]}
		if p.days = out.daysOf(p.Buyer, rules.Known); len(p.days) == 0 {
			out.taken++
			continue
		}
		out.first = min(out.first, p.days[0].day)
		out.people = append(out.people, p)
	}
	return out
}

// daysOf are the days on which the buyer made orders that stood at an instant.
func (a *base) daysOf(who *buyer.Buyer, known event.Millis) []purchase {
	var out []purchase
	a.Standing(who, known, func(o *buyer.Order, value money.Sum) {
		day := buyer.DayOf(a.calendar, o.At)
		if n := len(out); n > 0 && out[n-1].day == day {
			out[n-1].value = out[n-1].value.Plus(value)
			return
		}
		out = append(out, purchase{day, value})
	})
	return out
}

// history sums up purchase days for the models, seen from a day on or after the last of them.
func history(days []purchase, end buyer.Day) (History, Spend) {
	first, last := days[0].day, days[len(days)-1].day
	var paid money.Sum
	for _, p := range days[1:] {
		paid = paid.Plus(p.value)
	}
	repeats := len(days) - 1
	s := Spend{Repeats: repeats}
	if repeats > 0 {
		s.Mean = float(paid) / float64(repeats)
	}
	return History{repeats, float64(last-first) / daysOfWeek, float64(end-first) / daysOfWeek}, s
}

// float is a sum in units of its currency, for statistics.
func float(sum money.Sum) float64 {
	f, _ := strconv.ParseFloat(sum.String(), 64) // its own text
	return f
}

// histories are those of all buyers.
func (a *base) histories() (histories []History, spends []Spend) {
	for i := range a.people {
		h, s := history(a.people[i].days, a.last)
		histories, spends = append(histories, h), append(spends, s)
	}
	return histories, spends
}
