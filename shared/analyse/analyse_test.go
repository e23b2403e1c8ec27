package analyse_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/adapter/memory"
	"waymark/shared/analyse"
	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/rates"
	"waymark/shared/domain/step"
	"waymark/shared/domain/wide"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stored puts lives into a table of steps, day by day.
func stored(t testing.TB, lives [][]step.Row) *memory.Archive {
	t.Helper()
	archive := memory.NewArchive()
	put(t, archive, lives)
	return archive
}

type writer interface {
	PutSteps(ctx context.Context, ns workspace.Namespace, run int64, day ledger.Day) error
}

func put(t testing.TB, table writer, lives [][]step.Row) {
	t.Helper()
	days := map[string]*ledger.Day{}
	for _, life := range lives {
		for _, r := range life {
			key := r.At.Day()
			if days[key] == nil {
				days[key] = &ledger.Day{Key: key}
			}
			d := days[key]
			if n := len(d.Persons); n == 0 || d.Persons[n-1] != r.Person {
				d.Persons = append(d.Persons, r.Person)
			}
			d.Rows = append(d.Rows, r)
		}
	}
	for _, d := range days {
		must(t, table.PutSteps(t.Context(), "shop", 1, *d))
	}
}

// whole is an analysis that answers with all that it reads, row by row.
func whole(columns step.Columns) analysis.Analysis {
	return analysis.Analysis{
		Name: "whole", Version: 3, Sentence: "everything", Parameters: []analysis.Parameter{{Name: "from_start"}, {Name: "mark", IsList: true}},
		Prepare: func(q analysis.Question) (analysis.Plan, error) {
			plan := analysis.Plan{From: q.Start(), To: q.End(), Columns: columns}
			if q.Text("from_start") != "" {
				plan.From = 0
			}
			plan.Answer = func(lives analysis.Lives) (analysis.Answer, error) {
				return answerOf(lives), nil
			}
			return plan, nil
		},
	}
}

func answerOf(lives analysis.Lives) analysis.Answer {
	rows := analysis.Fold(lives, func() *[]string { return new([]string) }, func(to *[]string, life []step.Row) {
		text, _ := json.Marshal(life)
		*to = append(*to, string(text))
	}, func(to, part *[]string) { *to = append(*to, *part...) })
	slices.Sort(*rows)
	table := analysis.Table{Name: "lives", Columns: []analysis.Column{{Name: "life", Unit: analysis.Text}}}
	for _, r := range *rows {
		table.Row(analysis.Word(r))
	}
	return analysis.Answer{Tables: []analysis.Table{table}}
}

func shop(t testing.TB) workspace.Workspace {
	t.Helper()
	w, err := workspace.New("shop", "UTC", "EUR", "default")
	must(t, err)
	return w
}

func analyser(t testing.TB, archive analyse.Steps, of ...analysis.Analysis) *analyse.Analyser {
	t.Helper()
	definitions, err := model.Metrics()
	must(t, err)
	table := memory.NewTable()
	return &analyse.Analyser{
		Steps: archive, Documents: table, Windows: table, Ledger: table, Rules: model.Rules, Definitions: definitions, Analyses: of,
		Now: func() time.Time { return analysistest.End }, MaxSteps: 1000,
	}
}

// TestReading asks for all lives with some columns, of some time and of a segment, and compares with the lives themselves.
func TestReading(t *testing.T) {
	lives := analysistest.Lives(5, 60)
	archive := stored(t, lives)
	for name, said := range map[string]url.Values{
		"all":           {"from": {"2026-01-01"}, "to": {"2026-07-01"}},
		"a month":       {"from": {"2026-02-01"}, "to": {"2026-03-01"}},
		"half a day":    {"from": {"2026-02-10T06:00:00Z"}, "to": {"2026-02-10T18:00:00Z"}},
		"another zone":  {"from": {"2026-02-01"}, "to": {"2026-03-01"}, "zone": {"Asia/Tokyo"}},
		"from start":    {"from": {"2026-05-01"}, "to": {"2026-06-01"}, "from_start": {"1"}},
		"a segment":     {"from": {"2026-02-01"}, "to": {"2026-05-01"}, "segment": {"channel:email,display", "property.plan:pro"}},
		"nothing there": {"from": {"2019-02-01"}, "to": {"2019-05-01"}},
	} {
		for _, columns := range []step.Columns{step.AllColumns, step.ColumnsOf(step.Event, step.Session, step.OrderMoney), 0} {
			a := analyser(t, archive, whole(columns))
			got, err := a.Answer(t.Context(), shop(t), "whole", said)
			must(t, err)
			from, err := time.Parse(time.RFC3339, got.From)
			must(t, err)
			to, err := time.Parse(time.RFC3339, got.To)
			must(t, err)
			q := analysis.Question{From: from, To: to}
			q.Segment, err = analysis.ParseSegment("segment", said["segment"])
			must(t, err)
			plan := analysis.Plan{From: q.Start(), To: q.End(), Columns: columns | q.Segment.Columns()}
			if said.Has("from_start") {
				plan.From = 0
			}
			want := answerOf(analysis.Listing(analysis.Seen(lives, plan, q), 1))
			if !reflect.DeepEqual(got.Answer, want) {
				t.Errorf("%s, %s: %d lives, want %d", name, columns, len(got.Tables[0].Rows), len(want.Tables[0].Rows))
			}
			if got.Steps < len(want.Tables[0].Rows) || got.Version != 3 || name == "nothing there" && got.Persons != 0 {
				t.Errorf("%s: %d persons with %d steps were read", name, got.Persons, got.Steps)
			}
		}
	}
}

// TestQuestions asks what is not understood.
func TestQuestions(t *testing.T) {
	t.Parallel()
	a := analyser(t, stored(t, nil), whole(0))
	for query, want := range map[string]string{
		"from=yesterday":                 "bad_bound",
		"from=2026-02-01&to=2026-02-01":  "period_empty",
		"zone=Mars":                      "bad_parameter",
		"by=colour":                      "bad_parameter",
		"segment=email":                  "bad_parameter",
		"segment=colour:red":             "bad_parameter",
		"steps=3":                        "unknown_parameter",
		"by=channel&by=stage":            "bad_parameter",
		"mark=1&mark=2&segment=channel:": "bad_parameter",
	} {
		said, err := url.ParseQuery(query)
		must(t, err)
		if _, err := a.Answer(t.Context(), shop(t), "whole", said); fault.CodeOf(err) != want || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
	if _, err := a.Answer(t.Context(), shop(t), "half", nil); fault.CodeOf(err) != "unknown_analysis" || !strings.Contains(err.Error(), "whole") {
		t.Errorf("half: %v", err)
	}
	got, err := a.Answer(t.Context(), shop(t), "whole", url.Values{"mark": {"1", "2"}})
	if must(t, err); got.From != "2026-04-03T00:00:00Z" || got.To != "2026-07-02T00:00:00Z" {
		t.Errorf("without bounds it is from %s to %s", got.From, got.To)
	}
}

// counting says whether steps were read.
type counting struct {
	*memory.Archive
	days int
}

func (c *counting) Steps(ctx context.Context, ns workspace.Namespace, days []string, columns step.Columns) iter.Seq2[[]step.Row, error] {
	c.days++
	return c.Archive.Steps(ctx, ns, days, columns)
}

// TestBudget refuses what is too much before it is read, as far as rollups know how much there is, and else while it is read.
func TestBudget(t *testing.T) {
	t.Parallel()
	archive := &counting{Archive: stored(t, analysistest.Lives(1, 400))}
	a := analyser(t, archive, whole(0))
	year := url.Values{"from": {"2026-01-01"}, "to": {"2027-01-01"}}
	a.MaxSteps = 100
	if _, err := a.Answer(t.Context(), shop(t), "whole", year); fault.CodeOf(err) != "too_many_steps" || archive.days == 0 {
		t.Errorf("more than may be read: %v after %d days", err, archive.days)
	}
	archive.days = 0
	table := a.Windows.(*memory.Table)
	names := a.Definitions.Set().Names()
	totals := measure.Totals{Names: names, Groups: map[measure.Key][]wide.Int{{}: make([]wide.Int, len(names))}}
	totals.Groups[measure.Key{}][slices.Index(names, "touchpoints")] = wide.Of(101)
	start := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	must(t, table.PutWindow(t.Context(), "shop", kpi.Window{
		Grain: "month", Key: "2026-02-01", Start: event.At(start), End: event.At(start.AddDate(0, 1, 0)), Revision: 1, Run: 1, Totals: totals,
	}))
	_, err := a.Answer(t.Context(), shop(t), "whole", year)
	if fault.CodeOf(err) != "too_many_steps" || !strings.Contains(fmt.Sprint(err), "about 101 steps") || archive.days > 0 {
		t.Errorf("more than may be read, by what is known before: %v after %d days", err, archive.days)
	}
}

// TestConverted asks for all amounts in one currency, and compares with the amounts as they were, converted one by one.
func TestConverted(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(4, 80)
	a := analyser(t, stored(t, lives), whole(step.ColumnsOf(step.OrderMoney)))
	year := url.Values{"from": {"2026-01-01"}, "to": {"2026-07-01"}, "convert_to": {"usd"}}
	if _, err := a.Answer(t.Context(), shop(t), "whole", year); fault.CodeOf(err) != "no_rate" || !strings.Contains(err.Error(), "EUR to USD") {
		t.Errorf("without rates: %v", err)
	}
	if _, err := a.Answer(t.Context(), shop(t), "whole", url.Values{"convert_to": {"dollars"}}); fault.CodeOf(err) != "bad_parameter" {
		t.Errorf("dollars: %v", err)
	}
	var days []string
	for day := analysistest.Begin; day.Before(analysistest.End); day = day.AddDate(0, 0, 5) {
		days = append(days, fmt.Sprintf(`{"date":"%s","from":"EUR","to":"USD","rate":"1.%02d","source":"ECB"}`, day.Format(time.DateOnly), day.Day()))
	}
	settled := `{"rates":[` + strings.Join(days, ",") + `]}`
	table := a.Documents.(*memory.Table)
	must(t, table.PutDocument(t.Context(), "shop", workspace.Document{Kind: "rates", Text: settled}))
	got, err := a.Answer(t.Context(), shop(t), "whole", year)
	must(t, err)
	known, err := rates.Parse([]byte(settled))
	must(t, err)
	orders := 0
	for _, life := range lives {
		for i := range life {
			if o := life[i].Order; o != nil {
				amount, err := known.Convert(o.Amount, o.Currency, "USD", life[i].At.Day())
				must(t, err)
				life[i].Order = &step.Order{ID: o.ID, Kind: o.Kind, Amount: amount, Currency: "USD", Number: o.Number}
				orders++
			}
		}
	}
	q := analysis.Question{From: analysistest.Begin, To: analysistest.End}
	plan := analysis.Plan{From: q.Start(), To: q.End(), Columns: step.ColumnsOf(step.OrderMoney)}
	want := answerOf(analysis.Listing(analysis.Seen(lives, plan, q), 1))
	if !reflect.DeepEqual(got.Tables, want.Tables) || len(got.Notes) != 1 || orders < 20 {
		t.Errorf("%d orders in dollars are otherwise; notes %q", orders, got.Notes)
	}
}
