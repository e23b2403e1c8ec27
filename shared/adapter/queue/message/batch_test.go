package message_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/fault"
)

// FuzzBatch holds ParseBatch against encoding/json: of every batch that a queue hands over they read the same ids and
// bodies.
func FuzzBatch(f *testing.F) {
	f.Add("m-1", `{"v":1,"events":[{"a":"\u00e9"}]}`, "m-2", "\x00 \" \\ é 😀 \ufffd")
	f.Add("", "", "\xff", "\u2028<&>")
	f.Fuzz(func(t *testing.T, id, body, otherID, otherBody string) {
		payload, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{
			{MessageId: id, Body: body, ReceiptHandle: "r", Attributes: map[string]string{"SentTimestamp": "1"}, EventSource: "aws:sqs"},
			{MessageId: otherID, Body: otherBody},
		}})
		if err != nil {
			t.Fatal(err)
		}
		var want events.SQSEvent
		if err := json.Unmarshal(payload, &want); err != nil {
			t.Fatal(err)
		}
		got, err := message.ParseBatch(payload)
		if err != nil || len(got.Records) != 2 {
			t.Fatalf("ParseBatch(%s) = %+v, %v", payload, got, err)
		}
		for i, m := range got.Records {
			if m.MessageId != want.Records[i].MessageId || m.Body != want.Records[i].Body {
				t.Errorf("ParseBatch(%s) = %+v, want %+v", payload, got, want)
			}
		}
	})
}

func TestConsumer(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for _, c := range []struct {
		name, payload, want string
		answer              error
		err                 error
		seen                int
	}{
		{"two messages", `{"Records":[{"messageId":"1","body":"a"},{"messageId":"2"}]}`, `{"batchItemFailures":[{"itemIdentifier":"2"}]}`, nil, nil, 2},
		{"no messages", `{"Records":[]}`, `{"batchItemFailures":null}`, nil, nil, 0},
		{"an error", `{"Records":[{"messageId":"1","body":"a"}]}`, "", down, down, 1},
	} {
		var seen []events.SQSMessage
		h := message.Consumer(func(_ context.Context, batch events.SQSEvent) (response events.SQSEventResponse, err error) {
			seen = batch.Records
			for _, m := range seen {
				if m.Body == "" {
					response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId})
				}
			}
			return response, c.answer
		})
		got, err := h.Invoke(t.Context(), []byte(c.payload))
		if string(got) != c.want || !errors.Is(err, c.err) || len(seen) != c.seen {
			t.Errorf("%s: answered %s, %v, seen %v", c.name, got, err, seen)
		}
	}
	for _, payload := range []string{``, `{}`, `{"Records":null}`, `{"Records":{}}`, `[]`, `{"Records":[]`} {
		if _, err := message.ParseBatch([]byte(payload)); fault.CodeOf(err) != "unknown_event" {
			t.Errorf("ParseBatch(%s) = %v, want unknown_event", payload, err)
		}
	}
	if got, err := message.ParseBatch([]byte(`{"Records":[7]}`)); err != nil || !reflect.DeepEqual(got.Records, make([]events.SQSMessage, 1)) {
		t.Errorf("a record that is no message is read as %+v, %v, want one without id and body", got, err)
	}
}
