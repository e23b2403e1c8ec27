package process

import (
	"context"
	"fmt"
	"sync"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
)

// tenantTTL is how long settings of a workspace may be out of date.
const tenantTTL = time.Minute

// tenant is a workspace ready for work.
type tenant struct {
	workspace.Workspace
	calendar period.Calendar
	model    *stage.Model
	loaded   time.Time
}

// tenants remembers workspaces between invocations.
type tenants struct {
	mu     sync.Mutex
	byName map[string]tenant
}

// tenant loads a workspace with its calendar and stage model. NotFound when there is none; settings that cannot be used are Unavailable, since
// they are no fault of the events, which wait on the queue until somebody mends them.
func (h *Handler) tenant(ctx context.Context, name string) (tenant, error) {
	h.tenants.mu.Lock()
	defer h.tenants.mu.Unlock()
	if t, found := h.tenants.byName[name]; found && h.Now().Sub(t.loaded) < tenantTTL {
		return t, nil
	}
	w, err := h.Workspaces.Workspace(ctx, name)
	if err != nil {
		return tenant{}, err
	}
	calendar, err := w.Calendar()
	if err != nil {
		return tenant{}, fault.Wrap(fault.Unavailable, "unusable_workspace", fmt.Errorf("read time zone of workspace %s: %w", name, err))
	}
	model, err := h.Model(w.Model)
	if err != nil {
		return tenant{}, fault.Wrap(fault.Unavailable, "unusable_workspace", fmt.Errorf("read stage model of workspace %s: %w", name, err))
	}
	t := tenant{Workspace: w, calendar: calendar, model: model, loaded: h.Now()}
	h.tenants.byName[name] = t
	return t, nil
}

// stageOf names the stage that a touchpoint itself points to.
func (t tenant) stageOf(tp event.Touchpoint) string {
	name, _ := t.model.Evidence(tp)
	return string(name)
}
