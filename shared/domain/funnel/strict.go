package funnel

import (
	"math/bits"
	"slices"

	"waymark/shared/domain/event"
)

// strict follows each attempt until something else comes: no longer than there are steps.
func (f *Funnel) strict(hits []hit, in Bounds) (best Outcome, closes event.Millis) {
	for at, h := range hits {
		if !h.isEntry {
			continue
		}
		done, isWaiting := f.attempt(hits, at, in)
		if isWaiting {
			closes = max(closes, f.limit(h.at, in))
		}
		if required := f.countRequired(done); required > len(best.Reached) {
			best = Outcome{Entry: h.row}
			for _, m := range done {
				if f.steps[m.step].Optional {
					best.Optional = append(best.Optional, m.step)
				} else {
					best.Reached = append(best.Reached, hits[m.at].row)
				}
			}
			if required == len(f.required) {
				break
			}
		}
	}
	return best, closes
}

// mark is a step of the funnel and the hit that satisfied it.
type mark struct{ step, at int }

// attempt gives the steps of the funnel that one attempt has done, and whether nothing came after them that ends it.
func (f *Funnel) attempt(hits []hit, entry int, in Bounds) (best []mark, isWaiting bool) {
	// Where the attempt may stand, as what it has done: where optional steps may be passed over there are several ways.
	standing := [][]mark{{{0, entry}}}
	best = standing[0]
	limit := f.limit(hits[entry].at, in)
	at := entry + 1
	for ; at < len(hits) && hits[at].at <= limit; at++ {
		next := f.advanced(standing, hits, at)
		if hits[at].isQuiet {
			next = append(next, standing...)
		}
		if standing = next; len(standing) == 0 {
			break
		}
		for _, done := range standing {
			if f.isBetter(done, best) {
				best = done
			}
		}
	}
	return best, len(standing) > 0 && at == len(hits)
}

// advanced gives the ways of an attempt that a hit goes on with, one for each step of the funnel. Of several that lead there it is the one whose
// required steps came first, from the last one back.
func (f *Funnel) advanced(standing [][]mark, hits []hit, at int) (next [][]mark) {
	for _, done := range standing {
		for s := done[len(done)-1].step + 1; s < len(f.steps); s++ {
			if hits[at].steps&(1<<s) != 0 {
				chain := append(slices.Clone(done), mark{s, at})
				same := slices.IndexFunc(next, func(other []mark) bool { return other[len(other)-1].step == s })
				if same < 0 {
					next = append(next, chain)
				} else if f.isSooner(chain, next[same]) {
					next[same] = chain
				}
			}
			if !f.steps[s].Optional {
				break
			}
		}
	}
	return next
}

// isBetter says whether an attempt has more required steps done, or besides the same ones more optional ones after them.
func (f *Funnel) isBetter(done, than []mark) bool {
	a, b := f.places(done), f.places(than)
	return len(a) > len(b) || len(a) == len(b) && a[0] == b[0] && len(done) > len(than)
}

func (f *Funnel) isSooner(done, than []mark) bool {
	return slices.Compare(f.places(done), f.places(than)) < 0
}

// places are the hits of the required steps, the last one first.
func (f *Funnel) places(done []mark) (places []int) {
	for _, m := range slices.Backward(done) {
		if !f.steps[m.step].Optional {
			places = append(places, m.at)
		}
	}
	return places
}

func (f *Funnel) countRequired(done []mark) (n int) {
	for _, m := range done {
		if !f.steps[m.step].Optional {
			n++
		}
	}
	return n
}

// unordered looks of each attempt at the first steps of the life that satisfy each step of the funnel: as many as there are steps are enough, for
// each of them can be needed for another.
func (f *Funnel) unordered(hits []hit, in Bounds) (best Outcome, closes event.Millis) {
	n := len(f.required)
	places, next := make([][]int, n), make([]int, n) // of each step the hits that satisfy it, and the first of them in the attempt
	for at, h := range hits {
		for i := range places {
			if h.steps&f.requires(i) != 0 {
				places[i] = append(places[i], at)
			}
		}
	}
	end := len(hits) // the first exclusion after the entry
	ends := make([]int, len(hits))
	for at, h := range slices.Backward(hits) {
		ends[at] = end
		if h.ends&f.active[1] != 0 && h.steps&f.entering() == 0 {
			end = at
		}
	}
	for at, h := range hits {
		if !h.isEntry {
			continue
		}
		limit := f.limit(h.at, in)
		var seen []int
		for i := range places {
			for next[i] < len(places[i]) && places[i][next[i]] < at {
				next[i]++
			}
			for k := next[i]; k < len(places[i]) && k < next[i]+n; k++ {
				if place := places[i][k]; place < ends[at] && hits[place].at <= limit {
					seen = append(seen, place)
				}
			}
		}
		slices.Sort(seen)
		chain := f.matched(hits, slices.Compact(seen))
		isEnded := ends[at] < len(hits) && hits[ends[at]].at <= limit
		if !isEnded {
			closes = max(closes, limit)
		}
		if len(chain) > len(best.Reached) {
			best = Outcome{Entry: h.row, IsExcluded: isEnded, Optional: f.anywhere(hits[at:ends[at]], limit)}
			for _, place := range chain {
				best.Reached = append(best.Reached, hits[place].row)
			}
		}
		if len(chain) == n {
			break
		}
	}
	return best, closes
}

// matched gives the hits that satisfy as many required steps as any choice of them does, each another one, as soon as they do: the hits at which that
// number rises. A hit makes it rise when steps can be dealt out anew so that one is left for it.
func (f *Funnel) matched(hits []hit, seen []int) (chain []int) {
	holder := make([]int, len(f.required)) // of each required step, the hit that satisfies it
	for i := range holder {
		holder[i] = -1
	}
	var tried uint32
	var deal func(place int) bool
	deal = func(place int) bool {
		for i := range holder {
			bit := uint32(1) << i
			if tried&bit != 0 || hits[place].steps&f.requires(i) == 0 {
				continue
			}
			tried |= bit
			if holder[i] < 0 || deal(holder[i]) {
				holder[i] = place
				return true
			}
		}
		return false
	}
	for _, place := range seen {
		if tried = 0; deal(place) {
			if chain = append(chain, place); len(chain) == len(holder) {
				break
			}
		}
	}
	return chain
}

// anywhere gives the optional steps that anything within the window satisfies.
func (f *Funnel) anywhere(hits []hit, limit event.Millis) (done []int) {
	var seen uint32
	for _, h := range hits {
		if h.at <= limit {
			seen |= h.steps
		}
	}
	for ; seen != 0; seen &= seen - 1 {
		if s := bits.TrailingZeros32(seen); f.steps[s].Optional {
			done = append(done, s)
		}
	}
	return done
}
