// Package front is the local stand-in for an API Gateway HTTP API: it turns requests into payload 2.0 events, hands them to
// the function behind the route and turns the reply back. Limits, base64 rules, route priority and error bodies are the
// gateway's. It adds nothing of its own: no CORS, no redirect, no compression.
//
//	http.Serve(listener, front.New(front.Config{Routes: routes, Invoke: invoke}))
package front

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxBodyBytes is the gateway's limit of a request body.
	maxBodyBytes = 10 * 1024 * 1024
	// MaxHeaderBytes is the gateway's limit of request line and headers together.
	MaxHeaderBytes = 10240
	// maxEventBytes is Lambda's limit of an event, which a body with many escapes reaches first.
	maxEventBytes = 6 * 1024 * 1024
	// DefaultTimeout is the longest that the gateway waits for a function.
	DefaultTimeout = 30 * time.Second
)

// Invoke runs a function with an event; failed means that the function ended with an error.
type Invoke func(ctx context.Context, function string, event []byte) (payload []byte, failed bool, err error)

// ErrUnavailable marks an invocation that was refused for now, as by Lambda's throttling; the client is told 503.
var ErrUnavailable = errors.New("service unavailable")

// Config describes the API.
type Config struct {
	Routes  []Route
	Invoke  Invoke
	Timeout time.Duration    // integration timeout; DefaultTimeout if 0
	Now     func() time.Time // time.Now if nil
	Log     io.Writer        // one line per request that failed here
}

// Front serves the API.
type Front struct {
	config Config
	table  table
}

// New returns the handler of an API.
func New(config Config) *Front {
	if config.Timeout == 0 {
		config.Timeout = DefaultTimeout
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = io.Discard
	}
	return &Front{config: config, table: newTable(config.Routes)}
}

// ServeHTTP answers one request.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := newRequestID()
	w.Header().Set("Apigw-Requestid", requestID)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		writeMessage(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	if err != nil {
		return // the client left
	}
	route, parameters, found := f.table.find(r.Method, r.URL.EscapedPath())
	if !found {
		writeMessage(w, http.StatusNotFound, "Not Found")
		return
	}
	payload, err := encode(newEvent(r, body, route, parameters, requestID, f.config.Now()))
	if err != nil || len(payload) > maxEventBytes {
		writeMessage(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	f.answer(w, r, route, payload)
}

func (f *Front) answer(w http.ResponseWriter, r *http.Request, route Route, payload []byte) {
	reply, failed, err := f.invoke(r.Context(), route.Function, payload)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Fprintf(f.config.Log, "%s: no answer from %s within %s\n", route.key(), route.Function, f.config.Timeout)
		writeMessage(w, http.StatusServiceUnavailable, "Service Unavailable")
	case errors.Is(err, ErrUnavailable):
		fmt.Fprintf(f.config.Log, "%s: %v\n", route.key(), err)
		writeMessage(w, http.StatusServiceUnavailable, "Service Unavailable")
	case errors.Is(err, context.Canceled): // the client left
	case err != nil:
		fmt.Fprintf(f.config.Log, "%s: %v\n", route.key(), err)
		writeMessage(w, http.StatusInternalServerError, "Internal Server Error")
	case failed:
		fmt.Fprintf(f.config.Log, "%s: %s failed: %s\n", route.key(), route.Function, reply)
		writeMessage(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		decoded, err := decodeAnswer(reply)
		if err != nil {
			fmt.Fprintf(f.config.Log, "%s: %s: %v\n", route.key(), route.Function, err)
			writeMessage(w, http.StatusBadGateway, "Internal Server Error")
			return
		}
		decoded.write(w)
	}
}

// invoke waits for the function no longer than the integration timeout. The function goes on when the wait ends, as it
// does behind the gateway.
func (f *Front) invoke(ctx context.Context, function string, payload []byte) ([]byte, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, f.config.Timeout)
	defer cancel()
	type result struct {
		payload []byte
		failed  bool
		err     error
	}
	done := make(chan result, 1)
	go func() {
		payload, failed, err := f.config.Invoke(ctx, function, payload)
		done <- result{payload, failed, err}
	}()
	select {
	case r := <-done:
		return r.payload, r.failed, r.err
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// encode writes JSON without the escapes of <, > and & that Go adds for HTML: they would count towards the limit.
func encode(e event) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n")), err
}

func writeMessage(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"message":%q}`, message)
}

// newRequestID looks like the gateway's: short and without meaning.
func newRequestID() string { return rand.Text()[:15] + "=" }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
