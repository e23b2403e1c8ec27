package process

import (
	"context"
	"sync"
	"time"

	"waymark/shared/domain/workspace"
)

// tenantTTL is how long settings of a workspace may be out of date.
const tenantTTL = time.Minute

// tenants remembers workspaces between invocations.
type tenants struct {
	mu     sync.Mutex
	byName map[string]tenant
}

type tenant struct {
	workspace.Workspace
	loaded time.Time
}

func newTenants() tenants { return tenants{byName: map[string]tenant{}} }

// tenant loads a workspace. NotFound when there is none.
func (h *Handler) tenant(ctx context.Context, name string) (workspace.Workspace, error) {
	h.tenants.mu.Lock()
	defer h.tenants.mu.Unlock()
	if t, found := h.tenants.byName[name]; found && h.Now().Sub(t.loaded) < tenantTTL {
		return t.Workspace, nil
	}
	w, err := h.Workspaces.Workspace(ctx, name)
	if err != nil {
		return workspace.Workspace{}, err
	}
	h.tenants.byName[name] = tenant{w, h.Now()}
	return w, nil
}
