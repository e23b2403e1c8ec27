package sim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
)

// oracle is what one plain pass over the accepted events of a workspace says: it takes each in turn, in one thread, without batches, versions,
// repeats or marks, and then counts every window from whole lives.
type oracle struct {
	workspace.Workspace
	rules
	model  *stage.Model
	table  *memory.Table // what should be stored in the end
	copies map[event.Identifier][]event.Touchpoint
	traits map[event.Identifier]profile.Traits
	links  map[[2]event.Identifier]identity.Link
	claims map[string]profile.Claims
	parted map[[2]event.Identifier]bool // links that an operator cut
	counts map[name][]kpi.Row           // of every window in which anything counts
}

// name tells windows apart.
type name struct {
	workspace string
	grain     period.Grain
	key       string
}

// expected is the table that the accepted events make, and the rows of all windows.
func (w *World) expected() (*memory.Table, map[name][]kpi.Row, error) {
	table, counts := memory.NewTable(), map[name][]kpi.Row{}
	table.Now = w.table.Now
	for _, t := range tenants {
		o := oracle{
			Workspace: t, rules: w.rules, model: w.models[t.Model], table: table, counts: counts, copies: map[event.Identifier][]event.Touchpoint{},
			traits: map[event.Identifier]profile.Traits{}, links: map[[2]event.Identifier]identity.Link{}, claims: map[string]profile.Claims{},
			parted: map[[2]event.Identifier]bool{},
		}
		for _, envelope := range w.queue.sent {
			if envelope.Workspace == t.Name {
				o.take(envelope)
			}
		}
		if err := o.part(w.table); err != nil {
			return nil, nil, err
		}
		if err := o.put(w.settled); err != nil {
			return nil, nil, err
		}
		if err := table.PutWorkspace(background, t); err != nil {
			return nil, nil, err
		}
	}
	return table, counts, nil
}

func (o *oracle) take(envelope event.Envelope) {
	if refusal, ok := envelope.Refusal(); ok {
		if err := o.table.PutRefusal(background, o.Name, refusal); err != nil {
			panic("sim: memory takes every refusal: " + err.Error())
		}
	}
	var good []event.Event
	for i, raw := range envelope.Events {
		stamp := envelope.Stamp(i)
		e, err := event.Parse(raw, stamp)
		if err != nil {
			o.fail(stamp, raw, err)
			continue
		}
		good = append(good, e)
	}
	event.KeepOrder(good)
	for _, e := range good {
		e.Bot = o.bots.Of(e.Agent)
		id := e.Kept()
		if e.Type.Touches() {
			t := e.Touchpoint(string(o.channels.Sign(e.Marketing)), kept)
			o.copies[id] = append(o.copies[id], t)
			if key, claim, ok := profile.ClaimOf(t, id); ok {
				o.claims[key] = o.claims[key].Join(claim)
			}
		}
		o.traits[id] = o.traits[id].Join(profile.TraitsOf(e))
		for _, l := range identity.Links(e) {
			ends := [2]event.Identifier{l.Child, l.Parent}
			if known, found := o.links[ends]; !found || l.Evidence.Before(known.Evidence) {
				o.links[ends] = l
			}
		}
	}
}

func (o *oracle) fail(s event.Stamp, raw []byte, err error) {
	known := err.(*fault.Error)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", s.Request, s.Index, raw))
	err = o.table.PutFailed(background, event.Failed{
		ID: hex.EncodeToString(sum[:12]), Workspace: s.Workspace, Source: s.Source, Class: known.Code, Reason: known.Message, Field: known.Field,
		Handler: version, Received: s.Received, Request: s.Request, Index: s.Index, SentAt: s.SentAt, Context: s.Context, Type: s.Type,
		Original: string(raw),
	})
	if err != nil {
		panic("sim: memory takes every failed event: " + err.Error())
	}
}

// part takes the operators' decisions as they were made: they are orders, not events.
func (o *oracle) part(from *memory.Table) error {
	cuts, err := from.Cuts(background, o.Space())
	if err != nil {
		return err
	}
	for _, c := range cuts {
		o.parted[[2]event.Identifier{c.Child, c.Parent}] = !c.Undone
		if err := o.table.PutCut(background, o.Space(), c); err != nil {
			return err
		}
	}
	return nil
}

// put stores what was taken, each thing once.
func (o *oracle) put(until event.Millis) error {
	stageOf := func(t event.Touchpoint) string { name, _ := o.model.Evidence(t); return string(name) }
	for id, copies := range o.copies {
		distinct := event.Distinct(copies)
		for _, t := range distinct {
			if err := o.table.PutPage(background, o.Space(), id, []event.Touchpoint{t}); err != nil {
				return err
			}
		}
		whole := profile.Fold(distinct, stageOf)
		whole.Version, whole.Model = 1, o.model.ID()
		if err := o.table.Commit(background, o.Space(), id, whole); err != nil {
			return err
		}
	}
	for id, traits := range o.traits {
		if err := o.table.PutTraits(background, o.Space(), id, traits, 0); err != nil {
			return err
		}
	}
	for _, l := range o.links {
		if err := o.table.PutLink(background, o.Space(), l); err != nil {
			return err
		}
	}
	for key, claims := range o.claims {
		if err := o.table.PutClaims(background, o.Space(), key, claims, 0); err != nil {
			return err
		}
	}
	return o.count(until)
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
	lives := map[event.Identifier][]journey.Line{}
	for id, root := range o.roots() {
		lives[root] = append(lives[root], journey.Line{Identifier: id, Touchpoints: o.copies[id]})
	}
	tallies := map[name]*kpi.Tally{}
	windows := map[name]period.Window{}
	for _, root := range slices.Sorted(maps.Keys(lives)) {
		j := journey.Fold(root, lives[root], o.claims, o.model, until)
		own := map[name]bool{}
		for _, at := range j.Instants() {
			for _, g := range period.Grains() {
				w := calendar.At(g, at.Time())
				own[name{o.Name, w.Grain, w.Key}], windows[name{o.Name, w.Grain, w.Key}] = true, w
			}
		}
		for n := range own {
			f, counts := kpi.Of(j, event.At(windows[n].Start), event.At(windows[n].End), o.Currency)
			if !counts {
				continue
			}
			if tallies[n] == nil {
				tallies[n] = kpi.NewTally(o.Currency)
			}
			tallies[n].Add(f)
		}
	}
	for n, tally := range tallies {
		o.counts[n] = tally.Rows()
	}
	return nil
}
