package dynamo

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
	"waymark/shared/domain/profile"
)

// batchesAtOnce bounds how many batches of a bulk write are under way at a time.
const batchesAtOnce = 8

// PutPartitions writes what the partitions hold, without conditions and in batches: the aggregate as it is, the touchpoints as one page for
// each UTC day of original time, traits as their first version, and the links at this end of each. It is for a workspace that nobody else
// writes to, such as the generation that a rebuild makes; what is not in a partition stays as it is stored.
func (t *Table) PutPartitions(ctx context.Context, workspace string, partitions []profile.Partition) error {
	var writes []types.WriteRequest
	for _, p := range partitions {
		items, err := t.partitionItems(workspace, p)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, i := range items {
			if sk := i.text("SK"); !seen[sk] { // a batch call takes no item twice
				seen[sk] = true
				writes = append(writes, putRequest(i))
			}
		}
	}
	return translate("write partitions", t.bulkWrite(ctx, writes))
}

func (t *Table) partitionItems(workspace string, p profile.Partition) ([]item, error) {
	pk := partitionOf(workspace, p.ID)
	items, err := t.pagesOf(pk, p.Touchpoints)
	if err != nil {
		return nil, err
	}
	add := func(sk string, value any, attribute string, a types.AttributeValue) error { // "" for none
		i, err := t.packed(address{pk, sk}, value)
		if err != nil {
			return fmt.Errorf("encode item %s: %w", sk[:1], err)
		}
		if attribute != "" {
			i[attribute] = a
		}
		items = append(items, i)
		return nil
	}
	if p.Aggregate.Version > 0 {
		if err := add("P", p.Aggregate, "v", number(p.Aggregate.Version)); err != nil {
			return nil, err
		}
	}
	if len(p.Traits) > 0 {
		if err := add("R", p.Traits, "v", number(1)); err != nil {
			return nil, err
		}
	}
	for _, l := range p.Node.Parents {
		if err := add(upward(workspace, l).sk, l, "e", text(l.Evidence.Sortable())); err != nil {
			return nil, err
		}
	}
	for _, l := range p.Node.Children {
		if err := add(downward(workspace, l).sk, l, "", nil); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// pagesOf gives the items of touchpoints in any order, those of a day on pages of their own.
func (t *Table) pagesOf(pk string, touchpoints []event.Touchpoint) ([]item, error) {
	sorted := slices.Clone(touchpoints)
	slices.SortFunc(sorted, byTimeThenBytes)
	var items []item
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to].Original.Day() == sorted[from].Original.Day() {
			to++
		}
		page, err := t.dayItems(pk, sorted[from:to])
		if err != nil {
			return nil, err
		}
		items, from = append(items, page...), to
	}
	return items, nil
}

// PutClaimsOf writes the claims to many orders, without conditions and as their first version; for a workspace that nobody else writes to.
func (t *Table) PutClaimsOf(ctx context.Context, workspace string, claims map[string]profile.Claims) error {
	writes := make([]types.WriteRequest, 0, len(claims))
	for key, c := range claims {
		i, err := t.packed(claimed(workspace, key), c)
		if err != nil {
			return fmt.Errorf("encode claims: %w", err)
		}
		i["v"] = number(1)
		writes = append(writes, putRequest(i))
	}
	return translate("write claims", t.bulkWrite(ctx, writes))
}

// TraitsOf reads the traits of many identifiers; those without any are not in the answer.
func (t *Table) TraitsOf(ctx context.Context, workspace string, ids []event.Identifier) (map[event.Identifier]profile.Traits, error) {
	addresses := make([]address, len(ids))
	for n, id := range ids {
		addresses[n] = address{partitionOf(workspace, id), "R"}
	}
	items, err := t.batchGet(ctx, addresses)
	if err != nil {
		return nil, translate("read traits", err)
	}
	out := make(map[event.Identifier]profile.Traits, len(items))
	for n, id := range ids {
		i, found := items[addresses[n]]
		if !found {
			continue
		}
		var traits profile.Traits
		if err := t.unpack(i, &traits); err != nil {
			return nil, err
		}
		out[id] = traits
	}
	return out, nil
}

// bulkWrite makes unconditional writes, several batches at a time; no two of them on one item.
func (t *Table) bulkWrite(ctx context.Context, writes []types.WriteRequest) error {
	batches := (len(writes) + maxBatchWrite - 1) / maxBatchWrite
	return parallel(ctx, batches, batchesAtOnce, func(ctx context.Context, n int) error {
		return t.batchWrite(ctx, writes[n*maxBatchWrite:min((n+1)*maxBatchWrite, len(writes))])
	})
}

// DeletePartitions deletes everything that is stored of identifiers. What is gone is gone.
func (t *Table) DeletePartitions(ctx context.Context, workspace string, ids []event.Identifier) error {
	return translate("delete partitions", parallel(ctx, len(ids), partitionsAtOnce, func(ctx context.Context, n int) error {
		return t.deleteAll(ctx, partitionOf(workspace, ids[n]))
	}))
}

// DeleteClaims deletes the claims to orders.
func (t *Table) DeleteClaims(ctx context.Context, workspace string, keys []string) error {
	writes := make([]types.WriteRequest, len(keys))
	for n, key := range keys {
		writes[n] = deleteRequest(claimed(workspace, key))
	}
	return translate("delete claims", t.bulkWrite(ctx, writes))
}

// DeleteComputed deletes every mark and window, the times of rollups and the list of cuts.
func (t *Table) DeleteComputed(ctx context.Context, workspace string) error {
	partitions := []string{marked(workspace), rollups(workspace).pk, decided(workspace)}
	for _, g := range period.Grains() {
		partitions = append(partitions, computed(workspace, g))
	}
	for _, pk := range partitions {
		if err := t.deleteAll(ctx, pk); err != nil {
			return translate("delete what was computed", err)
		}
	}
	return nil
}

// deleteAll deletes every item of a partition of the table.
func (t *Table) deleteAll(ctx context.Context, pk string) error {
	var writes []types.WriteRequest
	for i, err := range t.query(ctx, span{pk: pk, only: "PK, SK"}) {
		if err != nil {
			return err
		}
		writes = append(writes, deleteRequest(address{pk, i.text("SK")}))
	}
	return t.batchWrite(ctx, writes)
}
