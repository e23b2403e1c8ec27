package rollup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// Handle takes a firing of the schedule, which concerns every workspace, or POST /v1/rollups, which concerns that of the key and answers when
// every window that was dirty at its start is computed.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	trigger := httpapi.Trigger{Now: h.Now, Authorise: h.Reader, Fired: h.all, Demanded: h.demanded}
	return trigger.Handle(ctx, raw)
}

// all runs every workspace; one that fails does not hold up the others.
func (h *Handler) all(ctx context.Context, _ string, now time.Time) (any, error) {
	workspaces, err := h.Workspaces.Workspaces(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	results := []Result{}
	var failures []error
	for _, w := range workspaces {
		result, err := h.run(ctx, w, event.At(now))
		if err != nil {
			failures = append(failures, fmt.Errorf("roll up workspace %s: %w", w.Name, err))
		}
		results = append(results, result)
	}
	return map[string]any{"rollups": results}, errors.Join(failures...)
}

// demand is the body of POST /v1/rollups; it may be left out.
type demand struct {
	Generation string `json:"generation"` // "next": the one that a rebuild makes beside the one in use
}

func (h *Handler) demanded(ctx context.Context, r httpapi.Request, key workspace.Key) (any, error) {
	var asked demand
	if len(r.Body) > 0 {
		if err := json.Unmarshal(r.Body, &asked); err != nil {
			return nil, fault.New(fault.Invalid, "bad_json", `the body is no JSON object: leave it out, or send {"generation":"next"}`)
		}
	}
	w, err := h.Workspaces.Workspace(ctx, key.Workspace)
	if err != nil {
		return nil, fmt.Errorf("load workspace: %w", err)
	}
	switch asked.Generation {
	case "":
	case "next":
		next, pending := w.Next()
		if !pending {
			return nil, fault.New(fault.Conflict, "no_pending_generation", "no rebuild is under way: start one with `waymark rebuild`").At("generation")
		}
		return h.makeNew(ctx, next, event.At(h.Now()))
	default:
		return nil, fault.Newf(fault.Invalid, "bad_generation", `the generation is "next" or left out, not %q`, asked.Generation).At("generation")
	}
	return h.run(ctx, w, event.At(h.Now()))
}
