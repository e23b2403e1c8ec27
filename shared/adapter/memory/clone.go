package memory

import (
	"encoding/json"
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
)

// The copies go as deep as there is memory to share.

func cloneAll[T any](in []T, clone func(T) T) []T {
	if in == nil {
		return nil
	}
	out := make([]T, len(in))
	for n, value := range in {
		out[n] = clone(value)
	}
	return out
}

// cloneTouchpoint leaves out what is derived, as JSON does.
func cloneTouchpoint(t event.Touchpoint) event.Touchpoint {
	t.OwnChannel, t.UsualChannel, t.Bot = "", "", ""
	if t.Order != nil {
		order := *t.Order
		t.Order = &order
	}
	t.Properties, t.Others, t.Traits = maps.Clone(t.Properties), slices.Clone(t.Others), maps.Clone(t.Traits)
	for name, value := range t.Traits {
		t.Traits[name] = slices.Clone(value)
	}
	return t
}

func cloneTouchpoints(touchpoints []event.Touchpoint) []event.Touchpoint {
	return cloneAll(touchpoints, cloneTouchpoint)
}

func cloneProfile(p ledger.Profile) ledger.Profile {
	p.Members, p.History = slices.Clone(p.Members), slices.Clone(p.History)
	p.Channels, p.Revenue = maps.Clone(p.Channels), maps.Clone(p.Revenue)
	p.Hours = cloneAll(p.Hours, func(h ledger.Hour) ledger.Hour {
		h.Facts.Entries = cloneAll(h.Facts.Entries, func(e measure.Entry) measure.Entry {
			e.Money = slices.Clone(e.Money)
			return e
		})
		return h
	})
	return p
}

func cloneBatch(b ledger.Batch) ledger.Batch {
	b.Identifiers, b.Events = slices.Clone(b.Identifiers), cloneAll(b.Events, cloneRecord)
	return b
}

func cloneDue(d ledger.Due) ledger.Due {
	d.Identifiers = slices.Clone(d.Identifiers)
	return d
}

func cloneListing(l ledger.Listing) ledger.Listing {
	l.Persons = slices.Clone(l.Persons)
	return l
}

func cloneState(s ledger.State) ledger.State {
	s.Tail = slices.Clone(s.Tail)
	return s
}

func cloneWindow(w kpi.Window) kpi.Window {
	w.Totals, w.Rows = cloneTotals(w.Totals), nil
	return w
}

func cloneTotals(t measure.Totals) measure.Totals {
	if t.Groups == nil {
		return measure.Totals{Names: slices.Clone(t.Names)}
	}
	length := 0
	for _, group := range t.Groups {
		length += len(group)
	}
	groups, numbers := make(map[measure.Key][]wide.Int, len(t.Groups)), make([]wide.Int, 0, length)
	for key, group := range t.Groups {
		from := len(numbers)
		numbers = append(numbers, group...)
		groups[key] = numbers[from:len(numbers):len(numbers)]
	}
	return measure.Totals{Names: slices.Clone(t.Names), Groups: groups}
}

func cloneLog(l ledger.Log) ledger.Log {
	l.Profiles = cloneAll(l.Profiles, func(s ledger.Saved) ledger.Saved { return ledger.Saved{ID: s.ID, Profile: cloneProfile(s.Profile)} })
	l.Changes = cloneAll(l.Changes, func(c ledger.Change) ledger.Change { return ledger.Change{Window: c.Window, By: cloneTotals(c.By)} })
	l.Days = cloneAll(l.Days, func(d ledger.Day) ledger.Day {
		return ledger.Day{Key: d.Key, Persons: slices.Clone(d.Persons), Rows: cloneAll(d.Rows, cloneRow)}
	})
	l.Dues, l.Listings, l.Done = cloneAll(l.Dues, cloneDue), cloneAll(l.Listings, cloneListing), slices.Clone(l.Done)
	return l
}

func cloneFailed(f event.Failed) event.Failed {
	f.Context = slices.Clone(f.Context)
	return f
}

func cloneEnvelope(e event.Envelope) event.Envelope {
	e.Context = slices.Clone(e.Context)
	if e.Refused != nil {
		refused := *e.Refused
		e.Refused = &refused
	}
	e.At = slices.Clone(e.At)
	e.Events = cloneAll(e.Events, slices.Clone[json.RawMessage])
	e.Parsed = cloneAll(e.Parsed, cloneEvent)
	return e
}

// cloneEvent shares the lists and objects within properties and traits, which nobody changes.
func cloneEvent(e event.Event) event.Event {
	e.Identifiers, e.Previous = slices.Clone(e.Identifiers), slices.Clone(e.Previous)
	if e.Order != nil {
		order := *e.Order
		e.Order = &order
	}
	e.Properties, e.Traits = maps.Clone(e.Properties), maps.Clone(e.Traits)
	return e
}

func cloneRecord(r event.Record) event.Record {
	r.Identifiers, r.Previous = slices.Clone(r.Identifiers), slices.Clone(r.Previous)
	r.Touchpoint = cloneTouchpoint(r.Touchpoint)
	return r
}

func cloneWorkspace(w workspace.Workspace) workspace.Workspace {
	w.Keys, w.Latest = cloneAll(w.Keys, cloneKey), slices.Clone(w.Latest)
	w.Pending, w.Former, w.Quarantines = cloneSide(w.Pending), cloneSide(w.Former), slices.Clone(w.Quarantines)
	return w
}

func cloneSide(s *workspace.Side) *workspace.Side {
	if s == nil {
		return nil
	}
	out := *s
	return &out
}

func cloneKey(k workspace.Key) workspace.Key {
	k.Origins, k.Secrets = slices.Clone(k.Origins), slices.Clone(k.Secrets)
	return k
}

func cloneRow(r step.Row) step.Row {
	if r.Order != nil {
		order := *r.Order
		r.Order = &order
	}
	return r
}
