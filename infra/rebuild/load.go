package rebuild

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/workspace"
)

// atOnce is how many identifiers, links or orders are written together.
const atOnce = 500

// load fills a generation that nobody else writes to from the whole archive. Every day with a touchpoint is marked for whom it concerns.
func (w *work) load(ctx context.Context, next workspace.Workspace) error {
	keys, err := w.objects(ctx)
	if err != nil {
		return err
	}
	w.report.Objects = len(keys)
	w.remember(keys)
	return w.passes(ctx, "load the archive", keys, w.everything(), func(p *pile) error { return w.write(ctx, next, p) })
}

// write stores a pile.
func (w *work) write(ctx context.Context, next workspace.Workspace, p *pile) error {
	days, err := newDays(next)
	if err != nil {
		return err
	}
	stageOf, modelID, err := w.stageOf(next.Model)
	if err != nil {
		return err
	}
	ids := slices.Sorted(maps.Keys(p.copies))
	done := 0
	err = each(ctx, w.Readers, slices.Collect(slices.Chunk(ids, atOnce)), func(ctx context.Context, chunk []event.Identifier) error {
		partitions := make([]profile.Partition, len(chunk))
		doubles := 0
		for n, id := range chunk {
			copies := p.copies[id]
			distinct := event.Distinct(copies)
			a := profile.Fold(distinct, stageOf)
			a.Version, a.Model = 1, modelID
			partitions[n] = profile.Partition{ID: id, Aggregate: a, Touchpoints: event.Compare(copies, nil).Keep}
			doubles += len(copies) - len(distinct)
			days.add(id, distinct)
		}
		if err := w.Table.PutPartitions(ctx, next.Space(), partitions); err != nil {
			return err
		}
		w.mu.Lock()
		w.report.Doubles += doubles
		w.report.Identifiers += len(chunk)
		done += len(chunk)
		progress := Progress{Phase: "load the archive, writing", Done: done, Total: len(ids), Unit: "identifiers"}
		w.mu.Unlock()
		w.tell(progress)
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.writeJoins(ctx, next, p); err != nil {
		return err
	}
	return w.Table.PutMarks(ctx, next.Space(), days.marks())
}

// writeJoins stores links at both ends, claims, and what is carried over from the generation in use.
func (w *work) writeJoins(ctx context.Context, next workspace.Workspace, p *pile) error {
	var both []profile.Partition
	for _, at := range slices.SortedFunc(maps.Keys(p.links), compareEnds) {
		l := identity.Link{Child: at.child, Parent: at.parent, Evidence: p.links[at]}
		both = append(both,
			profile.Partition{ID: l.Child, Node: identity.Node{ID: l.Child, Parents: []identity.Link{l}}},
			profile.Partition{ID: l.Parent, Node: identity.Node{ID: l.Parent, Children: []identity.Link{l}}})
	}
	err := each(ctx, w.Readers, slices.Collect(slices.Chunk(both, 2*atOnce)), func(ctx context.Context, chunk []profile.Partition) error {
		return w.Table.PutPartitions(ctx, next.Space(), chunk)
	})
	if err != nil {
		return err
	}
	orders := slices.Sorted(maps.Keys(p.claims))
	err = each(ctx, w.Readers, slices.Collect(slices.Chunk(orders, atOnce)), func(ctx context.Context, chunk []string) error {
		claims := make(map[string]profile.Claims, len(chunk))
		for _, key := range chunk {
			claims[key] = p.claims[key]
		}
		return w.Table.PutClaimsOf(ctx, next.Space(), claims)
	})
	if err != nil {
		return err
	}
	said := slices.Sorted(maps.Keys(p.said))
	return each(ctx, w.Readers, slices.Collect(slices.Chunk(said, atOnce)), func(ctx context.Context, chunk []event.Identifier) error {
		return w.carry(ctx, w.workspace.Space(), next.Space(), chunk)
	})
}

func compareEnds(a, b ends) int {
	return slices.Compare([]event.Identifier{a.child, a.parent}, []event.Identifier{b.child, b.parent})
}

// carry takes over what the archive does not know of identifiers, from one generation into a fresh one that nobody else writes to: traits.
func (w *work) carry(ctx context.Context, from, into string, ids []event.Identifier) error {
	traits, err := w.Table.TraitsOf(ctx, from, ids)
	if err != nil {
		return fmt.Errorf("read traits: %w", err)
	}
	partitions := make([]profile.Partition, 0, len(traits))
	for id, t := range traits {
		partitions = append(partitions, profile.Partition{ID: id, Traits: t})
	}
	return w.Table.PutPartitions(ctx, into, partitions)
}

// stageOf gives the function that names the stage a touchpoint itself points to, and the id of its model.
func (w *work) stageOf(name string) (func(event.Touchpoint) string, string, error) {
	model, err := w.Model(name)
	if err != nil {
		return nil, "", fmt.Errorf("read stage model: %w", err)
	}
	return func(t event.Touchpoint) string {
		stage, _ := model.Evidence(t)
		return string(stage)
	}, model.ID(), nil
}

// days collects the days that must be computed, and for whom: wherever a touchpoint may count, which is its corrected time and a little to both
// sides, because the order of its device may move it.
type days struct {
	mu       sync.Mutex
	calendar period.Calendar
	ids      map[string]map[event.Identifier]bool
}

func newDays(of workspace.Workspace) (*days, error) {
	calendar, err := of.Calendar()
	if err != nil {
		return nil, fmt.Errorf("read time zone: %w", err)
	}
	return &days{calendar: calendar, ids: map[string]map[event.Identifier]bool{}}, nil
}

// add marks the days of touchpoints of one identifier.
func (d *days) add(id event.Identifier, touchpoints []event.Touchpoint) {
	found := map[string]bool{}
	var window period.Window
	for _, t := range touchpoints {
		for _, apart := range []time.Duration{-event.SkewTolerance, 0, event.SkewTolerance} {
			at := t.Corrected.Add(apart).Time()
			if !window.Contains(at) {
				window = d.calendar.At(period.Day, at)
			}
			found[window.Key] = true
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for key := range found {
		if d.ids[key] == nil {
			d.ids[key] = map[event.Identifier]bool{}
		}
		d.ids[key][id] = true
	}
}

// at marks the day of an instant, for nobody that is not stored there already.
func (d *days) at(at event.Millis) {
	key := d.calendar.At(period.Day, at.Time()).Key
	if d.ids[key] == nil {
		d.ids[key] = map[event.Identifier]bool{}
	}
}

func (d *days) marks() []kpi.Mark {
	var out []kpi.Mark
	for _, key := range slices.Sorted(maps.Keys(d.ids)) {
		out = append(out, kpi.Mark{Grain: period.Day, Key: key, Identifiers: slices.Sorted(maps.Keys(d.ids[key]))})
	}
	return out
}
