package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"waymark/shared/domain/fault"
)

const (
	answerTimeout = 20 * time.Second // until an answer begins; the body of a large object may take longer
	maxAttempts   = 3
)

// NewClient builds a client from Lambda's environment alone: AWS_REGION, the AWS_ACCESS_KEY_ID family and AWS_ENDPOINT_URL_S3. The SDK's own
// chain of configuration files and metadata services costs more than the rest of a cold start.
func NewClient(getenv func(string) string) *s3.Client {
	options := s3.Options{
		Region: getenv("AWS_REGION"), Credentials: credentials(getenv),
		RetryMode: aws.RetryModeStandard, RetryMaxAttempts: maxAttempts,
		DisableLogOutputChecksumValidationSkipped: true,
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = answerTimeout
		}),
	}
	if endpoint := getenv("AWS_ENDPOINT_URL_S3"); endpoint != "" {
		options.BaseEndpoint = aws.String(endpoint)
		options.UsePathStyle = !isAmazon(endpoint)
	}
	return s3.New(options)
}

// isAmazon says whether the endpoint is the service's own, which finds buckets by host name; stand-ins find them by path.
func isAmazon(endpoint string) bool {
	return strings.Contains(endpoint, ".amazonaws.com")
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
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	if refused, ok := errors.AsType[smithy.APIError](err); ok && (refused.ErrorCode() == "NoSuchKey" || refused.ErrorCode() == "NotFound") {
		return fault.Wrap(fault.NotFound, "no_such_object", wrapped)
	}
	if mayPass(err) {
		return fault.Wrap(fault.Unavailable, "bucket_unavailable", wrapped)
	}
	return wrapped
}

// mayPass says whether the same call may succeed later: everything that the SDK itself retries, and calls that ran out of time.
func mayPass(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	return retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}
