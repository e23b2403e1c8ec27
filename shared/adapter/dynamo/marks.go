package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
)

// maxMarkBytes bounds the identifiers of one mark as JSON.
const maxMarkBytes = 300 << 10

func marked(workspace string) string { return partition(workspace, "dirty") }

// PutMarks stores marks, each under a key of its own that no other mark ever has. One with very many identifiers is stored as several.
func (t *Table) PutMarks(ctx context.Context, workspace string, marks []kpi.Mark) error {
	items, err := t.markItems(workspace, marks)
	if err != nil {
		return err
	}
	writes := make([]types.WriteRequest, len(items))
	for n, i := range items {
		writes[n] = putRequest(i)
	}
	return translate("write marks", t.batchWrite(ctx, writes))
}

func (t *Table) markItems(workspace string, marks []kpi.Mark) ([]item, error) {
	var items []item
	for _, whole := range marks {
		for _, m := range splitMark(whole) {
			i, err := t.note(marked(workspace), fmt.Sprintf("%015d#%s#%s", m.NotBefore, m.Grain, m.Key), m)
			if err != nil {
				return nil, fmt.Errorf("encode mark: %w", err)
			}
			items = append(items, i)
		}
	}
	return items, nil
}

// note makes an item of its own, whose key begins with a text and is never used twice.
func (t *Table) note(pk, begin string, value any) (item, error) {
	return t.packed(address{pk, begin + "#" + rand.Text()}, value)
}

func splitMark(m kpi.Mark) []kpi.Mark {
	var out []kpi.Mark
	from, size := 0, 0
	for n, id := range m.Identifiers {
		if size+len(id) > maxMarkBytes {
			part := m
			part.Identifiers = m.Identifiers[from:n]
			out, from, size = append(out, part), n, 0
		}
		size += len(id) + len(`"",`)
	}
	m.Identifiers = m.Identifiers[from:]
	return append(out, m)
}

// Marks reads the marks that are due by an instant, each with its handle. Those of changes that time will make lie behind it in the order of
// sort keys, and are not read.
func (t *Table) Marks(ctx context.Context, workspace string, until event.Millis) ([]kpi.Mark, error) {
	due := span{pk: marked(workspace), from: fmt.Sprintf("%015d", 0), to: fmt.Sprintf("%015d#~", until)}
	marks, err := notes(ctx, t, due, func(m *kpi.Mark, handle string) { m.Handle = handle })
	return marks, translate("read marks", err)
}

// notes reads a span of notes, each with its sort key as handle.
func notes[T any](ctx context.Context, t *Table, s span, name func(value *T, handle string)) ([]T, error) {
	var out []T
	for i, err := range t.query(ctx, s) {
		if err != nil {
			return nil, err
		}
		var value T
		if err := t.unpack(i, &value); err != nil {
			return nil, err
		}
		name(&value, i.text("SK"))
		out = append(out, value)
	}
	return out, nil
}

// DeleteMarks deletes the marks that were read, by their handles; those that are gone are gone.
func (t *Table) DeleteMarks(ctx context.Context, workspace string, handles []string) error {
	return translate("delete marks", t.deleteNotes(ctx, marked(workspace), handles))
}

func (t *Table) deleteNotes(ctx context.Context, pk string, handles []string) error {
	writes := make([]types.WriteRequest, 0, len(handles))
	seen := make(map[string]bool, len(handles))
	for _, handle := range handles {
		if !seen[handle] {
			seen[handle] = true
			writes = append(writes, deleteRequest(address{pk, handle}))
		}
	}
	return t.batchWrite(ctx, writes)
}
