package abuse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"waymark/infra/client"
)

// World is a system that is attacked. Its methods may be called by several at once.
type World interface {
	// Open makes a workspace with these settings.
	Open(ctx context.Context, name string, m Mode) (Keys, error)
	// Post sends events with a write key as one request.
	Post(ctx context.Context, key string, events []Event) error
	// Ask reads and operates a workspace with its secret key; body may be nil.
	Ask(ctx context.Context, secret, method, path string, body any) (json.RawMessage, error)
	// Count rolls a workspace up.
	Count(ctx context.Context, secret string) error
	// Drain waits until everything is processed that was posted. It is an error when anything lies in the dead-letter queue.
	Drain(ctx context.Context, secret string) error
	// Longest is how long process took for a batch at most since it was asked last; 0 where that is not known.
	Longest() (time.Duration, error)
	// Step gives an instant that is later than everything before, and before everything that follows.
	Step(ctx context.Context) (time.Time, error)
}

// Opener makes a workspace of a running system with these settings.
type Opener func(ctx context.Context, name string, m Mode) (Keys, error)

// Running is a system that runs on this machine.
type Running struct {
	URL    string
	Log    string // file of process's log
	Opener Opener
	HTTP   *http.Client
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error

	read int64 // how much of the log was read
}

// Open makes a workspace.
func (r *Running) Open(ctx context.Context, name string, m Mode) (Keys, error) {
	return r.Opener(ctx, name, m)
}

// Post sends events as clients do.
func (r *Running) Post(ctx context.Context, key string, events []Event) error {
	body, err := json.Marshal(map[string]any{"batch": events})
	if err != nil {
		return fmt.Errorf("encode batch: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+"/v1/batch", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.SetBasicAuth(key, "")
	request.Header.Set("Content-Type", "application/json")
	response, err := r.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("post events: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // what it said is read
	said, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return errors.Join(fmt.Errorf("post events: the system answered %d: %.300s", response.StatusCode, said), err)
	}
	return nil
}

func (r *Running) client(secret string) *client.Client {
	return &client.Client{URL: r.URL, Key: secret, HTTP: r.HTTP, Sleep: r.Sleep}
}

// Ask reads and operates a workspace.
func (r *Running) Ask(ctx context.Context, secret, method, path string, body any) (json.RawMessage, error) {
	return r.client(secret).Bytes(ctx, method, path, body)
}

// Count rolls a workspace up.
func (r *Running) Count(ctx context.Context, secret string) error {
	_, err := r.client(secret).RollUp(ctx, "", nil)
	return err
}

const (
	pollEvery    = 200 * time.Millisecond
	drainTimeout = 2 * time.Minute
)

// Drain waits until the queue looks empty three times: its two counts are not taken at the same instant.
func (r *Running) Drain(ctx context.Context, secret string) error {
	begun := r.Now()
	for empty := 0; empty < 3; {
		var s struct {
			Queues struct {
				Touchpoints struct {
					Waiting  int `json:"waiting"`
					InFlight int `json:"in_flight"`
					Dead     int `json:"dead"`
				} `json:"touchpoints"`
			} `json:"queues"`
		}
		if err := r.client(secret).Do(ctx, http.MethodGet, "/v1/status", nil, &s); err != nil {
			return fmt.Errorf("GET /v1/status: %w", err)
		}
		queue := s.Queues.Touchpoints
		switch {
		case queue.Dead > 0:
			return fmt.Errorf("%d messages lie in the dead-letter queue", queue.Dead)
		case r.Now().Sub(begun) > drainTimeout:
			return fmt.Errorf("the queue still holds %d messages after %s", queue.Waiting+queue.InFlight, drainTimeout)
		}
		if empty++; queue.Waiting+queue.InFlight > 0 {
			empty = 0
		}
		if err := r.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
	return nil
}

// Step waits for the next milliseconds, in which times of receipt are told.
func (r *Running) Step(ctx context.Context) (time.Time, error) {
	if err := r.Sleep(ctx, shortestSleep); err != nil {
		return time.Time{}, err
	}
	at := r.Now().UTC().Truncate(time.Millisecond)
	return at, r.Sleep(ctx, shortestSleep)
}

// Longest reads on in the log of process.
func (r *Running) Longest() (time.Duration, error) {
	file, err := os.Open(r.Log)
	if err != nil {
		return 0, fmt.Errorf("open log of process: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	if _, err := file.Seek(r.read, io.SeekStart); err != nil {
		return 0, fmt.Errorf("read log of process: %w", err)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return 0, fmt.Errorf("read log of process: %w", err)
	}
	r.read += int64(len(text))
	var longest time.Duration
	for line := range strings.Lines(string(text)) {
		var said struct {
			Message string `json:"message"`
			Took    int64  `json:"took_ms"`
		}
		if json.Unmarshal([]byte(line), &said) == nil && said.Message == "batch processed" {
			longest = max(longest, time.Duration(said.Took)*time.Millisecond, time.Millisecond)
		}
	}
	return longest, nil
}
