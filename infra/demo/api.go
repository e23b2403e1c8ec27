package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	pollEvery     = 300 * time.Millisecond
	drainTimeout  = 10 * time.Minute
	maxRollUps    = 50 // each computes all windows that are dirty when it starts
	maxAnswerSize = 64 << 20
)

// api reads and operates one workspace with its secret key.
type api struct {
	client *http.Client
	url    string
	key    string
	now    func() time.Time
	pause  func(context.Context, time.Duration) error
}

func newAPI(c Config, secret string) *api {
	client := c.Client
	if client == nil {
		client = http.DefaultClient
	}
	return &api{client: client, url: strings.TrimRight(c.System.URL, "/"), key: secret, now: c.Now, pause: c.Pause}
}

// do sends a request; a nil body sends none. Statuses other than 2xx are errors with what the system said.
func (a *api) do(ctx context.Context, method, path string, body any) ([]byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+a.key)
	request.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end below; nothing is lost
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerSize))
	if err != nil {
		return nil, fmt.Errorf("read answer of %s %s: %w", method, path, err)
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: status %d: %s", method, path, response.StatusCode, clip(string(text), 300))
	}
	return text, nil
}

func (a *api) get(ctx context.Context, path string, into any) error {
	text, err := a.do(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read answer of GET %s: %w", path, err)
	}
	return nil
}

type status struct {
	Queues struct {
		Touchpoints struct {
			Waiting  int64 `json:"waiting"`
			InFlight int64 `json:"in_flight"`
			Dead     int64 `json:"dead"`
		} `json:"touchpoints"`
	} `json:"queues"`
	Failed       map[string]int64 `json:"failed"`
	DirtyWindows int64            `json:"dirty_windows"`
}

// drain waits until the queue is empty and nothing is being processed. The two counts are not taken at the same instant, so it must look
// empty three times.
func (a *api) drain(ctx context.Context, out io.Writer) error {
	begun, empty := a.now(), 0
	for {
		var s status
		if err := a.get(ctx, "/v1/status", &s); err != nil {
			return err
		}
		queue := s.Queues.Touchpoints
		if queue.Dead > 0 {
			return fmt.Errorf("%d messages lie in the dead-letter queue, so the numbers would be wrong; GET /v1/failed and the logs of Process say why", queue.Dead)
		}
		for class, n := range s.Failed {
			if n > 0 {
				return fmt.Errorf("%d events failed with class %s; GET /v1/failed shows them", n, class)
			}
		}
		if empty++; queue.Waiting+queue.InFlight > 0 {
			empty = 0
		}
		if empty == 3 {
			return nil
		}
		if a.now().Sub(begun) > drainTimeout {
			return fmt.Errorf("the queue still holds %d messages after %s; is Process running?", queue.Waiting+queue.InFlight, drainTimeout)
		}
		if err := a.pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// rollUp computes windows until none is dirty.
func (a *api) rollUp(ctx context.Context) error {
	var s status
	for range maxRollUps {
		if _, err := a.do(ctx, http.MethodPost, "/v1/rollups", nil); err != nil {
			return err
		}
		if err := a.get(ctx, "/v1/status", &s); err != nil {
			return err
		}
		if s.DirtyWindows == 0 {
			return nil
		}
	}
	return fmt.Errorf("%d windows are still dirty after %d rollups", s.DirtyWindows, maxRollUps)
}

// rows reads KPI rows.
func (a *api) rows(ctx context.Context, q query) ([]row, error) {
	values := url.Values{"metric": {q.metric}, "from": {q.from}, "to": {q.to}, "grain": {q.grain}}
	if q.by != "" {
		values.Set("by", q.by)
	}
	var answer struct {
		Rows []row `json:"rows"`
	}
	if err := a.get(ctx, "/v1/kpis?"+values.Encode(), &answer); err != nil {
		return nil, err
	}
	return answer.Rows, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
