package dynamo

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fate"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
)

func fatesOf(workspace string) string { return partition(workspace, "fates") }

// PutFates lists what became of the events of a batch, for fate.Keep. A batch too large for an item is stored as several, each with a handle of its
// own; after an error some of them may be written.
func (t *Table) PutFates(ctx context.Context, workspace string, b fate.Batch) error {
	at, err := ledger.InstantOf(b.Handle)
	if err != nil {
		return err
	}
	bodies, err := split(t.codec, b, halveFates)
	if err != nil {
		return fmt.Errorf("encode fates: %w", err)
	}
	items := several(fatesOf(workspace), b.Handle, bodies)
	for _, i := range items {
		i["expires_at"] = number(at.Add(fate.Keep).Time().Unix())
	}
	if len(items) == 1 {
		return translate("write fates", t.put(ctx, items[0], condition{}))
	}
	return translate("write fates", t.bulkWrite(ctx, puts(items)))
}

func halveFates(b fate.Batch) (first, second fate.Batch, ok bool) {
	half := len(b.Events) / 2
	return fate.Batch{Events: b.Events[:half]}, fate.Batch{Events: b.Events[half:], LeftOut: b.LeftOut}, half > 0
}

// Fates reads batches in the order of their handles, from the first that is not below from, limit at most; next is the handle of the first that was
// left out, "" for none. Those that have expired are not there.
func (t *Table) Fates(ctx context.Context, workspace, from string, limit int) (batches []fate.Batch, next string, err error) {
	s := span{pk: fatesOf(workspace), from: from, filter: t.alive(), limit: justOver(limit)}
	batches, next, err = readSome(ctx, t, s, limit, func(b *fate.Batch, handle string) { b.Handle = handle })
	return batches, next, translate("read fates", err)
}

// LatestFates reads the batches that were written last, limit at most, the newest first.
func (t *Table) LatestFates(ctx context.Context, workspace string, limit int) ([]fate.Batch, error) {
	s := span{pk: fatesOf(workspace), filter: t.alive(), newest: true, limit: justOver(limit)}
	batches, _, err := readSome(ctx, t, s, limit, func(b *fate.Batch, handle string) { b.Handle = handle })
	return batches, translate("read fates", err)
}

// Watch keeps that a workspace is watched. It stands beside the workspace in its item, so that whoever reads the workspace knows it for nothing, and
// so that no other change of the workspace has to wait for it. NotFound when there is no such workspace.
func (t *Table) Watch(ctx context.Context, name string, w workspace.Watch) error {
	_, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: address{allWorkspaces, name}.item(),
		UpdateExpression: aws.String("SET watched = :from, watched_until = :until"), ConditionExpression: aws.String("attribute_exists(PK)"),
		ExpressionAttributeValues: item{":from": number(int64(w.From)), ":until": number(int64(w.Until))},
	})
	if _, isMissing := errors.AsType[*types.ConditionalCheckFailedException](err); isMissing {
		return unknown(name)
	}
	return translate("write watch", err)
}

func watchIn(i item) workspace.Watch {
	return workspace.Watch{From: event.Millis(i.number("watched")), Until: event.Millis(i.number("watched_until"))}
}

// watched adds the watch of a workspace to its item.
func watched(i item, w workspace.Watch) {
	if w != (workspace.Watch{}) {
		i["watched"], i["watched_until"] = number(int64(w.From)), number(int64(w.Until))
	}
}
