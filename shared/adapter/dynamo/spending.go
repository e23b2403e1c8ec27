package dynamo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/fault"
)

// keepSpending is how long after the beginning of a day its sums are kept.
const keepSpending = 3 * 24 * time.Hour

// Spend adds events to what a source has sent on a UTC day, and gives the sum. It guards a limit and is no number of
// anybody's report: a call that is repeated adds twice. Faults: Invalid bad_day, Unavailable.
func (t *Table) Spend(ctx context.Context, workspace, source, day string, events int64) (int64, error) {
	begin, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0, fault.Newf(fault.Invalid, "bad_day", "%q is no day", day)
	}
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: address{partition(workspace, "spending"), fit(day+"#"+source, maxSKBytes)}.item(),
		UpdateExpression: aws.String("ADD n :n SET expires_at = :expires"),
		ExpressionAttributeValues: item{
			":n": number(events), ":expires": number(begin.Add(keepSpending).Unix()),
		},
		ReturnValues: types.ReturnValueUpdatedNew,
	})
	if err != nil {
		return 0, translate("count spending", err)
	}
	n, is := out.Attributes["n"].(*types.AttributeValueMemberN)
	if !is {
		return 0, fmt.Errorf("count spending of %s: no sum came back", workspace)
	}
	return strconv.ParseInt(n.Value, 10, 64)
}
