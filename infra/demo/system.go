package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// System is a running Waymark.
type System struct {
	URL      string
	AdminURL string
	Data     string            // folder of its data and logs; "" where that is not known
	Env      map[string]string // what lets other programs talk to it; empty when it is in the environment already
}

// ready is the line that `waymark dev` writes when everything answers.
type ready struct {
	URL      string            `json:"url"`
	AdminURL string            `json:"admin_url"`
	Data     string            `json:"data"`
	Env      map[string]string `json:"env"`
}

const (
	startTimeout = 4 * time.Minute // a first start installs the emulators
	stopTimeout  = 20 * time.Second
)

// Attach finds the running system, by WAYMARK_URL or by the file that `waymark dev` keeps while it runs.
func Attach(ctx context.Context, getenv func(string) string, readyFile string) (System, bool) {
	if url := getenv("WAYMARK_URL"); url != "" {
		return System{URL: url, AdminURL: getenv("WAYMARK_ADMIN_URL")}, true
	}
	r, err := readReady(readyFile)
	if err != nil || !answers(ctx, r.URL) {
		return System{}, false
	}
	return System(r), true
}

func readReady(file string) (ready, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return ready{}, err
	}
	var r ready
	if err := json.Unmarshal(text, &r); err != nil {
		return ready{}, fmt.Errorf("read %s: %w", file, err)
	}
	if r.URL == "" {
		return ready{}, fmt.Errorf("read %s: it names no url", file)
	}
	return r, nil
}

func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(url, "/")+"/health", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // only the status is of interest
	return response.StatusCode == http.StatusOK
}

// Start starts a system of its own, in memory, by running `waymark dev` from the same executable, with more flags. stop ends it and removes what it kept.
func Start(ctx context.Context, executable string, log io.Writer, flags ...string) (System, func() error, error) {
	folder, err := os.MkdirTemp("", "waymark-demo-")
	if err != nil {
		return System{}, nil, err
	}
	file := filepath.Join(folder, "ready")
	// The system outlives ctx on purpose: only stop ends it, so that what still talks to it can finish.
	flags = append([]string{"dev", "--port", "0", "--data", filepath.Join(folder, "data"), "--memory", "--ready-file", file}, flags...)
	command := exec.CommandContext(context.WithoutCancel(ctx), executable, flags...)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return System{}, nil, errors.Join(fmt.Errorf("start %s dev: %w", executable, err), os.RemoveAll(folder))
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	stop := func() error { return errors.Join(end(command, ended), os.RemoveAll(folder)) }
	r, err := await(ctx, file, ended)
	if err != nil {
		return System{}, nil, errors.Join(err, stop())
	}
	return System(r), stop, nil
}

func await(ctx context.Context, file string, ended chan error) (ready, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if r, err := readReady(file); err == nil {
			return r, nil
		}
		select {
		case err := <-ended:
			ended <- nil // stop waits for it too
			return ready{}, fmt.Errorf("waymark dev ended before it was ready; what it said is above (%v)", err)
		default:
		}
		if err := Pause(ctx, 100*time.Millisecond); err != nil {
			return ready{}, fmt.Errorf("wait for waymark dev: %w", err)
		}
	}
}

// end asks the process to stop and, if it does not, kills it.
func end(command *exec.Cmd, ended chan error) error {
	_ = command.Process.Signal(os.Interrupt) // it may have ended by itself, which Wait tells
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-ended:
		return nil
	case <-timer.C:
		killed := command.Process.Kill()
		<-ended
		return errors.Join(fmt.Errorf("waymark dev did not stop in %s and was killed", stopTimeout), killed)
	}
}
