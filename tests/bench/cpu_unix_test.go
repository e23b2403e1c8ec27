//go:build unix

package bench_test

import (
	"syscall"
	"time"
)

// cpuTime is how much time the processors have spent on this process, the garbage collector's threads included.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
