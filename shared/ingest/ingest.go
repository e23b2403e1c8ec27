// Package ingest puts accepted events into the table: pages, then traits, links and order claims, and last of all the record of the batch, which
// says whose person may have changed. Everything before the record is a set or a join, so that writing it again changes nothing, in whatever order.
// The record comes last because a settle that reads it must find its pages. Process and rebuild use it alike.
//
// It does not judge events and counts nothing.
//
//	err := applier.Apply(ctx, "shop", ingest.Input{Events: records, Traits: said})
package ingest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// Applier puts events into a store. Every field but Known must be set.
type Applier struct {
	Recorder
	Known  *Known // what one process remembers from one call to the next; nil for nothing
	Store  Store
	Bot    func(agent string) string // why an agent is a program's: such events prove no link and claim no order
	Sleep  func(ctx context.Context, d time.Duration) error
	Jitter func(ceiling time.Duration) time.Duration // a random wait below the ceiling
}

// Recorder says whose person may have changed. Every field must be set.
type Recorder struct {
	Batches Batches
	Now     func() time.Time
	NewID   func() string // unique
}

// Input is some accepted events of one workspace.
type Input struct {
	Events     []event.Record
	Traits     map[event.Identifier]profile.Traits // what they say of whom
	OrderScope func(source string) string          // name space of a source's order ids, see Workspace.OrderScope; nil = that of the workspace
	IsArchived bool                                // they come from the archive and need not go there
}

// Apply writes events to a workspace's table. After an error some of it may be written: apply the same events again.
func (a *Applier) Apply(ctx context.Context, ns workspace.Namespace, in Input) error {
	if len(in.Events) == 0 {
		return nil
	}
	b := batch{Applier: a, ns: ns, concerned: map[event.Identifier]bool{}}
	pages := map[event.Identifier][]event.Touchpoint{}
	for i := range in.Events {
		r := &in.Events[i]
		r.Touchpoint.Bot = a.Bot(r.Touchpoint.Agent)
		if o := r.Touchpoint.Order; o != nil && in.OrderScope != nil {
			scoped := *o
			scoped.Scope = in.OrderScope(r.Touchpoint.Source)
			r.Touchpoint.Order = &scoped
		}
		b.concerned[r.PrimaryID()] = true
		if r.Type.Touches() {
			pages[r.PrimaryID()] = append(pages[r.PrimaryID()], r.Touchpoint)
		}
	}
	if err := a.Store.PutPages(ctx, ns, pages); err != nil {
		return fmt.Errorf("put pages: %w", err)
	}
	if err := b.joinTraits(ctx, in.Traits); err != nil {
		return err
	}
	if err := b.joinLinks(ctx, in.Events); err != nil {
		return err
	}
	if err := b.claimOrders(ctx, in.Events); err != nil {
		return err
	}
	record := ledger.Batch{Identifiers: slices.Sorted(maps.Keys(b.concerned))}
	if !in.IsArchived {
		record.Events = in.Events
	}
	return a.Record(ctx, ns, record)
}

// Record says whose person may have changed. The record is named by the clock, and a settle passes over names that are older than it needs to look
// for: so one that was not written soon after it was named is written again under a new name.
func (r *Recorder) Record(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error {
	for {
		named := event.At(r.Now())
		b.Handle = ledger.HandleAt(named) + "#" + r.NewID()
		if err := r.Batches.PutBatch(ctx, ns, b); err != nil {
			return fmt.Errorf("put record of the batch: %w", err)
		}
		if event.At(r.Now()).Sub(named) <= ledger.MaxDelay {
			return nil
		}
	}
}

// batch is the work on one workspace.
type batch struct {
	*Applier
	ns        workspace.Namespace
	concerned map[event.Identifier]bool
}

// maxAttempts bounds how often a conflict with another writer is tried again; after that the events come again.
const maxAttempts = 12

// again does something with what is left until nothing is. do gives back what another writer came first with.
func again[T any](ctx context.Context, a *Applier, left []T, busy string, do func([]T) ([]T, error)) error {
	for attempt := 0; len(left) > 0; attempt++ {
		if attempt == maxAttempts {
			return fault.Newf(fault.Unavailable, busy, "too many writers at once: the events must come again")
		}
		if attempt > 0 {
			if err := a.Sleep(ctx, a.Jitter(min(10*time.Millisecond<<attempt, time.Second))); err != nil {
				return err
			}
		}
		var err error
		if left, err = do(left); err != nil {
			return err
		}
	}
	return nil
}

// joinTraits adds what identify and group calls say.
func (b *batch) joinTraits(ctx context.Context, said map[event.Identifier]profile.Traits) error {
	ids := slices.Sorted(maps.Keys(said))
	return again(ctx, b.Applier, ids, "busy_identifier", func(ids []event.Identifier) (left []event.Identifier, err error) {
		stored, versions, err := b.Store.Traits(ctx, b.ns, ids)
		if err != nil {
			return nil, fmt.Errorf("load traits: %w", err)
		}
		for _, id := range ids {
			joined := stored[id].Join(said[id])
			if joined.Equal(stored[id]) {
				continue
			}
			err := b.Store.PutTraits(ctx, b.ns, id, joined, versions[id])
			if fault.KindOf(err) == fault.Conflict {
				left = append(left, id)
			} else if err != nil {
				return nil, fmt.Errorf("put traits: %w", err)
			}
		}
		return left, nil
	})
}

// joinLinks writes the links that events prove, unless earlier evidence is stored. Both ends are concerned, on the repeat path too, because a crash
// may have come between the link and the record.
func (b *batch) joinLinks(ctx context.Context, records []event.Record) error {
	now := b.Now()
	isKnown := func(l identity.Link) bool { return b.Known.isSettled(now, b.ns, l) }
	links := slices.DeleteFunc(proven(records), isKnown)
	if len(links) == 0 {
		return nil
	}
	stored, found, err := b.Store.Evidence(ctx, b.ns, links)
	if err != nil {
		return fmt.Errorf("load links: %w", err)
	}
	for i, l := range links {
		if found[i] && stored[i].Before(l.Evidence) {
			links[i].Evidence = stored[i]
			continue
		}
		if !found[i] || stored[i] != l.Evidence {
			if err := b.Store.PutLink(ctx, b.ns, l); err != nil {
				return fmt.Errorf("put link: %w", err)
			}
		}
		b.concerned[l.Child], b.concerned[l.Parent] = true, true
	}
	b.Known.note(now, b.ns, links)
	return nil
}

// proven gives each link that events prove once, with its earliest evidence.
func proven(records []event.Record) []identity.Link {
	type ends struct{ child, parent event.Identifier }
	index := map[ends]int{}
	var links []identity.Link
	for i := range records {
		for _, l := range identity.Links(records[i]) {
			at, found := index[ends{l.Child, l.Parent}]
			switch {
			case !found:
				index[ends{l.Child, l.Parent}] = len(links)
				links = append(links, l)
			case l.Evidence.Before(links[at].Evidence):
				links[at].Evidence = l.Evidence
			}
		}
	}
	return links
}

// claimOrders joins the claims to each order. Where several events claim one order, all who do are concerned: one of them counts and the others do
// not, and which one may just have changed.
func (b *batch) claimOrders(ctx context.Context, records []event.Record) error {
	said := map[string]profile.Claims{}
	for i := range records {
		r := &records[i]
		if key, claim, ok := profile.ClaimOf(r.Touchpoint, r.PrimaryID()); ok && r.Type.Touches() {
			said[key] = said[key].Join(claim)
		}
	}
	keys := slices.SortedFunc(maps.Keys(said), cmp.Compare)
	return again(ctx, b.Applier, keys, "busy_order", func(keys []string) (left []string, err error) {
		stored, versions, err := b.Store.Claims(ctx, b.ns, keys)
		if err != nil {
			return nil, fmt.Errorf("load order claims: %w", err)
		}
		for _, key := range keys {
			joined := stored[key].Join(said[key]...)
			if !slices.Equal(joined, stored[key]) {
				err := b.Store.PutClaims(ctx, b.ns, key, joined, versions[key])
				if fault.KindOf(err) == fault.Conflict {
					left = append(left, key)
					continue
				}
				if err != nil {
					return nil, fmt.Errorf("put order claims: %w", err)
				}
			}
			for _, c := range joined {
				b.concerned[c.Identifier] = true
			}
		}
		return left, nil
	})
}
