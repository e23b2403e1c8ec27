// Package poller is the local stand-in for Lambda's SQS event source: it gathers messages into batches, invokes the function
// and deletes what succeeded. Batch size, also above the ten of one receive, window, payload limit and the rules of ReportBatchItemFailures are
// those of AWS.
// Redrive to the dead-letter queue is the queue's own work; a failed message comes again after its visibility timeout.
//
//	p := poller.New(poller.Config{Queue: client, QueueURL: url, BatchSize: 10, Invoke: invoke})
//	go p.Run(ctx)
//	…
//	p.Stop() // finishes what was received, then Run returns
package poller

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/infra/local/faults"
)

const (
	// receiveMost is SQS' limit for one receive and for one delete.
	receiveMost = 10
	// idleWait is how long a receive waits for a message, at most. Short, because Stop waits for it to return: a receive that
	// is broken off can take a message along that then stays invisible. SQS itself waits no longer than 20 seconds.
	idleWait = 2 * time.Second
	// maxEventBytes is Lambda's limit of an event; a batch ends before it.
	maxEventBytes = 6 * 1024 * 1024
	// pauseAfterError keeps a queue that is down from being asked in a loop.
	pauseAfterError = time.Second
	// shortPoll is the pause between receives in what is left of a window below a second.
	shortPoll = 100 * time.Millisecond
)

// Queue is the part of the SQS client that is used; *sqs.Client is one.
type Queue interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
}

// Invoke runs the function with an event; failed means that the function ended with an error.
type Invoke func(ctx context.Context, event []byte) (payload []byte, failed bool, err error)

// Config describes one event source.
type Config struct {
	Queue          Queue
	QueueURL       string
	QueueARN       string
	Region         string
	BatchSize      int
	Window         time.Duration
	Concurrency    int // batches at a time
	PartialBatches bool
	Invoke         Invoke
	Log            io.Writer
	Faults         *faults.Stream
}

// Poller feeds one function from one queue.
type Poller struct {
	config Config
	stop   chan struct{}
	once   sync.Once
}

// New returns a poller that Run starts.
func New(config Config) *Poller {
	config.Concurrency = max(config.Concurrency, 1)
	config.BatchSize = max(config.BatchSize, 1)
	if config.Log == nil {
		config.Log = io.Discard
	}
	return &Poller{config: config, stop: make(chan struct{})}
}

// Stop ends Run after the batches at work.
func (p *Poller) Stop() { p.once.Do(func() { close(p.stop) }) }

// Run polls until Stop, or until the context ends, which breaks off what is at work.
func (p *Poller) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range p.config.Concurrency {
		group.Go(func() { p.loop(ctx) })
	}
	group.Wait()
}

func (p *Poller) loop(ctx context.Context) {
	var held []types.Message  // received, but too large for the batch they came with, or held back from an earlier one
	var aside []types.Message // held back by a fault until a batch has passed
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.stop:
			if held, aside = slices.Concat(held, aside), nil; len(held) == 0 {
				return
			}
		default:
		}
		old := len(held)
		batch, rest, err := p.gather(ctx, held, idle(aside))
		luck := p.luck(batch)
		batch, back := p.reorder(batch, old, luck)
		held, aside = slices.Concat(rest, aside), back
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(p.config.Log, "receive from %s: %v\n", p.config.QueueURL, err)
			p.pause(ctx, pauseAfterError)
		}
		if len(batch) > 0 {
			p.deliver(ctx, batch, luck)
		}
	}
}

// gather receives until the batch is full, its window is over, or its event would be too large.
func (p *Poller) gather(ctx context.Context, held []types.Message, wait time.Duration) (batch, rest []types.Message, err error) {
	received := held
	if len(received) == 0 {
		if received, err = p.receive(ctx, p.config.BatchSize, wait); err != nil || len(received) == 0 {
			return nil, nil, err
		}
	}
	end := time.Now().Add(p.config.Window)
	count, size := fitting(received, 0, 0)
	for len(received) < p.config.BatchSize && count == len(received) {
		left := time.Until(end)
		if left <= 0 || p.stopping() {
			break
		}
		wait := min(left.Truncate(time.Second), idleWait)
		if wait == 0 {
			p.pause(ctx, min(left, shortPoll))
		}
		more, err := p.receive(ctx, p.config.BatchSize-len(received), wait)
		received = append(received, more...)
		count, size = fitting(received, count, size)
		if err != nil {
			break // what is here already is worth handling; the next receive will tell the error
		}
	}
	count = min(count, p.config.BatchSize)
	return received[:count], received[count:], nil
}

func (p *Poller) stopping() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

func (p *Poller) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-p.stop:
	}
}

// fitting is how many of the messages make an event below Lambda's limit, at least one, and the size of that event. The first count messages
// have a size already and fit.
func fitting(messages []types.Message, count, size int) (int, int) {
	for _, m := range messages[count:] {
		encoded, _ := json.Marshal(aws.ToString(m.Body))
		more := len(encoded) + 1024 // ids, attributes and names around the body
		if size+more > maxEventBytes && count > 0 {
			break
		}
		count, size = count+1, size+more
	}
	return count, size
}

func (p *Poller) receive(ctx context.Context, most int, wait time.Duration) ([]types.Message, error) {
	out, err := p.config.Queue.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl:                    &p.config.QueueURL,
		MaxNumberOfMessages:         int32(min(most, receiveMost)),
		WaitTimeSeconds:             int32(wait / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}

// handle invokes the function and deletes what succeeded, unless a fault takes its answer away.
func (p *Poller) handle(ctx context.Context, batch []types.Message, dropAck bool) {
	payload, err := json.Marshal(p.event(batch))
	if err != nil {
		fmt.Fprintf(p.config.Log, "encode batch: %v\n", err)
		return
	}
	answer, failed, err := p.config.Invoke(ctx, payload)
	if err != nil || failed {
		fmt.Fprintf(p.config.Log, "batch of %d messages failed, they come again after their visibility timeout: %s%s\n", len(batch), answer, errorText(err))
		return
	}
	if dropAck {
		p.config.Faults.Happened(faults.DropAck)
		return
	}
	done := batch
	if p.config.PartialBatches {
		done = Succeeded(answer, batch)
	}
	if len(done) < len(batch) {
		fmt.Fprintf(p.config.Log, "%d of %d messages failed, they come again after their visibility timeout\n", len(batch)-len(done), len(batch))
	}
	p.delete(ctx, done)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (p *Poller) delete(ctx context.Context, messages []types.Message) {
	for len(messages) > 0 {
		count := min(len(messages), receiveMost)
		var entries []types.DeleteMessageBatchRequestEntry
		for i, m := range messages[:count] {
			entries = append(entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
		}
		messages = messages[count:]
		out, err := p.config.Queue.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &p.config.QueueURL, Entries: entries})
		// A message that is not deleted comes again: at least once, as in the cloud.
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(p.config.Log, "delete from %s: %v\n", p.config.QueueURL, err)
		}
		if err == nil && len(out.Failed) > 0 {
			fmt.Fprintf(p.config.Log, "delete from %s: %d entries refused\n", p.config.QueueURL, len(out.Failed))
		}
	}
}

func (p *Poller) event(batch []types.Message) events.SQSEvent {
	var e events.SQSEvent
	for _, m := range batch {
		record := events.SQSMessage{
			MessageId: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
			Md5OfBody: aws.ToString(m.MD5OfBody), Md5OfMessageAttributes: aws.ToString(m.MD5OfMessageAttributes),
			Attributes: m.Attributes, MessageAttributes: map[string]events.SQSMessageAttribute{},
			EventSource: "aws:sqs", EventSourceARN: p.config.QueueARN, AWSRegion: p.config.Region,
		}
		for name, a := range m.MessageAttributes {
			record.MessageAttributes[name] = events.SQSMessageAttribute{
				StringValue: a.StringValue, BinaryValue: a.BinaryValue, DataType: aws.ToString(a.DataType),
				StringListValues: a.StringListValues, BinaryListValues: a.BinaryListValues,
			}
		}
		e.Records = append(e.Records, record)
	}
	return e
}
