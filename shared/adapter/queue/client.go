package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waymark/shared/domain/fault"
)

const (
	requestTimeout  = 2500 * time.Millisecond // of one attempt: three of them end before the 10 seconds that collect has
	requestAttempts = 3
)

// NewClient builds a client from Lambda's environment alone: AWS_REGION, the AWS_ACCESS_KEY_ID family and AWS_ENDPOINT_URL_SQS. The SDK's own
// chain of configuration files and metadata services costs more than the rest of a cold start.
func NewClient(getenv func(string) string) *sqs.Client {
	options := sqs.Options{
		Region: getenv("AWS_REGION"), Credentials: credentials(getenv),
		RetryMode: aws.RetryModeStandard, RetryMaxAttempts: requestAttempts,
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(requestTimeout),
	}
	if endpoint := getenv("AWS_ENDPOINT_URL_SQS"); endpoint != "" {
		options.BaseEndpoint = aws.String(endpoint)
	}
	return sqs.New(options)
}

func credentials(getenv func(string) string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		found := aws.Credentials{
			AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken: getenv("AWS_SESSION_TOKEN"), Source: "environment",
		}
		if !found.HasKeys() {
			return found, errors.New("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
		}
		return found, nil
	})
}

// translate gives an error of the SDK its kind and says what was being done.
func translate(doing string, err error) error {
	wrapped := fmt.Errorf("%s: %w", doing, err)
	passing := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
	if passing {
		return fault.Wrap(fault.Unavailable, "queue_unavailable", wrapped)
	}
	return wrapped
}
