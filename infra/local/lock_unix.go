//go:build unix

package local

import (
	"os"
	"syscall"
)

// lockFile takes a lock that the kernel gives back when the process ends, however it ends.
func lockFile(file *os.File, wait bool) error {
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	return syscall.Flock(int(file.Fd()), how)
}
