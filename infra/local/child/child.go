// Package child starts processes that must not outlive the laptop cloud: function binaries and emulators.
//
// Each is the leader of its own process group, so that Ctrl-C in a terminal reaches only the parent, which then stops
// them in order, and so that a kill takes their children along. On Linux the kernel kills them when the parent dies
// without a word. Processes are ended by their id, never by name.
//
//	p, err := child.Start(exec.Command("dynoxide", "--port", "8000"))
//	defer p.Stop(2 * time.Second)
package child

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// Process is a running child.
type Process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // why it ended; read after exited is closed
}

// Start starts the command as a child process.
func Start(cmd *exec.Cmd) (*Process, error) {
	bind(cmd)
	// A grandchild that inherited the output must not keep Wait from returning.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	p := &Process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Err tells how the process ended; call it after Exited.
func (p *Process) Err() error { return p.err }

// Kill ends the process group at once and waits for the process.
func (p *Process) Kill() {
	p.signal(os.Kill)
	<-p.exited
}

// Stop asks the process to end and kills it when it has not within the grace period.
func (p *Process) Stop(grace time.Duration) {
	p.signal(os.Interrupt)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.exited:
	case <-timer.C:
		p.Kill()
	}
}

func (p *Process) signal(signal os.Signal) {
	select {
	case <-p.exited: // the id may belong to another process by now
	default:
		send(p.cmd.Process, signal)
	}
}
