package retention_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
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
	return analysis.Question{Calendar: calendar, From: at(from), To: at(to), Now: event.At(at(now)), Currency: "EUR", Said: said}
}

func answer(t testing.TB, of analysis.Analysis, lives [][]step.Row, q analysis.Question, parts int) analysis.Answer {
	t.Helper()
	plan, err := of.Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), parts))
	if err != nil {
		t.Fatal(err)
	}
	return out
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

// documented asks that a page shows a table, and that the table is as it says.
func documented(t *testing.T, page string, table analysis.Table, want string) {
	t.Helper()
	if got := markdown(table); got != want {
		t.Errorf("table %s is\n%s\nwant\n%s", table.Name, got, want)
	}
	content, err := os.ReadFile("../../../docs/analyses/" + page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), want) {
		t.Errorf("docs/analyses/%s does not show table %s:\n%s", page, table.Name, want)
	}
}

// person makes a life of "2026-03-01T10:00 email", or "… email 12.50" of an order, the first of them the person's first ever.
func person(t testing.TB, calendar period.Calendar, texts ...string) (rows []step.Row) {
	t.Helper()
	orders := 0
	for i, text := range texts {
		words := strings.Fields(text)
		at, err := time.ParseInLocation("2006-01-02T15:04", words[0], calendar.Local(time.Unix(0, 0)).Location())
		if err != nil {
			t.Fatal(err)
		}
		r := step.Row{
			At: event.At(at), Type: event.Track, Event: "Visit", Channel: words[1], SessionChannel: words[1], Session: i + 1, SessionStart: true,
			FirstEver: i == 0,
		}
		if len(words) > 2 {
			amount, err := money.Parse(words[2])
			if err != nil {
				t.Fatal(err)
			}
			orders++
			r.Event, r.Order = event.OrderCompleted, &step.Order{Kind: event.Completed, Currency: "EUR", Amount: amount, Number: orders}
			r.Order.Origin = r.OwnOrigin()
		}
		rows = append(rows, r)
	}
	return rows
}
