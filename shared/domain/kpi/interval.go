package kpi

import (
	"cmp"
	"slices"

	"waymark/shared/domain/interval"
	"waymark/shared/domain/measure"
)

// Method is how the interval of a metric's values is made.
type Method string

// The methods; package interval has their formulas. Persons are independent of each other, what one of them does is not: only shares of persons, and
// scores that are known to be counted otherwise, are judged as if each one counted were.
const (
	Wilson Method = "wilson" // of a share, each of n by itself
	Delta  Method = "delta"  // of a ratio of sums, over persons
	Score  Method = "score"  // of a promoter score, each answer by itself
)

// Interval is where the value that a sample stands for lies, in 95 of 100 samples, in the unit of the row. The zero Interval is none.
type Interval struct {
	Method    Method  `json:"m"`
	Low, High float64 // both ends
}

// firstSums is the version of the definitions that first counted what intervals by the delta method are made of.
const firstSums = 6

// extremes is what intervals of scores are made of besides the score.
const extremes measure.Name = "nps_extremes"

// sums are the measures that an interval is made of, of a metric y ÷ x.
type sums struct {
	squares  measure.Name // Σy²; of a score, its extremes
	products measure.Name // Σxy
	counts   measure.Name // Σx²
	units    measure.Name // persons with an x
	since    int
}

// withSums gives the measures with those that intervals need, each once: those of rare events last, so that groups without them are short.
func withSums(c Config) ([]measure.Definition, map[Name]sums) {
	all, of := slices.Clone(c.Measures), map[Name]sums{}
	find := func(name measure.Name) measure.Definition {
		i := slices.IndexFunc(all, func(d measure.Definition) bool { return d.Name == name })
		if i < 0 {
			return measure.Definition{} // which check refuses
		}
		return all[i]
	}
	add := func(d measure.Definition) measure.Name {
		if find(d.Name).Name == "" {
			all = append(all, d)
		}
		return d.Name
	}
	for _, m := range c.Metrics {
		if m.Interval == Score {
			of[m.Name] = sums{squares: extremes, since: m.Since}
		}
		y, x := find(m.Numerator), find(m.Denominator)
		if m.Interval != Delta || y.Name == "" || x.Name == "" {
			continue
		}
		since := max(m.Since, firstSums)
		product := func(a, b measure.Definition) measure.Name {
			if a.Sum != "" && personsOf(all, a) == b.Name {
				return a.Name // of whom x is 0, y is too
			}
			return add(measure.Definition{Name: a.Name + "*" + b.Name, Product: [2]measure.Name{a.Name, b.Name}, Since: since})
		}
		s := sums{squares: product(y, y), products: product(y, x), counts: x.Name, units: x.Name, since: since}
		if x.Persons == "" { // else every x is 1
			s.counts = product(x, x)
			s.units = personsOf(all, x)
			if s.units == "" {
				s.units = add(measure.Definition{Name: x.Name + ":persons", Persons: x.Sum, PerCurrency: x.PerCurrency, Since: since})
			}
		}
		of[m.Name] = s
	}
	isRare, rare := map[measure.Counter]bool{}, map[measure.Name]bool{}
	signals, _, events := measure.Signals()
	for i, name := range signals {
		isRare[name] = events[i] != nil
	}
	for _, d := range all {
		rare[d.Name] = isRare[cmp.Or(d.Sum, d.Persons)] || rare[d.Product[0]] || rare[d.Product[1]]
	}
	slices.SortStableFunc(all, func(a, b measure.Definition) int { return first(!rare[a.Name], !rare[b.Name]) })
	return all, of
}

// personsOf is the measure of the persons who have any of what a measure sums; "" where there is none.
func personsOf(all []measure.Definition, sum measure.Definition) measure.Name {
	i := slices.IndexFunc(all, func(d measure.Definition) bool {
		return d.Persons != "" && d.Persons == sum.Sum && d.AtLeast <= 1 && d.PerCurrency == sum.PerCurrency
	})
	if i < 0 {
		return ""
	}
	return all[i].Name
}

func (d *Definitions) checkInterval(m Metric, bad func(string, ...any) error) error {
	isRatio := m.Unit == UnitRatio
	switch {
	case m.Interval == "":
		return nil
	case m.Interval == Wilson && isRatio && m.Denominator == m.N:
		return nil
	case m.Interval == Delta && d.set.Place(d.sums[m.Name].units) >= 0:
		return nil
	case m.Interval == Score && m.Unit == UnitPoints && m.Denominator == m.N && d.set.Place(extremes) >= 0:
		return nil
	}
	return bad("cannot have an interval by %q", m.Interval)
}

// currencyOf is under which currency a measure stands in rows of one.
func (d *Definitions) currencyOf(name measure.Name, currency string) string {
	if perCurrency, _ := d.set.Has(name); perCurrency {
		return currency
	}
	return ""
}

// millionths and hundredths are in how small parts amounts are summed, and multiplied for intervals.
const (
	millionths = 1_000_000
	hundredths = 100
)

// interval of a row that is otherwise made.
func (d *Definitions) interval(m *Metric, at places, row *Row, of member, currency string) Interval {
	var low, high float64
	var ok bool
	switch {
	case m.Interval == "" || row.Denominator == nil || of.isOther:
		return Interval{}
	case m.Interval == Wilson:
		k, _ := row.Numerator.Int64()
		low, high, ok = interval.Wilson(k, *row.Denominator)
	case m.Interval == Score:
		balance, _ := row.Numerator.Int64()
		low, high, ok = interval.Score(balance, of.count("", at.squares), row.N)
		low, high = 100*low, 100*high
	default:
		low, high, ok = d.ratio(m, at, row, of, currency)
	}
	if !ok {
		return Interval{}
	}
	return Interval{m.Interval, low, high}
}

func (d *Definitions) ratio(m *Metric, at places, row *Row, of member, currency string) (low, high float64, ok bool) {
	s := d.sums[m.Name]
	number := func(name measure.Name, place int) float64 {
		return of.number(d.currencyOf(name, currency), place).Float()
	}
	parts, squared := 1.0, 1.0
	if row.IsMoney() {
		parts, squared = millionths, hundredths
	}
	low, high, ok = interval.Ratio(interval.Sums{
		Y: row.Numerator.Float() / parts, X: float64(*row.Denominator),
		YY: number(s.squares, at.squares) / (squared * squared), XY: number(s.products, at.products) / squared, XX: number(s.counts, at.counts),
		Persons: of.count(d.currencyOf(s.units, currency), at.units),
	})
	if !row.IsMoney() {
		low = max(0, low) // of counts, which are never less
	}
	if m.IsShare {
		high = min(1, high)
	}
	return low, high, ok
}
