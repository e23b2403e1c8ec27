package cost_test

import (
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/infra/cost"
	"waymark/infra/cost/bill"
	"waymark/infra/cost/traffic"
)

// A schedule that fires more than once a day is played on the day; the others fire once behind it and count as often
// as they do in a year.
func TestPlan(t *testing.T) {
	t.Parallel()
	const text = `
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Quarterly: {Type: ScheduleV2, Properties: {ScheduleExpression: "rate(15 minutes)"}}
        Hourly: {Type: ScheduleV2, Properties: {ScheduleExpression: "cron(5 * * * ? *)"}}
        Daily: {Type: ScheduleV2, Properties: {ScheduleExpression: "cron(0 6 * * ? *)"}}
        Weekly: {Type: ScheduleV2, Properties: {ScheduleExpression: "cron(15 6 ? * MON *)"}}
        Monthly: {Type: ScheduleV2, Properties: {ScheduleExpression: "cron(30 6 1 * ? *)"}}
        Once: {Type: ScheduleV2, Properties: {ScheduleExpression: "at(2026-11-27T12:00:00)"}}
        Off: {Type: ScheduleV2, Properties: {ScheduleExpression: "rate(1 minute)", State: DISABLED}}
`
	got, err := cost.Plan(text, time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)) // a Friday
	want := []string{
		"FHourly 24 a day, 2026-11-27 00:05:00 to 2026-11-27 23:05:00",
		"FQuarterly 96 a day, 2026-11-27 00:15:00 to 2026-11-28 00:00:00",
		"FDaily 1 a day, 2026-11-28 06:00:00", "FWeekly 52/365 a day, 2026-11-30 06:15:00",
		"FMonthly 12/365 a day, 2026-12-01 06:30:00",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("plan:\n%s\n%v, want\n%s", strings.Join(got, "\n"), err, strings.Join(want, "\n"))
	}
}

func prices(t *testing.T) bill.Prices {
	t.Helper()
	p, err := cost.Prices()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// figures are made up: round numbers of every kind, and a fraction.
func figures() cost.Figures {
	used := func(function string, parts map[bill.Kind]int64) bill.Usage {
		u := bill.Usage{}
		for kind, n := range parts {
			u[bill.Line{Function: function, Kind: kind}] = big.NewRat(n, 1)
		}
		return u
	}
	collect := used("Collect", map[bill.Kind]int64{
		bill.HTTPRequest: 900, bill.LambdaRequest: 900,
		bill.LambdaTime: 900 * 512 * 2, bill.SQSSend: 900, bill.LogAccess: 160_000, bill.LogPlatform: 450_000,
		bill.LogInfo: 180_000,
	})
	process := used("Process", map[bill.Kind]int64{
		bill.LambdaRequest: 90, bill.LambdaTime: 90 * 1024 * 60,
		bill.SQSReceive: 90, bill.SQSDelete: 90, bill.DynamoWrite: 2200, bill.DynamoRead: 6001, bill.S3Put: 90,
		bill.LogWarn: 20,
	})
	rollup := used("Rollup", map[bill.Kind]int64{
		bill.LambdaRequest: 96, bill.LambdaTime: 96 * 2048 * 900,
		bill.DynamoWrite: 6000, bill.DynamoRead: 160_000, bill.S3Put: 190, bill.S3Get: 480, bill.Firing: 96,
	})
	export := bill.Usage{bill.Line{Function: "Export", Kind: bill.S3Put}: big.NewRat(429*3, 365)}
	return cost.Figures{
		Touchpoints: 10_000,
		Profiles: []cost.Measured{
			{
				Profile:   traffic.Profile{Name: "web", Title: "web mix, 2.8 events a request", PerDay: 10_000},
				Ingest:    cost.Section{Touchpoints: 2500, Usage: collect.Plus(process)},
				Schedules: cost.Section{Touchpoints: 10_000, Usage: rollup.Plus(export)},
			},
			{
				Profile:   traffic.Profile{Name: "single", Title: "one beacon a request"},
				Ingest:    cost.Section{Touchpoints: 1000, Usage: collect},
				Schedules: cost.Section{Touchpoints: 10_000, Usage: rollup},
			},
		},
		Idle: used("pollers", map[bill.Kind]int64{bill.SQSReceive: 648_000}),
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	committed := figures()
	committed.Profiles[1].Ingest.Touchpoints = 1100
	f := figures()
	got := cost.Report(f, prices(t), committed) + cost.Month(f.Profiles[0], prices(t), f.Idle)
	golden(t, "testdata/report.golden.txt", []byte(got))
	for _, line := range strings.Split(got, "\n") {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	f := figures()
	got, err := cost.JSON(f, prices(t))
	want := `{"profiles":[{"name":"web","units_per_1000":11990.753,"dollars_per_million":3.4165,"lambda_time_dollars_per_million":0.2640},` +
		`{"name":"single","units_per_1000":11386.200,"dollars_per_million":3.5781,"lambda_time_dollars_per_million":0.2424}],"idle_dollars_per_month":0.2592}`
	if err != nil || string(got) != want {
		t.Errorf("JSON = %s, %v, want %s", got, err, want)
	}
	f.Idle, f.Profiles = nil, nil
	if got, err := cost.JSON(f, prices(t)); err != nil || string(got) != `{"profiles":[]}` {
		t.Errorf("JSON of nothing = %s, %v", got, err)
	}
}

func TestFiguresFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "figures.json")
	want := figures()
	if err := cost.WriteFigures(file, want); err != nil {
		t.Fatal(err)
	}
	want.Profiles[0].Profile.PerDay = 0 // of the traffic only the name stays
	if got, err := cost.ReadFigures(file); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v, want %+v", got, err, want)
	}
	for text, want := range map[string]string{
		"{": "unexpected end of JSON input",
		`{"idle_per_month":[{"function":"F","kind":"s3.put","parts":"many"}]}`:                          `s3.put of F is no count of anything: "many"`,
		`{"profiles":[{"name":"p","ingest":{"lines":[{"function":"F","kind":"s4.put","parts":"1"}]}}]}`: `read figures of p: s4.put of F is no count of anything: "1"`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := cost.ReadFigures(file); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("figures %s: %v, want %s", text, err, want)
		}
	}
}

// Three hundredths more are allowed, of operations as of dollars; of Lambda's time any amount.
func TestDearer(t *testing.T) {
	t.Parallel()
	before := func() cost.Figures {
		f := figures()
		f.Profiles = f.Profiles[1:]
		f.Profiles[0].Schedules.Usage = nil
		f.Profiles[0].Ingest.Usage = bill.Usage{
			{Function: "F", Kind: bill.HTTPRequest}: big.NewRat(1000, 1),
			{Function: "F", Kind: bill.LogInfo}:     big.NewRat(1_000_000_000, 1),
			{Function: "F", Kind: bill.LambdaTime}:  big.NewRat(1000, 1),
		}
		return f
	}
	for _, c := range []struct {
		name   string
		change func(f *cost.Figures)
		want   []string
	}{
		{"nothing", func(*cost.Figures) {}, nil},
		{"3 % more operations", func(f *cost.Figures) {
			f.Profiles[0].Ingest.Usage[bill.Line{Function: "F", Kind: bill.HTTPRequest}] = big.NewRat(1030, 1)
		}, nil},
		{"a little more", func(f *cost.Figures) {
			f.Profiles[0].Ingest.Usage[bill.Line{Function: "F", Kind: bill.HTTPRequest}] = big.NewRat(1031, 1)
		}, []string{"single, units per 1,000: 1031.000, more than the committed 1000.000 and 3 %"}},
		{"more log", func(f *cost.Figures) {
			f.Profiles[0].Ingest.Usage[bill.Line{Function: "G", Kind: bill.LogWarn}] = big.NewRat(40_000_000, 1)
		}, []string{"single, dollars per million without Lambda's time: 521.000, more than the committed 501.000 and 3 %"}},
		{"ten times the time", func(f *cost.Figures) {
			f.Profiles[0].Ingest.Usage[bill.Line{Function: "F", Kind: bill.LambdaTime}] = big.NewRat(10_000, 1)
		}, nil},
		{"a dearer month of nothing", func(f *cost.Figures) {
			f.Idle = f.Idle.Times(big.NewRat(2, 1))
		}, []string{"idle, dollars a month without Lambda's time: 0.518, more than the committed 0.259 and 3 %"}},
		{"half of everything", func(f *cost.Figures) { f.Profiles[0].Ingest.Touchpoints *= 2 }, nil},
		{"a profile that nobody committed", func(f *cost.Figures) {
			f.Profiles[0].Profile.Name, f.Profiles[0].Ingest.Touchpoints = "other", 1
		}, nil},
	} {
		now := before()
		c.change(&now)
		if got := cost.Dearer(now, before(), prices(t)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: dearer %q, want %q", c.name, got, c.want)
		}
	}
}

// TestDocs keeps docs/costs.md equal to the committed figures.
func TestDocs(t *testing.T) {
	t.Parallel()
	f, err := cost.ReadFigures(cost.Committed(root))
	if err != nil {
		t.Fatal(err)
	}
	page, err := cost.Docs(f, prices(t))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join(root, "docs", "costs.md"), page)
}

// golden compares a document with a file; UPDATE_GOLDEN=1 rewrites it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is not what comes out now (make golden rewrites it):\n%s", file, got)
	}
}
