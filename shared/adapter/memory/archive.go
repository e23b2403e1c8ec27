package memory

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
)

// Archive keeps what archive.Archive keeps. It is safe for concurrent use.
type Archive struct {
	mu      sync.Mutex
	records map[string][]event.Record
	days    map[string]kpi.Day
}

// NewArchive is an empty archive.
func NewArchive() *Archive {
	return &Archive{records: map[string][]event.Record{}, days: map[string]kpi.Day{}}
}

// Put is archive.Archive.Put.
func (a *Archive) Put(_ context.Context, key string, records []event.Record) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.records[key] = cloneAll(records, cloneRecord)
	return nil
}

// Read is archive.Archive.Read.
func (a *Archive) Read(_ context.Context, key string) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		a.mu.Lock()
		stored, found := a.records[key]
		records := cloneAll(stored, cloneRecord)
		a.mu.Unlock()
		if !found {
			yield(event.Record{}, missing(key))
			return
		}
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func missing(key string) error {
	return fault.Newf(fault.NotFound, "no_such_object", "there is no object %s", key)
}

// Keys is archive.Archive.Keys.
func (a *Archive) Keys(_ context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		a.mu.Lock()
		keys := append(slices.Collect(maps.Keys(a.records)), slices.Collect(maps.Keys(a.days))...)
		a.mu.Unlock()
		slices.Sort(keys)
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
				return
			}
		}
	}
}

// PutFacts is archive.Archive.PutFacts.
func (a *Archive) PutFacts(_ context.Context, key string, d kpi.Day) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.days[key] = cloneDay(d)
	return nil
}

func cloneDay(d kpi.Day) kpi.Day {
	d.Identifiers = slices.Clone(d.Identifiers)
	d.Persons = cloneAll(d.Persons, cloneFacts)
	return d
}

// Facts is archive.Archive.Facts.
func (a *Archive) Facts(_ context.Context, key string) (kpi.Day, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, found := a.days[key]
	if !found {
		return kpi.Day{}, missing(key)
	}
	return cloneDay(d), nil
}

// Persons is archive.Archive.Persons.
func (a *Archive) Persons(ctx context.Context, key string) (persons iter.Seq[kpi.Facts], failed func() error) {
	var problem error
	persons = func(yield func(kpi.Facts) bool) {
		var d kpi.Day
		d, problem = a.Facts(ctx, key)
		for _, f := range d.Persons {
			if !yield(f) {
				return
			}
		}
	}
	return persons, func() error { return problem }
}

// Delete is archive.Archive.Delete.
func (a *Archive) Delete(_ context.Context, key string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.records, key)
	delete(a.days, key)
	return nil
}
