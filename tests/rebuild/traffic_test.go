package rebuild_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"waymark/shared/domain/event"
)

// traffic is a seeded source of envelopes: few identifiers and many ties, clients' retries, wrong clocks, events without a timestamp, orders
// that several claim, aliases, traits, and times near midnights and about 90 days ago.
type traffic struct {
	random *rand.Rand
	now    time.Time
	n      int
}

func newTraffic(seed uint64) *traffic {
	return &traffic{random: rand.New(rand.NewPCG(seed, 7)), now: time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)}
}

// some gives n deliveries of events; one in four comes again with another time of receipt.
func (s *traffic) some(n int) []event.Envelope {
	var out []event.Envelope
	for range n {
		raw := s.event()
		out = append(out, s.envelope(raw))
		if s.random.IntN(4) == 0 {
			out = append(out, s.envelope(raw))
		}
	}
	return out
}

func (s *traffic) envelope(raw string) event.Envelope {
	s.n++
	received := s.now.Add(time.Duration(s.random.IntN(100)) * time.Second)
	sent := received
	if s.random.IntN(4) == 0 {
		sent = received.Add(time.Duration(s.random.IntN(2)*2-1) * time.Duration(s.random.IntN(40)) * time.Minute)
	}
	return event.Envelope{
		Version: event.EnvelopeVersion, Workspace: "shop", Source: []string{"web", "web", "app"}[s.random.IntN(3)], Received: event.At(received),
		Request: fmt.Sprintf("r%d", s.n), SentAt: sent.Format(time.RFC3339Nano), Events: []json.RawMessage{json.RawMessage(raw)},
	}
}

func (s *traffic) event() string {
	fields := []string{fmt.Sprintf(`"messageId":"id%d"`, s.random.IntN(60)), s.who()}
	if s.random.IntN(10) > 0 {
		fields = append(fields, fmt.Sprintf(`"timestamp":%q`, s.when().Format(time.RFC3339Nano)))
	}
	switch s.random.IntN(10) {
	case 0:
		fields = append(fields, `"type":"identify"`, fmt.Sprintf(`"traits":{"plan":"p%d","email":"e%d@x.example"}`, s.random.IntN(3), s.random.IntN(2)))
	case 1:
		fields = append(fields, `"type":"alias"`, fmt.Sprintf(`"userId":"u%d","previousId":"u%d"`, s.random.IntN(3), s.random.IntN(3)))
	case 2, 3:
		fields = append(fields, `"type":"track","event":"Order Completed"`,
			fmt.Sprintf(`"properties":{"order_id":"o%d","revenue":%d.%02d}`, s.random.IntN(6), s.random.IntN(90), s.random.IntN(100)))
	case 4:
		fields = append(fields, `"type":"track","event":"Order Refunded"`, fmt.Sprintf(`"properties":{"refund_id":"f%d","total":1.5}`, s.random.IntN(3)))
	case 5:
		fields = append(fields, `"type":"track","event":"Product Added"`, `"context":{"location":{"country":"NO"}}`)
	case 6:
		fields = append(fields, `"type":"page"`, `"properties":{"url":"https://shop.example/?utm_source=news&utm_medium=email"}`)
	case 7:
		fields = append(fields, `"type":"group","groupId":"g1"`)
	case 8:
		fields = append(fields, `"type":"page"`, `"context":{"userAgent":"Googlebot/2.1 (+http://www.google.com/bot.html)"}`)
	default:
		fields = append(fields, `"type":"page"`, `"context":{"page":{"referrer":"https://www.google.com/"}}`)
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (s *traffic) who() string {
	user, visitor := s.random.IntN(4), s.random.IntN(5)
	switch s.random.IntN(4) {
	case 0:
		return fmt.Sprintf(`"userId":"u%d","anonymousId":"a%d"`, user, visitor)
	case 1:
		return fmt.Sprintf(`"userId":"u%d"`, user)
	case 2:
		return fmt.Sprintf(`"anonymousId":"a%d","context":{"traits":{"email":"e%d@x.example"}}`, visitor, user)
	}
	return fmt.Sprintf(`"anonymousId":"a%d"`, visitor)
}

func (s *traffic) when() time.Time {
	around := [...]time.Time{
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		s.now.Add(-90 * 24 * time.Hour), s.now.Add(-91 * 24 * time.Hour), s.now.Add(-14 * 24 * time.Hour),
	}
	steps := time.Duration(s.random.IntN(16)-8) * 10 * time.Minute
	return around[s.random.IntN(len(around))].Add(steps).Truncate(time.Minute)
}
