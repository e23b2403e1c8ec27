// Package archive is the format of the archive: objects of accepted events, and objects of what each person did on a day, as lines of JSON
// compressed with zstd. Where the objects lie is for the bucket underneath; what is in them is for package event and package kpi.
//
// Objects of events lie under touchpoints/workspace=…/arrived=YYYY-MM-DD/hour=HH/, the hour in UTC, so that Athena and other engines can read
// them as a partitioned table.
//
//	a := archive.New(bucket.New(client, "waymark-archive"))
//	err := a.Put(ctx, archive.Key("demo", now, requestID), records)
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
}

// New is the archive in a bucket.
func New(objects Objects) *Archive {
	return &Archive{objects: objects, lines: newLines()}
}

// Key is where the events of one invocation lie: those of a workspace, arrived at an instant, under an id of the invocation.
func Key(workspace string, arrived event.Millis, id string) string {
	t := arrived.Time()
	return fmt.Sprintf("touchpoints/workspace=%s/arrived=%s/hour=%s/%s.ndjson.zst", workspace, t.Format("2006-01-02"), t.Format("15"), id)
}

// Prefix is where all events of a workspace lie.
func Prefix(workspace string) string { return fmt.Sprintf("touchpoints/workspace=%s/", workspace) }

// ArrivedPrefix is where those lie that arrived on the UTC day of an instant.
func ArrivedPrefix(workspace string, day event.Millis) string {
	return fmt.Sprintf("%sarrived=%s/", Prefix(workspace), day.Day())
}

// Put writes an object of events.
func (a *Archive) Put(ctx context.Context, key string, records []event.Record) error {
	body, err := encode(a.lines, records)
	if err != nil {
		return fmt.Errorf("encode archive %s: %w", key, err)
	}
	return a.objects.Put(ctx, key, contentType, body)
}

// Read yields the events of an object as it is read. After an error, fault.NotFound among them, nothing more comes.
func (a *Archive) Read(ctx context.Context, key string) iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		object, err := a.objects.Open(ctx, key)
		if err != nil {
			yield(event.Record{}, err)
			return
		}
		defer object.Close()
		for record, err := range decode[event.Record](object) {
			if err != nil {
				err = fmt.Errorf("read archive %s: %w", key, err)
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

// Keys yields the keys of objects that begin with a prefix, sorted.
func (a *Archive) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return a.objects.Keys(ctx, prefix)
}

// Delete removes an object; one that is not there is no error.
func (a *Archive) Delete(ctx context.Context, key string) error {
	return a.objects.Delete(ctx, key)
}
