package analyse_test

import (
	"net/url"
	"syscall"
	"testing"
	"time"

	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/steps"
	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

// BenchmarkReading reads the lives of 100,000 persons with about 1,000,000 steps of half a year from Parquet, with the columns of a funnel.
func BenchmarkReading(b *testing.B) {
	for _, persons := range []int{50_000, 100_000} {
		b.Run("persons="+map[int]string{50_000: "50k", 100_000: "100k"}[persons], func(b *testing.B) {
			lives := analysistest.Lives(1, persons)
			table := steps.New(memory.NewBucket())
			put(b, table, lives)
			rows := 0
			for _, life := range lives {
				rows += len(life)
			}
			a := analyser(b, table, counts(step.ColumnsOf(step.Event, step.Session, step.Stage, step.SessionChannel, step.OrderMoney)))
			a.MaxSteps = 10_000_000
			said := url.Values{"from": {"2026-01-01"}, "to": {"2026-07-01"}}
			before := cpu()
			b.ResetTimer()
			for range b.N {
				got, err := a.Answer(b.Context(), shop(b), "counts", said)
				if must(b, err); got.Steps != rows {
					b.Fatalf("%d steps of %d", got.Steps, rows)
				}
			}
			b.ReportMetric(float64(cpu()-before)/float64(b.N)/1e9, "cpu-s/op")
			b.ReportMetric(float64(rows), "steps")
		})
	}
}

func cpu() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// counts is the least that an analysis does: it counts.
func counts(columns step.Columns) analysis.Analysis {
	return analysis.Analysis{Name: "counts", Prepare: func(q analysis.Question) (analysis.Plan, error) {
		return analysis.Plan{From: q.Start(), To: q.End(), Columns: columns, Answer: func(lives analysis.Lives) (analysis.Answer, error) {
			n := analysis.Fold(lives, func() *event.Millis { return new(event.Millis) }, func(to *event.Millis, life []step.Row) { *to += event.Millis(len(life)) },
				func(to, part *event.Millis) { *to += *part })
			return analysis.Answer{Notes: []string{n.Time().String()}}, nil
		}}, nil
	}}
}
