package experiment

import (
	"math"
	"math/rand/v2"
	"testing"

	"waymark/shared/domain/assignment"
)

// TestEqualVariants: of experiments whose variants are the same, at most 5 in 100 find a difference, though a verdict is looked for every day. Looking at
// plain intervals every day finds one in a quarter of them: what is tested could be seen.
func TestEqualVariants(t *testing.T) {
	t.Parallel()
	const experiments = 120
	for name, c := range map[string]struct {
		arms, daily, days int
		rate              float64
		isRevenue         bool
	}{
		"a rate of 10 %":                {2, 100, 21, .1, false},
		"a rare event":                  {2, 100, 28, .02, false},
		"four variants":                 {4, 100, 14, .1, false},
		"revenue of few, very unequal":  {2, 100, 28, .03, true},
		"revenue of three, very unlike": {3, 200, 14, .03, true},
	} {
		random := rand.New(rand.NewPCG(13, 10))
		found, plain, atEnd, off := 0, 0, 0, 0
		for range experiments {
			s := run(random, c.arms, c.daily, c.days, c.rate, 0, c.isRevenue)
			found, plain, atEnd, off = found+one(s.found), plain+one(s.plain), atEnd+one(s.atEnd), off+one(s.mismatch)
		}
		t.Logf("%s: verdicts in %d of %d, plain intervals looked at daily in %d, once in %d, mismatches in %d", name, found, experiments, plain, atEnd, off)
		// 5 % of 120 are 6; that more than 14 come by chance has a probability of 0.1 %.
		if found > 6 || atEnd > 14 || off > 2 {
			t.Errorf("%s: %d of %d experiments with equal variants have a verdict, %d a plain interval without 0 at the end, %d a mismatch", name, found, experiments, atEnd, off)
		}
		if plain < 14 {
			t.Errorf("%s: plain intervals that are looked at every day find a difference in %d alone: the simulation shows nothing", name, plain)
		}
	}
}

// TestUnequalVariants: a true difference is found, and in the right direction.
func TestUnequalVariants(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(14, 10))
	for range 20 {
		if s := run(random, 2, 400, 21, .1, .03, false); !s.found || s.verdict != better {
			t.Errorf("13 %% beside 10 %% of 8,400 persons is %q", s.verdict)
		}
	}
}

type simulated struct {
	found, plain, atEnd, mismatch bool
	verdict                       string
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// run is an experiment that is looked at every day. All variants but the control have a rate that is higher by more.
func run(random *rand.Rand, variants, daily, days int, rate, more float64, isRevenue bool) (s simulated) {
	m := assignment.Metric{Event: "X"}
	if isRevenue {
		m = assignment.Metric{Currency: "EUR"}
	}
	c := comparison{metrics: []assignment.Metric{m}}
	for i := range variants {
		c.Variants = append(c.Variants, assignment.Variant{ID: string(rune('a' + i)), Weight: 1})
	}
	arms := c.arms()
	for range days {
		for range daily * variants {
			v := random.IntN(variants)
			arms[v].persons++
			if random.Float64() >= rate+more*float64(min(v, 1)) {
				continue
			}
			t := &arms[v].tallies[0]
			if t.converted++; isRevenue {
				t.values = append(t.values, math.Exp(4+1.2*random.NormFloat64()))
			}
		}
		s.atEnd = false
		for v := 1; v < variants; v++ {
			r := c.outcome(arms, v, 0, alpha/float64(c.comparisons()))
			s.verdict = r.verdict
			s.found = s.found || r.verdict == better || r.verdict == worse
			s.atEnd = s.atEnd || r.difference.Low > 0 || r.difference.High < 0
		}
		s.plain = s.plain || s.atEnd
		s.mismatch = s.mismatch || c.ratioOf(&counts{arms: arms}).P < mismatch
	}
	return s
}
