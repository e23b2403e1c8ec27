package redact_test

import (
	"testing"

	"waymark/shared/domain/redact"
	"waymark/shared/domain/strictjson"
)

// BenchmarkEvent redacts an event as browsers send it, in which nothing is found.
func BenchmarkEvent(b *testing.B) {
	v, err := strictjson.Parse(`{"type":"page","anonymousId":"550e8400-e29b-41d4-a716-446655440000","messageId":"ajs-next-1764430000000-a1b2c3d4",` +
		`"originalTimestamp":"2026-11-29T14:32:05.123Z","sentAt":"2026-11-29T14:32:06.001Z","properties":{"path":"/p/shoe-42","referrer":"https://www.google.com/",` +
		`"search":"?utm_source=news","title":"Running shoe 42 | Shop","url":"https://shop.example/p/shoe-42?utm_source=news&utm_medium=email"},` +
		`"context":{"page":{"path":"/p/shoe-42","referrer":"https://www.google.com/","search":"?utm_source=news","title":"Running shoe 42 | Shop",` +
		`"url":"https://shop.example/p/shoe-42?utm_source=news&utm_medium=email"},"userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 ` +
		`(KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36","locale":"de-DE","library":{"name":"analytics.js","version":"next-1.70.0"},` +
		`"campaign":{"source":"news","medium":"email"},"timezone":"Europe/Berlin"},"integrations":{},"_metadata":{"bundled":["Segment.io"]}}`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		redact.Event(v)
	}
}
