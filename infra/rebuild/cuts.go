package rebuild

import (
	"context"
	"fmt"

	"waymark/shared/domain/identity"
	"waymark/shared/domain/workspace"
)

// carryCuts takes over an operator's decisions about links, which no archived event knows of, and gives those that were not there yet. Of two
// about one link the later one stays, whichever is put first.
func (w *work) carryCuts(ctx context.Context, into, from workspace.Workspace) (fresh []identity.Cut, err error) {
	said, err := w.Table.Cuts(ctx, from.Space())
	if err != nil {
		return nil, fmt.Errorf("read cuts: %w", err)
	}
	stored, err := w.Table.Cuts(ctx, into.Space())
	if err != nil {
		return nil, fmt.Errorf("read cuts carried over: %w", err)
	}
	known := make(map[identity.Cut]bool, len(stored))
	for _, c := range stored {
		known[c] = true
	}
	for _, c := range said {
		if known[c] {
			continue
		}
		if err := w.Table.PutCut(ctx, into.Space(), c); err != nil {
			return nil, fmt.Errorf("put cut: %w", err)
		}
		fresh = append(fresh, c)
	}
	return fresh, nil
}

// applyCuts carries over decisions that were made since the last time, and marks every day of the persons at both ends.
func (w *work) applyCuts(ctx context.Context, into, from workspace.Workspace) (int, error) {
	fresh, err := w.carryCuts(ctx, into, from)
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	parted := newPile(share{})
	for _, c := range fresh {
		parted.links[ends{c.Child, c.Parent}] = identity.Evidence{}
	}
	return len(fresh), w.markPersons(ctx, into, parted, nil)
}
