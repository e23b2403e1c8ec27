package feedback

import (
	"slices"
	"sync/atomic"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/step"
)

// sieve tells themes that too few persons have from those that may have enough, so that the millions of words and pairs that one person alone has used
// need no memory. A theme adds each of its persons to one of many slots, which it may share with others: a slot of too few persons has none that has
// enough. What passes is counted exactly afterwards.
//
// All parts add to the same slots: sums of whole numbers do not depend on who adds first.
type sieve []atomic.Uint32

const slots = 1 << 22

// slotOf is the slot of a theme (FNV-1a).
func slotOf(stage, name string) uint32 {
	h := uint64(14695981039346656037)
	for _, text := range [2]string{stage, name} {
		for i := range len(text) {
			h = (h ^ uint64(text[i])) * 1099511628211
		}
		h *= 1099511628211
	}
	return uint32(h^h>>32) % slots
}

// passes says whether a theme may have enough persons. Nothing is left out of a nil sieve.
func (s sieve) passes(stage, name string) bool {
	return s == nil || s[slotOf(stage, name)].Load() >= fewest
}

// sift reads all lives for the themes that nobody declared.
func (p *plan) sift(lives analysis.Lives) sieve {
	if len(p.themes) > 0 {
		return nil
	}
	add := func(s sieve, life []step.Row) {
		var used []uint32 // by this person
		for i := range life {
			r := &life[i]
			if r.At >= p.until {
				break
			}
			if !p.reader.events[r.Event] || !r.IsTouchpoint() {
				continue
			}
			if text, found := p.reader.words(propertiesOf(r)); found {
				for _, name := range p.themesOf(text) {
					used = append(used, slotOf(or(r.Stage), name))
				}
			}
		}
		slices.Sort(used)
		for _, slot := range slices.Compact(used) {
			s[slot].Add(1)
		}
	}
	all := make(sieve, slots)
	return analysis.Fold(lives, func() sieve { return all }, add, func(sieve, sieve) {})
}
