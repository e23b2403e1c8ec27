// Package kpi makes the numbers that people read of what package measure counts: metrics, which are formulas over measures, and the windows of
// time that they are of. Rows come out with numerator, denominator and n, so that nothing is ever averaged twice.
//
// It reads no clock and stores nothing.
//
//	rows := definitions.Rows("EUR", window.Totals)
package kpi

import (
	"slices"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/measure"
)

// Name is the id of a metric in API, CSV and documentation.
type Name string

// Unit is what a value is counted in. Money has the currency's code in its rows.
type Unit string

// The units.
const (
	UnitCount    Unit = "count"
	UnitPersons  Unit = "persons"
	UnitCurrency Unit = "currency"
	UnitRatio    Unit = "ratio"
	UnitSeconds  Unit = "seconds"
	UnitPoints   Unit = "points" // hundredths of a ratio, as promoter scores are given: −100 to 100
)

// Dimension is what rows may be broken down by; "" is the whole.
type Dimension = measure.Dimension

// Whole is no breakdown.
const Whole = measure.Whole

// Good says which way a metric should go.
type Good string

// The directions.
const (
	GoodUp   Good = "up"
	GoodDown Good = "down"
	GoodNone Good = "none"
)

// Metric is one metric as it is defined.
type Metric struct {
	Name         Name
	Unit         Unit
	Sentence     string // what is counted
	Numerator    measure.Name
	Denominator  measure.Name // "" where the numerator is the value
	N            measure.Name // what the number rests on
	Interval     Method       // of the interval that values have; "" = none
	IsShare      bool         // the numerator is part of the denominator, so that no interval goes beyond 1
	WhereCounted bool         // the whole has rows only where something is counted, as values of dimensions have
	Good         Good
	Dimensions   []Dimension // that it can be broken down by
	Since        int         // version of the definitions that first had it
}

// Definitions are the metrics of one version, with the measures that they are made of.
type Definitions struct {
	Version int // counts up with every change
	Metrics []Metric
	set     *measure.Set
	sums    map[Name]sums // of metrics whose interval is made of sums
}

// Config is what definitions are made from.
type Config struct {
	Version  int
	Measures []measure.Definition
	Metrics  []Metric
}

// New checks definitions. Error: fault.Invalid with code bad_metric or bad_measure that names what is wrong.
func New(c Config) (*Definitions, error) {
	measures, sums := withSums(c)
	set, err := measure.NewSet(measures)
	if err != nil {
		return nil, err
	}
	d := &Definitions{Version: c.Version, Metrics: slices.Clone(c.Metrics), set: set, sums: sums}
	for i, m := range d.Metrics {
		if err := d.check(m, d.Metrics[:i]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Definitions) check(m Metric, before []Metric) error {
	bad := func(format string, args ...any) error {
		return fault.Newf(fault.Invalid, "bad_metric", "metric "+string(m.Name)+" "+format, args...)
	}
	if m.Name == "" || m.Sentence == "" || slices.ContainsFunc(before, func(other Metric) bool { return other.Name == m.Name }) {
		return bad("needs a name of its own and a sentence")
	}
	if !slices.Contains([]Unit{UnitCount, UnitPersons, UnitCurrency, UnitRatio, UnitSeconds, UnitPoints}, m.Unit) {
		return bad("has the unit %q", m.Unit)
	}
	if !slices.Contains([]Good{GoodUp, GoodDown, GoodNone}, m.Good) {
		return bad("says %q of which way is good; that is up, down or none", m.Good)
	}
	if m.Since < 1 || m.Since > d.Version {
		return bad("is said to be there since version %d of %d", m.Since, d.Version)
	}
	for _, dimension := range m.Dimensions {
		if dimension == Whole || !slices.Contains(measure.Dimensions[:], dimension) {
			return bad("is broken down by %q, which is no dimension", dimension)
		}
	}
	for _, name := range []measure.Name{m.Numerator, m.Denominator, m.N} {
		perCurrency, found := d.set.Has(name)
		if name == "" && name == m.Denominator && m.Unit != UnitRatio && m.Interval == "" {
			continue
		}
		// Amounts of one currency may be parted among persons of all.
		isOfAll := m.Unit == UnitCurrency && name == m.Denominator && !perCurrency
		if !found || perCurrency != (m.Unit == UnitCurrency) && !isOfAll {
			return bad("is made of %q, which is no measure of its kind", name)
		}
	}
	return d.checkInterval(m, bad)
}

// Set is the measures that metrics are made of.
func (d *Definitions) Set() *measure.Set { return d.set }

// Find gives the definition of a metric.
func (d *Definitions) Find(name Name) (Metric, bool) {
	for _, m := range d.Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Names lists the metrics in the order of rows.
func (d *Definitions) Names() []Name {
	out := make([]Name, len(d.Metrics))
	for i, m := range d.Metrics {
		out[i] = m.Name
	}
	return out
}

// CompleteSince gives the definitions as far as a version knows them: metrics and dimensions that are newer are not counted of everybody yet.
func (d *Definitions) CompleteSince(version int) *Definitions {
	out := *d
	out.Version = min(d.Version, version)
	out.Metrics = slices.DeleteFunc(slices.Clone(d.Metrics), func(m Metric) bool { return m.Since > version })
	for i := range out.Metrics {
		m := &out.Metrics[i]
		m.Dimensions = slices.DeleteFunc(slices.Clone(m.Dimensions), func(by Dimension) bool { return by.Since() > version })
		if out.sums[m.Name].since > version {
			m.Interval = "" // its sums are not of everybody yet
		}
	}
	return &out
}
