// Bare is the least that is a Lambda function: the floor of BenchmarkStartup. Built with the tags dynamodb, s3 and sqs
// it has these clients of AWS too.
package main

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(_ context.Context, event json.RawMessage) (json.RawMessage, error) { return event, nil })
}
