package profile

import (
	"context"

	"waymark/shared/domain/workspace"
)

// Workspaces lists the tenants.
type Workspaces interface {
	Workspaces(ctx context.Context) ([]workspace.Workspace, error)
}
