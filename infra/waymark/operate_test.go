package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const (
	manifestText = `{"name":"daily-2026-11-21-r1","schedule":"daily","grain":"day","start":"2026-11-21T00:00:00Z","end":"2026-11-22T00:00:00Z","time_zone":"Europe/London","created_at":"2026-11-22T06:00:02Z",` +
		`"revision":1,"rows":1234,"files":[{"name":"daily-2026-11-21-r1.csv","rows":1234,"bytes":15,"sha256":"%x"}]}`
	csvText = "metric,start\r\n\xff"
	longRun = "on-demand-hour-2026-11-21T100000+0100-2026-11-22T100000+0100-r12"
)

var manifestJSON = fmt.Sprintf(manifestText, sha256.Sum256([]byte(csvText)))

// kpiJSON has a window of two persons of channels, an hour that an ended summer repeats, and what is null.
const kpiJSON = `{"time_zone":"Europe/London","model":"default@1","missing":["repeat_purchase_rate","revenue_per_buyer","stage_entries","conversion_rate"],"rows":[
{"metric":"orders","start":"2026-10-25T00:00:00+01:00","end":"2026-10-26T00:00:00Z","dimensions":{},"numerator":1234567,"denominator":null,"n":1234567,"value":1234567,"unit":"count","revision":3},
{"metric":"revenue","start":"2026-10-25T00:00:00+01:00","end":"2026-10-26T00:00:00Z","dimensions":{},"numerator":"-1234.505","denominator":null,"n":2,"value":"-1234.505","unit":"GBP","revision":3},
{"metric":"conversion_rate","start":"2026-10-25T00:00:00+01:00","end":"2026-10-26T00:00:00Z","dimensions":{},"numerator":2,"denominator":3,"n":3,"value":0.6666666666666666,"unit":"ratio","revision":3,"low":0.2076595,"high":0.9385081,"interval":"wilson"},
{"metric":"orders","start":"2026-10-26T00:00:00Z","end":"2026-10-27T00:00:00Z","dimensions":{},"numerator":999,"denominator":null,"n":999,"value":999,"unit":"count","revision":1},
{"metric":"conversion_rate","start":"2026-10-26T00:00:00Z","end":"2026-10-27T00:00:00Z","dimensions":{},"numerator":0,"denominator":0,"n":0,"value":null,"unit":"ratio","revision":1},
{"metric":"repeat_purchase_rate","start":"2026-10-26T00:00:00Z","end":"2026-10-27T00:00:00Z","dimensions":{},"numerator":1,"denominator":1,"n":1,"value":1,"unit":"ratio","revision":1}]}`

const kpiByJSON = `{"time_zone":"UTC","model":"five@2","rows":[
{"metric":"orders","start":"2026-10-25T01:00:00+01:00","end":"2026-10-25T01:00:00Z","dimensions":{"channel":"paid_social"},"numerator":1,"denominator":null,"n":1,"value":1,"unit":"count","revision":1},
{"metric":"orders","start":"2026-10-25T01:00:00+01:00","end":"2026-10-25T01:00:00Z","dimensions":{"channel":"=cmd|' /C calc'\u001b[2J"},"numerator":2,"denominator":null,"n":2,"value":2,"unit":"count","revision":1},
{"metric":"orders","start":"2026-10-25T01:00:00Z","end":"2026-10-25T02:00:00Z","dimensions":{"channel":""},"numerator":3,"denominator":null,"n":3,"value":3,"unit":"count","revision":1}]}`

// operated is what a system says, by method, path and body; "status text" for a refusal.
var operated = map[string]string{
	"GET /v1/status":              `{"dirty_windows":4}`,
	"POST /v1/rollups":            `202 {"id":"17","workspace":"shop","persons":1200,"windows":30,"changed":4,"done":false,"waiting":1}`,
	"GET /v1/rollups/17?wait=25s": `{"id":"17","workspace":"shop","persons":34,"windows":1,"changed":1,"done":true,"waiting":0}`,

	"GET /v1/kpis?": kpiJSON,
	"GET /v1/kpis?by=channel&from=2026-10-25&grain=hour&metric=orders&metric=revenue&to=2026-10-26": kpiByJSON,
	"GET /v1/kpis?grain=month":           `{"time_zone":"UTC","model":"default@1","recounting":true,"rows":[]}`,
	"GET /v1/kpis?by=grade&grade=server": kpiFoldedJSON,
	"GET /v1/kpis?by=shoe":               `400 {"code":"unknown_dimension","message":"there are these dimensions: channel, source, stage, country"}`,

	"POST /v1/exports {}": manifestJSON,
	`POST /v1/exports {"grain":"day","from":"2026-11-21","to":"2026-11-22"}`: manifestJSON,
	`POST /v1/exports {"schedule":"yearly"}`:                                 `400 {"code":"unknown_schedule","message":"schedule must be daily, weekly or monthly, not \"yearly\""}`,
	"GET /v1/exports/daily-2026-11-21-r1":                                    manifestJSON,
	"GET /v1/exports/daily-2026-11-21-r1.csv":                                csvText,
	"GET /v1/exports/daily-2026-11-22-r1":                                    fmt.Sprintf(manifestText, "of another file"),
	"GET /v1/exports/none":                                                   `404 {"code":"no_export","message":"there is no such export; GET /v1/exports lists them"}`,
	"GET /v1/exports?limit=50":                                               `{"exports":[` + manifestJSON + `],"next":"daily-2026-11-21-r1"}`,
	"GET /v1/exports?cursor=daily-2026-11-21-r1&limit=49":                    `{"exports":[{"name":"` + longRun + `","rows":1,"created_at":"2026-11-22T06:00:02Z"}],"next":null}`,
}

func operatedSystem(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer, found := operated[strings.TrimSpace(r.Method+" "+r.RequestURI+" "+string(body))]
		switch {
		case r.Header.Get("Authorization") != "Bearer sk_test":
			answer = `401 {"code":"unknown_key","message":"the key is not known here"}`
		case !found:
			t.Errorf("asked %s %s %s", r.Method, r.RequestURI, body)
		}
		var status int
		if n, _ := fmt.Sscanf(answer, "%d {", &status); n == 1 {
			w.WriteHeader(status)
			answer = answer[4:]
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	t.Setenv("WAYMARK_URL", server.URL)
	t.Setenv("WAYMARK_SECRET_KEY", "sk_test")
}

// kpiFoldedJSON has one value, beside which others have no rows of their own.
const kpiFoldedJSON = `{"time_zone":"UTC","model":"default@1","folded":[
{"grain":"day","start":"2026-10-25T00:00:00Z","end":"2026-10-26T00:00:00Z","dimension":"currency","members":134,"persons":1,"orders":134},
{"grain":"day","start":"2026-10-26T00:00:00Z","end":"2026-10-27T00:00:00Z","dimension":"currency","members":7,"persons":1,"orders":7},
{"grain":"day","start":"2026-10-26T00:00:00Z","end":"2026-10-27T00:00:00Z","dimension":"campaign","members":9,"persons":9,"orders":0}],"rows":[
{"metric":"orders","start":"2026-10-25T00:00:00Z","end":"2026-10-26T00:00:00Z","dimensions":{"grade":"server"},"numerator":4,"denominator":null,"n":4,"value":4,"unit":"count","revision":1}]}`

const kpiFoldedTable = `days in UTC, stage model default@1

           grade                 orders
                                  count
2026-10-25 server                     4  ████████████████████

folded: up to 9 values of campaign in a window have no line of their own;
(other) has their numbers added up. --json lists them; docs/kpi.md says which
are shown.

folded: amounts in up to 134 currencies in a window are not shown. --json lists
them; docs/kpi.md says which are shown.
`

const kpiTable = `days in Europe/London, stage model default@1

               orders     revenue         conversion_rate  repeat_purchase_rate
                count         GBP                   ratio                 ratio
2026-10-25  1,234,567  -1,234.505  0.6667 (0.2077–0.9385)
2026-10-26        999                                 n/a                1.0000

missing: repeat_purchase_rate, revenue_per_buyer, stage_entries,
conversion_rate. They are new, and not everybody is counted in them yet; they
come by themselves.
`

const kpiByTable = `hours in UTC, stage model five@2

                       channel               orders
                                              count
2026-10-25T01:00+01:00 =cmd|' /C calc'\x1b…       2  █████████████
2026-10-25T01:00+01:00 paid_social                1  ██████
2026-10-25T01:00Z                                 3  ████████████████████
`

const kpiByCSV = "\ufeffmetric,start,end,dimension,dimension_value,numerator,denominator,n,value,unit,revision,low,high,interval\r\n" +
	"orders,2026-10-25T01:00:00+01:00,2026-10-25T01:00:00Z,channel,paid_social,1,,1,1,count,1,,,\r\n" +
	"orders,2026-10-25T01:00:00+01:00,2026-10-25T01:00:00Z,channel,'=cmd|' /C calc'\x1b[2J,2,,2,2,count,1,,,\r\n" +
	"orders,2026-10-25T01:00:00Z,2026-10-25T02:00:00Z,channel,,3,,3,3,count,1,,,\r\n"

const bothKinds = `
Everybody is being counted anew, because rules or settings have changed: until
that is done, the numbers hold both.
`

const exportText = `export   daily-2026-11-21-r1
windows  day, from 2026-11-21 to 2026-11-22 Europe/London
file     daily-2026-11-21-r1.csv, 1,234 rows, 15 bytes
`

const exportList = `EXPORT                                    ROWS       BYTES  CREATED
daily-2026-11-21-r1                      1,234          15  2026-11-22 06:00 UTC
` + longRun + `
                                             1           0  2026-11-22 06:00 UTC
`

// TestOperate runs the commands that roll up, read KPIs and export against a system that knows its answers. It sets variables of the environment,
// so it runs alone.
func TestOperate(t *testing.T) {
	operatedSystem(t)
	folder := t.TempDir()
	const by = "kpi --grain hour --by channel --metric orders --metric revenue --from 2026-10-25 --to 2026-10-26"
	for _, test := range []struct {
		args string
		code int
		out  string // all of it; * for a number of seconds
		err  string // is in what is printed
	}{
		{
			args: "rollup run", err: "rolling up, 4 batches wait\n1 batch waits\nnothing waits\n",
			out: "workspace shop is rolled up, in * s\n    1,234 persons looked at\n       31 windows counted\n        5 of them with other numbers\n        0 waiting: what came in meanwhile\n",
		},
		{args: "rollup run --json", out: `{"id":"17","workspace":"shop","persons":1234,"windows":31,"changed":5,"done":true,"waiting":0}` + "\n"},
		{args: "rollup run --wait 1ns", code: 1, err: "waymark rollup run: not done after 1ns: 1 batch waits. The system goes on with it by itself; the same command waits again, --wait longer\n"},
		{args: "rollup run --key sk_no", code: 1, err: "waymark rollup run: the key is not known here (unknown_key)\n"},
		{args: "rollup", code: 2, err: "waymark rollup run [--wait 10m]"},
		{args: "rollup run now", code: 2, err: "waymark rollup run [--wait 10m]"},
		{args: "rollup run --wait 0s", code: 2, err: "waymark rollup run [--wait 10m]"},

		{args: "kpi", out: kpiTable},
		{args: "kpi --json", out: kpiJSON + "\n"},
		{args: by, out: kpiByTable},
		{args: by + " --csv", out: kpiByCSV},
		{
			args: "kpi --grain month", out: "months in UTC, stage model default@1\n\n" +
				"Nothing is counted in this time. `waymark rollup run` counts what is stored.\n" + bothKinds,
		},
		{args: "kpi --only grade=server", out: kpiFoldedTable},
		{args: "kpi --only grade", code: 2, err: "waymark kpi: invalid value \"grade\" for flag -only: write DIMENSION=VALUE, such as grade=server; -h lists the flags\n"},
		{args: "kpi --by shoe", code: 1, err: "waymark kpi: there are these dimensions: channel, source, stage, country (unknown_dimension)\n"},
		{args: "kpi --csv --json", code: 2, err: "waymark kpi [--metric NAME]..."},
		{args: "kpi orders", code: 2, err: "waymark kpi [--metric NAME]..."},

		{args: "export make", out: exportText, err: "making the export\n4 batches wait: not in it. `waymark rollup run` counts them.\n"},
		{args: "export make --grain day --from 2026-11-21 --to 2026-11-22 --json", out: manifestJSON + "\n"},
		{args: "export make --out " + folder, out: exportText + "written  " + filepath.Join(folder, "daily-2026-11-21-r1.csv") + "\n"},
		{args: "export make --schedule yearly", code: 1, err: `waymark export make: export: schedule must be daily, weekly or monthly, not "yearly" (unknown_schedule)` + "\n"},
		{args: "export get daily-2026-11-21-r1.csv --out -", out: csvText},
		{args: "export get daily-2026-11-21-r1 --out " + filepath.Join(folder, "a.csv"), out: exportText + "written  " + filepath.Join(folder, "a.csv") + "\n"},
		{args: "export get daily-2026-11-22-r1 --out " + filepath.Join(folder, "b.csv"), code: 1, err: "its manifest says"},
		{args: "export get none --out -", code: 1, err: "waymark export get: there is no such export; GET /v1/exports lists them (no_export)\n"},
		{args: "export get none", code: 2, err: "waymark export make [--schedule"},
		{args: "export list", out: exportList},
		{args: "export list --json", out: `{"exports":[` + manifestJSON + `,{"name":"` + longRun + `","rows":1,"created_at":"2026-11-22T06:00:02Z"}]}` + "\n"},
		{args: "export", code: 2, err: "waymark export make [--schedule"},
		{args: "export make --out - --json", code: 2, err: "waymark export make [--schedule"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), strings.Fields(test.args), stdio{Out: &out, Err: &errs})
		before, after, _ := strings.Cut(test.out, "*")
		isWanted := out.String() == test.out || before != test.out && strings.HasPrefix(out.String(), before) && strings.HasSuffix(out.String(), after)
		if code != test.code || !isWanted || !strings.Contains(errs.String(), test.err) {
			t.Errorf("%s ends with %d and prints\n%s%s\nwant %d and\n%s%s", test.args, code, out.String(), errs.String(), test.code, test.out, test.err)
		}
		for line := range strings.Lines(out.String()) {
			isText := !strings.Contains(test.args, "json") && !strings.Contains(test.args, "csv") && !strings.Contains(line, folder)
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 && isText {
				t.Errorf("%s prints a line of %d characters: %s", test.args, n, line)
			}
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v, want the two files that were whole", entries, err)
	}
	for _, e := range entries {
		if text, err := os.ReadFile(filepath.Join(folder, e.Name())); err != nil || string(text) != csvText {
			t.Errorf("%s holds %q, %v, want %q", e.Name(), text, err, csvText)
		}
	}
}

// TestKPIWidth: metrics that have no room in 80 columns follow in a table of their own, and none is lost.
func TestKPIWidth(t *testing.T) {
	t.Parallel()
	var a kpiAnswer
	for i := range 20 {
		a.Rows = append(a.Rows, kpiRow{Metric: fmt.Sprint("repeat_purchase_rate", i), Start: "2026-10-25T00:00:00Z", Value: "1", Unit: "ratio"})
	}
	var out bytes.Buffer
	a.print(&out, "", "channel")
	for i := range 20 {
		if n := strings.Count(out.String(), fmt.Sprintf(" repeat_purchase_rate%d ", i)) + strings.Count(out.String(), fmt.Sprintf(" repeat_purchase_rate%d\n", i)); n != 1 {
			t.Errorf("metric %d is printed %d times, want once:\n%s", i, n, &out)
		}
	}
	for line := range strings.Lines(out.String()) {
		if n := len(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
}

// TestProgressLine: on a terminal one line is drawn over, with a bar when the whole is known, and taken away in the end.
func TestProgressLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		share float64
		text  string
		want  string
	}{
		{-1, "1,000 batches or more wait", "1,000 batches or more wait, 1m5s"},
		{0, "4 batches wait", strings.Repeat("░", 24) + "   0% 4 batches wait, 1m5s"},
		{0.5, "2 batches wait", strings.Repeat("█", 12) + strings.Repeat("░", 12) + "  50% 2 batches wait, 1m5s"},
		{1, "nothing waits", strings.Repeat("█", 24) + " 100% nothing waits, 1m5s"},
	} {
		if got := lineOf(test.share, test.text, 65*time.Second); got != test.want || utf8.RuneCountInString(got) > 79 {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	for _, total := range []int{0, most} {
		if got := shareOf(total, 0); got != -1 {
			t.Errorf("of %d the share is %v, want none", total, got)
		}
	}
	var out bytes.Buffer
	l := &progressLine{out: &out, terminal: true, begun: time.Now(), stop: make(chan struct{})}
	l.say(1, "nothing waits")
	l.end()
	if want := clearLine + strings.Repeat("█", 24) + " 100% nothing waits, 0s" + clearLine; out.String() != want {
		t.Errorf("drawn is %q, want %q", out.String(), want)
	}
}
