// Package archive is the format of the archive of accepted events: lines of JSON compressed with zstd, in a bucket. It
// also keeps the logs of committed runs there. What is in a record is for package event, where the objects lie is for
// the bucket underneath.
//
// A run writes one object for each UTC day of receipt,
// touchpoints/workspace=…/arrived=YYYY-MM-DD/hash=00-ff/run-….ndjson.zst. Its records are sorted by the hash of the
// identifier that they are kept under: the first byte of its SHA-256. Compaction merges the objects of a day into
// objects of a range of hashes each, hash=00-3f/part-…, so that few objects are read for one identifier. Athena and
// other engines read all of them as one partitioned table. Objects of former releases lie under arrived=…/hour=HH/ and
// are read alike.
//
//	a := archive.New(bucket.New(client, "waymark-archive"))
//	err := a.PutEvents(ctx, "demo", run, records)
package archive

import (
	"context"
	"fmt"
	"io"
	"iter"

	"waymark/shared/domain/event"
)

const contentType = "application/zstd"

// Objects is the bucket underneath. Its errors are passed on with their kinds.
type Objects interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	Delete(ctx context.Context, key string) error
}

// Archive writes and reads the objects of the archive.
type Archive struct {
	objects Objects
	lines   lines
	limits  Limits
}

// Limits bound the memory of compaction.
type Limits struct {
	PartBytes int // of text, after which an object ends; identifiers of one byte of the hash are never in two
	Chains    int // objects that are read side by side
}

// New is the archive in a bucket. 128 MB of text are about 15 MB in the bucket.
func New(objects Objects) *Archive {
	return NewWithin(objects, Limits{PartBytes: 128 << 20, Chains: 32})
}

// NewWithin is New with other limits.
func NewWithin(objects Objects, limits Limits) *Archive {
	return &Archive{objects: objects, lines: newLines(), limits: limits}
}

// Prefix is where all events of a workspace lie.
func Prefix(workspace string) string { return fmt.Sprintf("touchpoints/workspace=%s/", workspace) }

func dayPrefix(workspace, day string) string {
	return fmt.Sprintf("%sarrived=%s/", Prefix(workspace), day)
}

// PutEvents writes the events of a run, under its name: one object for each UTC day of receipt.
func (a *Archive) PutEvents(ctx context.Context, ws, name string, events []event.Record) error {
	days, err := sortedLines(events)
	if err != nil {
		return fmt.Errorf("encode events of run %s: %w", name, err)
	}
	for _, d := range days {
		key := fmt.Sprintf("%shash=00-ff/run-%s.ndjson.zst", dayPrefix(ws, d.day), name)
		if err := a.objects.Put(ctx, key, contentType, a.lines.pack(d.text())); err != nil {
			return err
		}
	}
	return nil
}

// Arrived lists the objects of the events that arrived on a UTC day (2006-01-02), sorted.
func (a *Archive) Arrived(ctx context.Context, ws, day string) ([]string, error) {
	var keys []string
	for key, err := range a.objects.Keys(ctx, dayPrefix(ws, day)) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Read yields the events of an object as it is read. After an error, fault.NotFound among them, nothing more comes.
func (a *Archive) Read(ctx context.Context, key string) iter.Seq2[event.Record, error] {
	return read[event.Record](ctx, a.objects, key)
}

// Keys yields the keys of objects that begin with a prefix, sorted.
func (a *Archive) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return a.objects.Keys(ctx, prefix)
}

// Delete removes an object; one that is not there is no error.
func (a *Archive) Delete(ctx context.Context, key string) error {
	return a.objects.Delete(ctx, key)
}
