package settle

import (
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
)

// plan is what one slice settles.
type plan struct {
	began   event.Millis   // by the clock, before anything was read
	records []string       // handles
	next    string         // handle of the first record that is left for another slice
	events  []event.Record // for the archive
	dues    []string       // handles
	ids     map[event.Identifier]bool
	dueIDs  map[event.Identifier]bool // those of ids that are due: their dues are done, whoever else names them
	more    bool

	recount func(ledger.State) ledger.State // what the slice does for a recount of everybody; nil for nothing
}

// recordsAtOnce is how many records are read together: each may hold thousands of events.
const recordsAtOnce = 10

// plan reads records until there are enough identifiers, then those who are due, and at last some of everybody where rules have changed.
func (r *run) plan(ctx context.Context) (plan, error) {
	p := plan{began: r.clockNow(), ids: map[event.Identifier]bool{}, dueIDs: map[event.Identifier]bool{}}
	if err := r.planRecords(ctx, &p, r.most); err != nil {
		return p, err
	}
	if len(p.ids) < r.most {
		dues, more, err := r.Store.Dues(ctx, r.ns, r.now, r.most)
		if err != nil {
			return p, fmt.Errorf("read dues: %w", err)
		}
		p.more = p.more || more
		for _, d := range dues {
			p.dues = append(p.dues, d.Handle)
			for _, id := range d.Identifiers {
				p.ids[id], p.dueIDs[id] = true, true
			}
		}
	} else {
		p.more = true
	}
	if !p.more {
		return p, r.planRecount(ctx, &p, r.most)
	}
	return p, nil
}

func (r *run) planRecords(ctx context.Context, p *plan, most int) error {
	isFull := func() bool { return len(p.ids) >= most || len(p.events) >= touchpointsAtOnce }
	for from := r.state.Cursor; !isFull(); {
		batches, next, err := r.Store.Batches(ctx, r.ns, from, recordsAtOnce)
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for i, b := range batches {
			if r.state.IsSettled(b.Handle) {
				continue
			}
			if isFull() {
				p.next, p.more = batches[i].Handle, true
				return nil
			}
			p.records = append(p.records, b.Handle)
			p.events = append(p.events, b.Events...)
			for _, id := range b.Identifiers {
				p.ids[id] = true
			}
		}
		if p.next = next; next == "" {
			return nil
		}
		from = next
	}
	p.more = p.more || p.next != ""
	return nil
}

// planRecount adds some of everybody when they were counted under other rules than those of now.
func (r *run) planRecount(ctx context.Context, p *plan, most int) error {
	rules := r.state.Recount
	if rules == "" {
		return nil
	}
	persons, next, err := r.Store.Everybody(ctx, r.ns, r.state.After, most)
	if err != nil {
		return fmt.Errorf("list everybody: %w", err)
	}
	for _, id := range persons {
		p.ids[id] = true
	}
	if next == "" {
		p.recount = r.countedUnder(rules)
		return nil
	}
	p.more = true
	p.recount = func(s ledger.State) ledger.State {
		s.After = next
		return s
	}
	return nil
}

// learn fits the next slice to what is known of this one: touchpoints is how many were loaded for so many identifiers.
func (r *run) learn(identifiers, touchpoints int) {
	if r.AtOnce == 0 && identifiers > 0 {
		fit := touchpointsAtOnce * identifiers / max(touchpoints, 1)
		r.most = max(1, min(fit, 4*r.most, identifiersAtOnce))
	}
}

// countedUnder notes that everybody is counted under some rules.
func (r *run) countedUnder(rules string) func(ledger.State) ledger.State {
	return func(s ledger.State) ledger.State {
		s.Rules, s.Definitions, s.Zone, s.Recount, s.After = rules, r.Definitions.Version, r.zone, "", ""
		return s
	}
}

func (p plan) recounted(s ledger.State) ledger.State {
	if p.recount == nil {
		return s
	}
	return p.recount(s)
}

// rulesID names everything that the numbers of a person depend on besides their touchpoints.
func rulesID(r *run) string {
	return fmt.Sprint(r.rules.ID, " ", r.Definitions.Version, " ", r.workspace.Currency, " ", r.workspace.Clock())
}
