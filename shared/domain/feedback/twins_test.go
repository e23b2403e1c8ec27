package feedback_test

import (
	"math"
	"testing"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/interval"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/step"
)

// TestKPITwins: NPS, CSAT and CES, of the whole and by stage and channel, are those of the measures that KPI rows are made of, with the same intervals.
func TestKPITwins(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(61, 400)
	q := question(t, "2026-02-01", "2026-05-01", "2026-05-20")
	names := []measure.Name{"nps_answers", "nps_balance", "nps_extremes", "csat_answers", "csat_satisfied", "ces_answers", "ces_scores"}
	var definitions []measure.Definition
	for _, name := range names {
		definitions = append(definitions, measure.Definition{Name: name, Sum: measure.Counter(name)})
	}
	set, err := measure.NewSet(definitions)
	if err != nil {
		t.Fatal(err)
	}
	totals := set.Empty()
	for _, life := range lives {
		set.Add(totals, measure.Of(step.Between(life, q.Start(), q.End())))
	}
	a := ask(t, lives, q)
	compared := 0
	of := func(row []analysis.Value, name measure.Name) int64 {
		dimension := measure.Dimension(row[0].String())
		if dimension == "whole" {
			dimension = measure.Whole
		}
		n, _ := totals.Number(measure.Key{Dimension: dimension, Value: row[1].String()}, name).Int64()
		return n
	}
	for _, kind := range []string{"nps", "csat", "ces"} {
		for _, row := range table(t, a, kind).Rows {
			part := row[0].String()
			if part != "whole" && part != "stage" && part != "channel" {
				continue
			}
			n := of(row, measure.Name(kind+"_answers"))
			check(t, row[2], float64(n))
			if n == 0 {
				continue
			}
			compared++
			switch kind {
			case "nps":
				balance, extremes := of(row, "nps_balance"), of(row, "nps_extremes")
				check(t, row[7], 100*float64(balance)/float64(n))
				low, high, ok := interval.Score(balance, extremes, n)
				gotLow, gotHigh, gotOK := row[7].Interval()
				if ok != gotOK || ok && (math.Abs(gotLow-100*low) > 1e-9 || math.Abs(gotHigh-100*high) > 1e-9) {
					t.Errorf("%v: the interval is %v to %v, of the KPI %v to %v", row, gotLow, gotHigh, 100*low, 100*high)
				}
			case "csat":
				checkRate(t, row[4], float64(of(row, "csat_satisfied")), float64(n))
			case "ces":
				check(t, row[4], float64(of(row, "ces_scores"))/float64(n))
			}
		}
	}
	if compared < 20 {
		t.Errorf("%d numbers were compared, want 20 at least", compared)
	}
}
