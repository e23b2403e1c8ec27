package rebuild

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/workspace"
)

// Drop deletes every generation that is not in use: the former one, and what an unfinished rebuild left. After it there is no way back.
func Drop(ctx context.Context, c Config) (Report, error) {
	w, err := begin(ctx, c)
	if err != nil {
		return Report{}, err
	}
	w.report.To = w.workspace.Generation
	if w.workspace.Pending != nil {
		if err := w.dropPending(ctx); err != nil {
			return w.report, err
		}
	}
	old, kept := w.workspace.Old()
	if !kept {
		return w.report, nil
	}
	if err := w.phase("delete the former generation", func() error { return w.erase(ctx, old) }); err != nil {
		return w.report, err
	}
	without := w.workspace
	without.Former = nil
	return w.report, w.become(ctx, without)
}

func (w *work) dropPending(ctx context.Context) error {
	next, _ := w.workspace.Next()
	if err := w.phase("delete an unfinished generation", func() error { return w.erase(ctx, next) }); err != nil {
		return err
	}
	without := w.workspace
	without.Pending = nil
	return w.become(ctx, without)
}

// erase deletes a generation: everything of whoever the archive names, and what was computed. The workspace forgets it only afterwards, so a
// crash leaves nothing behind that a second run would not find.
func (w *work) erase(ctx context.Context, of workspace.Workspace) error {
	if of.Space() == w.workspace.Space() {
		panic("rebuild: the generation in use is never deleted")
	}
	keys, err := w.objects(ctx)
	if err != nil {
		return err
	}
	err = w.passes(ctx, "delete", keys, names(), func(p *pile) error {
		ids := slices.Collect(slices.Chunk(slices.Sorted(maps.Keys(p.named)), atOnce))
		err := each(ctx, w.Readers, ids, func(ctx context.Context, chunk []event.Identifier) error {
			return w.Table.DeletePartitions(ctx, of.Space(), chunk)
		})
		if err != nil {
			return err
		}
		return w.Table.DeleteClaims(ctx, of.Space(), slices.Sorted(maps.Keys(p.orders)))
	})
	if err != nil {
		return err
	}
	if err := w.Table.DeleteComputed(ctx, of.Space()); err != nil {
		return err
	}
	for key, err := range w.Archive.Keys(ctx, kpi.FactsPrefix(of.Space())) {
		if err != nil {
			return fmt.Errorf("list facts: %w", err)
		}
		if err := w.Archive.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
