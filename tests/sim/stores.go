package sim

import (
	"context"
	"fmt"
	"iter"

	"waymark/functions/export"
	"waymark/functions/process"
	"waymark/functions/query"
	"waymark/functions/rollup"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
	"waymark/shared/person"
)

// ports is everything that the handlers need of the stores.
type ports interface {
	httpapi.KeyStore
	process.Timeline
	process.History
	process.Traits
	process.Links
	process.Claims
	process.FailedEvents
	process.Refusals
	query.Links
	export.Windows
	export.Restated
	export.Claims
	process.Archive
	process.ArchiveIndex
	rollup.Workspaces
	rollup.Marks
	rollup.Windows
	rollup.Restated
	rollup.Facts
	rollup.Persons
	rollup.Times
	person.Store
}

// stores gives the handlers of one invocation the memory adapter, with the world's interleaving and faults at every call. A call that reads
// several items of the table is as many calls here, because nothing makes them one on AWS.
type stores struct {
	*World
	run        *invocation
	pagesFirst bool // mutant: the pages are read before the aggregate
}

func (s *stores) Key(ctx context.Context, text string) (k workspace.Key, err error) {
	err = s.call(s.run, "key", func() error { k, err = s.table.Key(ctx, text); return err })
	return k, err
}

func (s *stores) Workspace(ctx context.Context, name string) (t workspace.Workspace, err error) {
	err = s.call(s.run, "workspace", func() error { t, err = s.table.Workspace(ctx, name); return err })
	return t, err
}

func (s *stores) Workspaces(ctx context.Context) (all []workspace.Workspace, err error) {
	err = s.call(s.run, "workspaces", func() error { all, err = s.table.Workspaces(ctx); return err })
	return all, err
}

// Load reads the aggregate and then the pages; the mutant does it the other way round.
func (s *stores) Load(ctx context.Context, ws string, id event.Identifier, copies []event.Touchpoint) (a profile.Aggregate, pages []event.Touchpoint, err error) {
	aggregate := func() error { a, _, err = s.table.Load(ctx, ws, id, nil); return err }
	stored := func() error { _, pages, err = s.table.Load(ctx, ws, id, copies); return err }
	err = s.both("load", aggregate, stored)
	return a, pages, err
}

// Timeline reads the aggregate and then all pages; the mutant does it the other way round.
func (s *stores) Timeline(ctx context.Context, ws string, id event.Identifier) (a profile.Aggregate, pages []event.Touchpoint, err error) {
	aggregate := func() error { a, _, err = s.table.Load(ctx, ws, id, nil); return err }
	stored := func() error { _, pages, err = s.table.Timeline(ctx, ws, id); return err }
	err = s.both("timeline", aggregate, stored)
	return a, pages, err
}

func (s *stores) both(site string, aggregate, pages func() error) error {
	first, second := aggregate, pages
	if s.pagesFirst {
		first, second = pages, aggregate
	}
	if err := s.call(s.run, site+" 1", first); err != nil {
		return err
	}
	return s.call(s.run, site+" 2", second)
}

// PutPage holds process to its order: what the table knows, the archive has had before.
func (s *stores) PutPage(ctx context.Context, ws string, id event.Identifier, page []event.Touchpoint) error {
	for _, t := range page {
		if !s.seen[seen{t.Source, t.ID, t.Original, t.Received}] {
			s.blame(fmt.Sprintf("event %s of %s is in the table and not in the archive", t.ID, id))
		}
	}
	return s.call(s.run, "put page", func() error { return s.table.PutPage(ctx, ws, id, page) })
}

func (s *stores) Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error {
	return s.call(s.run, "commit", func() error { return s.table.Commit(ctx, ws, id, a) })
}

func (s *stores) Traits(ctx context.Context, ws string, id event.Identifier) (t profile.Traits, version int64, err error) {
	err = s.call(s.run, "traits", func() error { t, version, err = s.table.Traits(ctx, ws, id); return err })
	return t, version, err
}

func (s *stores) PutTraits(ctx context.Context, ws string, id event.Identifier, t profile.Traits, version int64) error {
	return s.call(s.run, "put traits", func() error { return s.table.PutTraits(ctx, ws, id, t, version) })
}

func (s *stores) Evidence(ctx context.Context, ws string, links []identity.Link) (stored []identity.Evidence, found []bool, err error) {
	err = s.call(s.run, "evidence", func() error { stored, found, err = s.table.Evidence(ctx, ws, links); return err })
	return stored, found, err
}

func (s *stores) PutLink(ctx context.Context, ws string, l identity.Link) error {
	return s.call(s.run, "put link", func() error { return s.table.PutLink(ctx, ws, l) })
}

func (s *stores) PutCut(ctx context.Context, ws string, c identity.Cut) error {
	return s.call(s.run, "put cut", func() error { return s.table.PutCut(ctx, ws, c) })
}

func (s *stores) Nodes(ctx context.Context, ws string, ids []event.Identifier) (nodes []identity.Node, err error) {
	err = s.call(s.run, "nodes", func() error { nodes, err = s.table.Nodes(ctx, ws, ids); return err })
	return nodes, err
}

func (s *stores) Claims(ctx context.Context, ws string, keys []string) (c map[string]profile.Claims, versions map[string]int64, err error) {
	err = s.call(s.run, "claims", func() error { c, versions, err = s.table.Claims(ctx, ws, keys); return err })
	return c, versions, err
}

func (s *stores) PutClaims(ctx context.Context, ws, key string, c profile.Claims, version int64) error {
	return s.call(s.run, "put claims", func() error { return s.table.PutClaims(ctx, ws, key, c, version) })
}

func (s *stores) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	return s.call(s.run, "put marks", func() error { return s.table.PutMarks(ctx, ws, marks) })
}

func (s *stores) Marks(ctx context.Context, ws string, until event.Millis) (marks []kpi.Mark, err error) {
	err = s.call(s.run, "marks", func() error { marks, err = s.table.Marks(ctx, ws, until); return err })
	return marks, err
}

func (s *stores) DeleteMarks(ctx context.Context, ws string, handles []string) error {
	return s.call(s.run, "delete marks", func() error { return s.table.DeleteMarks(ctx, ws, handles) })
}

func (s *stores) PutFailed(ctx context.Context, f event.Failed) error {
	return s.call(s.run, "put failed", func() error {
		s.rejected[copyOf{f.Request, f.Index}] = true
		return s.table.PutFailed(ctx, f)
	})
}

func (s *stores) PutRefusal(ctx context.Context, ws string, r event.Refusal) error {
	return s.call(s.run, "put refusal", func() error { return s.table.PutRefusal(ctx, ws, r) })
}

func (s *stores) FailedAgain(ctx context.Context, ws, id string, v event.Verdict) error {
	return s.call(s.run, "failed again", func() error { return s.table.FailedAgain(ctx, ws, id, v) })
}

func (s *stores) DeleteFailed(ctx context.Context, ws, id string) error {
	return s.call(s.run, "delete failed", func() error { return s.table.DeleteFailed(ctx, ws, id) })
}

func (s *stores) Put(ctx context.Context, key string, records []event.Record) error {
	return s.call(s.run, "archive", func() error {
		for _, r := range records {
			s.archived[copyOf{r.Request, r.Index}] = true
			s.seen[seen{r.Touchpoint.Source, r.Touchpoint.ID, r.Touchpoint.Original, r.Touchpoint.Received}] = true
		}
		return s.World.archive.Put(ctx, key, records)
	})
}

func (s *stores) PutArchiveIndex(ctx context.Context, ws string, days []string, key string) error {
	return s.call(s.run, "archive index", func() error { return s.table.PutArchiveIndex(ctx, ws, days, key) })
}

func (s *stores) Partitions(ctx context.Context, ws string, ids []event.Identifier) (out []profile.Partition, err error) {
	for _, id := range ids {
		err = s.call(s.run, "partition", func() error {
			one, err := s.table.Partitions(ctx, ws, []event.Identifier{id})
			out = append(out, one...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *stores) Window(ctx context.Context, ws string, g period.Grain, key string) (w kpi.Window, err error) {
	err = s.call(s.run, "window", func() error { w, err = s.table.Window(ctx, ws, g, key); return err })
	return w, err
}

func (s *stores) Windows(ctx context.Context, ws string, g period.Grain, from, to string) (w []kpi.Window, err error) {
	err = s.call(s.run, "windows", func() error { w, err = s.table.Windows(ctx, ws, g, from, to); return err })
	return w, err
}

func (s *stores) PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error {
	if s.run.puts--; s.run.puts == 0 && s.faults.on {
		s.freeze(s.run)
		if !s.run.yield() {
			panic(errCrash)
		}
	}
	return s.call(s.run, "put windows", func() error { return s.table.PutWindows(ctx, ws, windows, marks) })
}

func (s *stores) PutRestated(ctx context.Context, ws string, notes []report.Restatement) error {
	return s.call(s.run, "put restated", func() error { return s.table.PutRestated(ctx, ws, notes) })
}

func (s *stores) Restated(ctx context.Context, ws string, g period.Grain) (notes []report.Restatement, err error) {
	err = s.call(s.run, "restated", func() error { notes, err = s.table.Restated(ctx, ws, g); return err })
	return notes, err
}

func (s *stores) DeleteRestated(ctx context.Context, ws string, handles []string) error {
	return s.call(s.run, "delete restated", func() error { return s.table.DeleteRestated(ctx, ws, handles) })
}

func (s *stores) ExportClaim(ctx context.Context, ws, name string) (c report.Claim, err error) {
	err = s.call(s.run, "export claim", func() error { c, err = s.table.ExportClaim(ctx, ws, name); return err })
	return c, err
}

func (s *stores) PutExportClaim(ctx context.Context, ws, name string, c report.Claim) error {
	return s.call(s.run, "put export claim", func() error { return s.table.PutExportClaim(ctx, ws, name, c) })
}

func (s *stores) PutFacts(ctx context.Context, key string, d kpi.Day) error {
	return s.call(s.run, "put facts", func() error { return s.World.archive.PutFacts(ctx, key, d) })
}

func (s *stores) Facts(ctx context.Context, key string) (d kpi.Day, err error) {
	err = s.call(s.run, "facts", func() error { d, err = s.World.archive.Facts(ctx, key); return err })
	return d, err
}

func (s *stores) Persons(ctx context.Context, key string) (iter.Seq[kpi.Facts], func() error) {
	d, err := s.Facts(ctx, key)
	persons := func(yield func(kpi.Facts) bool) {
		for _, f := range d.Persons {
			if !yield(f) {
				return
			}
		}
	}
	return persons, func() error { return err }
}

func (s *stores) Delete(ctx context.Context, key string) error {
	return s.call(s.run, "delete facts", func() error { return s.World.archive.Delete(ctx, key) })
}

func (s *stores) PutRollupTimes(ctx context.Context, ws string, times map[period.Grain]event.Millis) error {
	return s.call(s.run, "put times", func() error { return s.table.PutRollupTimes(ctx, ws, times) })
}
