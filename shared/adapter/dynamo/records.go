package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

func records(ns workspace.Namespace) string { return partition(ns, "records") }

// PutBatch writes the record of a batch, to be kept for ledger.KeepBatches. One of the same handle replaces it. One
// too large for an item is stored as several, each a record of its own with some of the events and of the
// identifiers; after an error some of them may be written.
func (t *Table) PutBatch(ctx context.Context, ns workspace.Namespace, b ledger.Batch) error {
	at, err := ledger.InstantOf(b.Handle)
	if err != nil {
		return err
	}
	bodies, err := split(t.codec, b, halveBatch)
	if err != nil {
		return fmt.Errorf("encode record of a batch: %w", err)
	}
	expires := number(at.Add(ledger.KeepBatches).Time().Unix())
	items := several(records(ns), b.Handle, bodies)
	for _, i := range items {
		i["expires_at"] = expires
	}
	if len(items) == 1 {
		return translate("write record of a batch", t.put(ctx, items[0], condition{}))
	}
	return translate("write record of a batch", t.bulkWrite(ctx, puts(items)))
}

func halveBatch(b ledger.Batch) (first, second ledger.Batch, ok bool) {
	first, second = b, b
	events, ids := len(b.Events)/2, len(b.Identifiers)/2
	first.Events, second.Events = b.Events[:events], b.Events[events:]
	first.Identifiers, second.Identifiers = b.Identifiers[:ids], b.Identifiers[ids:]
	return first, second, events+ids > 0
}

// Batches reads records in the order of their handles, from the first that is not below from, limit at most; next is
// the handle of the first that was left out, "" for none. Those that have expired are read like others until DynamoDB
// deletes them: a record counts until it is settled.
func (t *Table) Batches(
	ctx context.Context, ns workspace.Namespace, from string, limit int,
) (batches []ledger.Batch, next string, err error) {
	s := span{pk: records(ns), from: from, limit: justOver(limit)}
	batches, next, err = readSome(ctx, t, s, limit, func(b *ledger.Batch, handle string) { b.Handle = handle })
	return batches, next, translate("read records of batches", err)
}

// readSome reads the first values of a span, each with its sort key as handle. next is the handle of the first that
// was left out.
func readSome[T any](
	ctx context.Context, t *Table, s span, limit int, name func(value *T, handle string),
) (values []T, next string, err error) {
	for i, err := range t.query(ctx, s) {
		if err != nil {
			return nil, "", err
		}
		if len(values) == limit {
			return values, i.text("SK"), nil
		}
		var value T
		if err := t.unpack(i, &value); err != nil {
			return nil, "", err
		}
		name(&value, i.text("SK"))
		values = append(values, value)
	}
	return values, "", nil
}

// maxSplitBytes is how many bytes of a value are stored in one item before it is split.
const maxSplitBytes = 300 << 10

// split packs a value, halved until each part fits into an item. halve answers false for what has no halves.
func split[T any](c codec, value T, halve func(T) (first, second T, ok bool)) ([][]byte, error) {
	body, err := c.pack(value)
	if err != nil || len(body) <= maxSplitBytes {
		return [][]byte{body}, err
	}
	first, second, ok := halve(value)
	if !ok {
		return [][]byte{body}, nil
	}
	bodies, err := split(c, first, halve)
	if err != nil {
		return nil, err
	}
	rest, err := split(c, second, halve)
	return append(bodies, rest...), err
}

// several makes items of the bodies of one value; their sort keys are the value's own with a number behind it, if
// they are more than one.
func several(pk, sk string, bodies [][]byte) []item {
	items := make([]item, len(bodies))
	for n, body := range bodies {
		at := address{pk, sk}
		if len(bodies) > 1 {
			at.sk = fmt.Sprintf("%s#%03d", sk, n+1)
		}
		items[n] = at.item()
		items[n]["b"] = binary(body)
	}
	return items
}

func puts(items []item) []types.WriteRequest {
	writes := make([]types.WriteRequest, len(items))
	for n, i := range items {
		writes[n] = putRequest(i)
	}
	return writes
}
