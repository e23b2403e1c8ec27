package acquisition_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/acquisition"
	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
	"waymark/shared/testing/seed"
)

var (
	begin = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	end   = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
)

func question(t testing.TB, costs string, said ...string) analysis.Question {
	t.Helper()
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	q := analysis.Question{Calendar: calendar, From: begin, To: end, Now: event.At(end.AddDate(0, 3, 0)), Currency: "EUR", Said: map[string][]string{}}
	if costs != "" {
		q.Documents = map[string][]byte{"costs": []byte(`{"costs": [` + costs + `]}`)}
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

// asked answers a question in one part and in three, which must be the same to the byte.
func asked(t testing.TB, lives [][]step.Row, q analysis.Question) analysis.Answer {
	t.Helper()
	plan, err := acquisition.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	seen := analysis.Seen(lives, plan, q)
	var out analysis.Answer
	before := ""
	for _, parts := range []int{3, 1} {
		if out, err = plan.Answer(analysis.Listing(seen, parts)); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		if before != "" && before != string(text) {
			t.Fatalf("three parts give\n%s\none gives\n%s", before, text)
		}
		before = string(text)
	}
	return out
}

// rows gives a table's rows as texts.
func rows(t testing.TB, a analysis.Answer, name string) (out []string) {
	t.Helper()
	for _, table := range a.Tables {
		if table.Name == name {
			for _, values := range table.Rows {
				var texts []string
				for _, v := range values {
					texts = append(texts, v.String())
				}
				out = append(out, strings.Join(texts, "|"))
			}
			return out
		}
	}
	t.Fatalf("there is no table %s", name)
	return nil
}

// came is a person who came by a channel on a day of March, counted from 0, and bought for some euros days later; less than 0 are given back.
func came(person, on int, channel, campaign string, bought ...[2]int) (life []step.Row) {
	at := begin.AddDate(0, 0, on)
	add := func(r step.Row) {
		r.Person, r.FirstChannel, r.Type, r.Session, r.SessionChannel = event.Identifier(fmt.Sprintf("user:%d", person)), channel, event.Track, len(life)+1, channel
		r.SessionCampaign = campaign
		life = append(life, r)
	}
	add(step.Row{At: event.At(at), FirstEver: true})
	for i, b := range bought {
		o := &step.Order{ID: fmt.Sprintf("o%d", i), Kind: event.Completed, Amount: money.Micros(b[1]) * money.Unit, Currency: "EUR", Number: i + 1}
		if b[1] < 0 {
			o.Kind, o.Amount = event.Refunded, -o.Amount
		}
		add(step.Row{At: event.At(at.AddDate(0, 0, b[0])), Order: o})
	}
	return life
}

// TestWorkedExample is the one of docs/analyses/acquisition.md, whole.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	lives := [][]step.Row{
		came(1, 2, "paid_search", "spring", [2]int{1, 30}, [2]int{40, 50}),
		came(2, 9, "paid_search", "", [2]int{35, 20}, [2]int{36, -5}),
		came(3, 30, "email", ""),
		came(4, -20, "email", "", [2]int{25, 80}),
	}
	answer := asked(t, lives, question(t, `
		{"channel": "paid_search", "from": "2026-02-15", "to": "2026-03-15", "amount": "120.00"},
		{"channel": "paid_search", "campaign": "spring", "from": "2026-03-10", "to": "2026-03-20", "amount": "10.00", "currency": "eur"},
		{"channel": "print", "from": "2026-03-31", "to": "2026-04-10", "amount": "100.01"},
		{"channel": "print", "from": "2026-05-01", "to": "2026-05-10", "amount": "7.00"}`))
	for table, want := range map[string]string{
		"persons": `paid_search|2|0.6667|1|2|1.0000
email|1|0.3333|1|0|0.0000
print|0|0.0000|0|0|`,
		"revenue": `paid_search|EUR|30d|30.00|2|2|15.00
paid_search|EUR|90d|95.00|2|2|47.50
paid_search|EUR|365d|95.00|2|0|
paid_search|EUR|to_date|95.00|2||47.50
print|EUR|30d|0.00|0|0|
print|EUR|90d|0.00|0|0|
print|EUR|365d|0.00|0|0|
print|EUR|to_date|0.00|0||`,
		"returns": `paid_search|EUR|70.00|95.00|2|1|35.00|70.00|1.3571|0.3571|2
print|EUR|10.001|0.00|0|0|||0.0000|-1.0000|`,
	} {
		if got := strings.Join(rows(t, answer, table), "\n"); got != want {
			t.Errorf("%s is\n%s\nwant\n%s", table, got, want)
		}
	}
	if got := strings.Join(answer.Notes, "\n"); got != "1 rows have a cost and nobody who came by them first." {
		t.Errorf("notes are %q", got)
	}
}

// TestCampaigns counts by channel and campaign: a cost of a whole channel is of none of its campaigns.
func TestCampaigns(t *testing.T) {
	t.Parallel()
	lives := [][]step.Row{came(1, 2, "email", "spring", [2]int{1, 30}), came(2, 3, "email", ""), came(3, -90, "email", "winter", [2]int{100, 5})}
	answer := asked(t, lives, question(t, `{"channel": "email", "from": "2026-03-01", "to": "2026-03-02", "amount": 4},
		{"channel": "email", "campaign": "spring", "from": "2026-03-01", "to": "2026-03-02", "amount": 6}`, "by=campaign", "revenue=gross"))
	want := "email|spring|EUR|6.00|30.00|1|1|6.00|6.00|5.0000|4.0000|1\nemail|(whole channel)|EUR|4.00|0.00|0|0|||0.0000|-1.0000|"
	if got := strings.Join(rows(t, answer, "returns"), "\n"); got != want {
		t.Errorf("returns are\n%s\nwant\n%s", got, want)
	}
	want = "email|spring|1|0.5000|1|1|1.0000\nemail|unknown|1|0.5000|0|0|0.0000\nemail|winter|0|0.0000|1|0|\nemail|(whole channel)|0|0.0000|0|0|"
	if got := strings.Join(rows(t, answer, "persons"), "\n"); got != want {
		t.Errorf("persons are\n%s\nwant\n%s", got, want)
	}
}

// TestWithoutCosts knows no cost and says so.
func TestWithoutCosts(t *testing.T) {
	t.Parallel()
	answer := asked(t, [][]step.Row{came(1, 2, "email", "", [2]int{1, 30}, [2]int{70, -40})}, question(t, ""))
	if got := strings.Join(rows(t, answer, "returns"), "\n"); got != "email|EUR||-10.00|1|1|||||" {
		t.Errorf("returns are %q", got)
	}
	if len(answer.Notes) != 1 || !strings.Contains(answer.Notes[0], "No costs are settled") {
		t.Errorf("notes are %q", answer.Notes)
	}
}

// TestPayback is the first month from which on the cost stays earned.
func TestPayback(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bought [][2]int
		want   string
	}{
		"in the first 30 days":                       {[][2]int{{29, 10}}, "1"},
		"just after them":                            {[][2]int{{30, 10}}, "2"},
		"not again before what was given back":       {[][2]int{{1, 10}, {31, -5}, {65, 5}}, "3"},
		"never":                                      {[][2]int{{1, 9}}, ""},
		"what is taken back at last":                 {[][2]int{{1, 10}, {31, -5}}, ""},
		"what comes after now is not known":          {[][2]int{{1, 9}, {150, 20}}, ""},
		"given back in the same month is less by it": {[][2]int{{1, 12}, {2, -2}}, "1"},
	} {
		answer := asked(t, [][]step.Row{came(1, 0, "email", "", c.bought...)},
			question(t, `{"channel": "email", "from": "2026-03-01", "to": "2026-03-02", "amount": "10"}`))
		row := rows(t, answer, "returns")[0]
		if got := row[strings.LastIndexByte(row, '|')+1:]; got != c.want {
			t.Errorf("%s: paid back in month %q, want %q", name, got, c.want)
		}
	}
}

// TestBounds holds days and horizons to begin in the period and to end after their last instant.
func TestBounds(t *testing.T) {
	t.Parallel()
	q := question(t, `{"channel": "a", "from": "2026-03-01", "to": "2026-03-11", "amount": "10"}`)
	for bounds, want := range map[[2]string]string{
		{"2026-03-02T00:00:00Z", "2026-03-02T12:00:00Z"}: "1.00", {"2026-03-02T12:00:00Z", "2026-03-03T00:00:00Z"}: "",
		{"2026-03-02T12:00:00Z", "2026-03-03T00:00:01Z"}: "1.00", {"2026-02-01T00:00:00Z", "2026-03-03T00:00:00Z"}: "2.00",
	} {
		var err [2]error
		q.From, err[0] = time.Parse(time.RFC3339, bounds[0])
		q.To, err[1] = time.Parse(time.RFC3339, bounds[1])
		if err[0] != nil || err[1] != nil {
			t.Fatal(err)
		}
		got := ""
		for _, row := range rows(t, asked(t, nil, q), "returns") {
			got += strings.Split(row, "|")[2]
		}
		if got != want {
			t.Errorf("in %v the cost is %q, want %q", bounds, got, want)
		}
	}
	answer := asked(t, [][]step.Row{came(1, 0, "email", "", [2]int{30, 1}, [2]int{90, 2}, [2]int{119, 4})}, question(t, ""))
	want := "email|EUR|30d|0.00|1|1|0.00\nemail|EUR|90d|1.00|1|1|1.00\nemail|EUR|365d|7.00|1|0|\nemail|EUR|to_date|7.00|1||7.00"
	if got := strings.Join(rows(t, answer, "revenue"), "\n"); got != want {
		t.Errorf("revenue is\n%s\nwant\n%s", got, want)
	}
}

// TestCostsTile cuts a year into periods at random: what each costs adds up to the entries, to the last digit, also where clocks change.
func TestCostsTile(t *testing.T) {
	t.Parallel()
	calendar, err := period.New("America/New_York", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	seed.Each(t, 30, func(t *testing.T, r *rand.Rand) {
		q := question(t, `{"channel": "a", "from": "2026-02-17", "to": "2026-11-20", "amount": "1000.000001"}, {"channel": "a", "from": "2026-03-08", "to": "2026-03-09", "amount": "0.07"}`)
		q.Calendar = calendar
		at, sum := time.Date(2026, 1, 1, 5, 0, 0, 0, time.UTC), new(big.Rat)
		for at.Before(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
			q.From, q.To = at, at.Add(time.Duration(1+r.Int64N(int64(60*24*time.Hour))))
			q.Now, at = event.At(q.To), q.To
			for _, row := range rows(t, asked(t, nil, q), "returns") {
				n, _ := new(big.Rat).SetString(strings.Split(row, "|")[2])
				sum.Add(sum, n)
			}
		}
		if got := sum.FloatString(6); got != "1000.070001" {
			t.Errorf("costs add up to %s, want 1000.070001", got)
		}
	})
}

// TestRecount counts random lives a second time, person by person and channel by channel.
func TestRecount(t *testing.T) {
	t.Parallel()
	seed.Each(t, 5, func(t *testing.T, r *rand.Rand) {
		lives := analysistest.Lives(r.Uint64(), 300)
		q := question(t, "")
		answer := asked(t, lives, q)
		persons, buyers, bought := map[string]int{}, map[string]int{}, map[string]int{}
		revenue := map[string]money.Sum{}
		for _, life := range lives {
			channel := life[0].FirstChannel
			isNew := life[0].At >= q.Start() && life[0].At < q.End()
			if isNew {
				persons[channel]++
			}
			hasBought := false
			for _, s := range life {
				if s.Order == nil || s.At >= q.Now {
					continue
				}
				if s.Order.Number == 1 && s.Event == "Order Completed" && s.At >= q.Start() && s.At < q.End() {
					buyers[channel]++
				}
				if !isNew {
					continue
				}
				hasBought = hasBought || s.Event == "Order Completed"
				for after, name := range map[int]string{30: "30d", 90: "90d", 365: "365d", 10000: "to_date"} {
					if s.At.Sub(life[0].At) < time.Duration(after)*24*time.Hour {
						key := channel + "|" + s.Order.Currency + "|" + name
						revenue[key] = revenue[key].Plus(money.SumOf(s.Order.Net()))
					}
				}
			}
			if hasBought {
				bought[channel]++
			}
		}
		for _, row := range rows(t, answer, "persons") {
			f := strings.Split(row, "|")
			if want := fmt.Sprintf("%d %d %d", persons[f[0]], buyers[f[0]], bought[f[0]]); strings.Join([]string{f[1], f[3], f[4]}, " ") != want {
				t.Errorf("%s: new, buyers and bought are %q, want %s", f[0], row, want)
			}
			delete(persons, f[0])
		}
		if len(persons) > 0 {
			t.Errorf("%v have no row", persons)
		}
		for _, row := range rows(t, answer, "revenue") {
			f := strings.Split(row, "|")
			key := strings.Join(f[:3], "|")
			if f[3] != revenue[key].String() {
				t.Errorf("%s is %s, want %s", key, f[3], revenue[key])
			}
			delete(revenue, key)
		}
		if len(revenue) > 0 {
			t.Errorf("%v have no row", revenue)
		}
	})
}

// TestParseCosts refuses what could be misread, names the entry, and says what each entry counts.
func TestParseCosts(t *testing.T) {
	t.Parallel()
	const good = `{"channel": "email", "from": "2026-03-01", "to": "2026-04-01", "amount": "10.00"}`
	for text, want := range map[string]string{
		`[]`: "the document is", `{}`: "the document is", `{"costs": [], "more": 1}`: "more",
		`{"costs": [` + good + `, {"channel": "x"}]}`:                                                           "costs[1]",
		`{"costs": [{"from": "2026-03-01", "to": "2026-04-01", "amount": 1}]}`:                                  "no channel",
		`{"costs": [{"channel": "x", "from": "1.3.2026", "to": "2026-04-01", "amount": 1}]}`:                    "from is the first day",
		`{"costs": [{"channel": "x", "from": "2026-03-01", "to": "2026-03", "amount": 1}]}`:                     "to is the day after",
		`{"costs": [{"channel": "x", "from": "2026-03-01", "to": "2026-03-01", "amount": 1}]}`:                  "write 2026-03-02",
		`{"costs": [{"channel": "x", "from": "2026-03-01", "to": "2026-04-01"}]}`:                               "amount",
		`{"costs": [{"channel": "x", "from": "2026-03-01", "to": "2026-04-01", "amount": -1}]}`:                 "amount",
		`{"costs": [{"channel": "x", "from": "2026-03-01", "to": "2026-04-01", "amount": "1,50"}]}`:             "decimal",
		`{"costs": [{"channel": "x", "from": "2026-03-01", "to": "2026-04-01", "amount": 1, "spend": 2}]}`:      "spend",
		`{"costs": [{"channel": "x", "from": "2026-03-01", "to": "2026-04-01", "amount": 1, "currency": "€"}]}`: "three letters",
	} {
		_, err := acquisition.ParseCosts([]byte(text))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an invalid document because of %q", text, err, want)
		}
	}
	costs, err := acquisition.ParseCosts([]byte(`{"costs": [` + good + `, {"channel": "paid_search", "campaign": "spring", "from": "2026-03-01", "to": "2026-03-02", "amount": 1.5, "currency": "usd"}]}`))
	want := []string{
		"channel email: 10.00 in the workspace's currency for 31 days, from 2026-03-01 to 2026-03-31",
		"channel paid_search, campaign spring: 1.50 USD for 1 days, from 2026-03-01 to 2026-03-01",
	}
	if got := acquisition.DescribeCosts(costs); err != nil || !slices.Equal(got, want) {
		t.Errorf("described as %q (%v), want %q", got, err, want)
	}
	q := question(t, `{"channel": ""}`)
	if _, err := acquisition.Analysis().Prepare(q); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a question with bad costs: %v", err)
	}
	if _, err := acquisition.Analysis().Prepare(question(t, "", "by=country")); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "by campaign") {
		t.Errorf("by country: %v, want it refused", err)
	}
}

// BenchmarkAcquisition reads lives of some 100,000 steps.
func BenchmarkAcquisition(b *testing.B) {
	lives := analysistest.Lives(1, 8000)
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	q := question(b, "")
	q.From, q.To, q.Now = analysistest.Begin, analysistest.End, event.At(analysistest.End)
	plan, err := acquisition.Analysis().Prepare(q)
	if err != nil {
		b.Fatal(err)
	}
	listed := analysis.Listing(lives, 2)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := plan.Answer(listed); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(steps)*1e6/1e9, "s/1Msteps")
}
