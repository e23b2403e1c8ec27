package local_test

import (
	"io"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waymark/infra/local"
	"waymark/infra/local/lambda"
)

// witness changes one variable and remembers what it is told.
type witness struct {
	mu      sync.Mutex
	output  strings.Builder
	invoked []string
}

func (w *witness) Environment(function string, variables map[string]string) map[string]string {
	changed := maps.Clone(variables)
	changed["GREETING"] = variables["GREETING"] + " to " + function
	return changed
}

func (w *witness) Output(string, io.Writer) io.Writer { return w }

func (w *witness) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.output.Write(p)
}

func (w *witness) Invoked(function string, answer lambda.Answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if answer.Duration <= 0 {
		function += " in no time"
	}
	w.invoked = append(w.invoked, function)
}

// A driven cloud does nothing by itself, tells the time that it is told, and has its functions observed.
func TestDriven(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	w := &witness{}
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	cloud := start(t, local.Config{
		Root: "testdata/project", Data: t.TempDir(), Memory: true, Driven: true, Observer: w,
		Now: func() time.Time { return noon },
	})
	if got, want := get(t, cloud.URL()+"/"), `200 {"greeting":"hello to Echo","path":"/","version":"one"}`; got != want {
		t.Errorf("GET / = %s, want %s", got, want)
	}
	if got, want := get(t, cloud.AdminURL()+"/clock"), `200 {"fired":[],"now":"2026-11-27T12:00:00Z"}`; got != want {
		t.Errorf("GET /clock = %s, want %s", got, want)
	}
	post(t, cloud.AdminURL()+"/invoke/waymark-Echo", `{"at":"noon"}`)
	w.mu.Lock()
	if want := []string{"Echo", "Echo"}; !reflect.DeepEqual(w.invoked, want) {
		t.Errorf("invoked %q, want %q", w.invoked, want)
	}
	w.mu.Unlock()
	eventually(t, "the function's line", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.output.String() == "scheduled for noon\n"
	})
	sendMessage(t, cloud, "left alone")
	endpoint := cloud.Env()["AWS_ENDPOINT_URL_SQS"]
	client := sqs.New(sqs.Options{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "y",
		""), BaseEndpoint: aws.String(endpoint)})
	got, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(endpoint +
		"/000000000000/waymark-Queue"), WaitTimeSeconds: 1})
	if err != nil || len(got.Messages) != 1 || *got.Messages[0].Body != "left alone" {
		t.Errorf("the queue has %+v, %v, want the message that nobody took", got, err)
	}
}
