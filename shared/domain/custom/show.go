package custom

import (
	"cmp"
	"maps"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/money"
	"waymark/shared/domain/quantile"
)

// table is an empty table; by names the column of values, "" for none.
func table(name, sentence, by string) analysis.Table {
	t := analysis.Table{Name: name, Sentence: sentence, Columns: []analysis.Column{
		{Name: "start", Unit: analysis.Time, Sentence: "first instant of the window"},
		{Name: "metric", Unit: analysis.Text, Sentence: "its name"},
	}}
	if by != "" {
		t.Columns = append(t.Columns, analysis.Column{Name: "value_of", Unit: analysis.Text, Sentence: "value of " + by})
	}
	t.Columns = append(t.Columns, []analysis.Column{
		{Name: "value", Unit: analysis.Score, Sentence: "the number, in the unit of the row; nothing where a denominator is 0"},
		{Name: "unit", Unit: analysis.Text, Sentence: "count, persons, ratio, points, seconds, or a currency"},
		{Name: "low", Unit: analysis.Score, Sentence: "lower end of the interval of 95 %"},
		{Name: "high", Unit: analysis.Score, Sentence: "upper end"},
		{Name: "interval", Unit: analysis.Text, Sentence: "how it is made: wilson, delta over persons, score (docs/kpi.md), ranks of a percentile"},
		{Name: "numerator", Unit: analysis.Score, Sentence: "what the value is made of"},
		{Name: "denominator", Unit: analysis.Score, Sentence: "and divided by; nothing where the numerator is the value"},
		{Name: "n", Unit: analysis.Counts, Sentence: "what the number rests on; of own metrics, persons"},
	}...)
	return t
}

// rowsOf adds those of one metric of docs/kpi.md.
func rowsOf(t *analysis.Table, start string, metric kpi.Name, rows []kpi.Row) {
	for _, r := range rows {
		if r.Metric != metric {
			continue
		}
		values := []analysis.Value{analysis.Word(start), analysis.Word(string(metric))}
		if r.Dimension != kpi.Whole {
			values = append(values, analysis.Word(r.Value))
		}
		denominator := analysis.None()
		if r.Denominator != nil {
			denominator = analysis.Count(*r.Denominator)
		}
		values = append(values, valueOf(r), analysis.Word(r.Unit))
		values = append(values, bounds(r.Interval, r.IsMoney())...)
		t.Row(append(values, numeratorOf(r), denominator, analysis.Count(r.N))...)
	}
}

// Digits after the point: of ratios so many that all machines write the same.
const (
	ratioDigits = 12
	boundDigits = 10
	moneyDigits = 2
)

func bounds(i kpi.Interval, isMoney bool) []analysis.Value {
	if i.Method == "" {
		return []analysis.Value{analysis.None(), analysis.None(), analysis.None()}
	}
	digits := boundDigits
	if isMoney {
		digits = moneyDigits
	}
	return []analysis.Value{analysis.Number(i.Low, digits), analysis.Number(i.High, digits), analysis.Word(string(i.Method))}
}

func numeratorOf(r kpi.Row) analysis.Value {
	if r.IsMoney() {
		return analysis.Money(money.Sum{Wide: r.Numerator})
	}
	n, _ := r.Numerator.Int64() // counts fit
	return analysis.Count(n)
}

// valueOf is the value of a row, as GET /v1/kpis has it, to 12 digits after the point.
func valueOf(r kpi.Row) analysis.Value {
	switch {
	case r.Denominator == nil:
		return numeratorOf(r)
	case *r.Denominator == 0:
		return analysis.None()
	case r.IsMoney():
		return analysis.Money(money.Sum{Wide: r.Numerator}.Ratio(*r.Denominator))
	}
	n, _ := r.Numerator.Int64()
	value := float64(n) / float64(*r.Denominator)
	if r.Unit == string(kpi.UnitPoints) {
		value = float64(100*n) / float64(*r.Denominator)
	}
	return analysis.Number(value, ratioDigits)
}

// ownRow adds the row of an own metric. Of nobody there is one for the whole alone.
func (a *asked) ownRow(t *analysis.Table, start string, m int, value string, tallies []tally) {
	metric := &a.own[m]
	var sums tally
	if tallies != nil {
		sums = tallies[m]
	}
	isStanding := slices.ContainsFunc(Percentiles(), func(p Metric) bool { return p.Name == metric.Name })
	if sums.isNothing() && (value != "" || isStanding && len(a.List("metric")) == 0) {
		return
	}
	values := []analysis.Value{analysis.Word(start), analysis.Word(metric.Name)}
	if value != "" {
		values = append(values, analysis.Word(value))
	}
	if metric.Percentile > 0 {
		t.Row(append(values, sums.percentile(metric)...)...)
		return
	}
	number := func(c Counted, sum money.Sum) analysis.Value {
		if c.Of == Sum {
			return analysis.Money(sum) // an exact decimal number
		}
		n, _ := sum.Wide.Int64()
		return analysis.Count(n)
	}
	numerator := number(metric.Numerator, money.Sum{Wide: sums.y})
	if metric.Denominator.Of == "" {
		values = append(append(values, numerator, analysis.Word(metric.Unit)), bounds(kpi.Interval{}, false)...)
		t.Row(append(values, numerator, analysis.None(), analysis.Count(sums.persons))...)
		return
	}
	result, interval := analysis.None(), bounds(kpi.Interval{}, false)
	if !sums.x.IsZero() {
		ys, _ := metric.Numerator.scale()
		xs, _ := metric.Denominator.scale()
		result, interval = analysis.Number(sums.y.Float()/ys/(sums.x.Float()/xs), ratioDigits), bounds(sums.interval(metric), false)
	}
	values = append(values, result, analysis.Word(metric.Unit))
	values = append(values, interval...)
	t.Row(append(values, numerator, number(metric.Denominator, money.Sum{Wide: sums.x}), analysis.Count(sums.persons))...)
}

func (t *tally) isNothing() bool { return t.y.IsZero() && t.x.IsZero() && t.values.N() == 0 }

// percentile is the value with its interval, and of how many values how many are up to it.
func (t *tally) percentile(m *Metric) []analysis.Value {
	n, q := t.values.N(), float64(m.Percentile)/100
	out := []analysis.Value{analysis.None(), analysis.Word(m.Unit), analysis.None(), analysis.None(), analysis.None(), analysis.Count(0), analysis.Count(0), analysis.Count(0)}
	value, found := t.values.Quantile(q)
	if !found {
		return out
	}
	out[0] = analysis.Number(value, boundDigits)
	if low, high, ok := t.values.Interval(q); ok {
		out[2], out[3], out[4] = analysis.Number(low, boundDigits), analysis.Number(high, boundDigits), analysis.Word("ranks")
	}
	out[5], out[6], out[7] = analysis.Count(quantile.Rank(q, n)), analysis.Count(n), analysis.Count(n)
	return out
}

// ownRows adds the rows of an own metric by value, and says how many values have none because there are too many.
func (a *asked) ownRows(t *analysis.Table, start string, m int, by map[string][]tally) (left int) {
	values := slices.Collect(maps.Keys(by))
	values = slices.DeleteFunc(values, func(v string) bool { return v == whole || by[v][m].isNothing() })
	slices.SortFunc(values, func(x, y string) int {
		return cmp.Or(cmp.Compare(by[y][m].values.N(), by[x][m].values.N()), by[y][m].y.Compare(by[x][m].y), by[y][m].x.Compare(by[x][m].x), cmp.Compare(x, y))
	})
	if len(values) > kpi.MaxMembers {
		left, values = len(values)-kpi.MaxMembers, values[:kpi.MaxMembers]
	}
	slices.Sort(values)
	for _, value := range values {
		a.ownRow(t, start, m, value, by[value])
	}
	return left
}
