package memory

import (
	"maps"
	"slices"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/profile"
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

func cloneTouchpoint(t event.Touchpoint) event.Touchpoint {
	if t.Order != nil {
		order := *t.Order
		t.Order = &order
	}
	t.Properties = maps.Clone(t.Properties)
	return t
}

func cloneTouchpoints(touchpoints []event.Touchpoint) []event.Touchpoint {
	return cloneAll(touchpoints, cloneTouchpoint)
}

func cloneAggregate(a profile.Aggregate) profile.Aggregate {
	a.Signs, a.Evidence = maps.Clone(a.Signs), maps.Clone(a.Evidence)
	return a
}

func cloneTraits(traits profile.Traits) profile.Traits {
	out := maps.Clone(traits)
	for name, trait := range out {
		trait.Value = slices.Clone(trait.Value)
		out[name] = trait
	}
	return out
}

func cloneMark(m kpi.Mark) kpi.Mark {
	m.Identifiers = slices.Clone(m.Identifiers)
	return m
}

func cloneWindow(w kpi.Window) kpi.Window {
	w.Rows = slices.Clone(w.Rows)
	for n, row := range w.Rows {
		if row.Denominator != nil {
			denominator := *row.Denominator
			w.Rows[n].Denominator = &denominator
		}
	}
	return w
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
	e.Events = slices.Clone(e.Events)
	for n, raw := range e.Events {
		e.Events[n] = slices.Clone(raw)
	}
	return e
}

func cloneRecord(r event.Record) event.Record {
	r.Identifiers, r.Previous = slices.Clone(r.Identifiers), slices.Clone(r.Previous)
	r.Touchpoint = cloneTouchpoint(r.Touchpoint)
	return r
}

func cloneFacts(f kpi.Facts) kpi.Facts {
	f.Touches, f.Sessions, f.Entries = slices.Clone(f.Touches), slices.Clone(f.Sessions), slices.Clone(f.Entries)
	f.Orders, f.Refunds = slices.Clone(f.Orders), slices.Clone(f.Refunds)
	f.New, f.NewBuyer = cloneCell(f.New), cloneCell(f.NewBuyer)
	return f
}

func cloneCell(c *kpi.Cell) *kpi.Cell {
	if c == nil {
		return nil
	}
	out := *c
	return &out
}

func cloneWorkspace(w workspace.Workspace) workspace.Workspace {
	w.Keys = cloneAll(w.Keys, cloneKey)
	w.Pending, w.Former = cloneSide(w.Pending), cloneSide(w.Former)
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
	k.Origins = slices.Clone(k.Origins)
	return k
}
