package emulator_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/infra/local/emulator"
)

const emulators = "../../emulators"

// queues is a running SQS with a queue "main", whose messages become dead letters after one receive, and "dead".
type queues struct {
	*sqs.Client
	url string
}

// startSQS starts the emulator with a journal. stop ends it as kill -9 does.
func startSQS(t *testing.T, journal string) (q queues, stop func()) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(emulators, "node_modules", ".installed")); err != nil {
		t.Fatal("the emulators are not installed, run make emulators")
	}
	service, err := emulator.StartSQS(t.Context(), emulator.SQSConfig{Directory: emulators, Journal: journal, Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Stop)
	q = queues{url: service.URL() + "/000000000000/", Client: sqs.New(sqs.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), BaseEndpoint: aws.String(service.URL()),
	})}
	for _, queue := range []struct{ name, redrive string }{
		{"dead", ""}, {"main", `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":1}`},
	} {
		attributes := map[string]string{"VisibilityTimeout": "600"}
		if queue.redrive != "" {
			attributes["RedrivePolicy"] = queue.redrive
		}
		if _, err := q.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &queue.name, Attributes: attributes}); err != nil {
			t.Fatal(err)
		}
	}
	return q, service.Stop
}

func (q queues) send(t *testing.T, bodies ...string) {
	t.Helper()
	var entries []types.SendMessageBatchRequestEntry
	for i, body := range bodies {
		entries = append(entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(fmt.Sprint(i)), MessageBody: &body,
			MessageAttributes: map[string]types.MessageAttributeValue{"kind": {DataType: aws.String("String"), StringValue: aws.String("of " + body)}},
		})
	}
	out, err := q.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: aws.String(q.url + "main"), Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Failed) > 0 {
		t.Fatalf("%d messages are not sent: %s", len(out.Failed), *out.Failed[0].Message)
	}
}

// receive takes messages and gives them in the order of their bodies.
func (q queues) receive(t *testing.T, queue string) []types.Message {
	t.Helper()
	out, err := q.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(q.url + queue), MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(out.Messages, func(a, b types.Message) int { return strings.Compare(*a.Body, *b.Body) })
	return out.Messages
}

// TestQueuesOutliveTheirProcess: after a kill everything that was not deleted waits again: what waited, what was in flight, and dead letters.
func TestQueuesOutliveTheirProcess(t *testing.T) {
	t.Parallel()
	journal := filepath.Join(t.TempDir(), "queue.journal")
	const odd = "\"\\ \u2028 \u00e9\n ends"

	first, kill := startSQS(t, journal)
	first.send(t, "dead", "deleted dead")
	for _, m := range first.receive(t, "main") { // comes again at once, and the next receive makes it a dead letter
		if _, err := first.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: aws.String(first.url + "main"), ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
	if left := first.receive(t, "main"); len(left) != 0 {
		t.Fatalf("received %d messages, want dead letters", len(left))
	}
	dead := first.receive(t, "dead")
	first.delete(t, "dead", dead[1])
	first.send(t, "deleted", "in flight")
	taken := first.receive(t, "main")
	first.delete(t, "main", taken[0])
	first.send(t, "waiting", odd)
	kill()

	second, kill := startSQS(t, journal)
	got := []string{}
	for _, queue := range []string{"main", "dead"} {
		for _, m := range second.receive(t, queue) {
			got = append(got, queue+": "+*m.Body)
			if kind := aws.ToString(m.MessageAttributes["kind"].StringValue); kind != "of "+*m.Body {
				t.Errorf("the attribute of %q is %q", *m.Body, kind)
			}
			second.delete(t, queue, m)
		}
	}
	if want := []string{"main: " + odd, "main: in flight", "main: waiting", "dead: dead"}; !slices.Equal(got, want) {
		t.Errorf("after a kill there are %q, want %q", got, want)
	}
	kill()

	third, _ := startSQS(t, journal)
	if rest := append(third.receive(t, "main"), third.receive(t, "dead")...); len(rest) != 0 {
		t.Errorf("after a kill there are %d messages that were deleted", len(rest))
	}
	if text, err := os.ReadFile(journal); err != nil || len(text) != 0 {
		t.Errorf("of empty queues the journal is %q, %v, want nothing", text, err)
	}
}

func (q queues) delete(t *testing.T, queue string, m types.Message) {
	t.Helper()
	if _, err := q.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(q.url + queue), ReceiptHandle: m.ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedJournal: a line that a crash cut short was never acknowledged, and is passed over; a damaged one stops the start, for what waited
// would be lost without a word.
func TestDamagedJournal(t *testing.T) {
	t.Parallel()
	journal := filepath.Join(t.TempDir(), "queue.journal")
	q, kill := startSQS(t, journal)
	q.send(t, "kept")
	kill()
	whole, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(journal, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(string(whole) + `{"queue":"main","message":{"messageId":"cut`)
	q, kill = startSQS(t, journal)
	if got := q.receive(t, "main"); len(got) != 1 || *got[0].Body != "kept" {
		t.Errorf("received %v, want what was whole", got)
	}
	q.send(t, "after")
	kill()
	q, kill = startSQS(t, journal)
	if got := q.receive(t, "main"); len(got) != 2 {
		t.Errorf("received %v, want what was sent before and after the cut", got)
	}
	kill()
	write("\x00\n" + string(whole))
	_, err = emulator.StartSQS(context.WithoutCancel(t.Context()), emulator.SQSConfig{Directory: emulators, Journal: journal})
	if want := "start fauxqs: line 1 of " + journal + " is damaged: move the file away"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestJournalStaysSmall: the file of a queue that is worked off does not grow for ever, and what waits stays in it.
func TestJournalStaysSmall(t *testing.T) {
	t.Parallel()
	journal := filepath.Join(t.TempDir(), "queue.journal")
	q, kill := startSQS(t, journal)
	q.send(t, "kept")
	const rounds, bytes = 100, 200_000
	q.receive(t, "main")
	want := []string{"kept", "later"}
	for range rounds {
		q.send(t, strings.Repeat("x", bytes))
		received := q.receive(t, "main")
		for _, m := range received {
			q.delete(t, "main", m)
		}
		if len(received) == 0 { // the answer was lost on its way: the client asked again, and the message is in flight
			want = append(want, strings.Repeat("x", bytes))
		}
	}
	if file, err := os.Stat(journal); err != nil || file.Size() > rounds*bytes*9/10 {
		t.Errorf("the journal has %d bytes, %v, after %d rounds of %d", file.Size(), err, rounds, bytes)
	}
	q.send(t, "later")
	kill()
	q, _ = startSQS(t, journal)
	var got []string
	for _, m := range q.receive(t, "main") {
		got = append(got, *m.Body)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d messages wait after a kill, want kept and later, and %d that were in flight", len(got), len(want)-2)
	}
}
