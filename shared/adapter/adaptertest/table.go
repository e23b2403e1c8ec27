package adaptertest

import (
	"context"
	"sync"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
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

	Load(ctx context.Context, workspace string, id event.Identifier, copies []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error)
	Timeline(ctx context.Context, workspace string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error)
	PutPage(ctx context.Context, workspace string, id event.Identifier, page []event.Touchpoint) error
	Commit(ctx context.Context, workspace string, id event.Identifier, a profile.Aggregate) error
	Traits(ctx context.Context, workspace string, id event.Identifier) (profile.Traits, int64, error)
	PutTraits(ctx context.Context, workspace string, id event.Identifier, traits profile.Traits, version int64) error
	Partitions(ctx context.Context, workspace string, ids []event.Identifier) ([]profile.Partition, error)

	Evidence(ctx context.Context, workspace string, links []identity.Link) ([]identity.Evidence, []bool, error)
	PutLink(ctx context.Context, workspace string, l identity.Link) error
	Nodes(ctx context.Context, workspace string, ids []event.Identifier) ([]identity.Node, error)
	PutCut(ctx context.Context, workspace string, c identity.Cut) error
	Cuts(ctx context.Context, workspace string) ([]identity.Cut, error)
	Claims(ctx context.Context, workspace string, keys []string) (map[string]profile.Claims, map[string]int64, error)
	PutClaims(ctx context.Context, workspace, key string, c profile.Claims, version int64) error

	PutMarks(ctx context.Context, workspace string, marks []kpi.Mark) error
	Marks(ctx context.Context, workspace string, until event.Millis) ([]kpi.Mark, error)
	DeleteMarks(ctx context.Context, workspace string, handles []string) error
	Window(ctx context.Context, workspace string, g period.Grain, key string) (kpi.Window, error)
	Windows(ctx context.Context, workspace string, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
	PutWindow(ctx context.Context, workspace string, w kpi.Window) error
	PutWindows(ctx context.Context, workspace string, windows []kpi.Window, marks []kpi.Mark) error
	ReplaceWindow(ctx context.Context, workspace string, w kpi.Window, stored int64) error
	RollupTimes(ctx context.Context, workspace string) (map[period.Grain]event.Millis, error)
	PutRollupTimes(ctx context.Context, workspace string, times map[period.Grain]event.Millis) error

	PutRestated(ctx context.Context, workspace string, notes []report.Restatement) error
	Restated(ctx context.Context, workspace string, g period.Grain) ([]report.Restatement, error)
	DeleteRestated(ctx context.Context, workspace string, handles []string) error
	ExportClaim(ctx context.Context, workspace, export string) (report.Claim, error)
	PutExportClaim(ctx context.Context, workspace, export string, c report.Claim) error

	PutFailed(ctx context.Context, f event.Failed) error
	Failed(ctx context.Context, workspace, class, cursor string, limit int) (page []event.Failed, next string, err error)
	FailedByID(ctx context.Context, workspace, id string) (event.Failed, error)
	FailedCounts(ctx context.Context, workspace string) (map[string]int, error)
	FailedAgain(ctx context.Context, workspace, id string, v event.Verdict) error
	EditFailed(ctx context.Context, workspace, id, edited string, at event.Millis) (event.Failed, error)
	ReplayFailed(ctx context.Context, workspace string, ids []string, at event.Millis) ([]event.Failed, error)
	DeleteFailed(ctx context.Context, workspace, id string) error
	PutRefusal(ctx context.Context, workspace string, r event.Refusal) error
	Refusals(ctx context.Context, workspace, day string) ([]event.Refusal, error)
	PutArchiveIndex(ctx context.Context, workspace string, days []string, key string) error
	ArchiveIndex(ctx context.Context, workspace, day string) ([]string, error)

	PutGenerations(ctx context.Context, before, after workspace.Workspace) error
	PutPartitions(ctx context.Context, workspace string, partitions []profile.Partition) error
	PutClaimsOf(ctx context.Context, workspace string, claims map[string]profile.Claims) error
	TraitsOf(ctx context.Context, workspace string, ids []event.Identifier) (map[event.Identifier]profile.Traits, error)
	DeletePartitions(ctx context.Context, workspace string, ids []event.Identifier) error
	DeleteClaims(ctx context.Context, workspace string, keys []string) error
	DeleteComputed(ctx context.Context, workspace string) error
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
		{"copies of events", copiesOfEvents},
		{"every placement", everyPlacement},
		{"pages of strange text", strangePages},
		{"a page stored again is the same page", repeatedPages},
		{"a large page", largePage},
		{"a timeline of a thousand pages", longTimeline},
		{"commits compare versions", commits},
		{"64 writers commit one after the other", concurrentCommits},
		{"traits", traits},
		{"items too large", tooLarge},
		{"evidence of links", evidence},
		{"links join", linksJoin},
		{"nodes", nodes},
		{"children by evidence", childrenByEvidence},
		{"many parents", manyParents},
		{"cuts join", cutsJoin},
		{"cut links", cutLinks},
		{"partitions", partitions},
		{"claims", claims},
		{"marks", marks},
		{"marks of changes to come", laterMarks},
		{"a mark of very many identifiers", largeMark},
		{"windows compare revisions", windows},
		{"windows together", windowsTogether},
		{"windows in a range", windowRange},
		{"windows compare silent replacements", silentWindows},
		{"rollup times", rollupTimes},
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
		{"archive index", archiveIndex},
		{"generations", generations},
		{"windows replaced under any revision", windowsReplaced},
		{"partitions in bulk", bulkPartitions},
		{"claims in bulk", bulkClaims},
		{"a generation deleted", deleted},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := &Clock{now: noon}
			c.run(t, open(t, clock), clock)
		})
	}
}
