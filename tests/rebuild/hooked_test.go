package rebuild_test

import (
	"context"
	"iter"

	"waymark/infra/rebuild"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// hooked is the stores of a rebuild with something happening around every call: an error before it ends it, one after it lets it be done.
type hooked struct {
	*world
	before, after func() error
}

// into gives a configuration that uses the stores through the hooks.
func (h *hooked) into(c rebuild.Config) rebuild.Config {
	c.Table, c.Archive = h, hookedArchive{h}
	return c
}

func (h *hooked) do(apply func() error) error {
	if err := h.before(); err != nil {
		return err
	}
	if err := apply(); err != nil || h.after == nil {
		return err
	}
	return h.after()
}

func (h *hooked) Workspace(ctx context.Context, name string) (w workspace.Workspace, err error) {
	err = h.do(func() error { w, err = h.table.Workspace(ctx, name); return err })
	return w, err
}

func (h *hooked) PutGenerations(ctx context.Context, before, after workspace.Workspace) error {
	return h.do(func() error { return h.table.PutGenerations(ctx, before, after) })
}

func (h *hooked) Partitions(ctx context.Context, ws string, ids []event.Identifier) (p []profile.Partition, err error) {
	err = h.do(func() error { p, err = h.table.Partitions(ctx, ws, ids); return err })
	return p, err
}

func (h *hooked) Claims(ctx context.Context, ws string, keys []string) (c map[string]profile.Claims, versions map[string]int64, err error) {
	err = h.do(func() error { c, versions, err = h.table.Claims(ctx, ws, keys); return err })
	return c, versions, err
}

func (h *hooked) PutPartitions(ctx context.Context, ws string, partitions []profile.Partition) error {
	return h.do(func() error { return h.table.PutPartitions(ctx, ws, partitions) })
}

func (h *hooked) PutClaimsOf(ctx context.Context, ws string, claims map[string]profile.Claims) error {
	return h.do(func() error { return h.table.PutClaimsOf(ctx, ws, claims) })
}

func (h *hooked) TraitsOf(ctx context.Context, ws string, ids []event.Identifier) (t map[event.Identifier]profile.Traits, err error) {
	err = h.do(func() error { t, err = h.table.TraitsOf(ctx, ws, ids); return err })
	return t, err
}

func (h *hooked) Cuts(ctx context.Context, ws string) (cuts []identity.Cut, err error) {
	err = h.do(func() error { cuts, err = h.table.Cuts(ctx, ws); return err })
	return cuts, err
}

func (h *hooked) PutCut(ctx context.Context, ws string, c identity.Cut) error {
	return h.do(func() error { return h.table.PutCut(ctx, ws, c) })
}

func (h *hooked) DeletePartitions(ctx context.Context, ws string, ids []event.Identifier) error {
	return h.do(func() error { return h.table.DeletePartitions(ctx, ws, ids) })
}

func (h *hooked) DeleteClaims(ctx context.Context, ws string, keys []string) error {
	return h.do(func() error { return h.table.DeleteClaims(ctx, ws, keys) })
}

func (h *hooked) DeleteComputed(ctx context.Context, ws string) error {
	return h.do(func() error { return h.table.DeleteComputed(ctx, ws) })
}

func (h *hooked) Timeline(ctx context.Context, ws string, id event.Identifier) (a profile.Aggregate, t []event.Touchpoint, err error) {
	err = h.do(func() error { a, t, err = h.table.Timeline(ctx, ws, id); return err })
	return a, t, err
}

func (h *hooked) PutPage(ctx context.Context, ws string, id event.Identifier, page []event.Touchpoint) error {
	return h.do(func() error { return h.table.PutPage(ctx, ws, id, page) })
}

func (h *hooked) Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error {
	return h.do(func() error { return h.table.Commit(ctx, ws, id, a) })
}

func (h *hooked) PutLink(ctx context.Context, ws string, l identity.Link) error {
	return h.do(func() error { return h.table.PutLink(ctx, ws, l) })
}

func (h *hooked) Traits(ctx context.Context, ws string, id event.Identifier) (t profile.Traits, version int64, err error) {
	err = h.do(func() error { t, version, err = h.table.Traits(ctx, ws, id); return err })
	return t, version, err
}

func (h *hooked) PutTraits(ctx context.Context, ws string, id event.Identifier, t profile.Traits, version int64) error {
	return h.do(func() error { return h.table.PutTraits(ctx, ws, id, t, version) })
}

func (h *hooked) PutClaims(ctx context.Context, ws, key string, c profile.Claims, version int64) error {
	return h.do(func() error { return h.table.PutClaims(ctx, ws, key, c, version) })
}

func (h *hooked) Marks(ctx context.Context, ws string, until event.Millis) (m []kpi.Mark, err error) {
	err = h.do(func() error { m, err = h.table.Marks(ctx, ws, until); return err })
	return m, err
}

func (h *hooked) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	return h.do(func() error { return h.table.PutMarks(ctx, ws, marks) })
}

func (h *hooked) Window(ctx context.Context, ws string, g period.Grain, key string) (w kpi.Window, err error) {
	err = h.do(func() error { w, err = h.table.Window(ctx, ws, g, key); return err })
	return w, err
}

func (h *hooked) Windows(ctx context.Context, ws string, g period.Grain, from, to string) (all []kpi.Window, err error) {
	err = h.do(func() error { all, err = h.table.Windows(ctx, ws, g, from, to); return err })
	return all, err
}

func (h *hooked) ReplaceWindow(ctx context.Context, ws string, w kpi.Window, stored int64) error {
	return h.do(func() error { return h.table.ReplaceWindow(ctx, ws, w, stored) })
}

type hookedArchive struct{ *hooked }

func (h hookedArchive) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := h.before(); err != nil {
			yield("", err)
			return
		}
		for key, err := range h.archive.Keys(ctx, prefix) {
			if !yield(key, err) {
				return
			}
		}
	}
}

func (h hookedArchive) Read(ctx context.Context, key string) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		if err := h.before(); err != nil {
			yield(event.Record{}, err)
			return
		}
		for r, err := range h.archive.Read(ctx, key) {
			if !yield(r, err) {
				return
			}
		}
	}
}

func (h hookedArchive) Delete(ctx context.Context, key string) error {
	return h.do(func() error { return h.archive.Delete(ctx, key) })
}
