package settle

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/journey"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
)

// Preview is what another version of a workspace would count otherwise.
type Preview struct {
	Concerned int                       // persons who were named, as they are now
	Persons   int                       // persons who would be counted otherwise, those that appear or go away among them
	Waiting   map[string]measure.Totals // by day: what the next settle adds for whoever was looked at, whatever version it counts under
	Changes   map[string]measure.Totals // by day: what the trial changes besides
}

// previewAtOnce is how many identifiers a preview loads together: it loads each twice.
const previewAtOnce = 200

// Preview says what would be counted of some identifiers, those named and others, and of whomever they concern, if the workspace were another
// version of itself, which differs in nothing but what is in quarantine. It folds persons as a settle does and writes nothing. Faults: Invalid
// preview_too_large when they concern more than most identifiers.
func (s *Settler) Preview(
	ctx context.Context, w, trial workspace.Workspace, named, others []event.Identifier, most int,
) (Preview, error) {
	now, err := s.open(ctx, w)
	if err != nil {
		return Preview{}, err
	}
	changed, err := life.Rules(s.Rules, trial)
	if err != nil {
		return Preview{}, fmt.Errorf("read rules of the trial: %w", err)
	}
	now.state, now.zone = now.state.In(w.Clock())
	if err := now.setClocks(); err != nil {
		return Preview{}, err
	}
	now.now = now.clockNow()
	p := &previewing{
		run: now, trial: changed, most: most, named: map[event.Identifier]bool{}, done: map[event.Identifier]bool{}, concerned: map[event.Identifier]bool{},
		waiting: ledger.NewChanges(s.Definitions.Set(), now.clock), changes: ledger.NewChanges(s.Definitions.Set(), now.clock),
	}
	for _, id := range named {
		p.named[id] = true
	}
	ids := slices.Compact(slices.Sorted(slices.Values(slices.Concat(named, others))))
	for chunk := range slices.Chunk(ids, previewAtOnce) {
		if err := p.look(ctx, chunk); err != nil {
			return Preview{}, err
		}
	}
	return Preview{Concerned: len(p.concerned), Persons: p.persons, Waiting: ofDays(p.waiting), Changes: ofDays(p.changes)}, nil
}

func ofDays(c *ledger.Changes) map[string]measure.Totals {
	days := map[string]measure.Totals{}
	for _, change := range c.List() {
		if change.Grain == period.Day {
			days[change.Key] = change.By
		}
	}
	return days
}

// previewing is a preview under way.
type previewing struct {
	*run
	trial   journey.Rules
	most    int
	named   map[event.Identifier]bool
	done    map[event.Identifier]bool // identifiers that were looked at
	waiting *ledger.Changes
	changes *ledger.Changes

	concerned map[event.Identifier]bool // roots
	persons   int
}

// look folds whoever some identifiers concern, under the rules of now and those of the trial.
func (p *previewing) look(ctx context.Context, ids []event.Identifier) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id event.Identifier) bool { return p.done[id] })
	if len(ids) == 0 {
		return nil
	}
	now, then, all, err := p.load(ctx, ids)
	if err != nil {
		return err
	}
	version := p.Definitions.Version
	for _, id := range all {
		if p.named[id] {
			p.concerned[now.Root(id)] = true
		}
		if p.done[id] {
			continue
		}
		p.done[id] = true
		counted := now.Profile(id)
		if counted.Zone >= len(p.clocks) {
			return ledger.ErrOvertaken(p.workspace.Name)
		}
		is := ledger.Count{Hours: p.hours(now, id, p.rules), Clock: p.clock, Version: version}
		p.waiting.Person(ledger.Count{Hours: counted.Hours, Clock: p.clocks[counted.Zone], Version: counted.Version}, is.Hours, version)
		would := p.hours(then, id, p.trial)
		p.changes.Person(is, would, version)
		if len(ledger.Changed(is.Hours, would)) > 0 {
			p.persons++
		}
	}
	return nil
}

// load loads everybody whom identifiers concern under either rules: whom they concern under one may concern others under the other.
func (p *previewing) load(ctx context.Context, ids []event.Identifier) (now, then *life.Loaded, all []event.Identifier, err error) {
	for {
		if now, err = life.LoadConcerned(ctx, p.Store, p.ns, p.caps(), p.rules, ids); err != nil {
			return nil, nil, nil, fmt.Errorf("load persons: %w", err)
		}
		if then, err = life.LoadConcerned(ctx, p.Store, p.ns, p.caps(), p.trial, ids); err != nil {
			return nil, nil, nil, fmt.Errorf("load persons of the trial: %w", err)
		}
		union := map[event.Identifier]bool{}
		for _, id := range slices.Concat(now.Identifiers(), then.Identifiers()) {
			union[id] = true
		}
		if len(p.done)+len(union) > p.most {
			return nil, nil, nil, fault.Newf(fault.Invalid, "preview_too_large",
				"more than %d identifiers would be counted anew, which is too many to preview at once; name a shorter time or a narrower condition", p.most)
		}
		if all = slices.Sorted(maps.Keys(union)); len(all) == len(ids) {
			return now, then, all, nil
		}
		ids = all
	}
}

// hours are what an identifier is counted with as the root of a person; none when it belongs to another.
func (p *previewing) hours(of *life.Loaded, id event.Identifier, rules journey.Rules) []ledger.Hour {
	if of.Root(id) != id {
		return nil
	}
	return ledger.Hours(p.clock, p.rows(of.Of(id).Journey(rules, p.now)))
}

// IsCounted says whether everybody is counted without what is in quarantine in a workspace, and with all else; so is nobody, where nobody was ever
// counted.
func IsCounted(state ledger.State, w workspace.Workspace) bool {
	return state.Rules == "" || state.Recount == "" && life.IsOf(state.Rules, w.Quarantines)
}

// IsRecounting says whether everybody is being counted anew, or will be by the next settle, which finds another zone or other quarantines.
func IsRecounting(state ledger.State, w workspace.Workspace) bool {
	return state.Recount != "" || !state.IsIn(w.Clock()) || !IsCounted(state, w)
}
