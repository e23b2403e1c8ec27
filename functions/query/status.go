package query

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/burst"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/settle"
)

type statusAnswer struct {
	Queues       queuesAnswer            `json:"queues"`
	Failed       map[string]int          `json:"failed"`
	DirtyWindows int                     `json:"dirty_windows"` // batches of events, and notes of persons who are due, that are not counted yet
	Recounting   bool                    `json:"recounting"`    // everybody is being counted anew, see isRecounting
	NewestRollup map[period.Grain]string `json:"newest_rollup"`
	Alerts       []alertAnswer           `json:"alerts"` // that are open
	Workspace    workspaceAnswer         `json:"workspace"`
}

type queuesAnswer struct {
	Touchpoints depthAnswer `json:"touchpoints"`
}

type depthAnswer struct {
	Waiting  int `json:"waiting"`
	InFlight int `json:"in_flight"`
	Dead     int `json:"dead"`
}

// status answers GET /v1/status. The queues are those of the installation, everything else is the workspace's.
func (h *Handler) status(ctx context.Context, q question) (events.APIGatewayV2HTTPResponse, error) {
	answer := statusAnswer{NewestRollup: map[period.Grain]string{}, Workspace: workspaceOf(q.workspace, h.Now())}
	var err error
	if answer.Queues.Touchpoints, err = h.depth(ctx); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	if answer.Failed, err = h.Failed.FailedCounts(ctx, q.workspace.Name); err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("count failed events: %w", err)
	}
	if answer.DirtyWindows, err = h.dirty(ctx, q.workspace.Namespace()); err != nil {
		return events.APIGatewayV2HTTPResponse{}, err
	}
	state, err := h.Ledger.State(ctx, q.workspace.Namespace())
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("read state: %w", err)
	}
	if state.Settled > 0 {
		for _, grain := range period.Grains() {
			answer.NewestRollup[grain] = instant(state.Settled)
		}
	}
	answer.Recounting = settle.IsRecounting(state, q.workspace)
	answer.Alerts = alerts(state, func(a burst.Alert) bool { return a.Closed == 0 })
	return httpapi.JSON(http.StatusOK, answer), nil
}

func (h *Handler) depth(ctx context.Context) (depthAnswer, error) {
	waiting, inFlight, err := h.Queue.Depth(ctx)
	if err != nil {
		return depthAnswer{}, fmt.Errorf("read queue depth: %w", err)
	}
	dead, deadInFlight, err := h.DeadLetters.Depth(ctx)
	if err != nil {
		return depthAnswer{}, fmt.Errorf("read depth of the dead-letter queue: %w", err)
	}
	return depthAnswer{Waiting: waiting, InFlight: inFlight, Dead: dead + deadInFlight}, nil
}

// maxWaiting bounds what is counted of each kind.
const maxWaiting = 1000

// dirty counts what is not settled yet, at most maxWaiting of each kind.
func (h *Handler) dirty(ctx context.Context, ns workspace.Namespace) (int, error) {
	waiting, err := h.waiting(ctx, ns)
	if err != nil {
		return 0, err
	}
	dues, _, err := h.Ledger.Dues(ctx, ns, event.At(h.Now()), maxWaiting)
	if err != nil {
		return 0, fmt.Errorf("read dues: %w", err)
	}
	return len(waiting) + len(dues), nil
}

// waiting gives batches that are not settled yet, at most maxWaiting.
func (h *Handler) waiting(ctx context.Context, ns workspace.Namespace) ([]ledger.Batch, error) {
	state, err := h.Ledger.State(ctx, ns)
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	batches, _, err := h.Ledger.Batches(ctx, ns, state.Cursor, maxWaiting)
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return slices.DeleteFunc(batches, func(b ledger.Batch) bool { return state.IsSettled(b.Handle) }), nil
}

// healthFor is how long an answer of GET /health is used again: it needs no key, and must not be a way to make us read.
const healthFor = 10 * time.Second

type healthAnswer struct {
	Status string `json:"status"`
	// Version names the program.
	Version string `json:"version"`
	// NewestRollup is how old the newest rollup of any workspace is, null before the first.
	NewestRollup *int64 `json:"newest_rollup_age_seconds"`
}

// healthCache remembers when the newest rollup was.
type healthCache struct {
	mu     sync.Mutex
	read   time.Time
	newest event.Millis
}

// answerHealth answers GET /health, which needs no key and tells nothing of any workspace.
func (h *Handler) answerHealth(ctx context.Context, r httpapi.Request) events.APIGatewayV2HTTPResponse {
	if r.Method == http.MethodOptions {
		return httpapi.Options(httpapi.Reads)
	}
	if !httpapi.Allows(httpapi.Reads, r.Method) {
		return httpapi.WrongMethod(httpapi.Reads, r.ID)
	}
	newest, err := h.newestRollup(ctx)
	if err != nil {
		httpapi.Note(ctx, "/health", err)
		return httpapi.Error(err, r.ID)
	}
	answer := healthAnswer{Status: "ok", Version: h.Version}
	if newest > 0 {
		age := int64(event.At(h.Now()).Sub(newest) / time.Second)
		answer.NewestRollup = &age
	}
	return httpapi.JSON(http.StatusOK, answer)
}

func (h *Handler) newestRollup(ctx context.Context) (event.Millis, error) {
	h.health.mu.Lock()
	defer h.health.mu.Unlock()
	if now := h.Now(); h.health.read.IsZero() || now.Sub(h.health.read) >= healthFor {
		newest, err := h.readNewestRollup(ctx)
		if err != nil {
			return 0, err
		}
		h.health.read, h.health.newest = now, newest
	}
	return h.health.newest, nil
}

func (h *Handler) readNewestRollup(ctx context.Context) (event.Millis, error) {
	all, err := h.Workspaces.Workspaces(ctx)
	if err != nil {
		return 0, fmt.Errorf("list workspaces: %w", err)
	}
	var newest event.Millis
	for _, w := range all {
		state, err := h.Ledger.State(ctx, w.Namespace())
		if err != nil {
			return 0, fmt.Errorf("read state: %w", err)
		}
		newest = max(newest, state.Settled)
	}
	return newest, nil
}
