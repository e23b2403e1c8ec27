package dynamo

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

const (
	requestTimeout = 10 * time.Second // of one attempt; a full page of 1 MB takes well under one
	maxAttempts    = 3
	maxConnections = 64 // kept open to the one host, so that concurrent reads do not dial anew
)

// NewClient builds a client from Lambda's environment alone: AWS_REGION, the AWS_ACCESS_KEY_ID family and AWS_ENDPOINT_URL_DYNAMODB. The SDK's
// own chain of configuration files and metadata services costs more than the rest of a cold start.
func NewClient(getenv func(string) string) *dynamodb.Client {
	options := dynamodb.Options{
		Region:           getenv("AWS_REGION"),
		Credentials:      credentials(getenv),
		RetryMode:        aws.RetryModeStandard,
		RetryMaxAttempts: maxAttempts,
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(requestTimeout).WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = maxConnections
		}),
	}
	if endpoint := getenv("AWS_ENDPOINT_URL_DYNAMODB"); endpoint != "" {
		options.BaseEndpoint = aws.String(endpoint)
	}
	return dynamodb.New(options)
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
