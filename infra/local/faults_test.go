package local_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waymark/infra/local"
	"waymark/infra/local/faults"
)

// TestFaults switches faults on and off while the system runs, and sees what each does to requests and messages.
func TestFaults(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	plan, err := faults.Parse("seed=1,Echo.throttle=100%")
	if err != nil {
		t.Fatal(err)
	}
	cloud := start(t, local.Config{Root: "testdata/project", Data: t.TempDir(), Memory: true, Faults: plan})
	t.Run("throttle", func(t *testing.T) {
		if got, want := get(t, cloud.URL()+"/"), `503 {"message":"Service Unavailable"}`; got != want {
			t.Errorf("a throttled GET = %s, want %s", got, want)
		}
		if got, want := post(t, cloud.AdminURL()+"/invoke/Echo", `{}`), `429 {"message":"invoke waymark-Echo: TooManyRequestsException: Rate Exceeded"}`; got != want {
			t.Errorf("a throttled invocation = %s, want %s", got, want)
		}
		if got, want := get(t, cloud.AdminURL()+"/faults"), `200 {"seed":1,"faults":"seed=1,Echo.throttle=100%","counts":{"Echo":{"throttle":2}}}`; got != want {
			t.Errorf("GET /faults = %s, want %s", got, want)
		}
	})
	switchTo(t, cloud, "off")
	if got := get(t, cloud.URL()+"/"); !strings.HasPrefix(got, "200 ") {
		t.Errorf("GET with the faults off = %s, want 200", got)
	}
	t.Run("duplicate", func(t *testing.T) {
		switchTo(t, cloud, "duplicate=100%")
		sendMessage(t, cloud, "two")
		eventually(t, "two deliveries of one receipt", func() bool { return strings.Count(functionLog(t, cloud), "message two received 1") == 2 })
	})
	t.Run("drop-ack", func(t *testing.T) {
		switchTo(t, cloud, "drop-ack=100%")
		sendMessage(t, cloud, "unheard")
		eventually(t, "the message again", func() bool { return strings.Contains(functionLog(t, cloud), "message unheard received 2") })
	})
	t.Run("refused", func(t *testing.T) {
		for body, want := range map[string]string{
			`{"faults":"Nobody.crash=5%"}`: `400 {"message":"there is no function Nobody, only Echo"}`,
			`{"faults":"explode=5%"}`:      `there is no fault \"explode\"`,
			`{"fault":"off"}`:              `400 {"message":"send {\"faults\":\"crash=5%,Process.crash=20%\"} or {\"faults\":\"off\"}"}`,
			`crash`:                        `400 {"message":"send {\"faults\":\"crash=5%,Process.crash=20%\"} or {\"faults\":\"off\"}"}`,
		} {
			if got := post(t, cloud.AdminURL()+"/faults", body); !strings.Contains(got, want) {
				t.Errorf("POST /faults %s = %s, want %s", body, got, want)
			}
		}
	})
	if got := get(t, cloud.AdminURL()+"/status"); !strings.Contains(got, `"faults":{"seed":1,"faults":"seed=1,drop-ack=100%","counts":{"Echo":{`) {
		t.Errorf("GET /status = %s, want the faults in it", got)
	}
}

func switchTo(t *testing.T, cloud *local.Cloud, plan string) {
	t.Helper()
	if got := post(t, cloud.AdminURL()+"/faults", fmt.Sprintf(`{"faults":%q}`, plan)); !strings.HasPrefix(got, "200 ") {
		t.Fatalf("switch to %s: %s", plan, got)
	}
}

func sendMessage(t *testing.T, cloud *local.Cloud, body string) {
	t.Helper()
	endpoint := cloud.Env()["AWS_ENDPOINT_URL_SQS"]
	client := sqs.New(sqs.Options{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "y", ""), BaseEndpoint: aws.String(endpoint)})
	_, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(endpoint + "/000000000000/waymark-Queue"), MessageBody: &body})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFaultsOfNoFunction(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	plan, err := faults.Parse("Nobody.crash=5%")
	if err != nil {
		t.Fatal(err)
	}
	_, err = local.Start(t.Context(), local.Config{Root: "testdata/project", Data: t.TempDir(), Memory: true, Emulators: emulators, Faults: plan})
	if want := "there is no function Nobody, only Echo"; err == nil || err.Error() != want {
		t.Errorf("Start = %v, want %s", err, want)
	}
}
