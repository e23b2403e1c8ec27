package meter_test

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/infra/cost/bill"
	"waymark/infra/cost/meter"
)

// What is sent to the queue of a function stays with the meter, in order, until it is taken.
func TestKeptMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	queue := b.vars["QUEUE_URL"]
	one := b.call("SQS", "AmazonSQS.SendMessage",
		fmt.Sprintf(`{"QueueUrl":%q,"MessageBody":"hello","MessageAttributes":{"kind":{"DataType":"String","StringValue":"x"}}}`, queue))
	if want := `{"MessageId":"00000000-0000-4000-8000-000000000001","MD5OfMessageBody":"5d41402abc4b2a76b9719d911017c592"}`; one != want {
		t.Errorf("answer to a message %s, want %s", one, want)
	}
	large := strings.Repeat("y", 64*1024)
	two := b.call("SQS", "AmazonSQS.SendMessageBatch",
		fmt.Sprintf(`{"QueueUrl":%q,"Entries":[{"Id":"a","MessageBody":"hello"},{"Id":"b","MessageBody":%q}]}`, queue, large))
	if !strings.HasPrefix(two,
		`{"Failed":[],"Successful":[{"Id":"a","MessageId":"00000000-0000-4000-8000-000000000002","MD5OfMessageBody":"5d41402abc4b2a76b9719d911017c592"},{"Id":"b"`) {
		t.Errorf("answer to two messages %s", two)
	}
	// 64 KB and a little are two chunks
	if got, want := counts(b.ledger), map[string]int64{"sqs.send": 1 + 2}; !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	want := []meter.Message{
		{
			ID: "00000000-0000-4000-8000-000000000001", Body: "hello",
			Attributes: map[string]meter.Attribute{"kind": {DataType: "String", StringValue: "x"}},
		},
		{ID: "00000000-0000-4000-8000-000000000002", Body: "hello"},
		{ID: "00000000-0000-4000-8000-000000000003", Body: large},
	}
	if got := b.meter.Take("waymark-Queue"); !reflect.DeepEqual(got, want) {
		t.Errorf("taken %.200v, want %.200v", got, want)
	}
	if got := b.meter.Take("waymark-Queue"); got != nil {
		t.Errorf("taken again %v, want nothing", got)
	}
	if len(b.service.asked) > 0 {
		t.Errorf("SQS was asked %q, want nothing", b.service.asked)
	}
	sources := map[string]meter.Source{"waymark-Queue": {
		Function: "Worker",
		QueueARN: "arn:aws:sqs:us-east-1:000000000000:waymark-Queue", BatchSize: 25, Window: 3 * time.Second,
	}}
	if got := b.meter.Sources(); !reflect.DeepEqual(got, sources) {
		t.Errorf("Sources() = %v, want %v", got, sources)
	}
}

// Everything else goes to SQS, under its own address, and is counted when it is answered.
func TestPassedMessages(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target, more string
		status       int
		answer       string
		want         map[string]int64
	}{
		{"AmazonSQS.SendMessage", `,"MessageBody":"x"`, 200, `{}`, map[string]int64{"sqs.send": 1}},
		{"AmazonSQS.SendMessage", `,"MessageBody":"x"`, 400, `{}`, map[string]int64{}},
		{"AmazonSQS.ReceiveMessage", "", 200, strings.Repeat(" ", 64*1024) + "{}", map[string]int64{"sqs.receive": 2}},
		{"AmazonSQS.DeleteMessageBatch", "", 200, `{}`, map[string]int64{"sqs.delete": 1}},
		{"AmazonSQS.GetQueueAttributes", "", 200, `{}`, map[string]int64{"sqs.other": 1}},
	} {
		b := newBench(t)
		b.service.status, b.service.answer = c.status, c.answer
		dead := strings.Replace(b.vars["QUEUE_URL"], "Queue", "Dead", 1)
		if got := b.call("SQS", c.target, fmt.Sprintf(`{"QueueUrl":%q%s}`, dead, c.more)); got != c.answer {
			t.Errorf("%s: answer %.80s, want %.80s", c.target, got, c.answer)
		}
		if got := counts(b.ledger); !maps.Equal(got, c.want) {
			t.Errorf("%s: counted %v, want %v", c.target, got, c.want)
		}
		want := []string{fmt.Sprintf(`POST / %s {"QueueUrl":"%s/000000000000/waymark-Dead"%s}`, c.target, b.sqs, c.more)}
		if !reflect.DeepEqual(b.service.asked, want) {
			t.Errorf("SQS was asked %q, want %q", b.service.asked, want)
		}
	}
}

// AWS's poller receives and deletes ten messages at a time, and pays for each 64 KB that it receives.
func TestDelivered(t *testing.T) {
	t.Parallel()
	messages := func(count, size int) []meter.Message {
		all := make([]meter.Message, count)
		for i := range all {
			all[i].Body = strings.Repeat("x", size)
		}
		return all
	}
	for _, c := range []struct {
		name  string
		batch []meter.Message
		want  map[string]int64
	}{
		{"one", messages(1, 10), map[string]int64{"sqs.receive": 1, "sqs.delete": 1}},
		{"ten", messages(10, 10), map[string]int64{"sqs.receive": 1, "sqs.delete": 1}},
		{"eleven", messages(11, 10), map[string]int64{"sqs.receive": 2, "sqs.delete": 2}},
		{"ten of 64 KB together", messages(10, 64*1024/10), map[string]int64{"sqs.receive": 1, "sqs.delete": 1}},
		{"ten of more", messages(10, 64*1024/10+1), map[string]int64{"sqs.receive": 2, "sqs.delete": 1}},
		{"twelve of 60 KB", messages(12, 60*1024), map[string]int64{"sqs.receive": 10 + 2, "sqs.delete": 2}},
	} {
		b := newBench(t)
		b.meter.Delivered("Worker", c.batch)
		if got := counts(b.ledger); !maps.Equal(got, c.want) {
			t.Errorf("%s: counted %v, want %v", c.name, got, c.want)
		}
	}
}

// Functions have addresses of their own, so that each pays for its calls.
func TestWhoCalls(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := b.meter.Environment("Still", map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": b.sqs, "AWS_ENDPOINT_URL_SQS": b.sqs + "0", "AWS_ENDPOINT_URL_S3": b.sqs + "1",
	})
	if b.vars["TABLE_NAME"] != "waymark-Table" || b.vars["AWS_ENDPOINT_URL_SQS"] == b.sqs ||
		other["AWS_ENDPOINT_URL_DYNAMODB"] == b.vars["AWS_ENDPOINT_URL_SQS"] {
		t.Errorf("variables %v and %v", b.vars, other)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, other["AWS_ENDPOINT_URL_DYNAMODB"],
		strings.NewReader(`{"TableName":"waymark-Table"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	for line := range b.ledger.Usage() {
		if want := (bill.Line{Function: "Still", Kind: bill.DynamoRead}); line != want {
			t.Errorf("counted %v, want %v", line, want)
		}
	}
	if len(b.ledger.Usage()) != 1 {
		t.Errorf("usage %v, want one line", b.ledger.Usage())
	}
}
