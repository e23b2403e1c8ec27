package steps_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"waymark/shared/adapter/steps"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/step"
)

// BenchmarkPutSteps writes days of many and of few persons, and says how large objects are.
func BenchmarkPutSteps(b *testing.B) {
	for _, persons := range []int{2, 20_000} {
		d := day(rand.New(rand.NewPCG(1, 1)), persons)
		b.Run(fmt.Sprint(len(d.Rows), " rows"), func(b *testing.B) {
			o := objects{}
			table := steps.New(o)
			b.ReportAllocs()
			for b.Loop() {
				must(b, table.PutSteps(b.Context(), "shop", 1, d))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(d.Rows)), "ns/row")
			b.ReportMetric(float64(len(o[runKey]))/float64(len(d.Rows)), "bytes/row")
		})
	}
}

// BenchmarkSteps reads them.
func BenchmarkSteps(b *testing.B) {
	for _, persons := range []int{2, 20_000} {
		d := day(rand.New(rand.NewPCG(1, 1)), persons)
		b.Run(fmt.Sprint(len(d.Rows), " rows"), func(b *testing.B) {
			table := steps.New(objects{})
			must(b, table.PutSteps(b.Context(), "shop", 1, d))
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for rows, err := range table.Steps(b.Context(), "shop", []string{someDay}, step.AllColumns) {
					must(b, err)
					n += len(rows)
				}
				if n != len(d.Rows) {
					b.Fatalf("Steps yields %d rows, want %d", n, len(d.Rows))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(d.Rows)), "ns/row")
		})
	}
}

// BenchmarkCompactSteps merges 64 runs of 1,000 persons each.
func BenchmarkCompactSteps(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	var days []ledger.Day
	rows := 0
	for range 64 {
		d := day(random, 1000)
		days, rows = append(days, d), rows+len(d.Rows)
	}
	for b.Loop() {
		b.StopTimer()
		table := steps.New(objects{})
		for run, d := range days {
			must(b, table.PutSteps(b.Context(), "shop", int64(run), d))
		}
		runtime.GC()
		b.StartTimer()
		must(b, table.CompactSteps(b.Context(), "shop", someDay))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
}
