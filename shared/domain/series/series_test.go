package series_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"testing"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/series"
	"waymark/shared/domain/step"
	"waymark/shared/model"
	"waymark/shared/testing/seed"
)

// Every metric, in any spans and by every dimension, is what the KPI of that name says of the same steps.
func TestMetricsAreTheKPIs(t *testing.T) {
	t.Parallel()
	definitions, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	begin, end := event.At(analysistest.Begin), event.At(analysistest.End)
	seed.Each(t, 30, func(t *testing.T, r *rand.Rand) {
		lives := analysistest.Lives(r.Uint64(), 40)
		dimension := measure.Dimensions[1+r.IntN(len(measure.Dimensions)-2)]
		by, err := analysis.ParseBreakdown("by", string(dimension))
		if err != nil {
			t.Fatal(err)
		}
		third := begin + (end-begin)/3
		first, second := series.Span{Start: begin, End: third}, series.Span{Start: third + 1 + event.Millis(r.IntN(1_000_000)), End: end - event.Millis(r.IntN(1_000_000_000))}
		asked := series.Asked{Sets: [][]series.Span{{first, second}, {second}}, By: by}
		seen := analysis.Seen(lives, analysis.Plan{From: begin, To: end, Columns: asked.Columns()}, analysis.Question{})
		got := series.Count(analysis.Listing(seen, 1+r.IntN(3)), asked)
		for i, set := range asked.Sets {
			for j, span := range set {
				want := definitions.Set().Empty()
				for _, life := range lives {
					definitions.Set().Add(want, measure.Of(step.Between(life, span.Start, span.End)))
				}
				rows, _ := definitions.View(kpi.View{Currency: "EUR", Members: 1000, Currencies: 100}, want)
				for _, name := range series.Names() {
					m, _ := series.Find(name)
					if apart := compare(m, dimension, got[i][j], rows); apart != "" {
						t.Fatalf("set %d span %d by %s: %s", i, j, dimension, apart)
					}
				}
			}
		}
	})
}

// compare finds a row of KPIs that says something else, or a value that has no row.
func compare(m series.Metric, dimension measure.Dimension, got series.Counted, rows []kpi.Row) string {
	found := 0
	for _, row := range rows {
		if string(row.Metric) != m.Name || row.Dimension != "" && row.Dimension != dimension {
			continue
		}
		tally := got.Whole
		if row.Dimension != "" {
			tally = *cmp.Or(got.By[row.Value], &series.Tally{})
			found++
		}
		currency := ""
		if m.IsMoney() {
			currency = row.Unit
		}
		n := m.Of(tally, currency)
		if n.Numerator != row.Numerator || row.Denominator != nil && *row.Denominator != n.Denominator {
			return fmt.Sprintf("%s of %q is %v, want %+v", m.Name, row.Value, n, row)
		}
	}
	counted := 0
	for value := range got.By {
		currencies := []string{""}
		if m.IsMoney() {
			currencies = got.By[value].Currencies()
		}
		for _, currency := range currencies {
			n := m.Of(*got.By[value], currency)
			if !n.Numerator.IsZero() {
				counted++
			}
		}
	}
	if counted > found {
		return fmt.Sprintf("%s has %d values, the KPI %d", m.Name, counted, found)
	}
	return ""
}

func BenchmarkCount(b *testing.B) {
	lives := analysistest.Lives(1, 10_000)
	var days []series.Span
	for at := event.At(analysistest.Begin); at < event.At(analysistest.End); at += 86_400_000 {
		days = append(days, series.Span{Start: at, End: at + 86_400_000})
	}
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	listed := analysis.Listing(lives, 2)
	for b.Loop() {
		series.Count(listed, series.Asked{Sets: [][]series.Span{days}})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps), "ns/step")
}
