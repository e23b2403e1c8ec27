package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Answer is what an HTTP request brought.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// String is the answer as a failed test shows it.
func (a Answer) String() string { return fmt.Sprintf("%d %s", a.Status, a.Body) }

// Into reads the body of a 200 as JSON.
func (a Answer) Into(v any) error {
	if a.Status != http.StatusOK {
		return fmt.Errorf("answer %s", a)
	}
	if err := json.Unmarshal(a.Body, v); err != nil {
		return fmt.Errorf("decode answer %s: %w", a, err)
	}
	return nil
}

// Tenant is a workspace of a running system with its keys.
type Tenant struct {
	*System
	Keys Keys
}

// Post sends a body with the server key.
func (t Tenant) Post(ctx context.Context, path string, body []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.URL+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.SetBasicAuth(t.Keys.Server, "")
	request.Header.Set("Content-Type", "application/json")
	return Do(request)
}

// Batch sends events and expects that the request is accepted.
func (t Tenant) Batch(ctx context.Context, events ...map[string]any) error {
	body, err := json.Marshal(map[string]any{"batch": events})
	if err != nil {
		return fmt.Errorf("encode batch: %w", err)
	}
	answer, err := t.Post(ctx, "/v1/batch", body)
	if err == nil && answer.Status != http.StatusOK {
		err = fmt.Errorf("post batch: answer %s", answer)
	}
	return err
}

// Get reads with the secret key.
func (t Tenant) Get(ctx context.Context, path string) (Answer, error) {
	return t.secret(ctx, http.MethodGet, path, nil)
}

// Order makes the system do something, with the secret key.
func (t Tenant) Order(ctx context.Context, path string, body string) (Answer, error) {
	return t.secret(ctx, http.MethodPost, path, bytes.NewReader([]byte(body)))
}

// Change sends any request with the secret key, such as PUT, DELETE or HEAD.
func (t Tenant) Change(ctx context.Context, method, path, body string) (Answer, error) {
	return t.secret(ctx, method, path, bytes.NewReader([]byte(body)))
}

func (t Tenant) secret(ctx context.Context, method, path string, body io.Reader) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, t.URL+path, body)
	if err != nil {
		return Answer{}, err
	}
	request.Header.Set("Authorization", "Bearer "+t.Keys.Secret)
	return Do(request)
}

// Do makes a request and reads its answer; a redirect is an answer, too.
func Do(request *http.Request) (Answer, error) {
	client := http.Client{
		Timeout:       Hanging,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("read answer of %s: %w", request.URL.Path, err)
	}
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// Queue is how many messages wait, are being processed, and were given up.
type Queue struct {
	Waiting  int `json:"waiting"`
	InFlight int `json:"in_flight"`
	Dead     int `json:"dead"`
}

// Status is the answer of GET /v1/status, as far as tests look at it.
type Status struct {
	Queues struct {
		Touchpoints Queue `json:"touchpoints"`
	} `json:"queues"`
	Failed       map[string]int    `json:"failed"`
	DirtyWindows int               `json:"dirty_windows"`
	NewestRollup map[string]string `json:"newest_rollup"`
}

// Status reads GET /v1/status.
func (t Tenant) Status(ctx context.Context) (Status, error) {
	answer, err := t.Get(ctx, "/v1/status")
	if err != nil {
		return Status{}, err
	}
	var s Status
	return s, answer.Into(&s)
}

// Processes lists the running processes of a function, from the admin API.
func (s *System) Processes(ctx context.Context, function string) ([]int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.AdminURL+"/status", nil)
	if err != nil {
		return nil, err
	}
	answer, err := Do(request)
	if err != nil {
		return nil, err
	}
	var said struct {
		Functions map[string]struct {
			PIDs []int `json:"pids"`
		} `json:"functions"`
	}
	if err := answer.Into(&said); err != nil {
		return nil, err
	}
	return said.Functions[function].PIDs, nil
}

// Faults is what the laptop cloud does wrong on purpose, and what it has done so far by function and kind.
type Faults struct {
	Seed   uint64                    `json:"seed"`
	Faults string                    `json:"faults"`
	Counts map[string]map[string]int `json:"counts"`
}

// SwitchFaults changes what goes wrong from now on; "off" is nothing.
func (s *System) SwitchFaults(ctx context.Context, plan string) (Faults, error) {
	body, err := json.Marshal(map[string]string{"faults": plan})
	if err != nil {
		return Faults{}, fmt.Errorf("encode faults: %w", err)
	}
	return s.faults(ctx, http.MethodPost, body)
}

// Faults reads what went wrong so far.
func (s *System) Faults(ctx context.Context) (Faults, error) {
	return s.faults(ctx, http.MethodGet, nil)
}

func (s *System) faults(ctx context.Context, method string, body []byte) (Faults, error) {
	request, err := http.NewRequestWithContext(ctx, method, s.AdminURL+"/faults", bytes.NewReader(body))
	if err != nil {
		return Faults{}, err
	}
	answer, err := Do(request)
	if err != nil {
		return Faults{}, err
	}
	var f Faults
	return f, answer.Into(&f)
}

// How long tests wait for what has no time of its own. A machine that does other work is slow, and no test may fail for that; what hangs must end.
const (
	Patience = 3 * time.Minute  // without any progress
	Hanging  = 15 * time.Minute // for one answer
)

// Eventually asks every few milliseconds until done. It gives up when what is said has not changed for the given time: as long as it changes there
// is progress. The error holds the last thing that was said.
func Eventually(ctx context.Context, patience time.Duration, done func(ctx context.Context) error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for last, since := "", time.Now(); ; {
		err := done(ctx)
		if err == nil {
			return nil
		}
		if said := err.Error(); said != last {
			last, since = said, time.Now()
		}
		if time.Since(since) > patience {
			return fmt.Errorf("no progress within %s: %w", patience, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-tick.C:
		}
	}
}

// Drained waits until no message waits or is being processed. The queue is that of the whole system.
func (t Tenant) Drained(ctx context.Context, patience time.Duration) error {
	return Eventually(ctx, patience, func(ctx context.Context) error {
		status, err := t.Status(ctx)
		if err != nil {
			return err
		}
		if q := status.Queues.Touchpoints; q.Waiting+q.InFlight > 0 {
			return fmt.Errorf("%d messages wait, %d are being processed", q.Waiting, q.InFlight)
		}
		return nil
	})
}
