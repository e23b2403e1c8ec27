package bench_test

import (
	"testing"

	"waymark/tests/sim"
)

// BenchmarkSchedules plays schedules of the simulator, each with its oracle, one after the other.
func BenchmarkSchedules(b *testing.B) {
	seed := uint64(0)
	start := cpuTime()
	for b.Loop() {
		seed++
		if problem := sim.Play(seed); problem != "" {
			b.Fatalf("seed %d: %s", seed, problem)
		}
	}
	b.ReportMetric(float64(b.N)/(cpuTime()-start).Seconds(), "schedules/cpu-s")
}
