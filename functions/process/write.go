package process

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/profile"
)

// maxAttempts bounds how often a conflict with another writer is tried again in one invocation; after that the messages go back.
const maxAttempts = 12

// archive writes the accepted events of one workspace as one object, before anything is committed: a crash leaves a double, never a hole.
func (h *Handler) archive(ctx context.Context, t tenant, items []item) error {
	records := make([]event.Record, len(items))
	days := map[string]bool{}
	for i, it := range items {
		records[i] = event.Record{
			Workspace: t.Name, Type: it.event.Type, Identifiers: it.event.Identifiers, Previous: it.event.Previous,
			Marketing: it.event.Marketing, Request: it.event.Request, Index: it.event.Index, Agent: it.event.Agent, Touchpoint: it.touchpoint,
		}
		for _, at := range []event.Millis{it.event.Original, it.event.Corrected, it.event.Received} {
			days[at.Day()] = true
		}
	}
	key := h.ObjectKey(t.Name, event.At(h.Now()), h.NewID())
	if err := h.Archive.Put(ctx, key, records); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return h.Index.PutArchiveIndex(ctx, t.Name, sortedKeys(days), key)
}

// group is the touchpoints of one identifier in this batch.
type group struct {
	id    event.Identifier
	items []item
}

// write applies the touchpoints, identifier by identifier, and gives back the items that were written; the messages of the others go back.
func (h *Handler) write(ctx context.Context, b *batch, t tenant, m *marks, items []item) []item {
	var (
		mu      sync.Mutex
		wg      sync.WaitGroup
		free    = make(chan struct{}, max(h.Workers, 1))
		written = items[:0:0]
	)
	for _, g := range groups(items) {
		one := func() {
			err := h.inTime(ctx)
			if err == nil {
				err = h.writeOne(ctx, t, m, g)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				h.give(ctx, b, g.items, "write timeline", err)
				return
			}
			written = append(written, g.items...)
		}
		if h.Workers <= 1 {
			one()
			continue
		}
		free <- struct{}{}
		wg.Go(func() {
			one()
			<-free
		})
	}
	wg.Wait()
	return written
}

// reserve is kept of the invocation's time for the joins, the marks and the answer; what is not begun by then comes again.
const reserve = 8 * time.Second

func (h *Handler) inTime(ctx context.Context) error {
	if deadline, limited := ctx.Deadline(); limited && deadline.Sub(h.Now()) < reserve {
		return fault.New(fault.Unavailable, "out_of_time", "the rest of the batch comes again")
	}
	return nil
}

// groups puts together what is kept under one identifier, in the order of first appearance.
func groups(items []item) []group {
	index := map[event.Identifier]int{}
	var out []group
	for _, it := range items {
		id := it.event.Kept()
		i, found := index[id]
		if !found {
			i = len(out)
			index[id] = i
			out = append(out, group{id: id})
		}
		out[i].items = append(out[i].items, it)
	}
	return out
}

// writeOne is the counting protocol for one identifier (docs/adr/0005): load the aggregate, then the pages that could hold these events; if
// all of them are new, put a page and commit on the version; otherwise, or if another writer was first, fold the timeline anew.
func (h *Handler) writeOne(ctx context.Context, t tenant, m *marks, g group) error {
	copies := touchpoints(g.items)
	if len(copies) == 0 {
		return nil
	}
	loaded, stored, err := h.Timeline.Load(ctx, t.Space(), g.id, copies)
	if err != nil {
		return fmt.Errorf("load %s timeline: %w", g.id.Kind(), err)
	}
	news := event.Compare(copies, stored)
	for _, tp := range append(copies, news.Repeats...) {
		m.touch(tp, g.id)
	}
	if err := h.putPages(ctx, t.Space(), g.id, news.Keep); err != nil {
		return err
	}
	if len(news.Repeats) > 0 || (loaded.Version > 0 && loaded.Model != t.model.ID()) {
		return h.refold(ctx, t, m, g.id, copies)
	}
	next := loaded.Plus(profile.Fold(news.Fresh, t.stageOf))
	next.Version, next.Model = loaded.Version+1, t.model.ID()
	err = h.Timeline.Commit(ctx, t.Space(), g.id, next)
	if fault.KindOf(err) == fault.Conflict {
		return h.refold(ctx, t, m, g.id, copies)
	}
	return err
}

// refold makes the aggregate anew from the whole timeline. When it equals what is stored, another writer has done the work already. Copies of
// these events that others have stored since we looked for repeats may have been counted meanwhile, so their days are marked too.
func (h *Handler) refold(ctx context.Context, t tenant, m *marks, id event.Identifier, copies []event.Touchpoint) error {
	keys := make(map[event.Key]bool, len(copies))
	for _, tp := range copies {
		keys[tp.Key()] = true
	}
	for attempt := range maxAttempts {
		stored, all, err := h.History.Timeline(ctx, t.Space(), id)
		if err != nil {
			return fmt.Errorf("read whole %s timeline: %w", id.Kind(), err)
		}
		for _, tp := range all {
			if keys[tp.Key()] {
				m.touch(tp, id)
			}
		}
		next := profile.Fold(event.Distinct(all), t.stageOf)
		next.Version, next.Model = stored.Version, t.model.ID()
		if slices.Equal(next.Bytes(), stored.Bytes()) {
			return nil
		}
		next.Version++
		err = h.Timeline.Commit(ctx, t.Space(), id, next)
		if fault.KindOf(err) != fault.Conflict {
			return err
		}
		if err := h.pause(ctx, attempt); err != nil {
			return err
		}
	}
	return fault.New(fault.Unavailable, "busy_identifier", "too many writers at once on one identifier")
}

// pause waits with full jitter, longer with each attempt, at most a second.
func (h *Handler) pause(ctx context.Context, attempt int) error {
	ceiling := min(10*time.Millisecond<<attempt, time.Second)
	return h.Sleep(ctx, h.Jitter(ceiling))
}

// putPages stores touchpoints, one page for each UTC day of original time, as the table wants them.
func (h *Handler) putPages(ctx context.Context, ws string, id event.Identifier, tps []event.Touchpoint) error {
	pages := map[string][]event.Touchpoint{}
	for _, tp := range tps {
		pages[tp.Original.Day()] = append(pages[tp.Original.Day()], tp)
	}
	for _, day := range sortedKeys(pages) {
		if err := h.Timeline.PutPage(ctx, ws, id, pages[day]); err != nil {
			return fmt.Errorf("put page of %s: %w", day, err)
		}
	}
	return nil
}

func touchpoints(items []item) []event.Touchpoint {
	var out []event.Touchpoint
	for _, it := range items {
		if it.event.Type.Touches() {
			out = append(out, it.touchpoint)
		}
	}
	return out
}

func sortedKeys[V any](set map[string]V) []string {
	out := make([]string, 0, len(set))
	for key := range set {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
