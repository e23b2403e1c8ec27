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
	Links
	Claims
}

// Pages holds what was sent by identifier. PutPages writes a page for each identifier; the same events are the same page, so that writing it
// again changes nothing. After an error some may be written.
type Pages interface {
	PutPages(ctx context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error
}

// Links holds the forest. PutLinks keeps the best evidence of each link, of which no two are given; after an error some may be written.
type Links interface {
	Evidence(ctx context.Context, ns workspace.Namespace, links []identity.Link) (stored []identity.Evidence, found []bool, err error)
	PutLinks(ctx context.Context, ns workspace.Namespace, links []identity.Link) error
}

// Claims holds who claims which order: a set, so that writing a claim again changes nothing. After an error some may be written.
type Claims interface {
	PutClaims(ctx context.Context, ns workspace.Namespace, claims map[string]profile.Claims) error
	Claims(ctx context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, error)
}

// Batches takes the records of batches. One of a handle that is there replaces it.
type Batches interface {
	PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error
}
