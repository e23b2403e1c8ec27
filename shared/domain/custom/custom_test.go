package custom_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/custom"
	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/rfm"
	"waymark/shared/domain/step"
	"waymark/shared/model"
)

// asking is a question about spring, in London; said is NAME=VALUE.
func asking(t testing.TB, document string, said ...string) analysis.Question {
	t.Helper()
	calendar, err := period.New("Europe/London", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	q := analysis.Question{
		Calendar: calendar, From: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 5, 31, 23, 0, 0, 0, time.UTC),
		Now: event.At(analysistest.End), Currency: "EUR", Said: map[string][]string{}, Documents: map[string][]byte{},
	}
	if document != "" {
		q.Documents["metrics"] = []byte(document)
	}
	for _, text := range said {
		name, value, _ := strings.Cut(text, "=")
		if name == "by" {
			if q.By, err = analysis.ParseBreakdown("by", value); err != nil {
				t.Fatal(err)
			}
			continue
		}
		q.Said[name] = append(q.Said[name], value)
	}
	return q
}

// answer is the same of lives in one part and in three, and reads no column that it did not ask for.
func answer(t testing.TB, q analysis.Question, lives [][]step.Row) analysis.Answer {
	t.Helper()
	plan, err := custom.Analysis(model.Metrics).Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	seen := analysis.Seen(lives, plan, q)
	a, err := plan.Answer(analysis.Listing(seen, 1))
	if err != nil {
		t.Fatal(err)
	}
	b, err := plan.Answer(analysis.Listing(seen, 3))
	if err != nil {
		t.Fatal(err)
	}
	one, _ := json.Marshal(a)
	if three, _ := json.Marshal(b); string(one) != string(three) {
		t.Fatalf("in one part it is %s, in three %s", one, three)
	}
	return a
}

// lines are the rows of a table as texts.
func lines(table analysis.Table) []string {
	out := make([]string, 0, len(table.Rows))
	for _, row := range table.Rows {
		texts := make([]string, len(row))
		for i, v := range row {
			texts[i] = v.String()
		}
		out = append(out, strings.Join(texts, "|"))
	}
	return out
}

// kpiLines are rows of KPIs as the analysis writes them.
func kpiLines(start string, rows []kpi.Row) []string {
	var out []string
	for _, r := range rows {
		low, high := report.Bounds(r)
		fixed := func(text string, digits int) string {
			if text == "" || r.IsMoney() {
				return text
			}
			f, _ := new(big.Rat).SetString(text)
			return f.FloatString(digits)
		}
		value := report.Value(r)
		if r.Denominator != nil {
			value = fixed(value, 12)
		}
		texts := []string{start, string(r.Metric)}
		if r.Dimension != kpi.Whole {
			texts = append(texts, r.Value)
		}
		texts = append(texts, value, r.Unit, fixed(low, 10), fixed(high, 10), string(r.Interval.Method), report.Numerator(r), report.Denominator(r), strconv.FormatInt(r.N, 10))
		out = append(out, strings.Join(texts, "|"))
	}
	return out
}

// near says whether lines are the same but for the last digits of what was rounded twice.
func near(a, b string) bool {
	x, y := strings.Split(a, "|"), strings.Split(b, "|")
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		p, isP := new(big.Rat).SetString(x[i])
		q, isQ := new(big.Rat).SetString(y[i])
		if x[i] == y[i] || isP && isQ && strings.Contains(x[i], ".") && new(big.Rat).Abs(p.Sub(p, q)).Cmp(big.NewRat(1, 1_000_000)) < 0 {
			continue
		}
		return false
	}
	return true
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !near(got[i], want[i]) {
			t.Fatalf("%s: row %d of %d and %d differs:\n got %s\nwant %s", what, i, len(got), len(want), at(got, i), at(want, i))
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "nothing"
}

// Numbers of docs/kpi.md are those of GET /v1/kpis: the same lives both ways, all metrics, all dimensions.
func TestEqualsKPIs(t *testing.T) {
	t.Parallel()
	d, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	lives := analysistest.Lives(4, 60)
	for _, grain := range []period.Grain{period.Month, period.Period} {
		counted := map[period.Window]measure.Totals{}
		q := asking(t, "", "grain="+string(grain))
		var windows []period.Window
		for from := q.From; from.Before(q.To); from = windows[len(windows)-1].End {
			w := period.Window{Start: q.From, End: q.To}
			if grain != period.Period {
				w = q.Calendar.At(grain, from)
			}
			windows, counted[w] = append(windows, w), d.Set().Empty()
			for _, life := range lives {
				d.Set().Add(counted[w], measure.Of(step.Between(life, event.At(w.Start), event.At(w.End))))
			}
		}
		for _, dimension := range measure.Dimensions {
			said := []string{"grain=" + string(grain)}
			if dimension != kpi.Whole {
				said = append(said, "by="+string(dimension))
			}
			got := answer(t, asking(t, "", said...), lives)
			var whole, values []string
			for _, w := range windows {
				start := q.Instant(event.At(w.Start))
				rows, _ := d.View(kpi.View{Currency: "EUR", By: []kpi.Dimension{kpi.Whole}}, counted[w])
				whole = append(whole, kpiLines(start, rows)...)
				rows, _ = d.View(kpi.View{Currency: "EUR", By: []kpi.Dimension{dimension}}, counted[w])
				values = append(values, kpiLines(start, rows)...)
			}
			same(t, fmt.Sprintf("%s by %q, whole", grain, dimension), lines(got.Tables[0]), whole)
			if dimension != kpi.Whole {
				same(t, fmt.Sprintf("%s by %s", grain, dimension), lines(got.Tables[1]), values)
			}
		}
	}
}

// A metric that is asked for alone reads enough columns, by any dimension.
func TestEachMetricAlone(t *testing.T) {
	t.Parallel()
	d, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	lives := analysistest.Lives(5, 20)
	for _, by := range []string{"", "channel", "page", "property.plan"} {
		said := []string{}
		if by != "" {
			said = append(said, "by="+by)
		}
		all := answer(t, asking(t, "", said...), lives)
		for _, m := range d.Metrics {
			alone := answer(t, asking(t, "", append(said, "metric="+string(m.Name))...), lives)
			for i := range all.Tables {
				want := slices.DeleteFunc(lines(all.Tables[i]), func(line string) bool { return strings.Split(line, "|")[1] != string(m.Name) })
				same(t, fmt.Sprintf("%s by %q", m.Name, by), lines(alone.Tables[i]), want)
			}
		}
	}
}

// By a property and by RFM segment each number is that of the steps, or the persons, of the value, counted as a whole of their own.
func TestByWhatNoCellHas(t *testing.T) {
	t.Parallel()
	d, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	lives := analysistest.Lives(6, 80)
	q := asking(t, "", "rfm=yes")
	classes := rfm.Classes(analysis.Listing(lives, 1), q.Calendar, buyer.Rules{Known: q.Known(), Currency: "EUR"})
	for said, valueOf := range map[string]func(r step.Row) string{
		"by=property.plan":   func(r step.Row) string { return cmp.Or(r.Properties.Property("plan"), "unknown") },
		"by=session_channel": func(r step.Row) string { return cmp.Or(r.SessionChannel, "unknown") },
		"rfm=yes":            func(r step.Row) string { return string(classes(r.Person)) },
	} {
		totals := map[string]measure.Totals{}
		for _, life := range lives {
			parts := map[string][]step.Row{}
			for _, r := range step.Between(life, q.Start(), q.End()) {
				parts[valueOf(r)] = append(parts[valueOf(r)], r)
			}
			for value, rows := range parts {
				if totals[value].Groups == nil {
					totals[value] = d.Set().Empty()
				}
				d.Set().Add(totals[value], measure.Of(rows))
			}
		}
		var want []string
		for _, m := range d.Metrics {
			for _, value := range slices.Sorted(maps.Keys(totals)) {
				rows, _ := d.View(kpi.View{Currency: "EUR", By: []kpi.Dimension{kpi.Whole}}, totals[value])
				for _, r := range rows {
					hasNothing := r.N == 0 && (r.Numerator.IsZero() || r.IsMoney())
					if r.Metric == m.Name && !hasNothing && slices.Contains(m.Dimensions, measure.ByCampaign) {
						r.Dimension, r.Value = measure.ByCampaign, value
						want = append(want, kpiLines(q.Instant(q.Start()), []kpi.Row{r})...)
					}
				}
			}
		}
		got := answer(t, asking(t, "", said), lives)
		same(t, said, lines(got.Tables[1]), want)
		if len(want) < 50 || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "stage_persons, stage_conversion") {
			t.Errorf("%s: %d rows, and notes %q", said, len(want), got.Notes)
		}
	}
}

const own = `{"metrics": [
 {"name": "detractors", "persons": {"name": "Survey Answered", "properties": {"survey_type": {"equals": "nps"}, "score": {"at_most": 6}}}},
 {"name": "cart_views", "count": {"type": "page", "page": {"prefix": "/cart"}}},
 {"name": "scores", "unit": "points", "sum": {"property": "score", "when": {"name": "Survey *"}}},
 {"name": "mean_score", "mean": {"property": "score", "when": {"name": "Survey Answered", "channel": ["email", "direct"]}}},
 {"name": "pro_share", "ratio": {"of": {"persons": {"properties": {"plan": {"in": ["pro", "team"]}}}}, "to": {"persons": {}}}},
 {"name": "views_per_order", "ratio": {"of": {"count": {"type": "page"}}, "to": {"count": {"name": "Order Completed"}}}},
 {"name": "cost_per_buyer", "ratio": {"of": {"sum": {"property": "cost"}}, "to": {"persons": {"enters": "purchase"}}}}
]}`

// byHand counts one of these metrics of a row by its words: what it adds to y and x, in millionths of sums.
func byHand(name string, r step.Row) (y, x int64) {
	said := r.Properties.All()
	score, scoreErr := strconv.Atoi(said["score"])
	is := func(holds bool) int64 {
		if holds {
			return 1
		}
		return 0
	}
	switch name {
	case "detractors":
		return is(r.Event == "Survey Answered" && said["survey_type"] == "nps" && scoreErr == nil && score <= 6), 0
	case "cart_views":
		return is(r.Type == event.Page && strings.HasPrefix(r.Page, "/cart")), 0
	case "scores":
		return is(strings.HasPrefix(r.Event, "Survey ") && scoreErr == nil) * int64(score) * 1_000_000, 0
	case "mean_score":
		holds := is(r.Event == "Survey Answered" && (r.Channel == "email" || r.Channel == "direct") && scoreErr == nil)
		return holds * int64(score) * 1_000_000, holds
	case "pro_share":
		return is(said["plan"] == "pro" || said["plan"] == "team"), 1
	case "views_per_order":
		return is(r.Type == event.Page), is(r.Event == "Order Completed")
	}
	cost, _ := new(big.Rat).SetString(cmp.Or(said["cost"], "0"))
	millionths, _ := cost.Mul(cost, big.NewRat(1_000_000, 1)).Float64()
	return int64(millionths + .5), is(r.Stage == "purchase" && r.StageBefore != "purchase")
}

// Own metrics are what counting by hand gives, person by person, with intervals of the right kind.
func TestOwnMetricsEqualTheRecount(t *testing.T) {
	t.Parallel()
	metrics, err := custom.Parse([]byte(own))
	if err != nil {
		t.Fatal(err)
	}
	lives := analysistest.Lives(8, 100)
	for by, valueOf := range map[string]func(r step.Row) string{
		"channel":       func(r step.Row) string { return cmp.Or(r.Channel, "unknown") },
		"property.plan": func(r step.Row) string { return cmp.Or(r.Properties.Property("plan"), "unknown") },
	} {
		said := []string{"by=" + by, "grain=month"}
		for _, m := range metrics {
			said = append(said, "metric="+m.Name)
		}
		q := asking(t, own, said...)
		got := map[string]bool{}
		a := answer(t, q, lives)
		for _, line := range slices.Concat(lines(a.Tables[0]), lines(a.Tables[1])) {
			parts := strings.Split(line, "|")
			got[strings.Join(append(parts[:len(parts)-8:len(parts)-8], parts[len(parts)-3:]...), "|")] = true // without value and interval
		}
		want := map[string]bool{}
		for from := q.From; from.Before(q.To); from = q.Calendar.At(period.Month, from).End {
			w := q.Calendar.At(period.Month, from)
			for _, m := range metrics {
				sums := map[string][3]int64{"": {}} // y, x, persons
				for _, life := range lives {
					mine := map[string][2]int64{}
					for _, r := range step.Between(life, event.At(w.Start), event.At(w.End)) {
						y, x := byHand(m.Name, r)
						for _, value := range []string{"", valueOf(r)} {
							mine[value] = [2]int64{mine[value][0] + y, mine[value][1] + x}
						}
					}
					for value, yx := range mine {
						if m.Numerator.Of == custom.Persons {
							yx[0] = min(yx[0], 1)
						}
						if m.Denominator.Of == custom.Persons {
							yx[1] = min(yx[1], 1)
						}
						persons := min(yx[1], 1)
						if m.Denominator.Of == "" {
							persons = min(yx[0], 1)
						}
						sums[value] = [3]int64{sums[value][0] + yx[0], sums[value][1] + yx[1], sums[value][2] + persons}
					}
				}
				for value, s := range sums {
					if value != "" && s[0] == 0 && s[1] == 0 {
						continue
					}
					numerator, denominator := strconv.FormatInt(s[0], 10), ""
					if m.Numerator.Of == custom.Sum {
						numerator = new(big.Rat).SetFrac64(s[0], 1_000_000).FloatString(2)
					}
					if m.Denominator.Of != "" {
						denominator = strconv.FormatInt(s[1], 10)
					}
					parts := []string{q.Instant(event.At(w.Start)), m.Name}
					if value != "" {
						parts = append(parts, value)
					}
					want[strings.Join(append(parts, numerator, denominator, strconv.FormatInt(s[2], 10)), "|")] = true
				}
			}
		}
		for line := range want {
			if !got[line] {
				t.Errorf("by %s there is no row %s", by, line)
			}
		}
		if len(got) != len(want) {
			t.Errorf("by %s there are %d rows, want %d", by, len(got), len(want))
		}
	}
}

// A worked example, that of docs/analyses/metrics.md.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	answered := func(person string, day int, kind, score string) step.Row {
		return step.Row{
			Person: event.Identifier("user:" + person), At: event.At(time.Date(2026, 3, day, 12, 0, 0, 0, time.UTC)), Type: event.Track, Event: "Survey Answered", Session: 1,
			Channel: "email", Properties: step.SaidOf(map[string]string{"survey_type": kind, "score": score, "scale": map[string]string{"csat": "5"}[kind]}),
		}
	}
	lives := [][]step.Row{
		{answered("a", 2, "nps", "10"), answered("a", 3, "csat", "2")},
		{answered("b", 2, "nps", "9")},
		{answered("c", 2, "nps", "3")},
		{answered("d", 2, "nps", "8")},
		{answered("e", 2, "", "3")}, // no type is guessed
	}
	document := `{"metrics": [{"name": "unhappy", "persons": {"name": "Survey Answered", "properties": {"score": {"at_most": 6}}}}]}`
	got := lines(answer(t, asking(t, document, "metric=nps", "metric=csat", "metric=unhappy"), lives).Tables[0])
	want := []string{
		"2026-03-01T00:00:00Z|nps|25.000000000000|points|-56.2558142416|100.0000000000|score|1|4|4",
		"2026-03-01T00:00:00Z|csat|0.000000000000|ratio|0.0000000000|0.7934506856|wilson|0|1|1",
		"2026-03-01T00:00:00Z|unhappy|3|persons||||3||3",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Of too many values of an own metric those with the largest numbers have rows, and a note counts the others.
func TestTooManyValues(t *testing.T) {
	t.Parallel()
	var life []step.Row
	for i := range kpi.MaxMembers + 3 {
		row := step.Row{At: event.At(time.Date(2026, 4, 1, 0, 0, i, 0, time.UTC)), Type: event.Track, Event: "x", Properties: step.SaidOf(map[string]string{"n": fmt.Sprintf("%03d", i)})}
		if life = append(life, row); i < 2 {
			life = append(life, row)
		}
	}
	got := answer(t, asking(t, `{"metrics":[{"name":"steps","count":{}}]}`, "metric=steps", "by=property.n"), [][]step.Row{life})
	rows := lines(got.Tables[1])
	if len(rows) != kpi.MaxMembers || rows[0] != "2026-03-01T00:00:00Z|steps|000|2|count||||2||1" || !strings.HasSuffix(rows[499], "|499|1|count||||1||1") {
		t.Errorf("%d rows, first %s, last %s", len(rows), rows[0], rows[len(rows)-1])
	}
	if want := "steps: 3 values of property.n with the smallest numbers have no row; at most 500 of a window have one."; !slices.Contains(got.Notes, want) {
		t.Errorf("notes are %q", got.Notes)
	}
}

func BenchmarkAnswer(b *testing.B) {
	lives := analysistest.Lives(1, 5000)
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	for _, said := range []string{"by=channel", "by=property.plan", "grain=month by=channel metric=conversion_rate"} {
		q := asking(b, "", strings.Fields(said)...)
		plan, err := custom.Analysis(model.Metrics).Prepare(q)
		if err != nil {
			b.Fatal(err)
		}
		seen := analysis.Seen(lives, plan, q)
		b.Run(said, func(b *testing.B) {
			for b.Loop() {
				if _, err := plan.Answer(analysis.Listing(seen, 2)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps), "ns/step")
		})
	}
}
