package ingest

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// Store is what ingestion writes to. Its errors are faults; Unavailable ones may pass.
type Store interface {
	Pages
	Traits
	Links
	Claims
}

// Pages holds touchpoints by identifier. PutPages writes a page for each identifier; the same touchpoints are the same page, so that writing it
// again changes nothing. After an error some may be written.
type Pages interface {
	PutPages(ctx context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error
}

// Traits holds the facts about identifiers, with the version of each; those without any are not in the answer. PutTraits answers Conflict when the
// version is not the stored one.
type Traits interface {
	Traits(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) (map[event.Identifier]profile.Traits, map[event.Identifier]int64, error)
	PutTraits(ctx context.Context, ns workspace.Namespace, id event.Identifier, t profile.Traits, version int64) error
}

// Links holds the forest. PutLink keeps the earliest evidence of a link.
type Links interface {
	Evidence(ctx context.Context, ns workspace.Namespace, links []identity.Link) (stored []identity.Evidence, found []bool, err error)
	PutLink(ctx context.Context, ns workspace.Namespace, l identity.Link) error
}

// Claims holds who claims which order, with the version of each. PutClaims answers Conflict when the version is not the stored one.
type Claims interface {
	Claims(ctx context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, map[string]int64, error)
	PutClaims(ctx context.Context, ns workspace.Namespace, key string, c profile.Claims, version int64) error
}

// Batches takes the records of batches. One of a handle that is there replaces it.
type Batches interface {
	PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error
}
