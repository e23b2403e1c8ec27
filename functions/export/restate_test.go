package export_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/step"
)

// content is every object of the export bucket, by name.
func (w *world) content(t testing.TB) map[string]string {
	t.Helper()
	keys, err := w.files.Bucket.List(t.Context(), report.Prefix("shop"))
	must(t, err)
	out := map[string]string{}
	for _, key := range keys {
		body, err := w.files.Bucket.Get(t.Context(), key)
		must(t, err)
		out[strings.TrimPrefix(key, report.Prefix("shop"))] = string(body)
	}
	return out
}

func (w *world) manifest(t testing.TB, name string) report.Manifest {
	t.Helper()
	body, err := w.files.Bucket.Get(t.Context(), report.ManifestKey("shop", name))
	must(t, err)
	var m report.Manifest
	must(t, json.Unmarshal(body, &m))
	return m
}

// Numbers that change long after their export are exported anew by the next firing, once, and the manifest says which windows are others. The old
// revision stays as it was.
func TestRestated(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.revise(t, period.Hour, "2026-10-12T10:00:00Z", visit())
	w.revise(t, period.Hour, "2026-10-12T11:00:00Z", visit())
	w.revise(t, period.Day, "2026-10-12", visit(), visit())
	checkEqual(t, "first exports", w.fire(t, "daily", "2026-10-13T06:00:00Z"), []string{"shop daily-2026-10-12-r1"})
	before := w.content(t)

	w.Now = w.Now.Add(time.Hour)
	w.revise(t, period.Hour, "2026-10-12T11:00:00Z", visit(), visit())
	w.revise(t, period.Day, "2026-10-12", visit(), visit(), visit())
	for n, want := range [][]string{{"shop daily-2026-10-12-r2"}, {}, {}} { // 40 days later; a doubled schedule makes no third
		checkEqual(t, fmt.Sprint("exports of firing ", n+1), w.fire(t, "daily", "2026-11-22T06:00:00Z"), want)
	}
	checkEqual(t, "listed", w.listed(t, "shop"), []string{"daily-2026-10-12-r1", "daily-2026-10-12-r2"})
	after := w.content(t)
	for name, body := range before {
		if after[name] != body {
			t.Errorf("%s changed", name)
		}
	}
	m := w.manifest(t, "daily-2026-10-12-r2")
	want := report.Manifest{
		Name: "daily-2026-10-12-r2", Workspace: "shop", Schedule: "daily", Grain: period.Day, Start: "2026-10-12T00:00:00+01:00",
		End: "2026-10-13T00:00:00+01:00", TimeZone: "Europe/London", Currency: "GBP", Model: "default@1", Definitions: w.Definitions.Version,
		Revision: 2, Restates: "daily-2026-10-12-r1", Restated: []report.Span{
			{Grain: "day", Start: "2026-10-12T00:00:00+01:00", End: "2026-10-13T00:00:00+01:00", Revision: 2},
			{Grain: "hour", Start: "2026-10-12T12:00:00+01:00", End: "2026-10-12T13:00:00+01:00", Revision: 2},
		},
		ComputedAt: "2026-11-22T10:30:00Z", CreatedAt: "2026-11-22T10:30:00Z", Windows: 3, Rows: m.Rows, Files: m.Files,
	}
	checkEqual(t, "manifest", []report.Manifest{m}, []report.Manifest{want})
	csv := after["daily-2026-10-12-r2.csv"]
	for _, cells := range []string{",hour,2026-10-12T11:00:00+01:00,", ",1,2026-11-22T09:30:00Z,,,\r\n", ",2,2026-11-22T10:30:00Z,,,\r\n"} {
		if !strings.Contains(csv, cells) {
			t.Errorf("the file has no %q: each row carries the revision of its window and when it was computed", cells)
		}
	}
	checkEqual(t, "notes left", w.notes(t), []string{"week 2026-10-12", "week 2026-10-12", "month 2026-10-01", "month 2026-10-01"})
}

// firedAt is when the schedules of the cases fire.
const firedAt = "2026-11-22T06:00:00Z"

// restating is a case of a schedule that finds notes.
type restating struct {
	name, schedule string
	prepare        func(t *testing.T, w *world)
	want           []string // exports made
	notes          []string // left for a later firing
}

func (test restating) run(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	test.prepare(t, w)
	checkEqual(t, "exports", w.fire(t, test.schedule, firedAt), test.want)
	checkEqual(t, "notes left", w.notes(t), test.notes)
	w.listed(t, "shop") // checks what is listed
}

// Which changes make which exports anew.
func TestWhichExportsAreRestated(t *testing.T) {
	t.Parallel()
	for _, test := range []restating{
		{
			name: "a day that never had one, because nothing had happened", schedule: "daily", want: []string{"shop daily-2026-10-12-r1"},
			prepare: func(t *testing.T, w *world) { w.revise(t, period.Day, "2026-10-12", visit()) },
			notes:   []string{"week 2026-10-12", "month 2026-10-01"},
		},
		{
			name: "a week and its day", schedule: "weekly", want: []string{"shop weekly-2026-10-12-r1"},
			prepare: func(t *testing.T, w *world) {
				w.revise(t, period.Day, "2026-10-12", visit())
				w.revise(t, period.Week, "2026-10-12", visit())
			},
			notes: []string{"day 2026-10-12", "month 2026-10-01"},
		},
		{
			name: "a month and its day", schedule: "monthly", want: []string{"shop monthly-2026-09-01-r1"},
			prepare: func(t *testing.T, w *world) {
				w.revise(t, period.Day, "2026-09-12", visit())
				w.revise(t, period.Month, "2026-09-01", visit())
			},
			notes: []string{"day 2026-09-12", "week 2026-09-07"},
		},
		{
			name: "quarters and years are in no scheduled export", schedule: "monthly", want: []string{},
			prepare: func(t *testing.T, w *world) {
				w.revise(t, period.Quarter, "2026-07-01", visit())
				w.revise(t, period.Year, "2026-01-01", visit())
			},
			notes: []string{},
		},
	} {
		t.Run(test.name, test.run)
	}
}

// Which notes stay for a later firing, and which are dropped.
func TestNotesThatWait(t *testing.T) {
	t.Parallel()
	for _, test := range []restating{
		{
			name: "a day that is not over waits for its end", schedule: "daily", want: []string{},
			prepare: func(t *testing.T, w *world) { w.revise(t, period.Day, "2026-11-22", visit()) },
			notes:   []string{"day 2026-11-22", "week 2026-11-16", "month 2026-11-01"},
		},
		{
			name: "a day that was not settled since its end waits for that", schedule: "daily", want: []string{},
			prepare: func(t *testing.T, w *world) {
				w.revise(t, period.Day, "2026-10-12", visit())
				w.settled(t, "shop", time.Date(2026, 10, 12, 22, 59, 59, 0, time.UTC))
			},
			notes: []string{"day 2026-10-12", "week 2026-10-12", "month 2026-10-01"},
		},
		{
			name: "a note whose window is not stored yet stays", schedule: "daily", want: []string{},
			prepare: func(t *testing.T, w *world) {
				w.revise(t, period.Day, "2026-10-12", visit())
				w.fire(t, "daily", firedAt)
				w.note(t, w.next(t, "shop", period.Day, "2026-10-12"))
			},
			notes: []string{"day 2026-10-12", "week 2026-10-12", "week 2026-10-12", "month 2026-10-01", "month 2026-10-01"},
		},
		{
			name: "a note of a rollup that died is dropped after an hour", schedule: "daily", want: []string{},
			prepare: func(t *testing.T, w *world) {
				w.revise(t, period.Day, "2026-10-12", visit())
				w.fire(t, "daily", firedAt)
				w.note(t, w.next(t, "shop", period.Day, "2026-10-12"))
				w.Now = w.Now.Add(time.Hour + time.Millisecond)
			},
			notes: []string{"week 2026-10-12", "week 2026-10-12", "month 2026-10-01", "month 2026-10-01"},
		},
		{
			name: "a firing that is stopped for hours drops no note that was young when it read", schedule: "daily",
			want: []string{"shop daily-2026-10-12-r2"},
			prepare: func(t *testing.T, w *world) {
				w.revise(t, period.Day, "2026-10-12", visit())
				w.fire(t, "daily", firedAt)
				w.revise(t, period.Day, "2026-10-12", visit())
				w.note(t, w.next(t, "shop", period.Day, "2026-10-12"))
				w.files.before = func(call string) error {
					if strings.Contains(call, "2026-10-12") {
						w.Now = w.Now.Add(2 * time.Hour)
					}
					return nil
				}
			},
			notes: []string{
				"day 2026-10-12", "week 2026-10-12", "week 2026-10-12", "week 2026-10-12", "month 2026-10-01", "month 2026-10-01", "month 2026-10-01",
			},
		},
		{
			name: "an order on demand was first", schedule: "daily", want: []string{"shop daily-2026-11-21-r2"}, // the newest is always answered
			prepare: func(t *testing.T, w *world) {
				w.revise(t, period.Day, "2026-11-21", visit())
				w.fire(t, "daily", firedAt)
				w.revise(t, period.Day, "2026-11-21", visit())
				if m := w.demand(t, ""); m.Restates != "daily-2026-11-21-r1" {
					t.Errorf("the export on demand restates %q", m.Restates)
				}
			},
			notes: []string{"week 2026-11-16", "week 2026-11-16", "month 2026-11-01", "month 2026-11-01"},
		},
	} {
		t.Run(test.name, test.run)
	}
}

// Windows that ended before the workspace was made are history that was imported: the schedule exports none of it, but what was exported on
// demand is restated.
func TestImportedHistory(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	shop, err := w.Table.Workspace(t.Context(), "shop")
	must(t, err)
	shop.Created = event.At(time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC))
	must(t, w.Table.PutWorkspace(t.Context(), shop))
	for _, day := range []string{"2026-10-10", "2026-10-11", "2026-10-12", "2026-10-13"} {
		w.revise(t, period.Day, day, visit())
	}
	want := []string{"shop daily-2026-10-12-r1", "shop daily-2026-10-13-r1"}
	checkEqual(t, "exports", w.fire(t, "daily", "2026-11-22T06:00:00Z"), want)
	w.Now = time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC)
	checkEqual(t, "on demand", []string{w.demand(t, "").Name}, []string{"daily-2026-10-11-r1"})
	w.revise(t, period.Day, "2026-10-11", visit())
	checkEqual(t, "exports after a change", w.fire(t, "daily", "2026-11-22T06:00:00Z"), []string{"shop daily-2026-10-11-r2"})
}

// A workspace that is rebuilt begins its revisions anew. An export whose numbers came out the same is not restated for that, one with others is.
func TestRebuiltWorkspace(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	for range 3 {
		w.compute(t, "shop", period.Day, "2026-11-20", visit())
		w.compute(t, "shop", period.Day, "2026-11-21", visit())
	}
	w.fire(t, "daily", "2026-11-22T06:00:00Z")
	shop, err := w.Table.Workspace(t.Context(), "shop")
	must(t, err)
	before := shop
	shop.Generation = 1
	must(t, w.Table.PutGenerations(t.Context(), before, shop))
	w.settled(t, shop.Namespace(), w.Now)
	calendar, err := shop.Calendar()
	must(t, err)
	for key, rows := range map[string][]step.Row{"2026-11-20": visit(), "2026-11-21": purchase()} {
		rebuilt := w.next(t, "shop", period.Day, key, rows)
		rebuilt.Revision = 1
		must(t, w.Table.PutRestated(t.Context(), shop.Namespace(), report.Restatements(calendar, []kpi.Window{rebuilt}, event.At(w.Now))))
		must(t, w.Table.PutWindow(t.Context(), shop.Namespace(), rebuilt))
	}
	checkEqual(t, "exports", w.fire(t, "daily", "2026-11-22T06:00:00Z"), []string{"shop daily-2026-11-21-r1", "shop daily-2026-11-21-r2"})
	if m := w.manifest(t, "daily-2026-11-21-r2"); m.Generation != 1 || len(m.Restated) != 1 || m.Restated[0].Revision != 1 {
		t.Errorf("the restated export is of generation %d and restates %+v", m.Generation, m.Restated)
	}
}

// While everybody is counted anew under newer definitions, an export has the metrics of those before, and says so.
func TestExportDuringARecount(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	before := w.Definitions
	metric := kpi.Metric{Name: "views", Unit: kpi.UnitCount, Sentence: "s", Numerator: "touchpoints", N: "touchpoints", Good: kpi.GoodUp, Since: before.Version + 1}
	var err error
	w.handler.Definitions, err = kpi.New(kpi.Config{Version: before.Version + 1, Measures: before.Set().Definitions(), Metrics: append(slices.Clone(before.Metrics), metric)})
	must(t, err)
	for _, c := range []struct {
		counted int
		want    bool
	}{{before.Version, false}, {before.Version + 1, true}} {
		state, err := w.Table.State(t.Context(), "shop")
		must(t, err)
		state.Definitions = c.counted
		must(t, w.Table.PutState(t.Context(), "shop", state, state.Epoch))
		m := w.demand(t, "")
		if hasIt := strings.Contains(w.content(t)[m.Files[0].Name], "shop,views,"); hasIt != c.want || m.Definitions != c.counted {
			t.Errorf("counted in version %d, the export says %d and has the new metric: %v", c.counted, m.Definitions, hasIt)
		}
	}
}

// A crash between any two calls of a restatement, before a call is applied or after, ends in the same two revisions once the schedule fires again,
// and no object is ever written with two contents.
func TestCrashOfARestatement(t *testing.T) {
	t.Parallel()
	prepared := func() *world {
		w := newShop(t)
		w.revise(t, period.Day, "2026-10-12", visit())
		w.fire(t, "daily", "2026-11-22T06:00:00Z")
		w.revise(t, period.Day, "2026-10-12", visit())
		w.files.calls = nil
		return w
	}
	undisturbed := prepared()
	first := undisturbed.content(t)
	undisturbed.fire(t, "daily", "2026-11-22T06:00:00Z")
	want, wantNotes := undisturbed.content(t), undisturbed.notes(t)
	if len(want) != 4 || !slices.ContainsFunc(undisturbed.files.calls, func(call string) bool { return call == "delete restated" }) {
		t.Fatalf("undisturbed there are %q after the calls %q", slices.Sorted(maps.Keys(want)), undisturbed.files.calls)
	}
	claimed := slices.Index(undisturbed.files.calls, "put export claim")
	for n, call := range undisturbed.files.calls {
		for _, applied := range []bool{false, true} {
			w := prepared()
			w.crash(t, n, applied)
			for name, body := range w.content(t) {
				if want[name] != body {
					t.Errorf("after the crash %s is not what it will be", name)
				}
			}
			if n > claimed || n == claimed && applied {
				w.Now = w.Now.Add(time.Hour / 2) // from the claim on, the export was made when it was claimed
			}
			w.fire(t, "daily", "2026-11-22T06:00:00Z")
			w.fire(t, "daily", "2026-11-22T06:00:00Z")
			if got := w.content(t); !maps.Equal(got, want) || got["daily-2026-10-12-r1.csv"] != first["daily-2026-10-12-r1.csv"] {
				t.Errorf("after firing again there are %q, or others than undisturbed", slices.Sorted(maps.Keys(got)))
			}
			checkEqual(t, "notes", w.notes(t), wantNotes)
			if t.Failed() {
				t.Fatalf("after a crash at call %d of %d, %s, applied %v", n+1, len(undisturbed.files.calls), call, applied)
			}
		}
	}
}

// An export that was made before revisions were claimed is found by its manifest, and the next revision follows it.
func TestExportsMadeBeforeClaims(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	w.demand(t, "")
	old := newShop(t)
	for name, body := range w.content(t) {
		must(t, old.files.Bucket.Put(t.Context(), report.Prefix("shop")+name, "", []byte(body)))
	}
	old.compute(t, "shop", period.Day, "2026-11-21", visit())
	checkEqual(t, "the same numbers", []string{old.demand(t, "").Name}, []string{"daily-2026-11-21-r1"})
	old.compute(t, "shop", period.Day, "2026-11-21", visit())
	checkEqual(t, "other numbers", []string{old.demand(t, "").Name}, []string{"daily-2026-11-21-r2"})
	if !bytes.Equal([]byte(old.content(t)["daily-2026-11-21-r1.csv"]), []byte(w.content(t)["daily-2026-11-21-r1.csv"])) {
		t.Error("the first revision changed")
	}
}

// Somebody who is always first makes an order give up, and says so.
func TestBusyExport(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	tries := 0
	w.files.before = func(call string) error {
		if call != "put export claim" {
			return nil
		}
		tries++
		return w.Table.PutExportClaim(t.Context(), "shop", "daily-2026-11-21", report.Claim{Revision: tries, SHA256: "of another"})
	}
	response := w.post(t, "Bearer sk_shop", "")
	if response.StatusCode != 503 || tries != 8 {
		t.Errorf("answered %d after %d tries, want 503 after 8", response.StatusCode, tries)
	}
	checkEqual(t, "listed", w.listed(t, "shop"), []string{})
}

// Another order with newer numbers runs in full between any two calls of one: the newest revision holds the newer numbers, and every manifest
// matches its file.
func TestOrderOvertaken(t *testing.T) {
	t.Parallel()
	prepared := func() *world {
		w := newShop(t)
		w.compute(t, "shop", period.Day, "2026-11-21", visit())
		w.demand(t, "")
		w.compute(t, "shop", period.Day, "2026-11-21", visit())
		w.files.calls = nil
		return w
	}
	undisturbed := prepared()
	undisturbed.demand(t, "")
	for n, call := range undisturbed.files.calls {
		w, at := prepared(), 0
		w.files.before = func(string) error {
			if at++; at == n+1 {
				w.compute(t, "shop", period.Day, "2026-11-21", visit(), visit())
				w.demand(t, "")
			}
			return nil
		}
		w.demand(t, "")
		w.files.before = nil
		listed := w.listed(t, "shop")
		newest := w.manifest(t, listed[len(listed)-1])
		if again := w.demand(t, ""); again.Name != newest.Name {
			t.Errorf("overtaken before call %d of %d, %s: the newest is %s, and the next order makes %s", n+1, len(undisturbed.files.calls), call, newest.Name, again.Name)
		}
	}
}
