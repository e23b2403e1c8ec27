package change_test

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"waymark/shared/domain/change"
)

// draws make one day of a mean.
func poisson(r *rand.Rand, mean float64) float64 {
	if mean > 500 {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	k, p := 0.0, math.Exp(-mean)
	for sum, u := p, r.Float64(); sum < u && k < 5000; sum += p {
		k++
		p *= mean / k
	}
	return k
}

// gamma of a shape and a mean, by Marsaglia and Tsang.
func gamma(r *rand.Rand, shape, mean float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1, 1) * (shape + 1) / shape * math.Pow(r.Float64(), 1/shape) * mean
	}
	d := shape - 1.0/3
	for {
		x := r.NormFloat64()
		v := math.Pow(1+x/math.Sqrt(9*d), 3)
		if v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v / shape * mean
		}
	}
}

var week = [7]float64{.8, .9, 1, 1.05, 1.1, 1.4, .75}

// series of some days: a mean by weekday with a trend, drawn by make.
func seriesOf(days int, form change.Form, draw func(day int, factor float64) (value, of float64)) change.Series {
	s := change.Series{Form: form}
	for i := range days {
		value, of := draw(i, week[i%7]*(1+.002*float64(i)))
		s.Values, s.Weekdays = append(s.Values, value), append(s.Weekdays, i%7)
		if form == change.Shares {
			s.Of = append(s.Of, of)
		}
	}
	return s
}

type world struct {
	name string
	form change.Form
	draw func(r *rand.Rand, factor float64) (value, of float64)
}

// worlds without a change: counts as spread as chance makes them and wider, amounts, shares.
func worlds() []world {
	count := func(mean, shape float64) func(r *rand.Rand, factor float64) (float64, float64) {
		return func(r *rand.Rand, factor float64) (float64, float64) {
			if shape > 0 {
				return poisson(r, gamma(r, shape, mean*factor)), 0
			}
			return poisson(r, mean*factor), 0
		}
	}
	return []world{
		{"poisson 2", change.Counts, count(2, 0)},
		{"poisson 40", change.Counts, count(40, 0)},
		{"negative binomial 15, variance 60", change.Counts, count(15, 5)},
		{"negative binomial 200, variance 4200", change.Counts, count(200, 10)},
		{"geometric 20", change.Counts, count(20, 1)},
		{"amounts", change.Sizes, func(r *rand.Rand, factor float64) (sum, of float64) {
			for range int(poisson(r, 12*factor)) {
				sum += math.Exp(3.5 + .8*r.NormFloat64())
			}
			return sum, 0
		}},
		{"amounts of either sign", change.Balances, func(r *rand.Rand, factor float64) (float64, float64) {
			return gamma(r, 4, 400*factor) - gamma(r, 2, 90), 0
		}},
		{"shares of 60", change.Shares, func(r *rand.Rand, factor float64) (k, of float64) {
			of = poisson(r, 60*factor)
			for range int(of) {
				if r.Float64() < .07 {
					k++
				}
			}
			return k, of
		}},
	}
}

// TestFalseAlarms counts alarms where nothing changes: at most one for each metric and year is what docs/analyses/changes.md states.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	years, lengths := 12.0, []int{120}
	if os.Getenv("WAYMARK_LONG") == "1" {
		years, lengths = 200, []int{56, 120, 365}
	}
	for _, w := range worlds() {
		for _, days := range lengths {
			r := rand.New(rand.NewPCG(uint64(days), 99))
			runs := int(years * 365 / float64(days) / 2)
			spikes, levels := 0, 0
			for range runs {
				found, _, ok := change.Detect(seriesOf(days, w.form, func(_ int, factor float64) (float64, float64) { return w.draw(r, factor) }))
				if !ok {
					t.Fatalf("%s: nothing was searched", w.name)
				}
				for _, f := range found {
					if f.IsLevel {
						levels++
					} else {
						spikes++
					}
				}
			}
			per := float64(runs*days) / 365
			t.Logf("%-38s %3d days: %.2f spikes and %.2f levels a year", w.name, days, float64(spikes)/per, float64(levels)/per)
			if all := float64(spikes+levels) / per; all > 1+2/math.Sqrt(per) {
				t.Errorf("%s, %d days: %.2f false alarms a year, want at most 1", w.name, days, all)
			}
		}
	}
}
