package export_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/httpapi/httpapitest"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
)

func sum(body []byte) string {
	digest := sha256.Sum256(body)
	return hex.EncodeToString(digest[:])
}

// The file and the manifest of a small day are golden: every column, every kind of row, and a country that a spreadsheet would run.
func TestFile(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit(), purchase())
	w.compute(t, "shop", period.Hour, "2026-11-21T10:00:00Z", purchase())
	checkEqual(t, "exports", w.fire(t, "daily", "2026-11-22T06:00:00Z"), []string{"shop daily-2026-11-21-r1"})
	csv, err := w.files.Bucket.Get(t.Context(), report.FileKey("shop", "daily-2026-11-21-r1.csv"))
	must(t, err)
	golden(t, "daily-2026-11-21-r1.csv", csv)
	manifest, err := w.files.Bucket.Get(t.Context(), report.ManifestKey("shop", "daily-2026-11-21-r1"))
	must(t, err)
	golden(t, "daily-2026-11-21-r1.manifest.json", append(manifest, '\n'))
	checkEqual(t, "listed", w.listed(t, "shop"), []string{"daily-2026-11-21-r1"})
	for _, cell := range []string{",'=1+1,", "\ufeffworkspace,"} {
		if !strings.Contains(string(csv), cell) {
			t.Errorf("the file has no %q", cell)
		}
	}
	if strings.Contains(string(csv), ",=") {
		t.Error("the file has a cell that a spreadsheet runs")
	}
	if got := w.files.ContentType(report.FileKey("shop", "daily-2026-11-21-r1.csv")); got != "text/csv; charset=utf-8" {
		t.Errorf("the file is stored as %q", got)
	}
}

// The same schedule twice writes one export, however often and whenever it fires again.
func TestSameScheduleTwice(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	want := []string{"shop daily-2026-11-21-r1"}
	checkEqual(t, "first firing", w.fire(t, "daily", "2026-11-22T06:00:00Z"), want)
	w.files.calls = nil
	checkEqual(t, "second firing", w.fire(t, "daily", "2026-11-22T06:00:00Z"), want)
	w.Now = w.Now.Add(time.Hour)
	checkEqual(t, "third firing", w.fire(t, "daily", "2026-11-22T23:59:59Z"), want)
	for _, call := range w.files.calls {
		if strings.HasPrefix(call, "put") {
			t.Errorf("a later firing makes the call %q", call)
		}
	}
	checkEqual(t, "listed", w.listed(t, "shop"), []string{"daily-2026-11-21-r1"})
}

// Changed numbers make a new revision; the one before stays as it was.
func TestRevisions(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	first := w.demand(t, `{"schedule":"daily"}`)
	again := w.demand(t, ``) // daily is what is meant
	before, err := w.files.Bucket.Get(t.Context(), report.FileKey("shop", first.Files[0].Name))
	must(t, err)
	w.compute(t, "shop", period.Day, "2026-11-21", visit(), visit())
	second := w.demand(t, `{}`)
	checkEqual(t, "names", []string{first.Name, again.Name, second.Name}, []string{"daily-2026-11-21-r1", "daily-2026-11-21-r1", "daily-2026-11-21-r2"})
	checkEqual(t, "revisions", []int{first.Revision, again.Revision, second.Revision}, []int{1, 1, 2})
	after, err := w.files.Bucket.Get(t.Context(), report.FileKey("shop", first.Files[0].Name))
	must(t, err)
	if string(after) != string(before) {
		t.Error("the first revision changed")
	}
	for range 9 { // two digits sort behind one
		w.compute(t, "shop", period.Day, "2026-11-21", visit())
		second = w.demand(t, ``)
	}
	if second.Name != "daily-2026-11-21-r11" {
		t.Errorf("after eleven changes the newest is %s", second.Name)
	}
	if got := len(w.listed(t, "shop")); got != 11 {
		t.Errorf("%d exports are listed, want 11", got)
	}
}

var errCrash = errors.New("the process was killed")

// A crash between any two calls of the bucket leaves no export that is listed and not whole, and firing again completes it.
func TestCrash(t *testing.T) {
	t.Parallel()
	undisturbed := newShop(t)
	undisturbed.compute(t, "shop", period.Day, "2026-11-21", visit())
	undisturbed.fire(t, "daily", "2026-11-22T06:00:00Z")
	want := undisturbed.listed(t, "shop")
	for n := range undisturbed.files.calls {
		for _, applied := range []bool{false, true} {
			w := newShop(t)
			w.compute(t, "shop", period.Day, "2026-11-21", visit())
			w.crash(t, n, applied)
			for _, name := range w.listed(t, "shop") { // checks that what is listed is whole
				if name != "daily-2026-11-21-r1" {
					t.Errorf("%s is listed after a crash", name)
				}
			}
			w.fire(t, "daily", "2026-11-22T06:00:00Z")
			checkEqual(t, "listed after firing again", w.listed(t, "shop"), want)
			if t.Failed() {
				t.Fatalf("after a crash at call %d, %s, applied %v", n+1, undisturbed.files.calls[n], applied)
			}
		}
	}
}

// A release with newer definitions completes what the one before claimed with the very same bytes: that one may only have
// been slow, and go on.
func TestNewerReleaseCompletesTheSame(t *testing.T) {
	t.Parallel()
	undisturbed := newShop(t)
	undisturbed.compute(t, "shop", period.Day, "2026-11-21", visit())
	undisturbed.fire(t, "daily", "2026-11-22T06:00:00Z")
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	isManifest := func(call string) bool { return strings.HasPrefix(call, "put") && strings.Contains(call, "manifest") }
	w.crash(t, slices.IndexFunc(undisturbed.files.calls, isManifest), false)
	if names := w.listed(t, "shop"); len(names) > 0 {
		t.Fatalf("%q are listed after the crash", names)
	}
	is := w.Definitions
	var err error
	w.handler.Definitions, err = kpi.New(kpi.Config{
		Version: is.Version + 1, Measures: is.Set().Definitions(), Metrics: is.Metrics,
	})
	must(t, err)
	w.fire(t, "daily", "2026-11-22T06:00:00Z")
	if got, want := w.content(t), undisturbed.content(t); !maps.Equal(got, want) {
		t.Errorf("stored is %q, want %q", got, want)
	}
}

// crash fires the daily export and kills it at the call of the store after n others, before or after that was applied.
func (w *world) crash(t *testing.T, n int, applied bool) {
	t.Helper()
	at := 0
	die := func(string) error {
		if at++; at > n {
			panic(errCrash)
		}
		return nil
	}
	w.files.before = die
	if applied {
		w.files.before, w.files.after = nil, die
	}
	defer func() {
		w.files.before, w.files.after = nil, nil
		if r := recover(); r != errCrash {
			t.Fatalf("the process ended with %v, want the injected crash", r)
		}
	}()
	w.fire(t, "daily", "2026-11-22T06:00:00Z")
	t.Fatal("the process did not crash")
}

// A crash while a new revision is written leaves the one before. Its number is not used for other numbers, because the process that had claimed
// it may still be on its way: the next order takes it over if it has the same numbers, and else the next revision.
func TestCrashOfARevision(t *testing.T) {
	t.Parallel()
	w := newShop(t)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	w.demand(t, ``)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	w.files.before = func(call string) error {
		if call == "put daily-2026-11-21-r2.manifest.json" {
			return throttled
		}
		return nil
	}
	if response := w.post(t, "Bearer sk_shop", ""); response.StatusCode != 503 {
		t.Errorf("answered %d, want 503", response.StatusCode)
	}
	w.files.before = nil
	checkEqual(t, "listed", w.listed(t, "shop"), []string{"daily-2026-11-21-r1"})
	w.compute(t, "shop", period.Day, "2026-11-21", visit(), visit())
	w.demand(t, ``)
	checkEqual(t, "listed then", w.listed(t, "shop"), []string{"daily-2026-11-21-r1", "daily-2026-11-21-r3"})
}

// Every answer to POST /v1/exports is as docs/openapi.yaml describes it.
func TestDemand(t *testing.T) {
	t.Parallel()
	contract := httpapitest.Load(t)
	for _, test := range []struct {
		name, authorization, body string
		failing                   bool
		status                    int
		want                      string
	}{
		{"a day", "Bearer sk_shop", ``, false, 200, "daily-2026-11-21-r1"},
		{"a week", "Bearer sk_shop", `{"schedule":"weekly"}`, false, 200, "weekly-2026-11-09-r1"},
		{"a month", "Bearer sk_shop", `{"schedule":"monthly"}`, false, 200, "monthly-2026-10-01-r1"},
		{"a span", "Bearer sk_shop", `{"grain":"day","from":"2026-11-01","to":"2026-12-01"}`, false, 200, "on-demand-day-2026-11-01-2026-12-01-r1"},
		{"a span with times", "Bearer sk_shop", `{"grain":"hour","from":"2026-07-21T09:00:00Z","to":"2026-07-22"}`, false, 200, "on-demand-hour-2026-07-21T100000+0100-2026-07-22-r1"},
		{"a span in which nothing was", "Bearer sk_shop", `{"grain":"year","from":"1999-01-01","to":"2000-01-01"}`, false, 200, "on-demand-year-1999-01-01-2000-01-01-r1"},
		{"unknown schedule", "Bearer sk_shop", `{"schedule":"yearly"}`, false, 400, "unknown_schedule"},
		{"no JSON", "Bearer sk_shop", `{"grain"`, false, 400, "invalid_json"},
		{"another type", "Bearer sk_shop", `{"grain":7}`, false, 400, "invalid_json"},
		{"unknown grain", "Bearer sk_shop", `{"grain":"decade","from":"2026-11-01","to":"2026-12-01"}`, false, 400, "unknown_grain"},
		{"no grain is day", "Bearer sk_shop", `{"from":"2026-11-03","to":"2026-12-05"}`, false, 200, "on-demand-day-2026-11-03-2026-12-05-r1"},
		{"the grain period", "Bearer sk_shop", `{"grain":"period","from":"2026-11-01","to":"2026-12-01"}`, false, 400, "unknown_grain"},
		{"no from", "Bearer sk_shop", `{"grain":"day","to":"2026-12-01"}`, false, 400, "bad_time"},
		{"no to", "Bearer sk_shop", `{"grain":"day","from":"2026-12-01"}`, false, 400, "bad_time"},
		{"from that is no time", "Bearer sk_shop", `{"grain":"day","from":"yesterday","to":"2026-12-01"}`, false, 400, "bad_time"},
		{"an empty span", "Bearer sk_shop", `{"grain":"day","from":"2026-12-01","to":"2026-12-01"}`, false, 400, "bad_time"},
		{"a span backwards", "Bearer sk_shop", `{"grain":"day","from":"2026-12-01","to":"2026-11-01"}`, false, 400, "bad_time"},
		{"all hours of all time", "Bearer sk_shop", `{"grain":"hour","from":"0001-01-01","to":"9999-12-31"}`, false, 400, "range_too_large"},
		{"a schedule and a span", "Bearer sk_shop", `{"schedule":"daily","grain":"day","from":"2026-11-01","to":"2026-12-01"}`, false, 400, "bad_order"},
		{"an empty schedule", "Bearer sk_shop", `{"schedule":""}`, false, 400, "invalid_json"},
		{"no schedule", "Bearer sk_shop", `{"schedule":null}`, false, 400, "invalid_json"},
		{"a member that there is not", "Bearer sk_shop", `{"period":"2026-11"}`, false, 400, "invalid_json"},
		{"no key", "", ``, false, 401, "missing_key"},
		{"unknown key", "Bearer sk_other", ``, false, 401, "unknown_key"},
		{"write key", "Bearer wk_shop", ``, false, 403, "write_key"},
		{"a bucket that is busy", "Bearer sk_shop", ``, true, 503, "unavailable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newShop(t)
			w.compute(t, "shop", period.Day, "2026-11-21", visit())
			w.files.before = func(string) error {
				if test.failing {
					return throttled
				}
				return nil
			}
			response := w.post(t, test.authorization, test.body)
			contract.Check(t, "POST", "/v1/exports", response)
			name, code := answerOf(t, response.Body)
			if response.StatusCode != test.status || name+code != test.want {
				t.Errorf("answered %d %s, want %d %s", response.StatusCode, response.Body, test.status, test.want)
			}
			if listed := w.listed(t, "shop"); (len(listed) > 0) != (test.status == 200) {
				t.Errorf("listed are %q after %d", listed, response.StatusCode)
			}
		})
	}
	w := newShop(t)
	w.settled(t, "shop", midnight.Add(-time.Millisecond))
	early := w.post(t, "Bearer sk_shop", "")
	contract.Check(t, "POST", "/v1/exports", early)
	if _, code := answerOf(t, early.Body); early.StatusCode != 409 || code != "not_counted" || !strings.Contains(early.Body, "2026-11-22T00:00:00Z") {
		t.Errorf("before the day is counted whole the answer is %d %s", early.StatusCode, early.Body)
	}
	checkEqual(t, "described answers that no case has", contract.Unchecked("export"), nil)
}

// TestPeriodOfOnesOwn: what no export can hold is refused with the way to get it.
func TestPeriodOfOnesOwn(t *testing.T) {
	t.Parallel()
	got := newShop(t).post(t, "Bearer sk_shop", `{"grain":"period","from":"2026-11-03","to":"2026-11-17"}`)
	if want := "ask GET /v1/kpis?grain=period, or `waymark kpi --grain period --csv`, for one window of your own"; !strings.Contains(got.Body, want) {
		t.Errorf("answered %s, want %s", got.Body, want)
	}
}

// answerOf is the name of a manifest or the code of a failure.
func answerOf(t *testing.T, body string) (name, code string) {
	t.Helper()
	var answer struct{ Name, Code string }
	must(t, json.Unmarshal([]byte(body), &answer))
	return answer.Name, answer.Code
}

// One workspace that cannot be exported does not hold up the others.
func TestBrokenWorkspace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"broken": "Europe/London", "shop": "Europe/London"})
	broken, err := w.Table.Workspace(t.Context(), "broken")
	must(t, err)
	w.compute(t, "shop", period.Day, "2026-11-21", visit())
	broken.Zone = "Mars/Olympus"
	must(t, w.Table.PutWorkspace(t.Context(), broken))
	names, err := w.tryFire(t, "daily", "2026-11-22T06:00:00Z")
	checkEqual(t, "exports", names, []string{"shop daily-2026-11-21-r1"})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "workspace broken") {
		t.Errorf("the error is %v, want one that names the workspace", err)
	}
}

func TestUnknownSchedule(t *testing.T) {
	t.Parallel()
	for _, zones := range []map[string]string{{}, {"shop": "UTC"}} {
		if _, err := newWorld(t, zones).tryFire(t, "yearly", "2026-11-22T06:00:00Z"); fault.CodeOf(err) != "unknown_schedule" {
			t.Errorf("the error is %v, want unknown_schedule", err)
		}
	}
}

// TestSamples answers events/export/*.json as the golden files beside them say, which `sam local invoke` is held against too.
func TestSamples(t *testing.T) {
	t.Parallel()
	w := newWorld(t, map[string]string{"demo": "UTC"})
	httpapitest.Invocations(t, "export", w.handler.Handle)
}
