package quality_test

import (
	"fmt"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/quality"
)

// BenchmarkReport counts 100,000 archived deliveries of 5,000 people, one of ten a repeat.
func BenchmarkReport(b *testing.B) {
	const n = 100_000
	records := make([]event.Record, n)
	for i := range records {
		at := start + event.Millis(i)*2000
		records[i] = page(fmt.Sprint("request-", i/10), fmt.Sprint("m", i), at, at)
		if i%10 == 9 {
			records[i].Touchpoint.ID, records[i].Touchpoint.Original = records[i-1].Touchpoint.ID, records[i-1].Touchpoint.Original
		}
		records[i].Index, records[i].Identifiers = i%10, []event.Identifier{event.Identifier(fmt.Sprint("user:", i/20))}
	}
	b.ReportAllocs()
	for b.Loop() {
		counts := tally()
		for _, r := range records {
			counts.Accept(quality.CopyOf(r, ""))
		}
		counts.Needs()
		if got := counts.Report().Total; got.Accepted != n || got.Repeats != n/10 {
			b.Fatalf("%d accepted, %d repeats", got.Accepted, got.Repeats)
		}
	}
}
