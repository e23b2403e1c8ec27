package rebuild

import (
	"context"
	"iter"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
)

// Table is the one table, as far as a rebuild reads, compares and deletes; dynamo.Table is one. What it writes goes through package ingest.
type Table interface {
	Workspaces
	life.Store
	Decisions
	Windows
	States
	Eraser
}

// Workspaces reads a workspace and changes its generations; Conflict when those of before are not stored any more.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	PutGenerations(ctx context.Context, before, after workspace.Workspace) error
}

// Decisions are an operator's about links. PutCut keeps the latest.
type Decisions interface {
	Cuts(ctx context.Context, ns workspace.Namespace) ([]identity.Cut, error)
	PutCut(ctx context.Context, ns workspace.Namespace, c identity.Cut) error
}

// Windows holds the computed windows: the zero Window where there is none. StampWindow answers Conflict unless the stored one is of the given run,
// 0 for none.
type Windows interface {
	Window(ctx context.Context, ns workspace.Namespace, g period.Grain, key string) (kpi.Window, error)
	Windows(ctx context.Context, ns workspace.Namespace, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
	StampWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window, stored int64) error
}

// States says where the settling of a generation stands; the zero State before the first.
type States interface {
	State(ctx context.Context, ns workspace.Namespace) (ledger.State, error)
}

// Eraser deletes a generation. What is gone is gone.
type Eraser interface {
	DeletePartitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) error
	DeleteClaims(ctx context.Context, ns workspace.Namespace, keys []string) error
	DeleteComputed(ctx context.Context, ns workspace.Namespace) error
}

// Archive reads the accepted events, NotFound when an object is gone, and deletes what runs have left in the bucket. KeysSince yields the keys of
// objects that were written at an instant or later, by the clock of the bucket.
type Archive interface {
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	KeysSince(ctx context.Context, prefix string, since event.Millis) iter.Seq2[string, error]
	Read(ctx context.Context, key string) iter.Seq2[event.Record, error]
	Delete(ctx context.Context, key string) error
}
