package query

import (
	"context"
	"iter"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// Workspaces knows the tenants. NotFound when there is none of that name.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	Workspaces(ctx context.Context) ([]workspace.Workspace, error)
}

// Links reads the forest and keeps decisions about its links. PutCut keeps the latest.
type Links interface {
	Nodes(ctx context.Context, ws string, ids []event.Identifier) ([]identity.Node, error)
	PutCut(ctx context.Context, ws string, c identity.Cut) error
}

// Marks says which windows must be computed anew.
type Marks interface {
	PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error
}

// Windows reads computed windows, when they were computed last, and which are dirty.
type Windows interface {
	Windows(ctx context.Context, ws string, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
	RollupTimes(ctx context.Context, ws string) (map[period.Grain]event.Millis, error)
	Marks(ctx context.Context, ws string, until event.Millis) ([]kpi.Mark, error)
}

// Persons streams the persons of a facts object in their order; the error, NotFound among them, is known when the stream has ended.
type Persons interface {
	Persons(ctx context.Context, key string) (persons iter.Seq[kpi.Facts], failed func() error)
}

// FailedEvents counts what could not be processed, by class; package failed handles it.
type FailedEvents interface {
	FailedCounts(ctx context.Context, ws string) (map[string]int, error)
}

// Queue is the way to process.
type Queue interface {
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// DeadLetters holds the messages that failed too often. Peek leaves them where they are.
type DeadLetters interface {
	Depth(ctx context.Context) (waiting, inFlight int, err error)
	Peek(ctx context.Context, limit int) ([]event.Letter, error)
}

// Refusals lists the requests that were refused on a UTC day.
type Refusals interface {
	Refusals(ctx context.Context, ws, day string) ([]event.Refusal, error)
}

// ArchiveIndex lists the objects of the archive that hold events of a UTC day, by any of their times.
type ArchiveIndex interface {
	ArchiveIndex(ctx context.Context, ws, day string) ([]string, error)
}

// Archive reads objects of events. After an error, NotFound among them, nothing more comes.
type Archive interface {
	Read(ctx context.Context, key string) iter.Seq2[event.Record, error]
}

// Files is the export bucket. Get answers NotFound when there is no such file.
type Files interface {
	Get(ctx context.Context, key string) ([]byte, error)
	List(ctx context.Context, prefix string) ([]string, error)
	PresignGet(ctx context.Context, key, filename string, ttl time.Duration) (string, error)
}
