package process_test

import (
	"context"
	"sync"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// call is one call of a store: where, of which workspace and, where there is one, of which identifier.
type call struct {
	site string
	ws   string
	id   event.Identifier
}

// stores gives the handler the stores in memory. It notes every call and may make it fail, before it is applied or after.
type stores struct {
	*memory.Table
	archive *memory.Archive
	before  func(call) error
	after   func(call) error

	mu    sync.Mutex
	calls []call
}

func (s *stores) do(c call, apply func() error) error {
	s.mu.Lock()
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	if s.before != nil {
		if err := s.before(c); err != nil {
			return err
		}
	}
	if err := apply(); err != nil || s.after == nil {
		return err
	}
	return s.after(c)
}

// sites lists where calls were made, and forgets them.
func (s *stores) sites() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.calls {
		out = append(out, c.site)
	}
	s.calls = nil
	return out
}

func (s *stores) Workspace(ctx context.Context, name string) (w workspace.Workspace, err error) {
	err = s.do(call{"workspace", name, ""}, func() error { w, err = s.Table.Workspace(ctx, name); return err })
	return w, err
}

func (s *stores) Load(ctx context.Context, ws string, id event.Identifier, copies []event.Touchpoint) (a profile.Aggregate, tps []event.Touchpoint, err error) {
	err = s.do(call{"load", ws, id}, func() error { a, tps, err = s.Table.Load(ctx, ws, id, copies); return err })
	return a, tps, err
}

func (s *stores) Timeline(ctx context.Context, ws string, id event.Identifier) (a profile.Aggregate, tps []event.Touchpoint, err error) {
	err = s.do(call{"timeline", ws, id}, func() error { a, tps, err = s.Table.Timeline(ctx, ws, id); return err })
	return a, tps, err
}

func (s *stores) PutPage(ctx context.Context, ws string, id event.Identifier, page []event.Touchpoint) error {
	return s.do(call{"put page", ws, id}, func() error { return s.Table.PutPage(ctx, ws, id, page) })
}

func (s *stores) Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error {
	return s.do(call{"commit", ws, id}, func() error { return s.Table.Commit(ctx, ws, id, a) })
}

func (s *stores) Traits(ctx context.Context, ws string, id event.Identifier) (t profile.Traits, version int64, err error) {
	err = s.do(call{"traits", ws, id}, func() error { t, version, err = s.Table.Traits(ctx, ws, id); return err })
	return t, version, err
}

func (s *stores) PutTraits(ctx context.Context, ws string, id event.Identifier, t profile.Traits, version int64) error {
	return s.do(call{"put traits", ws, id}, func() error { return s.Table.PutTraits(ctx, ws, id, t, version) })
}

func (s *stores) Evidence(ctx context.Context, ws string, links []identity.Link) (e []identity.Evidence, found []bool, err error) {
	err = s.do(call{"evidence", ws, ""}, func() error { e, found, err = s.Table.Evidence(ctx, ws, links); return err })
	return e, found, err
}

func (s *stores) PutLink(ctx context.Context, ws string, l identity.Link) error {
	return s.do(call{"put link", ws, l.Child}, func() error { return s.Table.PutLink(ctx, ws, l) })
}

func (s *stores) Nodes(ctx context.Context, ws string, ids []event.Identifier) (nodes []identity.Node, err error) {
	err = s.do(call{"nodes", ws, ""}, func() error { nodes, err = s.Table.Nodes(ctx, ws, ids); return err })
	return nodes, err
}

func (s *stores) Claims(ctx context.Context, ws string, keys []string) (c map[string]profile.Claims, versions map[string]int64, err error) {
	err = s.do(call{"claims", ws, ""}, func() error { c, versions, err = s.Table.Claims(ctx, ws, keys); return err })
	return c, versions, err
}

func (s *stores) PutClaims(ctx context.Context, ws, key string, c profile.Claims, version int64) error {
	return s.do(call{"put claims", ws, ""}, func() error { return s.Table.PutClaims(ctx, ws, key, c, version) })
}

func (s *stores) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	return s.do(call{"put marks", ws, ""}, func() error { return s.Table.PutMarks(ctx, ws, marks) })
}

func (s *stores) PutFailed(ctx context.Context, f event.Failed) error {
	return s.do(call{"put failed", f.Workspace, ""}, func() error { return s.Table.PutFailed(ctx, f) })
}

func (s *stores) PutRefusal(ctx context.Context, ws string, r event.Refusal) error {
	return s.do(call{"put refusal", ws, ""}, func() error { return s.Table.PutRefusal(ctx, ws, r) })
}

func (s *stores) FailedAgain(ctx context.Context, ws, id string, v event.Verdict) error {
	return s.do(call{"failed again", ws, ""}, func() error { return s.Table.FailedAgain(ctx, ws, id, v) })
}

func (s *stores) DeleteFailed(ctx context.Context, ws, id string) error {
	return s.do(call{"delete failed", ws, ""}, func() error { return s.Table.DeleteFailed(ctx, ws, id) })
}

func (s *stores) Put(ctx context.Context, key string, records []event.Record) error {
	ws := ""
	if len(records) > 0 {
		ws = records[0].Workspace
	}
	return s.do(call{"archive", ws, ""}, func() error { return s.archive.Put(ctx, key, records) })
}

func (s *stores) PutArchiveIndex(ctx context.Context, ws string, days []string, key string) error {
	return s.do(call{"archive index", ws, ""}, func() error { return s.Table.PutArchiveIndex(ctx, ws, days, key) })
}
