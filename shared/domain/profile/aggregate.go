// Package profile is what is known of one identifier: an aggregate that is folded from its touchpoints, traits, and the orders it claims.
// All of them are joins or sums that do not depend on the order in which events come. A person's profile is the merge of its members'.
package profile

import (
	"encoding/json"

	"waymark/shared/domain/event"
)

// Aggregate is the fold of one identifier's distinct touchpoints, but for those of bots. Version is not part of the fold: it counts the writes, and a write is made
// on the condition that the version is the one that was read.
type Aggregate struct {
	Version     int64               `json:"v"`
	Model       string              `json:"m,omitempty"` // stage model that Evidence was folded under
	Touchpoints int                 `json:"n"`
	First       Touch               `json:"f"`
	Last        Touch               `json:"l"`
	Signs       map[string]int      `json:"c,omitempty"` // touchpoints by their own channel; those without a sign are not in it
	Evidence    map[string]Evidence `json:"e,omitempty"` // by the stage that touchpoints themselves point to
	Proof       uint64              `json:"p"`           // sum of the touchpoints' hashes: what this aggregate contains
}

// Touch is a first or last touchpoint, by corrected time.
type Touch struct {
	At   event.Millis `json:"t"`
	Sign string       `json:"c,omitempty"`
	Hash uint64       `json:"h"` // breaks ties
}

// Evidence of a stage.
type Evidence struct {
	Count int          `json:"n"`
	First event.Millis `json:"t"`
}

// MaxBytes is what an aggregate may take in the store, so that one write unit pays for it.
const MaxBytes = 1024

// Fold makes the aggregate of distinct touchpoints, leaving out those of bots. stageOf names the stage that a touchpoint itself points to, "" for none.
func Fold(touchpoints []event.Touchpoint, stageOf func(event.Touchpoint) string) Aggregate {
	var a Aggregate
	signs, evidence := map[string]int{}, map[string]Evidence{}
	for _, t := range touchpoints {
		if t.IsBot() {
			continue
		}
		one := Touch{At: t.Corrected, Sign: t.Sign, Hash: t.Hash()}
		a.take(1, one.Hash, one, one)
		if t.Sign != "" {
			signs[t.Sign]++
		}
		if stage := stageOf(t); stage != "" {
			evidence[stage] = evidence[stage].plus(Evidence{Count: 1, First: t.Corrected})
		}
	}
	a.Signs, a.Evidence = merge(signs, nil, nil), merge(evidence, nil, nil)
	return a
}

// Plus merges two aggregates of different touchpoints. It is commutative and associative; the empty Aggregate is its zero. Version and Model
// are taken from a.
func (a Aggregate) Plus(b Aggregate) Aggregate {
	if b.Touchpoints == 0 {
		return a
	}
	out := a
	out.take(b.Touchpoints, b.Proof, b.First, b.Last)
	out.Signs = merge(a.Signs, b.Signs, func(x, y int) int { return x + y })
	out.Evidence = merge(a.Evidence, b.Evidence, Evidence.plus)
	return out
}

// take adds n touchpoints, the first and the last of them given.
func (a *Aggregate) take(n int, proof uint64, first, last Touch) {
	if a.Touchpoints == 0 || first.before(a.First) {
		a.First = first
	}
	if a.Touchpoints == 0 || a.Last.before(last) {
		a.Last = last
	}
	a.Touchpoints += n
	a.Proof += proof
}

func (e Evidence) plus(other Evidence) Evidence {
	if e.Count == 0 {
		return other
	}
	return Evidence{Count: e.Count + other.Count, First: min(e.First, other.First)}
}

func (t Touch) before(other Touch) bool {
	if t.At != other.At {
		return t.At < other.At
	}
	return t.Hash < other.Hash
}

// merge joins two maps into a new one; nil when both are empty.
func merge[V any](a, b map[string]V, join func(V, V) V) map[string]V {
	if len(a)+len(b) == 0 {
		return nil
	}
	out := make(map[string]V, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = join(out[k], v)
	}
	return out
}

// Bytes is the aggregate as it is stored.
func (a Aggregate) Bytes() []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic("profile: an aggregate is made of strings and integers: " + err.Error())
	}
	return b
}
