package dynamo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

const (
	requestTimeout = 10 * time.Second // of one attempt; a full page of 1 MB takes well under one
	maxAttempts    = 3
	maxConnections = 64       // kept open to the one host, so that concurrent reads do not dial anew
	writeBuffer    = 16 << 10 // of a connection: a batch of ten pages with its headers is one write
)

// NewClient builds a client from Lambda's environment alone: AWS_REGION, the AWS_ACCESS_KEY_ID family and
// AWS_ENDPOINT_URL_DYNAMODB. The SDK's own chain of configuration files and metadata services costs more than the
// rest of a cold start.
func NewClient(getenv func(string) string) *dynamodb.Client {
	options := dynamodb.Options{
		Region:           getenv("AWS_REGION"),
		Credentials:      credentials(getenv),
		RetryMode:        aws.RetryModeStandard,
		RetryMaxAttempts: maxAttempts,
		HTTPClient: attempts{awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost, t.WriteBufferSize = maxConnections, writeBuffer
		}).GetTransport()},
	}
	if endpoint := getenv("AWS_ENDPOINT_URL_DYNAMODB"); endpoint != "" {
		options.BaseEndpoint = aws.String(endpoint)
	}
	return dynamodb.New(options)
}

// attempts sends requests, each for requestTimeout at most. It is an http.Client without redirects and cookies, and
// with a cheaper timeout: that of http.Client costs a quarter of what the SDK takes for a small call.
type attempts struct{ transport http.RoundTripper }

// Do sends one request. The time for it runs until the body of its answer is closed.
func (a attempts) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	answer, err := a.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	answer.Body = timedBody{answer.Body, cancel}
	return answer, nil
}

// timedBody ends the time of an attempt when it is closed.
type timedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b timedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
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
