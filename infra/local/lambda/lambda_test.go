package lambda_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"waymark/infra/local/lambda"
)

// probe is the compiled testdata/probe.
var probe string

func TestMain(m *testing.M) {
	os.Exit(runWithProbe(m))
}

func runWithProbe(m *testing.M) int {
	directory, err := os.MkdirTemp("", "probe")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(directory)
	probe = filepath.Join(directory, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", probe, "../testdata/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build probe: %v\n%s", err, output)
		return 1
	}
	return m.Run()
}

func newProbe(t *testing.T, change func(*lambda.Config)) (*lambda.Function, *output) {
	t.Helper()
	log := &output{}
	config := lambda.Config{
		Name: "waymark-Probe", ARN: "arn:aws:lambda:us-east-1:000000000000:function:waymark-Probe",
		Binary: probe, Handler: "bootstrap", Timeout: 20 * time.Second, MemoryMB: 256, Log: log,
		Environment: map[string]string{"COLOUR": "blue"},
	}
	if change != nil {
		change(&config)
	}
	f := lambda.New(config)
	t.Cleanup(f.Close)
	return f, log
}

// output is a log that processes write to while the test reads.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}

func invoke(t *testing.T, f *lambda.Function, event string) lambda.Answer {
	t.Helper()
	answer, err := f.Invoke(t.Context(), []byte(event))
	if err != nil {
		t.Fatalf("Invoke(%s): %v", event, err)
	}
	return answer
}

func TestInvokeAnswers(t *testing.T) {
	t.Parallel()
	f, _ := newProbe(t, nil)
	large := strings.Repeat("x", 6*1024*1024-2)
	for _, c := range []struct {
		name, event string
		want        string
		failed      bool
	}{
		{"the function's JSON as it is", `{"do":"echo","x":[1, 2.50,"é<&>"]}`, `{"do":"echo","x":[1,2.50,"é<&>"]}`, false},
		{"a variable of the function", `{"do":"env","name":"COLOUR"}`, `"blue"`, false},
		{"a variable of Lambda", `{"do":"env","name":"AWS_LAMBDA_FUNCTION_MEMORY_SIZE"}`, `"256"`, false},
		{"no variable of this machine", `{"do":"env","name":"HOME"}`, `""`, false},
		{"an error", `{"do":"error"}`, `{"errorMessage":"no luck","errorType":"errorString"}`, true},
		{"the largest answer", `{"do":"large","size":6291454}`, `"` + large + `"`, false},
		{"too large an answer", `{"do":"large","size":6291455}`, `{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291456 bytes)."}`, true},
	} {
		answer := invoke(t, f, c.event)
		if got := string(answer.Payload); got != c.want || answer.Failed != c.failed {
			t.Errorf("%s: Invoke(%s) = %.200s, failed %v, want %.200s, %v", c.name, c.event, got, answer.Failed, c.want, c.failed)
		}
	}
}

func TestInvokeContext(t *testing.T) {
	t.Parallel()
	f, _ := newProbe(t, nil)
	answer := invoke(t, f, `{"do":"context"}`)
	var got struct {
		ID, ARN, Name string
		Memory        int
		LeftMs        int `json:"left_ms"`
	}
	if err := json.Unmarshal(answer.Payload, &got); err != nil {
		t.Fatal(err)
	}
	if got.LeftMs <= 0 || got.LeftMs > 20_000 {
		t.Errorf("time left = %d ms, want at most the timeout of 20 s", got.LeftMs)
	}
	got.LeftMs = 0
	want := got
	want.ID, want.ARN, want.Name, want.Memory = answer.RequestID, f.Config().ARN, "waymark-Probe", 256
	if got != want {
		t.Errorf("context = %+v, want %+v", got, want)
	}
}

func TestProcessIsReusedAfterAnswersAndErrors(t *testing.T) {
	t.Parallel()
	f, _ := newProbe(t, nil)
	first := string(invoke(t, f, `{"do":"pid"}`).Payload)
	invoke(t, f, `{"do":"error"}`)
	if got := string(invoke(t, f, `{"do":"pid"}`).Payload); got != first {
		t.Errorf("process after an error = %s, want the same %s", got, first)
	}
}

func TestNewProcessAfterFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, event string
		timeout     time.Duration
		wantType    string
		wantMessage string
	}{
		{"panic", `{"do":"panic"}`, 20 * time.Second, "string", "broken"},
		{"exit", `{"do":"exit"}`, 20 * time.Second, "Runtime.ExitError", "RequestId: ID Error: Runtime exited with error: exit status 7"},
		{"timeout", `{"do":"hang"}`, time.Second, "Sandbox.Timedout", "RequestId: ID Error: Task timed out after 1.00 seconds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, _ := newProbe(t, func(config *lambda.Config) { config.Timeout = c.timeout })
			first := string(invoke(t, f, `{"do":"pid"}`).Payload)
			answer := invoke(t, f, c.event)
			var got struct{ ErrorType, ErrorMessage string }
			if err := json.Unmarshal(answer.Payload, &got); err != nil {
				t.Fatal(err)
			}
			message := strings.ReplaceAll(got.ErrorMessage, answer.RequestID, "ID")
			if !answer.Failed || got.ErrorType != c.wantType || message != c.wantMessage {
				t.Errorf("Invoke(%s) = %s, failed %v, want %s: %s", c.event, answer.Payload, answer.Failed, c.wantType, c.wantMessage)
			}
			second := invoke(t, f, `{"do":"pid"}`)
			if second.Failed || string(second.Payload) == first {
				t.Errorf("process after %s = %s, failed %v, want another than %s", c.name, second.Payload, second.Failed, first)
			}
			if pids := f.PIDs(); len(pids) != 1 {
				t.Errorf("PIDs() = %v, want one", pids)
			}
		})
	}
}

// waiting accepts connections of functions that meet, until release.
func waiting(t *testing.T) (event string, arrived <-chan net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	connections := make(chan net.Conn)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connections <- connection
		}
	}()
	return fmt.Sprintf(`{"do":"meet","addr":%q}`, listener.Addr()), connections
}

func TestConcurrentInvocationsHaveProcessesOfTheirOwn(t *testing.T) {
	t.Parallel()
	f, _ := newProbe(t, nil)
	event, arrived := waiting(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	pids := map[string]bool{}
	for range 3 {
		group.Go(func() {
			answer, err := f.Invoke(t.Context(), []byte(event))
			mu.Lock()
			defer mu.Unlock()
			if err != nil || answer.Failed {
				t.Errorf("Invoke: %s, %v", answer.Payload, err)
			}
			pids[string(answer.Payload)] = true
		})
	}
	var connections []net.Conn
	for range 3 { // all three are at work at the same time
		connections = append(connections, <-arrived)
	}
	for _, c := range connections {
		c.Write([]byte("!"))
	}
	group.Wait()
	if len(pids) != 3 {
		t.Errorf("processes = %v, want 3", pids)
	}
}

func TestReservedConcurrencyWaits(t *testing.T) {
	t.Parallel()
	f, _ := newProbe(t, func(config *lambda.Config) { config.Concurrency = 1 })
	event, arrived := waiting(t)
	done := make(chan string, 2)
	for range 2 {
		go func() {
			answer, err := f.Invoke(t.Context(), []byte(event))
			done <- fmt.Sprint(string(answer.Payload), answer.Failed, err)
		}()
	}
	first := <-arrived
	if pids := f.PIDs(); len(pids) != 1 {
		t.Errorf("PIDs() while one runs and one waits = %v, want one", pids)
	}
	first.Write([]byte("!"))
	second := <-arrived
	second.Write([]byte("!"))
	if a, b := <-done, <-done; a != b {
		t.Errorf("answers = %s and %s, want one process for both", a, b)
	}
}

func TestReplaceTakesANewProcess(t *testing.T) {
	t.Parallel()
	f, _ := newProbe(t, nil)
	first := string(invoke(t, f, `{"do":"pid"}`).Payload)
	f.Replace()
	if second := string(invoke(t, f, `{"do":"pid"}`).Payload); second == first {
		t.Errorf("process after Replace = %s, want another", second)
	}
}

func TestFunctionThatDoesNotStart(t *testing.T) {
	t.Parallel()
	f, log := newProbe(t, func(config *lambda.Config) { config.Environment["PROBE_REFUSES_TO_START"] = "1" })
	if err := f.Warm(); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("Warm() = %v, want the exit status", err)
	}
	answer := invoke(t, f, `{"do":"echo"}`)
	if !answer.Failed || !strings.Contains(string(answer.Payload), "Runtime exited with error: exit status 3") {
		t.Errorf("Invoke = %s, failed %v", answer.Payload, answer.Failed)
	}
	if !strings.Contains(log.String(), "QUEUE_URL is missing") {
		t.Errorf("log = %q, want the function's own words", log)
	}
}

func TestMissingBinary(t *testing.T) {
	t.Parallel()
	f, _ := newProbe(t, func(config *lambda.Config) { config.Binary = filepath.Join(t.TempDir(), "bootstrap") })
	if answer, err := f.Invoke(t.Context(), []byte(`{}`)); err == nil {
		t.Errorf("Invoke = %+v, want an error", answer)
	}
}

func TestCloseEndsBusyProcesses(t *testing.T) {
	t.Parallel()
	f, _ := newProbe(t, nil)
	event, arrived := waiting(t)
	done := make(chan lambda.Answer, 1)
	go func() {
		answer, _ := f.Invoke(t.Context(), []byte(event))
		done <- answer
	}()
	<-arrived
	f.Close()
	if answer := <-done; !answer.Failed {
		t.Errorf("answer of a killed process = %+v, want a failure", answer)
	}
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); err == nil {
		t.Error("Invoke after Close succeeded")
	}
}
