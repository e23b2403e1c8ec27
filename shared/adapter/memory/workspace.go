package memory

import (
	"context"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// Key is dynamo.Table.Key.
func (t *Table) Key(_ context.Context, text string) (workspace.Key, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, found := t.keys[workspace.Fingerprint(text)]
	if !found {
		return workspace.Key{}, fault.New(fault.NotFound, "unknown_key", "there is no such key")
	}
	k = cloneKey(k)
	k.Text = text
	return k, nil
}

// Workspace is dynamo.Table.Workspace.
func (t *Table) Workspace(_ context.Context, name string) (workspace.Workspace, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w, found := t.workspaces[name]
	if !found {
		return w, fault.Newf(fault.NotFound, "unknown_workspace", "there is no workspace %q", name)
	}
	return cloneWorkspace(w), nil
}

// Workspaces is dynamo.Table.Workspaces.
func (t *Table) Workspaces(context.Context) ([]workspace.Workspace, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []workspace.Workspace
	for _, name := range sortedKeys(t.workspaces) {
		all = append(all, cloneWorkspace(t.workspaces[name]))
	}
	return all, nil
}

// PutWorkspace is dynamo.Table.PutWorkspace.
func (t *Table) PutWorkspace(_ context.Context, w workspace.Workspace) error {
	if err := checkSize(w); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, k := range w.Keys {
		if owner, taken := t.ownerOf(k.Fingerprint()); taken && owner != w.Name {
			return fault.New(fault.Conflict, "key_taken", "one of the keys opens another workspace: make a new one")
		}
	}
	for _, k := range t.workspaces[w.Name].Keys {
		delete(t.keys, k.Fingerprint())
	}
	stored := cloneWorkspace(w)
	if before, found := t.workspaces[w.Name]; found {
		stored = cloneWorkspace(w.Over(before))
	}
	for n, k := range stored.Keys {
		stored.Keys[n] = k.WithoutSecret()
		t.keys[k.Fingerprint()] = cloneKey(stored.Keys[n])
	}
	t.workspaces[w.Name] = stored
	return nil
}

// PutGenerations is dynamo.Table.PutGenerations.
func (t *Table) PutGenerations(_ context.Context, before, after workspace.Workspace) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, found := t.workspaces[before.Name]
	if !found {
		return fault.Newf(fault.NotFound, "unknown_workspace", "there is no workspace %q", before.Name)
	}
	if !stored.SameGenerations(before) {
		return fault.Newf(fault.Conflict, "generations_changed", "the generations of workspace %s were changed by another rebuild", before.Name)
	}
	t.workspaces[before.Name] = cloneWorkspace(stored.WithGenerations(after))
	return nil
}

// PutQuarantines is dynamo.Table.PutQuarantines.
func (t *Table) PutQuarantines(_ context.Context, before, after workspace.Workspace) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, found := t.workspaces[before.Name]
	if !found {
		return fault.Newf(fault.NotFound, "unknown_workspace", "there is no workspace %q", before.Name)
	}
	if !stored.SameQuarantines(before) {
		return fault.Newf(fault.Conflict, "quarantines_changed", "the quarantines of workspace %s were changed by another", before.Name)
	}
	if err := checkSize(stored.WithQuarantines(after)); err != nil {
		return err
	}
	t.workspaces[before.Name] = cloneWorkspace(stored.WithQuarantines(after))
	return nil
}

func (t *Table) ownerOf(key string) (workspace string, found bool) {
	for name, w := range t.workspaces {
		for _, k := range w.Keys {
			if k.Fingerprint() == key {
				return name, true
			}
		}
	}
	return "", false
}
