package rebuild

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"waymark/shared/adapter/archive"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
	"waymark/shared/person"
)

// slack is how long before an instant objects are taken for late, too: clocks of functions differ, and an object is named when its writing
// begins. Applying one twice changes nothing.
const slack = time.Hour

// maxAttempts bounds how often a conflict with another writer is tried again.
const maxAttempts = 50

// remember notes the objects of a snapshot that may come up among the late ones, so that they are not applied again.
func (w *work) remember(keys []string) {
	from := archive.ArrivedPrefix(w.Config.Workspace, event.At(w.Now()).Add(-slack))
	for _, key := range keys {
		if key >= from {
			w.seen[key] = true
		}
	}
}

// applyLate applies the objects that arrived since an instant and were not applied by this run, by the counting protocol: functions may write
// to the same generation meanwhile. It gives the number of objects.
func (w *work) applyLate(ctx context.Context, into, from workspace.Workspace, since event.Millis) (int, error) {
	var keys []string
	until := event.At(w.Now()).Add(slack)
	for day := since.Add(-slack); day.Day() <= until.Day(); day = day.Add(24 * time.Hour) {
		for key, err := range w.Archive.Keys(ctx, archive.ArrivedPrefix(w.Config.Workspace, day)) {
			if err != nil {
				return 0, fmt.Errorf("list late objects: %w", err)
			}
			if !w.seen[key] {
				keys = append(keys, key)
			}
		}
	}
	for batch := range slices.Chunk(keys, atOnce) {
		p := newPile(share{})
		err := each(ctx, w.Readers, batch, func(ctx context.Context, key string) error {
			return w.read(ctx, key, func(r event.Record) {
				t := w.renew(r)
				p.mu.Lock()
				defer p.mu.Unlock()
				p.add(r, t)
			})
		})
		if err != nil {
			return 0, err
		}
		if err := w.join(ctx, into, from.Space(), p); err != nil {
			return 0, err
		}
		w.report.Late += len(batch)
		w.tell(Progress{Phase: "catch up", Done: w.report.Late, Unit: "objects that came in meanwhile"})
	}
	for _, key := range keys {
		w.seen[key] = true
	}
	return len(keys), nil
}

// join brings a pile into a generation that others write to. The marks come last and name every day of every person concerned, so that a crash
// before them is mended by doing it again.
func (w *work) join(ctx context.Context, into workspace.Workspace, from string, p *pile) error {
	stageOf, modelID, err := w.stageOf(into.Model)
	if err != nil {
		return err
	}
	err = each(ctx, w.Readers, slices.Sorted(maps.Keys(p.copies)), func(ctx context.Context, id event.Identifier) error {
		if err := w.putCopies(ctx, into.Space(), id, p.copies[id]); err != nil {
			return err
		}
		return w.refold(ctx, into.Space(), id, stageOf, modelID)
	})
	if err != nil {
		return err
	}
	for _, at := range slices.SortedFunc(maps.Keys(p.links), compareEnds) {
		if err := w.Table.PutLink(ctx, into.Space(), identity.Link{Child: at.child, Parent: at.parent, Evidence: p.links[at]}); err != nil {
			return fmt.Errorf("put link: %w", err)
		}
	}
	if err := w.joinTraits(ctx, into.Space(), from, slices.Sorted(maps.Keys(p.said))); err != nil {
		return err
	}
	claims, err := w.joinClaims(ctx, into.Space(), p.claims)
	if err != nil {
		return err
	}
	return w.markPersons(ctx, into, p, claims)
}

// putCopies stores those copies that must be stored: the slow path of the counting protocol, which is right whatever is stored already.
func (w *work) putCopies(ctx context.Context, space string, id event.Identifier, copies []event.Touchpoint) error {
	_, stored, err := w.Table.Timeline(ctx, space, id)
	if err != nil {
		return fmt.Errorf("read timeline: %w", err)
	}
	pages := map[string][]event.Touchpoint{}
	for _, t := range event.Compare(copies, stored).Keep {
		pages[t.Original.Day()] = append(pages[t.Original.Day()], t)
	}
	for _, day := range slices.Sorted(maps.Keys(pages)) {
		if err := w.Table.PutPage(ctx, space, id, pages[day]); err != nil {
			return fmt.Errorf("put page of %s: %w", day, err)
		}
	}
	return nil
}

// refold makes the aggregate anew from the whole timeline and commits it on the version that it was read with.
func (w *work) refold(ctx context.Context, space string, id event.Identifier, stageOf func(event.Touchpoint) string, modelID string) error {
	return w.again(ctx, "identifier", func() error {
		stored, all, err := w.Table.Timeline(ctx, space, id)
		if err != nil {
			return fmt.Errorf("read timeline: %w", err)
		}
		next := profile.Fold(event.Distinct(all), stageOf)
		next.Version, next.Model = stored.Version, modelID
		if slices.Equal(next.Bytes(), stored.Bytes()) {
			return nil
		}
		next.Version++
		return w.Table.Commit(ctx, space, id, next)
	})
}

// joinTraits is carry into a generation that others write to.
func (w *work) joinTraits(ctx context.Context, space, from string, ids []event.Identifier) error {
	said, err := w.Table.TraitsOf(ctx, from, ids)
	if err != nil {
		return fmt.Errorf("read traits: %w", err)
	}
	for _, id := range ids {
		err := w.again(ctx, "identifier", func() error {
			stored, version, err := w.Table.Traits(ctx, space, id)
			if err != nil {
				return fmt.Errorf("read traits: %w", err)
			}
			joined := stored.Join(said[id])
			if joined.Equal(stored) {
				return nil
			}
			return w.Table.PutTraits(ctx, space, id, joined, version)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// joinClaims joins claims and gives all that are stored now.
func (w *work) joinClaims(ctx context.Context, space string, said map[string]profile.Claims) ([]profile.Claim, error) {
	var all []profile.Claim
	for _, key := range slices.Sorted(maps.Keys(said)) {
		err := w.again(ctx, "order", func() error {
			stored, versions, err := w.Table.Claims(ctx, space, []string{key})
			if err != nil {
				return fmt.Errorf("read claims: %w", err)
			}
			joined := stored[key].Join(said[key]...)
			if !slices.Equal(joined, stored[key]) {
				err = w.Table.PutClaims(ctx, space, key, joined, versions[key])
			}
			if err == nil {
				all = append(all, joined...)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// markPersons marks every day of the persons whom a pile names, and of all who claim its orders. That is more than must be computed, and less
// than asking for what exactly changed. Those whom its links name may have been parted.
func (w *work) markPersons(ctx context.Context, into workspace.Workspace, p *pile, claims []profile.Claim) error {
	named, parted := map[event.Identifier]bool{}, map[event.Identifier]bool{}
	for id := range p.copies {
		named[id] = true
	}
	for at := range p.links {
		parted[at.child], parted[at.parent] = true, true
	}
	maps.Copy(named, parted)
	for _, c := range claims {
		named[c.Identifier] = true
	}
	days, err := newDays(into)
	if err != nil {
		return err
	}
	loaded, err := person.Load(ctx, w.Table, into.Space(), slices.Sorted(maps.Keys(named)))
	if err != nil {
		return err
	}
	for _, root := range loaded.Roots() {
		for _, partition := range loaded.Of(root).Partitions {
			days.add(partition.ID, partition.Touchpoints)
		}
	}
	marks := days.marks()
	if len(parted) > 0 {
		marks = append(marks, kpi.Mark{Grain: period.Day, Identifiers: slices.Sorted(maps.Keys(parted))})
	}
	return w.Table.PutMarks(ctx, into.Space(), marks)
}

// again does something until no other writer comes first.
func (w *work) again(ctx context.Context, what string, do func() error) error {
	for attempt := range maxAttempts {
		err := do()
		if fault.KindOf(err) != fault.Conflict {
			return err
		}
		if err := w.Sleep(ctx, time.Duration(attempt+1)*10*time.Millisecond); err != nil {
			return err
		}
	}
	return fault.Newf(fault.Unavailable, "busy", "too many writers at once on one %s: run the same command again", what)
}
