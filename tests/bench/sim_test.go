package bench_test

import (
	"testing"

	"waymark/tests/sim"
)

// BenchmarkSchedules plays schedules of the simulator, each with its oracle, one after the other.
func BenchmarkSchedules(b *testing.B) {
	player, err := sim.NewPlayer()
	if err != nil {
		b.Fatal(err)
	}
	seed := uint64(0)
	start := cpuTime()
	for b.Loop() {
		seed++
		if o := player.Play(seed); o.Problem != "" {
			b.Fatalf("seed %d: %s", seed, o.Problem)
		}
	}
	b.ReportMetric(float64(b.N)/(cpuTime()-start).Seconds(), "schedules/cpu-s")
}
