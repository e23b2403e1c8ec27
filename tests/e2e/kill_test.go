package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"waymark/infra/client"
	"waymark/shared/model"
	"waymark/shared/testing/seed"
	"waymark/tests/e2e"
)

const (
	clients = 4 // imports at a time

	// storm is what goes wrong while events come in. Of a message's tries nearly half end in a crash.
	storm = "Process.crash=45%,Process.duplicate=15%,Process.reorder=30%,Process.drop-ack=10%,Process.throttle=5%,Process.delay=2%,Collect.crash=6%,Collect.throttle=2%,Profile.crash=50%,Rollup.crash=50%"
)

// killsLater is how often Profile, Rollup in each of its works, and Export die. Each time the fence is waited for.
func killsLater() int {
	if seed.Long() {
		return 3
	}
	return 1
}

// TestKill imports the same events into two workspaces: once into one that is left alone, and several times, cut differently, into one
// whose processes are killed in the middle of their work meanwhile, 15 times or 200 with WAYMARK_LONG=1, whose batches are
// handed out twice, late and in another order, and whose acknowledgements are lost. Then Profile and Rollup are killed in the middle of settling, Rollup while it compacts, and Export. Both
// workspaces are the same in the end, and what a plain count of the file says.
//
// WAYMARK_KILLS asks for more kills, WAYMARK_KILL_SEED for the luck of an earlier run.
func TestKill(t *testing.T) {
	t.Parallel()
	kills := 15
	if seed.Long() {
		kills = 200
	}
	kills, luck := seed.Setting(t, "WAYMARK_KILLS", kills), seed.Setting(t, "WAYMARK_KILL_SEED", int(rand.Uint32()))
	t.Logf("WAYMARK_KILLS=%d WAYMARK_KILL_SEED=%d", kills, luck)
	// A short visibility timeout brings the messages of a killed process back soon, and MaxReceiveCount keeps unlucky ones out of the
	// dead-letter queue.
	system := start(t, e2e.Config{Binary: binary(t), Root: root, Data: filepath.Join(t.TempDir(), "killed"), Flags: []string{
		"--memory", "--param", "VisibilityTimeoutSeconds=4", "--param", "MaxReceiveCount=1000", "--param", "BatchSize=3", "--param", "BatchWindowSeconds=0",
		"--param", "ProfileSchedule=rate(1 second)",
	}})
	rows := killedRows()
	byHand := countedByHand(rows)
	files := newKilledFiles(t, rows)
	calm, stormy := tenant(t, system, "calm"), tenant(t, system, "stormy")
	load(t, calm, *files, files.whole(t, killedEvents))
	sendDirectly(t, calm, rows)
	drain(t, calm)
	want := everything(t, calm)
	if got := reported(t, calm).String(); got != byHand.String() {
		t.Errorf("the undisturbed workspace counts:\n%s\nwant\n%s", got, byHand)
	}
	exportWhole(t, calm)

	raise(t, stormy, fmt.Sprintf("seed=%d,%s", luck, storm))
	weather(t, stormy, *files, rows, kills)
	raise(t, stormy, "off")
	drain(t, stormy)
	killSettles(t, stormy, files, "Profile", "Rollup.throttle=100%")
	killSettles(t, stormy, files, "Rollup", "Profile.throttle=100%")
	load(t, stormy, *files, files.rest(t))
	drain(t, stormy)
	rollUp(t, stormy)
	killCompactions(t, stormy)
	got := everything(t, stormy)
	killExports(t, stormy)

	status, err := stormy.Status(t.Context())
	if err != nil || status.Queues.Touchpoints.Dead != 0 || len(status.Failed) != 0 || status.DirtyWindows != 0 {
		t.Errorf("after the storm: %+v, %v, want no dead message, no failed event and no dirty window", status, err)
	}
	if got != want {
		t.Errorf("after the storm the profiles or KPIs differ:\n%s", firstDifference(got, want))
	}
	if counted := reported(t, stormy).String(); counted != byHand.String() {
		t.Errorf("after the storm the workspace counts:\n%s\nwant\n%s", counted, byHand)
	}
	checkStored(t, stormy, rows)
	for _, r := range rows { // the ids of the importer's events are its own; they are in want
		if r.What == "direct" && !strings.Contains(got, `"id":"`+r.ID+`"`) {
			t.Errorf("the event %s was acknowledged and is in no timeline", r.ID)
		}
	}
	endsAll(t, system)
}

func raise(t testing.TB, w e2e.Tenant, plan string) {
	t.Helper()
	if _, err := w.SwitchFaults(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
}

func happened(t testing.TB, w e2e.Tenant) map[string]map[string]int {
	t.Helper()
	f, err := w.Faults(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f.Counts
}

func drain(t testing.TB, w e2e.Tenant) {
	t.Helper()
	if err := w.Drained(t.Context(), e2e.Patience); err != nil {
		t.Fatal(err)
	}
}

// weather loads everything until so many processes of Process died at work: first in small requests, then in one file, then again in other parts.
func weather(t testing.TB, w e2e.Tenant, files killedFiles, rows []row, kills int) {
	t.Helper()
	sendDirectly(t, w, rows)
	load(t, w, files, files.early(t, 5))
	// What comes later is late data then. It answers 202 or, killed, 500.
	if _, err := w.Order(t.Context(), "/v1/rollups", ""); err != nil {
		t.Fatal(err)
	}
	load(t, w, files, files.again(t, killedEvents))
	for pass := 0; happened(t, w)["Process"]["crash"] < kills; pass++ {
		// What is left in the queue may be enough.
		err := e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error {
			status, err := w.Status(ctx)
			dead := happened(t, w)["Process"]["crash"]
			if q := status.Queues.Touchpoints; err == nil && dead < kills && q.Waiting+q.InFlight > 0 {
				return fmt.Errorf("%d of %d kills, and %d messages wait", dead, kills, q.Waiting+q.InFlight)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if happened(t, w)["Process"]["crash"] < kills {
			load(t, w, files, files.again(t, 7+pass))
		}
	}
	counts := happened(t, w)
	t.Logf("during the import: %v", counts)
	for _, kind := range []string{"crash", "duplicate", "reorder", "drop-ack", "throttle", "delay"} {
		if counts["Process"][kind] == 0 {
			t.Errorf("no %s of Process happened", kind)
		}
	}
	if counts["Process"]["crash"] < kills || counts["Collect"]["crash"] == 0 {
		t.Errorf("kills at work %v, want at least %d of Process and some of Collect", counts, kills)
	}
}

// load imports the files, some at a time. An import ends well only when each of its requests was answered with 200.
func load(t testing.TB, w e2e.Tenant, files killedFiles, parts []string) {
	t.Helper()
	var group sync.WaitGroup
	failures := make([]error, clients)
	for client := range clients {
		var mine []string
		for i := client; i < len(parts); i += clients {
			mine = append(mine, parts[i])
		}
		if len(mine) == 0 {
			continue
		}
		group.Go(func() {
			args := append([]string{"import", "--url", w.URL, "--key", w.Keys.Server, "--resume=false", "--json", "--mapping", files.mapping}, mine...)
			_, _, failures[client] = w.Run(t.Context(), args...)
		})
	}
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
}

// sendDirectly posts the other events, each again with the same messageId until it is acknowledged.
func sendDirectly(t testing.TB, w e2e.Tenant, rows []row) {
	t.Helper()
	work := make(chan row)
	var group sync.WaitGroup
	failures := make([]error, clients)
	for client := range clients {
		group.Go(func() {
			for r := range work {
				event := map[string]any{"type": "track", "event": "Product Viewed", "userId": r.Who, "messageId": r.ID, "timestamp": r.At}
				err := e2e.Eventually(t.Context(), e2e.Patience, func(ctx context.Context) error { return w.Batch(ctx, event) })
				failures[client] = errors.Join(failures[client], err)
			}
		})
	}
	for _, r := range rows {
		if r.What == "direct" {
			work <- r
		}
	}
	close(work)
	group.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
}

func demand(until int) string {
	return fmt.Sprintf(`{"grain":"hour","from":"%s","to":"2025-07-%02d"}`, killedFrom, until)
}

// exportWhole orders the longest export.
func exportWhole(t testing.TB, w e2e.Tenant) { order[manifest](t, w, "/v1/exports", demand(31)) }

// killExports kills Export in the middle of several orders: what is listed is whole. The same orders again make every file.
func killExports(t testing.TB, w e2e.Tenant) {
	t.Helper()
	raise(t, w, "Export.crash=100%")
	orders := 0
	for until := 31; until > 2 && happened(t, w)["Export"]["crash"] < killsLater(); until-- {
		if _, err := w.Order(t.Context(), "/v1/exports", demand(until)); err != nil {
			t.Fatal(err)
		}
		orders++
		checkListed(t, w)
	}
	if n := happened(t, w)["Export"]["crash"]; n < killsLater() {
		t.Errorf("Export died %d times at work, want %d", n, killsLater())
	}
	raise(t, w, "off")
	for until := 31; until > 31-orders; until-- {
		order[manifest](t, w, "/v1/exports", demand(until))
	}
	if n := checkListed(t, w); n != orders {
		t.Errorf("%d exports are listed, want %d", n, orders)
	}
	t.Logf("after it: %v", happened(t, w))
}

// checkListed holds every export that is listed against its manifest, and counts them.
func checkListed(t testing.TB, w e2e.Tenant) int {
	t.Helper()
	listed := get[struct{ Exports []manifest }](t, w, "/v1/exports").Exports
	for _, m := range listed {
		for _, f := range m.Files {
			if err := clientOf(w).Download(t.Context(), client.File{Name: f.Name, SHA256: f.SHA256}, io.Discard); err != nil {
				t.Error(err)
			}
		}
	}
	return len(listed)
}

// endsAll stops the system and looks whether a process of it is left.
func endsAll(t testing.TB, system *e2e.System) {
	t.Helper()
	left := map[int]string{}
	for _, function := range []string{"Collect", "Process", "Profile", "Rollup", "Export", "Query"} {
		pids, err := system.Processes(t.Context(), function)
		if err != nil {
			t.Fatal(err)
		}
		for _, pid := range pids {
			left[pid] = function
		}
	}
	if err := system.Stop(); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(left, func(pid int, _ string) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
	if len(left) > 0 {
		t.Errorf("after the end these processes run still: %v", left)
	}
}

// revision counts how often a window was computed, settled says when, and received when a link or trait came first, which may differ.
var revision = regexp.MustCompile(`"revision":\d+|"settled":"[^"]*"|"received":"[^"]*"`)

// nothing is a row of a window that something was in at some time; another workspace never computed it.
var nothing = regexp.MustCompile(`(?m)^\{"metric":.*"numerator":(0|"0(\.0+)?"),.*\n`)

// everything is what a workspace knows: KPIs of every grain and dimension, and every profile with its timeline.
func everything(t testing.TB, w e2e.Tenant) string {
	t.Helper()
	rollUp(t, w)
	var paths []string
	for _, grain := range []string{"hour", "day", "week", "month", "quarter", "year"} {
		paths = append(paths, "/v1/kpis?from=2025-01-01&to=2026-01-01&grain="+grain)
	}
	for _, by := range []string{"channel", "source", "stage", "country"} {
		paths = append(paths, "/v1/kpis?from=2025-01-01&to=2026-01-01&grain=day&by="+by)
	}
	paths = append(paths, "/v1/kpis?from=2025-07-01&to=2025-07-15&grain=period") // from steps, not from windows
	stages, err := model.Stages("default")
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range append(stages.Stages(), stages.Lapse()) {
		paths = append(paths, "/v1/profiles?limit=500&stage="+string(stage))
	}
	for i := range killedPersons {
		for _, id := range []string{"user:kill-", "anon:stranger-"} {
			path := fmt.Sprintf("/v1/profiles/%s%d", id, i)
			paths = append(paths, path, path+"/timeline?limit=100")
		}
	}
	var all strings.Builder
	for _, path := range paths {
		answer, err := w.Get(t.Context(), path)
		if err != nil || answer.Status != 200 || !json.Valid(answer.Body) {
			t.Fatalf("GET %s: %s, %v", path, answer, err)
		}
		if strings.HasPrefix(path, "/v1/profiles?") {
			answer.Body = sortedItems(t, answer.Body)
		}
		all.WriteString(path + "\n")
		all.Write(revision.ReplaceAll(answer.Body, nil))
		all.WriteByte('\n')
	}
	lines := strings.NewReplacer("},{", "}\n{", "[{", "[\n{", "}]", "}\n]").Replace(all.String())
	return nothing.ReplaceAllString(lines, "")
}

// sortedItems puts the persons of a list in the order of their names: those of one day have none.
func sortedItems(t testing.TB, body []byte) []byte {
	t.Helper()
	var list struct{ Items []map[string]any }
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b map[string]any) int {
		return strings.Compare(fmt.Sprint(a["person"]), fmt.Sprint(b["person"]))
	})
	return []byte(text(list))
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
