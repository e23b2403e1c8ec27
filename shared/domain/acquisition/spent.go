package acquisition

import (
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/money"
)

// Spent is what was spent in one currency on the days, in the zone of a question, that begin in [from, to), on whatever channel; isKnown is false where no
// entry has such a day.
func Spent(costs []Cost, q analysis.Question, currency string, from, to time.Time) (sum money.Sum, isKnown bool) {
	q.From, q.To = from, to
	s := settings{Question: q}
	for i := range costs {
		c := &costs[i]
		if c.Currency != currency && (c.Currency != "" || currency != q.Currency) {
			continue
		}
		amount, days := s.within(c)
		sum, isKnown = sum.Plus(amount), isKnown || days > 0
	}
	return sum, isKnown
}
