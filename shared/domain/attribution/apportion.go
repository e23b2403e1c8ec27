package attribution

import (
	"cmp"
	"math/big"
	"math/bits"
	"slices"
)

// apportion shares a whole number by weights, of which one is above 0, so that the parts add up to it: each gets its share rounded down, and what is
// left goes, one each, to the largest remainders, the first of equal ones (Hamilton's method). out is used for the parts.
func apportion(total int64, weights []uint64, out []int64) []int64 {
	out = out[:0]
	sum, size, sign := uint64(0), uint64(total), int64(1)
	if total < 0 {
		size, sign = -uint64(total), -1
	}
	for _, w := range weights {
		sum += w
	}
	var rests [touchesOf]uint64
	remainders, left := rests[:0], size
	for _, w := range weights {
		high, low := bits.Mul64(size, w)
		part, rest := bits.Div64(high, low, sum) // the part is at most size
		out, remainders, left = append(out, int64(part)), append(remainders, rest), left-part
	}
	for ; left > 0; left-- {
		most := 0
		for i, rest := range remainders {
			if rest > remainders[most] {
				most = i
			}
		}
		out[most]++
		remainders[most] = 0
	}
	for i := range out {
		out[i] *= sign
	}
	return out
}

// apportioned rounds exact shares, which add up to a whole number, to whole numbers that add up to it.
func apportioned(shares []*big.Rat) []*big.Int {
	out, left := make([]*big.Int, len(shares)), new(big.Rat)
	rests, order := make([]*big.Rat, len(shares)), make([]int, len(shares))
	for i, s := range shares {
		out[i] = new(big.Int).Div(s.Num(), s.Denom()) // rounded down: denominators are positive
		rests[i], order[i] = new(big.Rat).Sub(s, new(big.Rat).SetInt(out[i])), i
		left.Add(left, rests[i])
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(0, rests[a].Cmp(rests[b])) })
	one := big.NewInt(1)
	for _, i := range order[:min(int(left.Num().Int64()), len(order))] {
		out[i].Add(out[i], one)
	}
	return out
}
