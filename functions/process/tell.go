package process

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
)

// tellWithin bounds how long a batch waits for its fates to be listed.
const tellWithin = 2 * time.Second

// tell lists what became of the events of a batch, for the workspaces that are watched. It is a help and no truth: nothing is counted from it, and a
// list that cannot be written is worth a warning and no second try.
func (h *Handler) tell(ctx context.Context, b *batch) {
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	now := event.At(h.Now())
	fates := h.fates(ctx, b, now)
	for _, name := range slices.Sorted(maps.Keys(fates)) {
		list := fate.Bounded(fates[name])
		list.Handle = ledger.HandleAt(now) + "#" + h.Ingest.NewID()
		if err := h.Fates.PutFates(ctx, name, list); err != nil {
			slog.WarnContext(ctx, "fates not listed", "workspace", name, "events", len(list.Events), "kind", fault.KindOf(err), "error", err.Error())
		}
	}
}

// fates are those of the events of watched workspaces, by workspace, each in the order of the messages.
func (h *Handler) fates(ctx context.Context, b *batch, now event.Millis) map[string][]fate.Event {
	type told struct {
		message int
		event   fate.Event
	}
	watched, all := map[string]bool{}, map[string][]told{}
	add := func(name string, message int, of func() fate.Event) {
		if name == event.Nobody {
			return
		}
		is, known := watched[name]
		if !known {
			w, err := h.tenant(ctx, name) // which read has loaded
			is = err == nil && h.Debug.Lists(w.Watch, now)
			watched[name] = is
		}
		if !is {
			return
		}
		e := of()
		if b.retry[message] {
			e = e.Again("retried")
		}
		all[name] = append(all[name], told{message, e})
	}
	for i := range b.items {
		add(b.items[i].event.Workspace, b.items[i].message, func() fate.Event { return fate.Taken(b.items[i].event) })
	}
	for _, r := range b.rejects {
		add(r.failed.Workspace, r.message, func() fate.Event { return fate.Kept(r.failed) })
	}
	for _, n := range b.notes {
		add(n.workspace, n.message, func() fate.Event { return fate.Told(n.refusal) })
	}
	out := map[string][]fate.Event{}
	for name, list := range all {
		slices.SortStableFunc(list, func(a, b told) int { return a.message - b.message })
		for _, one := range list {
			out[name] = append(out[name], one.event)
		}
	}
	return out
}
