package message

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/strictjson"
)

// Consumer handles a batch of messages. It is a lambda.Handler, which reads the batch itself: encoding/json, as which
// Lambda's runtime would read it, takes a fifth of all that process does.
//
//	lambda.Start(message.Consumer(h.Handle))
type Consumer func(ctx context.Context, batch events.SQSEvent) (events.SQSEventResponse, error)

// Invoke handles the batch of a payload. Errors are those of ParseBatch and of the consumer.
func (c Consumer) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	batch, err := ParseBatch(payload)
	if err != nil {
		return nil, err
	}
	response, err := c(ctx, batch)
	if err != nil {
		return nil, err
	}
	return json.Marshal(response)
}

// ParseBatch reads the messages that Lambda hands over, and of each only its id and its body. Error: fault.Invalid
// unknown_event, when the payload is no batch of messages.
func ParseBatch(payload []byte) (events.SQSEvent, error) {
	v, err := strictjson.Parse(string(payload))
	records := v.Get("Records")
	if err != nil || records.Kind() != strictjson.List {
		return events.SQSEvent{}, fault.New(fault.Invalid, "unknown_event", "the event is not a batch of the queue")
	}
	batch := events.SQSEvent{Records: make([]events.SQSMessage, 0, records.Len())}
	for record := range records.Items() {
		batch.Records = append(batch.Records, events.SQSMessage{
			MessageId: record.Get("messageId").Scalar(), Body: record.Get("body").Scalar(),
		})
	}
	return batch, nil
}
