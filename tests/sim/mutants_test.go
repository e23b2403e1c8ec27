package sim

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/profile"
)

// mutants are consumers with one known mistake each; everything else is the real handler.
var mutants = map[string]consumer{
	"pages before P": func(w *World, run *worker) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
		return handlerOf(w, &stores{World: w, run: run, pagesFirst: true})
	},
	"marker first":             mutant(mutated{markerFirst: true}),
	"version is not checked":   mutant(mutated{unchecked: true}),
	"no marks on repeats":      mutant(mutated{forgetful: true}),
	"whole batch acknowledged": acknowledgeAll,
}

func mutant(m mutated) consumer {
	return func(w *World, run *worker) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
		mistaken := m
		mistaken.stores = &stores{World: w, run: run}
		mistaken.pending = map[event.Identifier][]event.Touchpoint{}
		return handlerOf(w, &mistaken)
	}
}

// mutated changes what single calls do.
type mutated struct {
	*stores
	markerFirst bool
	unchecked   bool
	forgetful   bool
	refolded    bool
	pending     map[event.Identifier][]event.Touchpoint // marked, and not stored yet
}

// Load of "marker first" knows events by their markers, not by the pages.
func (m *mutated) Load(ctx context.Context, ws string, id event.Identifier, copies []event.Touchpoint) (profile.Aggregate, []event.Touchpoint, error) {
	a, pages, err := m.stores.Load(ctx, ws, id, copies)
	if m.markerFirst {
		pages = append(pages, m.markers[id]...)
	}
	return a, pages, err
}

// PutPage of "marker first" writes the markers; the page follows later, unless the invocation dies.
func (m *mutated) PutPage(ctx context.Context, ws string, id event.Identifier, page []event.Touchpoint) error {
	if !m.markerFirst {
		return m.stores.PutPage(ctx, ws, id, page)
	}
	m.pending[id] = append(m.pending[id], page...)
	return m.call(m.run, "put marker", func() error {
		m.markers[id] = append(m.markers[id], page...)
		return nil
	})
}

func (m *mutated) flush(ctx context.Context, ws string, id event.Identifier) error {
	days := map[string][]event.Touchpoint{}
	for _, t := range m.pending[id] {
		days[t.Original.Day()] = append(days[t.Original.Day()], t)
	}
	delete(m.pending, id)
	for _, page := range days {
		if err := m.stores.PutPage(ctx, ws, id, page); err != nil {
			return err
		}
	}
	return nil
}

func (m *mutated) Timeline(ctx context.Context, ws string, id event.Identifier) (profile.Aggregate, []event.Touchpoint, error) {
	m.refolded = true
	if err := m.flush(ctx, ws, id); err != nil {
		return profile.Aggregate{}, nil, err
	}
	return m.stores.Timeline(ctx, ws, id)
}

// Commit of "version is not checked" overwrites whatever another writer has put there.
func (m *mutated) Commit(ctx context.Context, ws string, id event.Identifier, a profile.Aggregate) error {
	if err := m.flush(ctx, ws, id); err != nil {
		return err
	}
	err := m.stores.Commit(ctx, ws, id, a)
	for m.unchecked && fault.KindOf(err) == fault.Conflict {
		stored, _, _ := m.table.Load(ctx, ws, id, nil)
		a.Version = stored.Version + 1
		err = m.stores.Commit(ctx, ws, id, a)
	}
	return err
}

// PutMarks of "no marks on repeats" takes it that whoever saw the events first has marked their windows.
func (m *mutated) PutMarks(ctx context.Context, ws string, marks []kpi.Mark) error {
	if m.forgetful && m.refolded {
		return nil
	}
	return m.stores.PutMarks(ctx, ws, marks)
}

// acknowledgeAll takes every message for done, whatever failed.
func acknowledgeAll(w *World, run *worker) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	handle := real(w, run)
	return func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
		_, err := handle(ctx, e)
		return events.SQSEventResponse{}, err
	}
}
