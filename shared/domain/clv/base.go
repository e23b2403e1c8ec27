package clv

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

const daysOfWeek = 7

// base is all buyers of a currency.
type base struct {
	calendar    period.Calendar
	currency    string
	worth       buyer.Worth
	known       event.Millis // nothing is known of what comes from here on
	people      []person     // in the order of their names
	first, last buyer.Day    // first purchase of all, and last day that is known
	foreign     map[string]int64
	taken       int64 // persons whose orders were all taken back
}

// person is one buyer with at least one order that stands.
type person struct {
	buyer.Buyer
	days []purchase
}

// purchase is what was bought on one day.
type purchase struct {
	day   buyer.Day
	value money.Sum
}

// collected is what is gathered of a part of the lives.
type collected struct {
	buyers  []buyer.Buyer
	foreign map[string]int64 // orders in other currencies
}

func read(lives analysis.Lives, calendar period.Calendar, known event.Millis, currency string, worth buyer.Worth) base {
	all := analysis.Fold(lives, func() *collected { return &collected{foreign: map[string]int64{}} },
		func(to *collected, life []step.Row) {
			b, isBuyer := buyer.Of(life, known)
			isOne := false
			for i := range b.Orders {
				if b.Orders[i].Currency == currency {
					isOne = true
				} else {
					to.foreign[b.Orders[i].Currency]++
				}
			}
			if isBuyer && isOne {
				to.buyers = append(to.buyers, b)
			}
		},
		func(to, part *collected) {
			to.buyers = append(to.buyers, part.buyers...)
			for currency, n := range part.foreign {
				to.foreign[currency] += n
			}
		})
	slices.SortFunc(all.buyers, func(a, b buyer.Buyer) int { return cmp.Compare(a.Person, b.Person) })
	out := base{
		calendar: calendar, currency: currency, worth: worth, known: known, foreign: all.foreign,
		last: buyer.DayOf(calendar, known-1), first: math.MaxInt32,
	}
	for _, b := range all.buyers {
		p := person{Buyer: b}
		if p.days = out.daysOf(&p.Buyer, known); len(p.days) == 0 {
			out.taken++
			continue
		}
		out.first = min(out.first, p.days[0].day)
		out.people = append(out.people, p)
	}
	return out
}

// daysOf are the days on which the buyer made orders that stood at an instant.
func (a *base) daysOf(b *buyer.Buyer, known event.Millis) []purchase {
	var out []purchase
	for i := range b.Orders {
		o := &b.Orders[i]
		value, stands := o.Value(a.worth, known)
		if !stands || o.Currency != a.currency {
			continue
		}
		day := buyer.DayOf(a.calendar, o.At)
		if n := len(out); n > 0 && out[n-1].day == day {
			out[n-1].value = out[n-1].value.Plus(value)
			continue
		}
		out = append(out, purchase{day, value})
	}
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
