package attribution

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// labelsOf is how many labels a chain of order 1, 2 or 3 tells apart, so that it has at most some 600 states. The least of more are one.
func labelsOf(order int) int { return [...]int{60, 24, 8}[order-1] }

// chain is an absorbing Markov chain over the last touches of paths. It begins before any touch and ends in a conversion or without one.
type chain struct {
	last        []int // label of each state; -1 of the start, which is state 0
	transitions map[[2]int]int64
	converts    []int64 // how often a state was the last before a conversion
	visits      []int64
}

// newChain counts the transitions of paths, each as often as it occurred, converted or not. Labels are those that the paths have after folding.
func newChain(order int, keepsLoops bool, paths []counted) *chain {
	c := &chain{last: []int{-1}, transitions: map[[2]int]int64{}, converts: []int64{0}, visits: []int64{0}}
	states := map[string]int{"": 0}
	var key []byte
	var path []uint32
	for _, p := range paths {
		path = append(path[:0], p.labels...)
		if !keepsLoops {
			path = slices.Compact(path)
		}
		state, n := 0, p.conversions+p.nulls
		for i, label := range path {
			c.visits[state] += n
			key = key[:0]
			for _, l := range path[max(0, i+1-order) : i+1] {
				key = binary.AppendUvarint(key, uint64(l)+1)
			}
			next, found := states[string(key)]
			if !found {
				next = len(c.last)
				states[string(key)] = next
				c.last, c.converts, c.visits = append(c.last, int(label)), append(c.converts, 0), append(c.visits, 0)
			}
			c.transitions[[2]int{state, next}] += n
			state = next
		}
		c.visits[state] += n
		c.converts[state] += p.conversions
	}
	return c
}

// counted is a path with what became of it.
type counted struct {
	labels             []uint32
	conversions, nulls int64
}

// effects gives, of labels 0 to n-1, the share of the conversions that is lost when every path ends where it comes to the label, from 0 to 1, and
// the share of paths that convert. It is solved, not simulated; its error is that of floating point, some 1e-12.
//
// With transitions Q among states and r to conversion, the shares that convert are b = (I−Q)⁻¹ r, and G = (I−Q)⁻¹ counts visits. To convert without
// the states S is to convert, less to reach S first in j and to convert from there: b₀ − G₀ₛ Gₛₛ⁻¹ bₛ. So one inverse does for all labels.
func (c *chain) effects(labels int) (lost []float64, converts float64, err error) {
	n := len(c.last)
	a, r := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	for i := range n {
		a.Set(i, i, 1)
		if c.visits[i] > 0 {
			r.SetVec(i, float64(c.converts[i])/float64(c.visits[i]))
		}
	}
	for of, count := range c.transitions {
		a.Set(of[0], of[1], a.At(of[0], of[1])-float64(count)/float64(c.visits[of[0]]))
	}
	var g mat.Dense
	if err := g.Inverse(a); isSingular(err) {
		return nil, 0, err
	}
	var b mat.VecDense
	b.MulVec(&g, r)
	lost, converts = make([]float64, labels), b.AtVec(0)
	for label := range lost {
		var s []int
		for i, l := range c.last {
			if l == label {
				s = append(s, i)
			}
		}
		if len(s) == 0 || converts <= 0 {
			continue
		}
		through, err := through(&g, &b, s)
		if err != nil {
			return nil, 0, err
		}
		lost[label] = min(1, max(0, through/converts))
	}
	return lost, converts, nil
}

// through is the probability to convert by way of the states s.
func through(g *mat.Dense, b *mat.VecDense, s []int) (float64, error) {
	inner, reach, after := mat.NewDense(len(s), len(s), nil), mat.NewVecDense(len(s), nil), mat.NewVecDense(len(s), nil)
	for i, from := range s {
		reach.SetVec(i, g.At(0, from))
		after.SetVec(i, b.AtVec(from))
		for j, to := range s {
			inner.Set(i, j, g.At(from, to))
		}
	}
	var solved mat.VecDense
	if err := solved.SolveVec(inner, after); isSingular(err) {
		return 0, err
	}
	return mat.Dot(reach, &solved), nil
}

// isSingular says whether there is no solution. One of a matrix that is merely far from even is good: chains are, by their rare states.
func isSingular(err error) bool {
	var condition mat.Condition
	return err != nil && (!errors.As(err, &condition) || float64(condition) > 1e14)
}

// folded gives each label its number in a chain of a number of labels: the most frequent ones have one each, by the number of paths they are in, and all
// others share the last one.
func (p *set) folded(labels int) (number []uint32, names []string) {
	number = make([]uint32, len(p.names))
	size, order := make([]int64, len(p.names)), make([]int, len(p.names))
	for _, e := range p.entries {
		for i, label := range e.Labels {
			if !slices.Contains(e.Labels[:i], label) {
				size[label] += e.Of.conversions + e.Of.nulls
			}
		}
	}
	for i := range order {
		order[i] = i
	}
	kept := len(order)
	if kept > labels {
		isOther := func(i int) int { // which was folded before and is so again
			if p.names[i] == other {
				return 1
			}
			return 0
		}
		slices.SortFunc(order, func(a, b int) int {
			return cmp.Or(cmp.Compare(isOther(a), isOther(b)), cmp.Compare(size[b], size[a]), cmp.Compare(a, b))
		})
		kept = labels - 1
	}
	for at, label := range order {
		number[label] = uint32(min(at, kept))
		if at < kept {
			names = append(names, p.names[label])
		}
	}
	if kept < len(order) {
		names = append(names, other)
	}
	return number, names
}

// other is the label of what is folded, as in KPI rows.
const other = "(other)"

// chain makes the chain of an order, and names its labels.
func (p *set) chain(order int, keepsLoops bool) (c *chain, number []uint32, names []string) {
	number, names = p.folded(labelsOf(order))
	paths := make([]counted, len(p.entries))
	for i, e := range p.entries {
		labels := make([]uint32, len(e.Labels))
		for at, label := range e.Labels {
			labels[at] = number[label]
		}
		paths[i] = counted{labels, e.Of.conversions, e.Of.nulls}
	}
	return newChain(order, keepsLoops, paths), number, names
}
