package rebuild

import (
	"context"
	"iter"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/person"
)

// Table is the one table, as far as a rebuild uses it; dynamo.Table is one. Each part says what it is used for.
type Table interface {
	Workspaces
	person.Store // reads both generations
	Bulk
	Eraser
	Timeline
	Joins
	Decisions
	Computed
}

// Workspaces reads a workspace and changes its generations; Conflict when those of before are not stored any more.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	PutGenerations(ctx context.Context, before, after workspace.Workspace) error
}

// Bulk fills a generation that nobody else writes to, and reads what is carried over from another.
type Bulk interface {
	PutPartitions(ctx context.Context, ws string, partitions []profile.Partition) error
	PutClaimsOf(ctx context.Context, ws string, claims map[string]profile.Claims) error
	TraitsOf(ctx context.Context, ws string, ids []event.Identifier) (map[event.Identifier]profile.Traits, error)
}

// Eraser deletes a generation. What is gone is gone.
type Eraser interface {
	DeletePartitions(ctx context.Context, ws string, ids []event.Identifier) error
	DeleteClaims(ctx context.Context, ws string, keys []string) error
	DeleteComputed(ctx context.Context, ws string) error
}

// Timeline is written by the counting protocol (docs/adr/0005) where others may write, too: reading takes the aggregate first, Commit answers
// Conflict when another writer was first.
type Timeline interface {
	Timeline(ctx context.Context, ws string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error)
	PutPage(ctx context.Context, ws string, id event.Identifier, page []event.Touchpoint) error
	Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error
}

// Decisions are an operator's about links. PutCut keeps the latest.
type Decisions interface {
	Cuts(ctx context.Context, ws string) ([]identity.Cut, error)
	PutCut(ctx context.Context, ws string, c identity.Cut) error
}

// Joins are what any order of writing leaves the same. PutTraits and PutClaims answer Conflict when the version is not the stored one.
type Joins interface {
	PutLink(ctx context.Context, ws string, l identity.Link) error
	Traits(ctx context.Context, ws string, id event.Identifier) (profile.Traits, int64, error)
	PutTraits(ctx context.Context, ws string, id event.Identifier, t profile.Traits, version int64) error
	PutClaims(ctx context.Context, ws, key string, c profile.Claims, version int64) error
}

// Computed is the windows, and the marks of those to be computed. ReplaceWindow answers Conflict unless the stored version is the given one.
type Computed interface {
	Marks(ctx context.Context, ws string, until event.Millis) ([]kpi.Mark, error)
	PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error
	Window(ctx context.Context, ws string, g period.Grain, key string) (kpi.Window, error)
	Windows(ctx context.Context, ws string, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
	ReplaceWindow(ctx context.Context, ws string, w kpi.Window, stored int64) error
}

// Archive reads the accepted events, and deletes objects of facts.
type Archive interface {
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	Read(ctx context.Context, key string) iter.Seq2[event.Record, error]
	Delete(ctx context.Context, key string) error
}
