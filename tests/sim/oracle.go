package sim

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
)

// truth is what one plain pass over the accepted events says, without any store: the oracle.
type truth struct {
	copies map[event.Identifier][]event.Touchpoint
	traits map[event.Identifier]profile.Traits
	links  map[[2]event.Identifier]identity.Link
	claims map[string]profile.Claims
	failed int
}

func (w *World) truth() truth {
	o := truth{
		copies: map[event.Identifier][]event.Touchpoint{}, traits: map[event.Identifier]profile.Traits{},
		links: map[[2]event.Identifier]identity.Link{}, claims: map[string]profile.Claims{},
	}
	for _, envelope := range w.accepted {
		for i, raw := range envelope.Events {
			e, err := event.Parse(raw, envelope.Stamp(i))
			if err != nil {
				o.failed++
				continue
			}
			o.take(w, e)
		}
	}
	return o
}

func (o *truth) take(w *World, e event.Event) {
	id := e.Kept()
	if e.Type.Touches() {
		sign := ""
		if e.Marketing.URL != "" {
			sign = "email" // the only tagged address in the traffic
		}
		t := e.Touchpoint(sign, nil)
		o.copies[id] = append(o.copies[id], t)
		if key, claim, ok := profile.ClaimOf(t, id); ok {
			o.claims[key] = o.claims[key].Join(claim)
		}
	}
	if traits := profile.TraitsOf(e); len(traits) > 0 {
		o.traits[id] = o.traits[id].Join(traits)
	}
	for _, l := range identity.Links(e) {
		ends := [2]event.Identifier{l.Child, l.Parent}
		if known, found := o.links[ends]; !found || l.Evidence.Before(known.Evidence) {
			o.links[ends] = l
		}
	}
}

// roots gives everybody's person: links by evidence, each unless its child has a parent or would become its own ancestor.
func (o truth) roots() map[event.Identifier]event.Identifier {
	parent := map[event.Identifier]event.Identifier{}
	root := func(id event.Identifier) event.Identifier {
		for parent[id] != "" {
			id = parent[id]
		}
		return id
	}
	links := slices.SortedFunc(maps.Values(o.links), func(a, b identity.Link) int {
		switch {
		case a.Evidence.Before(b.Evidence):
			return -1
		case b.Evidence.Before(a.Evidence):
			return 1
		}
		return slices.Compare([]event.Identifier{a.Parent, a.Child}, []event.Identifier{b.Parent, b.Child})
	})
	for _, l := range links {
		if parent[l.Child] == "" && root(l.Parent) != l.Child {
			parent[l.Child] = l.Parent
		}
	}
	out := map[event.Identifier]event.Identifier{}
	for id := range o.copies {
		out[id] = root(id)
	}
	return out
}

// journeys folds every person.
func (w *World) journeys(o truth) []journey.Journey {
	lines := map[event.Identifier][]journey.Line{}
	for id, root := range o.roots() {
		lines[root] = append(lines[root], journey.Line{Identifier: id, Touchpoints: o.copies[id]})
	}
	var out []journey.Journey
	for _, root := range slices.Sorted(maps.Keys(lines)) {
		out = append(out, journey.Fold(root, lines[root], o.claims, w.model, event.At(w.now)))
	}
	return out
}

// Check compares everything stored with the oracle; "" when all is equal.
func (w *World) Check() string {
	o := w.truth()
	if problem := w.checkIdentifiers(o); problem != "" {
		return problem
	}
	if problem := w.checkLinks(o); problem != "" {
		return problem
	}
	return w.checkWindows(o)
}

func (w *World) checkIdentifiers(o truth) string {
	ctx := context.Background()
	stageOf := func(t event.Touchpoint) string { name, _ := w.model.Evidence(t); return string(name) }
	for _, id := range slices.Sorted(maps.Keys(o.copies)) {
		a, stored, _ := w.table.Timeline(ctx, tenant, id)
		want := event.Distinct(o.copies[id])
		if got := event.Distinct(stored); !reflect.DeepEqual(got, want) {
			return fmt.Sprintf("timeline of %s\n got %+v\nwant %+v", id, got, want)
		}
		whole := profile.Fold(want, stageOf)
		whole.Version, whole.Model = a.Version, w.model.ID()
		if string(a.Bytes()) != string(whole.Bytes()) {
			return fmt.Sprintf("aggregate of %s\n got %s\nwant %s", id, a.Bytes(), whole.Bytes())
		}
	}
	for id, want := range o.traits {
		if got, _, _ := w.table.Traits(ctx, tenant, id); !got.Equal(want) {
			return fmt.Sprintf("traits of %s\n got %+v\nwant %+v", id, got, want)
		}
	}
	counts, _ := w.table.FailedCounts(ctx, tenant)
	if counts["unknown_type"] != o.failed {
		return fmt.Sprintf("failed events: got %v, want %d of class unknown_type", counts, o.failed)
	}
	return ""
}

func (w *World) checkLinks(o truth) string {
	ctx := context.Background()
	for ends, want := range o.links {
		nodes, _ := w.table.Nodes(ctx, tenant, ends[:])
		if !slices.Contains(nodes[0].Parents, want) || !slices.Contains(nodes[1].Children, want) {
			return fmt.Sprintf("link %+v is not stored on both sides: %+v", want, nodes)
		}
	}
	keys := slices.Sorted(maps.Keys(o.claims))
	stored, _, _ := w.table.Claims(ctx, tenant, keys)
	for _, key := range keys {
		if !slices.Equal(stored[key], o.claims[key]) {
			return fmt.Sprintf("claims to %s\n got %+v\nwant %+v", key, stored[key], o.claims[key])
		}
	}
	return ""
}

// checkWindows recounts every window from whole journeys and compares all rows. A window in which nothing counts may be stored with zeros.
func (w *World) checkWindows(o truth) string {
	calendar, err := period.New("Europe/London", 1)
	if err != nil {
		return err.Error()
	}
	journeys := w.journeys(o)
	for _, grain := range period.Grains() {
		want := map[string]*kpi.Tally{}
		for _, j := range journeys {
			keys := map[string]period.Window{}
			for _, at := range j.Instants() {
				window := calendar.At(grain, at.Time())
				keys[window.Key] = window
			}
			for key, window := range keys {
				if f, ok := kpi.Of(j, event.At(window.Start), event.At(window.End), "GBP"); ok {
					if want[key] == nil {
						want[key] = kpi.NewTally("GBP")
					}
					want[key].Add(f)
				}
			}
		}
		if problem := w.compareWindows(grain, want); problem != "" {
			return problem
		}
	}
	return ""
}

func (w *World) compareWindows(grain period.Grain, want map[string]*kpi.Tally) string {
	stored, _ := w.table.Windows(context.Background(), tenant, grain, "0", "~")
	for _, window := range stored {
		tally := want[window.Key]
		if tally == nil {
			tally = kpi.NewTally("GBP")
		}
		delete(want, window.Key)
		if rows := tally.Rows(); !reflect.DeepEqual(window.Rows, rows) {
			return fmt.Sprintf("%s %s: %s", grain, window.Key, difference(window.Rows, rows))
		}
	}
	if len(want) > 0 {
		return fmt.Sprintf("%s windows %v are not computed", grain, slices.Sorted(maps.Keys(want)))
	}
	return ""
}

// difference names the first rows that differ.
func difference(got, want []kpi.Row) string {
	for i := range max(len(got), len(want)) {
		var g, x kpi.Row
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			x = want[i]
		}
		if !reflect.DeepEqual(g, x) {
			return fmt.Sprintf("row %d\n got %+v\nwant %+v", i, g, x)
		}
	}
	return "the rows are equal"
}
