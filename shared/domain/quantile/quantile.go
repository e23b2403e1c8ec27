// Package quantile keeps how values are distributed, in buckets whose bounds grow by a fixed factor (Masson, Rim and Lee, DDSketch, 2019): quantiles are
// right to 1 %. Buckets are counts, so sketches are added up in any order, and what was put in can be taken out again, exactly.
//
//	s := quantile.Sketch{}
//	s.Add(12.5, 1)
//	p90, ok := s.Quantile(0.9)
package quantile

import (
	"maps"
	"math"
	"slices"
)

// Error is the relative error of every quantile at most.
const Error = 0.01

// factor is how much the upper bound of a bucket is above that of the one before: the middle of one is within Error of all in it.
const factor = (1 + Error) / (1 - Error)

// Sketch is how many values each bucket has. Values from 0 on are known; what is less than Least is in the bucket of 0.
type Sketch map[int]int64

// Least is the smallest value that is told from 0, and Most the largest: what is above counts as that.
const (
	Least = 1e-6
	Most  = 1e12
)

// zero is the bucket of values below Least. No other has its number.
const zero = math.MinInt32

func bucketOf(value float64) int {
	if value < Least {
		return zero
	}
	return int(math.Ceil(math.Log(min(value, Most)) / math.Log(factor)))
}

// middle of a bucket: the value that is off by the same share from both bounds.
func middle(bucket int) float64 {
	if bucket == zero {
		return 0
	}
	return 2 * math.Pow(factor, float64(bucket)) / (factor + 1)
}

// Add puts a value in as often as times says, or takes it out where times is below 0. Values below 0, and what is no number, are not known: ok is false.
func (s Sketch) Add(value float64, times int64) (ok bool) {
	if !(value >= 0) {
		return false
	}
	s.plus(bucketOf(value), times)
	return true
}

func (s Sketch) plus(bucket int, times int64) {
	if s[bucket] += times; s[bucket] == 0 {
		delete(s, bucket)
	}
}

// Join adds all that another sketch holds.
func (s Sketch) Join(other Sketch) {
	for bucket, n := range other {
		s.plus(bucket, n)
	}
}

// N is how many values there are.
func (s Sketch) N() (n int64) {
	for _, count := range s {
		n += count
	}
	return n
}

// Rank is the place of the quantile q, above 0 and up to 1, among n values in their order, from 1 on: the smallest that has at least q of all values up
// to it.
func Rank(q float64, n int64) int64 {
	return max(1, min(n, int64(math.Ceil(q*float64(n)-1e-9))))
}

// Quantile is the value at Rank(q, N), within Error of it. Of no values there is none.
func (s Sketch) Quantile(q float64) (value float64, ok bool) {
	n := s.N()
	if n <= 0 {
		return 0, false
	}
	return s.at(Rank(q, n)), true
}

// at is the value of a place.
func (s Sketch) at(rank int64) float64 {
	buckets := slices.Sorted(maps.Keys(s))
	for _, bucket := range buckets {
		if rank -= s[bucket]; rank <= 0 {
			return middle(bucket)
		}
	}
	return middle(buckets[len(buckets)-1])
}

// Interval is that of 95 % of the quantile q, by the ranks between which it lies in 95 of 100 samples of independent values (Conover 1999, 3.2, normal
// approximation). Where such a rank is none of the sample's, there is no interval.
func (s Sketch) Interval(q float64) (low, high float64, ok bool) {
	n := s.N()
	of := float64(n)
	half := 1.959963984540054 * math.Sqrt(of*q*(1-q))
	from, to := int64(math.Floor(of*q-half)), int64(math.Ceil(of*q+half))+1
	if from < 1 || to > n {
		return 0, 0, false
	}
	return s.at(from), s.at(to), true
}
