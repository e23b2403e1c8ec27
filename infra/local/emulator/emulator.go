// Package emulator starts the stand-ins for the services that functions use: DynamoDB (the dynoxide binary), SQS (fauxqs
// under Node) and S3 (inside this process). All listen on 127.0.0.1 only, on free ports; Forward opens them on another
// address for containers.
//
//	db, err := emulator.StartDynamoDB(ctx, emulator.DynamoDBConfig{Modules: "infra/emulators/node_modules", File: "data/table.db"})
//	defer db.Stop()
package emulator

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"waymark/infra/local/child"
)

// startTimeout is how long an emulator may take until it answers.
const startTimeout = 20 * time.Second

// Service is a running emulator.
type Service struct {
	Name string
	Addr string // host:port on 127.0.0.1, or of the endpoint of the user's own
	stop func()
	died <-chan struct{} // nil for services inside this process or of the user's own
	how  func() error    // how it ended, once it has
}

// URL is the service's endpoint.
func (s *Service) URL() string {
	if strings.Contains(s.Addr, "://") {
		return s.Addr
	}
	return "http://" + s.Addr
}

// Stop ends the service.
func (s *Service) Stop() { s.stop() }

// How tells how a process ended by itself: its exit code, or the signal that ended it. Ask after Died.
func (s *Service) How() error { return s.how() }

// Died is closed when the process of the service has ended; nil, which blocks for ever, for one without a process.
func (s *Service) Died() <-chan struct{} { return s.died }

// Inside describes a service that the caller serves and stops itself.
func Inside(name, addr string) *Service { return &Service{Name: name, Addr: addr, stop: func() {}} }

// DynamoDBConfig says where the emulator is and where it keeps its data.
type DynamoDBConfig struct {
	Modules  string // node_modules with the platform's package
	File     string // database file; empty keeps everything in memory
	Endpoint string // of the user's own, taken when there is no emulator for this platform
	Log      io.Writer
}

// StartDynamoDB starts dynoxide: the npm package of this platform, else one on the PATH, else the user's endpoint.
func StartDynamoDB(ctx context.Context, config DynamoDBConfig) (*Service, error) {
	binary, found := findDynoxide(config.Modules)
	if !found {
		if config.Endpoint == "" {
			return nil, fmt.Errorf("there is no DynamoDB emulator for %s/%s: put a `dynoxide` binary on the PATH, or run DynamoDB Local and set AWS_ENDPOINT_URL_DYNAMODB to its address", runtime.GOOS, runtime.GOARCH)
		}
		return &Service{Name: "DynamoDB", Addr: strings.TrimSuffix(config.Endpoint, "/"), stop: func() {}}, nil
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(addr)
	args := []string{"--host", "127.0.0.1", "--port", port}
	if config.File != "" {
		args = append(args, "--db-path", config.File)
	}
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = config.Log, config.Log
	process, err := child.Start(cmd)
	if err != nil {
		return nil, err
	}
	if err := waitFor(ctx, addr, process); err != nil {
		process.Kill()
		return nil, fmt.Errorf("start dynoxide: %w", err)
	}
	return &Service{Name: "DynamoDB", Addr: addr, died: process.Exited(), how: process.Err, stop: func() { process.Stop(5 * time.Second) }}, nil
}

func findDynoxide(modules string) (string, bool) {
	platform := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	goos, name := runtime.GOOS, "dynoxide"
	if goos == "windows" {
		goos, name = "win32", "dynoxide.exe"
	}
	packaged := filepath.Join(modules, "@dynoxide", goos+"-"+platform, name)
	if _, err := os.Stat(packaged); err == nil {
		return packaged, true
	}
	onPath, err := exec.LookPath("dynoxide")
	return onPath, err == nil
}

// SQSConfig says where the start script is.
type SQSConfig struct {
	Directory string // with fauxqs.mjs and node_modules
	Journal   string // file that keeps what waits in the queues; empty keeps it in memory
	Log       io.Writer
}

// StartSQS starts fauxqs through our own script, because its command line listens on every interface.
func StartSQS(ctx context.Context, config SQSConfig) (*Service, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errors.New("node is not installed: Waymark's local SQS needs Node.js 20 or newer, see https://nodejs.org")
	}
	args := []string{"fauxqs.mjs", "0"}
	if config.Journal != "" {
		args = append(args, config.Journal)
	}
	cmd := exec.Command(node, args...)
	cmd.Dir = config.Directory
	cmd.Stderr = config.Log
	// The script ends when its standard input does, so it dies with us also where the kernel does not see to that.
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start fauxqs: %w", err)
	}
	output, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start fauxqs: %w", err)
	}
	defer output.Close()
	cmd.Stdout = writer
	process, err := child.Start(cmd)
	writer.Close()
	if err != nil {
		return nil, err
	}
	addr, err := readReady(ctx, output)
	if err != nil {
		process.Kill()
		return nil, fmt.Errorf("start fauxqs: %w", err)
	}
	stop := func() {
		stdin.Close()
		process.Kill()
	}
	return &Service{Name: "SQS", Addr: addr, died: process.Exited(), how: process.Err, stop: stop}, nil
}

// readReady waits for the script's line "ready PORT".
func readReady(ctx context.Context, output *os.File) (string, error) {
	deadline := time.Now().Add(startTimeout)
	if d, has := ctx.Deadline(); has && d.Before(deadline) {
		deadline = d
	}
	output.SetReadDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { output.SetReadDeadline(time.Now()) })
	defer stop()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("it did not get ready: %w", err)
	}
	port, is := strings.CutPrefix(strings.TrimSpace(line), "ready ")
	if !is {
		return "", errors.New(strings.TrimSpace(line))
	}
	return "127.0.0.1:" + port, nil
}

// waitFor dials until something listens.
func waitFor(ctx context.Context, addr string, process *child.Process) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return connection.Close()
		}
		select {
		case <-process.Exited():
			return fmt.Errorf("it ended at once: %w", process.Err())
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// freeAddr finds a port that nothing listens on. Another process could take it before ours does; then the start fails
// with a clear error and can be repeated.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
