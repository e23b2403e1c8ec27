package ledger_test

import (
	"encoding/json"
	"testing"
	"time"

	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/model"
)

// BenchmarkCounting is what a settle counts of 500 persons who are new to it: their hours, what every window changes by, and those totals as they are
// stored. B/facts and B/totals are the sizes of both.
func BenchmarkCounting(b *testing.B) {
	d, err := model.Metrics()
	if err != nil {
		b.Fatal(err)
	}
	calendar, err := period.New("Europe/Berlin", time.Monday)
	if err != nil {
		b.Fatal(err)
	}
	lives := analysistest.Lives(3, 500)
	facts, totals := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		clock := ledger.NewClock(calendar)
		changes := ledger.NewChanges(d.Set(), clock)
		facts, totals = 0, 0
		for _, life := range lives {
			hours := ledger.Hours(clock, life)
			text, _ := json.Marshal(hours)
			facts += len(text)
			changes.Person(ledger.Count{Clock: clock, Version: d.Version}, hours, d.Version)
		}
		text, _ := json.Marshal(changes.List())
		totals += len(text)
	}
	b.ReportMetric(float64(facts), "B/facts")
	b.ReportMetric(float64(totals), "B/totals")
}
