package balance_test

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
	"waymark/shared/domain/balance"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/testing/seed"
)

func question(t testing.TB) analysis.Question {
	t.Helper()
	calendar, err := period.New("Europe/London", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	return analysis.Question{
		Calendar: calendar, From: analysistest.Begin, To: analysistest.End, Now: event.At(analysistest.End), Currency: "EUR",
		Said: map[string][]string{}, Documents: map[string][]byte{},
	}
}

func answer(t testing.TB, q analysis.Question, lives [][]step.Row, parts int) analysis.Answer {
	t.Helper()
	plan, err := balance.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), parts))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func shown(table analysis.Table) string {
	out := ""
	for _, row := range table.Rows {
		var texts []string
		for _, v := range row {
			if k, n := v.Counts(); strings.Contains(v.String(), ".") && n > 1 {
				texts = append(texts, fmt.Sprintf("%d/%d", k, n))
				continue
			}
			texts = append(texts, v.String())
		}
		out += strings.Join(texts, " | ") + "\n"
	}
	return out
}

// view is a person who sees something on a channel.
func view(number int, at, channel string, properties map[string]string) []step.Row {
	when, err := time.Parse("2006-01-02T15:04", at)
	if err != nil {
		panic(err)
	}
	return []step.Row{{
		Person: event.Identifier(fmt.Sprintf("user:%d", number)), At: event.At(when), Type: event.Track, Event: "Promotion Viewed", Channel: channel, Session: 1,
		Stage: "awareness", Properties: step.SaidOf(properties),
	}}
}

// catalogue is what the channels of a shop show: the winter promotion has another coupon by e-mail than on the site, lamp 7 costs more by app.
func catalogue() (lives [][]step.Row) {
	show := func(at, channel string, pairs ...string) {
		properties := map[string]string{}
		for _, pair := range pairs {
			name, value, _ := strings.Cut(pair, "=")
			properties[name] = value
		}
		lives = append(lives, view(len(lives), at, channel, properties))
	}
	for _, day := range []string{"2026-03-01", "2026-03-02", "2026-03-03"} {
		show(day+"T10:00", "email", "promotion_id=winter", "creative=snow", "coupon=COLD10")
		show(day+"T11:00", "direct", "promotion_id=winter", "creative=snow", "coupon=COLD15")
		show(day+"T10:00", "email", "promotion_id=spring", "creative=tulips", "coupon=BLOOM")
		show(day+"T12:00", "display", "promotion_id=spring", "creative=tulips", "coupon=BLOOM")
		show(day+"T12:00", "direct", "product_id=3", "price=9.9", "currency=EUR")
		show(day+"T12:00", "app", "product_id=3", "price=9.90", "currency=eur")
	}
	show("2026-03-02T09:00", "direct", "product_id=7", "price=20", "currency=EUR") // the price changes within the day
	show("2026-03-02T15:00", "direct", "product_id=7", "price=25", "currency=EUR")
	show("2026-03-02T16:00", "app", "product_id=7", "price=25", "currency=EUR")
	show("2026-03-04T16:00", "direct", "product_id=7", "price=25", "currency=EUR")
	show("2026-03-04T17:00", "app", "product_id=7", "price=30", "currency=EUR")
	show("2026-03-05T17:00", "app", "product_id=8", "price=5", "currency=EUR")
	return lives
}

// The planted mismatches are found, with their days and values, and nothing else is.
func TestPlantedMismatchIsFound(t *testing.T) {
	t.Parallel()
	got := answer(t, question(t), catalogue(), 3)
	if text, want := shown(got.Tables[0]), "promotion | creative | 1.0000 | 0\npromotion | coupon | 1/2 | 0\npromotion | (all) | 1/2 | 0\nproduct | price | 1/2 | 1\nproduct | (all) | 1/2 | 1\n"; text != strings.Replace(want, "1.0000", "2/2", 1) {
		t.Errorf("consistency is\n%swant\n%s", text, want)
	}
	want := "promotion | winter | coupon | 3/3 | 2026-03-01 | direct | COLD15 | email | COLD10\nproduct | 7 | price | 1/2 | 2026-03-04 | app | 30.00 EUR | direct | 25.00 EUR\n"
	if text := shown(got.Tables[1]); text != want {
		t.Errorf("mismatches are\n%swant\n%s", text, want)
	}
	page, err := os.ReadFile("../../../docs/analyses/balance.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(want) {
		if !strings.Contains(string(page), "| "+strings.TrimSpace(line)+" |") {
			t.Errorf("docs/analyses/balance.md has no row %s", line)
		}
	}
	q := question(t)
	q.Said["limit"] = []string{"1"}
	if got := answer(t, q, catalogue(), 1); len(got.Tables[1].Rows) != 1 || got.Notes[1] != "1 mismatches are not shown, of fewer days; raise limit to see them." {
		t.Errorf("with limit 1 there are %d rows and notes %q", len(got.Tables[1].Rows), got.Notes)
	}
}

// Research covers the stages of the model, also those that nobody reached.
func TestResearch(t *testing.T) {
	t.Parallel()
	at := func(number int, when, stage, name string) []step.Row {
		life := view(number, when, "email", nil)
		life[0].Stage, life[0].Event = stage, name
		return life
	}
	lives := [][]step.Row{
		at(1, "2026-06-20T12:00", "decision", "Product Added"),
		slices.Concat(at(2, "2026-06-19T12:00", "decision", "Feedback Given"), at(2, "2026-06-20T12:00", "decision", "Feedback Given")),
		at(3, "2026-06-20T12:00", "purchase", "Checkout Started"),
	}
	q := question(t)
	q.Documents["stages"] = []byte(`["awareness", "decision", "purchase"]`)
	got := answer(t, q, lives, 2)
	if text, want := shown(got.Tables[3]), "awareness | 0 | 0 |  |  | \ndecision | 2 | 2 | 1/2 | 2026-06-20 | 10\npurchase | 1 | 0 | 0.0000 |  | \n"; text != want {
		t.Errorf("research is\n%swant\n%s", text, want)
	}
	if got.Notes[0] != "1 of 3 stages have an answer of customers." {
		t.Errorf("notes are %q", got.Notes)
	}
}

// All tables are what somebody counts who goes through all steps with the words of the page, and parts do not matter.
func TestCountsEqualARecount(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	seed.Each(t, 20, func(t *testing.T, r *rand.Rand) {
		lives, q := analysistest.Lives(r.Uint64(), 150), question(t)
		got := answer(t, q, lives, 1)
		a, _ := json.Marshal(got)
		if b, _ := json.Marshal(answer(t, q, lives, 3)); string(a) != string(b) {
			t.Fatalf("three parts give\n%s\none gives\n%s", b, a)
		}
		var want [3][3]int64 // phases: touchpoints, did, sessions
		var hours [24]int64
		answers := map[string]int64{}
		for _, life := range lives {
			first := slices.IndexFunc(life, func(r step.Row) bool { return r.Order != nil && r.Order.Kind == event.Completed })
			for i, r := range life {
				if r.Type == "" || !r.At.Time().Before(q.To) {
					continue
				}
				p := 0
				if first >= 0 && i >= first {
					p = 2
				}
				if i == first {
					p = 1
				}
				want[p][0]++
				if r.Session > 0 {
					want[p][1]++
					hours[r.At.Time().In(london).Hour()]++
				}
				if r.SessionStart {
					want[p][2]++
				}
				if r.Event == "Survey Answered" {
					answers[r.Stage]++
				}
			}
		}
		for p, row := range got.Tables[2].Rows {
			if text := fmt.Sprint(row[2], row[4], row[6]); text != fmt.Sprint(want[p][0], want[p][1], want[p][2]) {
				t.Fatalf("%s has %s, want %v", row[0], text, want[p])
			}
		}
		for _, row := range got.Tables[3].Rows {
			if row[2].String() != fmt.Sprint(answers[row[0].String()]) {
				t.Fatalf("%s has %s answers, want %d", row[0], row[2], answers[row[0].String()])
			}
		}
		for i, row := range got.Tables[4].Rows {
			if row[1].String() != fmt.Sprint(hours[i]) {
				t.Fatalf("hour %d has %s, want %d", i, row[1], hours[i])
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	q := question(t)
	q.Said["limit"] = []string{"0"}
	if _, err := balance.Analysis().Prepare(q); fault.CodeOf(err) != "bad_parameter" {
		t.Errorf("limit 0: %v", err)
	}
	q = question(t)
	q.By, _ = analysis.ParseBreakdown("by", "channel")
	if _, err := balance.Analysis().Prepare(q); fault.CodeOf(err) != "bad_parameter" {
		t.Errorf("by: %v", err)
	}
}

func BenchmarkAnswer(b *testing.B) {
	lives := analysistest.Lives(1, 10_000)
	steps := 0
	for _, life := range lives {
		for i := range life {
			life[i].Properties = step.SaidOf(map[string]string{"product_id": fmt.Sprint(i % 50), "price": "9.90", "currency": "EUR"})
		}
		steps += len(life)
	}
	plan, err := balance.Analysis().Prepare(question(b))
	if err != nil {
		b.Fatal(err)
	}
	listed := analysis.Listing(lives, 2)
	for b.Loop() {
		if _, err := plan.Answer(listed); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps), "ns/step")
}
