package process

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/workspace"
)

// Workspaces knows the tenants. NotFound when there is no such workspace.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
}

// FailedEvents keeps what can never be processed as it is. FailedAgain gives a record whose replay failed its newest verdict; DeleteFailed is
// done with one for good, so that no late copy of its event brings it back.
type FailedEvents interface {
	PutFailed(ctx context.Context, f event.Failed) error
	FailedAgain(ctx context.Context, ws, id string, v event.Verdict) error
	DeleteFailed(ctx context.Context, ws, id string) error
}

// Fates lists what became of events, for whoever watches a workspace.
type Fates interface {
	PutFates(ctx context.Context, ws string, b fate.Batch) error
}

// Refusals notes requests that were refused.
type Refusals interface {
	PutRefusal(ctx context.Context, ws string, r event.Refusal) error
}
