package rollup_test

import (
	"context"
	"iter"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// stores gives the handler the stores in memory. It notes every call and may make it fail, or wait, before it is applied or after. Each
// handler has its own; the table and the archive behind may be shared.
type stores struct {
	table   *memory.Table
	archive *memory.Archive
	before  func(site string) error
	after   func(site string) error
	calls   []string
}

func (s *stores) do(site string, apply func() error) error {
	s.calls = append(s.calls, site)
	if s.before != nil {
		if err := s.before(site); err != nil {
			return err
		}
	}
	if err := apply(); err != nil || s.after == nil {
		return err
	}
	return s.after(site)
}

func (s *stores) Key(ctx context.Context, text string) (k workspace.Key, err error) {
	err = s.do("key", func() error { k, err = s.table.Key(ctx, text); return err })
	return k, err
}

func (s *stores) Workspace(ctx context.Context, name string) (w workspace.Workspace, err error) {
	err = s.do("workspace", func() error { w, err = s.table.Workspace(ctx, name); return err })
	return w, err
}

func (s *stores) Workspaces(ctx context.Context) (all []workspace.Workspace, err error) {
	err = s.do("workspaces", func() error { all, err = s.table.Workspaces(ctx); return err })
	return all, err
}

func (s *stores) Marks(ctx context.Context, ws string, until event.Millis) (marks []kpi.Mark, err error) {
	err = s.do("marks", func() error { marks, err = s.table.Marks(ctx, ws, until); return err })
	return marks, err
}

func (s *stores) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	return s.do("put marks", func() error { return s.table.PutMarks(ctx, ws, marks) })
}

func (s *stores) DeleteMarks(ctx context.Context, ws string, handles []string) error {
	return s.do("delete marks", func() error { return s.table.DeleteMarks(ctx, ws, handles) })
}

func (s *stores) Window(ctx context.Context, ws string, g period.Grain, key string) (w kpi.Window, err error) {
	err = s.do("window", func() error { w, err = s.table.Window(ctx, ws, g, key); return err })
	return w, err
}

func (s *stores) Windows(ctx context.Context, ws string, g period.Grain, from, to string) (w []kpi.Window, err error) {
	err = s.do("windows", func() error { w, err = s.table.Windows(ctx, ws, g, from, to); return err })
	return w, err
}

func (s *stores) PutWindows(ctx context.Context, ws string, windows []kpi.Window, marks []kpi.Mark) error {
	return s.do("put windows", func() error { return s.table.PutWindows(ctx, ws, windows, marks) })
}

func (s *stores) PutRestated(ctx context.Context, ws string, notes []report.Restatement) error {
	return s.do("put restated", func() error { return s.table.PutRestated(ctx, ws, notes) })
}

func (s *stores) PutFacts(ctx context.Context, key string, d kpi.Day) error {
	return s.do("put facts", func() error { return s.archive.PutFacts(ctx, key, d) })
}

func (s *stores) Facts(ctx context.Context, key string) (d kpi.Day, err error) {
	err = s.do("facts", func() error { d, err = s.archive.Facts(ctx, key); return err })
	return d, err
}

func (s *stores) Delete(ctx context.Context, key string) error {
	return s.do("delete facts", func() error { return s.archive.Delete(ctx, key) })
}

// Persons fails as a real stream does: the reader learns of it at the end.
func (s *stores) Persons(ctx context.Context, key string) (iter.Seq[kpi.Facts], func() error) {
	d := kpi.Day{}
	err := s.do("persons", func() (err error) { d, err = s.archive.Facts(ctx, key); return err })
	persons := func(yield func(kpi.Facts) bool) {
		for _, f := range d.Persons {
			if err != nil || !yield(f) {
				return
			}
		}
	}
	return persons, func() error { return err }
}

func (s *stores) PutRollupTimes(ctx context.Context, ws string, times map[period.Grain]event.Millis) error {
	return s.do("put times", func() error { return s.table.PutRollupTimes(ctx, ws, times) })
}

func (s *stores) Partitions(ctx context.Context, ws string, ids []event.Identifier) (p []profile.Partition, err error) {
	err = s.do("partitions", func() error { p, err = s.table.Partitions(ctx, ws, ids); return err })
	return p, err
}

func (s *stores) Claims(ctx context.Context, ws string, keys []string) (c map[string]profile.Claims, versions map[string]int64, err error) {
	err = s.do("claims", func() error { c, versions, err = s.table.Claims(ctx, ws, keys); return err })
	return c, versions, err
}
