package trigger_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/domain/trigger"
	"waymark/shared/testing/seed"
)

func question(t testing.TB) analysis.Question {
	t.Helper()
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	return analysis.Question{
		Calendar: calendar, From: analysistest.Begin.AddDate(0, 1, 0), To: analysistest.End.AddDate(0, 0, -10), Now: event.At(analysistest.End),
		Currency: "EUR", Said: map[string][]string{},
	}
}

func answer(t testing.TB, q analysis.Question, lives [][]step.Row, parts int) analysis.Answer {
	t.Helper()
	plan, err := trigger.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), parts))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// life is what a person did, by names, "buy" for an order.
func life(number int, names ...string) []step.Row {
	var rows []step.Row
	for i, name := range names {
		r := step.Row{
			Person: event.Identifier(fmt.Sprintf("user:%d", number)), At: event.At(analysistest.Begin.AddDate(0, 2, 0)).Add(time.Duration(i) * time.Minute),
			Type: event.Track, Event: name, Session: 1, Device: []string{"desktop", "mobile"}[number%2],
		}
		if name == "buy" {
			r.Event, r.Order = "Order Completed", &step.Order{Kind: event.Completed, Amount: 1, Currency: "EUR", Number: 1}
		}
		rows = append(rows, r)
	}
	return rows
}

// Persons who see a size guide right before they buy are found, and nothing of what everybody does at random.
func TestPlantedTriggerIsFound(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	var lives [][]step.Row
	for i := range 1500 {
		names := []string{}
		for range 3 + r.IntN(8) {
			names = append(names, fmt.Sprintf("Thing %d", r.IntN(30)))
		}
		if buys := r.IntN(4) == 0; buys {
			if r.IntN(2) == 0 {
				names = append(names, "Size Guide Viewed")
			}
			names = append(names, "buy", "Receipt Printed")
		} else if r.IntN(12) == 0 {
			names = slices.Insert(names, r.IntN(len(names)), "Size Guide Viewed")
		}
		lives = append(lives, life(i, names...))
	}
	for _, table := range answer(t, question(t), lives, 2).Tables {
		at := slices.IndexFunc(table.Columns, func(c analysis.Column) bool { return c.Name == "q" })
		var found []string
		for _, row := range table.Rows {
			if q, _ := row[at].Float(); q <= .05 {
				found = append(found, row[at-6].String()+row[at-5].String())
			}
		}
		if len(found) != 1 || !strings.Contains(found[0], "Size Guide Viewed") {
			t.Errorf("%s finds %q, want the size guide alone", table.Name, found)
		}
	}
}

// On persons who buy at random, whatever they did, a row passes in at most one of twenty answers.
func TestNothingIsFoundOfChance(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 4))
	const answers = 100
	wrong := 0
	for range answers {
		var lives [][]step.Row
		for i := range 200 {
			names := []string{}
			for range 4 {
				names = append(names, fmt.Sprintf("Thing %d", r.IntN(20)))
			}
			if r.IntN(3) == 0 {
				names = append(names, "buy")
			}
			lives = append(lives, life(i, names...))
		}
		table := answer(t, question(t), lives, 1).Tables[1]
		if len(table.Rows) == 0 {
			t.Fatal("nothing was tested")
		}
		if q, _ := table.Rows[0][6].Float(); q <= .05 {
			wrong++
		}
	}
	if wrong > 11 { // 5 are meant; 12 or more have a chance of .004
		t.Errorf("%d of %d answers find something, want about 5 at most", wrong, answers)
	}
}

// Every count is what somebody counts who goes through the lives once for each row.
func TestCountsEqualARecount(t *testing.T) {
	t.Parallel()
	seed.Each(t, 10, func(t *testing.T, r *rand.Rand) {
		lives, q := analysistest.Lives(r.Uint64(), 300), question(t)
		last := 1 + r.IntN(6)
		q.Said["last"], q.Said["least"] = []string{fmt.Sprint(last)}, []string{"1"}
		got := answer(t, q, lives, 1)
		a, _ := json.Marshal(got)
		if b, _ := json.Marshal(answer(t, q, lives, 3)); string(a) != string(b) {
			t.Fatalf("three parts give\n%s\none gives\n%s", b, a)
		}
		for _, row := range got.Tables[0].Rows {
			k1, n1, k2, n2 := recount(lives, q, func(did []string) bool {
				return slices.Contains(did[max(0, len(did)-last):], row[0].String())
			})
			if text := fmt.Sprint(counts(row[1], row[2])); text != fmt.Sprint([]int64{k1, n1, k2, n2}) {
				t.Fatalf("%s has %s, want %v", row[0], text, []int64{k1, n1, k2, n2})
			}
		}
		for _, row := range got.Tables[1].Rows {
			with, _ := row[2].Float()
			without, _ := row[3].Float()
			if difference, _ := row[4].Float(); math.Abs(difference-(with-without)) > 1e-9 {
				t.Fatalf("the difference of %s is %v, want %v − %v", row[1], difference, with, without)
			}
			if row[0].String() != "event" {
				continue
			}
			k1, n1, k2, n2 := recount(lives, q, func(did []string) bool { return slices.Contains(did, row[1].String()) })
			want := []int64{k1, k1 + k2, n1 - k1, n1 - k1 + n2 - k2}
			if text := fmt.Sprint(counts(row[2], row[3])); text != fmt.Sprint(want) {
				t.Fatalf("%s has %s, want %v", row[1], text, want)
			}
		}
	})
}

func counts(rates ...analysis.Value) (out []int64) {
	for _, rate := range rates {
		k, n := rate.Counts()
		out = append(out, k, n)
	}
	return out
}

// recount gives how many deciders, and how many others, hold something of the names of what they did.
func recount(lives [][]step.Row, q analysis.Question, holds func(did []string) bool) (k1, n1, k2, n2 int64) {
	for _, life := range lives {
		var did []string
		decided := slices.IndexFunc(life, func(r step.Row) bool {
			return r.Order != nil && r.Order.Kind == event.Completed && r.At >= q.Start() && r.At < q.End()
		})
		for i, r := range life {
			if r.At >= q.Start() && r.At < q.End() && r.Session > 0 && r.Order == nil && (decided < 0 || i < decided) {
				name := r.Event
				if name == "" {
					name = r.Page
				}
				did = append(did, name)
			}
		}
		k, n := &k2, &n2
		if decided >= 0 {
			k, n = &k1, &n1
		}
		if len(did) > 0 {
			*n++
			if holds(did) {
				*k++
			}
		}
	}
	return k1, n1, k2, n2
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{"last": "21", "least": "0"} {
		q := question(t)
		q.Said[name] = []string{value}
		if _, err := trigger.Analysis().Prepare(q); fault.CodeOf(err) != "bad_parameter" {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	q := question(t)
	q.By, _ = analysis.ParseBreakdown("by", "channel")
	if _, err := trigger.Analysis().Prepare(q); fault.CodeOf(err) != "bad_parameter" {
		t.Errorf("by: %v", err)
	}
}

func BenchmarkAnswer(b *testing.B) {
	lives, q := analysistest.Lives(1, 10_000), question(b)
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	plan, err := trigger.Analysis().Prepare(q)
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
