package dynamo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"waymark/shared/domain/fault"
)

// translate gives an error of the SDK its kind and says what was being done.
func translate(doing string, err error) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	if conditionFailed(err) {
		return fault.Wrap(fault.Conflict, "conflict", wrapped)
	}
	if _, ok := errors.AsType[*types.TransactionConflictException](err); ok || canceledBy(err, "TransactionConflict") {
		return fault.Wrap(fault.Conflict, "conflict", wrapped)
	}
	if mayPass(err) || canceledBy(err, "ThrottlingError") || canceledBy(err, "ProvisionedThroughputExceeded") {
		return fault.Wrap(fault.Unavailable, "table_unavailable", wrapped)
	}
	if refused, ok := errors.AsType[smithy.APIError](err); ok && strings.Contains(refused.ErrorMessage(), "Item size") {
		return fault.Wrap(fault.Invalid, "too_large", wrapped)
	}
	return wrapped
}

func conditionFailed(err error) bool {
	_, ok := errors.AsType[*types.ConditionalCheckFailedException](err)
	return ok
}

// mayPass says whether the same call may succeed later: everything that the SDK itself retries, and calls that ran out of time.
func mayPass(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}

// canceledBy says whether a transaction was given up for a reason of that code.
func canceledBy(err error, code string) bool {
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	return ok && slices.ContainsFunc(canceled.CancellationReasons, func(r types.CancellationReason) bool {
		return aws.ToString(r.Code) == code
	})
}

// failedAt says whether a transaction was given up because the condition of that action did not hold.
func failedAt(err error, action int) bool {
	canceled, ok := errors.AsType[*types.TransactionCanceledException](err)
	return ok && action < len(canceled.CancellationReasons) && aws.ToString(canceled.CancellationReasons[action].Code) == "ConditionalCheckFailed"
}
