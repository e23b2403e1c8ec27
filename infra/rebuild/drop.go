package rebuild

import (
	"context"
	"fmt"

	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/steps"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// Drop deletes every generation that is not in use: the former one, and what an unfinished rebuild left. After it there is no way back.
func Drop(ctx context.Context, c Config) (Report, error) {
	w, err := begin(ctx, c)
	if err != nil {
		return Report{}, err
	}
	w.report.To = w.workspace.Generation
	if !w.workspace.IsReturning() {
		if err := w.dropPending(ctx); err != nil {
			return w.report, err
		}
	}
	// A function that was late may have written to the former generation long after the swap. That it is opened is stored
	// first: a crash leaves it to the next run.
	reopened, isKept := w.workspace.Reopen(event.At(w.Now()))
	if !isKept {
		return w.report, nil
	}
	if err := w.become(ctx, reopened); err != nil {
		return w.report, err
	}
	w.since = reopened.Former.Opened.Add(-slack)
	if err := w.run(ctx, phase{"take over what came late", w.takeOver}); err != nil {
		return w.report, err
	}
	old, _ := w.workspace.Old()
	without := w.workspace
	without.Former = nil
	return w.report, w.drop(ctx, "delete the former generation", old, without)
}

// dropPending deletes what an unfinished rebuild left, if any.
func (w *work) dropPending(ctx context.Context) error {
	next, isPending := w.workspace.Next()
	if !isPending {
		return nil
	}
	without := w.workspace
	without.Pending = nil
	return w.drop(ctx, "delete an unfinished generation", next, without)
}

// drop deletes a generation. The workspace forgets it only afterwards, so a crash leaves nothing behind that a second run would not find.
func (w *work) drop(ctx context.Context, name string, of, without workspace.Workspace) error {
	if err := w.run(ctx, phase{name, func(ctx context.Context) error { return w.erase(ctx, of.Namespace()) }}); err != nil {
		return err
	}
	return w.become(ctx, without)
}

// erase deletes everything of whoever the archive names, and what was computed.
func (w *work) erase(ctx context.Context, ns workspace.Namespace) error {
	if ns == w.workspace.Namespace() {
		panic("rebuild: the generation in use is never deleted")
	}
	if err := w.awaitRun(ctx, ns); err != nil {
		return err
	}
	err := w.eachName(ctx, func(ctx context.Context, some []string) error {
		ids, orders := byKind(some)
		if err := w.Table.DeletePartitions(ctx, ns, ids); err != nil {
			return err
		}
		return w.Table.DeleteClaims(ctx, ns, orders)
	})
	if err != nil {
		return err
	}
	for _, prefix := range [...]string{steps.Prefix(ns), archive.LogPrefix(ns)} {
		if err := w.deleteObjects(ctx, prefix); err != nil {
			return err
		}
	}
	return w.Table.DeleteComputed(ctx, ns)
}

// awaitRun waits for a settle that a rebuild which died may have left at work.
func (w *work) awaitRun(ctx context.Context, ns workspace.Namespace) error {
	for {
		state, err := w.Table.State(ctx, ns)
		if err != nil {
			return fmt.Errorf("read state: %w", err)
		}
		if !state.IsBusy(event.At(w.Now())) {
			return nil
		}
		if err := w.Sleep(ctx, ledger.Lease); err != nil {
			return err
		}
	}
}

func (w *work) deleteObjects(ctx context.Context, prefix string) error {
	for key, err := range w.Archive.Keys(ctx, prefix) {
		if err != nil {
			return fmt.Errorf("list objects: %w", err)
		}
		if err := w.Archive.Delete(ctx, key); err != nil {
			return err
		}
	}
	return nil
}
