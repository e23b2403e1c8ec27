package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/shared/domain/event"
)

func saltOf(day string) address { return address{"salts", day} }

// Salt gives the salt of a UTC day: fresh when there is none yet, and else the one that is there. One call writes and
// reads it, so that all who ask at once get the same. Fault: Unavailable.
func (t *Table) Salt(ctx context.Context, day, fresh string, expires event.Millis) (string, error) {
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: saltOf(day).item(),
		UpdateExpression:          aws.String("SET s = if_not_exists(s, :fresh), expires_at = :expires"),
		ExpressionAttributeValues: item{":fresh": text(fresh), ":expires": number(expires.Time().Unix())},
		ReturnValues:              types.ReturnValueAllNew,
	})
	if err != nil {
		return "", translate("read salt", err)
	}
	salt, is := out.Attributes["s"].(*types.AttributeValueMemberS)
	if !is {
		return "", fmt.Errorf("read salt of %s: none came back", day)
	}
	return salt.Value, nil
}

// ForgetSalt deletes the salt of a day. An item without it stays until the table's expiry deletes that: whoever changes
// items need not be allowed to delete any. Fault: Unavailable.
func (t *Table) ForgetSalt(ctx context.Context, day string, expires event.Millis) error {
	_, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: saltOf(day).item(),
		UpdateExpression:          aws.String("REMOVE s SET expires_at = :expires"),
		ExpressionAttributeValues: item{":expires": number(expires.Time().Unix())},
	})
	return translate("delete salt", err)
}
