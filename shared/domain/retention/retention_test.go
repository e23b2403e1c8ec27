package retention_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/retention"
	"waymark/shared/domain/step"
)

// shop is the example of the documentation: the clock goes forward on 29 March, in the second week.
func shop(t testing.TB, calendar period.Calendar) [][]step.Row {
	return [][]step.Row{
		person(t, calendar, "2026-03-16T09:00 email 40.00", "2026-03-23T10:00 direct 10.00", "2026-03-30T10:00 email"),
		person(t, calendar, "2026-03-17T09:00 email 20.00", "2026-03-29T23:59 direct 5.50"),
		person(t, calendar, "2026-03-22T23:59 social", "2026-04-06T08:00 social 99.00"),
		person(t, calendar, "2026-03-18T12:00 social"),
		person(t, calendar, "2026-03-30T00:00 social", "2026-04-12T12:00 social"),
		person(t, calendar, "2026-03-31T12:00 email 15.00", "2026-03-31T13:00 email"),
	}
}

// TestExample is the worked example of docs/analyses/retention.md, with the fixture of feature row C42: a cohort of nobody, and cells of 0 that the
// mean does not skip.
func TestExample(t *testing.T) {
	t.Parallel()
	q := question(t, "Europe/Berlin", "2026-03-16", "2026-04-13", "2026-04-10", map[string][]string{
		"grain": {"week"}, "revenue": {"net"}, "cost": {"2026-03-16:70.00", "2026-03-30:20.00"},
	})
	a := answer(t, retention.Analysis(), shop(t, q.Calendar), q, 2)
	documented(t, "retention.md", tableOf(t, a, "cohorts"), `| cohort | age | since | size | persons | share | churn | state |
|---|---|---|---|---|---|---|---|
| 2026-03-16 | 0 | 2026-03-16 | 4 | 4 | 1.0000 | 0.0000 | complete |
| 2026-03-16 | 1 | 2026-03-23 | 4 | 2 | 0.5000 | 0.5000 | complete |
| 2026-03-16 | 2 | 2026-03-30 | 4 | 1 | 0.2500 | 0.7500 | complete |
| 2026-03-16 | 3 | 2026-04-06 | 4 | 1 | 0.2500 | 0.7500 | open |
| 2026-03-23 | 0 | 2026-03-23 | 0 | 0 |  |  | complete |
| 2026-03-23 | 1 | 2026-03-30 | 0 | 0 |  |  | complete |
| 2026-03-23 | 2 | 2026-04-06 | 0 | 0 |  |  | open |
| 2026-03-30 | 0 | 2026-03-30 | 2 | 2 | 1.0000 | 0.0000 | complete |
| 2026-03-30 | 1 | 2026-04-06 | 2 | 0 | 0.0000 | 1.0000 | open |
| 2026-04-06 | 0 | 2026-04-06 | 0 | 0 |  |  | open |`)
	documented(t, "retention.md", tableOf(t, a, "payback"), `| cohort | currency | size | cost | cost_per_person | revenue | payback_age | state |
|---|---|---|---|---|---|---|---|
| 2026-03-16 | EUR | 4 | 70.00 | 17.50 | 174.50 | 1 | paid_back |
| 2026-03-30 | EUR | 2 | 20.00 | 10.00 | 15.00 |  | open |`)
	later := q
	later.Now = event.At(q.To)
	documented(t, "retention.md", tableOf(t, answer(t, retention.Analysis(), shop(t, q.Calendar), later, 1), "ages"),
		`| age | cohorts | empty_cohorts | size | persons | share | mean_share | churn |
|---|---|---|---|---|---|---|---|
| 0 | 2 | 2 | 6 | 6 | 1.0000 | 1.000000 | 0.0000 |
| 1 | 2 | 1 | 6 | 3 | 0.5000 | 0.500000 | 0.5000 |
| 2 | 1 | 1 | 4 | 1 | 0.2500 | 0.250000 | 0.7500 |
| 3 | 1 | 0 | 4 | 1 | 0.2500 | 0.250000 | 0.7500 |`)
}

// TestSettledCosts: an entry of ten days, five of which are in a cohort's week, costs half there.
func TestSettledCosts(t *testing.T) {
	t.Parallel()
	q := question(t, "Europe/Berlin", "2026-03-16", "2026-04-13", "2026-04-13", map[string][]string{"grain": {"week"}, "revenue": {"gross"}})
	q.Documents = map[string][]byte{"costs": []byte(`{"costs": [
		{"channel": "email", "from": "2026-03-25", "to": "2026-04-04", "amount": "11.01"}, {"channel": "social", "from": "2026-03-16", "to": "2026-03-17", "amount": "60"},
		{"channel": "social", "from": "2026-03-16", "to": "2026-03-17", "amount": "7", "currency": "USD"}]}`)}
	payback := func() (got []string) {
		for _, table := range answer(t, retention.Analysis(), shop(t, q.Calendar), q, 1).Tables {
			for _, row := range table.Rows {
				if table.Name == "payback" {
					got = append(got, fmt.Sprint(row[0], row[3], row[6]))
				}
			}
		}
		return got
	}
	want := "[2026-03-16 60.00 0 2026-03-23 5.505  2026-03-30 5.505 0]"
	if got := fmt.Sprint(payback()); got != want {
		t.Errorf("cohorts, costs and payback: %s, want %s", got, want)
	}
	q.Said["cost"] = []string{"2026-03-30:15.01"}
	if got := fmt.Sprint(payback()); got != "[2026-03-30 15.01 ]" {
		t.Errorf("a cost that is said: %s, want it alone", got)
	}
	delete(q.Said, "cost")
	for name, said := range map[string][]string{"cohort": {"recurring"}, "revenue": {"none"}} {
		before := q.Said[name]
		q.Said[name] = said
		if got := payback(); got != nil {
			t.Errorf("%s=%s has paybacks: %s", name, said, got)
		}
		q.Said[name] = before
	}
	q.Segment, _ = analysis.ParseSegment("segment", []string{"channel:email"})
	if got := payback(); got != nil {
		t.Errorf("the costs of everybody are a segment's: %s", got)
	}
	q.Segment, q.Documents["costs"] = analysis.Segment{}, []byte(`{"costs": [{}]}`)
	if _, err := retention.Analysis().Prepare(q); err == nil {
		t.Error("a file of costs that is none is taken")
	}
}

// TestMeanKeepsZeros is feature row C42: of three cohorts, one of which nobody came back, the mean is over three.
func TestMeanKeepsZeros(t *testing.T) {
	t.Parallel()
	q := question(t, "UTC", "2026-01-05", "2026-01-09", "2026-01-09", map[string][]string{"grain": {"day"}, "horizon": {"1"}})
	lives := [][]step.Row{
		person(t, q.Calendar, "2026-01-05T09:00 email", "2026-01-06T09:00 email"),
		person(t, q.Calendar, "2026-01-06T09:00 email"), person(t, q.Calendar, "2026-01-06T10:00 email"),
		person(t, q.Calendar, "2026-01-07T09:00 email", "2026-01-08T09:00 email"), person(t, q.Calendar, "2026-01-07T10:00 email"),
	}
	row := tableOf(t, answer(t, retention.Analysis(), lives, q, 1), "ages").Rows[1]
	if got := fmt.Sprint(row[1], row[2], row[3], row[4], row[6]); got != "3 0 5 2 0.500000" {
		t.Errorf("cohorts, empty ones, size, persons and mean of age 1: %s, want 3 0 5 2 0.500000", got)
	}
}

// TestClockChanges: days of 23 and 25 hours are days, also where an instant of 24 hours would be in another one.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, from, to, first, second string }{
		{"Europe/Berlin", "2026-03-28", "2026-04-01", "2026-03-28T23:30", "2026-03-30T00:15"}, // 23:45 hours later, two days on
		{"Europe/Berlin", "2026-10-24", "2026-10-28", "2026-10-24T00:15", "2026-10-26T00:10"}, // 48:55 hours later, two days on
		{"America/Sao_Paulo", "2018-11-03", "2018-11-07", "2018-11-03T23:59", "2018-11-05T00:00"},
	} {
		q := question(t, c.zone, c.from, c.to, c.to, map[string][]string{"grain": {"day"}, "horizon": {"3"}})
		var got []string
		for _, row := range tableOf(t, answer(t, retention.Analysis(), [][]step.Row{person(t, q.Calendar, c.first+" email", c.second+" email")}, q, 1), "cohorts").Rows[:4] {
			got = append(got, row[4].String())
		}
		if strings.Join(got, " ") != "1 0 1 0" {
			t.Errorf("%s in %s: %s, want 1 0 1 0", c.first, c.zone, got)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said map[string][]string
		want string
	}{
		{map[string][]string{"cohort": {"last"}}, "cohort is one of first_ever, first_order, first_event, recurring"},
		{map[string][]string{"event": {"order"}}, "event is what persons of cohort=first_event or cohort=recurring begin with"},
		{map[string][]string{"returning": {"a:b"}}, "bad_parameter at returning"},
		{map[string][]string{"returning": {"a?"}}, "returning is one event"},
		{map[string][]string{"grain": {"hour"}}, "grain is one of month, day, week"},
		{map[string][]string{"horizon": {"0"}}, "horizon is a whole number from 1 to 400"},
		{map[string][]string{"measure": {"x"}}, "measure is one of bounded, rolling"},
		{map[string][]string{"cost": {"2026-01-01:5"}}, "a payback needs what the cohorts have spent"},
		{map[string][]string{"cost": {"2026-01-01:much"}, "revenue": {"net"}}, "a cost is the first day of a cohort and an amount"},
		{map[string][]string{"cost": {"2026-01:5"}, "revenue": {"net"}}, `no cohort of the period begins with "2026-01"; a cohort is named by its first day, such as 2026-01-01`},
	} {
		_, err := retention.Analysis().Prepare(question(t, "UTC", "2026-01-01", "2026-03-01", "2026-03-01", c.said))
		if err == nil || !strings.Contains(err.Error(), c.want) || fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v, want %s", c.said, err, c.want)
		}
	}
	if _, err := retention.Analysis().Prepare(question(t, "UTC", "2020-01-01", "2026-01-01", "2026-03-01", map[string][]string{"grain": {"day"}})); err == nil {
		t.Error("six years of days are not refused")
	}
	if _, err := retention.Lifecycle().Prepare(question(t, "UTC", "2026-04-01", "2026-05-01", "2026-03-01", nil)); err == nil {
		t.Error("a period that has not begun is not refused")
	}
}

// TestBrute counts the cells of random lives a second time, person by person and cell by cell.
func TestBrute(t *testing.T) {
	t.Parallel()
	const seed = 61
	lives := analysistest.Lives(seed, 300)
	for i, said := range []map[string][]string{
		{},
		{"cohort": {"first_order"}, "returning": {"order"}, "measure": {"rolling"}, "revenue": {"net"}, "grain": {"week"}, "horizon": {"9"}},
		{"cohort": {"first_event"}, "event": {"Product Viewed"}, "returning": {"Checkout Started"}, "grain": {"week"}, "revenue": {"gross"}},
		{"cohort": {"recurring"}, "event": {"Product Added"}, "returning": {"order"}, "revenue": {"net"}, "horizon": {"3"}},
		{"cohort": {"recurring"}, "grain": {"day"}, "horizon": {"6"}, "measure": {"rolling"}},
	} {
		q := question(t, []string{"Europe/London", "America/New_York"}[i%2], "2026-02-10", "2026-05-20", "2026-05-12", said)
		q.By, _ = analysis.ParseBreakdown("by", []string{"channel", "property.plan"}[i%2])
		a := answer(t, retention.Analysis(), lives, q, 1)
		if one, three := text(t, a), text(t, answer(t, retention.Analysis(), lives, q, 3)); one != three {
			t.Errorf("seed %d, question %d: three parts give\n%s\none gives\n%s", seed, i, three, one)
		}
		b := bruteForce{q: q, lives: lives, units: map[event.Millis]string{}}
		for _, row := range tableOf(t, a, "cohorts").Rows {
			age, _ := row[1].Counts()
			size, persons, _ := b.cell(row[0].String(), int(age), "")
			if got := fmt.Sprint(row[3], row[4]); got != fmt.Sprint(size, persons) {
				t.Errorf("seed %d, question %d: cohort %s, age %d: %s persons, want %d %d", seed, i, row[0], age, got, size, persons)
			}
		}
		checkBy(t, a)
		if said["revenue"] == nil {
			continue
		}
		for _, row := range tableOf(t, a, "revenue").Rows {
			age, _ := row[2].Counts()
			if _, _, revenue := b.cell(row[1].String(), int(age), row[0].String()); row[4].String() != revenue.String() {
				t.Errorf("seed %d, question %d: cohort %s, age %d: %s %s, want %s", seed, i, row[1], age, row[4], row[0], revenue)
			}
		}
	}
}

func checkBy(t *testing.T, a analysis.Answer) {
	t.Helper()
	sums := map[string][2]int64{}
	for _, row := range tableOf(t, a, "by").Rows {
		size, _ := row[2].Counts()
		persons, _ := row[3].Counts()
		sum := sums[row[1].String()]
		sums[row[1].String()] = [2]int64{sum[0] + size, sum[1] + persons}
	}
	for _, row := range tableOf(t, a, "ages").Rows {
		if sum := sums[row[0].String()]; fmt.Sprint(sum[0], sum[1]) != fmt.Sprint(row[3], row[4]) {
			t.Errorf("values of age %s add up to %v, want %s %s", row[0], sum, row[3], row[4])
		}
	}
}

// bruteForce looks through all lives for each cell.
type bruteForce struct {
	q     analysis.Question
	lives [][]step.Row
	units map[event.Millis]string
}

func (b *bruteForce) is(name string, r *step.Row) bool {
	switch event := b.q.Text(name); event {
	case "":
		return r.Session > 0
	case "order":
		return r.Order != nil && r.Order.Kind == ""
	default:
		return r.Event == event
	}
}

// unitOf is the first day of a step's unit, "" of what is not known.
func (b *bruteForce) unitOf(r *step.Row) string {
	grain := period.Grain(b.q.Text("grain"))
	if grain == "" {
		grain = period.Month
	}
	to := b.q.Calendar.At(grain, b.q.To.Add(-1)).End
	if r.At >= b.q.Now || !r.At.Time().Before(to) {
		return ""
	}
	return b.q.Calendar.At(grain, r.At.Time()).Key
}

// unit remembers what unitOf says of each instant, which takes long.
func (b *bruteForce) unit(r *step.Row) string {
	unit, isKnown := b.units[r.At]
	if !isKnown {
		unit = b.unitOf(r)
		b.units[r.At] = unit
	}
	return unit
}

func (b *bruteForce) cell(cohort string, age int, currency string) (size, persons int, revenue money.Sum) {
	grain := period.Grain(b.q.Text("grain"))
	if grain == "" {
		grain = period.Month
	}
	w, _ := b.q.Calendar.ByKey(grain, cohort)
	for range age {
		w = b.q.Calendar.Next(w)
	}
	for _, life := range b.lives {
		by := b.q.Text("cohort")
		start := slices.IndexFunc(life, func(r step.Row) bool {
			switch by {
			case "", "first_ever":
				return r.FirstEver
			case "first_order":
				return r.IsFirstOrder()
			case "recurring":
				return b.unit(&r) == cohort && b.is("event", &r)
			}
			return b.is("event", &r)
		})
		if start < 0 || b.unit(&life[start]) != cohort {
			continue
		}
		size++
		isBack := false
		for _, r := range life[start:] {
			unit := b.unit(&r)
			isThen := unit == w.Key
			isBack = isBack || unit != "" && b.is("returning", &r) && (isThen || b.q.Text("measure") == "rolling" && unit > w.Key)
			if isThen && r.Order != nil && r.Order.Currency == currency && (r.Order.Kind == "" || b.q.Text("revenue") == "net") {
				revenue = revenue.Plus(money.SumOf(r.Order.Net()))
			}
		}
		if isBack {
			persons++
		}
	}
	return size, persons, revenue
}

func BenchmarkRetention(b *testing.B) {
	lives := analysistest.Lives(1, 20_000)
	steps := 0
	for _, life := range lives {
		steps += len(life)
	}
	for _, of := range []analysis.Analysis{retention.Analysis(), retention.Lifecycle()} {
		b.Run(of.Name, func(b *testing.B) {
			plan, err := of.Prepare(question(b, "Europe/London", "2026-01-01", "2026-07-01", "2026-07-01", map[string][]string{"grain": {"week"}, "revenue": {"net"}}))
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
		})
	}
}
