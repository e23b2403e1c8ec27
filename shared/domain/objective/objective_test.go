package objective_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/objective"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/testing/seed"
)

func question(t testing.TB, documents map[string]string, now time.Time) analysis.Question {
	t.Helper()
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	q := analysis.Question{
		Calendar: calendar, From: analysistest.Begin, To: analysistest.End, Now: event.At(now), Currency: "EUR", Said: map[string][]string{}, Documents: map[string][]byte{},
	}
	for kind, text := range documents {
		q.Documents[kind] = []byte(text)
	}
	return q
}

func answer(t testing.TB, q analysis.Question, lives [][]step.Row, parts int) analysis.Answer {
	t.Helper()
	plan, err := objective.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), parts))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// orders makes an order at noon of each day from a date on: of a number of days with so many each.
func orders(from string, perDay ...int) (lives [][]step.Row) {
	for i, n := range perDay {
		for k := range n {
			lives = append(lives, []step.Row{{
				Person: event.Identifier(fmt.Sprintf("user:%s-%d-%d", from, i, k)), At: event.At(day(from).AddDate(0, 0, i).Add(12 * time.Hour)), Type: event.Track,
				Event: "Order Completed", Session: 1, SessionStart: true, FirstEver: true, StageBefore: "", Stage: "purchase",
				Order: &step.Order{Kind: event.Completed, Amount: 10_000_000, Currency: "EUR", Number: 1, Origin: step.Origin{Channel: []string{"email", "direct"}[k%2]}},
			}})
		}
	}
	return lives
}

func one(metric, more string) string {
	return fmt.Sprintf(`{"objectives": [{"name": "a", "metric": %q, "owner": "Ann", "from": "2026-03-01", "to": "2026-03-31", %s}]}`, metric, more)
}

func repeat(n, times int) []int { return slices.Repeat([]int{n}, times) }

// Each status, with the whole row.
func TestStatus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		document string
		lives    [][]step.Row
		now      string
		want     string // target value expected pace projected status certain
	}{
		"before its time":          {one("orders", `"target": 300, "direction": "at_least"`), orders("2026-02-20", repeat(9, 5)...), "2026-02-25", "300   linear  not begun "},
		"on its pace, just":        {one("orders", `"target": 300, "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "300 150 150.00 linear 300.00 on track no"},
		"behind, and surely":       {one("orders", `"target": 900, "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "900 150 450.00 linear 300.00 behind yes"},
		"reached before the end":   {one("orders", `"target": 100, "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "100 150  linear  reached yes"},
		"missed at the end":        {one("orders", `"target": 301, "direction": "at_least"`), orders("2026-03-01", repeat(10, 30)...), "2026-04-16", "301 300  linear  missed yes"},
		"at most, exceeded":        {one("orders", `"target": 100, "direction": "at_most"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "100 150  linear  missed yes"},
		"at most, kept":            {one("orders", `"target": 300, "direction": "at_most"`), orders("2026-03-01", repeat(10, 30)...), "2026-04-01", "300 300  linear  reached yes"},
		"at most, kept so far":     {one("orders", `"target": 900, "direction": "at_most"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "900 150 450.00 linear 300.00 on track yes"},
		"money":                    {one("revenue", `"currency": "eur", "target": "3000.00", "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "3000.00 1500.00 1500.00 linear 3000.00 on track no"},
		"net revenue may fall":     {one("net_revenue", `"currency": "EUR", "target": 1000, "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "1000.00 1500.00 500.00 linear 3000.00 on track yes"},
		"a value of a dimension":   {one("orders", `"where": "channel:email", "target": 300, "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "300 75 150.00 linear 150.00 behind yes"},
		"a rate":                   {one("conversion_rate", `"target": 0.9, "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "0.900000 1.0000  none 1.000000 on track yes"},
		"a rate at its end":        {one("conversion_rate", `"target": "1", "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-04-16", "1.000000 1.0000  none  reached yes"},
		"a rate of nobody":         {one("conversion_rate", `"target": 0.9, "direction": "at_least"`), nil, "2026-03-16", "0.900000   none  behind "},
		"few days project nothing": {one("orders", `"target": 300, "direction": "at_least"`), orders("2026-03-01", repeat(10, 3)...), "2026-03-04", "300 30 30.00 linear  on track "},
		"persons project nothing":  {one("buyers", `"target": 300, "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "2026-03-16", "300 150 150.00 linear  on track "},
		"half a day":               {one("orders", `"target": 300, "direction": "at_least"`), orders("2026-03-01", repeat(10, 15)...), "half", "300 150 155.00 linear 290.32 behind no"},
	} {
		now := day("2026-03-16").Add(12 * time.Hour)
		if c.now != "half" {
			now = day(c.now)
		}
		got := answer(t, question(t, map[string]string{"objectives": c.document}, now), c.lives, 2).Tables[0].Rows[0]
		var texts []string
		for _, v := range got[8:] {
			texts = append(texts, v.String())
		}
		if text := strings.Join(texts, " "); text != c.want {
			t.Errorf("%s:\n got %q\nwant %q", name, text, c.want)
		}
	}
}

// A seasonal pace asks on a Monday what Mondays had before; without anything before it is linear, and says so.
func TestSeasonalPace(t *testing.T) {
	t.Parallel()
	document := one("orders", `"target": 1000, "direction": "at_least", "pace": "seasonal"`)
	before := make([]int, 59) // 2026-01-01 is a Thursday
	for i := range before {
		before[i] = []int{1, 1, 1, 1, 9, 1, 1}[(i+3)%7] // Fridays have nine
	}
	lives := slices.Concat(orders("2026-01-01", before...), orders("2026-03-01", 33))
	got := answer(t, question(t, map[string]string{"objectives": document}, day("2026-03-07")), lives, 1).Tables[0].Rows[0]
	// 1 to 6 March are Sunday to Friday: 14 of the 30 days' 30 + 8 × 4 = 62 parts.
	if got[10].String() != "225.81" || got[11].String() != "seasonal" || got[13].String() != objective.Behind {
		t.Errorf("expected %s, pace %s, %s", got[10], got[11], got[13])
	}
	got = answer(t, question(t, map[string]string{"objectives": document}, day("2026-03-07")), orders("2026-03-01", 33), 1).Tables[0].Rows[0]
	if got[10].String() != "200.00" || got[11].String() != "linear" {
		t.Errorf("with nothing before: expected %s, pace %s", got[10], got[11])
	}
}

// Of 300 months whose days vary by chance, the interval that is projected half-way holds what comes in some 95 %.
func TestProjectionHolds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	document := one("orders", `"target": 100000, "direction": "at_least"`)
	held := 0
	const months = 300
	for range months {
		perDay := make([]int, 30)
		sum := 0
		for i := range perDay {
			perDay[i] = r.IntN(13) // mean 6, variance 14
			sum += perDay[i]
		}
		lives := orders("2026-03-01", perDay...)
		low, high, ok := answer(t, question(t, map[string]string{"objectives": document}, day("2026-03-16")), lives, 1).Tables[0].Rows[0][12].Interval()
		if ok && low <= float64(sum) && float64(sum) <= high {
			held++
		}
	}
	if held < 271 || held > 297 { // 285 ± 3.7 σ
		t.Errorf("the interval holds %d of %d times, want about 285", held, months)
	}
}

// A question of a workspace without an objective is answered with that.
func TestWithoutObjectives(t *testing.T) {
	t.Parallel()
	got := answer(t, question(t, nil, analysistest.End), orders("2026-03-01", 3), 1)
	want := "No objective is settled: nothing says which way these numbers should go, or how far. PUT /v1/definitions/objectives, or waymark define objectives."
	if len(got.Tables) != 1 || len(got.Tables[0].Rows) != 0 || !slices.Equal(got.Notes, []string{want}) {
		t.Errorf("got %+v", got)
	}
}

const benchmarks = `{"benchmarks": [{"metric": "conversion_rate", "value": 0.021, "source": "Example Trade Association, yearly survey", "date": "2026-03-01"}]}`

// Benchmarks are off unless they are asked for.
func TestBenchmarks(t *testing.T) {
	t.Parallel()
	q := question(t, map[string]string{"benchmarks": benchmarks}, analysistest.End)
	if got := answer(t, q, orders("2026-03-01", 3), 1); len(got.Tables) != 1 {
		t.Errorf("there are %d tables without asking for benchmarks", len(got.Tables))
	}
	q.Said["benchmarks"] = []string{"on"}
	row := answer(t, q, orders("2026-03-01", 3), 1).Tables[1].Rows[0]
	if text, want := fmt.Sprint(row), "[conversion_rate   0.021000 1.0000 Example Trade Association, yearly survey 2026-03-01]"; text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const good = `"name": "a", "metric": "orders", "target": 5, "direction": "at_least", "from": "2026-01-01", "to": "2026-02-01", "owner": "Ann"`
	for replaced, want := range map[string]string{
		`"a" → "A b"`:                     `bad_objective at objectives[0].name: the name "A b" must be`,
		`"orders" → "clicks"`:             `bad_objective at objectives[0].metric: there is no metric "clicks"`,
		`"orders" → "revenue"`:            `bad_objective at objectives[0].currency: revenue is an amount and needs a currency`,
		`5 → 5.5`:                         `bad_objective at objectives[0].target: of orders this is a whole number from 0 on, not "5.5"`,
		`5 → "many"`:                      `bad_objective at objectives[0].target: of orders this is a whole number`,
		`"at_least" → "up"`:               `bad_objective at objectives[0].direction: direction is at_least or at_most, not "up"`,
		`"2026-01-01" → "January"`:        `bad_objective at objectives[0].from: from and to are dates`,
		`"2026-02-01" → "2026-01-01"`:     `bad_objective at objectives[0].to: an objective is of 1 to 1100 days`,
		`"Ann" → ""`:                      `bad_objective at objectives[0].owner: an objective needs an owner`,
		`"Ann" → "Ann", "stage": "x"`:     `bad_objective at objectives: the document is not as it should be: json: unknown field "stage"`,
		`"Ann" → "Ann", "where": "stage"`: `bad_objective at objectives[0].where: where is DIMENSION:VALUE`,
		`"Ann" → "Ann", "where": "x:y"`:   `bad_parameter at objectives[0].where: there is no dimension "x"`,
		`"Ann" → "Ann", "pace": "fast"`:   `bad_objective at objectives[0].pace: pace is linear or seasonal`,
		`"Ann" → "Ann", "currency":"EUR"`: `bad_objective at objectives[0].currency: orders is no amount`,
	} {
		from, to, _ := strings.Cut(replaced, " → ")
		_, err := objective.Parse([]byte(`{"objectives": [{` + strings.Replace(good, from, to, 1) + `}]}`))
		if err == nil || fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", replaced, err, want)
		}
	}
	for text, want := range map[string]string{
		strings.Replace(benchmarks, "Example Trade Association, yearly survey", " ", 1): "bad_benchmark at benchmarks[0].source: a benchmark needs a source",
		strings.Replace(benchmarks, `, "date": "2026-03-01"`, "", 1):                    "bad_benchmark at benchmarks[0].date: a benchmark needs the date of its source",
		strings.Replace(benchmarks, "0.021", "2.1", 1):                                  "bad_benchmark at benchmarks[0].value: of conversion_rate this is a share of 0 to 1",
	} {
		if _, err := objective.ParseBenchmarks([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	o, err := objective.Parse([]byte(one("revenue", `"where": "channel:email", "currency": "EUR", "target": "12.50", "direction": "at_most"`)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := objective.ParseBenchmarks([]byte(benchmarks))
	if err != nil {
		t.Fatal(err)
	}
	got := append(objective.Describe(o), objective.DescribeBenchmarks(b)...)
	want := []string{
		"a: revenue in EUR of channel email from 2026-03-01 until before 2026-03-31 is to be at most 12.50, with a linear pace; Ann answers for it",
		"conversion_rate is 0.021 according to Example Trade Association, yearly survey, 2026-03-01",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Values of many objectives at once are what each has alone, and parts of lives do not matter.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	entries := []string{
		`"metric": "orders", "where": "channel:email"`, `"metric": "orders"`, `"metric": "revenue", "currency": "USD"`, `"metric": "stage_entries", "where": "stage:decision"`,
		`"metric": "bounce_rate", "where": "device:mobile"`, `"metric": "buyers", "where": "channel:email"`,
	}
	for i := range entries {
		entries[i] = fmt.Sprintf(`{"name": "o%d", %s, "target": 1, "direction": "at_most", "from": "2026-02-01", "to": "2026-05-01", "owner": "Ann", "pace": "seasonal"}`, i, entries[i])
	}
	seed.Each(t, 5, func(t *testing.T, r *rand.Rand) {
		lives := analysistest.Lives(r.Uint64(), 200)
		now := day("2026-03-10").Add(time.Duration(r.IntN(80*24)) * time.Hour)
		whole := answer(t, question(t, map[string]string{"objectives": `{"objectives": [` + strings.Join(entries, ",") + `]}`}, now), lives, 3).Tables[0]
		for i, entry := range entries {
			alone := answer(t, question(t, map[string]string{"objectives": `{"objectives": [` + entry + `]}`}, now), lives, 1).Tables[0]
			a, _ := json.Marshal(whole.Rows[i])
			b, _ := json.Marshal(alone.Rows[0])
			if string(a) != string(b) {
				t.Fatalf("%s is %s among others, and alone %s", entry, a, b)
			}
		}
	})
}

// The example of docs/analyses/objectives.md can be settled, and is described as it says there.
func TestDocumentedExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/analyses/objectives.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	text, rest, _ := strings.Cut(rest, "```")
	all, err := objective.Parse([]byte(text))
	if err != nil || len(all) < 2 {
		t.Fatalf("objectives of the page: %v %v", all, err)
	}
	for _, line := range objective.Describe(all) {
		if !strings.Contains(rest, line) {
			t.Errorf("the page does not say %q", line)
		}
	}
	_, rest, _ = strings.Cut(rest, "```json\n")
	text, _, _ = strings.Cut(rest, "```")
	if b, err := objective.ParseBenchmarks([]byte(text)); err != nil || len(b) == 0 {
		t.Errorf("benchmarks of the page: %v %v", b, err)
	}
}
