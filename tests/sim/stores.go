package sim

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

// stores gives the handlers of one invocation the memory adapter, with the world's interleaving and faults at every call.
type stores struct {
	*system.Stores
	*World
	run *invocation
}

func newStores(w *World, run *invocation) *stores {
	call := func(name string, apply func() error) error { return w.call(run, name, apply) }
	return &stores{Stores: &system.Stores{Table: w.table, Archive: w.archive, Call: call}, World: w, run: run}
}

// PutFailed notes whose events are kept.
func (s *stores) PutFailed(ctx context.Context, f event.Failed) error {
	return s.call(s.run, "put failed", func() error {
		s.rejected[copyOf{f.Request, f.Index}] = true
		return s.table.PutFailed(ctx, f)
	})
}

// PutEvents notes which events are archived.
func (s *stores) PutEvents(ctx context.Context, ws, name string, events []event.Record) error {
	return s.call(s.run, "put events", func() error {
		for _, r := range events {
			s.archived[copyOf{r.Request, r.Index}] = true
		}
		return s.archive.PutEvents(ctx, ws, name, events)
	})
}

// PutProfiles and PutWindow freeze slow rollups before one of their writes.
func (s *stores) PutProfiles(ctx context.Context, ns workspace.Namespace, profiles []ledger.Profile) error {
	s.pause()
	return s.Stores.PutProfiles(ctx, ns, profiles)
}

func (s *stores) PutWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window) error {
	s.pause()
	return s.Stores.PutWindow(ctx, ns, w)
}

func (s *stores) pause() {
	if s.run.puts--; s.run.puts == 0 && s.faults.on {
		s.freeze(s.run)
		if !s.run.yield() {
			panic(errCrash)
		}
	}
}
