package system

import (
	"context"
	"iter"

	"waymark/functions/collect"
	"waymark/functions/export"
	"waymark/functions/process"
	"waymark/functions/query"
	"waymark/functions/rollup"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
	"waymark/shared/ingest"
	"waymark/shared/settle"
)

// Ports is everything that the handlers need of the table and the archive.
type Ports interface {
	httpapi.KeyStore
	collect.Spending
	collect.Salts
	ingest.Store
	ingest.Batches
	process.FailedEvents
	process.Refusals
	process.Fates
	query.Fates
	query.Links
	query.Quarantines
	query.Ledger
	export.Windows
	export.Restated
	export.Claims
	rollup.Workspaces
	settle.Store
	settle.Objects
}

// Stores gives handlers the memory adapter, with a hook around every call. A call that reads several items of the table is as many calls here,
// because nothing makes them one on AWS.
type Stores struct {
	Table   *memory.Table
	Archive *memory.Archive
	// Call is given the name of each call, and what it does; nil does it. It may fail the call before or after, or end the invocation.
	Call func(name string, apply func() error) error
}

func (s *Stores) call(name string, apply func() error) error {
	if s.Call == nil {
		return apply()
	}
	return s.Call(name, apply)
}

func (s *Stores) Key(ctx context.Context, text string) (k workspace.Key, err error) {
	err = s.call("key", func() error { k, err = s.Table.Key(ctx, text); return err })
	return k, err
}

func (s *Stores) Spend(ctx context.Context, ws, source, day string, events int64) (total int64, err error) {
	err = s.call("spend", func() error { total, err = s.Table.Spend(ctx, ws, source, day, events); return err })
	return total, err
}

func (s *Stores) Salt(ctx context.Context, day, fresh string, expires event.Millis) (salt string, err error) {
	err = s.call("salt", func() error { salt, err = s.Table.Salt(ctx, day, fresh, expires); return err })
	return salt, err
}

func (s *Stores) ForgetSalt(ctx context.Context, day string, expires event.Millis) error {
	return s.call("forget salt", func() error { return s.Table.ForgetSalt(ctx, day, expires) })
}

func (s *Stores) Workspace(ctx context.Context, name string) (t workspace.Workspace, err error) {
	err = s.call("workspace", func() error { t, err = s.Table.Workspace(ctx, name); return err })
	return t, err
}

func (s *Stores) Workspaces(ctx context.Context) (all []workspace.Workspace, err error) {
	err = s.call("workspaces", func() error { all, err = s.Table.Workspaces(ctx); return err })
	return all, err
}

func (s *Stores) PutPages(ctx context.Context, ns workspace.Namespace, pages map[event.Identifier][]event.Touchpoint) error {
	return s.call("put pages", func() error { return s.Table.PutPages(ctx, ns, pages) })
}

func (s *Stores) Evidence(ctx context.Context, ns workspace.Namespace, links []identity.Link) (stored []identity.Evidence, found []bool, err error) {
	err = s.call("evidence", func() error { stored, found, err = s.Table.Evidence(ctx, ns, links); return err })
	return stored, found, err
}

func (s *Stores) Wake(ctx context.Context, ns workspace.Namespace, l identity.Link) error {
	return s.call("wake", func() error { return s.Table.Wake(ctx, ns, l) })
}

func (s *Stores) PutLinks(ctx context.Context, ns workspace.Namespace, links []identity.Link) error {
	return s.call("put links", func() error { return s.Table.PutLinks(ctx, ns, links) })
}

func (s *Stores) PutCut(ctx context.Context, ns workspace.Namespace, c identity.Cut) error {
	return s.call("put cut", func() error { return s.Table.PutCut(ctx, ns, c) })
}

func (s *Stores) Nodes(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) (nodes []identity.Node, err error) {
	err = s.call("nodes", func() error { nodes, err = s.Table.Nodes(ctx, ns, ids); return err })
	return nodes, err
}

func (s *Stores) Claims(ctx context.Context, ns workspace.Namespace, keys []string) (c map[string]profile.Claims, err error) {
	err = s.call("claims", func() error { c, err = s.Table.Claims(ctx, ns, keys); return err })
	return c, err
}

func (s *Stores) AllLinks(ctx context.Context, ns workspace.Namespace, id event.Identifier) (node identity.Node, err error) {
	err = s.call("all links", func() error { node, err = s.Table.AllLinks(ctx, ns, id); return err })
	return node, err
}

func (s *Stores) AllClaims(ctx context.Context, ns workspace.Namespace, key string) (c profile.Claims, err error) {
	err = s.call("all claims", func() error { c, err = s.Table.AllClaims(ctx, ns, key); return err })
	return c, err
}

func (s *Stores) PutClaims(ctx context.Context, ns workspace.Namespace, c map[string]profile.Claims) error {
	return s.call("put claims", func() error { return s.Table.PutClaims(ctx, ns, c) })
}

func (s *Stores) PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error {
	return s.call("put batch", func() error { return s.Table.PutBatch(ctx, ns, b) })
}

func (s *Stores) Batches(ctx context.Context, ns workspace.Namespace, from string, limit int) (batches []ledger.Batch, next string, err error) {
	err = s.call("batches", func() error { batches, next, err = s.Table.Batches(ctx, ns, from, limit); return err })
	return batches, next, err
}

func (s *Stores) Dues(ctx context.Context, ns workspace.Namespace, until event.Millis, limit int) (dues []ledger.Due, more bool, err error) {
	err = s.call("dues", func() error { dues, more, err = s.Table.Dues(ctx, ns, until, limit); return err })
	return dues, more, err
}

// unless makes no call for nothing: adapters do not.
func (s *Stores) unless(isNothing bool, name string, apply func() error) error {
	if isNothing {
		return nil
	}
	return s.call(name, apply)
}

func (s *Stores) PutDues(ctx context.Context, ns workspace.Namespace, dues []ledger.Due) error {
	return s.unless(len(dues) == 0, "put dues", func() error { return s.Table.PutDues(ctx, ns, dues) })
}

func (s *Stores) DeleteDues(ctx context.Context, ns workspace.Namespace, handles []string) error {
	return s.unless(len(handles) == 0, "delete dues", func() error { return s.Table.DeleteDues(ctx, ns, handles) })
}

func (s *Stores) State(ctx context.Context, ns workspace.Namespace) (state ledger.State, err error) {
	err = s.call("state", func() error { state, err = s.Table.State(ctx, ns); return err })
	return state, err
}

func (s *Stores) PutState(ctx context.Context, ns workspace.Namespace, state ledger.State, epoch int64) error {
	return s.call("put state", func() error { return s.Table.PutState(ctx, ns, state, epoch) })
}

func (s *Stores) PutProfiles(ctx context.Context, ns workspace.Namespace, profiles []ledger.Profile) error {
	return s.unless(len(profiles) == 0, "put profiles", func() error { return s.Table.PutProfiles(ctx, ns, profiles) })
}

func (s *Stores) PutListings(ctx context.Context, ns workspace.Namespace, run int64, listings []ledger.Listing) error {
	return s.unless(len(listings) == 0, "put listings", func() error { return s.Table.PutListings(ctx, ns, run, listings) })
}

func (s *Stores) Everybody(ctx context.Context, ns workspace.Namespace, after string, limit int) (persons []event.Identifier, next string, err error) {
	err = s.call("everybody", func() error { persons, next, err = s.Table.Everybody(ctx, ns, after, limit); return err })
	return persons, next, err
}

func (s *Stores) PutFailed(ctx context.Context, f event.Failed) error {
	return s.call("put failed", func() error {
		return s.Table.PutFailed(ctx, f)
	})
}

func (s *Stores) PutRefusal(ctx context.Context, ws string, r event.Refusal) error {
	return s.call("put refusal", func() error { return s.Table.PutRefusal(ctx, ws, r) })
}

func (s *Stores) PutFates(ctx context.Context, ws string, b fate.Batch) error {
	return s.call("put fates", func() error { return s.Table.PutFates(ctx, ws, b) })
}

func (s *Stores) Fates(ctx context.Context, ws, from string, limit int) (batches []fate.Batch, next string, err error) {
	err = s.call("fates", func() error { batches, next, err = s.Table.Fates(ctx, ws, from, limit); return err })
	return batches, next, err
}

func (s *Stores) LatestFates(ctx context.Context, ws string, limit int) (batches []fate.Batch, err error) {
	err = s.call("fates", func() error { batches, err = s.Table.LatestFates(ctx, ws, limit); return err })
	return batches, err
}

func (s *Stores) Watch(ctx context.Context, name string, w workspace.Watch) error {
	return s.call("watch", func() error { return s.Table.Watch(ctx, name, w) })
}

func (s *Stores) FailedAgain(ctx context.Context, ws, id string, v event.Verdict) error {
	return s.call("failed again", func() error { return s.Table.FailedAgain(ctx, ws, id, v) })
}

func (s *Stores) DeleteFailed(ctx context.Context, ws, id string) error {
	return s.call("delete failed", func() error { return s.Table.DeleteFailed(ctx, ws, id) })
}

func (s *Stores) PutEvents(ctx context.Context, ws, name string, events []event.Record) error {
	return s.call("put events", func() error { return s.Archive.PutEvents(ctx, ws, name, events) })
}

func (s *Stores) PutArchiveIndex(ctx context.Context, ws string, days []string, key string) error {
	return s.call("archive index", func() error { return s.Table.PutArchiveIndex(ctx, ws, days, key) })
}

func (s *Stores) PutLog(ctx context.Context, ns workspace.Namespace, name string, l ledger.Log) error {
	return s.call("put log", func() error { return s.Archive.PutLog(ctx, ns, name, l) })
}

func (s *Stores) Log(ctx context.Context, ns workspace.Namespace, name string) (l ledger.Log, err error) {
	err = s.call("log", func() error { l, err = s.Archive.Log(ctx, ns, name); return err })
	return l, err
}

func (s *Stores) DeleteLog(ctx context.Context, ns workspace.Namespace, name string) error {
	return s.call("delete log", func() error { return s.Archive.DeleteLog(ctx, ns, name) })
}

func (s *Stores) PutSteps(ctx context.Context, ns workspace.Namespace, run int64, day ledger.Day) error {
	return s.call("put steps", func() error { return s.Archive.PutSteps(ctx, ns, run, day) })
}

func (s *Stores) Partitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) (out []ledger.Partition, err error) {
	for _, id := range ids {
		err = s.call("partition", func() error {
			one, err := s.Table.Partitions(ctx, ns, []event.Identifier{id})
			out = append(out, one...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Stores) Window(ctx context.Context, ns workspace.Namespace, g period.Grain, key string) (w kpi.Window, err error) {
	err = s.call("window", func() error { w, err = s.Table.Window(ctx, ns, g, key); return err })
	return w, err
}

func (s *Stores) Windows(ctx context.Context, ns workspace.Namespace, g period.Grain, from, to string) (w []kpi.Window, err error) {
	err = s.call("windows", func() error { w, err = s.Table.Windows(ctx, ns, g, from, to); return err })
	return w, err
}

func (s *Stores) PutWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window) error {
	return s.call("put window", func() error { return s.Table.PutWindow(ctx, ns, w) })
}

func (s *Stores) PutRestated(ctx context.Context, ns workspace.Namespace, notes []report.Restatement) error {
	return s.call("put restated", func() error { return s.Table.PutRestated(ctx, ns, notes) })
}

func (s *Stores) Restated(ctx context.Context, ns workspace.Namespace, g period.Grain) (notes []report.Restatement, err error) {
	err = s.call("restated", func() error { notes, err = s.Table.Restated(ctx, ns, g); return err })
	return notes, err
}

func (s *Stores) DeleteRestated(ctx context.Context, ns workspace.Namespace, handles []string) error {
	return s.call("delete restated", func() error { return s.Table.DeleteRestated(ctx, ns, handles) })
}

func (s *Stores) ExportClaim(ctx context.Context, ws, name string) (c report.Claim, err error) {
	err = s.call("export claim", func() error { c, err = s.Table.ExportClaim(ctx, ws, name); return err })
	return c, err
}

func (s *Stores) PutExportClaim(ctx context.Context, ws, name string, c report.Claim) error {
	return s.call("put export claim", func() error { return s.Table.PutExportClaim(ctx, ws, name, c) })
}

// Profiles reads what was counted of identifiers.
func (s *Stores) Profiles(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) (profiles []ledger.Profile, err error) {
	err = s.call("profiles", func() error { profiles, err = s.Table.Profiles(ctx, ns, ids); return err })
	return profiles, err
}

// Listings reads who is in a stage.
func (s *Stores) Listings(ctx context.Context, ns workspace.Namespace, stage, after string, limit int) (listings []ledger.Listing, next string, err error) {
	err = s.call("listings", func() error { listings, next, err = s.Table.Listings(ctx, ns, stage, after, limit); return err })
	return listings, next, err
}

// What follows is for those who rebuild a workspace.

func (s *Stores) PutQuarantines(ctx context.Context, before, after workspace.Workspace) error {
	return s.call("put quarantines", func() error { return s.Table.PutQuarantines(ctx, before, after) })
}

func (s *Stores) PutGenerations(ctx context.Context, before, after workspace.Workspace) error {
	return s.call("put generations", func() error { return s.Table.PutGenerations(ctx, before, after) })
}

func (s *Stores) Cuts(ctx context.Context, ns workspace.Namespace) (cuts []identity.Cut, err error) {
	err = s.call("cuts", func() error { cuts, err = s.Table.Cuts(ctx, ns); return err })
	return cuts, err
}

func (s *Stores) StampWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window, stored int64) error {
	return s.call("stamp window", func() error { return s.Table.StampWindow(ctx, ns, w, stored) })
}

func (s *Stores) DeletePartitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) error {
	return s.call("delete partitions", func() error { return s.Table.DeletePartitions(ctx, ns, ids) })
}

func (s *Stores) DeleteClaims(ctx context.Context, ns workspace.Namespace, keys []string) error {
	return s.call("delete claims", func() error { return s.Table.DeleteClaims(ctx, ns, keys) })
}

func (s *Stores) DeleteComputed(ctx context.Context, ns workspace.Namespace) error {
	return s.call("delete computed", func() error { return s.Table.DeleteComputed(ctx, ns) })
}

func (s *Stores) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return s.KeysSince(ctx, prefix, 0)
}

func (s *Stores) KeysSince(ctx context.Context, prefix string, since event.Millis) iter.Seq2[string, error] {
	return listed(s, "keys", s.Archive.KeysSince(ctx, prefix, since))
}

func (s *Stores) Read(ctx context.Context, key string) iter.Seq2[event.Record, error] {
	return listed(s, "read", s.Archive.Read(ctx, key))
}

func (s *Stores) Delete(ctx context.Context, key string) error {
	return s.call("delete", func() error { return s.Archive.Delete(ctx, key) })
}

// listed makes one call of what gives many values.
func listed[T any](s *Stores, name string, values iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var all []T
		err := s.call(name, func() error {
			for value, err := range values {
				if err != nil {
					return err
				}
				all = append(all, value)
			}
			return nil
		})
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		for _, value := range all {
			if !yield(value, nil) {
				return
			}
		}
	}
}
