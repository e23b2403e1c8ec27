package change_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/change"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/testing/seed"
)

func question(t testing.TB, from, to string, said ...string) analysis.Question {
	t.Helper()
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	q := analysis.Question{Calendar: calendar, Currency: "EUR", Said: map[string][]string{}}
	q.From, _ = calendar.ParseBound(from)
	q.To, _ = calendar.ParseBound(to)
	q.Now = event.At(q.To)
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

func answer(t testing.TB, q analysis.Question, lives [][]step.Row, parts int) analysis.Answer {
	t.Helper()
	plan, err := change.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	out, err := plan.Answer(analysis.Listing(analysis.Seen(lives, plan, q), parts))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func table(t testing.TB, a analysis.Answer, name string) analysis.Table {
	t.Helper()
	for _, one := range a.Tables {
		if one.Name == name {
			return one
		}
	}
	t.Fatalf("there is no table %s", name)
	return analysis.Table{}
}

func text(t testing.TB, a analysis.Answer) string {
	t.Helper()
	out, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// shown is some columns of a table as text, a row a line.
func shown(table analysis.Table, names ...string) string {
	out := ""
	for _, row := range table.Rows {
		var texts []string
		for i, c := range table.Columns {
			if slices.Contains(names, c.Name) {
				texts = append(texts, row[i].String())
			}
		}
		out += strings.Join(texts, " ") + "\n"
	}
	return out
}

// visit makes a person with one visit of a channel, in which they may buy.
func visit(number, day int, channel string, buys bool) []step.Row {
	begin := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC).AddDate(0, 0, day)
	r := step.Row{
		Person: event.Identifier(fmt.Sprintf("user:%06d", number)), At: event.At(begin), Type: event.Page, Channel: channel, Session: 1, SessionStart: true,
		SessionChannel: channel, SessionPages: 1, FirstEver: true,
	}
	if buys {
		r.Type, r.Event, r.SessionPages = event.Track, "Order Completed", 0
		r.Order = &step.Order{Kind: event.Completed, Amount: 20_000_000, Currency: "EUR", Number: 1, Origin: step.Origin{Channel: channel}}
	}
	return []step.Row{r}
}

// shop is 120 days: from day 70 on a third of the e-mail visitors is missing and buyers by e-mail are fewer still; day 40 has a wave from display.
var shop = sync.OnceValue(func() (lives [][]step.Row) {
	r := rand.New(rand.NewPCG(5, 5))
	for day := range 120 {
		for channel, mean := range map[int]float64{0: 60, 1: 40, 2: 10} {
			name := []string{"email", "organic_search", "display"}[channel]
			share := .2
			switch {
			case channel == 0 && day >= 70:
				mean, share = 30, .08
			case channel == 2 && day == 40:
				mean = 90
			}
			one := rand.New(rand.NewPCG(uint64(day), uint64(channel)))
			for range int(poisson(one, mean*week[day%7])) {
				lives = append(lives, visit(len(lives), day, name, one.Float64() < share))
			}
		}
	}
	r.Shuffle(len(lives), func(i, j int) { lives[i], lives[j] = lives[j], lives[i] })
	return lives
})

// The planted level and spike are found with their days, nothing else is, and the drivers name the channel.
func TestPlantedChangesAreFound(t *testing.T) {
	t.Parallel()
	got := answer(t, question(t, "2026-01-05", "2026-05-05", "metric=touchpoints", "metric=conversion_rate"), shop(), 2)
	changes := table(t, got, "changes")
	if text, want := shown(changes, "metric", "kind", "date", "until"), "touchpoints spike 2026-02-14 2026-02-15\ntouchpoints level 2026-03-16 2026-05-05\nconversion_rate level 2026-03-16 2026-05-05\n"; text != want {
		t.Errorf("changes are\n%swant\n%s", text, want)
	}
	for i, row := range changes.Rows {
		expected, seen := row[7], row[6]
		low, high, ok := expected.Interval()
		truth := []float64{110 * week[40%7], 110, .2}[i]
		if i == 1 {
			truth = 0
			for day := 70; day < 120; day++ {
				truth += 110 * week[day%7] / 50
			}
		}
		if value, _ := seen.Float(); !ok || truth < low || truth > high || (value > low && value < high) {
			t.Errorf("change %d: %s seen, %s expected (%v to %v), in truth %v", i, seen, expected, low, high, truth)
		}
	}
	drivers := table(t, got, "drivers")
	first := ""
	for line := range strings.Lines(shown(drivers, "kind", "value")) {
		if kind, _, _ := strings.Cut(line, " "); !strings.Contains(first, kind) {
			first += line
		}
	}
	if first != "spike display\nlevel email\n" {
		t.Errorf("the first drivers are %q", first)
	}
	if rates := shown(table(t, got, "rate_drivers"), "value"); !strings.HasPrefix(rates, "email\n") {
		t.Errorf("the first driver of the rate is not email: %s", rates)
	}
}

// Rows of drivers add up to their difference, to the last digit, on any lives and by any dimension, and parts of lives do not matter.
func TestDriversAddUp(t *testing.T) {
	t.Parallel()
	divided := 0
	seed.Each(t, 8, func(t *testing.T, r *rand.Rand) {
		lives := analysistest.Lives(r.Uint64(), 150)
		by := []string{"channel", "device", "stage", "page", "property.plan", "country", "visitor", "event"}[r.IntN(8)]
		q := question(t, "2026-03-01", "2026-05-01", "by="+by, "before=2026-01-10/2026-03-01", "metric=touchpoints,active_persons,buyers,orders,revenue,net_revenue,conversion_rate,bounce_rate")
		got := answer(t, q, lives, 1)
		if other := answer(t, q, lives, 3); text(t, got) != text(t, other) {
			t.Fatalf("three parts give\n%s\none gives\n%s", text(t, other), text(t, got))
		}
		differences := table(t, got, "differences")
		sums := map[string]*big.Rat{}
		add := func(table analysis.Table, column string, sign int64) {
			at := slices.IndexFunc(table.Columns, func(c analysis.Column) bool { return c.Name == column })
			for _, row := range table.Rows {
				key := fmt.Sprint(row[:5])
				if sums[key] == nil {
					sums[key] = new(big.Rat)
				}
				if text := row[at].String(); text != "" {
					n, ok := new(big.Rat).SetString(text)
					if !ok {
						t.Fatalf("%s is no number", text)
					}
					sums[key].Add(sums[key], n.Mul(n, big.NewRat(sign, 1)))
				}
			}
		}
		add(differences, "difference", -1)
		add(table(t, got, "drivers"), "difference", 1)
		add(table(t, got, "rate_drivers"), "effect", 1)
		for key, sum := range sums {
			if sum.Sign() != 0 {
				t.Fatalf("by %s the drivers of %s are %s too many", by, key, sum.FloatString(9))
			}
		}
		divided += len(sums)
	})
	if divided < 50 {
		t.Errorf("%d differences were divided up, too few", divided)
	}
}

// Mix and rate of a rate are what the two-step definition says: with the parts of before and the rates of after, and the other way round.
func TestMixAndRateAreShapley(t *testing.T) {
	t.Parallel()
	seed.Each(t, 20, func(t *testing.T, r *rand.Rand) {
		var lives [][]step.Row
		number := map[string][2][2]float64{} // by channel: before and after, buyers and visitors
		for _, channel := range []string{"a", "b", "c"} {
			for period, day := range []int{3, 40} {
				visitors := 1 + r.IntN(40)
				buyers := r.IntN(visitors + 1)
				for i := range visitors {
					lives = append(lives, visit(len(lives), day, channel, i < buyers))
				}
				n := number[channel]
				n[period] = [2]float64{float64(buyers), float64(visitors)}
				number[channel] = n
			}
		}
		got := table(t, answer(t, question(t, "2026-02-10", "2026-02-20", "metric=conversion_rate", "before=2026-01-05/2026-01-20"), lives, 2), "rate_drivers")
		whole := [2]float64{}
		for _, n := range number {
			whole[0], whole[1] = whole[0]+n[0][1], whole[1]+n[1][1]
		}
		rateWith := func(channel string, part, rate int) float64 { // what a channel gives with one time's part and another's rate
			n := number[channel]
			return n[part][1] / whole[part] * n[rate][0] / n[rate][1]
		}
		mean := 0.0
		for channel := range number {
			mean += (rateWith(channel, 0, 0) + rateWith(channel, 1, 1)) / 2
		}
		for _, row := range got.Rows {
			c := row[5].String()
			mix := (rateWith(c, 1, 0)-rateWith(c, 0, 0))/2 + (rateWith(c, 1, 1)-rateWith(c, 0, 1))/2 - mean*(number[c][1][1]/whole[1]-number[c][0][1]/whole[0])
			rate := (rateWith(c, 0, 1)-rateWith(c, 0, 0))/2 + (rateWith(c, 1, 1)-rateWith(c, 1, 0))/2
			gotMix, _ := row[8].Float()
			gotRate, _ := row[9].Float()
			if math.Abs(gotMix-mix) > 3e-9 || math.Abs(gotRate-rate) > 3e-9 {
				t.Errorf("%s has mix %v and rate %v, want %v and %v", c, gotMix, gotRate, mix, rate)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"metric=clicks":                "bad_parameter at metric: there is no metric \"clicks\" to follow; there are touchpoints, ",
		"before=2026-01-01":            "bad_parameter at before: before is a period FROM/TO that ends where the one asked for begins, or earlier, such as 2026-09-01/2026-10-01, not \"2026-01-01\"",
		"before=2026-01-01/2026-03-02": "bad_parameter at before: before is a period",
	} {
		_, err := change.Analysis().Prepare(question(t, "2026-03-01", "2026-05-01", said))
		if err == nil || fault.KindOf(err) != fault.Invalid || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", said, err, want)
		}
	}
	if _, err := change.Analysis().Prepare(question(t, "2020-01-01", "2026-01-01")); fault.CodeOf(err) != "bad_parameter" {
		t.Errorf("six years of days: %v", err)
	}
}

// A short series is said to be too short, and days that are not over are left out.
func TestWhatIsLeftOutIsSaid(t *testing.T) {
	t.Parallel()
	q := question(t, "2026-03-01", "2026-03-20", "metric=orders")
	q.Now = event.At(time.Date(2026, 3, 15, 9, 0, 0, 0, time.UTC))
	got := answer(t, q, shop(), 1)
	want := []string{
		"orders: not searched; that needs 28 days with numbers that differ, of amounts on half of them, and there are 14 days.",
		"On numbers that only vary by chance, at most one change a metric and year is found (tested with counts, amounts and shares); days are taken to be independent of each other, besides weekday and trend.",
		"5 days are left out that are not complete: at the edges of the period, or not over yet.",
	}
	if !slices.Equal(got.Notes, want) {
		t.Errorf("notes are %q, want %q", got.Notes, want)
	}
}

// The worked example of docs/analyses/changes.md is what this analysis says of the shop of these tests.
func TestDocumentedExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/analyses/changes.md")
	if err != nil {
		t.Fatal(err)
	}
	got := answer(t, question(t, "2026-01-05", "2026-05-05", "metric=touchpoints", "metric=conversion_rate"), shop(), 2)
	for name, columns := range map[string][]string{
		"changes":      {"metric", "kind", "date", "until", "value", "expected"},
		"rate_drivers": {"value", "value_before", "value_after", "mix", "rate", "effect"},
	} {
		for line := range strings.Lines(shown(table(t, got, name), columns...)) {
			cells := "| " + strings.Join(strings.Fields(line), " | ") + " |"
			if !strings.Contains(string(text), cells) {
				t.Errorf("docs/analyses/changes.md has no row %s of table %s", cells, name)
			}
		}
	}
	if _, err := json.Marshal(got); err != nil {
		t.Error(err)
	}
}

func BenchmarkAnswer(b *testing.B) {
	lives := analysistest.Lives(1, 10_000)
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	plan, err := change.Analysis().Prepare(question(b, "2026-01-01", "2026-07-01"))
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
