package local_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waymark/infra/local"
)

// emulators is where `make` and `waymark dev` install them; without them these tests cannot run, and the tests of the
// sub-packages still do.
const emulators = "../emulators"

func requireEmulators(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes")
	}
	if _, err := os.Stat(filepath.Join(emulators, "node_modules", "fauxqs")); err != nil {
		t.Skip("the emulators are not installed: run `npm ci` in infra/emulators, or `make run` once")
	}
}

// project copies the test project into the module, where it can be built, with a directory of its own to change it in.
func project(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp("testdata", "copy")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	if err := os.CopyFS(root, os.DirFS("testdata/project")); err != nil {
		t.Fatal(err)
	}
	return root
}

func start(t *testing.T, config local.Config) *local.Cloud {
	t.Helper()
	config.Emulators, config.Out = emulators, io.Discard
	cloud, err := local.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	return cloud
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

func read(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(response.StatusCode, " ", strings.TrimSpace(string(body)))
}

// eventually asks until the answer is as wanted, for at most 20 seconds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%s did not happen within 20 s", what)
		}
	}
}

func functionLog(t *testing.T, cloud *local.Cloud) string {
	t.Helper()
	log, err := os.ReadFile(filepath.Join(cloud.Data(), "logs", "Echo.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(log)
}

func TestCloud(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	data := t.TempDir()
	ready := filepath.Join(t.TempDir(), "ready")
	cloud := start(t, local.Config{Root: "testdata/project", Data: data, ReadyFile: ready, Memory: true, Parameters: map[string]string{"Greeting": "good day"}})

	t.Run("HTTP", func(t *testing.T) {
		if got, want := get(t, cloud.URL()+"/a/b"), `200 {"greeting":"good day","path":"/a/b","version":"one"}`; got != want {
			t.Errorf("GET /a/b = %s, want %s", got, want)
		}
	})
	t.Run("queue, partial batch and redrive", func(t *testing.T) {
		client := sqs.New(sqs.Options{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "y", ""), BaseEndpoint: aws.String(cloud.Env()["AWS_ENDPOINT_URL_SQS"])})
		queues, err := client.ListQueues(t.Context(), &sqs.ListQueuesInput{})
		if err != nil || len(queues.QueueUrls) != 2 {
			t.Fatalf("queues = %v, %v, want two", queues, err)
		}
		url := cloud.Env()["AWS_ENDPOINT_URL_SQS"] + "/000000000000/waymark-"
		for _, body := range []string{"good", "bad"} {
			if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(url + "Queue"), MessageBody: &body}); err != nil {
				t.Fatal(err)
			}
		}
		dead, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(url + "Dead"), WaitTimeSeconds: 15})
		if err != nil || len(dead.Messages) != 1 || *dead.Messages[0].Body != "bad" {
			t.Fatalf("dead letters = %+v, %v, want bad", dead, err)
		}
		eventually(t, "good once and bad twice in the log", func() bool {
			log := functionLog(t, cloud)
			return strings.Count(log, "message good") == 1 && strings.Count(log, "message bad") == 2
		})
	})
	t.Run("admin", func(t *testing.T) { testAdmin(t, cloud) })
	t.Run("ready file", func(t *testing.T) { testReadyFile(t, cloud, data, ready) })
	t.Run("a second system on the same data", func(t *testing.T) {
		_, err := local.Start(t.Context(), local.Config{Root: "testdata/project", Data: data, ReadyFile: ready, Emulators: emulators})
		want := fmt.Sprintf("another `waymark dev` (process %d) runs with this data directory and answers at %s: stop it", os.Getpid(), cloud.URL())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start = %v, want %s", err, want)
		}
		for _, file := range []string{ready, local.ReadyFile(data)} {
			if _, err := os.Stat(file); err != nil {
				t.Errorf("the ready file of the first system is gone: %v", err)
			}
		}
	})
	t.Run("a busy port", func(t *testing.T) {
		var port int
		fmt.Sscanf(cloud.URL(), "http://127.0.0.1:%d", &port)
		_, err := local.Start(t.Context(), local.Config{Root: "testdata/project", Data: t.TempDir(), Port: port, Emulators: emulators})
		if want := fmt.Sprintf("port %d is taken", port); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start = %v, want %s", err, want)
		}
	})
}

func testAdmin(t *testing.T, cloud *local.Cloud) {
	admin := cloud.AdminURL()
	const answer = `200 {"greeting":"good day","path":"x","version":"one"}`
	for _, path := range []string{"/invoke/Echo", "/invoke/waymark-Echo", "/2015-03-31/functions/Echo/invocations"} {
		if got := post(t, admin+path, `{"rawPath":"x"}`); got != answer {
			t.Errorf("POST %s = %s, want %s", path, got, answer)
		}
	}
	for path, want := range map[string]string{
		"/invoke/Nobody":         `404 {"message":"invoke Nobody: there is no such function in the template"}`,
		"/schedules/Yearly/fire": `404 {"message":"there is no schedule Yearly, only Daily"}`,
		"/clock":                 `400 {"message":"send either now or advance"}`,
	} {
		if got := post(t, admin+path, `{}`); got != want {
			t.Errorf("POST %s = %s, want %s", path, got, want)
		}
	}
	want := `"fired":[{"schedule":"EchoDaily","function":"Echo","scheduled_time":"2040-01-02T06:00:00Z"}]`
	post(t, admin+"/clock", `{"now":"2030-01-01T00:00:00Z"}`)
	post(t, admin+"/clock", `{"now":"2020-01-01T07:00:00Z"}`)
	if got := post(t, admin+"/clock", `{"advance":"24h"}`); !strings.Contains(got, strings.Replace(want, "2040-01-02", "2020-01-02", 1)) {
		t.Errorf("clock = %s, want %s", got, want)
	}
	// A process' output comes through a pipe and may be later than its answer.
	eventually(t, "the scheduled time in the log", func() bool {
		return strings.Contains(functionLog(t, cloud), "scheduled for 2020-01-02T06:00:00Z")
	})
	request, err := http.NewRequest("POST", admin+"/invoke/Echo", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://example.com")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, response); !strings.HasPrefix(got, "403 ") {
		t.Errorf("a page of another site got %s, want 403", got)
	}
}

func testReadyFile(t *testing.T, cloud *local.Cloud, data, file string) {
	if err := cloud.Announce(map[string]string{"write": "wk"}); err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile(file)
	if err != nil || strings.Count(string(line), "\n") != 1 {
		t.Fatalf("ready file = %q, %v, want one line", line, err)
	}
	var ready local.Ready
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	if echo := ready.Functions["Echo"]; ready.URL != cloud.URL() || ready.Env["GREETING"] != "good day" || echo.PID == 0 || echo.Binary != filepath.Join(data, "bin", "Echo", "bootstrap") {
		t.Errorf("ready = %+v", ready)
	}
	log := &strings.Builder{}
	answer, err := local.InvokeOnce(t.Context(), local.InvokeConfig{Root: "testdata/project", Data: data, Function: "Echo", Log: log}, []byte(`{"rawPath":"y"}`))
	if want := `{"greeting":"good day","path":"y","version":"one"}`; err != nil || string(answer.Payload) != want {
		t.Errorf("InvokeOnce = %s, %v, want %s (%s)", answer.Payload, err, want, log)
	}
}

func TestSecondStartFindsItsData(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	data := t.TempDir()
	config := local.Config{Root: "testdata/project", Data: data}
	first := start(t, config)
	item := map[string]types.AttributeValue{"PK": &types.AttributeValueMemberS{Value: "kept"}}
	if _, err := table(first).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("waymark-Table"), Item: item}); err != nil {
		t.Fatal(err)
	}
	if _, err := bucket(first).PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("waymark-bucket"), Key: aws.String("a/b.txt"), Body: strings.NewReader("kept")}); err != nil {
		t.Fatal(err)
	}
	first.Close()

	second := start(t, config)
	out, err := table(second).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("waymark-Table"), Key: item})
	if err != nil || len(out.Item) != 1 {
		t.Errorf("item after a restart = %+v, %v", out, err)
	}
	if _, err := bucket(second).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("waymark-bucket"), Key: aws.String("a/b.txt")}); err != nil {
		t.Errorf("object after a restart: %v", err)
	}
	second.Close()
	if err := local.Reset(data); err != nil {
		t.Fatal(err)
	}
	third := start(t, config)
	if out, err := table(third).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("waymark-Table"), Key: item}); err != nil || len(out.Item) != 0 {
		t.Errorf("item after a reset = %+v, %v", out, err)
	}
}

func table(cloud *local.Cloud) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "y", ""), BaseEndpoint: aws.String(cloud.Env()["AWS_ENDPOINT_URL_DYNAMODB"])})
}

func bucket(cloud *local.Cloud) *s3.Client {
	return s3.New(s3.Options{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("x", "y", ""), UsePathStyle: true, BaseEndpoint: aws.String(cloud.Env()["AWS_ENDPOINT_URL_S3"])})
}

func TestWatch(t *testing.T) {
	t.Parallel()
	requireEmulators(t)
	root := project(t)
	data := t.TempDir()
	cloud := start(t, local.Config{Root: root, Data: data, Memory: true})
	edit(t, filepath.Join(root, "functions", "echo", "main.go"), `"one"`, `"zero"`)
	if _, err := local.InvokeOnce(t.Context(), local.InvokeConfig{Root: root, Data: data, Function: "Echo", Log: io.Discard}, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	t.Cleanup(group.Wait)
	t.Cleanup(cloud.Close)
	group.Go(func() { cloud.Watch(t.Context()) })
	answers := func(want string) func() bool {
		return func() bool { return strings.Contains(get(t, cloud.URL()+"/"), want) }
	}
	eventually(t, "the binary that another process built", answers(`"version":"zero"`))
	edit(t, filepath.Join(root, "functions", "echo", "main.go"), `"zero"`, `"two"`)
	eventually(t, "the new binary", answers(`"version":"two"`))
	edit(t, filepath.Join(root, "template.yaml"), "Default: hello", "Default: good evening")
	eventually(t, "the new template", answers(`"greeting":"good evening"`))
	edit(t, filepath.Join(root, "functions", "echo", "main.go"), `"two"`, `two`)
	edit(t, filepath.Join(root, "template.yaml"), "Default: good evening", "Default: good night")
	edit(t, filepath.Join(root, "functions", "echo", "main.go"), `= two`, `= "three"`)
	eventually(t, "recovery from what does not compile", answers(`"version":"three"`))
}

// edit changes a file as an editor does: another one takes its place.
func edit(t *testing.T, file, from, to string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), from) {
		t.Fatalf("%s does not contain %s", file, from)
	}
	if err := os.WriteFile(file+".new", []byte(strings.Replace(string(content), from, to, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}
