package bench_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/queue"
	"waymark/shared/domain/event"
)

// received is when the requests come in.
var received = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// sizes are how many events one request brings: a beacon, a browser's flush, a server's batch.
var sizes = []int{1, 10, 100}

// productViewed is an event as a browser sends it, about 950 bytes; person and number make it one of many.
func productViewed(person, number int) string {
	return fmt.Sprintf(`{"type":"track","event":"Product Viewed","userId":"u%07d","anonymousId":"7f3c2d1e-0a9b-4c8d-8e7f-%012x","messageId":"ajs-next-%08d-5d41402abc4b2a76",`+
		`"timestamp":"2026-11-22T09:%02d:%02d.120Z","context":{"page":{"path":"/p/monopoly","referrer":"https://www.google.com/","search":"?utm_source=news&utm_medium=email","title":"Monopoly: 3rd Edition",`+
		`"url":"https://shop.example/p/monopoly?utm_source=news&utm_medium=email"},"campaign":{"source":"news","medium":"email","name":"november"},`+
		`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36","library":{"name":"analytics.js","version":"npm:next-1.84.3"},`+
		`"timezone":"Europe/London","locale":"en-GB"},"properties":{"product_id":"507f1f77bcf86cd799439011","sku":"G-32","category":"Games","name":"Monopoly: 3rd Edition",`+
		`"brand":"Hasbro","price":18.99,"quantity":1,"currency":"GBP","position":3},"integrations":{}}`,
		person, person, number, number/60%60, number%60)
}

// request is what Lambda gets of POST /v1/batch with n events.
func request(b *testing.B, n int) []byte {
	b.Helper()
	list := make([]string, n)
	for i := range list {
		list[i] = productViewed(i%3, i)
	}
	body := `{"sentAt":"2026-11-22T09:29:59Z","batch":[` + strings.Join(list, ",") + `]}`
	raw, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "POST /v1/batch", RawPath: "/v1/batch", Body: body,
		Headers: map[string]string{
			"accept": "*/*", "accept-encoding": "gzip, deflate, br", "authorization": "Basic d2tfZGVtbzo=", "content-type": "text/plain",
			"host": "t.shop.example", "origin": "https://shop.example", "referer": "https://shop.example/", "x-forwarded-for": "192.0.2.7",
			"user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "POST /v1/batch", AccountID: "123456789012", Stage: "$default", APIID: "api", DomainName: "t.shop.example",
			RequestID: "JKJaXmPLvHcESHA=", Time: "22/Nov/2026:09:30:00 +0000", TimeEpoch: received.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/batch", Protocol: "HTTP/1.1", SourceIP: "192.0.2.7"},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// messages is how many the queue delivers at once.
const messages = 10

// stream makes batches of the queue: ten messages of one request each.
type stream struct {
	perRequest int
	person     func(message int) int // whose events a message brings, of all messages ever made
	made       int                   // messages
	numbers    int                   // events
}

func (s *stream) next(b *testing.B) []byte {
	b.Helper()
	var batch events.SQSEvent
	for range messages {
		e := event.Envelope{Version: event.EnvelopeVersion, Workspace: "demo", Source: "web", Received: event.At(received), Request: fmt.Sprintf("r%d", s.made)}
		for range s.perRequest {
			e.Events = append(e.Events, json.RawMessage(productViewed(s.person(s.made), s.numbers)))
			s.numbers++
		}
		s.made++
		e.Parsed, _ = e.Open() // as collect queues them
		if e.Events = nil; len(e.Parsed) != s.perRequest {
			b.Fatalf("%d of %d events are accepted", len(e.Parsed), s.perRequest)
		}
		body, err := queue.Encode(e)
		if err != nil {
			b.Fatal(err)
		}
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId: fmt.Sprintf("059f36b4-87a3-44ab-83d2-%012d", s.made), ReceiptHandle: strings.Repeat("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", 5), Body: body,
			Attributes:  map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "1795339800000", "ApproximateFirstReceiveTimestamp": "1795339800010"},
			EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:eu-central-1:123456789012:touchpoints", AWSRegion: "eu-central-1",
			MessageAttributes: map[string]events.SQSMessageAttribute{},
		})
	}
	raw, err := json.Marshal(batch)
	if err != nil {
		b.Fatal(err)
	}
	return raw
}
