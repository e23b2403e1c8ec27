package collect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"waymark/functions/collect"
	"waymark/shared/domain/event"
)

// sink takes envelopes and forgets them.
type sink struct{}

func (sink) Send(context.Context, []event.Envelope) error { return nil }

const sizedEvent = `{"type":"track","event":"Product Viewed","userId":"42","anonymousId":"7f3c2d1e-0a9b-4c8d-8e7f-6a5b4c3d2e1f","messageId":"m-%d",` +
	`"timestamp":"2026-11-22T09:29:58.120Z","context":{"page":{"path":"/p/1","referrer":"https://search.example/","title":"Monopoly: 3rd Edition",` +
	`"url":"https://shop.example/p/1?utm_source=news&utm_medium=email"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",` +
	`"library":{"name":"analytics.js","version":"npm:next-1.84.3"},"timezone":"Europe/London","locale":"en-GB"},"properties":{"product_id":"507f1f77bcf86cd799439011",` +
	`"sku":"G-32","category":"Games","name":"Monopoly: 3rd Edition","brand":"Hasbro","price":18.99,"quantity":1,"currency":"EUR","position":3},"integrations":{}}`

func payload(b *testing.B, n int) []byte {
	b.Helper()
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(sizedEvent, i)
	}
	raw, err := json.Marshal(post("/v1/batch", `{"sentAt":"2026-11-22T09:29:59Z","batch":[`+strings.Join(list, ",")+`]}`).envelope())
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// measure reports the time of one event of a request with n.
func measure(b *testing.B, invoke func(payload []byte) error) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("events=%d", n), func(b *testing.B) {
			raw := payload(b, n)
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if err := invoke(raw); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
		})
	}
}

// BenchmarkFloor decodes the envelope that Lambda hands over, and nothing else: no handler can be faster than this.
func BenchmarkFloor(b *testing.B) {
	measure(b, func(payload []byte) error {
		var e events.APIGatewayV2HTTPRequest
		return json.Unmarshal(payload, &e)
	})
}

// BenchmarkCollect is the whole handler on the same envelope, with a queue that costs nothing.
func BenchmarkCollect(b *testing.B) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(io.Discard, nil)))
	h := collect.New(collect.Config{Keys: &keys{}, Queue: sink{}, Now: func() time.Time { return received }, NewID: func() string { return "x" }})
	invoke := lambda.NewHandler(h)
	measure(b, func(payload []byte) error {
		_, err := invoke.Invoke(b.Context(), payload)
		return err
	})
}
