package query

import (
	"context"
	"iter"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

// Workspaces knows the tenants. NotFound when there is none of that name.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	Workspaces(ctx context.Context) ([]workspace.Workspace, error)
}

// Links reads the forest and keeps decisions about its links. PutCut keeps the latest.
type Links interface {
	Nodes(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]identity.Node, error)
	PutCut(ctx context.Context, ns workspace.Namespace, c identity.Cut) error
}

// Quarantines keeps what is in quarantine. PutQuarantines answers Conflict unless those of before are still stored.
type Quarantines interface {
	PutQuarantines(ctx context.Context, before, after workspace.Workspace) error
}

// Windows reads computed windows.
type Windows interface {
	Windows(ctx context.Context, ns workspace.Namespace, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
}

// Ledger says where the settling of a workspace stands, what waits for it, and what was counted of whom.
type Ledger interface {
	Settling
	Profiles(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Profile, error)
	Listings(ctx context.Context, ns workspace.Namespace, stage, after string, limit int) (listings []ledger.Listing, next string, err error)
}

// Settling says where the settling of a workspace stands, and what waits for it.
type Settling interface {
	State(ctx context.Context, ns workspace.Namespace) (ledger.State, error)
	Batches(ctx context.Context, ns workspace.Namespace, from string, limit int) (batches []ledger.Batch, next string, err error)
	Dues(ctx context.Context, ns workspace.Namespace, until event.Millis, limit int) (dues []ledger.Due, more bool, err error)
}

// Steps reads the table of steps: each person of some days once, with all rows of these days that count, in time order. After an error nothing more
// comes.
type Steps interface {
	Steps(ctx context.Context, ns workspace.Namespace, days []string, columns step.Columns) iter.Seq2[[]step.Row, error]
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
	Peek(ctx context.Context, limit int) ([]event.Message, error)
}

// Refusals lists the requests that were refused on a UTC day.
type Refusals interface {
	Refusals(ctx context.Context, ws, day string) ([]event.Refusal, error)
}

// ArchiveIndex lists the other UTC days on which events of a UTC day, by the device's time, arrived.
type ArchiveIndex interface {
	ArchiveIndex(ctx context.Context, ws, day string) ([]string, error)
}

// Archive lists the objects of the events that arrived on a UTC day, and reads them. After an error, NotFound among them, nothing more comes.
type Archive interface {
	Arrived(ctx context.Context, ws, day string) ([]string, error)
	Read(ctx context.Context, key string) iter.Seq2[event.Record, error]
}

// Fates lists what became of the events of watched workspaces: from a handle on, with the handle that a next call begins with, or the newest first.
type Fates interface {
	Fates(ctx context.Context, ws, from string, limit int) (batches []fate.Batch, next string, err error)
	LatestFates(ctx context.Context, ws string, limit int) ([]fate.Batch, error)
	Watch(ctx context.Context, name string, w workspace.Watch) error
}

// Files is the export bucket. Get answers NotFound when there is no such file.
type Files interface {
	Get(ctx context.Context, key string) ([]byte, error)
	List(ctx context.Context, prefix string) ([]string, error)
	PresignGet(ctx context.Context, key, filename string, ttl time.Duration) (string, error)
}
