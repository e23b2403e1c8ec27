package change

import (
	"math"
	"math/rand/v2"
	"slices"

	"waymark/shared/domain/stats"
)

// What the search allows itself on a series without a change, per metric and year of days. Together it is less than the one false alarm that is
// stated: days of counts that are spread far and askew take up the rest, as TestFalseAlarms measures.
const (
	spikesAYear  = .2
	levelsAYear  = .3
	levelsAtMost = .2 // of one search, however long the series is
	yearDays     = 365.0
	shuffles     = 999
	leastDays    = 28 // known days, that a series is searched at all
	leastSide    = 7  // known days on each side of a change of level
	mostLevels   = 5
)

// Series is a metric day by day.
type Series struct {
	Form     Form
	Values   []float64 // of a share, how many of Of
	Of       []float64 // only of a share; a day with 0 is not known
	Weekdays []int     // 0 to 6
}

// Form is what the values are.
type Form int

// The forms.
const (
	Counts   Form = iota // whole numbers from 0 on
	Sizes                // amounts from 0 on
	Shares               // of Values among Of
	Balances             // amounts that may be below 0
)

// Found is a change that was found, in the series' own unit a day.
type Found struct {
	Day, End       int // the first day that it is of, and the first behind it
	IsLevel        bool
	Seen           float64 // a day, of the days from Day to End
	Expected       float64 // a day, of the same days, had nothing changed
	Low, High      float64 // bounds of what was expected, 95 %
	P              float64
	FalseAllowance float64 // that P had to be below
}

// Trend is how a series goes besides its changes.
type Trend struct {
	Days           int
	Mean           float64 // a day
	Week           float64 // relative change in a week
	Low, High, P   float64
	Levels, Spikes int
}

// Detect finds the changes of a series: days that stand out, and days from which on the level is another one. What is expected of a day comes of its
// weekday, of a straight trend, and of levels found before.
//
// Levels are found by the largest difference before and after any day, beside the largest in 999 shuffles of what the fit leaves. Days stand out by
// the probability of so much or more, each fitted without itself; the larger of two is taken, that of a Student t of the transformed values
// (square root of counts and amounts) and that of a distribution with the dispersion of the other days (negative binomial, gamma, binomial).
// Both hold their rates where days do not depend on each other.
func Detect(s Series) ([]Found, Trend, bool) {
	d := &detector{Series: s, y: make([]float64, len(s.Values)), all: make([]float64, len(s.Values))}
	busy := 0
	for i, value := range s.Values {
		d.all[i] = 1
		if s.Form == Shares {
			d.all[i] = math.Sqrt(s.Of[i])
		}
		if d.all[i] > 0 {
			d.y[i] = s.transformed(i)
		}
		busy += int(indicator(value != 0))
	}
	known := newFit(s.Weekdays, d.all)
	isSparse := (s.Form == Sizes || s.Form == Balances) && 2*busy < known.n
	if isSparse || known.n < leastDays || known.degrees() < leastDays/2 || norm(known.rest(d.y)) < 1e-9*(1+norm(d.y)) {
		return nil, Trend{Days: known.n}, false
	}
	levels := d.levels(d.all)
	spikes := d.spikes(levels)
	if len(spikes) > 0 {
		levels = d.levels(d.without(spikes))
		spikes = d.spikes(levels)
	}
	return d.told(levels, spikes)
}

type detector struct {
	Series
	y   []float64
	all []float64 // roots of the weights of days: shares weigh as what they are of, all else alike
}

type level struct {
	day int
	p   float64
}

// transformed makes the spread of days alike, by the square root of counts and amounts (Anscombe 1948). Shares weigh by what they are of instead, so
// that their mean does not depend on it.
func (s Series) transformed(i int) float64 {
	switch {
	case s.Form == Shares:
		return s.Values[i] / s.Of[i]
	case s.Form == Counts:
		return math.Sqrt(s.Values[i] + .375)
	case s.Form == Balances:
		return s.Values[i]
	}
	return math.Sqrt(s.Values[i])
}

// back is the value a day of a transformed mean; variance is that of the transformed values.
func (s Series) back(y, variance float64) float64 {
	if s.Form == Shares {
		return min(max(y, 0), 1)
	}
	if s.Form == Balances {
		return y
	}
	y = max(y, 0)
	if s.Form == Counts {
		return max(0, y*y-.375+variance)
	}
	return y*y + variance
}

func (d *detector) without(spikes []spike) []float64 {
	known := slices.Clone(d.all)
	for _, s := range spikes {
		known[s.day] = 0
	}
	return known
}

func (d *detector) fitOf(known []float64, levels []level) *fit {
	f := newFit(d.Weekdays, known)
	for _, l := range levels {
		f.explain(since(l.day))
	}
	return f
}

// levels finds changes of level one by one, the clearest first.
func (d *detector) levels(known []float64) []level {
	r := rand.New(rand.NewPCG(uint64(len(known)), 8))
	var out []level
	for len(out) < mostLevels {
		f := d.fitOf(known, out)
		found, ok := d.clearest(f, out, r)
		if !ok {
			break
		}
		out = append(out, found)
	}
	return out
}

// allowance is the probability that a search for levels may find one in a series without any.
func allowance(days int) float64 {
	return min(levelsAtMost, levelsAYear*float64(days)/yearDays)
}

func (d *detector) clearest(f *fit, before []level, r *rand.Rand) (level, bool) {
	scales := d.scales(f, before)
	rest := f.rest(d.y)
	strength, day := strongest(f, rest, scales)
	if day < 0 {
		return level{}, false
	}
	var places []int
	for i := range f.roots {
		if f.knows(i) {
			places = append(places, i)
		}
	}
	atLeast, shuffled := 1, slices.Clone(rest)
	for range shuffles {
		r.Shuffle(len(places), func(i, j int) { shuffled[places[i]], shuffled[places[j]] = shuffled[places[j]], shuffled[places[i]] })
		again := slices.Clone(shuffled)
		f.reduce(again)
		if other, _ := strongest(f, again, scales); other >= strength {
			atLeast++
		}
	}
	p := float64(atLeast) / (shuffles + 1)
	return level{day, p}, p <= allowance(f.n)
}

// scales are for each day how long the vector of a level from that day on is, without what the fit explains; 0 where no level may begin.
func (d *detector) scales(f *fit, before []level) []float64 {
	scales := make([]float64, len(f.roots))
	sums := make([]float64, len(f.basis))
	after, whole := 0, 0.0
	for i := len(f.roots) - 1; i >= 0; i-- {
		for n, q := range f.basis {
			sums[n] += f.roots[i] * q[i]
		}
		after += int(indicator(f.knows(i)))
		whole += f.roots[i] * f.roots[i]
		isNear := slices.ContainsFunc(before, func(l level) bool { return l.day-i < leastSide && i-l.day < leastSide })
		if after < leastSide || f.n-after < leastSide || isNear || !f.knows(i) {
			continue
		}
		square := whole
		for _, sum := range sums {
			square -= sum * sum
		}
		if square > .01*whole {
			scales[i] = math.Sqrt(square)
		}
	}
	return scales
}

// strongest is the day whose level would explain the largest part of what is left, and that part.
func strongest(f *fit, rest, scales []float64) (strength float64, day int) {
	length, sum := norm(rest), 0.0
	day = -1
	if length == 0 {
		return 0, day
	}
	for i := len(rest) - 1; i >= 0; i-- {
		sum += f.roots[i] * rest[i]
		if scales[i] == 0 {
			continue
		}
		if now := math.Abs(sum) / scales[i] / length; now > strength {
			strength, day = now, i
		}
	}
	return strength, day
}

type spike struct {
	day       int
	p         float64
	expected  float64
	low, high float64
}

// spikes finds days that stand out one by one, the clearest first. Each is left out of what the next is held against. Days of balances are as askew as
// they like, and no distribution says what stands out of them: only their levels are searched.
func (d *detector) spikes(levels []level) []spike {
	known := slices.Clone(d.all)
	var out []spike
	for len(out) < len(known)/10 && d.Form != Balances {
		f := d.fitOf(known, levels)
		best := spike{p: spikesAYear / yearDays}
		isFound := false
		o := d.others(f)
		for i := range known {
			if !f.knows(i) {
				continue
			}
			if s, ok := d.spikeAt(o, i); ok && s.p < best.p {
				best, isFound = s, true
			}
		}
		if !isFound {
			break
		}
		known[best.day] = 0
		out = append(out, best)
	}
	return out
}

// others is a fit of all days with what is needed to leave out one of them.
type others struct {
	*fit
	rest     []float64
	square   float64 // of all that is left
	variance float64 // of a transformed day
	spread   float64 // sum of (value − mean)² ÷ the variance that the form has by itself
	mine     []float64
}

func (d *detector) others(f *fit) *others {
	o := &others{fit: f, rest: f.rest(d.y), mine: make([]float64, len(d.y))}
	o.square = dot(o.rest, o.rest)
	o.variance = o.square / f.degrees()
	for i, root := range f.roots {
		if root > 0 {
			mean := d.back(d.y[i]-o.rest[i]/root, o.variance)
			o.mine[i] = d.dispersion(i, mean)
			o.spread += o.mine[i]
		}
	}
	return o
}

// dispersion is how far a day is from its mean, squared, in variances that it would have of chance alone.
func (d *detector) dispersion(i int, mean float64) float64 {
	if d.Form == Shares {
		away := d.Values[i] - d.Of[i]*mean
		return away * away / max(d.Of[i]*mean*(1-mean), 1e-9)
	}
	away := d.Values[i] - mean
	return away * away / max(mean, 1e-9)
}

func (d *detector) spikeAt(o *others, i int) (spike, bool) {
	h, degrees := o.leverage(i), o.degrees()-1
	if h > .999 || degrees < 1 {
		return spike{}, false // nothing else is known of such a day
	}
	variance := max(0, o.square-o.rest[i]*o.rest[i]/(1-h)) / degrees
	if variance <= 1e-18 {
		return spike{}, false
	}
	fitted := d.y[i] - o.rest[i]/(1-h)/o.roots[i]
	mistake := math.Sqrt(variance/(1-h)) / o.roots[i]
	mean := d.back(fitted, variance)
	byT := 2 * stats.StudentTail(math.Abs(d.y[i]-fitted)/mistake, degrees)
	reach := stats.StudentQuantile(.975, degrees) * mistake
	s := spike{day: i, p: max(byT, d.tail(i, mean, (o.spread-o.mine[i])/degrees)), expected: mean}
	s.low, s.high = d.back(fitted-reach, 0), d.back(fitted+reach, 0)
	return s, true
}

// tail is the probability of so much or more, or of so little or less, twice the smaller.
func (d *detector) tail(i int, mean, dispersion float64) float64 {
	x := d.Values[i]
	var atLeast, more float64
	switch d.Form {
	case Counts:
		mean = max(mean, 1e-9)
		atLeast, more = stats.CountTail(x, mean, dispersion), stats.CountTail(x+1, mean, dispersion)
	case Sizes:
		atLeast = stats.GammaTail(x, max(mean, 1e-9), max(dispersion, 1e-9))
		more = atLeast
	default:
		wide := max(dispersion, 1)
		k, n, p := x/wide, d.Of[i]/wide, min(max(mean, 1e-9), 1-1e-9)
		atLeast, more = stats.ShareTail(k, n, p), stats.ShareTail(k+1/wide, n, p)
	}
	return min(1, 2*min(atLeast, 1-more))
}

// told puts down what was found.
func (d *detector) told(levels []level, spikes []spike) ([]Found, Trend, bool) {
	slices.SortFunc(levels, func(a, b level) int { return a.day - b.day })
	f := d.fitOf(d.without(spikes), levels)
	variance := dot(f.rest(d.y), f.rest(d.y)) / f.degrees()
	quantile := stats.StudentQuantile(.975, f.degrees())
	var out []Found
	for n, l := range levels {
		rest := slices.Concat(levels[:n], levels[n+1:])
		size, mistake := f.effect(d.y, since(l.day), d.fitOf(f.roots, rest))
		end := len(d.y)
		if n+1 < len(levels) {
			end = levels[n+1].day
		}
		found := Found{Day: l.day, End: end, IsLevel: true, P: l.p, FalseAllowance: allowance(f.n)}
		found.Seen, found.Expected = d.means(f, l.day, end, size, variance)
		_, found.Low = d.means(f, l.day, end, size+quantile*mistake, variance)
		_, found.High = d.means(f, l.day, end, size-quantile*mistake, variance)
		out = append(out, found)
	}
	for _, s := range spikes {
		seen := d.Values[s.day]
		if d.Form == Shares {
			seen /= d.Of[s.day]
		}
		out = append(out, Found{
			Day: s.day, End: s.day + 1, Seen: seen, Expected: s.expected, Low: min(s.low, s.expected), High: max(s.high, s.expected),
			P: s.p, FalseAllowance: spikesAYear / yearDays,
		})
	}
	slices.SortStableFunc(out, func(a, b Found) int { return a.Day - b.Day })
	return out, d.trend(f, levels, len(spikes), variance, quantile), true
}

// means are of the days of a level what was seen a day and what would have been without it.
func (d *detector) means(f *fit, day, end int, size, variance float64) (seen, expected float64) {
	fitted := f.fitted(d.y)
	weight := 0.0
	for i := day; i < end; i++ {
		if !f.knows(i) {
			continue
		}
		w := 1.0
		if d.Form == Shares {
			w = d.Of[i]
		}
		weight += w
		seen += d.Values[i]
		expected += w * d.back(fitted[i]-size, variance)
	}
	return seen / weight, expected / weight
}

func (d *detector) trend(f *fit, levels []level, spikes int, variance, quantile float64) Trend {
	others := &fit{roots: f.roots, n: f.n}
	for day := range 7 {
		others.explain(func(i int) float64 { return indicator(d.Weekdays[i] == day) })
	}
	for _, l := range levels {
		others.explain(since(l.day))
	}
	slope, mistake := f.effect(d.y, trend, others)
	fitted, middle, sum, of := f.fitted(d.y), 0.0, 0.0, 0.0
	for i := range f.roots {
		if !f.knows(i) {
			continue
		}
		middle += fitted[i] / float64(f.n)
		sum += d.Values[i]
		if of++; d.Form == Shares {
			of += d.Of[i] - 1
		}
	}
	now := d.back(middle, variance)
	relative := func(slope float64) float64 { return d.back(middle+7*slope, variance)/now - 1 }
	return Trend{
		Days: f.n, Mean: sum / of, Week: relative(slope), Low: relative(slope - quantile*mistake), High: relative(slope + quantile*mistake),
		P: 2 * stats.StudentTail(math.Abs(slope)/mistake, f.degrees()), Levels: len(levels), Spikes: spikes,
	}
}
