package memory

import (
	"context"
	"fmt"
	"maps"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// maxMarkBytes bounds the identifiers of one stored mark.
const maxMarkBytes = 300 << 10

// checkWindow is checkSize, and writes no JSON of windows that are small by any count: tests compute millions.
func checkWindow(w kpi.Window) error {
	const mostOfRow = 300 // besides its texts
	size := 0
	for _, row := range w.Rows {
		size += mostOfRow + 6*len(row.Value) // six bytes is the longest escape of one
	}
	if size <= maxItemBytes/2 {
		return nil
	}
	return checkSize([]any{w, w.Rows})
}

// PutMarks is dynamo.Table.PutMarks. Handles count up, so that runs can be repeated.
func (t *Table) PutMarks(_ context.Context, workspace string, marks []kpi.Mark) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(workspace)
	for n, whole := range marks {
		if n > 0 {
			if err := t.between("put marks"); err != nil {
				return err
			}
		}
		t.putMark(s, whole)
	}
	return nil
}

func (t *Table) putMark(s *space, whole kpi.Mark) {
	for _, m := range splitMark(whole) {
		t.handles++
		m.Handle = fmt.Sprintf("%015d#%s#%s#%012d", m.NotBefore, m.Grain, m.Key, t.handles)
		s.marks[m.Handle] = cloneMark(m)
	}
}

func splitMark(m kpi.Mark) []kpi.Mark {
	var out []kpi.Mark
	from, size := 0, 0
	for n, id := range m.Identifiers {
		if size+len(id) > maxMarkBytes {
			part := m
			part.Identifiers = m.Identifiers[from:n]
			out, from, size = append(out, part), n, 0
		}
		size += len(id) + len(`"",`)
	}
	m.Identifiers = m.Identifiers[from:]
	return append(out, m)
}

// Marks is dynamo.Table.Marks.
func (t *Table) Marks(_ context.Context, workspace string, until event.Millis) ([]kpi.Mark, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(workspace)
	var marks []kpi.Mark
	for _, handle := range sortedKeys(s.marks) {
		if m := s.marks[handle]; m.NotBefore <= until {
			marks = append(marks, cloneMark(m))
		}
	}
	return marks, nil
}

// DeleteMarks is dynamo.Table.DeleteMarks.
func (t *Table) DeleteMarks(_ context.Context, workspace string, handles []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, handle := range handles {
		if n > 0 {
			if err := t.between("delete marks"); err != nil {
				return err
			}
		}
		delete(t.space(workspace).marks, handle)
	}
	return nil
}

// Window is dynamo.Table.Window.
func (t *Table) Window(_ context.Context, workspace string, g period.Grain, key string) (kpi.Window, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return cloneWindow(t.space(workspace).windows[g][key]), nil
}

// Windows is dynamo.Table.Windows.
func (t *Table) Windows(_ context.Context, workspace string, g period.Grain, fromKey, toKey string) ([]kpi.Window, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored := t.space(workspace).windows[g]
	var windows []kpi.Window
	for _, key := range sortedKeys(stored) {
		if fromKey <= key && key <= toKey && stored[key].Revision > 0 {
			windows = append(windows, cloneWindow(stored[key]))
		}
	}
	return windows, nil
}

// PutWindow is dynamo.Table.PutWindow.
func (t *Table) PutWindow(ctx context.Context, workspace string, w kpi.Window) error {
	return t.ReplaceWindow(ctx, workspace, w, w.Version()-1)
}

// ReplaceWindow is dynamo.Table.ReplaceWindow.
func (t *Table) ReplaceWindow(_ context.Context, workspace string, w kpi.Window, stored int64) error {
	if err := checkWindow(w); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(workspace)
	if err := checkVersion(s.windows[w.Grain][w.Key].Version(), stored); err != nil {
		return err
	}
	s.put(w)
	return nil
}

// PutWindows is dynamo.Table.PutWindows.
func (t *Table) PutWindows(_ context.Context, workspace string, windows []kpi.Window, marks []kpi.Mark) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(workspace)
	for _, w := range windows {
		if err := checkWindow(w); err != nil {
			return err
		}
		if err := checkVersion(s.windows[w.Grain][w.Key].Version(), w.Version()-1); err != nil {
			return err
		}
	}
	for _, w := range windows {
		s.put(w)
	}
	for _, m := range marks {
		t.putMark(s, m)
	}
	return nil
}

func (s *space) put(w kpi.Window) {
	if s.windows[w.Grain] == nil {
		s.windows[w.Grain] = map[string]kpi.Window{}
	}
	s.windows[w.Grain][w.Key] = cloneWindow(w)
}

// RollupTimes is dynamo.Table.RollupTimes.
func (t *Table) RollupTimes(_ context.Context, workspace string) (map[period.Grain]event.Millis, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.space(workspace).rollups), nil
}

// PutRollupTimes is dynamo.Table.PutRollupTimes.
func (t *Table) PutRollupTimes(_ context.Context, workspace string, times map[period.Grain]event.Millis) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.space(workspace).rollups = maps.Clone(times)
	return nil
}

// PutArchiveIndex is dynamo.Table.PutArchiveIndex.
func (t *Table) PutArchiveIndex(_ context.Context, workspace string, days []string, key string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(workspace)
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
	return sortedKeys(t.space(workspace).archive[day]), nil
}
