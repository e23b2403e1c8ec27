package custom

import (
	"strings"

	"waymark/shared/domain/interval"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/money"
	"waymark/shared/domain/quantile"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
)

// columns are those that a count reads.
func (c Counted) columns() step.Columns {
	if c.Of == "" {
		return 0
	}
	out := c.When.Columns()
	if c.Property != "" {
		out = out.With(step.Properties)
	}
	return out
}

// Columns are those that a metric reads.
func (m Metric) Columns() step.Columns { return m.Numerator.columns() | m.Denominator.columns() }

// add counts a step. Values that are no decimal number within ±10^12 are none.
func (c Counted) add(to wide.Int, r *step.Row) wide.Int {
	if c.Of == "" || !c.When.Holds(r) {
		return to
	}
	switch c.Of {
	case Persons:
		return wide.Of(1)
	case Steps:
		return to.Add(wide.Of(1))
	}
	text := strings.TrimSpace(r.Properties.Property(c.Property))
	if text == "" { // most steps do not say it, and to say what is wrong with nothing costs more than all else here
		return to
	}
	value, err := money.Parse(text)
	switch {
	case err != nil:
		return to
	case c.Of == values:
		return to.Add(wide.Of(1))
	}
	return to.Add(wide.Of(int64(value)))
}

// tally adds persons up: sums, products of what each comes to, and how many there are.
type tally struct {
	y, x, yy, xy, xx wide.Int
	persons          int64           // with an x, or with a y where nothing is divided
	beyond           int64           // for whom y is more than x
	values           quantile.Sketch // of percentiles
}

func (t *tally) person(m *Metric, y, x wide.Int) {
	t.y, t.x = t.y.Add(y), t.x.Add(x)
	if m.Denominator.Of == "" {
		if !y.IsZero() {
			t.persons++
		}
		return
	}
	fy, fx := factor(m.Numerator, y), factor(m.Denominator, x)
	t.yy, t.xy, t.xx = t.yy.Add(wide.Product(fy, fy)), t.xy.Add(wide.Product(fy, fx)), t.xx.Add(wide.Product(fx, fx))
	if !x.IsZero() {
		t.persons++
	}
	if y.Compare(x) > 0 {
		t.beyond++
	}
}

func (t *tally) sketch() quantile.Sketch {
	if t.values == nil {
		t.values = quantile.Sketch{}
	}
	return t.values
}

// value puts the value of a step among those of a percentile.
func (t *tally) value(c Counted, r *step.Row) {
	if !c.When.Holds(r) {
		return
	}
	text := strings.TrimSpace(r.Properties.Property(c.Property))
	if text == "" {
		return
	}
	if value, err := money.Parse(text); err == nil {
		t.sketch().Add(float64(value)/float64(money.Unit), 1)
	}
}

func (t *tally) join(other *tally) {
	t.y, t.x, t.yy, t.xy, t.xx = t.y.Add(other.y), t.x.Add(other.x), t.yy.Add(other.yy), t.xy.Add(other.xy), t.xx.Add(other.xx)
	t.persons, t.beyond = t.persons+other.persons, t.beyond+other.beyond
	if other.values != nil {
		t.sketch().Join(other.values)
	}
}

// Sums are multiplied in whole hundredths, and nothing is more than this.
const (
	hundredth  = 10_000 // millionths
	mostFactor = 1 << 50
)

func factor(c Counted, n wide.Int) int64 {
	f, fits := n.Int64()
	switch {
	case !fits && n.Compare(wide.Int{}) < 0:
		return -mostFactor
	case !fits:
		return mostFactor
	case c.Of == Sum:
		f /= hundredth
	}
	return max(-mostFactor, min(f, mostFactor))
}

// scale is in how small parts numbers are summed and multiplied.
func (c Counted) scale() (sum, product float64) {
	if c.Of == Sum {
		return 1_000_000, 100
	}
	return 1, 1
}

// interval of a ratio or mean: Wilson's of persons who are part of others, else by the delta method over persons.
func (t *tally) interval(m *Metric) kpi.Interval {
	if m.Numerator.Of == Persons && m.Denominator.Of == Persons && t.beyond == 0 {
		k, _ := t.y.Int64()
		n, _ := t.x.Int64()
		if low, high, ok := interval.Wilson(k, n); ok {
			return kpi.Interval{Method: kpi.Wilson, Low: low, High: high}
		}
		return kpi.Interval{}
	}
	ys, yp := m.Numerator.scale()
	xs, xp := m.Denominator.scale()
	low, high, ok := interval.Ratio(interval.Sums{
		Y: t.y.Float() / ys, X: t.x.Float() / xs, YY: t.yy.Float() / (yp * yp), XY: t.xy.Float() / (yp * xp), XX: t.xx.Float() / (xp * xp), Persons: t.persons,
	})
	switch {
	case !ok:
		return kpi.Interval{}
	case m.Numerator.Of != Sum && m.Denominator.Of != Sum:
		low = max(0, low)
	}
	return kpi.Interval{Method: kpi.Delta, Low: low, High: high}
}
