package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
)

// DeletePartitions deletes everything that is stored of identifiers. What is gone is gone.
func (t *Table) DeletePartitions(ctx context.Context, ws string, ids []event.Identifier) error {
	err := parallel(ctx, len(ids), partitionsAtOnce, func(ctx context.Context, n int) error {
		return t.deleteAll(ctx, partitionOf(ws, ids[n]))
	})
	return translate("delete partitions", err)
}

// DeleteClaims deletes the claims to orders.
func (t *Table) DeleteClaims(ctx context.Context, ws string, keys []string) error {
	writes := make([]types.WriteRequest, len(keys))
	for n, key := range keys {
		writes[n] = deleteRequest(claimed(ws, key))
	}
	return translate("delete claims", t.bulkWrite(ctx, writes))
}

// DeleteComputed deletes what belongs to no identifier: where settling stands, records, dues, lists of persons,
// windows, notes of exports and the list of cuts. Nobody may settle the workspace meanwhile, nor another process
// afterwards that did before: it would take stages for listed that are not.
func (t *Table) DeleteComputed(ctx context.Context, ws string) error {
	stages, err := t.keysFrom(ctx, listedStages(ws), "")
	if err != nil {
		return translate("read stages of lists", err)
	}
	partitions := []string{settling(ws).pk, records(ws), dues(ws), restated(ws), decided(ws)}
	for _, stage := range stages {
		partitions = append(partitions, peopleIn(ws, stage))
	}
	partitions = append(partitions, listedStages(ws)) // after the lists that it leads to
	for _, g := range period.Grains() {
		partitions = append(partitions, computed(ws, g), partsOfWindows(ws, g))
	}
	for _, pk := range partitions {
		if err := t.deleteAll(ctx, pk); err != nil {
			return translate("delete what was computed", err)
		}
	}
	t.forgetListed(ws)
	return nil
}

// deleteAll deletes every item of a partition of the table.
func (t *Table) deleteAll(ctx context.Context, pk string) error {
	var writes []types.WriteRequest
	for i, err := range t.query(ctx, span{pk: pk, only: "SK"}) {
		if err != nil {
			return err
		}
		writes = append(writes, deleteRequest(address{pk, i.text("SK")}))
	}
	return t.bulkWrite(ctx, writes)
}
