package archive

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"waymark/shared/domain/event"
)

// Rules of compaction:
//
//   - An object is deleted only after all of its records were written elsewhere, so a crash leaves doubles, never a
//     hole.
//   - A merged object is named by its content. Two compactions at a time, or one that is begun again, can replace an
//     object only by itself.
//   - Objects whose hashes do not overlap are one chain, which is read as if it were one object.

// CompactEvents merges the objects of events that arrived on a UTC day (2006-01-02) until none overlap, and drops
// doubles of one delivery. Callers choose a day that is over; events that are archived late are merged by the next
// call. After an error all events are still there.
func (a *Archive) CompactEvents(ctx context.Context, ws, day string) error {
	prefix := dayPrefix(ws, day)
	for {
		chains, err := a.chains(ctx, prefix)
		if err != nil {
			return err
		}
		if len(chains) < 2 {
			return nil
		}
		for some := range slices.Chunk(chains, max(a.limits.Chains, 2)) {
			if len(some) < 2 {
				continue
			}
			if err := a.mergeChains(ctx, prefix, some); err != nil {
				return fmt.Errorf("compact %s: %w", prefix, err)
			}
		}
	}
}

// part is an object with the range of hashes in its name.
type part struct {
	key      string
	from, to byte
}

type chain []part

var partName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^hash=([0-9a-f]{2})-([0-9a-f]{2})/[^/]+\.ndjson\.zst$`)
})

// chains are the objects of a day in as few chains as can be. Objects that are named otherwise are left alone.
func (a *Archive) chains(ctx context.Context, prefix string) ([]chain, error) {
	var parts []part
	for key, err := range a.objects.Keys(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		if m := partName().FindStringSubmatch(strings.TrimPrefix(key, prefix)); m != nil {
			from, _ := strconv.ParseUint(m[1], 16, 8)
			to, _ := strconv.ParseUint(m[2], 16, 8)
			parts = append(parts, part{key, byte(from), byte(to)})
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.from, b.from) })
	var chains []chain
	for _, p := range parts {
		at := slices.IndexFunc(chains, func(c chain) bool { return c[len(c)-1].to < p.from })
		if at < 0 {
			chains = append(chains, chain{p})
			continue
		}
		chains[at] = append(chains[at], p)
	}
	return chains, nil
}

func (a *Archive) mergeChains(ctx context.Context, prefix string, chains []chain) error {
	out := partWriter{archive: a, prefix: prefix, written: map[string]bool{}}
	for l, err := range a.merged(ctx, chains) {
		if err != nil {
			return err
		}
		if err := out.add(ctx, l); err != nil {
			return err
		}
	}
	if err := out.end(ctx); err != nil {
		return err
	}
	for _, p := range slices.Concat(chains...) {
		if out.written[p.key] {
			continue
		}
		if err := a.objects.Delete(ctx, p.key); err != nil {
			return err
		}
	}
	return nil
}

// merged yields the lines of chains in their order, without doubles.
func (a *Archive) merged(ctx context.Context, chains []chain) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		sources := make([]source, len(chains))
		for i, c := range chains {
			next, stop := iter.Pull2(a.chainLines(ctx, c))
			defer stop()
			sources[i].next = next
			if err := sources[i].advance(); err != nil {
				yield(line{}, err)
				return
			}
		}
		var last line
		for {
			least := -1
			for i := range sources {
				if !sources[i].isOver && (least < 0 || compareLines(sources[i].head, sources[least].head) < 0) {
					least = i
				}
			}
			if least < 0 {
				return
			}
			l := sources[least].head
			if !l.isDouble(last) && !yield(l, nil) {
				return
			}
			last = l
			if err := sources[least].advance(); err != nil {
				yield(line{}, err)
				return
			}
		}
	}
}

// source is a chain at the line that comes next.
type source struct {
	next   func() (line, error, bool)
	head   line
	isOver bool
}

func (s *source) advance() error {
	before := s.head
	l, err, more := s.next()
	if err != nil {
		return err
	}
	if !more {
		s.isOver = true
		return nil
	}
	if compareLines(l, before) < 0 {
		return fmt.Errorf("a record of %s is not in its place", l.kept)
	}
	s.head = l
	return nil
}

// chainLines yields the lines of the objects of a chain, one object after the other.
func (a *Archive) chainLines(ctx context.Context, c chain) iter.Seq2[line, error] {
	return func(yield func(line, error) bool) {
		for _, p := range c {
			for text, err := range readLines(ctx, a.objects, p.key) {
				var l line
				if err == nil {
					l, err = lineOf(text)
				}
				if err == nil && (l.hash < p.from || l.hash > p.to) {
					err = fmt.Errorf("a record of %s does not belong into %s", l.kept, p.key)
				}
				if !yield(l, err) || err != nil {
					return
				}
			}
		}
	}
}

func lineOf(text []byte) (line, error) {
	var r struct {
		Identifiers []event.Identifier `json:"i"`
		Touchpoint  struct {
			Received event.Millis `json:"r"`
		} `json:"e"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return line{}, fmt.Errorf("read record: %w", err)
	}
	if len(r.Identifiers) == 0 {
		return line{}, fmt.Errorf("a record is kept under no identifier")
	}
	kept := r.Identifiers[0]
	return line{hashOf(kept), kept, r.Touchpoint.Received, text}, nil
}

// partWriter writes sorted lines into objects of a range of hashes each.
type partWriter struct {
	archive *Archive
	prefix  string
	written map[string]bool

	encoder  *zstd.Encoder
	packed   bytes.Buffer
	name     hash.Hash
	size     int // of the text
	from, to byte
}

func (w *partWriter) add(ctx context.Context, l line) error {
	if w.name != nil && l.hash != w.to && w.size >= w.archive.limits.PartBytes {
		if err := w.end(ctx); err != nil {
			return err
		}
	}
	if w.name == nil {
		w.packed = bytes.Buffer{}
		w.encoder, w.name, w.from, w.size = newEncoder(&w.packed), sha256.New(), l.hash, 0
	}
	w.to = l.hash
	w.size += len(l.text)
	w.name.Write(l.text)
	_, err := w.encoder.Write(l.text)
	return err
}

// end writes the object that is open, if any.
func (w *partWriter) end(ctx context.Context) error {
	if w.name == nil {
		return nil
	}
	if err := w.encoder.Close(); err != nil {
		return err
	}
	key := fmt.Sprintf("%shash=%02x-%02x/part-%x.ndjson.zst", w.prefix, w.from, w.to, w.name.Sum(nil)[:8])
	w.name = nil
	w.written[key] = true
	return w.archive.objects.Put(ctx, key, contentType, w.packed.Bytes())
}
