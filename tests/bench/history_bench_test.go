package bench_test

import (
	"testing"
	"time"
)

// BenchmarkHistory works on a person of 10,000 touchpoints and 5 MB, in memory and on the emulator, however that history lies: a new event, a
// repeat (which folds everything anew), the profile, a page of the timeline, and a rollup of the newest day. ns/op is the time until the
// answer; cpu-ms/op that of our process alone, without the emulator's; calls/op and KB/op what is asked of the table and what it brings.
func BenchmarkHistory(b *testing.B) {
	for name, open := range map[string]func(testing.TB, shape, int) *live{"memory": openMemory, "emulator": openEmulator} {
		for _, s := range shapes {
			b.Run(name+"/"+s.name, func(b *testing.B) {
				l := open(b, s, longLife)
				for _, work := range []struct {
					name string
					do   func(i int)
				}{
					{"new event", func(i int) { l.deliver(b, longLife/2+i%100, true) }},
					{"repeat", func(int) { l.deliver(b, longLife/2, false) }},
					{"profile", func(int) { l.ask(b, "/v1/profiles/"+string(veteran), "") }},
					{"timeline page", func(int) { l.ask(b, "/v1/profiles/"+string(veteran)+"/timeline", "limit=100") }},
					{"rollup of a day", func(int) { l.rollUp(b) }},
				} {
					b.Run(work.name, func(b *testing.B) { l.measure(b, work.do) })
				}
			})
		}
	}
}

func (l *live) measure(b *testing.B, do func(i int)) {
	b.Helper()
	do(0)
	if l.meter != nil {
		l.meter.take()
	}
	before, n := cpuTime(), 0
	for b.Loop() {
		n++
		do(n)
	}
	b.ReportMetric(float64((cpuTime()-before).Microseconds())/1000/float64(n), "cpu-ms/op")
	if l.meter == nil {
		return
	}
	calls, read := l.meter.take()
	total := 0
	for _, count := range calls {
		total += count
	}
	b.ReportMetric(float64(total)/float64(n), "calls/op")
	b.ReportMetric(float64(read>>10)/float64(n), "KB/op")
}

// BenchmarkIngest brings 10,000 events of one identifier on one day, one by one: what the last costs must be what the first does.
func BenchmarkIngest(b *testing.B) {
	for b.Loop() {
		l := openMemory(b, shapes[0], 1)
		times := make([]time.Duration, 10)
		for i := range longLife {
			before := cpuTime()
			l.deliver(b, i+1, true)
			times[i*len(times)/longLife] += cpuTime() - before
		}
		b.ReportMetric(float64(times[0].Microseconds())/(longLife/10), "first-cpu-µs/event")
		b.ReportMetric(float64(times[len(times)-1].Microseconds())/(longLife/10), "last-cpu-µs/event")
	}
}
