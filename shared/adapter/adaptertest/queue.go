package adaptertest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// QueueUnderTest is everything that a queue does.
type QueueUnderTest interface {
	Send(ctx context.Context, envelopes []event.Envelope) error
	SendBodies(ctx context.Context, bodies []string) error
	Receive(ctx context.Context, limit int, hidden time.Duration) ([]event.Message, error)
	Peek(ctx context.Context, limit int) ([]event.Message, error)
	Requeue(ctx context.Context, messages []event.Message) error
	Delete(ctx context.Context, messages []event.Message) error
	Depth(ctx context.Context) (waiting, inFlight int, err error)
}

// OpenQueue gives an empty queue and a way to take everything off it for good, as its consumer would.
type OpenQueue func(t *testing.T) (queue QueueUnderTest, drain func() []event.Envelope)

// Queue holds a queue to its promises.
func Queue(t *testing.T, open OpenQueue) {
	t.Helper()
	for _, c := range []struct {
		name string
		run  func(t *testing.T, queue QueueUnderTest, drain func() []event.Envelope)
	}{
		{"envelopes come out as they went in", sentEnvelopes},
		{"strange text", strangeEnvelopes},
		{"very many envelopes", manyEnvelopes},
		{"an envelope larger than a message", largeEnvelope},
		{"depth", queueDepth},
		{"messages", queueMessages},
		{"many messages", manyMessages},
	} {
		t.Run(c.name, func(t *testing.T) {
			queue, drain := open(t)
			c.run(t, queue, drain)
		})
	}
}

func envelope(request string, events ...string) event.Envelope {
	e := event.Envelope{Version: event.EnvelopeVersion, Workspace: "shop", Source: "web", Received: noon, Request: request}
	for _, raw := range events {
		e.Events = append(e.Events, json.RawMessage(raw))
	}
	return e
}

func sentEnvelopes(t *testing.T, queue QueueUnderTest, drain func() []event.Envelope) {
	ctx := t.Context()
	must(t, queue.Send(ctx, nil))
	equal(t, "envelopes of an empty Send", len(drain()), 0)

	full := envelope("r-1", `{"type":"track","n":12345678901234567890.50}`, `{"a":[1,null,true,{"b":"c"}]}`, `[]`, `"text"`)
	full.SentAt, full.Context, full.Type, full.First, full.Replay = "2026-11-22T12:00:00Z", json.RawMessage(`{"ip":"1.2.3.0"}`), event.Track, 12, "f-1"
	note := envelope("r-3")
	note.Refused = &event.Refused{Code: "invalid_json", Events: 7}
	read := envelope("r-4", `{"type":"jump"}`)
	read.At = []int{1}
	for _, index := range []int{0, 3} {
		read.Parsed = append(read.Parsed, event.Event{
			Workspace: "shop", Source: "web", Request: "r-4", Index: index, ID: "m", Type: event.Track, Name: "Order Completed", Original: noon - 1, Corrected: noon, Received: noon,
			Skewed: true, Identifiers: []event.Identifier{"user:1", "anon:é"}, Marketing: event.Marketing{Source: "news", URL: "https://shop.example/?a"}, Page: "https://shop.example/",
			Order: &event.Order{ID: "o", Amount: 17_310_000, Currency: "EUR"}, Properties: map[string]any{"n": json.Number("1.50"), "list": []any{nil, true}}, Traits: map[string]any{},
		})
	}
	want := []event.Envelope{full, envelope("r-2", `{}`), note, read}
	must(t, queue.Send(ctx, want))
	equal(t, "envelopes", byRequest(drain()), want)
}

func byRequest(envelopes []event.Envelope) []event.Envelope {
	slices.SortFunc(envelopes, func(a, b event.Envelope) int {
		if c := strings.Compare(a.Request, b.Request); c != 0 {
			return c
		}
		return a.First - b.First
	})
	return envelopes
}

// strangeEnvelopes compares what the JSON says: a queue may write a character in another way.
func strangeEnvelopes(t *testing.T, queue QueueUnderTest, drain func() []event.Envelope) {
	ctx := t.Context()
	var sent []event.Envelope
	for n, text := range strange {
		raw, err := json.Marshal(map[string]string{text: text})
		must(t, err)
		e := envelope(fmt.Sprintf("r-%02d-%s", n, text), string(raw))
		e.Source = text
		sent = append(sent, e)
	}
	must(t, queue.Send(ctx, sent))
	got := byRequest(drain())
	equal(t, "number of envelopes", len(got), len(sent))
	for n, e := range got {
		var content map[string]string
		must(t, json.Unmarshal(e.Events[0], &content))
		equal(t, "content of an event", content, map[string]string{strange[n]: strange[n]})
		e.Events = sent[n].Events
		equal(t, "envelope", e, sent[n])
	}
}

func manyEnvelopes(t *testing.T, queue QueueUnderTest, drain func() []event.Envelope) {
	ctx := t.Context()
	text := noise(100_000)
	var want []event.Envelope
	for n := range 33 { // 3.3 MB: more than ten entries and more than three batches by size
		want = append(want, envelope(fmt.Sprintf("r-%02d", n), `{"noise":"`+text+`"}`))
	}
	must(t, queue.Send(ctx, want))
	equal(t, "envelopes", byRequest(drain()), want)
}

// largeEnvelope may come out in parts, each saying where in the request it begins.
func largeEnvelope(t *testing.T, queue QueueUnderTest, drain func() []event.Envelope) {
	ctx := t.Context()
	sent := envelope("r-1")
	sent.First = 100
	for n := range 2501 {
		sent.Events = append(sent.Events, json.RawMessage(fmt.Sprintf(`{"n":%d,"noise":"%s"}`, n, noise(900))))
	}
	must(t, queue.Send(ctx, []event.Envelope{sent}))
	together := envelope("r-1")
	together.First = 100
	for _, part := range byRequest(drain()) {
		equal(t, "place of the first event of a part", part.First, 100+len(together.Events))
		together.Events = append(together.Events, part.Events...)
	}
	equal(t, "the parts together", together, sent)
}

func queueDepth(t *testing.T, queue QueueUnderTest, drain func() []event.Envelope) {
	ctx := t.Context()
	wantDepth := func(what string, want int) {
		t.Helper()
		waiting, inFlight, err := queue.Depth(ctx)
		must(t, err)
		equal(t, "waiting "+what, waiting, want)
		equal(t, "in flight "+what, inFlight, 0)
	}
	wantDepth("before any", 0)
	must(t, queue.Send(ctx, []event.Envelope{envelope("r-1", `{}`), envelope("r-2", `{}`), envelope("r-3", `{}`)}))
	wantDepth("after three", 3)
	drain()
	wantDepth("after all were taken", 0)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if err := queue.Send(canceled, []event.Envelope{envelope("r-4", `{}`)}); err != nil {
		wantFault(t, "Send out of time", err, fault.Unavailable, "queue_unavailable")
	}
}
