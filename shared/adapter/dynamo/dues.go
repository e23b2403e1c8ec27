package dynamo

import (
	"context"
	"fmt"

	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

func dues(ns workspace.Namespace) string { return partition(ns, "due") }

// PutDues stores dues under their handles, which begin with ledger.HandleAt of the instant and differ from each
// other. One of a handle that is there is replaced; one of very many identifiers is stored as several.
func (t *Table) PutDues(ctx context.Context, ns workspace.Namespace, all []ledger.Due) error {
	var items []item
	for _, d := range all {
		bodies, err := split(t.codec, d, halveDue)
		if err != nil {
			return fmt.Errorf("encode due: %w", err)
		}
		items = append(items, several(dues(ns), d.Handle, bodies)...)
	}
	return translate("write dues", t.bulkWrite(ctx, puts(items)))
}

func halveDue(d ledger.Due) (first, second ledger.Due, ok bool) {
	half := len(d.Identifiers) / 2
	first, second = d, d
	first.Identifiers, second.Identifiers = d.Identifiers[:half], d.Identifiers[half:]
	return first, second, half > 0
}

// Dues reads what is due by an instant, the earliest first, limit at most. What is due later lies behind it and is
// not read.
func (t *Table) Dues(
	ctx context.Context, ns workspace.Namespace, until event.Millis, limit int,
) (found []ledger.Due, more bool, err error) {
	s := span{pk: dues(ns), from: ledger.HandleAt(0), to: ledger.HandleAt(until) + "~", limit: justOver(limit)}
	found, next, err := readSome(ctx, t, s, limit, func(d *ledger.Due, handle string) { d.Handle = handle })
	return found, next != "", translate("read dues", err)
}

// DeleteDues deletes dues by their handles; those that are gone are gone.
func (t *Table) DeleteDues(ctx context.Context, ns workspace.Namespace, handles []string) error {
	return translate("delete dues", t.deleteNotes(ctx, dues(ns), handles))
}
