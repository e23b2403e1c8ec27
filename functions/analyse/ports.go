package analyse

import (
	"context"

	"waymark/shared/analyse"
	"waymark/shared/domain/workspace"
)

// Workspaces knows the tenants. NotFound when there is none of that name.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
}

// Documents keeps what workspaces have settled.
type Documents interface {
	analyse.Documents
	Document(ctx context.Context, ws, kind string) (workspace.Document, error)
	PutDocument(ctx context.Context, ws string, d workspace.Document) error
}
