// Package rfm sorts buyers by recency, frequency and monetary value: how many days ago they last bought, how often, and for how much. Each of the three
// gets a score from 1 to 5 by the quintiles of all buyers, and recency and frequency together one of ten named segments.
//
// An order counts as package buyer says. It does not predict; package clv does.
//
//	of := rfm.Classes(lives, calendar, buyer.Rules{Known: q.Known(), Currency: "EUR"})
//	of("user:42") // champions
package rfm

import (
	"cmp"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
)

// Columns are those that Classes reads.
const Columns = buyer.Columns

// Segment is the name of a class of buyers.
type Segment string

// The segments, in the order in which they are shown, and NoBuyer of persons without an order that stands.
const (
	Champions          Segment = "champions"
	LoyalCustomers     Segment = "loyal_customers"
	PotentialLoyalists Segment = "potential_loyalists"
	NewCustomers       Segment = "new_customers"
	Promising          Segment = "promising"
	NeedAttention      Segment = "need_attention"
	AboutToSleep       Segment = "about_to_sleep"
	AtRisk             Segment = "at_risk"
	CannotLose         Segment = "cannot_lose"
	Hibernating        Segment = "hibernating"
	NoBuyer            Segment = "no_buyer"
)

// Segments lists those of buyers.
func Segments() []Segment {
	return []Segment{
		Champions, LoyalCustomers, PotentialLoyalists, NewCustomers, Promising, NeedAttention, AboutToSleep, AtRisk, CannotLose, Hibernating,
	}
}

// SegmentOf is the segment of a recency and a frequency score, both from 1 to 5. It is the grid of ten segments that is in general use: the names are
// those of Putler's chart (putler.com/rfm-analysis), whose ranges overlap, with one name for each pair of scores. The monetary score is shown beside
// it and decides nothing.
func SegmentOf(recency, frequency int) Segment {
	switch {
	case recency <= 2 && frequency <= 2:
		return Hibernating
	case recency <= 2 && frequency <= 4:
		return AtRisk
	case recency <= 2:
		return CannotLose
	case recency == 3 && frequency <= 2:
		return AboutToSleep
	case recency == 3 && frequency == 3:
		return NeedAttention
	case recency == 5 && frequency >= 4:
		return Champions
	case frequency >= 4:
		return LoyalCustomers
	case frequency >= 2:
		return PotentialLoyalists
	case recency == 4:
		return Promising
	}
	return NewCustomers
}

// Buyer is what is known of one buyer.
type Buyer struct {
	Person    event.Identifier
	LastOrder buyer.Day
	Recency   int64 // local dates from that of the last order to that of the instant as of which is asked
	Frequency int64 // orders that stand
	Monetary  money.Sum
	R, F, M   int // scores, 5 is best
	Segment   Segment
	By        string // of the last order
}

// Base is all buyers, in the order of their names.
type Base struct {
	*buyer.Book
	Buyers []Buyer
	// Taken is those whose orders were all taken back, and what is left of these.
	Taken      int
	TakenMoney money.Sum
	cuts       [3]cuts
}

// Read scores the buyers of lives, whose steps from the beginning must be there.
func Read(lives analysis.Lives, calendar period.Calendar, rules buyer.Rules) Base {
	out := Base{Book: analysis.Fold(lives, rules.Begin, (*buyer.Book).Add, (*buyer.Book).Join)}
	today := buyer.DayOf(calendar, rules.Known)
	for i := range out.Book.Buyers {
		who := &out.Book.Buyers[i]
		b := Buyer{Person: who.Person, Monetary: out.Revenue(who)}
		out.Standing(who, rules.Known, func(o *buyer.Order, _ money.Sum) {
			b.Frequency++
			b.LastOrder, b.By = buyer.DayOf(calendar, o.At), o.By
		})
		if b.Frequency == 0 {
			out.Taken++
			out.TakenMoney = out.TakenMoney.Plus(b.Monetary)
			continue
		}
		b.Recency = int64(today - b.LastOrder)
		out.Buyers = append(out.Buyers, b)
	}
	out.score()
	return out
}

// Measures of a buyer, as sums so that money is compared exactly.
func (b *Buyer) measures() [3]money.Sum {
	return [3]money.Sum{whole(b.Recency), whole(b.Frequency), b.Monetary}
}

func whole(n int64) money.Sum { return money.SumOf(money.Micros(n)) }

// cuts are the sorted values of a measure.
type cuts []money.Sum

// quintiles is into how many parts buyers are cut.
const quintiles = 5

// above counts the bounds of the quintiles that a value of the base is above. The bound at p is the percentile by linear interpolation between
// the values at ranks ⌊p(n−1)⌋ and the next, which a value of the base is above if and only if it is above the lower of the two.
func (c cuts) above(value money.Sum) int {
	n := 0
	for q := 1; q < quintiles; q++ {
		if value.Wide.Compare(c[q*(len(c)-1)/quintiles].Wide) > 0 {
			n++
		}
	}
	return n
}

func (a *Base) score() {
	for i := range a.cuts {
		for at := range a.Buyers {
			a.cuts[i] = append(a.cuts[i], a.Buyers[at].measures()[i])
		}
		slices.SortFunc(a.cuts[i], func(x, y money.Sum) int { return x.Wide.Compare(y.Wide) })
	}
	for i := range a.Buyers {
		b := &a.Buyers[i]
		of := b.measures()
		b.R, b.F, b.M = quintiles-a.cuts[0].above(of[0]), 1+a.cuts[1].above(of[1]), 1+a.cuts[2].above(of[2])
		b.Segment = SegmentOf(b.R, b.F)
	}
}

// Classes tells the segment of each person of lives, NoBuyer of those who have none. Lives need the Columns and all steps from the beginning on.
func Classes(lives analysis.Lives, calendar period.Calendar, rules buyer.Rules) (of func(event.Identifier) Segment) {
	base := Read(lives, calendar, rules)
	segments := make(map[event.Identifier]Segment, len(base.Buyers))
	for _, b := range base.Buyers {
		segments[b.Person] = b.Segment
	}
	return func(person event.Identifier) Segment { return cmp.Or(segments[person], NoBuyer) }
}
