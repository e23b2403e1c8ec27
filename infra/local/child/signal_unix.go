//go:build unix

package child

import (
	"os"
	"syscall"
)

// send signals the whole process group, of which the process is the leader.
func send(process *os.Process, signal os.Signal) {
	if err := syscall.Kill(-process.Pid, signal.(syscall.Signal)); err != nil {
		process.Signal(signal)
	}
}
