package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"waymark/tests/e2e"
)

const (
	killedEvents  = 2000
	killedPersons = 50
	eventsOfFile  = 5 // each file is a request of its own, so that there are many messages to lose
	kills         = 10
	lost          = "messages failed, they come again" // what the log says of a batch whose process was killed
)

// TestKill imports the same events into two workspaces: once into one that is left alone, and twice, cut differently, into one whose Process
// binary is killed ten times meanwhile. It reads the same from both.
func TestKill(t *testing.T) {
	t.Parallel()
	// A short visibility timeout brings the messages of a killed process back soon, and of small batches few are lost so often that they are
	// given up.
	system := start(t, e2e.Config{
		Binary: binary(t), Root: root, Data: filepath.Join(t.TempDir(), "killed"),
		Flags: []string{"--memory", "--param", "VisibilityTimeoutSeconds=4", "--param", "BatchSize=4", "--param", "BatchWindowSeconds=0"},
	})
	files, whole := write(t, t.TempDir())
	calm, stormy := tenant(t, system, "calm"), tenant(t, system, "stormy")
	load(t, calm, files)
	if err := calm.Drained(t.Context(), 30*time.Second); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	killed := make(chan error, 1)
	go func() { killed <- killProcess(ctx, stormy) }()
	load(t, stormy, files)
	load(t, stormy, []string{files[0], whole})
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	if err := stormy.Drained(t.Context(), 60*time.Second); err != nil {
		t.Fatal(err)
	}
	status, err := stormy.Status(t.Context())
	if err != nil || status.Queues.Touchpoints.Dead != 0 || len(status.Failed) != 0 {
		t.Errorf("after %d kills: %+v, %v, want no dead message and no failed event", kills, status, err)
	}
	want, got := everything(t, calm), everything(t, stormy)
	if !strings.Contains(want, fmt.Sprintf(`"metric":"touchpoints","start":"2025-01-01T00:00:00Z","end":"2026-01-01T00:00:00Z","dimensions":{},"numerator":%d,`, killedEvents)) {
		t.Errorf("the undisturbed workspace does not count %d touchpoints: %.2000s", killedEvents, want)
	}
	if got != want {
		t.Errorf("after %d kills the profiles or KPIs differ:\n%s", kills, firstDifference(got, want))
	}
}

// write makes the mapping and many files of few events, and one file that holds them all: orders and views of some persons, over some days.
func write(t testing.TB, folder string) (files []string, whole string) {
	t.Helper()
	const mapping = `name: kill
version: 1
format: {kind: ndjson}
time: {column: at, layouts: [rfc3339]}
identifiers: {user: who, anonymous: device}
events:
  - name: view
    event: Product Viewed
    where: {column: what, op: "=", value: view}
    properties: {product_id: {column: _id}}
  - name: order
    event: Order Completed
    where: {column: what, op: "=", value: order}
    properties: {order_id: _id, revenue: {column: amount, type: number}, currency: {constant: GBP}}
`
	files = append(files, filepath.Join(folder, "mapping.yaml"))
	put(t, files[0], []byte(mapping))
	begin := time.Date(2025, 7, 1, 8, 0, 0, 0, time.UTC)
	var lines, all bytes.Buffer
	for i := range killedEvents {
		// Messages of one person come together, so that after a loss they come again in another company.
		person := i * killedPersons / killedEvents
		line := map[string]any{
			"_id": fmt.Sprintf("e-%d", i), "at": begin.Add(time.Duration(i) * 7 * time.Minute).Format(time.RFC3339),
			"who": fmt.Sprintf("kill-%d", person), "device": fmt.Sprintf("device-%d-%d", person, i%2), "what": "view", "amount": "",
		}
		if i%5 == 0 {
			line["what"], line["amount"] = "order", fmt.Sprintf("%d.%02d", i%90, i%100)
		}
		lines.WriteString(text(line) + "\n")
		if i%eventsOfFile == eventsOfFile-1 {
			name := filepath.Join(folder, fmt.Sprintf("%04d.ndjson", i))
			put(t, name, lines.Bytes())
			files = append(files, name)
			all.Write(lines.Bytes())
			lines.Reset()
		}
	}
	whole = filepath.Join(folder, "whole.ndjson")
	put(t, whole, all.Bytes())
	return files, whole
}

func put(t testing.TB, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// load imports the files, the first of which is the mapping.
func load(t testing.TB, w e2e.Tenant, files []string) {
	t.Helper()
	args := append([]string{"import", "--url", w.URL, "--key", w.Keys.Write, "--resume=false", "--json", "--mapping"}, files...)
	if _, _, err := w.Run(t.Context(), args...); err != nil {
		t.Fatal(err)
	}
}

// killProcess kills the Process binary until ten batches were lost by it. A process that has nothing to do at the moment loses none.
func killProcess(ctx context.Context, w e2e.Tenant) error {
	dead := map[int]bool{}
	return e2e.Eventually(ctx, 60*time.Second, func(ctx context.Context) error {
		if lostBatches := strings.Count(w.Log(), lost); lostBatches < kills {
			return errors.Join(fmt.Errorf("%d of %d batches are lost after killing %d processes", lostBatches, kills, len(dead)), killOne(ctx, w, dead))
		}
		return nil
	})
}

// killOne kills a process that was not killed before.
func killOne(ctx context.Context, w e2e.Tenant, dead map[int]bool) error {
	pids, err := w.Processes(ctx, "Process")
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if dead[pid] {
			continue
		}
		dead[pid] = true
		// Long enough to have begun with a batch, and at another point of it each time.
		if err := pause(ctx, time.Duration(len(dead)*37%200)*time.Millisecond); err != nil {
			return err
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill process %d: %w", pid, err)
		}
		return nil
	}
	return fmt.Errorf("no new process among %v", pids)
}

// revision counts how often a window was computed, which may differ.
var revision = regexp.MustCompile(`"revision":\d+`)

// everything is what a workspace knows: KPIs of every grain and dimension, and every profile with its timeline.
func everything(t testing.TB, w e2e.Tenant) string {
	t.Helper()
	order[any](t, w, "/v1/rollups", "")
	var paths []string
	for _, grain := range []string{"hour", "day", "week", "month", "quarter", "year"} {
		paths = append(paths, "/v1/kpis?from=2025-01-01&to=2026-01-01&grain="+grain)
	}
	for _, by := range []string{"channel", "source", "stage", "country"} {
		paths = append(paths, "/v1/kpis?from=2025-01-01&to=2026-01-01&grain=day&by="+by)
	}
	for i := range killedPersons {
		paths = append(paths, fmt.Sprintf("/v1/profiles/user:kill-%d", i), fmt.Sprintf("/v1/profiles/user:kill-%d/timeline?limit=100", i))
	}
	var all strings.Builder
	for _, path := range paths {
		answer, err := w.Get(t.Context(), path)
		if err != nil || answer.Status != 200 || !json.Valid(answer.Body) {
			t.Fatalf("GET %s: %s, %v", path, answer, err)
		}
		all.WriteString(path + "\n")
		all.Write(bytes.ReplaceAll(revision.ReplaceAll(answer.Body, nil), []byte("},{"), []byte("},\n{")))
		all.WriteByte('\n')
	}
	return all.String()
}

// firstDifference shows the first line that differs.
func firstDifference(got, want string) string {
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			return fmt.Sprintf("line %d:\n got %s\nwant %s", i, gotLines[i], wantLines[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(gotLines), len(wantLines))
}
