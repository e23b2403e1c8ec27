package basket

import (
	"cmp"
	"fmt"
	"slices"

	"waymark/shared/domain/analysis"
)

// asked is a question about co-purchase that was understood.
type asked struct {
	analysis.Question
	least int64
	limit int
}

// Analysis answers which products are bought in one order, of the orders made in the period of the question, and what to offer whom next.
func Analysis() analysis.Analysis {
	return analysis.Analysis{
		Name: "basket", Version: 1,
		Sentence: "Which products are bought together (support, confidence, lift), and the next best product of each buyer with its reason",
		Parameters: []analysis.Parameter{
			{Name: "min_orders", Sentence: "least number of orders with both products (support), 1 to 1000000", Default: "5"},
			{Name: "limit", Sentence: "rows of each list, 1 to 1000", Default: "50"},
		},
		Prepare: func(q analysis.Question) (analysis.Plan, error) {
			if !q.By.IsZero() {
				return analysis.Plan{}, analysis.Bad("by", "basket counts pairs over all orders; choose persons by a segment, such as segment=country:GB")
			}
			a := asked{Question: q}
			least, err := q.Number("min_orders", 5, 1, 1_000_000)
			if err != nil {
				return analysis.Plan{}, err
			}
			a.least = int64(least)
			if a.limit, err = q.Number("limit", 50, 1, 1000); err != nil {
				return analysis.Plan{}, err
			}
			return analysis.Plan{From: q.Start(), To: q.Known(), Columns: columns, Answer: a.answer}, nil
		},
	}
}

func (a *asked) answer(lives analysis.Lives) (analysis.Answer, error) {
	all := analysis.Fold(lives, begin(a.Start(), a.Known()), (*book).add, (*book).join)
	s := all.shelf()
	found := s.mine(a.least, a.limit)
	out := analysis.Answer{
		Tables: []analysis.Table{a.products(&s), a.pairs(&s, found), a.nextBest(all, &s, found)},
		Notes:  all.leftOut(),
	}
	if found.found > len(found.best) {
		out.Notes = append(out.Notes, fmt.Sprintf("%d of %d pairs are shown; limit says how many.", len(found.best), found.found))
	}
	return out, nil
}

func (a *asked) products(s *shelf) analysis.Table {
	table := analysis.Table{
		Name: "products", Sentence: "The products in most orders, one row each. An order has several products, so rows add up to more than all orders.",
		Columns: []analysis.Column{
			{Name: "product", Unit: analysis.Text, Sentence: "id of the product"},
			{Name: "orders", Unit: analysis.Counts, Sentence: "orders with it"},
			{Name: "support", Unit: analysis.Ratio, Sentence: "of all orders that list products"},
		},
	}
	order := make([]int, len(s.names))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(len(s.in[y]), len(s.in[x])) })
	for _, product := range order[:min(a.limit, len(order))] {
		n := int64(len(s.in[product]))
		table.Row(analysis.Word(s.names[product]), analysis.Count(n), analysis.Rate(n, int64(len(s.baskets))))
	}
	return table
}

func (a *asked) pairs(s *shelf, found mined) analysis.Table {
	table := analysis.Table{
		Name: "pairs", Sentence: "Two products in one order, each pair in both directions, those in most orders first.",
		Columns: []analysis.Column{
			{Name: "product", Unit: analysis.Text, Sentence: "whose buyers are looked at"},
			{Name: "with", Unit: analysis.Text, Sentence: "what else is in the order"},
			{Name: "orders", Unit: analysis.Counts, Sentence: "orders with both"},
			{Name: "support", Unit: analysis.Ratio, Sentence: "orders with both of all that list products"},
			{Name: "confidence", Unit: analysis.Ratio, Sentence: "orders with both of those with the product"},
			{Name: "lift", Unit: analysis.Score, Sentence: "confidence over the share of all orders that have the other: above 1 they attract each other"},
		},
	}
	for _, r := range found.best {
		table.Row(analysis.Word(s.names[r.product]), analysis.Word(s.names[r.with]), analysis.Count(r.orders), analysis.Rate(r.orders, int64(len(s.baskets))),
			analysis.Rate(r.orders, int64(len(s.in[r.product]))), analysis.Number(s.lift(r), 6))
	}
	return table
}

func (a *asked) nextBest(all *book, s *shelf, found mined) analysis.Table {
	table := analysis.Table{
		Name: "next_best", Sentence: "What to offer a buyer next: of the products that go with one they have and that they have not, the surest. The latest buyers first.",
		Columns: []analysis.Column{
			{Name: "person", Unit: analysis.Text, Sentence: "who"},
			{Name: "product", Unit: analysis.Text, Sentence: "to offer"},
			{Name: "because", Unit: analysis.Text, Sentence: "the product of theirs that it goes with"},
			{Name: "confidence", Unit: analysis.Ratio, Sentence: "orders with both of those with the product of theirs; the lower bound of its interval ranks the products"},
			{Name: "lift", Unit: analysis.Score, Sentence: "above 1, or it is not offered"},
			{Name: "last_order", Unit: analysis.Time, Sentence: "the buyer's latest in the period"},
		},
	}
	var buyers []customer
	for _, c := range all.customers {
		if len(c.orders) > 0 {
			buyers = append(buyers, c)
		}
	}
	slices.SortStableFunc(buyers, func(x, y customer) int { return cmp.Compare(y.last().at, x.last().at) })
	for i := range buyers {
		if len(table.Rows) == a.limit {
			break
		}
		if r, ok := s.next(&buyers[i], found); ok {
			table.Row(analysis.Word(string(buyers[i].person)), analysis.Word(s.names[r.with]), analysis.Word(s.names[r.product]),
				analysis.Rate(r.orders, int64(len(s.in[r.product]))), analysis.Number(s.lift(r), 6), analysis.Word(a.Instant(buyers[i].last().at)))
		}
	}
	return table
}

func (c *customer) last() order { return c.orders[len(c.orders)-1] }
