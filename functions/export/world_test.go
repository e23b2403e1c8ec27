package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"waymark/functions/export"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/step"
	"waymark/shared/domain/workspace"
	"waymark/shared/testing/system"
)

var throttled = fault.New(fault.Unavailable, "throttled", "injected")

// files is the bucket. It notes every call and may make it fail, before it is applied or after.
type files struct {
	*memory.Bucket
	before, after func(call string) error
	calls         []string
}

func (f *files) do(call string, apply func() error) error {
	f.calls = append(f.calls, call)
	if f.before != nil {
		if err := f.before(call); err != nil {
			return err
		}
	}
	if err := apply(); err != nil || f.after == nil {
		return err
	}
	return f.after(call)
}

func (f *files) Put(ctx context.Context, key, contentType string, body []byte) error {
	return f.do("put "+filepath.Base(key), func() error { return f.Bucket.Put(ctx, key, contentType, body) })
}

func (f *files) Get(ctx context.Context, key string) (body []byte, err error) {
	err = f.do("get "+filepath.Base(key), func() error { body, err = f.Bucket.Get(ctx, key); return err })
	return body, err
}

func (f *files) List(ctx context.Context, prefix string) (keys []string, err error) {
	err = f.do("list "+filepath.Base(prefix), func() error { keys, err = f.Bucket.List(ctx, prefix); return err })
	return keys, err
}

// world is a handler over stores in memory. Calls of the table are noted with those of the bucket, and may be made to fail with them.
type world struct {
	*system.System
	files   *files
	handler *export.Handler
}

// newWorld has workspaces with these names and zones, which were settled long after all that happened.
func newWorld(t testing.TB, zones map[string]string) *world {
	t.Helper()
	var all []workspace.Workspace
	for name, zone := range zones {
		one, err := workspace.New(name, zone, map[bool]string{true: "EUR", false: "GBP"}[name == "demo"], "default")
		must(t, err)
		one.Keys = []workspace.Key{
			{Text: "sk_" + name, Workspace: name, Role: workspace.Secret}, {Text: "wk_" + name, Workspace: name, Role: workspace.Write, Source: "web", Kind: workspace.ServerSource},
		}
		all = append(all, one)
	}
	w := &world{System: system.New(t, all...)}
	w.Now = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	for name := range zones {
		w.settled(t, workspace.Namespace(name), w.Now.AddDate(1, 0, 0))
	}
	w.files = &files{Bucket: w.Exports}
	w.Call = w.files.do
	w.handler = w.Export(w.Ports())
	w.handler.Bucket = w.files
	return w
}

// settled says when the newest settle of a workspace began.
func (w *world) settled(t testing.TB, ns workspace.Namespace, at time.Time) {
	t.Helper()
	state, err := w.Table.State(t.Context(), ns)
	must(t, err)
	must(t, w.Table.PutState(t.Context(), ns, ledger.State{Epoch: state.Epoch + 1, Settled: event.At(at)}, state.Epoch))
}

func newShop(t testing.TB) *world {
	t.Helper()
	return newWorld(t, map[string]string{"shop": "Europe/London"})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// compute stores a window as a settle does, at the next revision.
func (w *world) compute(t testing.TB, ns workspace.Namespace, grain period.Grain, key string, lives ...[]step.Row) {
	t.Helper()
	must(t, w.Table.PutWindow(t.Context(), ns, w.next(t, ns, grain, key, lives...)))
}

// revise stores a window as a settle does, with the notes before it.
func (w *world) revise(t testing.TB, grain period.Grain, key string, lives ...[]step.Row) {
	t.Helper()
	w.note(t, w.next(t, "shop", grain, key, lives...))
	w.compute(t, "shop", grain, key, lives...)
}

// note leaves the notes of a window that is about to be stored.
func (w *world) note(t testing.TB, changed kpi.Window) {
	t.Helper()
	must(t, w.Table.PutRestated(t.Context(), "shop", report.Restatements(w.calendar(t, "shop"), []kpi.Window{changed}, event.At(w.Now))))
}

func (w *world) calendar(t testing.TB, ws string) period.Calendar {
	t.Helper()
	tenant, err := w.Table.Workspace(t.Context(), ws)
	must(t, err)
	calendar, err := tenant.Calendar()
	must(t, err)
	return calendar
}

// notes lists the notes that are left, as grain and key.
func (w *world) notes(t testing.TB) []string {
	t.Helper()
	out := []string{}
	for _, g := range period.Grains() {
		left, err := w.Table.Restated(t.Context(), "shop", g)
		must(t, err)
		for _, n := range left {
			out = append(out, string(n.Grain)+" "+n.Key)
		}
	}
	return out
}

// next is a window of these lives, one revision after the stored one.
func (w *world) next(t testing.TB, ns workspace.Namespace, grain period.Grain, key string, lives ...[]step.Row) kpi.Window {
	t.Helper()
	window, err := w.calendar(t, string(ns)).ByKey(grain, key)
	must(t, err)
	stored, err := w.Table.Window(t.Context(), ns, grain, key)
	must(t, err)
	totals := w.Definitions.Set().Empty()
	for _, rows := range lives {
		w.Definitions.Set().Add(totals, measure.Of(rows))
	}
	return kpi.Window{
		Grain: grain, Key: key, Start: event.At(window.Start), End: event.At(window.End), Revision: stored.Revision + 1, Run: stored.Run + 1,
		ComputedAt: event.At(w.Now), Model: "default@1", Definitions: w.Definitions.Version, Totals: totals,
	}
}

// visit is one person with one touchpoint.
func visit() []step.Row {
	return []step.Row{{
		Type: event.Page, Channel: "direct", SessionChannel: "direct", Source: "web", Stage: "awareness", StageBefore: "awareness", Country: "GB",
		SessionStart: true, FirstEver: true,
	}}
}

// purchase is one person with orders of two currencies and a refund, from a country whose name a spreadsheet would run.
func purchase() []step.Row {
	row := step.Row{Type: event.Track, Session: 1, Channel: "email", SessionChannel: "email", Source: "web", Stage: "purchase", StageBefore: "purchase", Country: "=1+1"}
	var rows []step.Row
	for n, o := range []step.Order{
		{Currency: "GBP", Amount: 12_505_000, Number: 1},
		{Currency: "GBP", Amount: 12_505_000, Number: 2},
		{Currency: "USD", Amount: 3_333_333, Number: 3},
		{Currency: "GBP", Amount: 2_500_000, Number: 3, Kind: event.Refunded},
	} {
		o.Origin = row.OwnOrigin()
		row.Order, row.SessionStart = &o, n == 0
		rows = append(rows, row)
	}
	return rows
}

// fire fires a schedule as of a time, and gives the names of the exports that it answers.
func (w *world) fire(t testing.TB, schedule, at string) []string {
	t.Helper()
	names, err := w.tryFire(t, schedule, at)
	must(t, err)
	return names
}

func (w *world) tryFire(t testing.TB, schedule, at string) ([]string, error) {
	t.Helper()
	answer, err := w.handler.Handle(t.Context(), fmt.Appendf(nil, `{"schedule":"export-%s","scheduled_time":%q}`, schedule, at))
	names := []string{}
	if answer != nil {
		for _, m := range answer.(map[string]any)["exports"].([]report.Manifest) {
			names = append(names, m.Workspace+" "+m.Name)
		}
	}
	return names, err
}

// post asks for an export.
func (w *world) post(t testing.TB, authorization, body string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	raw, err := json.Marshal(w.Request("POST", "/v1/exports", authorization, body))
	must(t, err)
	answer, err := w.handler.Handle(t.Context(), raw)
	must(t, err)
	return answer.(events.APIGatewayV2HTTPResponse)
}

// demand asks for an export of shop and gives its manifest.
func (w *world) demand(t testing.TB, body string) report.Manifest {
	t.Helper()
	response := w.post(t, "Bearer sk_shop", body)
	var m report.Manifest
	must(t, json.Unmarshal([]byte(response.Body), &m))
	if response.StatusCode != 200 || m.Name == "" {
		t.Fatalf("answered %d %s, want a manifest", response.StatusCode, response.Body)
	}
	return m
}

// listed gives the exports that a reader sees, each checked to be whole.
func (w *world) listed(t testing.TB, ws string) []string {
	t.Helper()
	keys, err := w.files.Bucket.List(t.Context(), report.Prefix(ws))
	must(t, err)
	names := []string{}
	for _, key := range keys {
		name, ok := report.NameOf(ws, key)
		if !ok {
			continue
		}
		names = append(names, name)
		text, err := w.files.Bucket.Get(t.Context(), key)
		must(t, err)
		var m report.Manifest
		must(t, json.Unmarshal(text, &m))
		for _, f := range m.Files {
			body, err := w.files.Bucket.Get(t.Context(), report.FileKey(ws, f.Name))
			must(t, err)
			if got := sum(body); got != f.SHA256 || int64(len(body)) != f.Bytes || bytes.Count(body, []byte("\r\n")) != f.Rows+1 {
				t.Errorf("%s has %d bytes and the digest %s, its manifest says %+v", f.Name, len(body), got, f)
			}
		}
	}
	return names
}

// golden compares a document with a file of testdata; UPDATE_GOLDEN=1 rewrites it.
func golden(t testing.TB, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(file, got, 0o644))
		return
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not the golden one (UPDATE_GOLDEN=1 rewrites it): line %s", name, firstDifference(string(got), string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("%d\n got %q\nwant %q", i+1, at(g, i), at(w, i))
		}
	}
	return "none"
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func checkEqual[T any](t testing.TB, what string, got, want []T) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}
