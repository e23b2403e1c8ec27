package bench_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// starts is how often each program is started at least; the medians count.
const starts = 21

// BenchmarkStartup measures what a cold start costs: from exec to the first poll of the Runtime API, of each function's binary and of a bare
// function, in turns. It reports for each function the medians of wall time and CPU time, and their ratios to those of the bare one.
//
//	go test -run='^$' -bench=Startup ./tests/bench
func BenchmarkStartup(b *testing.B) {
	programs := builtFunctions(b)
	wall, cpu := map[string][]float64{}, map[string][]float64{}
	b.ResetTimer()
	for range max(b.N, starts) {
		for name, binary := range programs {
			begun, spent := startOnce(b, binary)
			wall[name] = append(wall[name], begun.Seconds()*1000)
			cpu[name] = append(cpu[name], spent.Seconds()*1000)
		}
	}
	b.ReportMetric(0, "ns/op")
	for name := range programs {
		b.ReportMetric(median(wall[name]), name+"-ms")
		b.ReportMetric(median(cpu[name]), name+"-cpu-ms")
		if name != bareFunction {
			b.ReportMetric(median(wall[name])/median(wall[bareFunction]), name+"-x-bare")
			b.ReportMetric(median(cpu[name])/median(cpu[bareFunction]), name+"-x-bare-cpu")
		}
	}
}

const bareFunction = "bare"

// builtFunctions compiles all functions and the bare one as they are deployed, and returns their binaries by name.
func builtFunctions(b *testing.B) map[string]string {
	b.Helper()
	mains, err := filepath.Glob("../../functions/*/lambda")
	if err != nil || len(mains) == 0 {
		b.Fatalf("list functions: %v, %v", mains, err)
	}
	folders := map[string]string{bareFunction: "testdata/bare"}
	for _, folder := range mains {
		folders[filepath.Base(filepath.Dir(folder))] = folder
	}
	out := b.TempDir()
	binaries := map[string]string{}
	for name, folder := range folders {
		binaries[name] = filepath.Join(out, name)
		cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-tags=lambda.norpc", "-ldflags=-s -w", "-o", binaries[name], "./"+folder)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("build %s: %v\n%s", name, err, text)
		}
	}
	return binaries
}

// startOnce starts a function until it asks for its first event, and ends it there.
func startOnce(b *testing.B, binary string) (wall, cpu time.Duration) {
	b.Helper()
	polled := make(chan time.Time, 1)
	runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		polled <- time.Now()
		<-r.Context().Done()
	}))
	defer runtime.Close()
	cmd := exec.CommandContext(b.Context(), binary)
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime.URL, "http://"), "AWS_REGION=us-east-1", "AWS_LAMBDA_LOG_FORMAT=JSON",
		"TABLE_NAME=t", "ARCHIVE_BUCKET=a", "EXPORT_BUCKET=e", "QUEUE_URL=http://127.0.0.1:1/q", "DEAD_LETTER_QUEUE_URL=http://127.0.0.1:1/d",
	}
	cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	select {
	case at := <-polled:
		wall = at.Sub(begin)
	case <-time.After(10 * time.Second):
		b.Errorf("%s did not poll within 10 s of its start", filepath.Base(binary))
	}
	if err := cmd.Process.Kill(); err != nil {
		b.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	return wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
