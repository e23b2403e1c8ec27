package cost

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/infra/cost/meter"
	"waymark/infra/cost/traffic"
)

const (
	maxEventBytes   = 6 * 1024 * 1024 // Lambda's limit, at which a batch ends
	messageOverhead = 1024            // about what ids, attributes and names take in an event, for one message
	region          = "us-east-1"
)

// mailbag takes messages from the queues and delivers them in batches, as the template and the profile say.
type mailbag struct {
	system  *system
	profile traffic.Profile
	isTimed bool // a batch ends with its window; otherwise only when it is full or flushed
	waiting map[string][]posted
}

// posted is a message and when it was sent.
type posted struct {
	meter.Message
	at time.Time
}

func newMailbag(s *system, p traffic.Profile) *mailbag {
	return &mailbag{system: s, profile: p, waiting: map[string][]posted{}}
}

// send posts a request and delivers the batches that end before it or are full with it.
func (b *mailbag) send(ctx context.Context, r traffic.Request) error {
	if b.isTimed {
		for queue, source := range b.sources() {
			if batch := b.waiting[queue]; len(batch) > 0 && r.At.Sub(batch[0].at) > source.Window {
				if err := b.deliver(ctx, queue, len(batch)); err != nil {
					return err
				}
			}
		}
	}
	if err := b.system.post(ctx, r); err != nil {
		return err
	}
	b.collect(r.At)
	for queue, source := range b.sources() {
		size := max(source.BatchSize, 1)
		if b.profile.MessagesPerBatch > 0 {
			size = b.profile.MessagesPerBatch
		}
		for len(b.waiting[queue]) >= size {
			if err := b.deliver(ctx, queue, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// sources are the queues in the order of their names.
func (b *mailbag) sources() func(yield func(string, meter.Source) bool) {
	all := b.system.meter.Sources()
	return func(yield func(string, meter.Source) bool) {
		for _, queue := range slices.Sorted(maps.Keys(all)) {
			if !yield(queue, all[queue]) {
				return
			}
		}
	}
}

// collect takes what the queues got, and says how much.
func (b *mailbag) collect(at time.Time) (count int) {
	for queue := range b.sources() {
		for _, m := range b.system.meter.Take(queue) {
			b.waiting[queue] = append(b.waiting[queue], posted{m, at})
			count++
		}
	}
	return count
}

// flush delivers everything that waits.
func (b *mailbag) flush(ctx context.Context) error {
	for queue, source := range b.sources() {
		for len(b.waiting[queue]) > 0 {
			if err := b.deliver(ctx, queue, min(len(b.waiting[queue]), max(source.BatchSize, 1))); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliver invokes the function of a queue with the first messages that wait, as many as fit into an event. All must
// succeed: nothing goes wrong here, and what is tried again would be in the bill twice.
func (b *mailbag) deliver(ctx context.Context, queue string, count int) error {
	source := b.system.meter.Sources()[queue]
	batch, size := b.waiting[queue][:count], 0
	for i, m := range batch {
		encoded, err := json.Marshal(m.Body)
		if err != nil {
			return fmt.Errorf("encode message: %w", err)
		}
		if size += len(encoded) + messageOverhead; size > maxEventBytes && i > 0 {
			batch = batch[:i]
			break
		}
	}
	b.waiting[queue] = b.waiting[queue][len(batch):]
	payload, err := json.Marshal(eventOf(source, batch))
	if err != nil {
		return fmt.Errorf("encode batch: %w", err)
	}
	answer, err := b.system.invoke(ctx, source.Function, payload)
	if err != nil {
		return fmt.Errorf("deliver %d messages: %w", len(batch), err)
	}
	var said events.SQSEventResponse
	if err := json.Unmarshal(answer, &said); err != nil || len(said.BatchItemFailures) > 0 {
		return fmt.Errorf("%s gave messages back, so that they would be billed twice: %s", source.Function, answer)
	}
	var messages []meter.Message
	for _, m := range batch {
		messages = append(messages, m.Message)
	}
	b.system.meter.Delivered(source.Function, messages)
	return nil
}

// eventOf is the event that Lambda makes of a batch.
func eventOf(source meter.Source, batch []posted) events.SQSEvent {
	var e events.SQSEvent
	for _, m := range batch {
		record := events.SQSMessage{
			MessageId: m.ID, ReceiptHandle: m.ID, Body: m.Body, EventSource: "aws:sqs", EventSourceARN: source.QueueARN,
			AWSRegion: region,
			Attributes: map[string]string{
				"ApproximateReceiveCount": "1", "SentTimestamp": strconv.FormatInt(m.at.UnixMilli(), 10),
				"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.at.UnixMilli(), 10), "SenderId": "AROAEXAMPLE:collect",
			},
			MessageAttributes: map[string]events.SQSMessageAttribute{},
		}
		for name, a := range m.Attributes {
			record.MessageAttributes[name] = events.SQSMessageAttribute{
				StringValue: &a.StringValue, BinaryValue: a.BinaryValue, DataType: a.DataType,
			}
		}
		e.Records = append(e.Records, record)
	}
	return e
}
