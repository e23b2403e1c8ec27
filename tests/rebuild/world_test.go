// Package rebuild_test rebuilds what the real process and rollup handlers made of random traffic, on the stores in memory, and compares it with
// what was there, or with the same events taken in afresh: in any order of objects, with doubles, under other rules, while events come in, and
// with a crash at every call.
package rebuild_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/process"
	"waymark/functions/rollup"
	"waymark/infra/rebuild"
	"waymark/shared/adapter/archive"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/queue"
	"waymark/shared/domain/bot"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // the handlers tell of every conflict
	os.Exit(m.Run())
}

// world is a system in memory with one workspace, shop, and its virtual clock.
type world struct {
	t       testing.TB
	random  *rand.Rand
	table   *memory.Table
	archive *memory.Archive
	rules   *channel.Rules
	bots    *bot.Rules
	process *process.Handler
	rollup  *rollup.Handler
	now     time.Time
	ids     int
	made    int // windows that the newest rollup of a pending generation computed
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newWorld(t testing.TB, seed uint64, stages string) *world {
	t.Helper()
	rules, err := model.Channels()
	must(t, err)
	bots, err := model.Bots()
	must(t, err)
	return newWorldUnder(t, seed, stages, rules, bots)
}

func newWorldUnder(t testing.TB, seed uint64, stages string, rules *channel.Rules, bots *bot.Rules) *world {
	t.Helper()
	w := &world{
		bots: bots,
		t:    t, random: rand.New(rand.NewPCG(seed, 12)), table: memory.NewTable(), archive: memory.NewArchive(), rules: rules,
		now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	}
	shop, err := workspace.New("shop", "Europe/London", "GBP", stages)
	must(t, err)
	shop.Keys = []workspace.Key{{Text: "sk_shop", Workspace: "shop", Role: workspace.Secret}}
	must(t, w.table.PutWorkspace(t.Context(), shop))
	clock := func() time.Time { return w.now }
	w.process = process.New(process.Config{
		Workspaces: w.table, Timeline: w.table, History: w.table, Traits: w.table, Links: w.table, Claims: w.table, Marks: w.table, Failed: w.table,
		Refusals: w.table, Archive: w.archive, Index: w.table, Channels: rules, Bots: bots, Model: model.Stages, Properties: model.Properties(), Decode: queue.Decode,
		ObjectKey: archive.Key, Version: "test", Now: clock, Sleep: func(context.Context, time.Duration) error { return nil },
		Jitter: func(time.Duration) time.Duration { return 0 }, NewID: func() string { w.ids++; return fmt.Sprintf("%06d", w.ids) }, Workers: 1,
	})
	w.rollup = rollup.New(rollup.Config{
		Workspaces: w.table, Marks: w.table, Windows: w.table, Restated: w.table, Facts: w.archive, Persons: w.archive, Times: w.table, Store: w.table,
		Reader: httpapi.NewKeyring(w.table, clock).Reader, Model: model.Stages, Now: clock, AtOnce: 1 + w.random.IntN(12),
	})
	return w
}

// take delivers envelopes to process, as one batch.
func (w *world) take(envelopes ...event.Envelope) {
	w.t.Helper()
	var batch events.SQSEvent
	for i, e := range envelopes {
		body, err := queue.Encode(e)
		must(w.t, err)
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
	}
	answer, err := w.process.Handle(w.t.Context(), batch)
	must(w.t, err)
	if len(answer.BatchItemFailures) > 0 {
		w.t.Fatalf("process gave back %v", answer.BatchItemFailures)
	}
}

// rollUp asks for a rollup as `waymark rebuild` does.
func (w *world) rollUp(ctx context.Context, pending bool) error {
	request := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: "/v1/rollups", Headers: map[string]string{"authorization": "Bearer sk_shop"},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "r", HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/rollups"},
		},
	}
	if pending {
		request.Body = `{"generation":"next"}`
	}
	raw, err := json.Marshal(request)
	if err != nil {
		return err
	}
	answer, err := w.rollup.Handle(ctx, raw)
	if err != nil {
		return err
	}
	response := answer.(events.APIGatewayV2HTTPResponse)
	if response.StatusCode != 200 {
		return fault.New(fault.Unavailable, "refused", response.Body)
	}
	var result rollup.Result
	if pending {
		err = json.Unmarshal([]byte(response.Body), &result)
		w.made = result.Windows
	}
	return err
}

// config is a rebuild of this world.
func (w *world) config() rebuild.Config {
	return rebuild.Config{
		Workspace: "shop", Table: w.table, Archive: w.archive, Rollup: w.rollUp, Channels: w.rules, Bots: w.bots, Model: model.Stages,
		Now: func() time.Time { return w.now }, Settle: 2 * time.Minute, PerPass: 25, Readers: 1,
		Sleep: func(_ context.Context, d time.Duration) error {
			w.now = w.now.Add(d)
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
	shop, err := w.table.Workspace(w.t.Context(), "shop")
	must(w.t, err)
	return shop
}

// dump is what one generation holds, without its name.
func (w *world) dump(space string) string {
	var out strings.Builder
	for line := range strings.Lines(w.table.Dump()) {
		rest, found := strings.CutPrefix(line, space+" ")
		if found && !strings.HasPrefix(rest, "failed ") {
			out.WriteString(rest)
		}
	}
	return out.String()
}

// windows gives the published windows of a generation by grain and key.
func (w *world) windows(space string) map[string]kpi.Window {
	w.t.Helper()
	out := map[string]kpi.Window{}
	for _, g := range period.Grains() {
		found, err := w.table.Windows(w.t.Context(), space, g, "0", "~")
		must(w.t, err)
		for _, one := range found {
			out[fmt.Sprintf("%s %s", g, one.Key)] = one
		}
	}
	return out
}

// onlyStored leaves out the windows of a dump that another does not have, which must hold zeros alone: they were published once, and a rebuild
// under other rules finds nothing there.
func onlyStored(t testing.TB, dump, other string) string {
	t.Helper()
	name := func(line string) (string, bool) {
		words := strings.SplitN(line, " ", 4)
		return strings.Join(words[1:min(3, len(words))], " "), words[0] == "window" || words[0] == "row"
	}
	known := map[string]bool{}
	for line := range strings.Lines(other) {
		if window, ok := name(line); ok {
			known[window] = true
		}
	}
	var out strings.Builder
	for line := range strings.Lines(dump) {
		window, ok := name(line)
		if !ok || known[window] {
			out.WriteString(line)
			continue
		}
		if strings.HasPrefix(line, "row ") && !strings.Contains(line, `"a":0,`) {
			t.Errorf("a window that nothing else has holds numbers: %s", line)
		}
	}
	return out.String()
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
			t.Fatalf("%s differs at line %d of %d:\n got %.400s\nwant %.400s", what, i, len(wanted), g, w)
		}
	}
}

var errDead = errors.New("the machine died")
