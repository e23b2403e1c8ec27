package process

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// Workspaces knows the tenants. NotFound when there is no such workspace.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
}

// Timeline is the touchpoints and the aggregate of one identifier. Load reads the aggregate first and only then the stored copies of the given
// touchpoints, others perhaps with them; a page is of one UTC day of original time; Commit answers Conflict when another writer was first.
type Timeline interface {
	Load(ctx context.Context, ws string, id event.Identifier, copies []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error)
	PutPage(ctx context.Context, ws string, id event.Identifier, page []event.Touchpoint) error
	Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error
}

// History reads everything of one identifier, the aggregate first.
type History interface {
	Timeline(ctx context.Context, ws string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error)
}

// Traits holds the facts about an identifier. PutTraits answers Conflict when the version is not the stored one.
type Traits interface {
	Traits(ctx context.Context, ws string, id event.Identifier) (profile.Traits, int64, error)
	PutTraits(ctx context.Context, ws string, id event.Identifier, t profile.Traits, version int64) error
}

// Links holds the forest. PutLink keeps the earliest evidence of a link.
type Links interface {
	Evidence(ctx context.Context, ws string, links []identity.Link) (stored []identity.Evidence, found []bool, err error)
	PutLink(ctx context.Context, ws string, l identity.Link) error
	Nodes(ctx context.Context, ws string, ids []event.Identifier) ([]identity.Node, error)
}

// Claims holds who claims which order. PutClaims answers Conflict when the version is not the stored one.
type Claims interface {
	Claims(ctx context.Context, ws string, keys []string) (map[string]profile.Claims, map[string]int64, error)
	PutClaims(ctx context.Context, ws, key string, c profile.Claims, version int64) error
}

// Marks says which windows must be computed anew.
type Marks interface {
	PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error
}

// FailedEvents keeps what can never be processed as it is. FailedAgain gives a record whose replay failed its newest verdict; DeleteFailed is
// done with one for good, so that no late copy of its event brings it back.
type FailedEvents interface {
	PutFailed(ctx context.Context, f event.Failed) error
	FailedAgain(ctx context.Context, ws, id string, v event.Verdict) error
	DeleteFailed(ctx context.Context, ws, id string) error
}

// Refusals notes requests that were refused.
type Refusals interface {
	PutRefusal(ctx context.Context, ws string, r event.Refusal) error
}

// Archive keeps every accepted event for ever.
type Archive interface {
	Put(ctx context.Context, key string, records []event.Record) error
}

// ArchiveIndex finds archive objects by the days of their events.
type ArchiveIndex interface {
	PutArchiveIndex(ctx context.Context, ws string, days []string, key string) error
}
