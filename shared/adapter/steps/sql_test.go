package steps_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"waymark/shared/adapter/steps"
	"waymark/shared/domain/event"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

const (
	docsPath = "../../../docs/steps.md"
	python   = "../../../.venv-duckdb/bin/python"
)

// duckDB runs statements and prints what the queries answer, as texts. It has no other threads and no network.
const duckDB = `
import duckdb, json, sys
work = json.load(sys.stdin)
db = duckdb.connect(config={"threads": 1})
db.execute("set enable_progress_bar = false") # it would be in the answer
for statement in work["setup"]:
    db.execute(statement)
def text(v):
    return "" if v is None else repr(v) if isinstance(v, float) else str(v)
answers = []
for query in work["queries"]:
    rows = db.execute(query).fetchall()
    answers.append([[c[0] for c in db.description]] + [[text(v) for v in row] for row in rows])
json.dump(answers, sys.stdout)
`

func ask(t *testing.T, setup, queries []string) [][][]string {
	t.Helper()
	work, err := json.Marshal(map[string][]string{"setup": setup, "queries": queries})
	must(t, err)
	command := exec.CommandContext(t.Context(), python, "-c", duckDB)
	var complaint bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(work), &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("DuckDB: %v\n%s", err, complaint.String())
	}
	var answers [][][]string
	must(t, json.Unmarshal(out, &answers))
	return answers
}

var (
	sqlBlock    = regexp.MustCompile("(?s)```sql\n(.*?)```\n")
	answerBlock = regexp.MustCompile("(?s)(```sql\n[^`]*```\n)\n(?:\\|[^\n]*\n)+")
)

// TestQuestions runs the SQL of docs/steps.md with DuckDB on objects of ours. What it answers is what stands there, and
// what Go counts.
func TestQuestions(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(python); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("DuckDB is not installed: %v; run make duckdb", err)
		}
		t.Skip("DuckDB is not installed: run make duckdb")
	}
	all := lives()
	folder := t.TempDir()
	for key, body := range written(t, all) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(folder, key)), 0o700))
		must(t, os.WriteFile(filepath.Join(folder, key), body, 0o600))
	}
	page, err := os.ReadFile(docsPath)
	must(t, err)
	var blocks []string
	for _, m := range sqlBlock.FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, m[1])
	}
	view, athena, questions := strings.ReplaceAll(blocks[0], "s3://BUCKET", folder), blocks[1], blocks[2:]
	rows := regexp.MustCompile(`(?s)read_parquet\(.*?}\)`).FindString(view)
	answers := ask(t, []string{view}, questions)
	other := ask(t, []string{fmt.Sprintf(`create view step_rows as select * exclude (filename), filename as "$path" from %s`, rows), athena}, questions)
	want := [][][]string{
		touchpointsAndPersons(all), conversion(all), revenue(all), retention(all), timeToOrder(all), funnel(all), bounces(all),
	}
	for i, answer := range answers {
		if !slices.EqualFunc(answer[1:], want[i], slices.Equal) {
			t.Errorf("question %d: DuckDB answers\n%swe count\n%s", i+1, table(answer), table(append(answer[:1:1], want[i]...)))
		}
		if table(other[i]) != table(answer) {
			t.Errorf("question %d: by the view for Athena the answer is\n%swant\n%s", i+1, table(other[i]), table(answer))
		}
	}
	if len(want) != len(questions) || os.Getenv("UPDATE_GOLDEN") == "" {
		checkDocs(t, string(page), answers)
		return
	}
	must(t, os.WriteFile(docsPath, []byte(withAnswers(string(page), answers)), 0o644))
}

func checkDocs(t *testing.T, page string, answers [][][]string) {
	t.Helper()
	if got := withAnswers(page, answers); got != page {
		t.Errorf("the answers in docs/steps.md are not those of DuckDB: run make golden and review the diff")
	}
}

// withAnswers is the page with the answer behind each question.
func withAnswers(page string, answers [][][]string) string {
	head, rest, _ := strings.Cut(page, "## Seven questions\n")
	rest = answerBlock.ReplaceAllString(rest, "$1")
	i := 0
	rest = sqlBlock.ReplaceAllStringFunc(rest, func(block string) string {
		i++
		return block + "\n" + table(answers[i-1])
	})
	return head + "## Seven questions\n" + rest
}

// table is rows as Markdown, the first being the names.
func table(rows [][]string) string {
	var b strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
	return b.String()
}

// TestLivesRoundTrip: what the runs wrote is read as the lives are.
func TestLivesRoundTrip(t *testing.T) {
	t.Parallel()
	all := lives()
	o := written(t, all)
	table := steps.New(o)
	listed, err := table.Days(t.Context(), "shop")
	must(t, err)
	var days []string
	for _, d := range listed {
		days = append(days, d.Key)
	}
	got := map[event.Identifier][]step.Row{}
	for rows, err := range table.Steps(t.Context(), "shop", days, step.AllColumns) {
		must(t, err)
		got[rows[0].Person] = rows
	}
	for _, want := range all {
		if fmt.Sprint(shown(got[want[0].Person])) != fmt.Sprint(shown(want)) {
			t.Errorf("%s: got %s\nwant %s", want[0].Person, shown(got[want[0].Person]), shown(want))
		}
		delete(got, want[0].Person)
	}
	if len(got) > 0 {
		t.Errorf("there are others: %v", slices.Collect(maps.Keys(got)))
	}
}

func shown(rows []step.Row) string {
	text, _ := json.Marshal(rows)
	return string(text)
}

// ---- The same answers, counted in Go.

func number(n int64) string { return strconv.FormatInt(n, 10) }

func rounded(x float64, decimals int) string {
	unit := math.Pow10(decimals)
	text := strconv.FormatFloat(math.Round(x*unit)/unit, 'g', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func decimal(m int64) string { return fmt.Sprintf("%d.%06d", m/1_000_000, m%1_000_000) }

// totalsIn counts what persons did in days from one to another.
func totalsIn(t [][]step.Row, from, to string) measure.Totals {
	set, err := measure.NewSet([]measure.Definition{
		{Name: "touchpoints", Sum: "touchpoints"},
		{Name: "active", Persons: "touchpoints"},
		{Name: "buyers", Persons: "orders"},
		{Name: "orders", Sum: "orders", PerCurrency: true},
		{Name: "revenue", Amount: measure.Revenue},
		{Name: "refunds", Amount: measure.Refunds},
	})
	if err != nil {
		panic(err)
	}
	totals := set.Empty()
	for _, rows := range t {
		set.Add(totals, measure.Of(in(rows, from, to)))
	}
	return totals
}

func in(rows []step.Row, from, to string) []step.Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r step.Row) bool { return r.At.Day() < from || r.At.Day() > to })
}

// countOf is a number of totals that is not large.
func countOf(t measure.Totals, key measure.Key, name measure.Name) int64 {
	n, _ := t.Number(key, name).Int64()
	return n
}

// values of a dimension that totals hold, sorted.
func values(t measure.Totals, d measure.Dimension) []measure.Key {
	var keys []measure.Key
	for key := range t.Groups {
		if key.Dimension == d {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b measure.Key) int {
		return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.Currency, b.Currency))
	})
	return keys
}

func touchpointsAndPersons(all [][]step.Row) (out [][]string) {
	for _, d := range []string{"2026-03-02", "2026-03-03"} {
		totals := totalsIn(all, d, d)
		for _, key := range values(totals, measure.ByChannel) {
			if n := countOf(totals, key, "touchpoints"); n > 0 {
				out = append(out, []string{d, key.Value, number(n), number(countOf(totals, key, "active"))})
			}
		}
	}
	return out
}

func conversion(all [][]step.Row) (out [][]string) {
	for _, month := range []string{"2026-02", "2026-03"} {
		totals := totalsIn(all, month+"-01", month+"-31")
		for _, key := range values(totals, measure.ByChannel) {
			if active := countOf(totals, key, "active"); active > 0 {
				buyers := countOf(totals, key, "buyers")
				out = append(out, []string{month, key.Value, number(buyers), number(active), rounded(float64(buyers)/float64(active), 4)})
			}
		}
	}
	return out
}

func revenue(all [][]step.Row) (out [][]string) {
	totals := totalsIn(all, "2026-01-01", "2026-03-31")
	for _, key := range values(totals, measure.ByFirstChannel) {
		if key.Currency == "" {
			continue
		}
		sum, orders, refunds := countOf(totals, key, "revenue"), countOf(totals, key, "orders"), countOf(totals, key, "refunds")
		row := []string{key.Value, key.Currency, decimal(sum), number(orders), decimal(refunds), rounded(float64(sum)/float64(money.Unit)/float64(orders), 2)}
		if refunds == 0 {
			row[4] = ""
		}
		out = append(out, row)
	}
	return out
}

func retention(all [][]step.Row) (out [][]string) {
	persons := map[string]map[event.Identifier]bool{}
	for _, rows := range all {
		for _, r := range rows {
			if month := r.At.Day()[:7]; r.IsTouchpoint() && r.FirstMonth == "2026-01" && month <= "2026-06" {
				if persons[month] == nil {
					persons[month] = map[event.Identifier]bool{}
				}
				persons[month][r.Person] = true
			}
		}
	}
	for _, month := range slices.Sorted(maps.Keys(persons)) {
		out = append(out, []string{month, number(int64(len(persons[month]))), rounded(float64(len(persons[month]))/float64(len(persons["2026-01"])), 4)})
	}
	return out
}

func timeToOrder(all [][]step.Row) (out [][]string) {
	type sums struct{ persons, buyers, day, week, longest int64 }
	by := map[string]*sums{}
	const day = 24 * 60 * 60 * 1000
	for _, rows := range all {
		channel := rows[0].FirstChannel
		if by[channel] == nil {
			by[channel] = &sums{}
		}
		s := by[channel]
		s.persons++
		if i := slices.IndexFunc(rows, step.Row.IsFirstOrder); i >= 0 && rows[i].At.Day() <= "2026-06-30" {
			took := int64(rows[i].At - rows[0].At)
			s.buyers++
			s.longest = max(s.longest, took)
			if took < day {
				s.day++
			}
			if took < 7*day {
				s.week++
			}
		}
	}
	for _, channel := range slices.Sorted(maps.Keys(by)) {
		s := by[channel]
		out = append(out, []string{channel, number(s.persons), number(s.buyers), number(s.day), number(s.week), number(s.longest)})
	}
	return out
}

func funnel(all [][]step.Row) (out [][]string) {
	type sums struct{ entries, persons, time int64 }
	by := map[string]*sums{}
	for _, rows := range all {
		seen := map[string]bool{}
		for _, r := range in(rows, "2026-03-01", "2026-03-31") {
			if !r.EntersStage() {
				continue
			}
			if by[r.Stage] == nil {
				by[r.Stage] = &sums{}
			}
			s := by[r.Stage]
			s.entries++
			if !seen[r.Stage] {
				s.persons++
			}
			seen[r.Stage] = true
			if !r.IsTouchpoint() {
				s.time++
			}
		}
	}
	stages := slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(cmp.Compare(by[b].persons, by[a].persons), cmp.Compare(a, b)) })
	for _, stage := range stages {
		out = append(out, []string{stage, number(by[stage].entries), number(by[stage].persons), number(by[stage].time)})
	}
	return out
}

// bounces goes through sessions: those with one page are bounces, and of those without any nobody asks.
func bounces(all [][]step.Row) (out [][]string) {
	type sums struct{ sessions, bounced, pages, seconds int64 }
	by := map[string]*sums{}
	for _, rows := range all {
		pages := map[int]int64{}
		for _, r := range rows {
			if r.Type == event.Page {
				pages[r.Session]++
			}
		}
		for _, r := range in(rows, "2026-03-01", "2026-03-31") {
			if !r.SessionStart || pages[r.Session] == 0 {
				continue
			}
			if by[r.LandingPage] == nil {
				by[r.LandingPage] = &sums{}
			}
			s := by[r.LandingPage]
			s.sessions++
			s.pages += pages[r.Session]
			s.seconds += r.SessionSeconds
			if pages[r.Session] == 1 {
				s.bounced++
			}
		}
	}
	for _, page := range slices.Sorted(maps.Keys(by)) {
		s := by[page]
		per := func(n int64, decimals int) string { return rounded(float64(n)/float64(s.sessions), decimals) }
		out = append(out, []string{page, number(s.sessions), per(s.bounced, 4), per(s.pages, 2), per(s.seconds, 1)})
	}
	return out
}
