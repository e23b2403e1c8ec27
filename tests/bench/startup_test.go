package bench_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// starts is how often each program is started at least; the minima count, for other work on the machine only adds.
const starts = 21

// BenchmarkStartup measures what a cold start costs: from exec to the first poll of the Runtime API, of each function's
// binary, of a bare function, and of bare functions with clients of AWS, in turns. It reports CPU time and wall time,
// and their ratios to those of the bare function (x-bare) and of the one with the same clients (x-clients).
//
//	go test -run='^$' -bench=Startup ./tests/bench
func BenchmarkStartup(b *testing.B) {
	p := build(b)
	wall, cpu := map[string]float64{}, map[string]float64{}
	b.ResetTimer()
	for n := range max(b.N, starts) {
		for name, binary := range p.binaries {
			begun, spent := startOnce(b, copied(b, binary), os.Stderr)
			if n == 0 {
				wall[name], cpu[name] = begun.Seconds()*1000, spent.Seconds()*1000
			}
			wall[name], cpu[name] = min(wall[name], begun.Seconds()*1000), min(cpu[name], spent.Seconds()*1000)
		}
	}
	b.ReportMetric(0, "ns/op")
	for name := range p.binaries {
		b.ReportMetric(wall[name], name+"-ms")
		b.ReportMetric(cpu[name], name+"-cpu-ms")
	}
	for name, floor := range p.floors {
		b.ReportMetric(wall[name]/wall[bare], name+"-x-bare")
		b.ReportMetric(cpu[name]/cpu[bare], name+"-x-bare-cpu")
		b.ReportMetric(wall[name]/wall[floor], name+"-x-clients")
		b.ReportMetric(cpu[name]/cpu[floor], name+"-x-clients-cpu")
	}
}

// budgets are the kilobytes that a function may allocate before main, beyond the bare function with the same clients.
// They cost time at each cold start, and are the same on any machine. Parquet and what it imports take about 76, and
// gonum another 10.
var budgets = map[string]int{"analyse": 112, "collect": 24, "export": 24, "process": 24, "profile": 100, "query": 100, "rollup": 100}

// ownBudget are the bytes that one package of ours may allocate before main. A regular expression takes 10 kB, a table
// of routes 2 kB.
const ownBudget = 3 << 10

func TestStartup(t *testing.T) {
	t.Parallel()
	p := build(t)
	t.Run("little is prepared before main", func(t *testing.T) { checkPrepared(t, p) })
	t.Run("only what is called is linked", func(t *testing.T) { checkLinked(t, p) })
}

func checkPrepared(t *testing.T, p programs) {
	for name, floor := range p.floors {
		budget, ok := budgets[name]
		if !ok {
			t.Errorf("%s has no budget", name)
		}
		packages, least := allocatedBeforeMain(t, p.binaries[name]), 0
		for path, size := range allocatedBeforeMain(t, p.binaries[floor]) {
			least += size
			packages[path] -= size
		}
		beyond := 0
		for path, size := range packages {
			beyond += size
			if size > ownBudget && strings.HasPrefix(path, "waymark/") {
				t.Errorf("%s: %s allocates %d bytes before main, want at most %d: make it with sync.OnceValue",
					name, path, size, ownBudget)
			}
		}
		if beyond > budget<<10 {
			t.Errorf("%s allocates %d bytes more before main than %s with its %d, want at most %d kB; most of it:%s",
				name, beyond, floor, least, budget, largest(packages, 5))
		}
	}
}

// unused are methods of clients that no function calls.
var unused = map[string]string{"dynamodb": "CreateTable", "s3": "CreateBucket", "sqs": "CreateQueue"}

// checkLinked fails when the linker cannot tell which methods are called, and keeps all of them: a function is up to
// twice as large then. That happens when a package looks for methods by reflection, and not by a constant name.
func checkLinked(t *testing.T, p programs) {
	for name, floor := range p.floors {
		binary, err := os.ReadFile(p.binaries[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, client := range strings.Split(floor, "+")[1:] {
			methods := "aws-sdk-go-v2/service/" + client + ".(*Client)."
			if !bytes.Contains(binary, []byte(methods)) {
				t.Errorf("%s contains no method of the client of %s: this test looks for the wrong name", name, client)
			}
			if method := methods + unused[client]; bytes.Contains(binary, []byte(method)) {
				t.Errorf("%s contains %s; to see why: go build -ldflags=-dumpdep ./functions/%s/lambda 2>&1 | "+
					"grep ReflectMethod", name, method, name)
			}
		}
	}
}

const bare = "bare"

// programs are binaries by name: all functions as they are deployed, the bare function, and the bare function with the
// clients that a function has. The name of that is in floors, by the name of the function.
type programs struct {
	binaries map[string]string
	floors   map[string]string
}

func build(tb testing.TB) programs {
	tb.Helper()
	mains, err := filepath.Glob("../../functions/*/lambda")
	if err != nil || len(mains) == 0 {
		tb.Fatalf("list functions: %v, %v", mains, err)
	}
	p := programs{binaries: map[string]string{}, floors: map[string]string{}}
	out := tb.TempDir()
	compile := func(name, folder string, tags ...string) {
		if p.binaries[name] != "" {
			return
		}
		p.binaries[name] = filepath.Join(out, name)
		run(tb, "build", "-trimpath", "-tags="+strings.Join(append(tags, "lambda.norpc"), ","), "-ldflags=-s -w",
			"-o", p.binaries[name], "./"+folder)
	}
	compile(bare, "testdata/bare")
	for _, folder := range mains {
		name, clients := filepath.Base(filepath.Dir(folder)), clientsOf(tb, folder)
		compile(name, folder)
		p.floors[name] = strings.Join(append([]string{bare}, clients...), "+")
		compile(p.floors[name], "testdata/bare", clients...)
	}
	return p
}

// clientsOf are the services of AWS whose clients a function contains. The bare function has a file for each.
func clientsOf(tb testing.TB, folder string) []string {
	tb.Helper()
	var clients []string
	for path := range strings.FieldsSeq(run(tb, "list", "-deps", "./"+folder)) {
		client, ok := strings.CutPrefix(path, "github.com/aws/aws-sdk-go-v2/service/")
		if !ok || strings.Contains(client, "/") {
			continue
		}
		if _, err := os.Stat("testdata/bare/" + client + ".go"); err != nil {
			tb.Fatalf("%s has a client that the bare function lacks: %v", folder, err)
		}
		clients = append(clients, client)
	}
	slices.Sort(clients)
	return clients
}

// run gives what the go command prints.
func run(tb testing.TB, arguments ...string) string {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "go", arguments...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	text, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", cmd, err, text)
	}
	return string(text)
}

var initialised = regexp.MustCompile(`(?m)^init (\S+) .* (\d+) bytes, \d+ allocs$`)

// allocatedBeforeMain is what the packages of a program allocate before main, in bytes.
func allocatedBeforeMain(tb testing.TB, binary string) map[string]int {
	tb.Helper()
	var trace bytes.Buffer
	startOnce(tb, binary, &trace, "GODEBUG=inittrace=1")
	packages := map[string]int{}
	for _, m := range initialised.FindAllStringSubmatch(trace.String(), -1) {
		size, err := strconv.Atoi(m[2])
		if err != nil {
			tb.Fatal(err)
		}
		packages[m[1]] += size
	}
	if len(packages) == 0 {
		tb.Fatalf("%s tells nothing of its packages: %s", filepath.Base(binary), trace.Bytes())
	}
	return packages
}

func largest(sizes map[string]int, most int) string {
	paths := slices.SortedFunc(maps.Keys(sizes), func(a, b string) int { return cmp.Compare(sizes[b], sizes[a]) })
	var text strings.Builder
	for _, path := range paths[:min(most, len(paths))] {
		fmt.Fprintf(&text, "\n%8d %s", sizes[path], path)
	}
	return text.String()
}

// copied is a new copy of a program. The bare one starts in 1.6 ms as a copy, and in 2.0 ms as the linker wrote it. A
// deployed function is a copy too.
func copied(tb testing.TB, binary string) string {
	tb.Helper()
	content, err := os.ReadFile(binary)
	if err != nil {
		tb.Fatal(err)
	}
	name := binary + ".copy"
	_ = os.Remove(name) // there is none the first time
	if err := os.WriteFile(name, content, 0o700); err != nil {
		tb.Fatal(err)
	}
	return name
}

// startOnce starts a function until it asks for its first event, and ends it there.
func startOnce(tb testing.TB, binary string, stderr io.Writer, env ...string) (wall, cpu time.Duration) {
	tb.Helper()
	polled := make(chan time.Time, 1)
	runtime := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		polled <- time.Now()
		<-r.Context().Done()
	}))
	defer runtime.Close()
	cmd := exec.CommandContext(tb.Context(), binary)
	cmd.Env = append(env,
		"AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(runtime.URL, "http://"), "AWS_REGION=us-east-1",
		"AWS_LAMBDA_LOG_FORMAT=JSON", "ADDRESS_REQUESTS_PER_SECOND=0", "EDGE_PROOF=p", "DEBUG_EVENTS=watched", "TABLE_NAME=t", "ARCHIVE_BUCKET=a", "EXPORT_BUCKET=e",
		"QUEUE_URL=http://127.0.0.1:1/q", "DEAD_LETTER_QUEUE_URL=http://127.0.0.1:1/d")
	cmd.Stderr = stderr
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	select {
	case at := <-polled:
		wall = at.Sub(begin)
	case <-time.After(10 * time.Second):
		tb.Errorf("%s did not poll within 10 s of its start", filepath.Base(binary))
	}
	if err := cmd.Process.Kill(); err != nil {
		tb.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	return wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
