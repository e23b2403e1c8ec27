package funnel_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

func question(t testing.TB, zone, from, to, now string, said map[string][]string) analysis.Question {
	t.Helper()
	calendar, err := period.New(zone, time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		bound, err := calendar.ParseBound(text)
		if err != nil {
			t.Fatal(err)
		}
		return bound
	}
	return analysis.Question{Calendar: calendar, From: at(from), To: at(to), Now: event.At(at(now)), Currency: "EUR", Said: said, Documents: map[string][]byte{}}
}

func answer(t testing.TB, lives [][]step.Row, q analysis.Question, parts int) analysis.Answer {
	t.Helper()
	plan, err := funnel.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), parts))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// markdown writes a table as it stands in the documentation.
func markdown(table analysis.Table) string {
	var lines []string
	line := func(cells []string) { lines = append(lines, "| "+strings.Join(cells, " | ")+" |") }
	var names []string
	for _, c := range table.Columns {
		names = append(names, c.Name)
	}
	line(names)
	lines = append(lines, strings.Repeat("|---", len(names))+"|")
	for _, row := range table.Rows {
		var cells []string
		for _, v := range row {
			cells = append(cells, v.String())
		}
		line(cells)
	}
	return strings.Join(lines, "\n")
}

func text(t testing.TB, a analysis.Answer) string {
	t.Helper()
	out, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func tableOf(t testing.TB, a analysis.Answer, name string) analysis.Table {
	t.Helper()
	at := slices.IndexFunc(a.Tables, func(table analysis.Table) bool { return table.Name == name })
	if at < 0 {
		t.Fatalf("there is no table %s", name)
	}
	return a.Tables[at]
}

// person makes a life of "2026-03-01T10:00 Product Viewed (email)" and its like.
func person(t testing.TB, calendar period.Calendar, name string, texts ...string) (rows []step.Row) {
	t.Helper()
	for _, text := range texts {
		when, rest, _ := strings.Cut(text, " ")
		at, err := time.ParseInLocation("2006-01-02T15:04", when, calendar.Local(time.Unix(0, 0)).Location())
		if err != nil {
			t.Fatal(err)
		}
		what, channel, _ := strings.Cut(strings.TrimSuffix(rest, ")"), " (")
		r := step.Row{Person: event.Identifier(name), At: event.At(at), Type: event.Track, Event: what, Channel: channel, SessionChannel: channel, Session: 1}
		if what == event.OrderCompleted {
			r.Order = &step.Order{Kind: event.Completed, Currency: "EUR"}
			r.Order.Origin = r.OwnOrigin()
		}
		rows = append(rows, r)
	}
	return rows
}

// TestExample is the worked example of docs/analyses/funnel.md: the funnel of feature row C40, asked for while windows are open. Its period holds the
// day of 23 hours in Berlin, and a window that is counted in hours.
func TestExample(t *testing.T) {
	t.Parallel()
	q := question(t, "Europe/Berlin", "2026-03-27", "2026-04-01", "2026-04-01", map[string][]string{
		"step": {"Product Viewed", "Product Added", "order"}, "window": {"72h"},
	})
	lives := [][]step.Row{
		person(t, q.Calendar, "anna", "2026-03-27T10:00 Product Viewed (email)", "2026-03-27T10:10 Product Added (email)", "2026-03-30T10:00 Order Completed (direct)"),
		person(t, q.Calendar, "ben", "2026-03-27T12:00 Product Viewed (email)", "2026-03-28T12:00 Product Added (direct)", "2026-03-31T12:00 Order Completed (direct)"),
		person(t, q.Calendar, "cleo", "2026-03-28T01:00 Product Viewed (email)"),
		person(t, q.Calendar, "dora", "2026-03-30T09:00 Product Viewed (direct)", "2026-03-30T09:30 Product Added (direct)"),
		person(t, q.Calendar, "emil", "2026-03-31T23:00 Product Viewed (direct)"),
		person(t, q.Calendar, "fay", "2026-03-30T08:00 Product Added (email)", "2026-03-30T08:01 Order Completed (email)"),
		person(t, q.Calendar, "gus", "2026-03-28T20:00 Product Viewed (email)", "2026-03-28T20:05 Product Added (email)", "2026-03-28T20:20 Order Completed (email)", "2026-03-31T20:20 Product Viewed (email)"),
	}
	by, err := analysis.ParseBreakdown("by", "channel")
	if err != nil {
		t.Fatal(err)
	}
	q.By = by
	a := answer(t, lives, q, 1)
	want := map[string]string{
		"summary": `| entered | converted | open | lost | conversion | conversion_decided |
|---|---|---|---|---|---|
| 6 | 2 | 2 | 2 | 0.3333 | 0.3333 |`,
		"steps": `| number | step | required | persons | conversion | step_conversion | open | lost | excluded |
|---|---|---|---|---|---|---|---|---|
| 1 | Product Viewed | yes | 6 | 1.0000 | 1.0000 | 1 | 1 | 0 |
| 2 | Product Added | yes | 4 | 0.6667 | 0.6667 | 1 | 1 | 0 |
| 3 | order | yes | 2 | 0.3333 | 0.5000 |  |  |  |`,
		"by": `| channel | number | step | required | persons | conversion | step_conversion | open | lost | excluded |
|---|---|---|---|---|---|---|---|---|---|
| email | 1 | Product Viewed | yes | 4 | 1.0000 | 1.0000 | 0 | 1 | 0 |
| email | 2 | Product Added | yes | 3 | 0.7500 | 0.7500 | 0 | 1 | 0 |
| email | 3 | order | yes | 2 | 0.5000 | 0.6667 |  |  |  |
| direct | 1 | Product Viewed | yes | 2 | 1.0000 | 1.0000 | 1 | 0 | 0 |
| direct | 2 | Product Added | yes | 1 | 0.5000 | 0.5000 | 1 | 0 | 0 |
| direct | 3 | order | yes | 0 | 0.0000 | 0.0000 |  |  |  |`,
		"open": `| closes | persons |
|---|---|
| 2026-04-02 | 1 |
| 2026-04-03 | 1 |`,
		"times": `| from_step | to_step | persons | median | p90 |
|---|---|---|---|---|
| Product Viewed | Product Added | 4 | 600.000 | 86400.000 |
| Product Added | order | 2 | 900.000 | 255000.000 |
| Product Viewed | order | 2 | 1200.000 | 255600.000 |`,
	}
	page, err := os.ReadFile("../../../docs/analyses/funnel.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if got := markdown(tableOf(t, a, name)); got != text {
			t.Errorf("table %s is\n%s\nwant\n%s", name, got, text)
		}
		if !strings.Contains(string(page), text) {
			t.Errorf("docs/analyses/funnel.md does not show table %s:\n%s", name, text)
		}
	}
	later := q
	later.Now = event.At(q.To.AddDate(0, 0, 30))
	if got := markdown(tableOf(t, answer(t, lives, later, 1), "summary")); !strings.HasSuffix(got, "| 6 | 2 | 0 | 4 | 0.3333 | 0.3333 |") {
		t.Errorf("when all windows are over:\n%s", got)
	}
}

// TestTables recounts tables of random lives from the outcomes of single persons, holds them to their sums, and parts the persons otherwise.
func TestTables(t *testing.T) {
	t.Parallel()
	const seed = 60
	lives := analysistest.Lives(seed, 400)
	seen := 0
	for i, said := range []map[string][]string{
		{"step": {"Product Viewed", "Product Added?", "Checkout Started", "order"}, "window": {"20d"}},
		{"step": {"page:/*", "*", "order"}, "order": {"strict"}, "among": {"activities"}},
		{"step": {"Product Viewed", "Products Searched", "order"}, "order": {"unordered"}, "window": {"10d"}, "without": {"Payment Failed"}},
		{"step": {"Product Viewed[plan=pro]", "channel:email"}, "within": {"session"}},
		{"step": {"Product Viewed", "order"}, "without": {"Payment Failed@1-2"}, "within": {"period"}, "entry": {"first"}, "collapse": {"event"}},
		{"funnel": {"stages"}, "window": {"90d"}},
		{"step": {"order", "order"}, "window": {"60d"}},
		{"step": {"Product Viewed", "Checkout Started", "Products Searched?"}, "order": {"unordered"}, "window": {"60d"}},
	} {
		q := question(t, "Europe/London", "2026-02-01", "2026-04-15", "2026-05-01", said)
		q.By, _ = analysis.ParseBreakdown("by", []string{"channel", "country", "property.plan", "device"}[i%4])
		q.Documents["stages"] = []byte(`["awareness","consideration","decision","purchase","post-purchase","loyalty"]`)
		a := answer(t, lives, q, 1)
		if one, three := text(t, a), text(t, answer(t, lives, q, 3)); one != three {
			t.Errorf("seed %d, question %d: three parts give\n%s\none gives\n%s", seed, i, three, one)
		}
		f, err := funnel.Asked(q)
		if err != nil {
			t.Fatal(err)
		}
		in := funnel.Bounds{Start: q.Start(), End: q.End(), Now: q.Now}
		var states [4]int64
		byValue := map[string]int64{}
		for _, life := range lives { // whole, with all columns
			o := f.Of(life, in)
			if states[o.State]++; o.State != funnel.Outside {
				byValue[funnel.ValueOf(q.By, &life[o.Entry])]++
			}
		}
		got := tableOf(t, a, "summary").Rows[0]
		want := fmt.Sprint(states[1]+states[2]+states[3], states[funnel.Converted], states[funnel.Open], states[funnel.Lost])
		if fmt.Sprint(got[0], got[1], got[2], got[3]) != want {
			t.Errorf("question %d: %s %s %s %s, want %s", i, got[0], got[1], got[2], got[3], want)
		}
		if states[funnel.Converted] > 0 {
			seen++
		}
		checkSums(t, a, states, f.Required())
		for _, row := range tableOf(t, a, "by").Rows {
			if row[1].String() == "1" && f.Order != funnel.Unordered && row[4].String() != fmt.Sprint(byValue[row[0].String()]) {
				t.Errorf("question %d: %s of %s, want %d", i, row[4], row[0], byValue[row[0].String()])
			}
		}
	}
	if seen < 8 {
		t.Errorf("nobody converts in %d of 8 funnels", 8-seen)
	}
}

// checkSums asks that nobody is missing and nobody is there twice.
func checkSums(t *testing.T, a analysis.Answer, states [4]int64, required int) {
	t.Helper()
	count := func(v analysis.Value) int64 { n, _ := v.Counts(); return n }
	steps, by := tableOf(t, a, "steps"), map[string]int64{}
	for _, row := range tableOf(t, a, "by").Rows {
		for _, c := range []int{4, 7, 8, 9} {
			by[row[1].String()+steps.Columns[c-1].Name] += count(row[c])
		}
	}
	var rest, done int64
	for i, row := range steps.Rows {
		for _, c := range []int{3, 6, 7, 8} {
			if by[row[0].String()+steps.Columns[c].Name] != count(row[c]) {
				t.Errorf("values of step %d add up to %d in column %s, want %s", i+1, by[row[0].String()+steps.Columns[c].Name], steps.Columns[c].Name, row[c])
			}
		}
		for _, rate := range row[4:6] {
			if k, n := rate.Counts(); k > n {
				t.Errorf("step %d: %d of %d", i+1, k, n)
			}
		}
		if row[2].String() == "no" {
			continue
		}
		if done > 0 && count(row[3])+rest != done {
			t.Errorf("step %d: %d of %d persons, and %d left", i+1, count(row[3]), done, rest)
		}
		done, rest = count(row[3]), count(row[6])+count(row[7])
		required--
	}
	if done != states[funnel.Converted] || rest != 0 || required != 0 {
		t.Errorf("%d converted at the last step, want %d", done, states[funnel.Converted])
	}
	var open int64
	for _, row := range tableOf(t, a, "open").Rows {
		open += count(row[1])
	}
	if open != states[funnel.Open] {
		t.Errorf("open windows of %d persons, want %d", open, states[funnel.Open])
	}
}

func BenchmarkFunnel(b *testing.B) {
	lives := analysistest.Lives(1, 20_000)
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	q := question(b, "Europe/London", "2026-01-01", "2026-07-01", "2026-07-01", map[string][]string{"step": {"Product Viewed", "Product Added", "order"}})
	plan, err := funnel.Analysis().Prepare(q)
	if err != nil {
		b.Fatal(err)
	}
	seen := analysis.Listing(lives, 2)
	for b.Loop() {
		if _, err := plan.Answer(seen); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps), "ns/step")
}
