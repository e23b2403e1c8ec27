// Package conformance runs the suites of package adaptertest on the real adapters, through the real SDK, against the emulators that `waymark
// dev` starts. The same suites run on package memory beside it, so the two cannot drift apart.
package conformance

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waymark/infra/local/emulator"
	"waymark/shared/adapter/adaptertest"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/bucket"
	"waymark/shared/adapter/queue"
	"waymark/shared/adapter/steps"
	"waymark/shared/domain/event"
	"waymark/tests/emulated"
)

const emulators = "../../infra/emulators"

// environment is what a function finds in Lambda's, with one service at an address of its own.
func environment(variable, endpoint string) func(string) string {
	values := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", variable: endpoint,
	}
	return func(name string) string { return values[name] }
}

// modules is where the emulators are installed. A machine without them fails: a suite that is skipped proves nothing.
func modules(t *testing.T) string {
	t.Helper()
	found := filepath.Join(emulators, "node_modules")
	if _, err := os.Stat(found); err != nil {
		t.Fatalf("the emulators are not installed, run make emulators: %v", err)
	}
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	table := emulated.Table(t)
	adaptertest.Table(t, func(_ *testing.T, clock *adaptertest.Clock) adaptertest.TableUnderTest {
		table.Now = clock.Now
		return table
	})
}

func TestQueue(t *testing.T) {
	t.Parallel()
	modules(t)
	service, err := emulator.StartSQS(t.Context(), emulator.SQSConfig{Directory: emulators})
	must(t, err)
	t.Cleanup(service.Stop)
	client := queue.NewClient(environment("AWS_ENDPOINT_URL_SQS", service.URL()))
	created, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("touchpoints")})
	must(t, err)
	adaptertest.Queue(t, func(t *testing.T) (adaptertest.QueueUnderTest, func() []event.Envelope) {
		return queue.New(client, *created.QueueUrl), func() []event.Envelope { return drain(t, client, *created.QueueUrl) }
	})
}

// drain receives and deletes messages until the queue has none.
func drain(t *testing.T, client *sqs.Client, url string) []event.Envelope {
	t.Helper()
	var out []event.Envelope
	for {
		received, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		must(t, err)
		if len(received.Messages) == 0 {
			return out
		}
		for _, m := range received.Messages {
			e, err := queue.Decode(*m.Body)
			must(t, err)
			out = append(out, e)
			_, err = client.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle})
			must(t, err)
		}
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	for name, directory := range directories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := archive.New(openBucket(t, directory))
			adaptertest.Archive(t, func(*testing.T) adaptertest.ArchiveUnderTest { return a })
		})
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for name, directory := range directories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table := steps.New(openBucket(t, directory))
			adaptertest.Steps(t, func(*testing.T) adaptertest.StepsUnderTest { return table })
		})
	}
}

func TestBucket(t *testing.T) {
	t.Parallel()
	for name, directory := range directories(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBucket(t, directory)
			adaptertest.Bucket(t, func(*testing.T) adaptertest.BucketUnderTest { return b })
		})
	}
}

// directories are the two ways in which the laptop keeps objects.
func directories(t *testing.T) map[string]string {
	return map[string]string{"in memory": "", "on disk": t.TempDir()}
}

func openBucket(t *testing.T, directory string) *bucket.Bucket {
	t.Helper()
	service, err := emulator.StartS3(directory)
	must(t, err)
	t.Cleanup(service.Stop)
	client := bucket.NewClient(environment("AWS_ENDPOINT_URL_S3", service.URL()))
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("objects")})
	must(t, err)
	return bucket.New(client, "objects")
}
