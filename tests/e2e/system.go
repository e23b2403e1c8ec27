// Package e2e drives the running system from outside: it builds `waymark`, starts `waymark dev` with the real binaries and the emulators, and
// speaks HTTP to it as a browser, a server or a marketer does. What it knows of the inside is the ready file and the admin API, both made for
// scripts.
//
//	binary, err := e2e.Build(ctx, "../..", folder)
//	system, err := e2e.Start(ctx, e2e.Config{Binary: binary, Root: "../..", Data: folder, Flags: []string{"--memory"}})
//	defer system.Stop()
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	startTimeout = 10 * time.Minute // the first start compiles every function
	stopTimeout  = 2 * time.Minute
	pollInterval = 20 * time.Millisecond
)

// Config says which system to start.
type Config struct {
	Binary string   // of waymark
	Root   string   // of the project
	Data   string   // directory of data, logs and binaries
	Flags  []string // of `waymark dev`, beside --port, --data and --ready-file
}

// Keys open a workspace.
type Keys struct {
	Workspace string `json:"workspace"`
	Write     string `json:"write"`  // of a site
	Server    string `json:"server"` // of a server, which may send what lies long back
	Secret    string `json:"secret"`
}

// System is a running `waymark dev`.
type System struct {
	URL      string            `json:"url"`
	AdminURL string            `json:"admin_url"`
	Data     string            `json:"data"`
	Env      map[string]string `json:"env"`
	Keys     Keys              `json:"keys"` // of the workspace demo

	config  Config
	command *exec.Cmd
	log     *os.File
	ended   chan struct{}
}

// Build compiles the command line into a folder and gives its path.
func Build(ctx context.Context, root, folder string) (string, error) {
	binary, err := filepath.Abs(filepath.Join(folder, "waymark"))
	if err != nil {
		return "", err
	}
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./infra/waymark")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build waymark: %w\n%s", err, text)
	}
	return binary, nil
}

// Start starts a system on a free port and waits until everything answers. When it does not start, the error holds what it said.
func Start(ctx context.Context, c Config) (*System, error) {
	if _, err := os.Stat(filepath.Join(c.Root, "infra", "emulators", "node_modules", ".installed")); err != nil {
		return nil, fmt.Errorf("the emulators are not installed, run make emulators: %w", err)
	}
	s := &System{config: c, ended: make(chan struct{})}
	var err error
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return nil, err
	}
	// A folder of its own for each start: two systems may be told to use the same data.
	folder, err := os.MkdirTemp(filepath.Dir(c.Data), "start-")
	if err != nil {
		return nil, fmt.Errorf("make folder of the ready file: %w", err)
	}
	ready := filepath.Join(folder, "ready")
	if s.log, err = os.Create(filepath.Join(folder, "log")); err != nil {
		return nil, fmt.Errorf("make log: %w", err)
	}
	flags := append([]string{"dev", "--port", "0", "--data", c.Data, "--ready-file", ready}, c.Flags...)
	// The system outlives ctx on purpose: only Stop ends it, so that what still talks to it can finish.
	s.command = exec.CommandContext(context.WithoutCancel(ctx), c.Binary, flags...)
	s.command.Dir, s.command.Stdout, s.command.Stderr = c.Root, s.log, s.log
	if err := s.command.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start waymark dev: %w", err), s.log.Close())
	}
	go func() {
		_ = s.command.Wait() // how it ended stands in its log
		close(s.ended)
	}()
	if err := s.await(ctx, ready); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *System) await(ctx context.Context, ready string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		if text, err := os.ReadFile(ready); err == nil {
			return json.Unmarshal(text, s)
		}
		select {
		case <-s.ended:
			return fmt.Errorf("waymark dev ended before it was ready:\n%s", s.Log())
		case <-ctx.Done():
			return fmt.Errorf("wait for waymark dev: %w:\n%s", ctx.Err(), s.Log())
		case <-tick.C:
		}
	}
}

// Log is everything that the system said so far.
func (s *System) Log() string {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Stop ends the system as Ctrl-C does, and waits for it.
func (s *System) Stop() error {
	defer s.log.Close()
	_ = s.command.Process.Signal(os.Interrupt) // it may have ended by itself
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-s.ended:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("waymark dev did not stop in %s", stopTimeout), s.command.Process.Kill())
	}
}

// Kill ends the system as kill -9 does, without a word; the kernel ends what it started.
func (s *System) Kill() error {
	if err := s.command.Process.Kill(); err != nil {
		return fmt.Errorf("kill waymark dev: %w", err)
	}
	<-s.ended
	return nil
}

// Follow starts a command of `waymark` in the project. The end of ctx is its Ctrl-C; ended tells how it ended.
func (s *System) Follow(ctx context.Context, args ...string) (output io.Reader, ended <-chan error, err error) {
	command := exec.CommandContext(ctx, s.config.Binary, args...)
	command.Dir = s.config.Root
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	command.Stdout, command.Stderr = writer, writer
	err = errors.Join(command.Start(), writer.Close())
	done := make(chan error, 1)
	go func() {
		err := command.Wait()
		if command.ProcessState.Success() {
			err = nil // and not that of ctx
		}
		done <- err
	}()
	return reader, done, err
}

// RunIn runs a command of `waymark` in a folder, which knows this system by its arguments alone.
func (s *System) RunIn(ctx context.Context, folder string, args ...string) (out, log string, err error) {
	command := exec.CommandContext(ctx, s.config.Binary, args...)
	command.Dir, command.Env = folder, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	return finish(command, args[0])
}

// Run runs a command of `waymark` that talks to this system, and gives what it wrote to standard output and standard error.
func (s *System) Run(ctx context.Context, args ...string) (out, log string, err error) {
	command := exec.CommandContext(ctx, s.config.Binary, args...)
	command.Dir, command.Env = s.config.Root, os.Environ()
	for name, value := range s.Env {
		command.Env = append(command.Env, name+"="+value)
	}
	return finish(command, args[0])
}

func finish(command *exec.Cmd, name string) (out, log string, err error) {
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		err = fmt.Errorf("waymark %s: %w: %s", name, err, stderr.String())
		return stdout.String(), stderr.String(), err
	}
	return stdout.String(), stderr.String(), nil
}

// CreateWorkspace makes a workspace through the command line.
func (s *System) CreateWorkspace(ctx context.Context, name, zone, currency, model string) (Keys, error) {
	out, _, err := s.Run(ctx, "workspace", "create", name, "--time-zone", zone, "--currency", currency, "--model", model, "--json")
	if err != nil {
		return Keys{}, err
	}
	var made struct {
		Keys Keys `json:"keys"`
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		return Keys{}, fmt.Errorf("read what workspace create printed: %w: %s", err, out)
	}
	made.Keys.Workspace = name
	return made.Keys, nil
}
