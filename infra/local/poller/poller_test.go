package poller_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/infra/local/poller"
)

func messages(ids ...string) []types.Message {
	var list []types.Message
	for _, id := range ids {
		list = append(list, types.Message{
			MessageId: aws.String(id), ReceiptHandle: aws.String("receipt-" + id), Body: aws.String(`{"id":"` + id + `"}`), MD5OfBody: aws.String("md5"),
			Attributes: map[string]string{"ApproximateReceiveCount": "1"},
		})
	}
	return list
}

func TestSucceeded(t *testing.T) {
	t.Parallel()
	all, none := []string{"a", "b", "c"}, []string(nil)
	for _, c := range []struct {
		name, answer string
		want         []string
	}{
		{"an empty list", `{"batchItemFailures":[]}`, all},
		{"a null list", `{"batchItemFailures":null}`, all},
		{"an empty object", `{}`, all},
		{"null", `null`, all},
		{"nothing", ``, all},
		{"one failed", `{"batchItemFailures":[{"itemIdentifier":"b"}]}`, []string{"a", "c"}},
		{"one failed twice", `{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}`, []string{"a", "c"}},
		{"all failed", `{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}`, none},
		{"no JSON", `oops`, none},
		{"a text", `"ok"`, none},
		{"a list of texts", `{"batchItemFailures":["b"]}`, none},
		{"no list", `{"batchItemFailures":"b"}`, none},
		{"an empty identifier", `{"batchItemFailures":[{"itemIdentifier":""}]}`, none},
		{"a null identifier", `{"batchItemFailures":[{"itemIdentifier":null}]}`, none},
		{"a number", `{"batchItemFailures":[{"itemIdentifier":1}]}`, none},
		{"another key", `{"batchItemFailures":[{"id":"b"}]}`, none},
		{"key in another case", `{"batchItemFailures":[{"ItemIdentifier":"b"}]}`, none},
		{"an empty entry", `{"batchItemFailures":[{}]}`, none},
		{"an unknown identifier", `{"batchItemFailures":[{"itemIdentifier":"z"}]}`, none},
		{"one known and one unknown", `{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"z"}]}`, none},
	} {
		var got []string
		for _, m := range poller.Succeeded([]byte(c.answer), messages("a", "b", "c")) {
			got = append(got, *m.MessageId)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: Succeeded(%s) = %v, want %v", c.name, c.answer, got, c.want)
		}
	}
}

// queue is an SQS that gives out messages as a test says and notes what is deleted.
type queue struct {
	mu      sync.Mutex
	waiting []types.Message
	later   map[time.Duration][]types.Message // by time since the start
	start   time.Time
	broken  int // so many receives fail first
	deleted []string
}

// ReceiveMessage waits like SQS: until there is a message, or the wait is over.
func (q *queue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if in.MaxNumberOfMessages < 1 || in.MaxNumberOfMessages > 10 || in.WaitTimeSeconds < 0 || in.WaitTimeSeconds > 20 {
		return nil, fmt.Errorf("%d messages in %d s: out of bounds", in.MaxNumberOfMessages, in.WaitTimeSeconds)
	}
	end := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		if out, err := q.take(int(in.MaxNumberOfMessages)); err != nil || len(out.Messages) > 0 || !time.Now().Before(end) {
			return out, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (q *queue) take(most int) (*sqs.ReceiveMessageOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.broken > 0 {
		q.broken--
		return nil, errors.New("connection refused")
	}
	for after, list := range q.later {
		if time.Since(q.start) >= after {
			q.waiting = append(q.waiting, list...)
			delete(q.later, after)
		}
	}
	count := min(most, len(q.waiting))
	out := &sqs.ReceiveMessageOutput{Messages: q.waiting[:count]}
	q.waiting = q.waiting[count:]
	return out, nil
}

func (q *queue) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(in.Entries) > 10 {
		return nil, errors.New("too many entries")
	}
	for _, e := range in.Entries {
		q.deleted = append(q.deleted, strings.TrimPrefix(*e.ReceiptHandle, "receipt-"))
	}
	return &sqs.DeleteMessageBatchOutput{}, nil
}

// run polls for a while and returns the batches that the function got.
func run(t *testing.T, q *queue, config poller.Config, invoke poller.Invoke) []string {
	t.Helper()
	q.start = time.Now()
	var mu sync.Mutex
	var batches []string
	config.Queue, config.QueueURL, config.QueueARN, config.Region = q, "http://queue", "arn:queue", "us-east-1"
	config.Invoke = func(ctx context.Context, payload []byte) ([]byte, bool, error) {
		var e events.SQSEvent
		if err := json.Unmarshal(payload, &e); err != nil {
			t.Errorf("event: %v", err)
		}
		var ids []string
		for _, r := range e.Records {
			ids = append(ids, r.MessageId)
		}
		mu.Lock()
		batches = append(batches, fmt.Sprintf("%s %s", time.Since(q.start).Truncate(100*time.Millisecond), strings.Join(ids, " ")))
		mu.Unlock()
		return invoke(ctx, payload)
	}
	p := poller.New(config)
	done := make(chan struct{})
	go func() {
		p.Run(t.Context())
		close(done)
	}()
	time.Sleep(11 * time.Second) // in the middle of a receive of 2 s, not as one ends
	p.Stop()
	<-done
	return batches
}

func succeed(context.Context, []byte) ([]byte, bool, error) { return []byte(`null`), false, nil }

func TestBatches(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 2_500_000)
	for _, c := range []struct {
		name   string
		queue  *queue
		config poller.Config
		want   []string
	}{
		{"no window: what is there", &queue{waiting: messages("a", "b", "c")}, poller.Config{BatchSize: 10}, []string{"0s a b c"}},
		{"full batches at once", &queue{waiting: messages("a", "b", "c")}, poller.Config{BatchSize: 2, Window: 3 * time.Second}, []string{"0s a b", "3s c"}},
		{
			"the window gathers", &queue{waiting: messages("a"), later: map[time.Duration][]types.Message{500 * time.Millisecond: messages("b"), 1500 * time.Millisecond: messages("c"), 5 * time.Second: messages("d")}},
			poller.Config{BatchSize: 10, Window: 2 * time.Second},
			[]string{"2s a b c", "7s d"},
		},
		{"the queue is down for a while", &queue{waiting: messages("a"), broken: 2}, poller.Config{BatchSize: 10}, []string{"2s a"}},
		{"a batch ends before Lambda's limit", &queue{waiting: withBody(messages("a", "b", "c"), big)}, poller.Config{BatchSize: 10}, []string{"0s a b", "0s c"}},
		{"more than one receive gives", &queue{waiting: messages(numbers(1, 25)...)}, poller.Config{BatchSize: 20, Window: time.Second}, []string{
			"0s " + strings.Join(numbers(1, 20), " "), "1s " + strings.Join(numbers(21, 25), " "),
		}},
		{"a large batch fills while messages come", &queue{waiting: messages(numbers(1, 12)...), later: map[time.Duration][]types.Message{
			900 * time.Millisecond: messages(numbers(13, 24)...), 3 * time.Second: messages("late"),
		}}, poller.Config{BatchSize: 1000, Window: 2 * time.Second}, []string{"2s " + strings.Join(numbers(1, 24), " "), "5s late"}},
		{"a large batch ends before Lambda's limit, not with its window", &queue{waiting: withBody(messages("a", "b", "c", "d"), big)}, poller.Config{BatchSize: 1000, Window: 5 * time.Second}, []string{"0s a b", "5s c d"}},
		{"a stop ends a window of minutes", &queue{waiting: messages(numbers(1, 15)...)}, poller.Config{BatchSize: 10_000, Window: 5 * time.Minute}, []string{
			"12s " + strings.Join(numbers(1, 15), " "), // the receive that the stop fell into
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c.config.Concurrency = 1
				if got := run(t, c.queue, c.config, succeed); !slices.Equal(got, c.want) {
					t.Errorf("batches = %q, want %q", got, c.want)
				}
			})
		})
	}
}

func numbers(from, to int) []string {
	var list []string
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprint(n))
	}
	return list
}

func withBody(list []types.Message, body string) []types.Message {
	for i := range list {
		list[i].Body = &body
	}
	return list
}

func TestDeletes(t *testing.T) {
	t.Parallel()
	answer := func(payload string, failed bool, err error) poller.Invoke {
		return func(context.Context, []byte) ([]byte, bool, error) { return []byte(payload), failed, err }
	}
	const oneFailed = `{"batchItemFailures":[{"itemIdentifier":"b"}]}`
	for _, c := range []struct {
		name    string
		partial bool
		invoke  poller.Invoke
		want    []string
	}{
		{"success", true, succeed, []string{"a", "b", "c"}},
		{"one failed", true, answer(oneFailed, false, nil), []string{"a", "c"}},
		{"one failed, but nobody asked", false, answer(oneFailed, false, nil), []string{"a", "b", "c"}},
		{"the function failed", true, answer(`{"errorMessage":"x"}`, true, nil), nil},
		{"the function failed with a list", true, answer(oneFailed, true, nil), nil},
		{"no function", true, answer("", false, errors.New("not built")), nil},
		{"malformed answer", true, answer(`{"batchItemFailures":[{"itemIdentifier":""}]}`, false, nil), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := &queue{waiting: messages("a", "b", "c")}
				run(t, q, poller.Config{BatchSize: 10, Concurrency: 1, PartialBatches: c.partial}, c.invoke)
				if !slices.Equal(q.deleted, c.want) {
					t.Errorf("deleted %v, want %v", q.deleted, c.want)
				}
			})
		})
	}
}

func TestEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got map[string]any
		run(t, &queue{waiting: messages("a")}, poller.Config{BatchSize: 10, Concurrency: 1}, func(_ context.Context, payload []byte) ([]byte, bool, error) {
			return nil, false, json.Unmarshal(payload, &got)
		})
		want := map[string]any{"Records": []any{map[string]any{
			"messageId": "a", "receiptHandle": "receipt-a", "body": `{"id":"a"}`, "md5OfBody": "md5", "md5OfMessageAttributes": "",
			"attributes": map[string]any{"ApproximateReceiveCount": "1"}, "messageAttributes": map[string]any{},
			"eventSource": "aws:sqs", "eventSourceARN": "arn:queue", "awsRegion": "us-east-1",
		}}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("event = %v, want %v", got, want)
		}
	})
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		run(t, &queue{waiting: messages("a", "b", "c", "d")}, poller.Config{BatchSize: 1, Concurrency: 2}, func(context.Context, []byte) ([]byte, bool, error) {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			running--
			mu.Unlock()
			return nil, false, nil
		})
		if most != 2 {
			t.Errorf("batches at a time = %d, want 2", most)
		}
	})
}
