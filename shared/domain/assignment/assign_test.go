package assignment_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"waymark/shared/domain/assignment"
	"waymark/shared/domain/stats"
)

func experiment(id string, weights ...int) assignment.Experiment {
	e := assignment.Experiment{ID: id, From: 1000, To: 2000}
	for i, w := range weights {
		e.Variants = append(e.Variants, assignment.Variant{ID: string(rune('a' + i)), Weight: w})
	}
	return e
}

// persons are ids of the kinds that occur: numbers in a row, addresses, random texts.
func persons(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = []string{"%d", "user-%06d@shop.example", "1b9d%[1]x-%08[1]x", "Zoë %d"}[i%4]
		out[i] = fmt.Sprintf(out[i], i)
	}
	return out
}

// TestWeights: persons come by the weights in every one of a hundred experiments.
func TestWeights(t *testing.T) {
	t.Parallel()
	least, below := 1.0, 0
	for i, weights := range [][]int{{50, 50}, {90, 10}, {1, 1, 1}, {34, 33, 33}, {5, 20, 75}, {1, 0, 3}} {
		for salt := range 16 {
			e := experiment(fmt.Sprintf("exp-%d-%d", i, salt), weights...)
			seen := make([]int64, len(weights))
			for _, p := range persons(4000) {
				seen[e.Assign(p)[0]-'a']++
			}
			expected := make([]float64, len(weights))
			for j, w := range weights {
				expected[j] = float64(w)
			}
			p := stats.SampleRatio(seen, expected).P
			least = min(least, p)
			if p < .1 {
				below++
			}
		}
	}
	// Of 96 experiments about 10 have a p below .1, and the least is about .01.
	if least < 1e-4 || below > 22 {
		t.Errorf("persons do not come by the weights: of 96 experiments %d have a p below .1, the least is %g", below, least)
	}
}

// TestExperimentsAreIndependent: what a person has in one says nothing of another, even of the same variants.
func TestExperimentsAreIndependent(t *testing.T) {
	t.Parallel()
	least := 1.0
	for pair := range 20 {
		one, other := experiment(fmt.Sprintf("e%d", pair), 50, 50), experiment(fmt.Sprintf("e%d", pair+1), 50, 50)
		var a, n [2]int64
		for _, p := range persons(4000) {
			of := one.Assign(p)[0] - 'a'
			n[of]++
			if other.Assign(p) == "a" {
				a[of]++
			}
		}
		least = min(least, stats.ChiSquare(a[:], n[:]).P)
	}
	if least < 1e-4 {
		t.Errorf("two experiments depend on each other: p %g", least)
	}
}

// TestFewestMove: a changed weight moves persons to or from that variant alone, in proportion, and a new variant takes from all.
func TestFewestMove(t *testing.T) {
	t.Parallel()
	before := experiment("pricing", 40, 40, 20)
	for name, c := range map[string]struct {
		after   assignment.Experiment
		changed string
		least   float64 // share of persons who have to move
	}{
		"a larger weight":  {experiment("pricing", 40, 40, 40), "c", 40./120 - 20./100},
		"a smaller weight": {experiment("pricing", 40, 40, 5), "c", 20./100 - 5./85},
		"a weight of 0":    {experiment("pricing", 0, 40, 20), "a", 40. / 100},
		"a new variant":    {experiment("pricing", 40, 40, 20, 25), "d", 25. / 125},
	} {
		moved, all := 0, persons(8000)
		for _, p := range all {
			was, is := before.Assign(p), c.after.Assign(p)
			if was != is {
				moved++
			}
			if was != is && was != c.changed && is != c.changed {
				t.Fatalf("%s: %q moves from %s to %s, though %s alone changes", name, p, was, is, c.changed)
			}
		}
		if got := float64(moved) / float64(len(all)); got < c.least-.02 || got > c.least+.02 {
			t.Errorf("%s: a share of %.3f moves, want %.3f, the least that there must be", name, got, c.least)
		}
	}
}

// TestVectors: the assignments that every implementation of the rule must give. The tracker's test reads the same file.
func TestVectors(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Experiment, Person, Variant string
		Variants                    []assignment.Variant
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 40 {
		t.Fatalf("there are %d vectors", len(vectors))
	}
	for _, v := range vectors {
		e := assignment.Experiment{ID: v.Experiment, Variants: v.Variants}
		if got := e.Assign(v.Person); got != v.Variant {
			t.Errorf("Assign(%q) of %s = %s, want %s", v.Person, v.Experiment, got, v.Variant)
		}
		e.Variants = append(e.Variants[1:len(e.Variants):len(e.Variants)], e.Variants[0])
		if got := e.Assign(v.Person); got != v.Variant {
			t.Errorf("in another order of variants, Assign(%q) of %s = %s, want %s", v.Person, v.Experiment, got, v.Variant)
		}
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	e := experiment("late", 0, 1)
	for _, c := range []struct {
		now             int64
		variant, reason string
	}{
		{999, "a", "the experiment begins at 1970-01-01T00:00:01Z; until then everybody has the control"},
		{1000, "b", ""},
		{1999, "b", ""},
		{2000, "a", "the experiment ended at 1970-01-01T00:00:02Z; since then everybody has the control"},
	} {
		variant, reason := e.At("42", millis(c.now))
		if variant != c.variant || reason != c.reason || e.IsRunning(millis(c.now)) != (c.reason == "") {
			t.Errorf("At(%d) = %s, %q; want %s, %q", c.now, variant, reason, c.variant, c.reason)
		}
	}
}

func BenchmarkAssign(b *testing.B) {
	e := experiment("checkout-button", 50, 50)
	for b.Loop() {
		e.Assign("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")
	}
}
