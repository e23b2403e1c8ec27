// Package late_test shows that the past may change at any time: events that come late, by hours or by weeks, with links and orders among them,
// raise the revision of exactly the windows they touch, and what was exported is exported anew, once. It runs the real process, rollup and export
// handlers on the memory adapter, on a clock of its own.
package late_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/export"
	"waymark/functions/process"
	"waymark/functions/rollup"
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/channel"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/stage"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/shared/person"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	debug.SetGCPercent(800) // worlds make much garbage and keep none
	os.Exit(m.Run())
}

// tenant is the only workspace. London's clock changes on 25 October 2026.
const tenant = "shop"

const secret = "sk_shop"

// stores is what the handlers of one invocation need. Tests wrap it.
type stores interface {
	rollup.Workspaces
	rollup.Marks
	rollup.Windows
	rollup.Restated
	rollup.Facts
	rollup.Persons
	rollup.Times
	person.Store
	export.Restated
	export.Claims
	export.Bucket
}

// plain is the memory adapter as it is.
type plain struct {
	*memory.Table
	*memory.Archive
	bucket *memory.Bucket
}

func (p plain) Put(ctx context.Context, key, contentType string, body []byte) error {
	return p.bucket.Put(ctx, key, contentType, body)
}

func (p plain) Get(ctx context.Context, key string) ([]byte, error) { return p.bucket.Get(ctx, key) }

func (p plain) List(ctx context.Context, prefix string) ([]string, error) {
	return p.bucket.List(ctx, prefix)
}

// rules are read once: every world has the same.
var rules, stages = func() (*channel.Rules, *stage.Model) {
	channels, err := model.Channels()
	if err != nil {
		panic(err)
	}
	preset, err := model.Stages("default")
	if err != nil {
		panic(err)
	}
	return channels, preset
}()

func preset(string) (*stage.Model, error) { return stages, nil }

// world is the system between its queue and its bucket.
type world struct {
	plain
	now      time.Time
	ids      int
	calendar period.Calendar
	people   map[event.Identifier]bool // everybody who was ever named
	process  *process.Handler
	rollup   *rollup.Handler
	export   *export.Handler
}

// newWorld has a workspace that was made at an instant.
func newWorld(t testing.TB, made time.Time) *world {
	t.Helper()
	w := &world{plain: plain{memory.NewTable(), memory.NewArchive(), memory.NewBucket()}, now: made, people: map[event.Identifier]bool{}}
	shop, err := workspace.New(tenant, "Europe/London", "GBP", "default")
	must(t, err)
	shop.Created = event.At(made)
	shop.Keys = []workspace.Key{{Text: secret, Workspace: tenant, Role: workspace.Secret}}
	must(t, w.PutWorkspace(t.Context(), shop))
	w.calendar, err = shop.Calendar()
	must(t, err)
	w.process = process.New(process.Config{
		Workspaces: w.Table, Timeline: w.Table, History: w.Table, Traits: w.Table, Links: w.Table, Claims: w.Table, Marks: w.Table, Failed: w.Table,
		Archive: w.Archive, Index: w.Table, Channels: rules, Model: preset, Properties: map[string]bool{}, Version: "late", Now: w.clock, Workers: 1,
		Decode:    func(body string) (e event.Envelope, err error) { return e, json.Unmarshal([]byte(body), &e) },
		ObjectKey: func(_ string, _ event.Millis, id string) string { return id }, NewID: func() string { w.ids++; return fmt.Sprint(w.ids) },
		Sleep: func(context.Context, time.Duration) error { return nil }, Jitter: func(time.Duration) time.Duration { return 0 },
	})
	w.rollup, w.export = w.rolls(w.plain), w.exports(w.plain)
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) rolls(s stores) *rollup.Handler {
	return rollup.New(rollup.Config{
		Workspaces: s, Marks: s, Windows: s, Restated: s, Facts: s, Persons: s, Times: s, Store: s, Model: preset, Now: w.clock,
	})
}

func (w *world) exports(s stores) *export.Handler {
	return export.New(export.Config{
		Workspaces: s, Windows: s, Restated: s, Claims: s, Bucket: s, CSV: export.WriteCSV, Now: w.clock,
		Reader: httpapi.NewKeyring(w.Table, w.clock).Reader,
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// arrival is one event on its way: what its client sends, and when it is received.
type arrival struct {
	at  time.Time
	raw string
}

// take processes arrivals, each in a request of its own and all in one batch of the queue.
func (w *world) take(t testing.TB, arrivals ...arrival) {
	t.Helper()
	var batch events.SQSEvent
	for _, a := range arrivals {
		w.ids++
		e := event.Envelope{
			Version: event.EnvelopeVersion, Workspace: tenant, Source: "web", Received: event.At(a.at), Request: fmt.Sprint("r", w.ids),
			SentAt: a.at.Format(time.RFC3339Nano), Events: []json.RawMessage{json.RawMessage(a.raw)},
		}
		body, err := json.Marshal(e)
		must(t, err)
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint("m", w.ids), Body: string(body)})
		one, err := event.Parse(e.Events[0], e.Stamp(0))
		must(t, err)
		for _, id := range append(one.Identifiers, one.Previous...) {
			w.people[id] = true
		}
	}
	answer, err := w.process.Handle(t.Context(), batch)
	must(t, err)
	if len(answer.BatchItemFailures) > 0 {
		t.Fatalf("%d messages are not processed", len(answer.BatchItemFailures))
	}
}

// rollUp fires the schedule of the rollup.
func (w *world) rollUp(t testing.TB) {
	t.Helper()
	_, err := w.rollup.Handle(t.Context(), json.RawMessage(`{"schedule":"rollup"}`))
	must(t, err)
	marks, err := w.Marks(t.Context(), tenant, event.At(w.now))
	must(t, err)
	if len(marks) > 0 {
		t.Fatalf("%d windows stay dirty", len(marks))
	}
}

// fire fires the schedule of an export and gives what it answers.
func (w *world) fire(t testing.TB, schedule string) []report.Manifest {
	t.Helper()
	answer, err := w.export.Handle(t.Context(), fmt.Appendf(nil, `{"schedule":"export-%s","scheduled_time":%q}`, schedule, w.now.Format(time.RFC3339)))
	must(t, err)
	return answer.(map[string]any)["exports"].([]report.Manifest)
}

// stored gives every computed window, by grain and key.
func (w *world) stored(t testing.TB) map[string]kpi.Window {
	t.Helper()
	out := map[string]kpi.Window{}
	for _, g := range period.Grains() {
		windows, err := w.Windows(t.Context(), tenant, g, "0", "~")
		must(t, err)
		for _, one := range windows {
			out[nameOf(g, one.Key)] = one
		}
	}
	return out
}

func nameOf(g period.Grain, key string) string { return string(g) + " " + key }

// recount counts every window of everybody's whole journey in one plain pass. It shares the definitions with the handlers, and none of the
// reasoning about what a change can reach.
func (w *world) recount(t testing.TB) map[string][]kpi.Row {
	t.Helper()
	ids := make([]event.Identifier, 0, len(w.people))
	for id := range w.people {
		ids = append(ids, id)
	}
	loaded, err := person.Load(t.Context(), w.plain, tenant, ids)
	must(t, err)
	tallies := map[string]*kpi.Tally{}
	for _, root := range loaded.Roots() {
		j := loaded.Of(root).Journey(stages, event.At(w.now))
		windows := map[string]period.Window{}
		for _, at := range j.Instants() {
			for _, g := range period.Grains() {
				one := w.calendar.At(g, at.Time())
				windows[nameOf(g, one.Key)] = one
			}
		}
		for name, one := range windows {
			if f, counts := kpi.Of(j, event.At(one.Start), event.At(one.End), "GBP"); counts {
				if tallies[name] == nil {
					tallies[name] = kpi.NewTally("GBP")
				}
				tallies[name].Add(f)
			}
		}
	}
	out := make(map[string][]kpi.Row, len(tallies))
	for name, tally := range tallies {
		out[name] = tally.Rows()
	}
	return out
}

// nothing is what a window says in which nothing counts any more.
var nothing = kpi.NewTally("GBP").Rows()

// check compares every stored window with a recount.
func (w *world) check(t testing.TB) {
	t.Helper()
	want := w.recount(t)
	for name, one := range w.stored(t) {
		rows, counts := want[name]
		if !counts {
			rows = nothing
		}
		delete(want, name)
		if !reflect.DeepEqual(one.Rows, rows) {
			t.Errorf("%s holds other rows than a recount", name)
		}
	}
	for name := range want {
		t.Errorf("%s is not computed", name)
	}
}

// anyEvent is an event that a client sends with this device time. kind picks what it is; few people, so that they meet.
func anyEvent(r *rand.Rand, kind int, id string, at time.Time) string {
	who := []string{
		fmt.Sprintf(`"userId":"u%d"`, r.IntN(3)), fmt.Sprintf(`"anonymousId":"a%d"`, r.IntN(4)), fmt.Sprintf(`"anonymousId":"a%d"`, r.IntN(4)),
		fmt.Sprintf(`"userId":"u%d","anonymousId":"a%d"`, r.IntN(3), r.IntN(4)),
	}[r.IntN(4)]
	what := `"type":"page"`
	switch kind {
	case 0:
		what = fmt.Sprintf(`"type":"track","event":"Order Completed","properties":{"order_id":"o%d","revenue":%d.%02d}`, r.IntN(6), 1+r.IntN(90), r.IntN(100))
	case 1:
		who = fmt.Sprintf(`"userId":"u%d","anonymousId":"a%d"`, r.IntN(3), r.IntN(4))
		what = `"type":"identify"`
	case 2:
		what = fmt.Sprintf(`"type":"track","event":"Order Refunded","properties":{"refund_id":"f%d","total":1.5}`, r.IntN(3))
	case 3:
		what = `"type":"page","properties":{"url":"https://shop.example/?utm_source=news&utm_medium=email"}`
	case 4:
		who = fmt.Sprintf(`"userId":"u%d","previousId":"u%d"`, r.IntN(3), r.IntN(3))
		what = `"type":"alias"`
	case 5:
		what = `"type":"track","event":"Product Added","context":{"location":{"country":"NO"}}`
	}
	return "{" + strings.Join([]string{what, who, fmt.Sprintf(`"messageId":%q,"timestamp":%q`, id, at.Format(time.RFC3339Nano))}, ",") + "}"
}

// kinds is how many kinds of events there are; what is beyond is a page view.
const kinds = 6

// setting reads a number of the environment.
func setting(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s is %q, want a number", name, text)
	}
	return n
}

// forSeeds runs a law for n seeds in shards, or for the seed of WAYMARK_LATE_SEED alone. The first that breaks it is named.
func forSeeds(t *testing.T, n uint64, law func(t *testing.T, r *rand.Rand)) {
	t.Helper()
	first := uint64(1)
	if one := setting(t, "WAYMARK_LATE_SEED", 0); one != 0 {
		first, n = one, 1
	}
	const shards = 4
	for shard := range uint64(shards) {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			for seed := first + shard; seed < first+n; seed += shards {
				law(t, rand.New(rand.NewPCG(seed, 16)))
				if t.Failed() {
					name, _, _ := strings.Cut(t.Name(), "/")
					t.Fatalf("seed %d\nrun it again: WAYMARK_LATE_SEED=%d go test -run %s ./tests/late", seed, seed, name)
				}
			}
		})
	}
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
