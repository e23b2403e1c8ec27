package adaptertest

import (
	"fmt"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// fates is a batch that was written at an instant.
func fates(at event.Millis, id string, n int) fate.Batch {
	b := fate.Batch{Handle: ledger.HandleAt(at) + "#" + id, LeftOut: n / 100}
	for i := range n {
		b.Events = append(b.Events, fate.Event{
			Fate: fate.Rejected, Received: at, MessageID: event.ID(fmt.Sprintf("m%d-%s", i, noise(8))), Type: "track", Name: "日本 " + noise(150), Source: "web",
			Request: "r1", Person: "anon 7f3a", Identifiers: []string{"user", "anon"}, Code: "bad_time", Reason: noise(180), Field: "timestamp", Events: 1,
		})
	}
	return b
}

func wantFates(t *testing.T, table TableUnderTest, ws, from string, limit int, want []fate.Batch, wantNext string) {
	t.Helper()
	got, next, err := table.Fates(t.Context(), ws, from, limit)
	must(t, err)
	equal(t, fmt.Sprintf("Fates of %s from %q, %d at most", ws, from, limit), got, want)
	equal(t, fmt.Sprintf("next of %s from %q, %d at most", ws, from, limit), next, wantNext)
}

func listedFates(t *testing.T, table TableUnderTest, clock *Clock) {
	ctx := t.Context()
	wantFates(t, table, "fates", "", 9, nil, "")
	a, b, c := fates(noon, "a", 1), fates(noon, "b", 3), fates(noon+1, "a", 2)
	other := fates(noon, "a", 1)
	for _, one := range []fate.Batch{c, b, a, b} { // written again: one
		must(t, table.PutFates(ctx, "fates", one))
	}
	must(t, table.PutFates(ctx, "fates-2", other))
	wantFates(t, table, "fates", "", 9, []fate.Batch{a, b, c}, "")
	wantFates(t, table, "fates", b.Handle, 1, []fate.Batch{b}, c.Handle)
	wantFates(t, table, "fates", ledger.HandleAt(noon+1), 9, []fate.Batch{c}, "")
	wantFates(t, table, "fates-2", "", 9, []fate.Batch{other}, "")
	latest, err := table.LatestFates(ctx, "fates", 2)
	must(t, err)
	equal(t, "LatestFates", latest, []fate.Batch{c, b})

	const hour = day / 24
	old, young := fates(noon, "old", 1), fates(noon+2000, "young", 1)
	must(t, table.PutFates(ctx, "fates-old", old))
	must(t, table.PutFates(ctx, "fates-old", young))
	for _, at := range []struct {
		now  event.Millis
		want []fate.Batch
	}{{noon + hour - 1000, []fate.Batch{old, young}}, {noon + hour, []fate.Batch{young}}, {noon + 2*hour, nil}} {
		clock.set(at.now)
		wantFates(t, table, "fates-old", "", 9, at.want, "")
	}
}

// largeFates: what one item does not hold is stored as several, and no event of it is lost.
func largeFates(t *testing.T, table TableUnderTest, _ *Clock) {
	large := fates(noon, "large", 2000)
	must(t, table.PutFates(t.Context(), "fates-large", large))
	batches, next, err := table.Fates(t.Context(), "fates-large", "", 100)
	must(t, err)
	got := fate.Batch{Handle: large.Handle}
	for _, b := range batches {
		got.Events = append(got.Events, b.Events...)
		got.LeftOut += b.LeftOut
	}
	equal(t, "all events of a large batch", got, large)
	equal(t, "next", next, "")
}

// watches: a watch is kept beside the workspace, which other writes of it leave alone.
func watches(t *testing.T, table TableUnderTest, _ *Clock) {
	ctx := t.Context()
	w := workspace.Workspace{Name: "watched", Zone: "UTC", Currency: "EUR", Model: "default", Created: noon, Keys: []workspace.Key{}}
	wantFault(t, "Watch of nothing", table.Watch(ctx, w.Name, workspace.Watch{From: 1, Until: 2}), fault.NotFound, "unknown_workspace")
	must(t, table.PutWorkspace(ctx, w))
	wantWorkspace(t, table, w)
	watch := workspace.Watch{From: noon, Until: noon + 7}
	must(t, table.Watch(ctx, w.Name, watch))
	must(t, table.PutWorkspace(ctx, w)) // as one who did not know of the watch read it
	w.Watch = watch
	wantWorkspace(t, table, w)
	after := w
	after.Highest = 1
	after.Pending = &workspace.Side{Generation: 1, Model: "default"}
	must(t, table.PutGenerations(ctx, w, after))
	wantWorkspace(t, table, after)
}
