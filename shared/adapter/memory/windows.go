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

// PutMarks is dynamo.Table.PutMarks. Handles count up, so that runs can be repeated.
func (t *Table) PutMarks(_ context.Context, workspace string, marks []kpi.Mark) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(workspace)
	for _, whole := range marks {
		for _, m := range splitMark(whole) {
			t.handles++
			m.Handle = fmt.Sprintf("%015d#%s#%s#%012d", m.NotBefore, m.Grain, m.Key, t.handles)
			s.marks[m.Handle] = cloneMark(m)
		}
	}
	return nil
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
	for _, handle := range handles {
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
		if fromKey <= key && key <= toKey {
			windows = append(windows, cloneWindow(stored[key]))
		}
	}
	return windows, nil
}

// PutWindow is dynamo.Table.PutWindow.
func (t *Table) PutWindow(ctx context.Context, workspace string, w kpi.Window) error {
	return t.ReplaceWindow(ctx, workspace, w, w.Revision-1)
}

// ReplaceWindow is dynamo.Table.ReplaceWindow.
func (t *Table) ReplaceWindow(_ context.Context, workspace string, w kpi.Window, revision int64) error {
	if err := checkSize([]any{w, w.Rows}); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.space(workspace)
	if err := checkVersion(s.windows[w.Grain][w.Key].Revision, revision); err != nil {
		return err
	}
	if s.windows[w.Grain] == nil {
		s.windows[w.Grain] = map[string]kpi.Window{}
	}
	s.windows[w.Grain][w.Key] = cloneWindow(w)
	return nil
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
	for _, day := range days {
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
