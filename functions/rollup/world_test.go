package rollup_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"waymark/functions/rollup"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/person"
)

// world is a handler over stores in memory, with the workspace shop in London.
type world struct {
	*stores
	handler  *rollup.Handler
	now      time.Time
	calendar period.Calendar
	stages   *stage.Model
	ids      map[event.Identifier]bool // everybody who was ever named
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		stores: &stores{table: memory.NewTable(), archive: memory.NewArchive()},
		now:    time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC), ids: map[event.Identifier]bool{},
	}
	w.table.Now = func() time.Time { return w.now }
	shop, err := workspace.New("shop", "Europe/London", "GBP", "default")
	must(t, err)
	shop.Keys = []workspace.Key{
		{Text: "sk_shop", Workspace: "shop", Role: workspace.Secret}, {Text: "wk_shop", Workspace: "shop", Role: workspace.Write, Source: "web"},
	}
	must(t, w.table.PutWorkspace(t.Context(), shop))
	w.calendar, err = shop.Calendar()
	must(t, err)
	w.stages, err = model.Stages("default")
	must(t, err)
	w.handler = w.on(w.stores)
	return w
}

// on makes a handler on some stores.
func (w *world) on(s *stores) *rollup.Handler {
	clock := func() time.Time { return w.now }
	return rollup.New(rollup.Config{
		Workspaces: s, Marks: s, Windows: s, Restated: s, Facts: s, Persons: s, Times: s, Store: s, Reader: httpapi.NewKeyring(s, clock).Reader,
		Model: model.Stages, Now: clock,
	})
}

// rival is another process on the same table and archive.
func (w *world) rival() (*rollup.Handler, *stores) {
	s := &stores{table: w.table, archive: w.archive}
	return w.on(s), s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rollUp fires the schedule.
func (w *world) rollUp(t testing.TB) rollup.Result {
	t.Helper()
	result, err := fire(t.Context(), w.handler)
	must(t, err)
	return result
}

// fire fires the schedule of a process and gives the result of the only workspace.
func fire(ctx context.Context, h *rollup.Handler) (rollup.Result, error) {
	answer, err := h.Handle(ctx, json.RawMessage(`{"schedule":"rollup"}`))
	if err != nil {
		return rollup.Result{}, err
	}
	return answer.(map[string]any)["rollups"].([]rollup.Result)[0], nil
}

// take stores an event as process does, in the plainest way: touchpoint, links, claims, and the marks of all they touch.
func (w *world) take(t testing.TB, raw ...string) {
	t.Helper()
	for _, one := range raw {
		e, err := event.Parse(json.RawMessage(one), event.Stamp{Workspace: "shop", Source: "web", Received: event.At(w.now), Request: "r"})
		must(t, err)
		w.takeOne(t, e)
	}
}

func (w *world) takeOne(t testing.TB, e event.Event) {
	t.Helper()
	ctx := t.Context()
	for _, l := range identity.Links(e) {
		w.ids[l.Child], w.ids[l.Parent] = true, true
		must(t, w.table.PutLink(ctx, "shop", l))
		w.markFirstDays(t, l.Child)
	}
	if !e.Type.Touches() {
		return
	}
	id := e.Kept()
	w.ids[id] = true
	sign := ""
	if e.Marketing.Medium == "email" {
		sign = "email"
	}
	tp := e.Touchpoint(sign, model.Properties())
	must(t, w.table.PutPage(ctx, "shop", id, []event.Touchpoint{tp}))
	w.mark(t, tp.Corrected, id)
	if key, claim, ok := profile.ClaimOf(tp, id); ok {
		stored, versions, err := w.table.Claims(ctx, "shop", []string{key})
		must(t, err)
		claims := stored[key].Join(claim)
		must(t, w.table.PutClaims(ctx, "shop", key, claims, versions[key]))
		for _, c := range claims {
			w.mark(t, c.Corrected, c.Identifier)
		}
	}
}

func (w *world) mark(t testing.TB, at event.Millis, id event.Identifier) {
	t.Helper()
	day := w.calendar.At(period.Day, at.Time()).Key
	must(t, w.table.PutMarks(t.Context(), "shop", []kpi.Mark{{Grain: period.Day, Key: day, Identifiers: []event.Identifier{id}}}))
}

// markFirstDays marks the first day of everybody below.
func (w *world) markFirstDays(t testing.TB, id event.Identifier) {
	t.Helper()
	partitions, err := w.table.Partitions(t.Context(), "shop", []event.Identifier{id})
	must(t, err)
	if all := event.Distinct(partitions[0].Touchpoints); len(all) > 0 {
		first := slices.MinFunc(all, func(a, b event.Touchpoint) int { return int(a.Corrected - b.Corrected) })
		w.mark(t, first.Corrected, id)
	}
	for _, l := range partitions[0].Node.Children {
		w.markFirstDays(t, l.Child)
	}
}

// dirty lists the marks that are due, or that ever will be.
func (w *world) dirty(t testing.TB, until time.Time) []kpi.Mark {
	t.Helper()
	marks, err := w.table.Marks(t.Context(), "shop", event.At(until))
	must(t, err)
	return marks
}

// stored gives every computed window, by grain and key.
func (w *world) stored(t testing.TB) map[string]kpi.Window {
	t.Helper()
	out := map[string]kpi.Window{}
	for _, g := range period.Grains() {
		windows, err := w.table.Windows(t.Context(), "shop", g, "0", "~")
		must(t, err)
		for _, one := range windows {
			out[fmt.Sprintf("%s %s", g, one.Key)] = one
		}
	}
	return out
}

// changed lists the windows with another revision than before, sorted.
func changed(before, after map[string]kpi.Window) []string {
	out := []string{}
	for name, w := range after {
		if w.Revision != before[name].Revision {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// check recounts every window of everybody's whole journey in one plain pass and compares all rows; nothing may be dirty. It shares the
// definitions with the handler and none of the reasoning about what a change can reach.
func (w *world) check(t testing.TB) {
	t.Helper()
	if marks := w.dirty(t, w.now); len(marks) > 0 {
		t.Errorf("%d windows stay dirty: %+v", len(marks), marks)
	}
	ids := make([]event.Identifier, 0, len(w.ids))
	for id := range w.ids {
		ids = append(ids, id)
	}
	loaded, err := person.Load(t.Context(), w.table, "shop", ids)
	must(t, err)
	want := map[string]*kpi.Tally{}
	for _, root := range loaded.Roots() {
		j := loaded.Of(root).Journey(w.stages, event.At(w.now))
		windows := map[string]period.Window{}
		for _, at := range j.Instants() {
			for _, g := range period.Grains() {
				one := w.calendar.At(g, at.Time())
				windows[fmt.Sprintf("%s %s", g, one.Key)] = one
			}
		}
		for name, one := range windows {
			if f, counts := kpi.Of(j, event.At(one.Start), event.At(one.End), "GBP"); counts {
				if want[name] == nil {
					want[name] = kpi.NewTally("GBP")
				}
				want[name].Add(f)
			}
		}
	}
	w.compare(t, want)
}

func (w *world) compare(t testing.TB, want map[string]*kpi.Tally) {
	t.Helper()
	for name, one := range w.stored(t) {
		tally := want[name]
		if tally == nil {
			tally = kpi.NewTally("GBP") // what was counted there once is gone
		}
		delete(want, name)
		if rows := tally.Rows(); !reflect.DeepEqual(one.Rows, rows) {
			t.Errorf("%s: %s", name, difference(numbers(one.Rows), numbers(rows)))
		}
	}
	for name := range want {
		t.Errorf("%s is not computed", name)
	}
}

// difference names the rows that only one side has.
func difference(got, want []string) string {
	return fmt.Sprintf("it holds %q, want %q", without(got, want), without(want, got))
}

func without(rows, others []string) []string {
	return slices.DeleteFunc(slices.Clone(rows), func(r string) bool { return slices.Contains(others, r) })
}

// value is the numerator of a metric of a window as a whole, or of one member of a dimension.
func (w *world) value(t testing.TB, window string, metric kpi.Name, by kpi.Dimension, member string) int64 {
	t.Helper()
	for _, row := range w.stored(t)[window].Rows {
		if row.Metric == metric && row.Dimension == by && row.Value == member {
			return row.Numerator
		}
	}
	return 0
}

func pageView(id, who, at string) string {
	return fmt.Sprintf(`{"type":"page","messageId":%q,%s,"timestamp":%q}`, id, who, at)
}

func order(id, who, at, orderID, revenue string) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","messageId":%q,%s,"timestamp":%q,"properties":{"order_id":%q,"revenue":%s}}`,
		id, who, at, orderID, revenue)
}

func identify(id, userID, anonymousID, at string) string {
	return fmt.Sprintf(`{"type":"identify","messageId":%q,"userId":%q,"anonymousId":%q,"timestamp":%q}`, id, userID, anonymousID, at)
}

func user(id string) string    { return fmt.Sprintf(`"userId":%q`, id) }
func visitor(id string) string { return fmt.Sprintf(`"anonymousId":%q`, id) }

func checkEqual[T any](t testing.TB, what string, got, want []T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}
