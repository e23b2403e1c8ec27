// Command probe is a Lambda function for the tests of the laptop cloud: it does what its event says.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type order struct {
	Do   string `json:"do"`
	Addr string `json:"addr"`
	Size int    `json:"size"`
	Name string `json:"name"`
}

func main() {
	if os.Getenv("PROBE_REFUSES_TO_START") != "" {
		fmt.Fprintln(os.Stderr, "QUEUE_URL is missing")
		os.Exit(3)
	}
	lambda.Start(handle)
}

func handle(ctx context.Context, event json.RawMessage) (any, error) {
	var o order
	if err := json.Unmarshal(event, &o); err != nil {
		return nil, err
	}
	switch o.Do {
	case "echo":
		return event, nil
	case "pid":
		return os.Getpid(), nil
	case "env":
		return os.Getenv(o.Name), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{"id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "left_ms": time.Until(deadline).Milliseconds(), "name": lambdacontext.FunctionName, "memory": lambdacontext.MemoryLimitInMB}, nil
	case "error":
		return nil, errors.New("no luck")
	case "panic":
		panic("broken")
	case "exit":
		os.Exit(7)
	case "hang":
		select {}
	case "large":
		return strings.Repeat("x", o.Size), nil
	case "meet": // waits until the test lets it go
		connection, err := net.Dial("tcp", o.Addr)
		if err != nil {
			return nil, err
		}
		defer connection.Close()
		var goOn [1]byte
		_, err = connection.Read(goOn[:])
		return os.Getpid(), err
	}
	return nil, errors.New("unknown order " + o.Do)
}
