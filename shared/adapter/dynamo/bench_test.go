package dynamo_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waymark/shared/adapter/dynamo"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
)

// instant takes every request and answers it at once, so that what is measured is our side and the SDK's.
type instant struct{}

func (instant) Do(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return answered(http.StatusOK, io.NopCloser(strings.NewReader(`{}`))), nil
}

func instantTable() *dynamo.Table {
	options := dynamo.NewClient(func(name string) string {
		return map[string]string{"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}[name]
	}).Options()
	options.HTTPClient = instant{}
	return dynamo.New(dynamodb.New(options), "waymark")
}

// BenchmarkIngest writes what an invocation of ten touchpoints of as many visitors writes: their pages and the record.
func BenchmarkIngest(b *testing.B) {
	const touchpoints = 10
	table := instantTable()
	pages := map[event.Identifier][]event.Touchpoint{}
	record := ledger.Batch{Handle: ledger.HandleAt(1795348800000) + "-0190f5b2"}
	for n, t := range pageOf(touchpoints) {
		id := event.Identifier(fmt.Sprintf("anon:0190f5b2-7c1e-7a3d-9c55-%012x", n*0x9E3779B9))
		pages[id] = []event.Touchpoint{t}
		record.Identifiers = append(record.Identifiers, id)
		record.Events = append(record.Events, event.Record{
			Workspace: "my-shop", Type: event.Page, Identifiers: []event.Identifier{id},
			Request: "0190f5b2-7c1e-7a3d", Touchpoint: t,
		})
	}
	for _, c := range []struct {
		name  string
		write func() error
	}{
		{"PutPages", func() error { return table.PutPages(b.Context(), "my-shop", pages) }},
		{"PutBatch", func() error { return table.PutBatch(b.Context(), "my-shop", record) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.write(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*touchpoints), "ns/touchpoint")
		})
	}
}
