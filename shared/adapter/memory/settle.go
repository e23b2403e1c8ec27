package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// PutBatch is dynamo.Table.PutBatch. It writes one item, whatever the size.
func (t *Table) PutBatch(_ context.Context, ns workspace.Namespace, b ledger.Batch) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.space(ns).batches[b.Handle] = cloneBatch(b)
	return nil
}

// Batches is dynamo.Table.Batches.
func (t *Table) Batches(_ context.Context, ns workspace.Namespace, from string, limit int) (batches []ledger.Batch, next string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored := t.space(ns).batches
	for _, handle := range keysWhere(stored, func(handle string) bool { return handle >= from }) {
		if len(batches) == limit {
			return batches, handle, nil
		}
		b := cloneBatch(stored[handle])
		b.Handle = handle
		batches = append(batches, b)
	}
	return batches, "", nil
}

// Dues is dynamo.Table.Dues.
func (t *Table) Dues(_ context.Context, ns workspace.Namespace, until event.Millis, limit int) (dues []ledger.Due, more bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, last := t.space(ns).dues, ledger.HandleAt(until)+"~"
	for _, handle := range keysWhere(stored, func(handle string) bool { return handle <= last }) {
		if len(dues) == limit {
			return dues, true, nil
		}
		dues = append(dues, cloneDue(stored[handle]))
	}
	return dues, false, nil
}

// PutDues is dynamo.Table.PutDues.
func (t *Table) PutDues(_ context.Context, ns workspace.Namespace, dues []ledger.Due) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, d := range dues {
		if n > 0 {
			if err := t.between("put dues"); err != nil {
				return err
			}
		}
		t.space(ns).dues[d.Handle] = cloneDue(d)
	}
	return nil
}

// DeleteDues is dynamo.Table.DeleteDues.
func (t *Table) DeleteDues(_ context.Context, ns workspace.Namespace, handles []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, handle := range handles {
		if n > 0 {
			if err := t.between("delete dues"); err != nil {
				return err
			}
		}
		delete(t.space(ns).dues, handle)
	}
	return nil
}

// State is dynamo.Table.State.
func (t *Table) State(_ context.Context, ns workspace.Namespace) (ledger.State, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return cloneState(t.space(ns).state), nil
}

// PutState is dynamo.Table.PutState.
func (t *Table) PutState(_ context.Context, ns workspace.Namespace, s ledger.State, epoch int64) error {
	if err := checkSize(s); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	space := t.space(ns)
	if err := checkVersion(space.state.Epoch, epoch); err != nil {
		return err
	}
	space.state = cloneState(s)
	return nil
}

// Profiles is dynamo.Table.Profiles.
func (t *Table) Profiles(_ context.Context, ns workspace.Namespace, ids []event.Identifier) ([]ledger.Profile, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]ledger.Profile, len(ids))
	for n, id := range ids {
		out[n] = cloneProfile(t.row(ns, id).profile)
		out[n].ID = id
	}
	return out, nil
}

// PutProfiles is dynamo.Table.PutProfiles.
func (t *Table) PutProfiles(_ context.Context, ns workspace.Namespace, profiles []ledger.Profile) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, p := range profiles {
		if n > 0 {
			if err := t.between("put profiles"); err != nil {
				return err
			}
		}
		if r := t.row(ns, p.ID); r.profile.Run < p.Run {
			r.profile = cloneProfile(p)
		}
	}
	return nil
}

// PutListings is dynamo.Table.PutListings.
func (t *Table) PutListings(_ context.Context, ns workspace.Namespace, run int64, listings []ledger.Listing) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n, l := range listings {
		if n > 0 {
			if err := t.between("put listings"); err != nil {
				return err
			}
		}
		t.space(ns).listings[fmt.Sprintf("%012d#%04d", run, n)] = cloneListing(l)
	}
	return nil
}

// Everybody is dynamo.Table.Everybody. A cursor is the key of a listing.
func (t *Table) Everybody(_ context.Context, ns workspace.Namespace, after string, limit int) (persons []event.Identifier, next string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	stored := t.space(ns).listings
	last := ""
	for _, key := range sortedKeys(stored) {
		if key <= after {
			continue
		}
		if len(persons) >= limit {
			return persons, last, nil
		}
		persons, last = append(persons, stored[key].Persons...), key
	}
	return persons, "", nil
}

// Listings is dynamo.Table.Listings.
func (t *Table) Listings(_ context.Context, ns workspace.Namespace, stage, after string, limit int) (listings []ledger.Listing, next string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	type keyed struct {
		key string
		ledger.Listing
	}
	var all []keyed
	for key, l := range t.space(ns).listings {
		if l.Stage == stage {
			all = append(all, keyed{cmp.Or(l.Day, "0") + "#" + key, l})
		}
	}
	slices.SortFunc(all, func(a, b keyed) int { return strings.Compare(b.key, a.key) })
	last := ""
	for _, l := range all {
		if after != "" && l.key >= after {
			continue
		}
		if len(listings) == limit {
			return listings, last, nil
		}
		listings, last = append(listings, cloneListing(l.Listing)), l.key
	}
	return listings, "", nil
}
