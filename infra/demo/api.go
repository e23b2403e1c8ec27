package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"waymark/infra/client"
)

const (
	pollEvery    = 300 * time.Millisecond
	drainTimeout = 10 * time.Minute
)

// api reads and operates one workspace with its secret key.
type api struct {
	client.Client
	now func() time.Time
}

func newAPI(c Config, secret string) *api {
	return &api{client.Client{URL: c.System.URL, Key: secret, HTTP: c.Client, Sleep: c.Pause}, c.Now}
}

func (a *api) get(ctx context.Context, path string, into any) error {
	if err := a.Do(ctx, http.MethodGet, path, nil, into); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
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
	Failed map[string]int64 `json:"failed"`
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
		if err := a.Sleep(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// answer reads KPI rows or the tables of an analysis.
func (a *api) answer(ctx context.Context, q query) (said answer, err error) {
	return said, a.get(ctx, q.path(), &said)
}

// settle makes a definition of the workspace what it is to be.
func (a *api) settle(ctx context.Context, kind string, definition []byte) error {
	if err := a.Do(ctx, http.MethodPut, "/v1/definitions/"+kind, json.RawMessage(definition), nil); err != nil {
		return fmt.Errorf("settle %s: %w", kind, err)
	}
	return nil
}

// Pause waits, or until the context ends.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
