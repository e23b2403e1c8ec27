// Command echo answers HTTP requests, fails queue messages that say so, and writes every schedule to its log.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// version is what the tests change to see a new binary.
const version = "one"

func main() { lambda.Start(handle) }

func handle(event json.RawMessage) (any, error) {
	var e struct {
		RawPath string
		At      string
		Records []events.SQSMessage
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	var response events.SQSEventResponse
	for _, r := range e.Records {
		fmt.Printf("message %s received %s\n", r.Body, r.Attributes["ApproximateReceiveCount"])
		if strings.HasPrefix(r.Body, "bad") {
			response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
		}
	}
	switch {
	case e.Records != nil:
		return response, nil
	case e.At != "":
		fmt.Printf("scheduled for %s\n", e.At)
		return nil, nil
	}
	return map[string]string{"path": e.RawPath, "greeting": os.Getenv("GREETING"), "version": version}, nil
}
