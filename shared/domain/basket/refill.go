package basket

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
)

// refill is a question about refills that was understood.
type refill struct {
	analysis.Question
	ahead int64 // days
	least int   // gaps
	limit int
	today buyer.Day
}

const day = 24 * time.Hour

// Refill answers who needs the next of which product when. It reads all orders from the beginning up to the end of the question; the start of the
// question has no meaning to it.
func Refill() analysis.Analysis {
	return analysis.Analysis{
		Name: "refill", Version: 1,
		Sentence: "When each person is due to buy a product again, by the median gap between their purchases of it, with its spread",
		Parameters: []analysis.Parameter{
			{Name: "ahead", Sentence: "days ahead within which a refill is due, such as 14d", Default: "14d"},
			{Name: "min_gaps", Sentence: "gaps that a median must rest on, 1 to 100; with fewer of their own a person gets the product's", Default: "2"},
			{Name: "limit", Sentence: "rows of each list, 1 to 1000", Default: "50"},
		},
		Prepare: func(q analysis.Question) (analysis.Plan, error) {
			if !q.By.IsZero() {
				return analysis.Plan{}, analysis.Bad("by", "refill is by person and product; choose persons by a segment, such as segment=country:GB")
			}
			a := refill{Question: q, today: buyer.DayOf(q.Calendar, q.Known())}
			ahead, err := q.Duration("ahead", 14*day, 3650*day)
			if err != nil {
				return analysis.Plan{}, err
			}
			a.ahead = int64(ahead / day)
			if a.least, err = q.Number("min_gaps", 2, 1, 100); err != nil {
				return analysis.Plan{}, err
			}
			if a.limit, err = q.Number("limit", 50, 1, 1000); err != nil {
				return analysis.Plan{}, err
			}
			return analysis.Plan{To: q.Known(), Columns: columns, Answer: a.answer}, nil
		},
	}
}

// need is a person and a product that they have bought.
type need struct {
	person  event.Identifier
	product string
	days    int64 // with a purchase of it
	last    buyer.Day
	gaps    []float64 // in days, between such days
	spread
	basis string // whose gaps: person or product; "" where neither has enough
	due   buyer.Day
	state state
}

// spread is the quartiles of gaps.
type spread struct {
	n                 int
	low, median, high float64
}

// state is where a need stands.
type state string

const (
	due     state = "due"     // within the days ahead
	overdue state = "overdue" // should have been bought
	later   state = "later"
	lapsed  state = "lapsed"  // nothing for longer than three gaps: a refill that is not coming
	unknown state = "unknown" // too few gaps to say
)

// lapsedGaps is after how many median gaps without a purchase a refill is not waited for any more.
const lapsedGaps = 3

func (a *refill) answer(lives analysis.Lives) (analysis.Answer, error) {
	all := analysis.Fold(lives, begin(0, a.Known()), (*book).add, (*book).join)
	needs, products := a.needs(all)
	return analysis.Answer{
		Tables: []analysis.Table{a.states(needs), a.list(needs), a.products(products)},
		Notes: append(all.leftOut(), fmt.Sprintf("As of %s. Several purchases of a product on one day count once; a need lapses %d median gaps after the last purchase.",
			a.Instant(a.Known()), lapsedGaps)),
	}, nil
}

// needs are all persons' products, and the gaps of each product over all persons.
func (a *refill) needs(all *book) (needs []need, products map[string]spread) {
	gaps := map[string][]float64{}
	for _, c := range all.customers {
		at := map[string]int{}
		for _, o := range c.orders {
			on := buyer.DayOf(a.Calendar, o.at)
			for _, product := range o.products {
				i, found := at[product]
				if !found {
					at[product] = len(needs)
					needs = append(needs, need{person: c.person, product: product, days: 1, last: on})
					continue
				}
				if n := &needs[i]; n.last != on {
					gap := float64(on - n.last)
					n.gaps, n.days, n.last = append(n.gaps, gap), n.days+1, on
					gaps[product] = append(gaps[product], gap)
				}
			}
		}
	}
	products = map[string]spread{}
	for product, of := range gaps {
		products[product] = spreadOf(of)
	}
	for i := range needs {
		a.place(&needs[i], products[needs[i].product])
	}
	return needs, products
}

// place says when the next purchase is due, by the person's own gaps if there are enough, else by those of all buyers of the product.
func (a *refill) place(n *need, ofProduct spread) {
	switch {
	case len(n.gaps) >= a.least:
		n.spread, n.basis = spreadOf(n.gaps), "person"
	case ofProduct.n >= a.least:
		n.spread, n.basis = ofProduct, "product"
	default:
		n.state = unknown
		return
	}
	n.due = n.last + buyer.Day(math.Round(n.median))
	switch {
	case float64(a.today-n.last) > lapsedGaps*n.median:
		n.state = lapsed
	case n.due < a.today:
		n.state = overdue
	case int64(n.due-a.today) <= a.ahead:
		n.state = due
	default:
		n.state = later
	}
}

// spreadOf gives quartiles by linear interpolation, as numpy does.
func spreadOf(gaps []float64) spread {
	sorted := slices.Sorted(slices.Values(gaps))
	at := func(p float64) float64 {
		rank := p * float64(len(sorted)-1)
		low := int(rank)
		high := min(low+1, len(sorted)-1)
		return sorted[low] + (sorted[high]-sorted[low])*(rank-float64(low))
	}
	return spread{len(sorted), at(0.25), at(0.5), at(0.75)}
}

func (a *refill) states(needs []need) analysis.Table {
	table := analysis.Table{
		Name: "states", Sentence: "One row a state; a need is one person and one product that they have bought, and is in one state, so needs add up to all.",
		Columns: []analysis.Column{
			{Name: "state", Unit: analysis.Text, Sentence: "overdue, due within the days ahead, later, lapsed, or unknown for want of gaps"},
			{Name: "needs", Unit: analysis.Counts, Sentence: "pairs of person and product"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "persons with at least one; they may be in several states"},
		},
	}
	row := func(name string, is func(n *need) bool) {
		var count int64
		persons := map[event.Identifier]bool{}
		for i := range needs {
			if is(&needs[i]) {
				count++
				persons[needs[i].person] = true
			}
		}
		table.Row(analysis.Word(name), analysis.Count(count), analysis.CountOf(len(persons)))
	}
	for _, s := range []state{overdue, due, later, lapsed, unknown} {
		row(string(s), func(n *need) bool { return n.state == s })
	}
	row("all", func(*need) bool { return true })
	return table
}

func (a *refill) list(needs []need) analysis.Table {
	table := analysis.Table{
		Name: "due", Sentence: "Refills that are overdue or due, the earliest first, one row a person and product.",
		Columns: []analysis.Column{
			{Name: "person", Unit: analysis.Text, Sentence: "who"},
			{Name: "product", Unit: analysis.Text, Sentence: "id of the product"},
			{Name: "state", Unit: analysis.Text, Sentence: "overdue or due"},
			{Name: "due", Unit: analysis.Date, Sentence: "last purchase and median gap"},
			{Name: "last_purchase", Unit: analysis.Date, Sentence: "local date"},
			{Name: "purchases", Unit: analysis.Counts, Sentence: "days on which the person bought it"},
			{
				Name: "gap_days", Unit: analysis.Days,
				Sentence: "median days between purchases; low and high are the quartiles, the spread of gaps and no interval of the median; n are the gaps",
			},
			{Name: "basis", Unit: analysis.Text, Sentence: "person: their own gaps; product: those of all its buyers"},
		},
	}
	var listed []need
	for _, n := range needs {
		if n.state == overdue || n.state == due {
			listed = append(listed, n)
		}
	}
	slices.SortFunc(listed, func(x, y need) int {
		return cmp.Or(cmp.Compare(x.due, y.due), cmp.Compare(x.person, y.person), cmp.Compare(x.product, y.product))
	})
	for _, n := range listed[:min(a.limit, len(listed))] {
		table.Row(analysis.Word(string(n.person)), analysis.Word(n.product), analysis.Word(string(n.state)), analysis.Word(n.due.String()),
			analysis.Word(n.last.String()), analysis.Count(n.days), n.value(), analysis.Word(n.basis))
	}
	return table
}

// value is the median with the quartiles.
func (s spread) value() analysis.Value {
	return analysis.Estimate(s.median, s.low, s.high, int64(s.n), 2)
}

func (a *refill) products(of map[string]spread) analysis.Table {
	table := analysis.Table{
		Name: "products", Sentence: "Products that persons bought again, those bought again most often first.",
		Columns: []analysis.Column{
			{Name: "product", Unit: analysis.Text, Sentence: "id of the product"},
			{Name: "gaps", Unit: analysis.Counts, Sentence: "purchases after one before by the same person"},
			{Name: "gap_days", Unit: analysis.Days, Sentence: "median days between them; low and high are the quartiles"},
		},
	}
	var names []string
	for name := range of {
		names = append(names, name)
	}
	slices.SortFunc(names, func(x, y string) int { return cmp.Or(cmp.Compare(of[y].n, of[x].n), cmp.Compare(x, y)) })
	for _, name := range names[:min(a.limit, len(names))] {
		table.Row(analysis.Word(name), analysis.CountOf(of[name].n), of[name].value())
	}
	return table
}
