// Package bench_test measures the hot paths: collect and process per event, the start of each function, and the simulator. What counting costs
// measures the program in the folder counting.
//
// Times of different runs or machines cannot be compared, so every number is a ratio to a floor that is measured in the same run, in turns with
// the subject, as CPU time: the median of the samples. docs/performance.md says what the floors are and holds the numbers of one run; make
// bench makes new ones.
package bench_test

import (
	"io"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil))) // written, as in Lambda, and read by nobody
	os.Exit(m.Run())
}

// comparison is a subject and its floors, which work on the same payloads.
type comparison struct {
	events  int           // in one payload: the unit of the results
	unit    string        // "event" unless set
	next    func() []byte // gives a payload; not measured
	subject func(payload []byte) error
	floors  []floor
}

// floor is what the subject is compared with.
type floor struct {
	name string // of the ratio: x-floor, x-decode …
	work func(payload []byte) error
}

// sampleTime is how long the first floor works in one sample: long against the resolution of the clock, short against other work of the machine.
const sampleTime = 2 * time.Millisecond

// run samples floors and subject in turns and reports CPU time, ratios, and what the subject allocates, all of one event.
func (c comparison) run(b *testing.B) {
	b.Helper()
	payloads := make([][]byte, c.payloads(b))
	times := make([][]float64, len(c.floors)+1)
	for b.Loop() {
		for i := range payloads {
			payloads[i] = c.next()
		}
		for i, f := range c.floors {
			times[i] = append(times[i], timeOf(b, payloads, f.work))
		}
		times[len(c.floors)] = append(times[len(c.floors)], timeOf(b, payloads, c.subject))
	}
	subject := times[len(c.floors)]
	for i, f := range c.floors {
		ratios := make([]float64, len(subject))
		for n := range subject {
			ratios[n] = subject[n] / times[i][n]
		}
		b.ReportMetric(median(ratios), f.name)
	}
	unit := c.unit
	if unit == "" {
		unit = "event"
	}
	b.ReportMetric(median(subject)/float64(len(payloads)*c.events), "cpu-ns/"+unit)
	b.ReportMetric(0, "ns/op") // of floors and subject together it would say nothing
	c.allocations(b)
}

// payloads is how many make a sample.
func (c comparison) payloads(b *testing.B) int {
	b.Helper()
	for n := 1; ; n *= 2 {
		payloads := make([][]byte, n)
		for i := range payloads {
			payloads[i] = c.next()
		}
		if timeOf(b, payloads, c.floors[0].work) > float64(sampleTime.Nanoseconds()) {
			return n
		}
	}
}

// allocations reports the subject's, of one event, in the place of those of an operation.
func (c comparison) allocations(b *testing.B) {
	b.Helper()
	const rounds = 4
	payloads := make([][]byte, rounds)
	for i := range payloads {
		payloads[i] = c.next()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	timeOf(b, payloads, c.subject)
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(rounds*c.events), "B/op")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(rounds*c.events), "allocs/op")
}

// timeOf is the CPU time of some work on all payloads, in nanoseconds.
func timeOf(b *testing.B, payloads [][]byte, work func([]byte) error) float64 {
	b.Helper()
	start := cpuTime()
	for _, payload := range payloads {
		if err := work(payload); err != nil {
			b.Fatal(err)
		}
	}
	return float64((cpuTime() - start).Nanoseconds())
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
