package rollup

import (
	"context"
	"iter"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
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

// Windows holds the computed windows. PutWindows replaces all or none, and answers Conflict unless each stored version is the one before. The marks
// are stored with the windows: nobody sees one of them without what it was put for.
type Windows interface {
	Window(ctx context.Context, ws string, g period.Grain, key string) (kpi.Window, error)
	Windows(ctx context.Context, ws string, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
	PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error
}

// Restated takes the notes of exports that hold changed windows.
type Restated interface {
	PutRestated(ctx context.Context, ws string, notes []report.Restatement) error
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
