package handler

import (
	"context"
	"iter"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// Workspaces knows the tenants and their keys. NotFound when there is none.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	Workspaces(ctx context.Context) ([]workspace.Workspace, error)
}

// Marks says which windows must be computed anew. Each mark read is a thing of its own; deleting it takes away no later one.
type Marks interface {
	Marks(ctx context.Context, ws string, until event.Millis) ([]kpi.Mark, error) // due by until, consistent
	PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error
	DeleteMarks(ctx context.Context, ws string, handles []string) error
}

// Windows holds the computed windows. PutWindow answers Conflict unless the stored revision is the one before.
type Windows interface {
	Window(ctx context.Context, ws string, g period.Grain, key string) (kpi.Window, error)
	Windows(ctx context.Context, ws string, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
	PutWindow(ctx context.Context, ws string, w kpi.Window) error
}

// Facts holds what each person did in a window, so that larger windows are made without reading the archive again.
type Facts interface {
	PutFacts(ctx context.Context, key string, d kpi.Day) error
	Facts(ctx context.Context, key string) (kpi.Day, error)
	Delete(ctx context.Context, key string) error
}

// Persons streams the persons of a facts object in their order; the error is that of reading and is known when the stream has ended.
type Persons interface {
	Persons(ctx context.Context, key string) (persons iter.Seq[kpi.Facts], failed func() error)
}

// Times keeps when each grain was computed last.
type Times interface {
	PutRollupTimes(ctx context.Context, ws string, times map[period.Grain]event.Millis) error
}
