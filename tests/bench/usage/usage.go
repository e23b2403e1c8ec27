// Package usage is what a process takes while something is measured in it: time of the processors, and memory that is alive.
//
//	began := usage.CPU()
package usage

import (
	"runtime/metrics"
	"syscall"
	"time"
)

// Watch gives the most that is alive until stop is called.
func Watch() (stop func() uint64) {
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		peak := Alive()
		for {
			select {
			case <-done:
				most <- max(peak, Alive())
				return
			case <-time.After(5 * time.Millisecond):
				peak = max(peak, Alive())
			}
		}
	}()
	return func() uint64 {
		close(done)
		return <-most
	}
}

// Alive is what the newest garbage collection found in use.
func Alive() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// CPU is how much time the processors have spent on this process, the garbage collector's threads included.
func CPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
