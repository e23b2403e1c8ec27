package assignment

import (
	"strconv"

	"waymark/shared/domain/event"
)

// Assign gives the variant of a person, by any id that stays the same for them. The rule, which functions/collect/tracker/src/experiments.ts has too:
//
// A variant has as many tickets as its weight, numbered from 0. A person draws a number for each ticket, and has the variant of the lowest; of two
// equal ones, that of the variant whose id comes first. The number of a ticket is the hash of ID/PERSON/VARIANT/TICKET in UTF-8, where
//
//	h = 0x9747b28c
//	for each byte b:  h = (h xor b) · 0x5bd1e995 mod 2³²;  h = h xor h >> 15
//	at the end:       h = h · 0x85ebca6b mod 2³²;  h = h xor h >> 13;  h = h · 0xc2b2ae35 mod 2³²;  h = h xor h >> 16
//
// (the steps of MurmurHash2 and MurmurHash3). So a larger weight of one variant brings persons to it alone, a smaller one takes them from it alone,
// and nobody changes between two others; a variant that is added takes from all in proportion. The experiment's id is the salt: what a
// person has in one experiment says nothing of another. The order in which variants are listed does not matter.
func (e Experiment) Assign(person string) string {
	of := hashed(start, e.ID+"/"+person+"/")
	var best Variant
	lowest := uint64(1) << 32
	for _, v := range e.Variants {
		at := hashed(of, v.ID+"/")
		for ticket := range v.Weight {
			number := uint64(finished(hashed(at, strconv.Itoa(ticket))))
			if number < lowest || number == lowest && v.ID < best.ID {
				best, lowest = v, number
			}
		}
	}
	return best.ID
}

const start uint32 = 0x9747b28c

func hashed(h uint32, text string) uint32 {
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 0x5bd1e995
		h ^= h >> 15
	}
	return h
}

func finished(h uint32) uint32 {
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// At is what a person has at an instant: the control, and why, where the experiment is not running.
func (e Experiment) At(person string, now event.Millis) (variant, reason string) {
	switch {
	case now < e.From:
		return e.Control(), "the experiment begins at " + instant(e.From) + "; until then everybody has the control"
	case now >= e.To:
		return e.Control(), "the experiment ended at " + instant(e.To) + "; since then everybody has the control"
	}
	return e.Assign(person), ""
}
