// Package queue puts envelopes of events on the touchpoint queue (Amazon SQS) and reads them out of its messages. What is on its way to process it
// does not receive: in the cloud and on the laptop a poller hands messages to that function. It receives dead letters, to show them and to put
// them back on their way.
//
// What a message looks like is for package message below.
//
//	q := queue.New(queue.NewClient(os.Getenv), url)
//	err := q.Send(ctx, []event.Envelope{envelope})   // nil: all is queued
package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/shared/adapter/queue/message"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
)

// Limits of one SendMessageBatch, and how often entries that failed in it are sent again.
const (
	maxBatchEntries = 10
	maxBatchBytes   = 1 << 20
	maxAttempts     = 4
	firstPause      = 50 * time.Millisecond
)

// Queue is one queue.
type Queue struct {
	client *sqs.Client
	sender Sender
	pause  func(ctx context.Context, ceiling time.Duration) error
	url    string
}

// New is the queue at an address that SQS gave.
func New(client *sqs.Client, url string) *Queue {
	return &Queue{client: client, sender: client, pause: pause, url: url}
}

// Sender is what of SQS takes messages; *sqs.Client is one.
type Sender interface {
	SendMessageBatch(ctx context.Context, in *sqs.SendMessageBatchInput, options ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// Sending is a queue that can only be sent to, over any Sender, which waits between attempts by calling pause. The simulator runs on it.
func Sending(sender Sender, pause func(ctx context.Context, ceiling time.Duration) error) *Queue {
	return &Queue{sender: sender, pause: pause}
}

// Send puts envelopes on the queue, in as few calls as SQS allows. It returns nil only when all is queued. Errors: fault.Unavailable when
// anything may not be queued, even if the rest is; fault.Invalid with code too_large or bad_message, and then nothing is queued.
func (q *Queue) Send(ctx context.Context, envelopes []event.Envelope) error {
	var bodies []string
	for _, e := range envelopes {
		written, err := message.Bodies(e)
		if err != nil {
			return err
		}
		bodies = append(bodies, written...)
	}
	return q.SendBodies(ctx, bodies)
}

// Encode is message.Encode, for those who have the queue too.
func Encode(e event.Envelope) (string, error) { return message.Encode(e) }

// Decode is message.Decode, for those who have the queue too.
func Decode(body string) (event.Envelope, error) { return message.Decode(body) }

// fill says how many of the first bodies fit into one call.
func fill(bodies []string) int {
	size := 0
	for n, body := range bodies {
		size += len(body)
		if n == maxBatchEntries || n > 0 && size > maxBatchBytes {
			return n
		}
	}
	return len(bodies)
}

func entries(bodies []string) []types.SendMessageBatchRequestEntry {
	out := make([]types.SendMessageBatchRequestEntry, len(bodies))
	for n, body := range bodies {
		out[n] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(n)), MessageBody: aws.String(body)}
	}
	return out
}

// sendBatch sends entries and those again that SQS did not take: a call can succeed although some of its entries failed.
func (q *Queue) sendBatch(ctx context.Context, unsent []types.SendMessageBatchRequestEntry) error {
	for attempt := range maxAttempts {
		if attempt > 0 {
			if err := q.pause(ctx, firstPause<<attempt); err != nil {
				return notQueued(err)
			}
		}
		out, err := q.sender.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: unsent})
		if err != nil {
			return notQueued(err)
		}
		if len(out.Successful) == len(unsent) {
			return nil
		}
		for _, failed := range out.Failed {
			if failed.SenderFault {
				return fault.Newf(fault.Unavailable, "queue_refused", "the queue refused a message: %s", aws.ToString(failed.Code))
			}
		}
		unsent = without(unsent, out.Successful)
	}
	return fault.Newf(fault.Unavailable, "queue_unavailable", "the queue did not take %d messages in %d attempts: try again later", len(unsent), maxAttempts)
}

// notQueued is what every error of sending comes to, a missing permission too: the events are not queued, and the client still has them.
func notQueued(err error) error {
	return fault.Wrap(fault.Unavailable, "queue_unavailable", fmt.Errorf("send messages: %w", err))
}

// without drops the entries that were taken. Whatever is not said to be taken is sent again: a repeat is harmless, a loss is not.
func without(entries []types.SendMessageBatchRequestEntry, taken []types.SendMessageBatchResultEntry) []types.SendMessageBatchRequestEntry {
	done := make(map[string]bool, len(taken))
	for _, t := range taken {
		done[aws.ToString(t.Id)] = true
	}
	var left []types.SendMessageBatchRequestEntry
	for _, e := range entries {
		if !done[*e.Id] {
			left = append(left, e)
		}
	}
	return left
}

// pause waits with full jitter.
func pause(ctx context.Context, ceiling time.Duration) error {
	timer := time.NewTimer(rand.N(ceiling))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Depth says about how many messages wait and how many are being processed.
func (q *Queue) Depth(ctx context.Context) (waiting, inFlight int, err error) {
	out, err := q.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &q.url,
		AttributeNames: []types.QueueAttributeName{
			types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
		},
	})
	if err != nil {
		return 0, 0, translate("read queue depth", err)
	}
	waiting, err = attribute(out, types.QueueAttributeNameApproximateNumberOfMessages)
	if err != nil {
		return 0, 0, err
	}
	inFlight, err = attribute(out, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
	return waiting, inFlight, err
}

func attribute(out *sqs.GetQueueAttributesOutput, name types.QueueAttributeName) (int, error) {
	n, err := strconv.Atoi(out.Attributes[string(name)])
	if err != nil {
		return 0, fmt.Errorf("read queue attribute %s: %w", name, err)
	}
	return n, nil
}
