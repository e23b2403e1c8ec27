package attribution

import (
	"math"
	"math/big"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/money"
	"waymark/shared/domain/sequence"
	"waymark/shared/domain/wide"
)

// The models, in the order in which they are shown.
const (
	first = iota
	last
	lastNonDirect
	linear
	timeDecay
	position
	positionW
	markov
	shapley
	models
)

// modelNames are the columns, with what each does.
func modelNames() [models][2]string {
	return [models][2]string{
		{"first", "all to the first touch"},
		{"last", "all to the last touch"},
		{"last_non_direct", "all to the last touch that is not direct, or to the last where all are"},
		{"linear", "the same to each touch"},
		{"time_decay", "by weights that halve with each half-life before the last touch"},
		{"position", "by parameter position: to the first, to those in the middle evenly, to the last; of two touches the middle's share is shared by them"},
		{"position_w", "30 percent each to the first, the middle and the last touch, 10 to the others evenly; of two touches half each, of three a third"},
		{"markov", "in proportion to what would be lost if every path ended where it comes to this channel"},
		{"shapley", "the Shapley value of the game in which a set of channels is worth the paths that need no other: each path is shared evenly by its distinct channels"},
	}
}

// set is paths in a fixed order, with what all models share.
type set struct {
	names      []string
	entries    []sequence.Entry[outcome]
	currencies []string
	orders     int64
	revenue    []money.Sum // by currency
}

// maxLabels is how many labels have rows. The least frequent of more are one, so that a table of landing pages ends somewhere.
const maxLabels = 200

// newSet lists the currencies, adds up, and folds labels. It gives the name by which each is known.
func newSet(names []string, entries []sequence.Entry[outcome]) (p *set, known map[string]string) {
	p, known = &set{names: names, entries: entries}, map[string]string{}
	number, kept := p.folded(maxLabels)
	for i, name := range names {
		known[name] = kept[number[i]]
	}
	if len(kept) < len(names) {
		counts := sequence.New[outcome]()
		for _, e := range entries {
			for i, label := range e.Labels {
				e.Labels[i] = counts.Label(known[names[label]])
			}
			counts.At(e.Labels).add(e.Of)
		}
		p.names, p.entries = counts.Sorted()
	}
	var totals []cash
	for _, e := range p.entries {
		p.orders += e.Of.conversions
		for _, c := range e.Of.revenue {
			totals = plus(totals, c.currency, c.sum)
		}
	}
	sortCash(totals)
	for _, c := range totals {
		p.currencies, p.revenue = append(p.currencies, c.currency), append(p.revenue, c.sum)
	}
	return p, known
}

// credit is what a model gives each label, exactly.
type credit struct {
	conversions []*big.Rat
	revenue     [][]*big.Rat // by currency, in millionths
}

func (p *set) newCredit(labels int) credit {
	fresh := func() []*big.Rat {
		out := make([]*big.Rat, labels)
		for i := range out {
			out[i] = new(big.Rat)
		}
		return out
	}
	c := credit{conversions: fresh()}
	for range p.currencies {
		c.revenue = append(c.revenue, fresh())
	}
	return c
}

// weigh fills in the weights of a path's touches and gives their sum, which is above 0.
type weigh func(path []uint32, weights []int64) (sum int64)

// rules are the models that weigh the touches of a path by their places alone.
func (p *set) rules(shares [3]int64) map[int]weigh {
	one := func(weights []int64, at int) int64 {
		weights[at] = 1
		return 1
	}
	return map[int]weigh{
		first: func(_ []uint32, w []int64) int64 { return one(w, 0) },
		last:  func(_ []uint32, w []int64) int64 { return one(w, len(w)-1) },
		lastNonDirect: func(path []uint32, w []int64) int64 {
			for i := len(path) - 1; i >= 0; i-- {
				if name := p.names[path[i]]; name != string(channel.Direct) && name != analysis.Unknown {
					return one(w, i)
				}
			}
			return one(w, len(w)-1)
		},
		linear: func(_ []uint32, w []int64) int64 {
			for i := range w {
				w[i] = 1
			}
			return int64(len(w))
		},
		position:  func(_ []uint32, w []int64) int64 { return byPosition(w, shares) },
		positionW: func(_ []uint32, w []int64) int64 { return byW(w) },
		shapley:   func(path []uint32, w []int64) int64 { return byNeed(path, w) },
	}
}

func byPosition(w []int64, shares [3]int64) int64 {
	n := len(w)
	switch {
	case n == 1:
		w[0] = 1
		return 1
	case n == 2 && shares[0]+shares[2] == 0:
		w[0], w[1] = 1, 1
		return 2
	case n == 2:
		w[0], w[1] = shares[0], shares[2]
		return shares[0] + shares[2]
	}
	between := int64(n - 2)
	for i := range w {
		w[i] = shares[1]
	}
	w[0], w[n-1] = shares[0]*between, shares[2]*between
	return 100 * between
}

func byW(w []int64) int64 {
	n := len(w)
	if n <= 3 {
		for i := range w {
			w[i] = 1
		}
		return int64(n)
	}
	others := int64(n - 3)
	for i := range w {
		w[i] = 10
	}
	w[0], w[(n-1)/2], w[n-1] = 30*others, 30*others, 30*others
	return 100 * others
}

// byNeed weighs each distinct label once, at its first place. Where a set S of channels is worth v(S), the conversions of the paths all of whose
// channels are in S, that is the Shapley value exactly, for any number of channels: v is a sum of games in each of which one path's channels are all
// needed and alike (Zhao, Mahboobi and Bagheri 2018; Shapley 1953, symmetry and additivity).
func byNeed(path []uint32, w []int64) (sum int64) {
	for i, label := range path {
		isNew := true
		for _, before := range path[:i] {
			isNew = isNew && before != label
		}
		if isNew {
			w[i] = 1
			sum++
		}
	}
	return sum
}

// weighed shares each path by a rule. Weights are whole numbers, kept apart by their sum until the end, so that nothing is rounded.
func (p *set) weighed(rule weigh) credit {
	type cell struct {
		conversions wide.Int
		revenue     []wide.Int
	}
	bySum := map[int64][]cell{}
	var weights []int64
	for _, e := range p.entries {
		if e.Of.conversions == 0 {
			continue
		}
		weights = append(weights[:0], make([]int64, len(e.Labels))...)
		sum := rule(e.Labels, weights)
		cells := bySum[sum]
		if cells == nil {
			cells = make([]cell, len(p.names))
			bySum[sum] = cells
		}
		for i, w := range weights {
			if w == 0 {
				continue
			}
			c := &cells[e.Labels[i]]
			c.conversions = c.conversions.Add(times(wide.Of(e.Of.conversions), w))
			if c.revenue == nil {
				c.revenue = make([]wide.Int, len(p.currencies))
			}
			for _, of := range e.Of.revenue {
				at := p.currency(of.currency)
				c.revenue[at] = c.revenue[at].Add(times(of.sum.Wide, w))
			}
		}
	}
	out := p.newCredit(len(p.names))
	add := func(to *big.Rat, n wide.Int, sum int64) { to.Add(to, new(big.Rat).SetFrac(n.Big(), big.NewInt(sum))) }
	for sum, cells := range bySum { // exact, so in any order
		for label, c := range cells {
			add(out.conversions[label], c.conversions, sum)
			for at, n := range c.revenue {
				add(out.revenue[at][label], n, sum)
			}
		}
	}
	return out
}

// times is n × w, of a w below 2^15.
func times(n wide.Int, w int64) wide.Int {
	if small, fits := n.Int64(); fits && small < 1<<47 && small > -1<<47 {
		return wide.Of(small * w)
	}
	product, _ := wide.OfBig(new(big.Int).Mul(n.Big(), big.NewInt(w)))
	return product
}

func (p *set) currency(code string) int {
	for i, c := range p.currencies {
		if c == code {
			return i
		}
	}
	return -1
}

// decayed is time decay, which was shared order by order.
func (p *set) decayed(of map[uint32]*share, names []string, known map[string]string) credit {
	out := p.newCredit(len(p.names))
	for n, s := range of { // whole numbers, so in any order
		i, _ := slices.BinarySearch(p.names, known[names[n]])
		out.conversions[i].Add(out.conversions[i], new(big.Rat).SetFrac(s.conversions.Big(), big.NewInt(whole)))
		for _, c := range s.revenue {
			sum := out.revenue[p.currency(c.currency)][i]
			sum.Add(sum, new(big.Rat).SetInt(c.sum.Wide.Big()))
		}
	}
	return out
}

// effectParts of the largest effect are whole numbers, so that shares of effects that differ by rounding alone are equal on all machines.
const effectParts = 1e10

// proportional shares all orders and all revenue by effects, none of which is below 0. Where all are 0 it gives nothing.
func (p *set) proportional(effects []float64) credit {
	out, sum := p.newCredit(len(effects)), new(big.Rat)
	parts := make([]*big.Rat, len(effects))
	for i, e := range effects {
		parts[i] = new(big.Rat).SetInt64(int64(math.Round(e * effectParts)))
		sum.Add(sum, parts[i])
	}
	if sum.Sign() == 0 {
		return out
	}
	for i, part := range parts {
		part.Quo(part, sum)
		out.conversions[i].Mul(part, new(big.Rat).SetInt64(p.orders))
		for at, revenue := range p.revenue {
			out.revenue[at][i].Mul(part, new(big.Rat).SetInt(revenue.Wide.Big()))
		}
	}
	return out
}
