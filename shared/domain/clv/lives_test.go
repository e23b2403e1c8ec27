package clv_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/clv"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
)

// days are the local dates of a person's orders in a currency that stand before an instant, counted anew from the steps.
func days(life []step.Row, currency string, until time.Time) (out []string, revenue money.Sum) {
	left, taken, on := map[string]money.Sum{}, map[string]bool{}, map[string]string{}
	for _, r := range life {
		if o := r.Order; o != nil && o.Currency == currency && r.At.Time().Before(until) {
			left[o.ID] = left[o.ID].Plus(money.SumOf(o.Net()))
			revenue = revenue.Plus(money.SumOf(o.Net()))
			taken[o.ID] = taken[o.ID] || o.Net() < 0
			if o.Kind == event.Completed {
				on[o.ID] = r.At.Time().Format(time.DateOnly)
			}
		}
	}
	for order, day := range on {
		if !taken[order] || !strings.HasPrefix(left[order].String(), "-") && !left[order].IsZero() {
			out = append(out, day)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), revenue
}

// simulatedLives are buyers who come in the first 30 days of 2026 and live as the models say until July. One order in 20 is given back a week later, and
// one in 20 is in dollars.
func simulatedLives(seed uint64, n int) [][]step.Row {
	r := rand.New(rand.NewPCG(seed, 7))
	m, spend := truth()
	begin, end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	out := make([][]step.Row, n)
	for i := range out {
		person := event.Identifier(fmt.Sprintf("user:%06d", i))
		rate, x, y, nu := gamma(r, m.R, m.Alpha), gamma(r, m.A, 1), gamma(r, m.B, 1), gamma(r, spend.Q, spend.Gamma)
		at := begin.Add(time.Duration(r.Int64N(int64(30 * 24 * time.Hour))))
		for at.Before(end) {
			order := step.Order{ID: fmt.Sprint(i, "-", len(out[i])), Amount: money.Micros(1+100*gamma(r, spend.P, nu)) * 10_000, Currency: "EUR"}
			if r.IntN(20) == 0 {
				order.Currency = "USD"
			}
			out[i] = append(out[i], step.Row{Person: person, At: event.At(at), Type: event.Track, Order: &order})
			if back := at.AddDate(0, 0, 7); r.IntN(20) == 0 && back.Before(end) {
				refund := order
				refund.Kind = event.Refunded
				out[i] = append(out[i], step.Row{Person: person, At: event.At(back), Type: event.Track, Order: &refund})
			}
			if len(out[i]) > 1 && r.Float64() < x/(x+y) {
				break
			}
			at = at.Add(time.Duration(min(r.ExpFloat64()/rate, 1000) * float64(7*24*time.Hour)))
		}
		slices.SortStableFunc(out[i], func(a, b step.Row) int { return cmp.Compare(a.At, b.At) })
	}
	return out
}

// The analysis of random lives, with refunds and two currencies, equals the models fitted to histories that are counted anew, person by person.
func TestAgainstRecount(t *testing.T) {
	t.Parallel()
	fitted := 0
	for seed := range uint64(2) {
		lives := simulatedLives(seed, 600)
		if seed == 1 {
			lives = analysistest.Lives(seed, 300)
		}
		until := analysistest.End.AddDate(0, 0, -int(seed)*30)
		q := question(t, "UTC", "2026-01-01", until.Format(time.DateOnly), "EUR", map[string][]string{"limit": {"1000"}, "discount": {"0"}, "horizon": {"91d"}})
		answer := ask(t, q, lives)
		var histories []clv.History
		want, of := map[string]string{}, map[string]clv.History{}
		for _, life := range lives {
			on, revenue := days(life, "EUR", until)
			if len(on) == 0 {
				continue
			}
			h := clv.History{Repeats: len(on) - 1, Last: weeks(t, on[0], on[len(on)-1]), Span: weeks(t, on[0], until.AddDate(0, 0, -1).Format(time.DateOnly))}
			histories = append(histories, h)
			person := string(life[0].Person)
			of[person] = h
			want[person] = fmt.Sprint(len(on), " ", on[0], " ", on[len(on)-1], " ", revenue)
		}
		fit, err := clv.FitBGNBD(histories)
		rows := table(t, answer, "persons")
		if err != nil {
			if state := table(t, answer, "fits")[0]["reason"].String(); state != err.Error() || len(rows) != 0 {
				t.Errorf("seed %d: refused with %q and %d persons, want %v", seed, state, len(rows), err)
			}
			continue
		}
		fitted++
		if len(rows) != min(len(want), 1000) {
			t.Fatalf("seed %d: %d persons, want %d", seed, len(rows), len(want))
		}
		for _, row := range rows {
			person := row["person"].String()
			if got := fmt.Sprint(row["purchases"], " ", row["first_purchase"], " ", row["last_purchase"], " ", row["revenue"]); got != want[person] {
				t.Errorf("seed %d: %s has %s, want %s", seed, person, got, want[person])
			}
			near(t, "alive", float(t, row["alive"]), fit.Model.Alive(of[person]), 1e-6)
			near(t, "expected purchases", float(t, row["expected_purchases"]), fit.Model.ExpectedOf(of[person], 13), 1e-6)
			if !row["clv"].IsNone() { // without a discount it is purchases times spend
				value := float(t, row["expected_purchases"]) * float(t, row["expected_spend"])
				near(t, "clv", float(t, row["clv"]), value, 0.006+0.006*value)
			}
		}
	}
	if fitted == 0 {
		t.Error("no base was fitted")
	}
}

func weeks(t *testing.T, from, to string) float64 {
	t.Helper()
	a, err := time.Parse(time.DateOnly, from)
	if err != nil {
		t.Fatal(err)
	}
	b, err := time.Parse(time.DateOnly, to)
	if err != nil {
		t.Fatal(err)
	}
	return b.Sub(a).Hours() / (24 * 7)
}

// A discount takes off what the time of purchases says: between the whole discount of the horizon and none, and right against a sum over days.
func TestDiscount(t *testing.T) {
	t.Parallel()
	lives := transactions(t)[:600]
	at := func(discount string) analysis.Answer {
		return ask(t, question(t, "America/New_York", "1997-01-01", "1998-07-01", "USD",
			map[string][]string{"discount": {discount}, "limit": {"30"}, "horizon": {"730d"}}), lives)
	}
	full, less := table(t, at("0"), "persons"), at("15")
	p := parameters(t, less)
	m := clv.BGNBD{R: p[0], Alpha: p[1], A: p[2], B: p[3]}
	for _, row := range table(t, less, "persons") {
		i := slices.IndexFunc(full, func(of map[string]analysis.Value) bool { return of["person"].String() == row["person"].String() })
		if i < 0 {
			continue
		}
		first, last := row["first_purchase"].String(), row["last_purchase"].String()
		n, _ := row["purchases"].Counts()
		h := clv.History{Repeats: int(n) - 1, Last: weeks(t, first, last), Span: weeks(t, first, "1998-06-30")}
		var sum, before float64
		for day := 1; day <= 730; day++ {
			until := m.ExpectedOf(h, float64(day)/7)
			sum += (until - before) * discounted(0.15, float64(day)-0.5)
			before = until
		}
		near(t, "share left by the discount", float(t, row["clv"])/float(t, full[i]["clv"]), sum/before, 2e-4)
	}
}

// parameters are those of BG/NBD in an answer.
func parameters(t *testing.T, a analysis.Answer) (out []float64) {
	t.Helper()
	for _, row := range table(t, a, "model")[:4] {
		out = append(out, float(t, row["estimate"]))
	}
	return out
}

// Contracts: 1,000 customers who buy each month until they leave, as the published cohort does, give the published model.
func TestContracts(t *testing.T) {
	t.Parallel()
	var want struct {
		Survivors []int     `json:"survivors_years_0_to_12"`
		Years     int       `json:"fit_years"`
		Rates     []float64 `json:"retention_rates_first_7"`
	}
	document(t, "testdata/retention_sbg/regular.json", &want)
	begin := time.Date(2018, 3, 5, 9, 0, 0, 0, time.UTC)
	var lives [][]step.Row
	for i := range want.Survivors[0] {
		var life []step.Row
		for year, survivors := range want.Survivors[:want.Years+1] {
			if i < survivors {
				life = append(life, step.Row{
					Person: event.Identifier(fmt.Sprintf("user:%04d", i)), At: event.At(begin.AddDate(year, 0, i%90)), Type: event.Track,
					Order: &step.Order{ID: fmt.Sprint(i, "-", year), Amount: 5_000_000, Currency: "EUR"},
				})
			}
		}
		lives = append(lives, life)
	}
	// The eighth year is not over: who has not renewed in it yet has not left.
	answer := ask(t, question(t, "UTC", "2026-01-01", "2026-02-01", "EUR", map[string][]string{"contract": {"year"}}), lives)
	rows := table(t, answer, "renewals")
	for i, rate := range want.Rates {
		n, of := rows[i]["renewed"].Counts()
		if int(n) != want.Survivors[i+1] || int(of) != want.Survivors[i] {
			t.Errorf("renewal %d is %d of %d, want %d of %d", i+1, n, of, want.Survivors[i+1], want.Survivors[i])
		}
		near(t, "expected renewal", float(t, rows[i]["expected"]), rate, 0.03)
	}
	for year := want.Years + 1; year < len(want.Survivors); year++ {
		near(t, "survival", float(t, rows[year-1]["survival"]), float64(want.Survivors[year])/1000, 0.005)
	}
	// Fitted to four years, sBG knows the next three better than a rate that stays.
	tried := table(t, answer, "renewals_holdout")
	model, naive := float(t, tried[0]["error"]), float(t, tried[1]["error"])
	if tried[0]["persons"].String() != "326" || tried[0]["actual"].String() != "241" || math.Abs(model) > 0.05 || naive > -0.2 {
		t.Errorf("of %v customers %v stayed; the model is off by %v, the baseline by %v", tried[0]["persons"], tried[0]["actual"], model, naive)
	}
	notes := strings.Join(answer.Notes, " ")
	if !strings.Contains(notes, "alpha 0.704") || !strings.Contains(notes, "beta 1.182") || !strings.Contains(notes, "-1680.2652") {
		t.Errorf("notes are %s", notes)
	}
}

// Orders in other currencies are left out and told of, never added.
func TestCurrencies(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(3, 300)
	for currency, other := range map[string]string{"EUR": "USD", "USD": "EUR"} {
		answer := ask(t, question(t, "UTC", "2026-01-01", "2026-07-01", "EUR", map[string][]string{"currency": {currency}}), lives)
		if notes := strings.Join(answer.Notes, " "); !strings.Contains(notes, "orders in "+other+" are left out") {
			t.Errorf("in %s the notes are %s", currency, notes)
		}
	}
	answer := ask(t, question(t, "UTC", "2026-01-01", "2026-07-01", "JPY", nil), lives)
	for _, row := range table(t, answer, "fits") {
		if row["state"].String() != "refused" || row["reason"].String() == "" {
			t.Errorf("without buyers %v is %v: %v", row["model"], row["state"], row["reason"])
		}
	}
}

func BenchmarkAnswer(b *testing.B) {
	q := question(b, "UTC", "2026-01-01", "2026-07-01", "EUR", nil)
	plan, err := clv.Analysis().Prepare(q)
	if err != nil {
		b.Fatal(err)
	}
	lives := analysis.Listing(simulatedLives(1, 20_000), 2)
	for b.Loop() {
		if _, err := plan.Answer(lives); err != nil {
			b.Fatal(err)
		}
	}
}

// discounted is what is left of 1 after days at a yearly discount.
func discounted(yearly, days float64) float64 { return math.Pow(1+yearly, -days/365.25) }
