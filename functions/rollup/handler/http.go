package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// Authorise gives the secret key of a request, or the fault that refuses it.
type Authorise func(ctx context.Context, r httpapi.Request) (workspace.Key, error)

// scheduleEvent is what EventBridge Scheduler sends, as template.yaml writes it.
type scheduleEvent struct {
	Schedule  string `json:"schedule"`
	Scheduled string `json:"scheduled_time"`
}

// Handle takes a firing of the schedule, which concerns every workspace, or POST /v1/rollups, which concerns that of the key and answers when
// every window that was dirty at its start is computed.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var fired scheduleEvent
	if err := json.Unmarshal(raw, &fired); err == nil && fired.Schedule != "" {
		now := h.Now()
		if at, err := time.Parse(time.RFC3339, fired.Scheduled); err == nil {
			now = at
		}
		return h.all(ctx, event.At(now))
	}
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(raw, &e); err != nil || e.RequestContext.HTTP.Method == "" {
		return nil, fault.New(fault.Invalid, "unknown_event", "the event is neither a schedule's nor an HTTP request")
	}
	result, err := h.demanded(ctx, e)
	if err != nil {
		if kind := fault.KindOf(err); kind == fault.Internal || kind == fault.Unavailable {
			slog.ErrorContext(ctx, "request failed", "kind", kind, "error", err.Error())
		}
		return httpapi.Error(err, e.RequestContext.RequestID), nil
	}
	return httpapi.JSON(http.StatusOK, result), nil
}

// all runs every workspace; one that fails does not hold up the others.
func (h *Handler) all(ctx context.Context, now event.Millis) (any, error) {
	workspaces, err := h.Workspaces.Workspaces(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	results := []Result{}
	var failures []error
	for _, w := range workspaces {
		result, err := h.run(ctx, w, now)
		if err != nil {
			failures = append(failures, fmt.Errorf("roll up workspace %s: %w", w.Name, err))
		}
		results = append(results, result)
	}
	return map[string]any{"rollups": results}, errors.Join(failures...)
}

func (h *Handler) demanded(ctx context.Context, e events.APIGatewayV2HTTPRequest) (Result, error) {
	r, err := httpapi.Decode(e)
	if err != nil {
		return Result{}, err
	}
	key, err := h.Reader(ctx, r)
	if err != nil {
		return Result{}, err
	}
	w, err := h.Workspaces.Workspace(ctx, key.Workspace)
	if err != nil {
		return Result{}, fmt.Errorf("load workspace: %w", err)
	}
	return h.run(ctx, w, event.At(h.Now()))
}
