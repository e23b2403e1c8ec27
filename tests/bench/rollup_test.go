package bench_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"runtime"
	"testing"
	"time"

	"waymark/functions/rollup"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/person"
)

// crowd is a table with one dirty day, on which each of n persons had four touchpoints, and a rollup on it.
func crowd(b *testing.B, n int) (*memory.Table, []event.Identifier, *rollup.Handler) {
	b.Helper()
	table := memory.NewTable()
	demo, err := workspace.New("demo", "Europe/London", "GBP", "default")
	if err != nil {
		b.Fatal(err)
	}
	if err := table.PutWorkspace(b.Context(), demo); err != nil {
		b.Fatal(err)
	}
	midnight := received.Truncate(24 * time.Hour)
	ids := make([]event.Identifier, n)
	for i := range ids {
		ids[i] = event.Identifier(fmt.Sprintf("user:%06d", i))
		for k := range 4 {
			at := event.At(midnight.Add(-time.Duration(60+i%1200+k*20) * time.Minute))
			tp := event.Touchpoint{
				ID: event.ID(fmt.Sprintf("e%d-%d", i, k)), Source: "web", Type: event.Track, Name: "Product Viewed", Original: at, Corrected: at, Received: at,
				Sign: []string{"", "email", "paid_search"}[i%3], Country: []string{"GB", "NO"}[i%2], Properties: map[string]string{"product_id": "p1", "category": "Games"},
			}
			if err := table.PutPage(b.Context(), "demo", ids[i], []event.Touchpoint{tp}); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := table.PutMarks(b.Context(), "demo", []kpi.Mark{{Grain: period.Day, Key: "2026-11-21", Identifiers: ids}}); err != nil {
		b.Fatal(err)
	}
	facts := archive.New(memory.NewBucket())
	return table, ids, rollup.New(rollup.Config{
		Workspaces: table, Marks: table, Windows: table, Restated: table, Facts: facts, Persons: facts, Times: table, Store: table, Model: model.Stages,
		Now: func() time.Time { return received },
	})
}

// BenchmarkRollup computes a dirty day of 2,000 persons with its hours, and the week, month, quarter and year that hold it. Its floor reads the
// same persons from the same table.
func BenchmarkRollup(b *testing.B) {
	const persons = 2000
	var table *memory.Table
	var ids []event.Identifier
	var h *rollup.Handler
	contest{
		events: persons, unit: "person-day",
		next: func() []byte {
			table, ids, h = crowd(b, persons)
			return []byte(`{"schedule":"rollup"}`)
		},
		subject: func(payload []byte) error {
			_, err := h.Handle(b.Context(), json.RawMessage(payload))
			return err
		},
		floors: []floor{{"x-load", func([]byte) error {
			_, err := person.Load(b.Context(), table, "demo", ids)
			return err
		}}},
	}.run(b)
}

// A year of twelve months with 200,000 persons each, of 600,000 in all.
const (
	mergedMonths  = 12
	mergedPersons = 200_000
	allPersons    = 600_000
)

// month streams the facts of one month without holding them.
func month(m int) iter.Seq[kpi.Facts] {
	return func(yield func(kpi.Facts) bool) {
		for p := range mergedPersons {
			n := p*(allPersons/mergedPersons) + (p+m)%(allPersons/mergedPersons)
			cell := kpi.Cell{Channel: []string{"direct", "email", "paid_search"}[(n+m)%3], Source: "web", Stage: "consideration", Country: "GB"}
			f := kpi.Facts{
				Person: event.Identifier(fmt.Sprintf("user:%08d", n)), Touches: []kpi.Count{{Cell: cell, N: 4}}, Sessions: []kpi.Count{{Cell: cell, N: 2}}, Stage: "consideration",
			}
			if n%10 == 0 {
				f.Orders = []kpi.Sale{{Cell: cell, Currency: "GBP", N: 1, Amount: 18_990_000}}
			}
			if !yield(f) {
				return
			}
		}
	}
}

// BenchmarkMergeFacts merges twelve months into a year and counts it, person by person. Its floor walks the same months one after the other and
// counts nothing. peak-bytes is what is in use meanwhile, beyond what was before.
func BenchmarkMergeFacts(b *testing.B) {
	var peak int64
	persons := 0
	merge := func(watch func(n int)) {
		tally := kpi.NewTally("GBP")
		persons = 0
		for f := range kpi.MergeFacts(months()) {
			tally.Add(f)
			persons++
			watch(persons)
		}
		if rows := tally.Rows(); len(rows) == 0 {
			b.Fatal("nothing was counted")
		}
	}
	before := inUse()
	merge(func(n int) {
		if n%(allPersons/8) == 0 {
			peak = max(peak, inUse()-before)
		}
	})
	contest{
		events: mergedMonths * mergedPersons, unit: "fact",
		next: func() []byte { return nil },
		subject: func([]byte) error {
			merge(func(int) {})
			return nil
		},
		floors: []floor{{"x-walk", func([]byte) error {
			walked := 0
			for _, m := range months() {
				for range m {
					walked++
				}
			}
			if walked != mergedMonths*mergedPersons {
				return fmt.Errorf("walked %d facts", walked)
			}
			return nil
		}}},
	}.run(b)
	b.ReportMetric(float64(peak), "peak-bytes")
	b.ReportMetric(float64(persons), "persons")
}

func months() []iter.Seq[kpi.Facts] {
	all := make([]iter.Seq[kpi.Facts], mergedMonths)
	for m := range all {
		all[m] = month(m)
	}
	return all
}

func inUse() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
