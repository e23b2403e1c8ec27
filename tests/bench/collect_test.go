package bench_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"waymark/functions/collect"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
	"waymark/shared/domain/workspace"
)

// keys knows every key.
type keys struct{}

func (keys) Key(_ context.Context, text string) (workspace.Key, error) {
	return workspace.Key{Text: text, Workspace: "demo", Role: workspace.Write, Source: "web"}, nil
}

// sink writes messages as the queue's adapter does, and sends them nowhere.
type sink struct{}

func (sink) Send(_ context.Context, envelopes []event.Envelope) error {
	for _, e := range envelopes {
		if _, err := queue.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkCollect is the whole way of a request through collect, but for the call of SQS. Its floor is a handler of aws-lambda-go that decodes
// the same request with encoding/json and answers.
func BenchmarkCollect(b *testing.B) {
	h := collect.New(collect.Config{Keys: keys{}, Queue: sink{}, Now: func() time.Time { return received }, NewID: func() string { return "x" }})
	collect, nothing := lambda.NewHandler(h), lambda.NewHandler(func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		return httpapi.OK(), nil
	})
	for _, n := range sizes {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			payload := request(b, n)
			invoke := func(h lambda.Handler) func([]byte) error {
				return func(payload []byte) error { _, err := h.Invoke(b.Context(), payload); return err }
			}
			comparison{events: n, next: func() []byte { return payload }, subject: invoke(collect), floors: []floor{{"x-floor", invoke(nothing)}}}.run(b)
		})
	}
}
