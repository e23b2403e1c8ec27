//go:build !unix

package child

import (
	"os"
	"os/exec"
)

func bind(*exec.Cmd) {}

// send kills: there is no gentler signal here.
func send(process *os.Process, _ os.Signal) { process.Kill() }
