package query_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// export puts a finished export into the bucket.
func (w *world) export(t testing.TB, ws, name, csv string) report.Manifest {
	t.Helper()
	sum := sha256.Sum256([]byte(csv))
	m := report.Manifest{
		Name: name, Workspace: ws, Schedule: "daily", Grain: period.Day, Start: "2026-11-21T00:00:00Z", End: "2026-11-22T00:00:00Z", TimeZone: "Europe/London",
		Currency: "EUR", Model: "default@1", Definitions: 1, Revision: 1, ComputedAt: "2026-11-22T06:00:00Z", CreatedAt: "2026-11-22T06:00:01Z", Windows: 1, Rows: 1,
		Files: []report.File{{Name: name + ".csv", Rows: 1, Bytes: int64(len(csv)), SHA256: hex.EncodeToString(sum[:])}},
	}
	text, err := json.Marshal(m)
	must(t, err)
	must(t, w.Exports.Put(t.Context(), report.FileKey(ws, m.Files[0].Name), "text/csv", []byte(csv)))
	must(t, w.Exports.Put(t.Context(), report.ManifestKey(ws, name), "application/json", text))
	return m
}

func TestExports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.ask(t, "/v1/exports", ""); got.Body != `{"exports":[],"next":null}` {
		t.Errorf("without exports the list is %s", got.Body)
	}
	w.export(t, "shop", "daily-2026-11-21-r1", "secret")
	must(t, w.Exports.Put(t.Context(), report.FileKey("demo", "daily-2026-11-22-r1.csv"), "text/csv", []byte("half an export")))
	for day := 10; day <= 21; day++ {
		w.export(t, "demo", fmt.Sprintf("daily-2026-11-%d-r1", day), "a,b\r\n")
	}
	golden(t, "exports", w.ask(t, "/v1/exports", "limit=2"))
	var names []string
	for cursor := ""; ; {
		var answer struct {
			Exports []report.Manifest
			Next    *string
		}
		must(t, json.Unmarshal([]byte(w.ask(t, "/v1/exports", "limit=5&cursor="+cursor).Body), &answer))
		for _, m := range answer.Exports {
			names = append(names, m.Name[len("daily-2026-11-"):])
		}
		if answer.Next == nil {
			break
		}
		cursor = *answer.Next
	}
	if got, want := strings.Join(names, " "), "21-r1 20-r1 19-r1 18-r1 17-r1 16-r1 15-r1 14-r1 13-r1 12-r1 11-r1 10-r1"; got != want {
		t.Errorf("pages list %s, want %s", got, want)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const csv = "\ufeffmetric,value\r\norders,1\r\n"
	m := w.export(t, "demo", "daily-2026-11-21-r1", csv)
	text, err := json.Marshal(m)
	must(t, err)
	if got := w.ask(t, "/v1/exports/daily-2026-11-21-r1", ""); got.StatusCode != 200 || got.Body != string(text) {
		t.Errorf("the manifest is answered %d %s, want %s", got.StatusCode, got.Body, text)
	}
	got := w.ask(t, "/v1/exports/daily-2026-11-21-r1.csv", "")
	if string(httpapitest.Body(t, got)) != csv || !maps.Equal(got.Headers, map[string]string{
		"content-type": "text/csv; charset=utf-8", "content-disposition": `attachment; filename="daily-2026-11-21-r1.csv"`,
		"cache-control": "no-store", "x-content-type-options": "nosniff",
	}) {
		t.Errorf("the file is answered %d %q %v", got.StatusCode, got.Body, got.Headers)
	}
}

func TestExportRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.export(t, "demo", "daily-2026-11-21-r1", "a")
	w.export(t, "shop", "daily-2026-11-20-r1", "a")
	w.export(t, "demo", "../workspace=shop/daily-2026-11-20-r1", "a") // where a bucket on disk would find the other's
	must(t, w.Exports.Put(t.Context(), report.FileKey("demo", "daily-2026-11-22-r1.csv"), "text/csv", []byte("half an export")))
	for _, name := range []string{
		"daily-2026-11-20-r1", "daily-2026-11-20-r1.csv", "daily-2026-11-22-r1.csv", "daily-2026-11-22-r1", "daily-2026-11-21-r1.xlsx",
		"daily-2026-11-21-r1.manifest.json", "../workspace=shop/daily-2026-11-20-r1", "..%2Fworkspace=shop%2Fdaily-2026-11-20-r1.csv", "%00", ".", strings.Repeat("a", 300),
	} {
		checkFailure(t, w.ask(t, "/v1/exports/"+name, ""), 404, "no_export")
	}
	checkFailure(t, w.ask(t, "/v1/exports", "limit=0"), 400, "bad_limit")
	must(t, w.Exports.Put(t.Context(), report.FileKey("demo", "daily-2026-11-21-r1.csv"), "text/csv", []byte("b")))
	checkFailure(t, w.ask(t, "/v1/exports/daily-2026-11-21-r1.csv", ""), 500, "internal") // altered
}

func TestLargeExportIsFetchedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.export(t, "demo", "fits", strings.Repeat("a", 4<<20))
	w.export(t, "demo", "large", strings.Repeat("a", 4<<20+1))
	if got := w.ask(t, "/v1/exports/fits.csv", ""); got.StatusCode != 200 {
		t.Errorf("4 MiB are answered %d, want 200", got.StatusCode)
	}
	got := w.ask(t, "/v1/exports/large.csv", "")
	if want := "filename=large.csv&seconds=900"; got.StatusCode != 303 || !strings.HasSuffix(got.Headers["location"], want) {
		t.Errorf("a byte more is answered %d %v, want 303 to …%s", got.StatusCode, got.Headers, want)
	}
}

// fail puts n failed events of a class into the store.
func (w *world) fail(t testing.TB, ws, class string, n int) {
	t.Helper()
	for i := range n {
		must(t, w.Table.PutFailed(t.Context(), event.Failed{
			ID: fmt.Sprintf("%s-%04d", class, i), Workspace: ws, Source: "web", Class: class, Reason: "it is bad", Field: "timestamp", Handler: "v1",
			Received: event.At(now.Add(time.Duration(i-n) * time.Second)), Request: "r-7", Index: i, SentAt: "2026-11-22T09:00:00Z", Type: event.Page,
			Context: json.RawMessage(`{"a":1}`), Original: fmt.Sprintf(`{"userId":"%d"}`, i),
		}))
	}
}

func TestFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail(t, "demo", "bad_time", 3)
	w.fail(t, "demo", "no_identifier", 1)
	w.fail(t, "shop", "bad_time", 1)
	golden(t, "failed", w.ask(t, "/v1/failed", "class=bad_time&limit=2"))
	var answer struct {
		Failed []struct{ ID string }
		Next   *string
	}
	must(t, json.Unmarshal([]byte(w.ask(t, "/v1/failed", "class=bad_time&limit=2").Body), &answer))
	rest := w.ask(t, "/v1/failed", "class=bad_time&limit=2&cursor="+*answer.Next)
	must(t, json.Unmarshal([]byte(rest.Body), &answer))
	if len(answer.Failed) != 1 || answer.Failed[0].ID != "bad_time-0000" || answer.Next != nil {
		t.Errorf("the second page is %s, want the oldest alone", rest.Body)
	}
	must(t, json.Unmarshal([]byte(w.ask(t, "/v1/failed", "").Body), &answer))
	if len(answer.Failed) != 4 {
		t.Errorf("all classes have %d, want 4", len(answer.Failed))
	}
	if got := w.ask(t, "/v1/failed", "class=none"); got.Body != `{"failed":[],"next":null}` {
		t.Errorf("an empty class is answered %s", got.Body)
	}
	checkFailure(t, w.ask(t, "/v1/failed", "cursor=!"), 400, "bad_cursor")
	checkFailure(t, w.ask(t, "/v1/failed", "limit=1000"), 400, "bad_limit")
}

func (w *world) replay(t testing.TB, body string) string {
	t.Helper()
	response := w.send(t, "POST", "/v1/failed/replay", "", "Bearer sk_demo", body)
	if response.StatusCode != 200 {
		t.Fatalf("replay %s is answered %d %s", body, response.StatusCode, response.Body)
	}
	return response.Body
}

func TestReplayByID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail(t, "demo", "bad_time", 2)
	w.fail(t, "shop", "other", 1)
	got := w.replay(t, `{"ids":["bad_time-0001","gone","other-0000"]}`)
	if want := `{"success":true,"replayed":1,"missing":["gone","other-0000"],"unreadable":[],"next":null}`; got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
	want := event.Envelope{
		Version: event.EnvelopeVersion, Workspace: "demo", Source: "web", Received: event.At(now.Add(-time.Second)), Request: "r-7", SentAt: "2026-11-22T09:00:00Z",
		Context: json.RawMessage(`{"a":1}`), Type: event.Page, First: 1, Replay: "bad_time-0001", Events: []json.RawMessage{json.RawMessage(`{"userId":"1"}`)},
	}
	queued := w.Queue.Take(10)
	if len(queued) != 1 || fmt.Sprintf("%+v", queued[0].Envelope) != fmt.Sprintf("%+v", want) {
		t.Errorf("queued %+v, want %+v", queued, want)
	}
	if counts, _ := w.Table.FailedCounts(t.Context(), "demo"); counts["bad_time"] != 2 {
		t.Errorf("after queueing %v are left, want both: process removes what it accepts", counts)
	}
}

func TestReplayOfAClass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail(t, "demo", "bad_time", 2300)
	w.fail(t, "demo", "other", 1)
	replays := map[string]bool{}
	var sizes []int
	for cursor := ""; ; {
		var answer struct {
			Replayed int
			Next     *string
		}
		must(t, json.Unmarshal([]byte(w.replay(t, fmt.Sprintf(`{"class":"bad_time","cursor":%q}`, cursor))), &answer))
		sizes = append(sizes, answer.Replayed)
		for _, m := range w.Queue.Take(5000) {
			replays[m.Envelope.Replay] = true
		}
		if answer.Next == nil {
			break
		}
		cursor = *answer.Next
	}
	if !slices.Equal(sizes, []int{1000, 1000, 300}) || len(replays) != 2300 || replays["other-0000"] {
		t.Errorf("replayed %v, %d different events, want all 2,300 of the class", sizes, len(replays))
	}
	if got, want := w.replay(t, `{"class":"none"}`), `{"success":true,"replayed":0,"missing":[],"unreadable":[],"next":null}`; got != want {
		t.Errorf("an empty class is answered %s, want %s", got, want)
	}
}

func TestReplayRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids, err := json.Marshal(make([]string, 1001))
	must(t, err)
	for body, code := range map[string]string{
		"": "invalid_json", "{": "invalid_json", "[]": "invalid_json", "{}": "bad_replay", `{"ids":[]}`: "bad_replay",
		`{"ids":["a"],"class":"b"}`: "bad_replay", `{"class":"b","all":true}`: "bad_replay", `{"ids":` + string(ids) + `}`: "too_many_ids", `{"class":"a","cursor":"!"}`: "bad_cursor",
	} {
		checkFailure(t, w.send(t, "POST", "/v1/failed/replay", "", "Bearer sk_demo", body), 400, code)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check := func(what, want string) {
		t.Helper()
		want = strings.TrimSuffix(want, "}") + `,"alerts":[],"workspace":{"name":"demo","time_zone":"Europe/London","currency":"EUR","model":"default",` +
			`"orders":"any","latest":[],"sources":[{"source":"web","kind":"server","write_key":null,"key_hash":"sha256:` +
			workspace.Fingerprint("wk_demo")[:12] + `","identity":"open","expires":null},` +
			`{"source":"site","kind":"site","write_key":"wk_demo_site","key_hash":null,"identity":"open","expires":null}]}}`
		if got := w.ask(t, "/v1/status", ""); got.StatusCode != 200 || got.Body != want {
			t.Errorf("%s the status is %d %s, want %s", what, got.StatusCode, got.Body, want)
		}
	}
	check("at first", `{"queues":{"touchpoints":{"waiting":0,"in_flight":0,"dead":0}},"failed":{},"dirty_windows":0,"recounting":false,"newest_rollup":{}}`)
	ctx := t.Context()
	w.take(t, `{"type":"page","userId":"1","timestamp":"2026-08-24T09:33:00Z"}`, `{"type":"page","userId":"2","timestamp":"2026-11-20T09:30:00Z"}`)
	w.Send("wk_shop", `{"type":"page","userId":"1"}`)
	must(t, w.Queue.Send(ctx, make([]event.Envelope, 5)))
	w.Queue.Take(2)
	must(t, w.DeadLetters.Send(ctx, make([]event.Envelope, 3)))
	w.DeadLetters.Take(1)
	w.fail(t, "demo", "bad_time", 2)
	w.fail(t, "shop", "bad_time", 9)
	const queues = `{"queues":{"touchpoints":{"waiting":3,"in_flight":2,"dead":3}},"failed":{"bad_time":2},"dirty_windows":`
	check("with two batches that wait", queues+`2,"recounting":false,"newest_rollup":{}}`)
	w.settle()
	settled := `"newest_rollup":{"day":"2026-11-22T09:31:00.000Z","hour":"2026-11-22T09:31:00.000Z","month":"2026-11-22T09:31:00.000Z",` +
		`"quarter":"2026-11-22T09:31:00.000Z","week":"2026-11-22T09:31:00.000Z","year":"2026-11-22T09:31:00.000Z"}}`
	check("when all is settled", queues+`0,"recounting":false,`+settled)
	w.Now = now.Add(3 * time.Minute)
	check("when somebody has lapsed", queues+`1,"recounting":false,`+settled)
}

// While everybody is counted anew, under newer definitions, the status says so, and metrics that are new are missing from answers.
func TestStatusOfARecount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.AtOnce = 1
	w.take(t, `{"type":"page","userId":"1"}`, `{"type":"page","userId":"2"}`)
	w.settle()
	before := w.Definitions
	measures := append(before.Set().Definitions(), measure.Definition{Name: "firsts", Persons: "first_steps", Since: before.Version + 1})
	first := kpi.Metric{Name: "firsts", Unit: kpi.UnitPersons, Sentence: "s", Numerator: "firsts", N: "firsts", Good: kpi.GoodUp, Since: before.Version + 1}
	var err error
	w.Definitions, err = kpi.New(kpi.Config{Version: before.Version + 1, Measures: measures, Metrics: append(slices.Clone(before.Metrics), first)})
	must(t, err)
	w.handler = w.Query(w.Ports())
	demo, err := w.Table.Workspace(t.Context(), "demo")
	must(t, err)
	w.Advance(time.Minute)
	run, err := w.Settler(w.Ports()).Begin(t.Context(), demo, 0)
	must(t, err)
	_, err = run.Next(t.Context())
	must(t, err)
	check := func(isUnderWay bool) {
		t.Helper()
		kpis, status := w.ask(t, "/v1/kpis", "").Body, w.ask(t, "/v1/status", "").Body
		isMissing, isThere := strings.Contains(kpis, `"missing":["firsts"]`), strings.Contains(kpis, `"metric":"firsts"`)
		if isMissing != isUnderWay || isThere == isUnderWay || !saysRecounting(isUnderWay, kpis, status) {
			t.Errorf("under way %v: the metric is missing %v and there %v, with the status %s", isUnderWay, isMissing, isThere, status)
		}
	}
	check(true)
	w.settle()
	check(false)
}

// Until everybody is counted by a dimension that is new with this release, all metrics are missing by it, and by no other.
func TestKPIsByANewDimension(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, `{"type":"page","userId":"1","context":{"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}}`)
	w.settle()
	ns := workspace.Namespace("demo")
	state, err := w.Table.State(t.Context(), ns)
	must(t, err)
	for _, c := range []struct {
		definitions       int
		by, missing, rows string
	}{
		{6, "grade", "", `"dimensions":{"grade":"server"}`},
		{5, "grade", `"missing":["purchase_frequency","net_aov",`, `"dimensions":{"grade":"server"}`},
		{4, "grade", `"missing":["touchpoints","active_persons",`, `"rows":[]`},
		{4, "browser", `"missing":["purchase_frequency","net_aov",`, `"dimensions":{"browser":"Firefox"}`},
		{3, "browser", `"missing":["touchpoints","active_persons",`, `"rows":[]`},
		{3, "channel", `"missing":["page_views","bounce_rate","pages_per_session","session_duration","purchase_frequency",`, `"dimensions":{"channel":"direct"}`},
	} {
		next := state
		next.Definitions = c.definitions
		must(t, w.Table.PutState(t.Context(), ns, next, state.Epoch))
		answer := w.ask(t, "/v1/kpis", "by="+c.by).Body
		if !strings.Contains(answer, c.rows) || !strings.Contains(answer, c.missing) || (c.missing == "") == strings.Contains(answer, `"missing"`) {
			t.Errorf("counted in version %d, by %s: %.400s, want %s and %s", c.definitions, c.by, answer, c.missing, c.rows)
		}
	}
}

func saysRecounting(whether bool, answers ...string) bool {
	return !slices.ContainsFunc(answers, func(text string) bool {
		return strings.Contains(text, `"recounting":true`) != whether
	})
}

// From when an operator changes the time zone until everybody is counted in it, status and KPIs say that numbers are of
// both. Windows are shown with the bounds that they have in the zone of the answer.
func TestStatusOfAnotherZone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.take(t, `{"type":"page","userId":"1","timestamp":"2026-11-20T09:30:00Z"}`)
	w.settle()
	demo, err := w.Table.Workspace(t.Context(), "demo")
	must(t, err)
	demo.Zone = "Asia/Kolkata"
	must(t, w.Table.PutWorkspace(t.Context(), demo))
	w.Advance(time.Minute)
	check := func(isUnderWay bool) {
		t.Helper()
		const day = `"start":"2026-11-20T00:00:00+05:30","end":"2026-11-21T00:00:00+05:30"`
		kpis, hours, status := w.ask(t, "/v1/kpis", ""), w.ask(t, "/v1/kpis", "grain=hour"), w.ask(t, "/v1/status", "")
		isOther := strings.Contains(hours.Body, `"start":"2026-11-20T14:30:00+05:30"`) // an hour of London
		isRight := saysRecounting(isUnderWay, kpis.Body, hours.Body, status.Body) && strings.Contains(kpis.Body, day)
		if !isRight || isOther {
			t.Errorf("under way %v: %.300s\n%.300s\n%s", isUnderWay, kpis.Body, hours.Body, status.Body)
		}
	}
	check(true)
	w.settle()
	check(false)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	check := func(what string, at time.Duration, age string) {
		t.Helper()
		w.Now = now.Add(at)
		if got, want := w.send(t, "GET", "/health", "", "", "").Body, `{"status":"ok","version":"test","newest_rollup_age_seconds":`+age+`}`; got != want {
			t.Errorf("%s the health is %s, want %s", what, got, want)
		}
	}
	check("before the first rollup", 0, "null")
	must(t, w.Table.PutState(t.Context(), "demo", ledger.State{Epoch: 1, Settled: event.At(now) - 90_000}, 0))
	must(t, w.Table.PutState(t.Context(), "shop", ledger.State{Epoch: 1, Settled: event.At(now) - 60_999}, 0))
	check("within ten seconds, when it is not read again,", 9*time.Second, "null")
	check("after ten", 10*time.Second, "70")
	check("while the age grows,", 19*time.Second, "79")
}
