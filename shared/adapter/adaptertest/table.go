package adaptertest

import (
	"context"
	"sync"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// TableUnderTest is everything that a table does.
type TableUnderTest interface {
	Key(ctx context.Context, text string) (workspace.Key, error)
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	Workspaces(ctx context.Context) ([]workspace.Workspace, error)
	PutWorkspace(ctx context.Context, w workspace.Workspace) error

	PutPages(ctx context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error
	Partitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Partition, error)

	Evidence(ctx context.Context, ns workspace.Namespace, links []identity.Link) ([]identity.Evidence, []bool, error)
	PutLinks(ctx context.Context, ns workspace.Namespace, links []identity.Link) error
	Wake(ctx context.Context, ns workspace.Namespace, l identity.Link) error
	Nodes(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]identity.Node, error)
	AllLinks(ctx context.Context, ns workspace.Namespace, id event.Identifier) (identity.Node, error)
	PutCut(ctx context.Context, ns workspace.Namespace, c identity.Cut) error
	Cuts(ctx context.Context, ns workspace.Namespace) ([]identity.Cut, error)
	Claims(ctx context.Context, ns workspace.Namespace, keys []string) (map[string]profile.Claims, error)
	AllClaims(ctx context.Context, ns workspace.Namespace, key string) (profile.Claims, error)
	PutClaims(ctx context.Context, ns workspace.Namespace, claims map[string]profile.Claims) error

	PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error
	Batches(ctx context.Context, ns workspace.Namespace, from string, limit int) (batches []ledger.Batch, next string, err error)
	PutDues(ctx context.Context, ns workspace.Namespace, dues []ledger.Due) error
	Dues(ctx context.Context, ns workspace.Namespace, until event.Millis, limit int) (dues []ledger.Due, more bool, err error)
	DeleteDues(ctx context.Context, ns workspace.Namespace, handles []string) error
	State(ctx context.Context, ns workspace.Namespace) (ledger.State, error)
	PutState(ctx context.Context, ns workspace.Namespace, s ledger.State, epoch int64) error
	Profiles(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Profile, error)
	PutProfiles(ctx context.Context, ns workspace.Namespace, profiles []ledger.Profile) error
	PutListings(ctx context.Context, ns workspace.Namespace, run int64, listings []ledger.Listing) error
	Listings(ctx context.Context, ns workspace.Namespace, stage, after string, limit int) (listings []ledger.Listing, next string, err error)
	Everybody(ctx context.Context, ns workspace.Namespace, after string, limit int) (persons []event.Identifier, next string, err error)
	Window(ctx context.Context, ns workspace.Namespace, g period.Grain, key string) (kpi.Window, error)
	Windows(ctx context.Context, ns workspace.Namespace, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
	PutWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window) error
	StampWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window, stored int64) error

	PutRestated(ctx context.Context, ns workspace.Namespace, notes []report.Restatement) error
	Restated(ctx context.Context, ns workspace.Namespace, g period.Grain) ([]report.Restatement, error)
	DeleteRestated(ctx context.Context, ns workspace.Namespace, handles []string) error
	ExportClaim(ctx context.Context, ws, export string) (report.Claim, error)
	PutExportClaim(ctx context.Context, ws, export string, c report.Claim) error

	PutFailed(ctx context.Context, f event.Failed) error
	Failed(ctx context.Context, ws, class, cursor string, limit int) (page []event.Failed, next string, err error)
	FailedByID(ctx context.Context, ws, id string) (event.Failed, error)
	FailedCounts(ctx context.Context, ws string) (map[string]int, error)
	FailedAgain(ctx context.Context, ws, id string, v event.Verdict) error
	EditFailed(ctx context.Context, ws, id, edited string, at event.Millis) (event.Failed, error)
	ReplayFailed(ctx context.Context, ws string, ids []string, at event.Millis) ([]event.Failed, error)
	DeleteFailed(ctx context.Context, ws, id string) error
	PutRefusal(ctx context.Context, ws string, r event.Refusal) error
	Refusals(ctx context.Context, ws, day string) ([]event.Refusal, error)
	PutFates(ctx context.Context, ws string, b fate.Batch) error
	Fates(ctx context.Context, ws, from string, limit int) (batches []fate.Batch, next string, err error)
	LatestFates(ctx context.Context, ws string, limit int) ([]fate.Batch, error)
	Watch(ctx context.Context, name string, w workspace.Watch) error
	Spend(ctx context.Context, workspace, source, day string, events int64) (int64, error)
	Salt(ctx context.Context, day, fresh string, expires event.Millis) (string, error)
	ForgetSalt(ctx context.Context, day string, expires event.Millis) error
	PutDocument(ctx context.Context, ws string, d workspace.Document) error
	Documents(ctx context.Context, ws string) ([]workspace.Document, error)
	Document(ctx context.Context, ws, kind string) (workspace.Document, error)
	PutArchiveIndex(ctx context.Context, ws string, days []string, key string) error
	ArchiveIndex(ctx context.Context, ws, day string) ([]string, error)

	PutGenerations(ctx context.Context, before, after workspace.Workspace) error
	PutQuarantines(ctx context.Context, before, after workspace.Workspace) error
	DeletePartitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) error
	DeleteClaims(ctx context.Context, ns workspace.Namespace, keys []string) error
	DeleteComputed(ctx context.Context, ns workspace.Namespace) error
}

// Clock is a time of day that a case moves.
type Clock struct {
	mu  sync.Mutex
	now event.Millis
}

// Now gives the time that the case has set.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Time()
}

func (c *Clock) set(now event.Millis) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// OpenTable gives the table that is tested; it tells expired items by the clock.
type OpenTable func(t *testing.T, clock *Clock) TableUnderTest

type tableCase struct {
	name string
	run  func(t *testing.T, table TableUnderTest, clock *Clock)
}

// Table holds a table to its promises.
func Table(t *testing.T, open OpenTable) {
	t.Helper()
	for _, c := range []tableCase{
		{"workspaces and keys", workspacesAndKeys},
		{"pages", pages},
		{"pages of strange text", strangePages},
		{"pages of many at once", crowdedPages},
		{"large pages", largePages},
		{"a partition of many pages", longPartition},
		{"pages too large", tooLargePages},
		{"items too large", tooLarge},
		{"evidence of links", evidence},
		{"links join", linksJoin},
		{"nodes", nodes},
		{"children that are not idle", wakes},
		{"children by evidence", childrenByEvidence},
		{"many parents", manyParents},
		{"cuts join", cutsJoin},
		{"cut links", cutLinks},
		{"partitions", partitions},
		{"claims", claims},
		{"many claims", manyClaims},
		{"records of batches", batches},
		{"a record that no item holds", largeBatch},
		{"dues", dues},
		{"a due of very many identifiers", largeDue},
		{"states compare epochs", states},
		{"64 writers take one epoch after the other", concurrentStates},
		{"profiles compare runs", profiles},
		{"profiles of any size", longProfiles},
		{"profiles read while runs write", concurrentProfiles},
		{"lists of persons", listings},
		{"lists of very many persons", largeListings},
		{"windows compare runs", windows},
		{"windows in a range", windowRange},
		{"restatements", restatements},
		{"claims to exports", exportClaims},
		{"32 exports claim one revision", concurrentExportClaims},
		{"failed events", failedEvents},
		{"failed events that are edited and replayed", failedChanges},
		{"failed events that are done with", failedDone},
		{"failed messages of any size", failedLarge},
		{"failed events page by page", failedPages},
		{"failed events expire", failedExpire},
		{"refusals", refusals},
		{"refusals expire", refusalsExpire},
		{"documents", documents},
		{"fates of events", listedFates},
		{"fates of very many events", largeFates},
		{"watches", watches},
		{"spending", spending},
		{"salts", salts},
		{"archive index", archiveIndex},
		{"generations", generations},
		{"quarantines", quarantines},
		{"a generation deleted", deleted},
		{"memory of its own", apart},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := &Clock{now: noon}
			c.run(t, open(t, clock), clock)
		})
	}
}
