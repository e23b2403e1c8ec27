package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
)

// DeletePartitions deletes everything that is stored of identifiers. What is gone is gone.
func (t *Table) DeletePartitions(ctx context.Context, ns workspace.Namespace, ids []event.Identifier) error {
	err := parallel(ctx, len(ids), partitionsAtOnce, func(ctx context.Context, n int) error {
		return t.deleteAll(ctx, partitionOf(ns, ids[n]))
	})
	return translate("delete partitions", err)
}

// DeleteClaims deletes the claims to orders.
func (t *Table) DeleteClaims(ctx context.Context, ns workspace.Namespace, keys []string) error {
	err := parallel(ctx, len(keys), partitionsAtOnce, func(ctx context.Context, n int) error {
		return t.deleteAll(ctx, claimed(ns, keys[n]))
	})
	return translate("delete claims", err)
}

// DeleteComputed deletes what belongs to no identifier: where settling stands, records, dues, lists of persons,
// windows, notes of exports and the list of cuts. Nobody may settle the workspace meanwhile, nor another process
// afterwards that did before: it would take stages for listed that are not.
func (t *Table) DeleteComputed(ctx context.Context, ns workspace.Namespace) error {
	stages, err := t.keysFrom(ctx, listedStages(ns), "")
	if err != nil {
		return translate("read stages of lists", err)
	}
	partitions := []string{settling(ns).pk, records(ns), dues(ns), restated(ns), decided(ns)}
	for _, stage := range stages {
		partitions = append(partitions, peopleIn(ns, stage))
	}
	partitions = append(partitions, listedStages(ns)) // after the lists that it leads to
	for _, g := range period.Grains() {
		partitions = append(partitions, computed(ns, g), partsOfWindows(ns, g))
	}
	for _, pk := range partitions {
		if err := t.deleteAll(ctx, pk); err != nil {
			return translate("delete what was computed", err)
		}
	}
	t.forgetListed(ns)
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
