package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How patient an import is with a system that does not answer: about two and a half minutes for one batch, then it stops and can be resumed.
const (
	maxAttempts   = 10
	firstWait     = 250 * time.Millisecond
	longestWait   = 30 * time.Second
	longestAsked  = 5 * time.Minute // a Retry-After beyond that is not waited for
	maxAnswerSize = 4 << 20
)

// client posts batches and repeats what may succeed later.
type client struct {
	http  *http.Client
	url   string
	key   string
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu   sync.Mutex // rand.Rand is not safe for several goroutines
	rand *rand.Rand
}

func newClient(c Config) *client {
	client := &client{http: c.Client, url: strings.TrimRight(c.URL, "/") + "/v1/batch", key: c.Key, now: c.Now, sleep: c.Sleep, rand: c.Rand}
	if client.http == nil {
		client.http = http.DefaultClient
	}
	if client.sleep == nil {
		client.sleep = wait
	}
	return client
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// answer is what collect says (design: errors everywhere have one form, and 200 carries details of bad events too).
type answer struct {
	Success bool   `json:"success"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Index  int    `json:"index"`
		Field  string `json:"field"`
		Code   string `json:"code"`
		Reason string `json:"reason"`
	} `json:"details"`
}

// deliver posts a batch until the system has decided about it. A batch refused as too large is halved.
func (c *client) deliver(ctx context.Context, b batch) outcome {
	o := outcome{batch: b}
	body, err := b.body()
	if err != nil {
		o.err = fmt.Errorf("write batch: %w", err)
		return o
	}
	for attempt := 1; ; attempt++ {
		status, said, pause, err := c.post(ctx, body, o.retries)
		switch {
		case ctx.Err() != nil:
			o.err = ctx.Err()
		case err != nil || retryable(status):
			if attempt < maxAttempts {
				o.retries++
				if o.err = c.sleep(ctx, c.pause(attempt, pause)); o.err == nil {
					continue
				}
				return o
			}
			o.err = giveUp(c.url, status, said, err)
		case status == http.StatusRequestEntityTooLarge && len(b.events) > 1:
			return c.halve(ctx, o)
		default:
			c.judge(&o, status, said)
		}
		return o
	}
}

func giveUp(url string, status int, said answer, err error) error {
	if err == nil {
		err = fmt.Errorf("status %d %s", status, said.Message)
	}
	return fmt.Errorf("post %s: no success in %d attempts; run the same command again to go on from here: %w", url, maxAttempts, err)
}

// judge enters a decision that is final.
func (c *client) judge(o *outcome, status int, said answer) {
	first, last := o.batch.events[0].Line, o.batch.events[len(o.batch.events)-1].Line
	switch status {
	case http.StatusOK:
		c.rejected(o, said)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		o.refused = int64(len(o.batch.events))
		o.problems = append(o.problems, Problem{
			Line: first, Code: "request_refused",
			Reason: fmt.Sprintf("the request with the events of lines %d to %d was refused with status %d: %s", first, last, status, said.Message),
		})
	case http.StatusUnauthorized, http.StatusForbidden:
		o.err = fmt.Errorf("post %s: status %d, the key is not accepted (%s); give the write key of the workspace with --key", c.url, status, said.Message)
	default:
		o.err = fmt.Errorf("post %s: status %d (%s); is this the address of a Waymark system?", c.url, status, said.Message)
	}
}

func (c *client) rejected(o *outcome, said answer) {
	bad := map[int]bool{}
	for _, detail := range said.Details {
		if detail.Index < 0 || detail.Index >= len(o.batch.events) || bad[detail.Index] {
			continue
		}
		bad[detail.Index] = true
		e := o.batch.events[detail.Index]
		code := detail.Code
		if code == "" {
			code = "rejected_by_system"
		}
		o.problems = append(o.problems, Problem{Line: e.Line, Event: e.Output, Code: code, Field: detail.Field, Reason: detail.Reason})
	}
	o.rejected += int64(len(bad))
}

// halve posts a batch in two parts, which a proxy with a lower limit may take.
func (c *client) halve(ctx context.Context, o outcome) outcome {
	middle := len(o.batch.events) / 2
	for _, part := range [][]Event{o.batch.events[:middle], o.batch.events[middle:]} {
		half := c.deliver(ctx, batch{events: part})
		o.problems = append(o.problems, half.problems...)
		o.retries += half.retries
		o.rejected += half.rejected
		o.refused += half.refused
		if half.err != nil {
			o.err = half.err
			return o
		}
	}
	return o
}

// post sends the body once. pause is what Retry-After asks for, 0 for nothing.
func (c *client) post(ctx context.Context, body []byte, retries int64) (int, answer, time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return 0, answer{}, 0, err
	}
	request.SetBasicAuth(c.key, "")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "waymark-import")
	if retries > 0 {
		request.Header.Set("X-Retry-Count", strconv.FormatInt(retries, 10))
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, answer{}, 0, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end below; nothing is lost
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerSize))
	if err != nil {
		return 0, answer{}, 0, err
	}
	var said answer
	if err := json.Unmarshal(text, &said); err != nil {
		said = answer{Message: clip(strings.TrimSpace(string(text)), 200)}
		if response.StatusCode == http.StatusOK {
			return 0, said, 0, errors.New("the answer is not JSON")
		}
	}
	if response.StatusCode == http.StatusOK && !said.Success {
		return 0, said, 0, errors.New("the answer does not say success")
	}
	return response.StatusCode, said, c.asked(response.Header.Get("Retry-After")), nil
}

func clip(text string, runes int) string {
	if r := []rune(text); len(r) > runes {
		return string(r[:runes]) + "…"
	}
	return text
}

// retryable statuses are those that the SDKs repeat.
func retryable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, 460:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusNetworkAuthenticationRequired:
		return false
	}
	return status >= 500
}

// asked reads Retry-After, which is seconds or a date.
func (c *client) asked(header string) time.Duration {
	var pause time.Duration
	if seconds, err := strconv.Atoi(strings.TrimSpace(header)); err == nil {
		pause = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		pause = date.Sub(c.now())
	}
	return max(0, min(pause, longestAsked))
}

// pause doubles from attempt to attempt and is spread over half of it, so that four senders do not come back together.
func (c *client) pause(attempt int, asked time.Duration) time.Duration {
	wait := min(firstWait<<(attempt-1), longestWait)
	c.mu.Lock()
	spread := time.Duration(c.rand.Int63n(int64(wait)/2 + 1))
	c.mu.Unlock()
	return max(asked, wait/2) + spread
}
