// Package memory has the ports of the other adapters in the memory of one process: Table, Queue, Archive and Bucket keep the same promises
// as dynamo.Table, queue.Queue, archive.Archive and bucket.Bucket, and the suite in package adaptertest holds both to them. Tests and the
// simulator run on it; it is not for anything that must survive the process.
//
// Everything is copied on the way in and on the way out, so no caller shares memory with the store or with another caller. Nothing here
// depends on chance or on the order of maps.
//
//	table := memory.NewTable()
//	err := table.Commit(ctx, "demo", "user:42", profile.Aggregate{Version: 1})
package memory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/klauspost/compress/zstd"

	"waymark/shared/domain/fault"
)

// maxItemBytes is the limit of one DynamoDB item.
const maxItemBytes = 400 << 10

// checkSize refuses a value that DynamoDB would refuse even compressed.
func checkSize(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode item: %w", err)
	}
	return checkBytes(text)
}

func checkBytes(text []byte) error {
	if len(text) <= maxItemBytes {
		return nil
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("compress item: %w", err)
	}
	if size := len(encoder.EncodeAll(text, nil)); size > maxItemBytes {
		return fault.Newf(fault.Invalid, "too_large", "the item has %d bytes, DynamoDB takes %d: store less under one key", size, maxItemBytes)
	}
	return nil
}

// checkVersion holds a write to its condition: the stored version is the one that the writer read.
func checkVersion(stored, read int64) error {
	if stored != read {
		return fault.Newf(fault.Conflict, "conflict", "version %d is stored, not %d: another writer was first, load it again", stored, read)
	}
	return nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// keysWhere sorts only the keys that are wanted: a table keeps many that are long settled, or due in a year.
func keysWhere[V any](m map[string]V, wanted func(key string) bool) []string {
	var keys []string
	for key := range m {
		if wanted(key) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
