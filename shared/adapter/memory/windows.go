package memory

import (
	"context"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// Window is dynamo.Table.Window.
func (t *Table) Window(_ context.Context, ns workspace.Namespace, g period.Grain, key string) (kpi.Window, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return cloneWindow(t.space(ns).windows[g][key]), nil
}

// Windows is dynamo.Table.Windows.
func (t *Table) Windows(_ context.Context, ns workspace.Namespace, g period.Grain, fromKey, toKey string) ([]kpi.Window, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored := t.space(ns).windows[g]
	var windows []kpi.Window
	for _, key := range sortedKeys(stored) {
		if fromKey <= key && key <= toKey {
			windows = append(windows, cloneWindow(stored[key]))
		}
	}
	return windows, nil
}

// PutWindow is dynamo.Table.PutWindow.
func (t *Table) PutWindow(_ context.Context, ns workspace.Namespace, w kpi.Window) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(ns)
	if stored := s.windows[w.Grain][w.Key]; stored.Run >= w.Run {
		return fault.Newf(fault.Conflict, "conflict", "run %d has stored the window, this is run %d", stored.Run, w.Run)
	}
	s.put(w)
	return nil
}

// StampWindow is dynamo.Table.StampWindow.
func (t *Table) StampWindow(_ context.Context, ns workspace.Namespace, w kpi.Window, storedRun int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(ns)
	if err := checkVersion(s.windows[w.Grain][w.Key].Run, storedRun); err != nil {
		return err
	}
	s.put(w)
	return nil
}

func (s *space) put(w kpi.Window) {
	if s.windows[w.Grain] == nil {
		s.windows[w.Grain] = map[string]kpi.Window{}
	}
	s.windows[w.Grain][w.Key] = cloneWindow(w)
}

// PutArchiveIndex is dynamo.Table.PutArchiveIndex.
func (t *Table) PutArchiveIndex(_ context.Context, workspace string, days []string, key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.tenant(workspace)
	for n, day := range days {
		if n > 0 {
			if err := t.between("archive index"); err != nil {
				return err
			}
		}
		if s.archive[day] == nil {
			s.archive[day] = map[string]bool{}
		}
		s.archive[day][key] = true
	}
	return nil
}

// ArchiveIndex is dynamo.Table.ArchiveIndex.
func (t *Table) ArchiveIndex(_ context.Context, workspace, day string) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return sortedKeys(t.tenant(workspace).archive[day]), nil
}
