package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/infra/rebuild"
	"waymark/tests/e2e"
)

// rebuilt runs `waymark rebuild` on a workspace.
func rebuilt(t testing.TB, w e2e.Tenant, args ...string) rebuild.Report {
	t.Helper()
	args = append([]string{"rebuild", "--json", "--settle", "0s", "--url", w.URL, "--key", w.Keys.Secret}, args...)
	out, log, err := w.Run(t.Context(), args...)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var report rebuild.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("decode report %s: %v", out, err)
	}
	for line := range strings.Lines(log) {
		t.Logf("progress: %s", strings.TrimSpace(line))
	}
	return report
}

// TestRebuild rebuilds a small system, and returns: every answer stays what it was to the byte, an export of unchanged numbers makes no new
// revision, and what comes in under one generation is in the other.
func TestRebuild(t *testing.T) {
	t.Parallel()
	w := tenant(t, shared(t), "rebuild")
	var batch []map[string]any
	for i := range 40 {
		at := time.Date(2025, 7, 1+i%5, 10, i, 0, 0, time.UTC).Format(time.RFC3339)
		e := map[string]any{"type": "track", "event": "Product Viewed", "messageId": fmt.Sprintf("m%d", i), "timestamp": at, "anonymousId": fmt.Sprintf("v%d", i%7)}
		switch i % 4 {
		case 0:
			e["userId"] = fmt.Sprintf("u%d", i%7)
		case 1:
			e["event"], e["properties"] = "Order Completed", map[string]any{"order_id": fmt.Sprintf("o%d", i%9), "revenue": 12.5}
		}
		batch = append(batch, e)
	}
	batch = append(batch, map[string]any{"type": "identify", "messageId": "who", "timestamp": "2025-07-01T09:00:00Z", "userId": "u0", "traits": map[string]any{"plan": "gold"}})
	send(t, w, batch...)
	send(t, w, batch[:10]...) // a client's retry
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
	rollUp(t, w)
	asked := []string{
		"/v1/profiles/user:u0", "/v1/profiles/user:u0/timeline", "/v1/profiles/anon:v3", "/v1/kpis?from=2025-07-01&to=2025-07-10",
		"/v1/kpis?from=2025-07-01&to=2025-08-01&grain=month&by=channel", "/v1/kpis?from=2025-07-01&to=2025-07-04&grain=period",
	}
	answers := func() map[string]string {
		all := map[string]string{}
		for _, path := range asked {
			all[path] = text(get[any](t, w, path))
		}
		return all
	}
	exported := func() string {
		return order[manifest](t, w, "/v1/exports", `{"grain":"day","from":"2025-07-01","to":"2025-07-06"}`).Name
	}
	same := func(when string, want map[string]string, export string) {
		t.Helper()
		for path, got := range answers() {
			if got != want[path] {
				t.Errorf("%s, %s answers\n%s\nwant\n%s", when, path, got, want[path])
			}
		}
		if got := exported(); got != export {
			t.Errorf("%s, the export is %q, want %q", when, got, export)
		}
	}
	before, export := answers(), exported()
	report := rebuilt(t, w)
	if !report.Equal || !report.Swapped || report.To != 1 || report.Events < len(batch) {
		t.Fatalf("report %+v, want equal and swapped to generation 1", report)
	}
	same("after the swap", before, export)

	send(t, w, map[string]any{"type": "track", "event": "Product Viewed", "messageId": "between", "timestamp": "2025-07-02T10:00:00Z", "userId": "between"})
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
	if report := rebuilt(t, w, "--back"); !report.Swapped || report.To != 0 || report.Late == 0 {
		t.Errorf("report of the way back %+v, want generation 0 and late objects", report)
	}
	if p := get[person](t, w, "/v1/profiles/user:between"); p.Touchpoints != 1 {
		t.Errorf("what came in between is %d times in its profile after the way back, want once", p.Touchpoints)
	}
	if got := text(get[any](t, w, asked[0])); got != before[asked[0]] {
		t.Errorf("the profile is %s after the way back, want %s", got, before[asked[0]])
	}
	rebuilt(t, w, "--drop-old")
	if report := rebuilt(t, w); !report.Equal || report.To != 2 {
		t.Errorf("the second rebuild: %+v, want generation 2, equal", report)
	}
}

// TestRebuildLarge rebuilds a generated archive twice, the second time with doubled objects, and both are equal. WAYMARK_REBUILD_EVENTS says how
// many events; the times are in the log. Profiles and windows are compared by the second rebuild with those of the first, brought up to date: between
// the two, time alone changes some.
func TestRebuildLarge(t *testing.T) {
	t.Parallel()
	n, system := 1500, (*e2e.System)(nil)
	if asked := os.Getenv("WAYMARK_REBUILD_EVENTS"); asked != "" {
		var err error
		if n, err = strconv.Atoi(asked); err != nil {
			t.Fatalf("WAYMARK_REBUILD_EVENTS is %q, want a number", asked)
		}
		system, err = e2e.Start(context.Background(), e2e.Config{Binary: binary(t), Root: root, Data: filepath.Join(world.Folder, "large"), Flags: []string{"--memory"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = system.Stop() })
	} else {
		system = shared(t)
	}
	w := tenant(t, system, "large")
	persons := max(n/eventsOfPerson, 1)
	objects := fillArchive(t, w, 1, persons, n)
	t.Logf("%d events in %d objects", n, objects)
	first := rebuilt(t, w, "--swap", "always")
	show(t, "first rebuild", first)
	rebuilt(t, w, "--drop-old")
	doubled := fillArchive(t, w, 1, persons, n/20) // the first events again, in other runs
	second := rebuilt(t, w)
	show(t, fmt.Sprintf("second rebuild, with %d objects doubled", doubled), second)
	if first.Events != n || !second.Equal || !second.Swapped || second.Events != n+n/20 || !maps.Equal(untimed(first), untimed(second)) {
		t.Errorf("first %+v\nsecond %+v\nwant the same hash of both", first, second)
	}
}

// untimed gives the hashes of what no time changes.
func untimed(r rebuild.Report) map[string]string {
	hashes := map[string]string{}
	for _, p := range r.Parts {
		if p.Name != "kpi windows" && p.Name != "profiles" {
			hashes[p.Name] = p.New
		}
	}
	return hashes
}

func show(t *testing.T, name string, r rebuild.Report) {
	t.Helper()
	total := 0.0
	for _, p := range r.Phases {
		t.Logf("%s: %8.1f s %s", name, p.Seconds, p.Name)
		total += p.Seconds
	}
	t.Logf("%s: %8.1f s in all, %d events, hash %.12s", name, total, r.Events, r.New)
}
