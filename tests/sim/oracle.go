package sim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/step"
	"waymark/shared/domain/trust"
	"waymark/shared/domain/workspace"
	"waymark/tests/recount"
)

// oracle is what one plain pass over the accepted events of a workspace says: it takes each in turn, in one thread, without batches, versions,
// repeats or marks, and then counts every window from whole lives.
type oracle struct {
	workspace.Workspace
	rules
	fold   journey.Rules
	caps   identity.Caps // zero: none is reached
	table  *memory.Table // what should be stored in the end
	copies map[event.Identifier][]event.Touchpoint
	links  map[[2]event.Identifier]identity.Link
	claims map[string]profile.Claims
	parted map[[2]event.Identifier]bool          // links that an operator cut
	counts map[string]*recount.Counted           // of every window in which anything counts, by recount.Key
	steps  map[string][]step.Row                 // by day
	people map[event.Identifier]event.Identifier // who has touchpoints, and whose person they are
	lives  map[event.Identifier]recount.Life     // by person
}

// expected is what the accepted events of a workspace make: what should be stored goes into a table.
func (w *World) expected(t workspace.Workspace, table *memory.Table) (*oracle, error) {
	o := &oracle{
		Workspace: t, rules: w.rules, fold: w.newest().folds[t.Model], caps: w.caps, table: table, copies: map[event.Identifier][]event.Touchpoint{},
		links: map[[2]event.Identifier]identity.Link{}, claims: map[string]profile.Claims{},
		parted: map[[2]event.Identifier]bool{}, steps: map[string][]step.Row{}, lives: map[event.Identifier]recount.Life{},
	}
	for _, envelope := range w.queue.sent {
		if envelope.Workspace == t.Name {
			o.take(envelope)
		}
	}
	if err := o.part(w.table); err != nil {
		return nil, err
	}
	if err := o.put(w.settled); err != nil {
		return nil, err
	}
	return o, table.PutWorkspace(background, t)
}

func (o *oracle) take(envelope event.Envelope) {
	if refusal, ok := envelope.Refusal(); ok {
		if err := o.table.PutRefusal(background, o.Name, refusal); err != nil {
			panic("sim: memory takes every refusal: " + err.Error())
		}
	}
	source := trust.Of(o.Workspace, envelope.Source)
	accepted, rejected := envelope.Open(source.Judge())
	for _, r := range rejected {
		o.fail(source, r.Stamp, r.Raw, r.Err)
	}
	for _, e := range accepted {
		e.Bot = o.bots.Of(e.Agent)
		id := e.PrimaryID()
		e.Marketing = channel.Sent(e.Marketing)
		r := e.Record(kept)
		r.Touchpoint.Bot, r.Touchpoint.Others, r.Touchpoint.Traits = e.Bot, r.Others(), profile.Said(e)
		o.copies[id] = append(o.copies[id], r.Touchpoint)
		if key, claim, ok := profile.ClaimOf(r.Touchpoint, id); ok && e.Type.Touches() {
			o.claims[key] = o.claims[key].Join(claim)
		}
		for _, l := range identity.Links(r) {
			ends := [2]event.Identifier{l.Child, l.Parent}
			if known, found := o.links[ends]; !found || l.Evidence.Before(known.Evidence) {
				o.links[ends] = l
			}
		}
	}
}

func (o *oracle) fail(source trust.Source, s event.Stamp, raw []byte, err error) {
	known := err.(*fault.Error)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", s.Request, s.Index, raw))
	err = o.table.PutFailed(background, source.Kept(event.Failed{
		ID: hex.EncodeToString(sum[:12]), Workspace: s.Workspace, Source: s.Source, Class: known.Code, Reason: known.Message, Field: known.Field,
		Handler: version, Received: s.Received, Request: s.Request, Index: s.Index, SentAt: s.SentAt, Context: s.Context, Type: s.Type,
		Original: string(raw),
	}))
	if err != nil {
		panic("sim: memory takes every failed event: " + err.Error())
	}
}

// part takes the operators' decisions as they were made: they are orders, not events.
func (o *oracle) part(from *memory.Table) error {
	cuts, err := from.Cuts(background, o.Namespace())
	if err != nil {
		return err
	}
	for _, c := range cuts {
		o.parted[[2]event.Identifier{c.Child, c.Parent}] = !c.Undone
		if err := o.table.PutCut(background, o.Namespace(), c); err != nil {
			return err
		}
	}
	return nil
}

// put stores what was taken, each thing once.
func (o *oracle) put(until event.Millis) error {
	for id, copies := range o.copies {
		distinct := event.Distinct(copies)
		if err := o.table.PutPages(background, o.Namespace(), map[event.Identifier][]event.Touchpoint{id: distinct}); err != nil {
			return err
		}
	}
	for _, l := range o.links {
		if err := o.table.PutLinks(background, o.Namespace(), []identity.Link{l}); err != nil {
			return err
		}
		if len(o.copies[l.Child]) > 0 { // whoever did something is not idle
			if err := o.table.Wake(background, o.Namespace(), l); err != nil {
				return err
			}
		}
	}
	if err := o.table.PutClaims(background, o.Namespace(), o.claims); err != nil {
		return err
	}
	return o.count(until)
}

// limited gives everybody's person where persons are bounded: by the forest of all links at once.
func (o *oracle) limited() (map[event.Identifier]event.Identifier, error) {
	forest := identity.NewForestWith("", o.caps)
	out := map[event.Identifier]event.Identifier{}
	for {
		for id := range o.copies {
			p, _ := forest.Of(id)
			out[id] = p.Root
		}
		missing := forest.Missing()
		if len(missing) == 0 {
			return out, nil
		}
		nodes, err := o.table.Nodes(background, o.Namespace(), missing)
		if err != nil {
			return nil, err
		}
		forest.Add(nodes...)
	}
}

// roots gives everybody's person: links by evidence, each unless its child has a parent or would become its own ancestor.
func (o *oracle) roots() map[event.Identifier]event.Identifier {
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
		return cmp.Or(cmp.Compare(a.Parent, b.Parent), cmp.Compare(a.Child, b.Child))
	})
	for _, l := range links {
		if !o.parted[[2]event.Identifier{l.Child, l.Parent}] && parent[l.Child] == "" && root(l.Parent) != l.Child {
			parent[l.Child] = l.Parent
		}
	}
	out := map[event.Identifier]event.Identifier{}
	for id := range o.copies {
		out[id] = root(id)
	}
	return out
}

// count computes every window of every grain from whole journeys.
func (o *oracle) count(until event.Millis) error {
	calendar, err := o.Calendar()
	if err != nil {
		return err
	}
	if o.people = o.roots(); o.caps != (identity.Caps{}) {
		if o.people, err = o.limited(); err != nil {
			return err
		}
	}
	lines := map[event.Identifier][]journey.Line{}
	for id, root := range o.people {
		lines[root] = append(lines[root], journey.Line{Identifier: id, Touchpoints: o.copies[id]})
	}
	in := recount.In{Calendar: calendar, Currency: o.Currency, Later: true}
	for _, root := range slices.Sorted(maps.Keys(lines)) {
		life := in.Life(journey.Fold(root, lines[root], o.claims, o.fold, until))
		for _, row := range life.Rows {
			day := calendar.At(period.Day, row.At.Time()).Key
			o.steps[day] = append(o.steps[day], row)
		}
		o.lives[root] = life
	}
	o.counts = in.Windows(slices.Collect(maps.Values(o.lives)))
	return nil
}
