package queue

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

const (
	// waitSeconds makes SQS ask all its servers for messages; without waiting it asks some and may find none although
	// there are.
	waitSeconds = 1
	// hiddenWhilePeeking is how long messages stay away when a look is cut off before it gives them back.
	hiddenWhilePeeking = 20 * time.Second
)

// SendBodies puts messages on the queue as they are, between 1 byte and 1 MiB of text each. It returns nil only when
// all are queued, and otherwise fault.Unavailable although some may be.
func (q *Queue) SendBodies(ctx context.Context, bodies []string) error {
	for len(bodies) > 0 {
		n := fill(bodies)
		if err := q.sendBatch(ctx, entries(bodies[:n])); err != nil {
			return err
		}
		bodies = bodies[n:]
	}
	return nil
}

// Receive takes up to limit messages and hides them from every other reader for a time, in whole seconds. What is
// neither deleted nor given back shows up again. Fewer than limit means that no more were to be had just now;
// messages in flight elsewhere are not among them. Errors: fault.Unavailable; what was taken before then is given
// back.
func (q *Queue) Receive(ctx context.Context, limit int, hidden time.Duration) ([]event.Message, error) {
	var messages []event.Message
	for len(messages) < limit {
		out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &q.url, MaxNumberOfMessages: int32(min(limit-len(messages), maxBatchEntries)), WaitTimeSeconds: waitSeconds,
			VisibilityTimeout: int32(hidden / time.Second),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{
				types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp,
			},
		})
		if err != nil {
			_ = q.Requeue(ctx, messages) // they come back by themselves too, only later
			return nil, translate("receive messages", err)
		}
		if len(out.Messages) == 0 {
			return messages, nil
		}
		for _, m := range out.Messages {
			messages = append(messages, received(m))
		}
	}
	return messages, nil
}

// received reads the counts that SQS gives as text; one that is missing is 0.
func received(m types.Message) event.Message {
	receives, _ := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	sent, _ := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	return event.Message{
		ID: aws.ToString(m.MessageId), Handle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body), Sent: event.Millis(sent), Receives: receives,
	}
}

// Peek looks at up to limit messages and leaves them where they are. It is a sample: what others have in flight is
// not seen, and each look adds one to a message's count of receipts. Errors: fault.Unavailable.
func (q *Queue) Peek(ctx context.Context, limit int) ([]event.Message, error) {
	messages, err := q.Receive(ctx, limit, hiddenWhilePeeking)
	if err != nil {
		return nil, err
	}
	return messages, q.Requeue(ctx, messages)
}

// Requeue lets others receive the messages at once. One whose receipt has run out is there already.
func (q *Queue) Requeue(ctx context.Context, messages []event.Message) error {
	for part := range slices.Chunk(messages, maxBatchEntries) {
		entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(part))
		for n, m := range part {
			entries[n] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(n)), ReceiptHandle: aws.String(m.Handle)}
		}
		_, err := q.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return translate("requeue messages", err)
		}
	}
	return nil
}

// Delete removes messages for good. Errors: fault.Unavailable when some may still be there; they show up again.
func (q *Queue) Delete(ctx context.Context, messages []event.Message) error {
	for part := range slices.Chunk(messages, maxBatchEntries) {
		entries := make([]types.DeleteMessageBatchRequestEntry, len(part))
		for n, m := range part {
			entries[n] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(n)), ReceiptHandle: aws.String(m.Handle)}
		}
		out, err := q.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.url, Entries: entries})
		if err != nil {
			return translate("delete messages", err)
		}
		if n := len(part) - len(out.Successful); n > 0 {
			return fault.Wrap(fault.Unavailable, "queue_unavailable", fmt.Errorf("%d of %d messages are not deleted and show up again", n, len(part)))
		}
	}
	return nil
}
