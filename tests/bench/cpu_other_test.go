//go:build !unix

package bench_test

import "time"

var begin = time.Now()

// cpuTime is the time that passed: where the processors' time cannot be asked for, other work of the machine is measured too.
func cpuTime() time.Duration { return time.Since(begin) }
