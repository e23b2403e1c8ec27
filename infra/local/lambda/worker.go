package lambda

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"waymark/infra/local/child"
)

// initTimeout is how long a new process may take to ask for its first invocation.
const initTimeout = 10 * time.Second

// worker is one process with a Runtime API of its own, on a port of its own.
//
// The exchange: the process asks for /next and waits; run hands it an invocation; the process posts its answer to
// /response or /error and asks for /next again.
type worker struct {
	config  Config
	version int
	process *child.Process
	server  *http.Server
	work    chan *invocation // run → /next
	asked   chan struct{}    // one token for each /next; taken before the process counts as idle
	started bool             // the first /next came

	mu      sync.Mutex
	current *invocation
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
	answer   chan Answer // buffered: the first answer counts
}

func startWorker(config Config) (*worker, error) {
	if _, err := os.Stat(config.Binary); err != nil {
		return nil, fmt.Errorf("there is no binary, because the function does not compile: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the runtime: %w", err)
	}
	w := &worker{config: config, work: make(chan *invocation), asked: make(chan struct{}, 1)}
	w.server = &http.Server{Handler: w.routes()}
	go w.server.Serve(listener)
	cmd := exec.Command(config.Binary)
	cmd.Dir = filepath.Dir(config.Binary)
	cmd.Env = config.environment(listener.Addr().String())
	cmd.Stdout, cmd.Stderr = config.Log, config.Log
	w.process, err = child.Start(cmd)
	if err != nil {
		w.server.Close()
		return nil, err
	}
	return w, nil
}

func (w *worker) alive() bool {
	select {
	case <-w.process.Exited():
		return false
	default:
		return true
	}
}

func (w *worker) stop() {
	w.process.Kill()
	w.server.Close()
}

// run gives the process one invocation and waits for its answer, its end or the timeout. It says whether the process can
// take another. The process is killed crashAfter the start if it has not answered by then; a negative time spares it.
func (w *worker) run(payload []byte, timeout, crashAfter time.Duration) (Answer, bool) {
	inv := &invocation{id: newID(), payload: payload, answer: make(chan Answer, 1)}
	// Set before the process can ask for work, because it may also end with /init/error instead.
	w.setCurrent(inv)
	defer w.setCurrent(nil)
	if answer, started := w.initialise(inv); !started {
		return answer, false
	}
	start := time.Now()
	inv.deadline = start.Add(timeout)
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	reusable := true
	var answer Answer
	select {
	case w.work <- inv:
		answer, reusable = w.await(inv, timer.C, timeout, crashAfter)
	case <-w.process.Exited():
		answer, reusable = w.exited(inv), false
	case <-timer.C:
		answer, reusable = w.timedOut(inv, timeout), false
	}
	answer.RequestID, answer.Duration = inv.id, time.Since(start)
	return answer, reusable
}

// warm waits until the process is ready for its first invocation.
func (w *worker) warm() (Answer, bool) {
	inv := &invocation{id: newID(), answer: make(chan Answer, 1)}
	w.setCurrent(inv)
	defer w.setCurrent(nil)
	return w.initialise(inv)
}

// initialise waits until a new process asks for work.
func (w *worker) initialise(inv *invocation) (Answer, bool) {
	if w.started {
		return Answer{}, true
	}
	timer := time.NewTimer(initTimeout)
	defer timer.Stop()
	select {
	case <-w.asked:
		w.started = true
		return Answer{}, true
	case answer := <-inv.answer: // /init/error
		return answer, false
	case <-w.process.Exited():
		return w.exited(inv), false
	case <-timer.C:
		w.process.Kill()
		message := fmt.Sprintf("RequestId: %s Error: the function did not ask for work within %s of its start", inv.id, initTimeout)
		return Answer{Payload: failure("Sandbox.Timedout", message), Failed: true, RequestID: inv.id}, false
	}
}

func (w *worker) await(inv *invocation, timeout <-chan time.Time, limit, crashAfter time.Duration) (Answer, bool) {
	var crash <-chan time.Time
	if crashAfter >= 0 {
		timer := time.NewTimer(crashAfter)
		defer timer.Stop()
		crash = timer.C
	}
	select {
	case <-crash:
		return w.crash(inv), false
	case answer := <-inv.answer:
		if crash != nil {
			return w.crashedLate(answer), false
		}
		return answer, w.asksAgain()
	case <-w.process.Exited():
		select {
		case answer := <-inv.answer: // a panic posts its error and exits
			return answer, false
		default:
			return w.exited(inv), false
		}
	case <-timeout:
		return w.timedOut(inv, limit), false
	}
}

// asksAgain waits until the process asks for more work. After a panic it posts the error first and ends then: without
// this wait the next invocation would be given to a dying process.
func (w *worker) asksAgain() bool {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-w.asked:
		return true
	case <-w.process.Exited():
	case <-timer.C:
	}
	return false
}

func (w *worker) timedOut(inv *invocation, limit time.Duration) Answer {
	w.process.Kill()
	text := fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())
	fmt.Fprintf(w.config.Log, "%s %s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), inv.id, text)
	return Answer{Payload: failure("Sandbox.Timedout", "RequestId: "+inv.id+" Error: "+text), Failed: true, TimedOut: true, RequestID: inv.id}
}

func (w *worker) exited(inv *invocation) Answer {
	cause := "exit status 0"
	if err := w.process.Err(); err != nil {
		cause = err.Error()
		if exit, is := errors.AsType[*exec.ExitError](err); is {
			cause = exit.ProcessState.String()
		}
	}
	text := fmt.Sprintf("RequestId: %s Error: Runtime exited with error: %s", inv.id, cause)
	fmt.Fprintln(w.config.Log, text)
	return Answer{Payload: failure("Runtime.ExitError", text), Failed: true, RequestID: inv.id}
}

func (w *worker) setCurrent(inv *invocation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current = inv
}

// answer completes the current invocation if it has this id; an empty id is that of /init/error.
func (w *worker) answer(id string, answer Answer) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current == nil || (id != "" && w.current.id != id) {
		return false
	}
	answer.RequestID = w.current.id
	select {
	case w.current.answer <- answer:
		return true
	default:
		return false
	}
}

func (w *worker) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", w.serveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", w.serveResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", w.serveError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", w.serveError)
	return mux
}

func (w *worker) serveNext(rw http.ResponseWriter, r *http.Request) {
	select {
	case w.asked <- struct{}{}:
	default:
	}
	select {
	case inv := <-w.work:
		header := rw.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		header.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(inv.deadline.UnixMilli(), 10))
		header.Set("Lambda-Runtime-Invoked-Function-Arn", w.config.ARN)
		header.Set("Lambda-Runtime-Trace-Id", traceID(inv.deadline.Add(-w.config.Timeout)))
		rw.Write(inv.payload)
	case <-r.Context().Done():
	}
}

func (w *worker) serveResponse(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxPayloadBytes+1))
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	if err != nil && !tooLarge {
		return // the process died while it posted: its end is what the invocation ends with
	}
	if tooLarge || len(body) > maxPayloadBytes {
		message := fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", maxPayloadBytes)
		w.answer(r.PathValue("id"), Answer{Payload: failure("Function.ResponseSizeTooLarge", message), Failed: true})
		writeStatus(rw, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge")
		return
	}
	w.complete(rw, r, Answer{Payload: body})
}

func (w *worker) serveError(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxPayloadBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); err != nil && !tooLarge {
		return
	}
	if err != nil {
		body = failure(r.Header.Get("Lambda-Runtime-Function-Error-Type"), "the error could not be read: "+err.Error())
	}
	w.complete(rw, r, Answer{Payload: body, Failed: true})
}

func (w *worker) complete(rw http.ResponseWriter, r *http.Request, answer Answer) {
	if !w.answer(r.PathValue("id"), answer) {
		writeStatus(rw, http.StatusBadRequest, "InvalidRequestID")
		return
	}
	writeStatus(rw, http.StatusAccepted, "OK")
}

func writeStatus(rw http.ResponseWriter, code int, status string) {
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(code)
	fmt.Fprintf(rw, `{"status":%q}`+"\n", status)
}

// traceID has X-Ray's form; nothing is sampled here.
func traceID(start time.Time) string {
	var b [20]byte
	rand.Read(b[:])
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", start.Unix(), h[:24], strings.ToLower(h[24:40]))
}
