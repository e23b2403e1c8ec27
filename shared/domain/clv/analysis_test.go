package clv_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/clv"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

func calendar(t testing.TB, zone string) period.Calendar {
	t.Helper()
	c, err := period.New(zone, time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// transactions are the lives of the whole CDNOW sample, as the demo imports it: each line is an order at noon.
func transactions(t testing.TB) [][]step.Row {
	t.Helper()
	text, err := os.ReadFile("../../../infra/demo/data/cdnow_sample/cdnow_sample.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	zone := calendar(t, "America/New_York")
	var out [][]step.Row
	for i, line := range lines[1:] {
		at, err := time.ParseInLocation("20060102 15", line[2]+" 12", zone.Local(time.Time{}).Location())
		if err != nil {
			t.Fatal(err)
		}
		amount, err := money.Parse(line[4])
		if err != nil {
			t.Fatal(err)
		}
		row := step.Row{
			Person: event.Identifier("user:cdnow-" + line[1]), At: event.At(at), Type: event.Track,
			Order: &step.Order{ID: fmt.Sprint("cdnow-", i), Amount: amount, Currency: "USD"},
		}
		if n := len(out); n > 0 && out[n-1][0].Person == row.Person {
			out[n-1] = append(out[n-1], row)
			continue
		}
		out = append(out, []step.Row{row})
	}
	return out
}

// ask asks about lives in 1 and in 3 parts, which must be answered alike.
func ask(t testing.TB, q analysis.Question, lives [][]step.Row) analysis.Answer {
	t.Helper()
	plan, err := clv.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	var answer analysis.Answer
	for _, parts := range []int{1, 3} {
		if answer, err = plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), parts)); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if texts[0] != texts[1] {
		t.Fatal("the answer depends on who is in which part")
	}
	return answer
}

// table gives the rows of a table as texts by the names of columns.
func table(t testing.TB, a analysis.Answer, name string) []map[string]analysis.Value {
	t.Helper()
	for _, table := range a.Tables {
		if table.Name != name {
			continue
		}
		var out []map[string]analysis.Value
		for _, row := range table.Rows {
			named := map[string]analysis.Value{}
			for i, v := range row {
				named[table.Columns[i].Name] = v
			}
			out = append(out, named)
		}
		return out
	}
	t.Fatalf("there is no table %s", name)
	return nil
}

func question(t testing.TB, zone, from, to, currency string, said map[string][]string) analysis.Question {
	t.Helper()
	q := analysis.Question{Calendar: calendar(t, zone), Currency: currency, Said: said}
	for at, text := range map[*time.Time]string{&q.From: from, &q.To: to} {
		local, err := time.ParseInLocation(time.DateOnly, text, q.Calendar.Local(time.Time{}).Location())
		if err != nil {
			t.Fatal(err)
		}
		*at = local.UTC()
	}
	q.Now = event.At(q.To)
	return q
}

func float(t testing.TB, v analysis.Value) float64 {
	t.Helper()
	f, ok := v.Float()
	if !ok {
		t.Fatalf("%v is no number", v)
	}
	return f
}

// From the transactions until 30 September 1997 come the published numbers, the likelihood of spend to its last printed digit.
func TestTransactions(t *testing.T) {
	t.Parallel()
	answer := ask(t, question(t, "America/New_York", "1997-01-01", "1997-10-01", "USD", nil), transactions(t))
	fits := table(t, answer, "fits")
	near(t, "log-likelihood", float(t, fits[0]["log_likelihood"]), -9582.4292, 1e-3)
	near(t, "log-likelihood of spend", float(t, fits[1]["log_likelihood"]), -4055.9177, 1e-3)
	if fits[0]["persons"].String() != "2357" || fits[1]["persons"].String() != "946" {
		t.Errorf("fitted to %v and %v buyers, want 2357 and 946", fits[0]["persons"], fits[1]["persons"])
	}
	want := []struct{ estimate, standardError, tolerance float64 }{
		{0.242593, 0.012557, 1e-4},
		{4.413532, 0.378221, 1e-3},
		{0.792886, 0.185719, 1e-3},
		{2.425752, 0.705345, 5e-3},
		{6.25, 0, 0.01},
		{3.74, 0, 0.01},
		{15.44, 0, 0.02},
	}
	rows := table(t, answer, "model")
	if len(rows) != len(want) {
		t.Fatalf("%d parameters, want %d", len(rows), len(want))
	}
	for i, w := range want {
		near(t, rows[i]["parameter"].String(), float(t, rows[i]["estimate"]), w.estimate, w.tolerance)
		if w.standardError > 0 {
			near(t, "standard error", float(t, rows[i]["standard_error"]), w.standardError, w.tolerance)
		}
		if low, high, ok := rows[i]["estimate"].Interval(); !ok || low >= w.estimate || high <= w.estimate {
			t.Errorf("interval of %v is %v to %v", rows[i]["parameter"], low, high)
		}
	}
}

// The whole sample: half of the time is held out, so the fit to the first part is the published one, and what it expects of the second half is what the
// published parameters expect.
func TestHoldout(t *testing.T) {
	t.Parallel()
	lives := transactions(t)
	answer := ask(t, question(t, "America/New_York", "1998-06-01", "1998-07-01", "USD", map[string][]string{"limit": {"5"}, "horizon": {"273d"}}), lives)
	near(t, "log-likelihood", float(t, table(t, answer, "fits")[2]["log_likelihood"]), -9582.4292, 1e-3)
	rows := table(t, answer, "holdout")
	all := rows[len(rows)-1]
	if all["persons"].String() != "2357" || rows[0]["persons"].String() != "1411" {
		t.Errorf("%v persons, %v without repeats, want 2357 and 1411", all["persons"], rows[0]["persons"])
	}
	m := clv.BGNBD{R: 0.242593, Alpha: 4.413532, A: 0.792886, B: 2.425752}
	histories, _ := cdnow(t)
	var expected float64
	for _, h := range histories {
		expected += m.ExpectedOf(h, 39)
	}
	near(t, "expected purchases", float(t, all["expected"]), expected, 0.5) // the summary rounds weeks to hundredths
	var actual int
	for _, life := range lives {
		days := map[string]bool{}
		for _, r := range life {
			if day := r.At.Time().Format(time.DateOnly); day > "1997-09-30" {
				days[day] = true
			}
		}
		actual += len(days)
	}
	if all["actual"].String() != fmt.Sprint(actual) {
		t.Errorf("%v purchases came, want %d", all["actual"], actual)
	}
	errors := table(t, answer, "holdout_errors")
	for _, column := range []string{"mean_absolute_error", "root_mean_square_error"} {
		if model, naive := float(t, errors[0][column]), float(t, errors[1][column]); model >= naive {
			t.Errorf("%s of the model is %v, not below %v of the baseline", column, model, naive)
		}
	}
	sums(t, answer, lives)
}

// sums checks what tables say that they add up to.
func sums(t *testing.T, answer analysis.Answer, lives [][]step.Row) {
	t.Helper()
	var persons int64
	var revenue, all money.Sum
	var purchases, share float64
	for _, row := range table(t, answer, "deciles") {
		n, _ := row["persons"].Counts()
		persons += n
		var sum money.Sum
		if err := sum.UnmarshalJSON([]byte(row["revenue"].String())); err != nil {
			t.Fatal(err)
		}
		revenue = revenue.Plus(sum)
		purchases, share = purchases+float(t, row["expected_purchases"]), share+float(t, row["share"])
	}
	for _, life := range lives {
		for _, r := range life {
			all = all.Plus(money.SumOf(r.Order.Amount))
		}
	}
	if persons != int64(len(lives)) || revenue != all {
		t.Errorf("deciles hold %d persons and %v, want %d and %v", persons, revenue, len(lives), all)
	}
	near(t, "share", share, 1, 1e-5)
	projection := table(t, answer, "projection")
	near(t, "projection", float(t, projection[len(projection)-1]["expected_purchases"]), purchases, 1e-2)
}

// Whoever asks in vain is told why, and what may be said.
func TestBadParameters(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"horizon": "never", "discount": "-1", "holdout": "95", "limit": "0", "currency": "dollars", "value": "most", "contract": "week",
	} {
		_, err := clv.Analysis().Prepare(question(t, "UTC", "2026-01-01", "2026-07-01", "EUR", map[string][]string{name: {text}}))
		if err == nil || !strings.Contains(err.Error(), name) && !strings.Contains(err.Error(), "currency") || !strings.Contains(err.Error(), text) {
			t.Errorf("%s=%s gives %v", name, text, err)
		}
	}
}
