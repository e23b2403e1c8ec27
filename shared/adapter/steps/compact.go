package steps

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
)

// Rules of compaction:
//
//   - An object is deleted only after all of its rows that count were written elsewhere, so a crash leaves copies,
//     never a hole.
//   - A merged object is named by its content. Two compactions at a time, or one that is begun again, can replace an
//     object only by itself.
//   - Rows of type none stay: they keep out an older run's object that comes late.

// CompactSteps merges the objects of a day until none overlap, and drops the rows that a later run has replaced. What
// Steps yields stays the same. Memory is for so many objects as the limits say, and for the one that is being written.
func (t *Table) CompactSteps(ctx context.Context, ns workspace.Namespace, day string) error {
	for {
		chains, err := t.chains(ctx, ns, day)
		if err != nil {
			return err
		}
		if len(chains) < 2 {
			return nil
		}
		for some := range slices.Chunk(chains, max(t.limits.Chains, 2)) {
			if len(some) < 2 {
				continue
			}
			if err := t.compact(ctx, dayPrefix(ns, day), some); err != nil {
				return fmt.Errorf("compact %s: %w", dayPrefix(ns, day), err)
			}
		}
	}
}

// compact writes what counts in some chains into objects of their own, and deletes the chains.
func (t *Table) compact(ctx context.Context, prefix string, chains []chain) error {
	m, err := t.merge(ctx, chains, step.AllColumns)
	if err != nil {
		return err
	}
	out := partWriter{table: t, prefix: prefix, written: map[string]bool{}, writer: t.writers.Get().(*writer)}
	defer t.writers.Put(out.writer)
	for !m.isOver() {
		if err := out.person(ctx, m); err != nil {
			return err
		}
	}
	if err := out.end(ctx); err != nil {
		return err
	}
	for _, c := range chains {
		for _, p := range c.parts {
			if out.written[p.key] {
				continue
			}
			if err := t.objects.Delete(ctx, p.key); err != nil {
				return err
			}
		}
	}
	return nil
}

// partWriter writes persons into objects of a range of hashes each.
type partWriter struct {
	table   *Table
	prefix  string
	written map[string]bool

	writer   *writer
	rows     int // of the object that is open
	from, to byte
}

// person writes what counts of the next person of a merge.
func (w *partWriter) person(ctx context.Context, m *merge) error {
	taken := m.take()
	best := slices.MaxFunc(taken, func(a, b *cursor) int { return int(a.run - b.run) })
	if err := w.at(ctx, byte(best.hash>>56)); err != nil {
		return err
	}
	for _, c := range taken {
		err := c.each(ctx, func(r *record) {
			if c == best {
				w.writer.add(*r)
				w.rows++
			}
		})
		if err != nil {
			return err
		}
	}
	m.put(taken)
	return nil
}

// at opens an object for persons whose hash begins with a byte, unless the open one has room.
func (w *partWriter) at(ctx context.Context, first byte) error {
	if w.rows >= w.table.limits.PartRows && first != w.to {
		if err := w.end(ctx); err != nil {
			return err
		}
	}
	if w.rows == 0 {
		w.writer.begin()
		w.from = first
	}
	w.to = first
	return nil
}

// end writes the object that is open, if any.
func (w *partWriter) end(ctx context.Context) error {
	if w.rows == 0 {
		return nil
	}
	body, err := w.writer.end()
	if err != nil {
		return err
	}
	w.rows = 0
	sum := sha256.Sum256(body)
	key := fmt.Sprintf("%spart=%02x-%02x-%x.parquet", w.prefix, w.from, w.to, sum[:8])
	w.written[key] = true
	return w.table.objects.Put(ctx, key, contentType, body)
}
