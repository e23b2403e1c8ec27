// Package profile brings stored profiles and stages up to date on a schedule, and with them the numbers: it settles what was ingested since the last
// time. What that is says package settle.
//
// The folder lambda beside it holds main. It opens nothing: main wires it.
package profile

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
	"waymark/shared/settle"
)

// Config is what the handler needs. Every field must be set.
type Config struct {
	Workspaces Workspaces
	Settler    *settle.Settler
	Now        func() time.Time
}

// Handler settles all workspaces.
type Handler struct{ Config }

// New returns a handler.
func New(c Config) *Handler { return &Handler{c} }

// Handle takes a firing of the schedule.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	refused := func(context.Context, httpapi.Request) (workspace.Key, error) {
		return workspace.Key{}, fault.New(fault.NotFound, "no_route", "there is no such route; docs/api.md lists them")
	}
	return httpapi.Trigger{Now: h.Now, Authorise: refused, Fired: h.all}.Handle(ctx, raw)
}

func (h *Handler) all(ctx context.Context, _ string, now time.Time) (any, error) {
	workspaces, err := h.Workspaces.Workspaces(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	results, err := h.Settler.All(ctx, workspaces, event.At(now))
	return map[string]any{"profiles": results}, err
}
