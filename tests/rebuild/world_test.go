// Package rebuild_test rebuilds what the real handlers made of random traffic, on the stores in memory, and compares it with what was there, or with
// the same events taken in afresh: in any order of objects, with doubles, under other rules, while events come in, and with a crash at every call.
package rebuild_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/process"
	"waymark/functions/rollup"
	"waymark/infra/rebuild"
	"waymark/shared/adapter/archive"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the handlers tell of every conflict
	os.Exit(m.Run())
}

// world is a system with the workspace shop, in which one process of each function lives on and remembers what it has read.
type world struct {
	*system.System
	t       testing.TB
	random  *rand.Rand
	process *process.Handler
	rollup  *rollup.Handler
	taken   []sent // all events that came so far
	persons int    // that rollups of a pending generation looked at
}

// one is the chance of tests that need one world.
func one() *rand.Rand { return rand.New(rand.NewPCG(1, 12)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newWorld begins under a stage model. change may give the system other rules before its functions start.
func newWorld(t testing.TB, r *rand.Rand, stages string, change ...func(*system.System)) *world {
	t.Helper()
	shop := system.Shop()
	shop.Model = stages
	w := &world{System: system.New(t, shop), t: t, random: r}
	w.AtOnce = 1 + w.random.IntN(20)
	for _, do := range change {
		do(w.System)
	}
	w.start()
	return w
}

// start starts the functions, which know the rules of then.
func (w *world) start() { w.process, w.rollup = w.Process(w.Ports()), w.Rollup(w.Ports()) }

// take sends events, one request each, and has them processed, a few at a time.
func (w *world) take(all ...sent) {
	w.t.Helper()
	for some := range slices.Chunk(all, 3) {
		for _, e := range some {
			w.Advance(e.after)
			e.at = w.Now
			w.taken = append(w.taken, e)
			w.Post(e.key, e.raw)
		}
		w.deliver()
	}
}

// deliver hands all that is queued to the process that lives on.
func (w *world) deliver() {
	w.t.Helper()
	var batch events.SQSEvent
	for _, m := range w.Queue.Take(1000) {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint(m.Handle), Body: m.Body()})
		w.Queue.Done(m.Handle)
	}
	answer, err := w.process.Handle(w.t.Context(), batch)
	must(w.t, err)
	if len(answer.BatchItemFailures) > 0 {
		w.t.Fatalf("process gave back %v", answer.BatchItemFailures)
	}
}

// ask sends a request to the rollup that lives on.
func (w *world) ask(ctx context.Context, method, path, body string) (status int, p rollup.Progress, err error) {
	raw, err := json.Marshal(w.Request(method, path, "Bearer sk_shop", body))
	if err != nil {
		return 0, p, err
	}
	answer, err := w.rollup.Handle(ctx, raw)
	if err != nil {
		return 0, p, err
	}
	response := answer.(events.APIGatewayV2HTTPResponse)
	return response.StatusCode, p, json.Unmarshal([]byte(response.Body), &p)
}

// rollUp demands a rollup and asks what became of it, as `waymark rebuild` does.
func (w *world) rollUp(ctx context.Context, of rebuild.Generation, waiting func(int)) error {
	w.Advance(time.Millisecond) // what happened at the instant of a demand may have come after it
	status, p, err := w.ask(ctx, "POST", "/v1/rollups", fmt.Sprintf(`{"generation":%q}`, of))
	if of == rebuild.Next {
		w.persons += p.Persons
	}
	for err == nil && status < 300 && !p.IsDone {
		waiting(p.Waiting)
		status, p, err = w.ask(ctx, "GET", "/v1/rollups/"+p.ID+"?wait=25s", "")
	}
	if err == nil && status >= 300 {
		err = fault.Newf(fault.Unavailable, "refused", "the rollup answers %d", status)
	}
	return err
}

func (w *world) settle() {
	w.t.Helper()
	must(w.t, w.rollUp(w.t.Context(), rebuild.InUse, func(int) {}))
}

// config is a rebuild of this world, with a hook around each of its calls.
func (w *world) config(call func(name string, apply func() error) error) rebuild.Config {
	workers := 4
	if call != nil {
		workers = 1 // hooks come one after the other
	}
	stores := &system.Stores{Table: w.Table, Archive: w.Archive, Call: call}
	return rebuild.Config{
		Workspace: "shop", Table: stores, Archive: stores, Ingest: w.Ingest(stores), Rollup: w.rollUp, Rules: w.Rules, Settle: 2 * time.Minute,
		Now: func() time.Time { return w.Now }, AtOnce: 1 + w.random.IntN(50), Names: 4 + w.random.IntN(40), Workers: workers,
		Sleep: func(_ context.Context, d time.Duration) error {
			w.Advance(d)
			return nil
		},
	}
}

// run rebuilds and fails on an error.
func (w *world) run(c rebuild.Config, o rebuild.Order) rebuild.Report {
	w.t.Helper()
	report, err := rebuild.Run(w.t.Context(), c, o)
	must(w.t, err)
	return report
}

func (w *world) shop() workspace.Workspace {
	w.t.Helper()
	shop, err := w.Table.Workspace(w.t.Context(), "shop")
	must(w.t, err)
	return shop
}

// fresh is a world under a stage model that took the same events at the same times, and was settled at the same time.
func (w *world) fresh(stages string, change ...func(*system.System)) *world {
	other := newWorld(w.t, w.random, stages, change...)
	for _, e := range w.taken {
		other.Now = e.at
		other.Post(e.key, e.raw)
	}
	other.deliver()
	other.Now = w.Now
	other.settle()
	return other
}

// dump is all that one generation says, as lines without its name: what was ingested, profiles, windows in which something counts, and steps.
func (w *world) dump(ns workspace.Namespace) string {
	var out strings.Builder
	for line := range strings.Lines(w.Table.Dump()) {
		if rest, found := strings.CutPrefix(line, string(ns)+" "); found && !strings.HasPrefix(rest, "failed ") {
			out.WriteString(rest)
		}
	}
	profiles, err := w.Table.Profiles(w.t.Context(), ns, w.everybody())
	must(w.t, err)
	for _, p := range profiles {
		if p.Run > 0 {
			line(w.t, &out, "profile", string(p.ID), p)
		}
	}
	windows := w.windows(ns)
	for _, name := range slices.Sorted(maps.Keys(windows)) {
		if one := windows[name]; !one.Totals.IsZero() {
			line(w.t, &out, "window", name, one.Totals)
		}
	}
	days, err := w.Archive.Days(w.t.Context(), ns)
	must(w.t, err)
	for _, day := range days {
		for rows := range w.Archive.Steps(w.t.Context(), ns, []string{day.Key}, step.AllColumns) {
			line(w.t, &out, "steps", day.Key, rows)
		}
	}
	return out.String()
}

func line(t testing.TB, out *strings.Builder, kind, name string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	must(t, err)
	fmt.Fprintf(out, "%s %s %s\n", kind, name, text)
}

// everybody is whom traffic names.
func (w *world) everybody() (ids []event.Identifier) {
	for n := range 6 {
		for _, format := range []string{"user:u%d", "anon:a%d", "email:e%d@x.example"} {
			ids = append(ids, event.Identifier(fmt.Sprintf(format, n)))
		}
	}
	return ids
}

// left is all that is stored under the name of a generation, whatever it says.
func (w *world) left(ns workspace.Namespace) string {
	ctx, out := w.t.Context(), w.dump(ns)
	state, err := w.Table.State(ctx, ns)
	must(w.t, err)
	if state.Epoch > 0 {
		out += fmt.Sprintf("state %+v\n", state)
	}
	batches, _, err := w.Table.Batches(ctx, ns, "", 1000)
	must(w.t, err)
	dues, _, err := w.Table.Dues(ctx, ns, event.At(w.Now.Add(1000*24*time.Hour)), 1000)
	must(w.t, err)
	listed, _, err := w.Table.Everybody(ctx, ns, "", 1000)
	must(w.t, err)
	out += strings.Repeat("record\n", len(batches)) + strings.Repeat("due\n", len(dues)) + strings.Repeat("person\n", len(listed))
	for name := range w.windows(ns) {
		out += name + "\n"
	}
	for key := range w.Archive.Keys(ctx, "") {
		if strings.Contains(key, "workspace="+string(ns)+"/") && !strings.HasPrefix(key, "touchpoints/") {
			out += key + "\n"
		}
	}
	return out
}

// windows gives the stored windows of a generation by grain and key.
func (w *world) windows(ns workspace.Namespace) map[string]kpi.Window {
	w.t.Helper()
	out := map[string]kpi.Window{}
	for _, g := range period.Grains() {
		found, err := w.Table.Windows(w.t.Context(), ns, g, "0", "~")
		must(w.t, err)
		for _, one := range found {
			out[fmt.Sprintf("%s %s", g, one.Key)] = one
		}
	}
	return out
}

// monotonic checks that what was published is there, and keeps its revision only if it still says the same, and goes up otherwise.
func monotonic(t testing.TB, published, now map[string]kpi.Window) {
	t.Helper()
	for name, was := range published {
		is := now[name]
		if is.Revision > was.Revision || is.Revision == was.Revision && is.Says(was) {
			continue
		}
		t.Errorf("%s was published as revision %d, and is revision %d now (the same numbers: %v)", name, was.Revision, is.Revision, is.Says(was))
	}
}

// archived counts the events in the archive.
func (w *world) archived() (n int) {
	for key := range w.Archive.Keys(w.t.Context(), archive.Prefix("shop")) {
		for _, err := range w.Archive.Read(w.t.Context(), key) {
			must(w.t, err)
			n++
		}
	}
	return n
}

// same compares two dumps and shows the first lines that differ.
func same(t testing.TB, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	have, wanted := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(have), len(wanted)) {
		g, w := "(nothing)", "(nothing)"
		if i < len(have) {
			g = have[i]
		}
		if i < len(wanted) {
			w = wanted[i]
		}
		if g != w {
			t.Fatalf("%s differs at line %d of %d:\n got %.600s\nwant %.600s", what, i, len(wanted), g, w)
		}
	}
}

func wantFault(t *testing.T, what string, err error, code string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

var errDead = errors.New("the machine died")
