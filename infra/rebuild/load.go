package rebuild

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
	"waymark/shared/ingest"
)

// load fills the pending generation from the whole archive. Nobody settles it meanwhile, so whoever is in one record needs no second one.
func (w *work) load(ctx context.Context) error {
	next, _ := w.workspace.Next()
	applier := *w.Ingest
	applier.Batches = &once{Batches: w.Ingest.Batches, recorded: map[event.Identifier]bool{}}
	err := w.applyUnseen(ctx, &applier, next, w.workspace)
	w.report.Objects = len(w.seen)
	return err
}

// once puts an identifier into one record only. It remembers maxRecorded of them; more come several times, which costs the settle a look at each.
type once struct {
	ingest.Batches
	mu       sync.Mutex
	recorded map[event.Identifier]bool
}

const maxRecorded = 1 << 20

func (o *once) PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error {
	if b.Identifiers = o.fresh(b.Identifiers); len(b.Identifiers) == 0 {
		return nil
	}
	return o.Batches.PutBatch(ctx, ns, b)
}

func (o *once) fresh(ids []event.Identifier) []event.Identifier {
	o.mu.Lock()
	defer o.mu.Unlock()
	fresh := slices.DeleteFunc(slices.Clone(ids), func(id event.Identifier) bool { return o.recorded[id] })
	if len(o.recorded)+len(fresh) > maxRecorded {
		clear(o.recorded)
	}
	for _, id := range fresh {
		o.recorded[id] = true
	}
	return fresh
}

// applyUnseen ingests the events of all objects that are not seen yet, and then has seen them.
func (w *work) applyUnseen(ctx context.Context, applier *ingest.Applier, into, from workspace.Workspace) error {
	c := &chunk{work: w, applier: applier, into: into.Namespace(), from: from.Namespace()}
	if err := w.scan(ctx, w.since, w.seen, c.add); err != nil {
		return err
	}
	return c.apply(ctx, c.events)
}

// chunk collects events so that those of one identifier share pages.
type chunk struct {
	*work
	applier    *ingest.Applier
	into, from workspace.Namespace

	collecting, applying sync.Mutex
	events               []event.Record
}

// add collects events. While a chunk is applied, one more is collected and no third, which bounds memory.
func (c *chunk) add(ctx context.Context, records []event.Record) error {
	c.collecting.Lock()
	c.events = append(c.events, records...)
	if len(c.events) < c.AtOnce {
		c.collecting.Unlock()
		return nil
	}
	c.applying.Lock()
	defer c.applying.Unlock()
	full := c.events
	c.events = nil
	c.collecting.Unlock()
	return c.apply(ctx, full)
}

// eventsTogether is how many events become one record. It names fewer identifiers than a settle takes at a time.
const eventsTogether = 1000

func (c *chunk) apply(ctx context.Context, events []event.Record) error {
	slices.SortStableFunc(events, func(a, b event.Record) int { return strings.Compare(string(a.PrimaryID()), string(b.PrimaryID())) })
	groups := slices.Collect(slices.Chunk(events, eventsTogether))
	err := each(ctx, c.Workers, groups, func(ctx context.Context, some []event.Record) error {
		said, err := c.traits(ctx, some)
		if err != nil {
			return err
		}
		return c.applier.Apply(ctx, c.into, ingest.Input{Events: some, Traits: said, OrderScope: c.workspace.OrderScope, IsArchived: true})
	})
	c.report.Events += len(events)
	return err
}

// traits are what identify and group events said, which the archive does not hold: the pages of the other generation do.
func (c *chunk) traits(ctx context.Context, events []event.Record) ([]map[string]json.RawMessage, error) {
	said := map[event.Identifier]bool{}
	for i := range events {
		if t := events[i].Type; t == event.Identify || t == event.Group {
			said[events[i].PrimaryID()] = true
		}
	}
	if len(said) == 0 {
		return nil, nil
	}
	type copyOf struct {
		kept     event.Identifier
		key      event.Key
		kind     event.Type
		received event.Millis
	}
	stored, met := map[copyOf][]map[string]json.RawMessage{}, map[string]bool{}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(said)), partitionsTogether) {
		partitions, err := c.Table.Partitions(ctx, c.from, ids)
		if err != nil {
			return nil, fmt.Errorf("read traits: %w", err)
		}
		for i, p := range partitions {
			for _, t := range p.Touchpoints {
				of := copyOf{ids[i], t.Key(), t.Type, t.Received}
				if name := string(ids[i]) + string(t.Bytes()); t.Traits != nil && !met[name] {
					met[name] = true
					stored[of] = append(stored[of], t.Traits)
				}
			}
		}
	}
	traits := make([]map[string]json.RawMessage, len(events))
	for i := range events {
		t := &events[i].Touchpoint
		of := copyOf{events[i].PrimaryID(), t.Key(), t.Type, t.Received}
		if said := stored[of]; len(said) > 0 { // several where one messageId came with one thing and another
			traits[i], stored[of] = said[0], append(said[1:], said[0])
		}
	}
	return traits, nil
}

// partitionsTogether bounds how many identifiers are in memory whole at a time.
const partitionsTogether = 50

// carryCuts takes over an operator's decisions about links, which no archived event knows of. Of two about one link the later one stays, whichever
// is put first. All are recorded each time: a crash may have come between a decision and its record.
func (w *work) carryCuts(ctx context.Context, into, from workspace.Workspace) error {
	cuts, err := w.Table.Cuts(ctx, from.Namespace())
	if err != nil {
		return fmt.Errorf("read cuts: %w", err)
	}
	for some := range slices.Chunk(cuts, eventsTogether) {
		var record ledger.Batch
		for _, cut := range some {
			if err := w.Table.PutCut(ctx, into.Namespace(), cut); err != nil {
				return fmt.Errorf("put cut: %w", err)
			}
			record.Identifiers = append(record.Identifiers, cut.Child, cut.Parent)
		}
		if err := w.Ingest.Record(ctx, into.Namespace(), record); err != nil {
			return err
		}
	}
	return nil
}
