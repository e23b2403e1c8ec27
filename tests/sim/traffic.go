package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"waymark/shared/domain/event"
)

// Traffic puts a random handful of events on the queue: few identifiers and many ties, times near midnights, clock changes and the moment of
// lapsing, clients' retries with another time of receipt, and orders that several events claim.
func (w *World) Traffic() {
	for range 6 + w.random.IntN(10) {
		raw := w.event()
		for range 1 + w.random.IntN(5)/3 + w.random.IntN(5)/4 {
			w.Send(w.envelope(raw))
		}
	}
}

func (w *World) envelope(raw ...string) event.Envelope {
	w.ids++
	received := w.now.Add(time.Duration(w.random.IntN(100)) * time.Second)
	sent := received.Add(-time.Duration(w.random.IntN(3)) * time.Second)
	if w.random.IntN(4) == 0 {
		sent = received.Add(time.Duration(w.random.IntN(2)*2-1) * time.Duration(w.random.IntN(40)) * time.Minute) // a wrong clock
	}
	e := event.Envelope{
		Version: event.EnvelopeVersion, Workspace: tenant, Source: pick(w, "web", "web", "app"), Received: event.At(received),
		Request: fmt.Sprintf("r%d", w.ids), SentAt: sent.Format(time.RFC3339Nano),
	}
	for _, one := range raw {
		e.Events = append(e.Events, json.RawMessage(one))
	}
	if w.random.IntN(4) == 0 {
		e.Events = append(e.Events, json.RawMessage(w.event()))
	}
	return e
}

func (w *World) event() string {
	w.ids++
	fields := []string{fmt.Sprintf(`"messageId":"id%d"`, w.random.IntN(40)), w.who()}
	if w.random.IntN(10) > 0 {
		fields = append(fields, fmt.Sprintf(`"timestamp":%q`, w.when().Format(time.RFC3339Nano)))
	}
	switch w.random.IntN(10) {
	case 0:
		fields = append(fields, `"type":"identify"`, fmt.Sprintf(`"traits":{"plan":"p%d","email":"e%d@x.example"}`, w.random.IntN(3), w.random.IntN(2)))
	case 1:
		fields = append(fields, `"type":"alias"`, fmt.Sprintf(`"userId":"u%d","previousId":"u%d"`, w.random.IntN(3), w.random.IntN(3)))
	case 2, 3:
		fields = append(fields, `"type":"track","event":"Order Completed"`,
			fmt.Sprintf(`"properties":{"order_id":"o%d","revenue":%d.%02d}`, w.random.IntN(5), w.random.IntN(90), w.random.IntN(100)))
	case 4:
		fields = append(fields, `"type":"track","event":"Order Refunded"`, fmt.Sprintf(`"properties":{"refund_id":"f%d","total":1.5}`, w.random.IntN(3)))
	case 5:
		fields = append(fields, `"type":"track","event":"Product Added"`, `"context":{"location":{"country":"NO"}}`)
	case 6:
		fields = append(fields, `"type":"nonsense"`)
	case 7:
		fields = append(fields, `"type":"page"`, `"properties":{"url":"https://shop.example/?utm_source=news&utm_medium=email"}`)
	default:
		fields = append(fields, `"type":"page"`)
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func (w *World) who() string {
	user, visitor := w.random.IntN(3), w.random.IntN(4)
	switch w.random.IntN(4) {
	case 0:
		return fmt.Sprintf(`"userId":"u%d","anonymousId":"a%d"`, user, visitor)
	case 1:
		return fmt.Sprintf(`"userId":"u%d"`, user)
	case 2:
		return fmt.Sprintf(`"anonymousId":"a%d","context":{"traits":{"email":"e%d@x.example"}}`, visitor, user)
	}
	return fmt.Sprintf(`"anonymousId":"a%d"`, visitor)
}

// when picks a time where something can go wrong: about the clock change of 25 October 2026, about midnights of the last days, and about 90 days
// ago, so that lapses come true while the schedule runs.
func (w *World) when() time.Time {
	around := [...]time.Time{
		time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), time.Date(2026, 10, 24, 23, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		w.now.Add(-90 * 24 * time.Hour), w.now.Add(-91 * 24 * time.Hour),
	}
	steps := time.Duration(w.random.IntN(16)-8) * 10 * time.Minute
	return around[w.random.IntN(len(around))].Add(steps).Truncate(time.Minute)
}

func pick(w *World, options ...string) string { return options[w.random.IntN(len(options))] }
