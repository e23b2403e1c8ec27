// Package lambda runs compiled function binaries as AWS Lambda does: it serves the Runtime API to the unmodified bootstrap,
// one process per concurrent invocation, kills it at the timeout and starts a new one after a panic.
//
// It knows nothing of what a function does. Differences from the cloud: an invocation beyond the concurrency limit waits
// instead of being throttled, and memory is not limited. Crashes, delays and throttling come when faults are switched on.
//
//	f := lambda.New(lambda.Config{Name: "waymark-Collect", Binary: "bin/Collect/bootstrap", Timeout: 10 * time.Second})
//	defer f.Close()
//	answer, err := f.Invoke(ctx, []byte(`{}`))
package lambda

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"waymark/infra/local/faults"
)

// maxPayloadBytes is Lambda's limit for a request and for an answer.
const maxPayloadBytes = 6 * 1024 * 1024

// ErrClosed is returned by Invoke after Close.
var ErrClosed = errors.New("the function is shut down")

// Config describes one function.
type Config struct {
	Name        string
	ARN         string
	Binary      string // path of the bootstrap
	Handler     string
	Timeout     time.Duration
	MemoryMB    int
	Concurrency int // most processes at a time; 10 if 0
	JSONLogs    bool
	LogLevel    string
	Environment map[string]string
	Log         io.Writer // standard output and error of the processes
	Faults      *faults.Stream
}

// Answer is what an invocation ended with. Payload is the function's JSON; when Failed it describes the error as
// Lambda does: {"errorType":…,"errorMessage":…}.
type Answer struct {
	Payload   []byte
	Failed    bool
	TimedOut  bool // the process was killed at the timeout; Failed too
	Crashed   bool // a fault killed the process before it answered; Failed too
	Survived  bool // a fault was to kill the process, which answered first and was killed then
	RequestID string
	Duration  time.Duration
}

// Function runs one function.
type Function struct {
	config Config
	slots  chan struct{} // one token per process that may be busy

	mu      sync.Mutex
	idle    []*worker
	all     map[*worker]bool
	version int // raised by Replace; workers of older versions are not reused
	closed  bool
	seen    []time.Duration // of the last invocations that ended well: from these a crash takes its time
	ended   int             // invocations that ended well
}

// New returns a function whose first process starts with its first invocation.
func New(config Config) *Function {
	if config.Concurrency <= 0 {
		config.Concurrency = 10
	}
	if config.Log == nil {
		config.Log = io.Discard
	}
	return &Function{config: config, slots: make(chan struct{}, config.Concurrency), all: map[*worker]bool{}}
}

// Invoke runs the function once. It returns an error only if there is no answer: the context ended while waiting for a free
// process, the binary could not be started, the invocation is throttled, or the function is closed. A failure of the function
// is an Answer.
//
// The context bounds the wait for a process, not the invocation: as in Lambda, an invocation goes on when its caller leaves.
func (f *Function) Invoke(ctx context.Context, payload []byte) (Answer, error) {
	if len(payload) > maxPayloadBytes {
		return Answer{}, fmt.Errorf("invoke %s: the request has %d bytes, Lambda takes %d: %w", f.config.Name, len(payload), maxPayloadBytes, ErrTooLarge)
	}
	luck := f.config.Faults.Next()
	if err := f.holdUp(ctx, luck); err != nil {
		return Answer{}, fmt.Errorf("invoke %s: %w", f.config.Name, err)
	}
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return Answer{}, fmt.Errorf("wait for a free process of %s: %w", f.config.Name, ctx.Err())
	}
	defer func() { <-f.slots }()
	w, err := f.take()
	if err != nil {
		return Answer{}, fmt.Errorf("invoke %s: %w", f.config.Name, err)
	}
	answer, reusable := w.run(payload, f.config.Timeout, f.crashAfter(luck))
	f.give(w, reusable)
	f.note(answer)
	return answer, nil
}

// ErrTooLarge marks a request above Lambda's limit.
var ErrTooLarge = errors.New("request too large")

// Warm starts a process, so that the first invocation need not wait for it, and tells what is wrong if it does not start.
func (f *Function) Warm() error {
	w, err := f.take()
	if err != nil {
		return fmt.Errorf("start %s: %w", f.config.Name, err)
	}
	answer, started := w.warm()
	f.give(w, started)
	if !started {
		return fmt.Errorf("start %s: %s", f.config.Name, answer.Payload)
	}
	return nil
}

// take returns an idle process or starts one.
func (f *Function) take() (*worker, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	for len(f.idle) > 0 {
		w := f.idle[len(f.idle)-1]
		f.idle = f.idle[:len(f.idle)-1]
		if w.alive() {
			return w, nil
		}
		delete(f.all, w)
		w.stop()
	}
	w, err := startWorker(f.config)
	if err != nil {
		return nil, err
	}
	w.version = f.version
	f.all[w] = true
	return w, nil
}

// give puts a process back, or ends it when it cannot be used again.
func (f *Function) give(w *worker, reusable bool) {
	f.mu.Lock()
	keep := reusable && w.alive() && w.version == f.version && !f.closed
	if keep {
		f.idle = append(f.idle, w)
	} else {
		delete(f.all, w)
	}
	f.mu.Unlock()
	if !keep {
		w.stop()
	}
}

// Replace makes later invocations use a new process: the binary at Config.Binary has changed. Invocations that run now
// end as they began.
func (f *Function) Replace() {
	f.mu.Lock()
	idle := f.idle
	f.idle = nil
	f.version++
	for _, w := range idle {
		delete(f.all, w)
	}
	f.mu.Unlock()
	for _, w := range idle {
		w.stop()
	}
}

// PIDs lists the processes that run now.
func (f *Function) PIDs() []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	pids := []int{}
	for w := range f.all {
		pids = append(pids, w.process.PID())
	}
	slices.Sort(pids)
	return pids
}

// Drain waits until no invocation runs, or until the context ends. Later invocations wait for ever, so Close follows.
func (f *Function) Drain(ctx context.Context) {
	for range cap(f.slots) {
		select {
		case f.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
}

// Close kills every process, also the busy ones.
func (f *Function) Close() {
	f.mu.Lock()
	f.closed = true
	workers := slices.Collect(maps.Keys(f.all))
	f.all, f.idle = map[*worker]bool{}, nil
	f.mu.Unlock()
	for _, w := range workers {
		w.stop()
	}
}

// Config returns the description the function was made from.
func (f *Function) Config() Config { return f.config }

// environment is what a process gets: Lambda's own variables, then the function's.
func (c Config) environment(runtimeAPI string) []string {
	values := map[string]string{
		"PATH":                            os.Getenv("PATH"),
		"TZ":                              ":UTC",
		"LANG":                            "en_US.UTF-8",
		"AWS_LAMBDA_RUNTIME_API":          runtimeAPI,
		"AWS_LAMBDA_FUNCTION_NAME":        c.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(c.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + c.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      time.Now().UTC().Format("2006/01/02") + "/[$LATEST]" + strings.ReplaceAll(newID(), "-", ""),
		"LAMBDA_TASK_ROOT":                filepath.Dir(c.Binary),
		"LAMBDA_RUNTIME_DIR":              filepath.Dir(c.Binary),
		"_HANDLER":                        c.Handler,
	}
	if c.JSONLogs {
		values["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
		values["AWS_LAMBDA_LOG_LEVEL"] = c.LogLevel
	}
	maps.Copy(values, c.Environment)
	list := make([]string, 0, len(values))
	for name, value := range values {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// failure is the JSON that Lambda answers when there is no answer from the function itself.
func failure(kind, message string) []byte {
	encoded, err := json.Marshal(struct {
		ErrorType    string `json:"errorType"`
		ErrorMessage string `json:"errorMessage"`
	}{kind, message})
	if err != nil {
		panic(err) // two texts always encode
	}
	return encoded
}

// newID is a random id in the form of a UUID, as Lambda's request ids are.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
