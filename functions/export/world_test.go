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
	"waymark/shared/adapter/httpapi"
	"waymark/shared/adapter/memory"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
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

// rows is the table. Its calls are noted with those of the bucket, and may be made to fail with them.
type rows struct {
	*memory.Table
	files *files
}

func (r rows) Windows(ctx context.Context, ws string, g period.Grain, from, to string) (found []kpi.Window, err error) {
	err = r.files.do("windows "+string(g), func() error { found, err = r.Table.Windows(ctx, ws, g, from, to); return err })
	return found, err
}

func (r rows) Marks(ctx context.Context, ws string, until event.Millis) (marks []kpi.Mark, err error) {
	err = r.files.do("marks", func() error { marks, err = r.Table.Marks(ctx, ws, until); return err })
	return marks, err
}

func (r rows) Restated(ctx context.Context, ws string, g period.Grain) (notes []report.Restatement, err error) {
	err = r.files.do("restated", func() error { notes, err = r.Table.Restated(ctx, ws, g); return err })
	return notes, err
}

func (r rows) DeleteRestated(ctx context.Context, ws string, handles []string) error {
	return r.files.do("delete restated", func() error { return r.Table.DeleteRestated(ctx, ws, handles) })
}

func (r rows) ExportClaim(ctx context.Context, ws, export string) (c report.Claim, err error) {
	err = r.files.do("claim of "+export, func() error { c, err = r.Table.ExportClaim(ctx, ws, export); return err })
	return c, err
}

func (r rows) PutExportClaim(ctx context.Context, ws, export string, c report.Claim) error {
	return r.files.do("claim "+export, func() error { return r.Table.PutExportClaim(ctx, ws, export, c) })
}

// world is a handler over stores in memory.
type world struct {
	table   *memory.Table
	files   *files
	now     time.Time
	handler *export.Handler
}

// newWorld has workspaces with these names and zones.
func newWorld(t testing.TB, zones map[string]string) *world {
	t.Helper()
	w := &world{table: memory.NewTable(), files: &files{Bucket: memory.NewBucket()}, now: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}
	for name, zone := range zones {
		one, err := workspace.New(name, zone, "GBP", "default")
		must(t, err)
		one.Keys = []workspace.Key{
			{Text: "sk_" + name, Workspace: name, Role: workspace.Secret}, {Text: "wk_" + name, Workspace: name, Role: workspace.Write, Source: "web"},
		}
		must(t, w.table.PutWorkspace(t.Context(), one))
	}
	clock := func() time.Time { return w.now }
	rows := rows{w.table, w.files}
	w.handler = export.New(export.Config{
		Workspaces: w.table, Windows: rows, Restated: rows, Claims: rows, Bucket: w.files, CSV: export.WriteCSV, Reader: httpapi.NewKeyring(w.table, clock).Reader, Now: clock,
	})
	return w
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

// compute stores a window as a rollup does, at the next revision.
func (w *world) compute(t testing.TB, ws string, grain period.Grain, key string, facts ...kpi.Facts) {
	t.Helper()
	must(t, w.table.PutWindow(t.Context(), ws, w.next(t, ws, grain, key, facts...)))
}

// revise stores a window as a rollup does, with the notes before it.
func (w *world) revise(t testing.TB, grain period.Grain, key string, facts ...kpi.Facts) {
	t.Helper()
	w.note(t, w.next(t, "shop", grain, key, facts...))
	w.compute(t, "shop", grain, key, facts...)
}

// note leaves the notes of a window that is about to be stored.
func (w *world) note(t testing.TB, changed kpi.Window) {
	t.Helper()
	tenant, err := w.table.Workspace(t.Context(), "shop")
	must(t, err)
	calendar, err := tenant.Calendar()
	must(t, err)
	must(t, w.table.PutRestated(t.Context(), "shop", report.Restatements(calendar, []kpi.Window{changed}, event.At(w.now))))
}

// notes lists the notes that are left, as grain and key.
func (w *world) notes(t testing.TB) []string {
	t.Helper()
	out := []string{}
	for _, g := range period.Grains() {
		left, err := w.table.Restated(t.Context(), "shop", g)
		must(t, err)
		for _, n := range left {
			out = append(out, string(n.Grain)+" "+n.Key)
		}
	}
	return out
}

// next is a window of these facts, one revision after the stored one.
func (w *world) next(t testing.TB, ws string, grain period.Grain, key string, facts ...kpi.Facts) kpi.Window {
	t.Helper()
	tenant, err := w.table.Workspace(t.Context(), ws)
	must(t, err)
	calendar, err := tenant.Calendar()
	must(t, err)
	window, err := calendar.ByKey(grain, key)
	must(t, err)
	stored, err := w.table.Window(t.Context(), ws, grain, key)
	must(t, err)
	tally := kpi.NewTally("GBP")
	for _, f := range facts {
		tally.Add(f)
	}
	return kpi.Window{
		Grain: grain, Key: key, Start: event.At(window.Start), End: event.At(window.End), Revision: stored.Revision + 1, ComputedAt: event.At(w.now),
		Model: "default@1", Definitions: kpi.Definitions, Rows: tally.Rows(),
	}
}

// visit is one person with one touchpoint.
func visit(person string) kpi.Facts {
	cell := kpi.Cell{Channel: "direct", Source: "web", Stage: "awareness", Country: "GB"}
	return kpi.Facts{
		Person: event.Identifier(person), Touches: []kpi.Count{{Cell: cell, N: 1}}, Sessions: []kpi.Count{{Cell: cell, N: 1}}, New: &cell, Stage: "awareness",
	}
}

// purchase is one person with two orders, from a country whose name a spreadsheet would run.
func purchase() kpi.Facts {
	cell := kpi.Cell{Channel: "email", Source: "web", Stage: "purchase", Country: "=1+1"}
	return kpi.Facts{
		Person: "user:1", Touches: []kpi.Count{{Cell: cell, N: 2}}, Sessions: []kpi.Count{{Cell: cell, N: 1}}, Stage: "purchase",
		Entries: []kpi.Count{{Cell: cell, N: 1}}, NewBuyer: &cell,
		Orders:  []kpi.Sale{{Cell: cell, Currency: "GBP", N: 2, Amount: 25_010_000}, {Cell: cell, Currency: "USD", N: 1, Amount: 3_333_333}},
		Refunds: []kpi.Sale{{Cell: cell, Currency: "GBP", N: 1, Amount: 2_500_000}},
	}
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
	raw, err := json.Marshal(events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: "/v1/exports", Headers: map[string]string{"authorization": authorization}, Body: body,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RequestID: "r-1", HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: "POST", Path: "/v1/exports"},
		},
	})
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
