// Package ingest puts accepted events into the table: pages, then links and order claims, and last of all the record of the batch, which says whose
// person may have changed. Everything before the record is a set or a join, so that writing it again changes nothing, in whatever order.
// The record comes last because a settle that reads it must find its pages. Process and rebuild use it alike.
//
// It does not judge events and counts nothing.
//
//	err := applier.Apply(ctx, "shop", ingest.Input{Events: records, Traits: said})
package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// Applier puts events into a store. Every field but Known must be set.
type Applier struct {
	Recorder
	Known *Known // what one process remembers from one call to the next; nil for nothing
	Store Store
	Bot   func(agent string) string // why an agent is a program's: such events prove no link and claim no order
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
	Traits     []map[string]json.RawMessage // what each of them says of its identifier; nil where none of them says anything
	OrderScope func(source string) string   // name space of a source's order ids, see Workspace.OrderScope; nil = that of the workspace
	IsArchived bool                         // they come from the archive and need not go there
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
		t := r.Touchpoint
		t.Others = r.Others()
		if in.Traits != nil {
			t.Traits = in.Traits[i]
		}
		pages[r.PrimaryID()] = append(pages[r.PrimaryID()], t)
	}
	if err := a.Store.PutPages(ctx, ns, pages); err != nil {
		return fmt.Errorf("put pages: %w", err)
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

// joinLinks writes the links that events prove, unless better evidence is stored. Both ends are concerned, on the repeat path too, because a crash
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
	var better []identity.Link
	for i, l := range links {
		if found[i] && stored[i].Before(l.Evidence) {
			links[i].Evidence = stored[i]
			continue
		}
		if !found[i] || stored[i] != l.Evidence {
			better = append(better, l)
		}
		b.concerned[l.Child], b.concerned[l.Parent] = true, true
	}
	if len(better) > 0 {
		if err := b.Store.PutLinks(ctx, b.ns, better); err != nil {
			return fmt.Errorf("put links: %w", err)
		}
	}
	b.Known.note(now, b.ns, links)
	return nil
}

// proven gives each link that events prove once, with its best evidence.
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

// claimOrders notes the claims to each order. Where several events claim one order, all who do are concerned: one of them counts and the others do
// not, and which one may just have changed.
func (b *batch) claimOrders(ctx context.Context, records []event.Record) error {
	said := map[string]profile.Claims{}
	for i := range records {
		r := &records[i]
		t := r.Touchpoint
		t.Others = r.Others()
		if key, claim, ok := profile.ClaimOf(t, r.PrimaryID()); ok && r.Type.Touches() {
			said[key] = append(said[key], claim)
		}
	}
	if len(said) == 0 {
		return nil
	}
	if err := b.Store.PutClaims(ctx, b.ns, said); err != nil {
		return fmt.Errorf("put order claims: %w", err)
	}
	stored, err := b.Store.Claims(ctx, b.ns, slices.Sorted(maps.Keys(said)))
	if err != nil {
		return fmt.Errorf("load order claims: %w", err)
	}
	for _, claims := range stored {
		for _, c := range claims {
			b.concerned[c.Identifier] = true
		}
	}
	return nil
}
