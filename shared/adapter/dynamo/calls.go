package dynamo

import (
	"context"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/fault"
)

// Limits of the batch calls, and how often what they left undone is asked for again.
const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	maxRounds     = 8
	firstPause    = 25 * time.Millisecond
	longestPause  = time.Second
)

// get reads one item consistently; nil when there is none.
func (t *Table) get(ctx context.Context, at address) (item, error) {
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: &t.name, Key: at.item(), ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// condition under which a write is made; the zero condition always holds.
type condition struct {
	expression string
	values     item
	instead    types.ReturnValuesOnConditionCheckFailure // whether a failure tells what is stored instead
}

// absent is the condition that nothing is stored.
var absent = condition{expression: "attribute_not_exists(PK)"}

// stillAt is the condition that this version is stored; 0 that none is.
func stillAt(version int64) condition {
	if version == 0 {
		return absent
	}
	return condition{expression: "v = :before", values: item{":before": number(version)}}
}

func (t *Table) put(ctx context.Context, i item, c condition) error {
	_, err := t.putReturning(ctx, i, c, types.ReturnValueNone)
	return err
}

// swap is put; it gives the item that was there, nil if there was none.
func (t *Table) swap(ctx context.Context, i item, c condition) (item, error) {
	return t.putReturning(ctx, i, c, types.ReturnValueAllOld)
}

func (t *Table) putReturning(ctx context.Context, i item, c condition, values types.ReturnValue) (item, error) {
	if err := i.checkSize(); err != nil {
		return nil, err
	}
	input := &dynamodb.PutItemInput{TableName: &t.name, Item: i, ReturnValues: values}
	if c.expression != "" {
		input.ConditionExpression, input.ExpressionAttributeValues = &c.expression, c.values
		input.ReturnValuesOnConditionCheckFailure = c.instead
	}
	out, err := t.client.PutItem(ctx, input)
	if err != nil || len(out.Attributes) == 0 {
		return nil, err
	}
	return out.Attributes, nil
}

func (t *Table) delete(ctx context.Context, at address) error {
	_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.name, Key: at.item()})
	return err
}

// span is a range of sort keys in one partition, both ends in it; empty ends are those of the partition.
type span struct {
	pk, from, to string
	newest       bool   // last key first
	after        string // sort key to go on behind
	filter       condition
	only         string // projection
	limit        int32  // items examined by one call; 0 leaves it to DynamoDB
}

func (s span) input(table string) *dynamodb.QueryInput {
	input := &dynamodb.QueryInput{
		TableName: &table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(!s.newest),
		KeyConditionExpression:    aws.String("PK = :pk"),
		ExpressionAttributeValues: item{":pk": text(s.pk)},
	}
	switch {
	case s.from != "" && s.to != "":
		input.KeyConditionExpression = aws.String("PK = :pk AND SK BETWEEN :from AND :to")
		input.ExpressionAttributeValues[":from"], input.ExpressionAttributeValues[":to"] = text(s.from), text(s.to)
	case s.from != "":
		input.KeyConditionExpression = aws.String("PK = :pk AND SK >= :from")
		input.ExpressionAttributeValues[":from"] = text(s.from)
	}
	if s.filter.expression != "" {
		input.FilterExpression = &s.filter.expression
		for name, value := range s.filter.values {
			input.ExpressionAttributeValues[name] = value
		}
	}
	if s.only != "" {
		input.ProjectionExpression = &s.only
	}
	if s.after != "" {
		input.ExclusiveStartKey = address{s.pk, s.after}.item()
	}
	if s.limit > 0 {
		input.Limit = &s.limit
	}
	return input
}

// all is the limit of a reading that has none.
const all = -1

// justOver is the span's limit for a reading of so many items that must know whether there are more.
func justOver(limit int) int32 { return int32(min(max(limit, 0), 1000) + 1) }

// query yields the items of a span, consistently read page by page, in the order of their sort keys.
func (t *Table) query(ctx context.Context, s span) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		input := s.input(t.name)
		for {
			out, err := t.client.Query(ctx, input)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, found := range out.Items {
				if !yield(found, nil) {
					return
				}
			}
			if len(out.LastEvaluatedKey) == 0 {
				return
			}
			input.ExclusiveStartKey = out.LastEvaluatedKey
		}
	}
}

// batchesAtOnce bounds how many batch calls of one operation are under way at a time.
const batchesAtOnce = 8

// attributes is an item or a key as the SDK has it.
type attributes = map[string]types.AttributeValue

// batchGet reads items consistently, in no order; those that do not exist are left out. Addresses may repeat.
func (t *Table) batchGet(ctx context.Context, addresses []address) (map[address]item, error) {
	found := make(map[address]item, len(addresses))
	wanted := make([]attributes, 0, len(addresses))
	asked := make(map[address]bool, len(addresses))
	for _, at := range addresses {
		if !asked[at] {
			asked[at] = true
			wanted = append(wanted, at.item())
		}
	}
	var mu sync.Mutex
	take := func(items []attributes) {
		mu.Lock()
		defer mu.Unlock()
		for _, i := range items {
			found[address{item(i).text("PK"), item(i).text("SK")}] = i
		}
	}
	return found, inBatches(ctx, wanted, maxBatchGet, func(ctx context.Context, some []attributes) error {
		return t.getBatch(ctx, some, take)
	})
}

// inBatches calls work for batches of a list, several at a time.
func inBatches[T any](ctx context.Context, list []T, size int, work func(ctx context.Context, some []T) error) error {
	if len(list) <= size {
		if len(list) == 0 {
			return nil
		}
		return work(ctx, list)
	}
	return parallel(ctx, (len(list)+size-1)/size, batchesAtOnce, func(ctx context.Context, n int) error {
		return work(ctx, list[n*size:min((n+1)*size, len(list))])
	})
}

// getBatch asks for the items of one batch until it has them all.
func (t *Table) getBatch(ctx context.Context, wanted []attributes, take func([]attributes)) error {
	for round := 0; len(wanted) > 0; {
		out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{t.name: {Keys: wanted, ConsistentRead: aws.Bool(true)}},
		})
		if err != nil {
			return err
		}
		take(out.Responses[t.name])
		left := out.UnprocessedKeys[t.name].Keys
		if round, err = pauseFor(ctx, round, len(left), len(wanted)); err != nil {
			return err
		}
		wanted = left
	}
	return nil
}

func putRequest(i item) types.WriteRequest {
	return types.WriteRequest{PutRequest: &types.PutRequest{Item: i}}
}

func deleteRequest(at address) types.WriteRequest {
	return types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: at.item()}}
}

// bulkWrite makes unconditional writes, several batches at a time; no two of them on one item.
func (t *Table) bulkWrite(ctx context.Context, writes []types.WriteRequest) error {
	for _, w := range writes {
		if w.PutRequest == nil {
			continue
		}
		if err := item(w.PutRequest.Item).checkSize(); err != nil {
			return err
		}
	}
	return inBatches(ctx, writes, maxBatchWrite, t.writeBatch)
}

// writeBatch sends one batch until all of it is written.
func (t *Table) writeBatch(ctx context.Context, wanted []types.WriteRequest) error {
	for round := 0; len(wanted) > 0; {
		out, err := t.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
			RequestItems: map[string][]types.WriteRequest{t.name: wanted},
		})
		if err != nil {
			return err
		}
		left := out.UnprocessedItems[t.name]
		if round, err = pauseFor(ctx, round, len(left), len(wanted)); err != nil {
			return err
		}
		wanted = left
	}
	return nil
}

// pauseFor waits, longer from round to round, when a batch call left something undone; it gives up after a few rounds without any progress.
func pauseFor(ctx context.Context, round, left, asked int) (int, error) {
	if left == 0 {
		return 0, nil
	}
	if left < asked {
		round = 0
	}
	if round++; round > maxRounds {
		return round, fault.Newf(fault.Unavailable, "table_throttled", "the table left %d of %d items undone %d times: it is throttled, try again later", left, asked, maxRounds)
	}
	most := min(longestPause, firstPause<<round)
	timer := time.NewTimer(rand.N(most))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return round, ctx.Err()
	case <-timer.C:
		return round, nil
	}
}
