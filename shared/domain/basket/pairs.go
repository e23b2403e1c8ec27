package basket

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/stats"
)

// rule says that who buys one product buys another in the same order.
type rule struct {
	product, with int // numbers of products
	orders        int64
}

// shelf is the products of all orders, by number in the order of their names, and in which orders each is.
type shelf struct {
	names   []string
	baskets [][]int // by order: products in it
	in      [][]int // by product: orders with it
}

func (b *book) shelf() shelf {
	var s shelf
	numbers := map[string]int{}
	for _, c := range b.customers {
		for _, o := range c.orders {
			for _, product := range o.products {
				numbers[product] = 0
			}
		}
	}
	s.names = slices.Sorted(maps.Keys(numbers))
	for i, name := range s.names {
		numbers[name] = i
	}
	s.in = make([][]int, len(s.names))
	for _, c := range b.customers {
		for _, o := range c.orders {
			basket := make([]int, len(o.products))
			for i, product := range o.products {
				basket[i] = numbers[product]
				s.in[basket[i]] = append(s.in[basket[i]], len(s.baskets))
			}
			s.baskets = append(s.baskets, basket)
		}
	}
	return s
}

// lift is how many times as often both are in an order as they would be if they had nothing to do with each other.
func (s *shelf) lift(r rule) float64 {
	return float64(r.orders) * float64(len(s.baskets)) / (float64(len(s.in[r.product])) * float64(len(s.in[r.with])))
}

// rules goes through the rules of each product, those of at least so many orders, product by product. Memory is as much as there are products, and
// time the sum of squared sizes of orders.
func (s *shelf) rules(least int64, see func(of []rule)) {
	together := make([]int64, len(s.names))
	var seen []int
	var of []rule
	for product, baskets := range s.in {
		if int64(len(baskets)) < least {
			continue
		}
		for _, basket := range baskets {
			for _, other := range s.baskets[basket] {
				if together[other]++; together[other] == 1 {
					seen = append(seen, other)
				}
			}
		}
		for _, other := range seen {
			if other != product && together[other] >= least {
				of = append(of, rule{product, other, together[other]})
			}
			together[other] = 0
		}
		see(of)
		seen, of = seen[:0], of[:0]
	}
}

// first orders rules for people: those of most orders first, then by lift, then by names.
func (s *shelf) first(a, b rule) int {
	return cmp.Or(cmp.Compare(b.orders, a.orders), cmp.Compare(s.lift(b), s.lift(a)), cmp.Compare(a.product, b.product), cmp.Compare(a.with, b.with))
}

// sureness is the lower bound of the interval of a rule's confidence, so that a rule of two orders does not outdo one of two hundred.
func (s *shelf) sureness(r rule) float64 {
	low, _ := stats.Wilson(r.orders, int64(len(s.in[r.product])))
	return low
}

// surest orders rules by sureness, then as first does.
func (s *shelf) surest(a, b rule) int {
	return cmp.Or(cmp.Compare(s.sureness(b), s.sureness(a)), s.first(a, b))
}

// mostAdvice is how many rules of a product are kept as advice.
const mostAdvice = 50

// mined is what came of all rules.
type mined struct {
	best   []rule         // at most limit, in the order of first
	found  int            // how many there are
	advice map[int][]rule // by product: its surest rules with a lift above 1
}

func (s *shelf) mine(least int64, limit int) mined {
	out := mined{advice: map[int][]rule{}}
	s.rules(least, func(of []rule) {
		out.found += len(of)
		out.best = append(out.best, of...)
		if len(out.best) > 20*limit {
			out.best = s.cut(out.best, limit)
		}
		of = slices.DeleteFunc(of, func(r rule) bool { return s.lift(r) <= 1 })
		slices.SortFunc(of, s.surest)
		if len(of) > 0 {
			out.advice[of[0].product] = slices.Clone(of[:min(mostAdvice, len(of))])
		}
	})
	out.best = s.cut(out.best, limit)
	return out
}

func (s *shelf) cut(of []rule, limit int) []rule {
	slices.SortFunc(of, s.first)
	return of[:min(limit, len(of))]
}

// next is the surest rule from what a customer has bought to what they have not.
func (s *shelf) next(c *customer, of mined) (best rule, found bool) {
	owned := map[int]bool{}
	for _, o := range c.orders {
		for _, product := range o.products {
			number, _ := slices.BinarySearch(s.names, product)
			owned[number] = true
		}
	}
	for product := range owned {
		for _, r := range of.advice[product] {
			if owned[r.with] {
				continue
			}
			if !found || s.surest(r, best) < 0 {
				best, found = r, true
			}
			break // those after it are less sure
		}
	}
	return best, found
}
