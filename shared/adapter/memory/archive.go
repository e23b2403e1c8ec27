package memory

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

// Archive keeps what archive.Archive keeps. It is safe for concurrent use.
type Archive struct {
	Now func() time.Time // when objects are written; time.Now unless set

	mu      sync.Mutex
	records map[string][]event.Record
	written map[string]time.Time // of records
	logs    map[string]ledger.Log
	days    map[dayOf]map[event.Identifier]personDay
}

// NewArchive is an empty archive.
func NewArchive() *Archive {
	return &Archive{
		Now: time.Now, records: map[string][]event.Record{}, written: map[string]time.Time{}, logs: map[string]ledger.Log{},
		days: map[dayOf]map[event.Identifier]personDay{},
	}
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

// Keys is archive.Archive.Keys, of logs and steps too.
func (a *Archive) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return a.KeysSince(ctx, prefix, 0)
}

// KeysSince is bucket.Bucket.KeysSince. Logs and steps are as old as can be.
func (a *Archive) KeysSince(_ context.Context, prefix string, since event.Millis) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range a.keys(since) {
			if strings.HasPrefix(key, prefix) && !yield(key, nil) {
				return
			}
		}
	}
}

func (a *Archive) keys(since event.Millis) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var keys []string
	for key := range a.records {
		if event.At(a.written[key]) >= since {
			keys = append(keys, key)
		}
	}
	if since == 0 {
		keys = slices.AppendSeq(keys, maps.Keys(a.logs))
		for day := range a.days {
			keys = append(keys, day.key())
		}
	}
	slices.Sort(keys)
	return keys
}

// put keeps records under a key. Callers hold the lock.
func (a *Archive) put(key string, records []event.Record) {
	a.records[key], a.written[key] = records, a.Now()
}

func arrivedPrefix(ws, day string) string {
	return fmt.Sprintf("touchpoints/workspace=%s/arrived=%s/", ws, day)
}

// PutEvents is archive.Archive.PutEvents.
func (a *Archive) PutEvents(_ context.Context, ws, name string, events []event.Record) error {
	days := map[string][]event.Record{}
	for _, r := range events {
		day := r.Touchpoint.Received.Day()
		days[day] = append(days[day], cloneRecord(r))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, day := range sortedKeys(days) {
		key := fmt.Sprintf("%shash=00-ff/run-%s.ndjson.zst", arrivedPrefix(ws, day), name)
		a.put(key, days[day])
	}
	return nil
}

// Arrived is archive.Archive.Arrived.
func (a *Archive) Arrived(ctx context.Context, ws, day string) (keys []string, err error) {
	for key := range a.Keys(ctx, arrivedPrefix(ws, day)) {
		keys = append(keys, key)
	}
	return keys, nil
}

// CompactEvents is archive.Archive.CompactEvents.
func (a *Archive) CompactEvents(_ context.Context, ws, day string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	prefix := arrivedPrefix(ws, day) + "hash="
	var all []event.Record
	seen := map[string]bool{}
	for _, key := range sortedKeys(a.records) {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		for _, r := range a.records[key] {
			delivery := fmt.Sprint(r.Request, " ", r.Index, " ", r.Identifiers, " ", string(r.Touchpoint.Bytes()))
			if !seen[delivery] {
				all = append(all, r)
			}
			seen[delivery] = true
		}
		delete(a.records, key)
	}
	if len(all) > 0 { // the name tells the content, as in the archive
		a.put(fmt.Sprintf("%s00-ff/part-%x.ndjson.zst", prefix, sha256.Sum256(fmt.Append(nil, slices.Sorted(maps.Keys(seen))))), all)
	}
	return nil
}

func logKey(ns workspace.Namespace, name string) string {
	return fmt.Sprintf("settle/workspace=%s/%s.json.zst", ns, name)
}

// PutLog is archive.Archive.PutLog.
func (a *Archive) PutLog(_ context.Context, ns workspace.Namespace, name string, l ledger.Log) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.logs[logKey(ns, name)] = cloneLog(l)
	return nil
}

// Log is archive.Archive.Log.
func (a *Archive) Log(_ context.Context, ns workspace.Namespace, name string) (l ledger.Log, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	stored, found := a.logs[logKey(ns, name)]
	if !found {
		return l, missing(name)
	}
	return cloneLog(stored), nil
}

// DeleteLog is archive.Archive.DeleteLog.
func (a *Archive) DeleteLog(_ context.Context, ns workspace.Namespace, name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.logs, logKey(ns, name))
	return nil
}

// Delete is archive.Archive.Delete.
func (a *Archive) Delete(_ context.Context, key string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.records, key)
	delete(a.logs, key)
	maps.DeleteFunc(a.days, func(day dayOf, _ map[event.Identifier]personDay) bool { return day.key() == key })
	return nil
}
