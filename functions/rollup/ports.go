package rollup

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// Workspaces knows the tenants. NotFound when there is none.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	Workspaces(ctx context.Context) ([]workspace.Workspace, error)
}

// Store says where the settling of a workspace stands, and what waits for it.
type Store interface {
	State(ctx context.Context, ns workspace.Namespace) (ledger.State, error)
	Batches(ctx context.Context, ns workspace.Namespace, from string, limit int) (batches []ledger.Batch, next string, err error)
	Dues(ctx context.Context, ns workspace.Namespace, until event.Millis, limit int) (dues []ledger.Due, more bool, err error)
}

// Compactor puts the many small objects of days together.
type Compactor interface {
	Days(ctx context.Context, ns workspace.Namespace) ([]ledger.DayObjects, error) // of the steps table, in their order
	CompactSteps(ctx context.Context, ns workspace.Namespace, day string) error
	CompactEvents(ctx context.Context, ws, day string) error // that arrived on a UTC day
}
