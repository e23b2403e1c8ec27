package rfm_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/buyer"
	"waymark/shared/domain/event"
	"waymark/shared/domain/money"
	"waymark/shared/domain/rfm"
	"waymark/shared/domain/step"
)

// counted is one buyer as the recount below sees them.
type counted struct {
	days, orders, cents int64
	isBuyer             bool
}

// recount counts a life anew: all money of one order id together, in cents, and orders of which something was taken back and nothing is left are none.
func recount(life []step.Row, until time.Time) counted {
	type order struct {
		cents   int64
		last    time.Time
		isTaken bool
	}
	orders := map[string]*order{}
	var out counted
	for _, r := range life {
		if r.Order == nil || !r.At.Time().Before(until) || r.Order.Currency != "EUR" {
			continue
		}
		cents := int64(r.Order.Net()) / 10_000
		out.cents += cents
		if r.Order.Kind == event.Completed {
			orders[r.Order.ID] = &order{last: r.At.Time()}
		}
		o := orders[r.Order.ID]
		o.cents += cents
		o.isTaken = o.isTaken || r.Order.Kind == event.Cancelled || r.Order.Kind == event.Refunded
	}
	var last time.Time
	for _, o := range orders {
		if o.isTaken && o.cents <= 0 {
			continue
		}
		out.isBuyer = true
		out.orders++
		if o.last.After(last) {
			last = o.last
		}
	}
	out.days = int64(until.Sub(last.Truncate(24*time.Hour)) / (24 * time.Hour)) // UTC, and until is midnight
	return out
}

// score is 1 and how many quintiles, by linear interpolation in fractions, a value is above.
func score(values []int64, value int64) int {
	slices.Sort(values)
	out := 1
	for q := int64(1); q < 5; q++ {
		rank := big.NewRat(q*int64(len(values)-1), 5)
		low := new(big.Int).Quo(rank.Num(), rank.Denom()).Int64()
		high := min(low+1, int64(len(values)-1))
		bound := new(big.Rat).Sub(rank, big.NewRat(low, 1))
		bound.Mul(bound, big.NewRat(values[high]-values[low], 1))
		bound.Add(bound, big.NewRat(values[low], 1))
		if big.NewRat(value, 1).Cmp(bound) > 0 {
			out++
		}
	}
	return out
}

// The analysis equals a recount of random lives, person by person.
func TestAgainstRecount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		lives := analysistest.Lives(seed, 120)
		until := analysistest.End.AddDate(0, 0, -int(seed)*17)
		q := analysis.Question{
			Calendar: calendar(t, "UTC"), From: analysistest.Begin, To: analysistest.End, Now: event.At(until), Currency: "EUR",
			Said: map[string][]string{"limit": {"1000"}, "churn_after": {"30d"}},
		}
		buyers := map[string]counted{}
		var days, orders, cents []int64
		var whole int64
		for _, life := range lives {
			if c := recount(life, until); c.isBuyer {
				buyers[string(life[0].Person)] = c
				days, orders, cents = append(days, -c.days), append(orders, c.orders), append(cents, c.cents)
				whole += c.cents
			}
		}
		answer := ask(t, q, lives)
		rows := table(t, answer, "persons")
		if len(rows) != len(buyers) {
			t.Fatalf("seed %d: %d buyers, want %d", seed, len(rows), len(buyers))
		}
		segments := map[string]int{}
		for _, row := range rows {
			c := buyers[row["person"].String()]
			// Of recency less is better; the quintiles of negated days are the negated quintiles from the other end, and a tie with a bound scores the better.
			r := 6 - score(negated(days), c.days)
			f, m := score(slices.Clone(orders), c.orders), score(slices.Clone(cents), c.cents)
			segment := string(rfm.SegmentOf(r, f))
			segments[segment]++
			want := fmt.Sprintf("%d days, %d orders, %d.%02d, %d%d%d %s, churned %v", c.days, c.orders, c.cents/100, c.cents%100, r, f, m, segment,
				map[bool]string{true: "yes", false: "no"}[c.days > 30])
			got := fmt.Sprintf("%v days, %v orders, %v, %v %v, churned %v", row["recency_days"], row["orders"], row["revenue"], row["score"], row["segment"], row["churned"])
			if got != want {
				t.Errorf("seed %d: %v has %s, want %s", seed, row["person"], got, want)
			}
		}
		for _, row := range table(t, answer, "segments") {
			n, _ := row["persons"].Counts()
			if name := row["segment"].String(); name != "all" && int(n) != segments[name] {
				t.Errorf("seed %d: %d %s, want %d", seed, n, name, segments[name])
			} else if name == "all" && row["revenue"].String() != fmt.Sprintf("%d.%02d", whole/100, whole%100) {
				t.Errorf("seed %d: revenue of all is %v, want %d cents", seed, row["revenue"], whole)
			}
		}
	}
}

// Parted by a value, persons and revenue add up to what they are without; with more than 50 values, the rest is other.
func TestBy(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(5, 150)
	q := analysis.Question{
		Calendar: calendar(t, "UTC"), From: analysistest.Begin, To: analysistest.End, Now: event.At(analysistest.End), Currency: "EUR",
	}
	whole := table(t, ask(t, q, lives), "segments")
	for by, most := range map[string]int{"first_channel": 7, "session_channel": 7, "property.cost": 50} {
		breakdown, err := analysis.ParseBreakdown("by", by)
		if err != nil {
			t.Fatal(err)
		}
		q.By = breakdown
		persons := map[string]int64{}
		var revenue money.Sum
		rows := table(t, ask(t, q, lives), "segments")
		for _, row := range rows {
			n, _ := row["persons"].Counts()
			persons[row["segment"].String()] += n
			if row["segment"].String() == "all" {
				var sum money.Sum
				if err := sum.UnmarshalJSON([]byte(row["revenue"].String())); err != nil {
					t.Fatal(err)
				}
				revenue = revenue.Plus(sum)
			}
		}
		for _, row := range whole {
			if n, _ := row["persons"].Counts(); persons[row["segment"].String()] != n {
				t.Errorf("by %s: %d persons are %v, want %d", by, persons[row["segment"].String()], row["segment"], n)
			}
		}
		if got, want := revenue.String(), whole[len(whole)-1]["revenue"].String(); got != want {
			t.Errorf("by %s: revenue is %s, want %s", by, got, want)
		}
		if len(rows) != 11*most {
			t.Errorf("by %s: %d rows, want 11 of each of %d values", by, len(rows), most)
		}
		if last := rows[len(rows)-1][by].String(); (last == "other") != (most == 50) {
			t.Errorf("by %s: the last value is %s", by, last)
		}
	}
}

func negated(of []int64) []int64 {
	out := slices.Clone(of)
	for i := range out {
		out[i] = -out[i]
	}
	return out
}

func TestClasses(t *testing.T) {
	t.Parallel()
	lives := analysistest.Lives(7, 200)
	rules := buyer.Rules{Known: event.At(analysistest.End), Currency: "EUR"}
	of := rfm.Classes(analysis.Listing(lives, 3), calendar(t, "UTC"), rules)
	base := rfm.Read(analysis.Listing(lives, 1), calendar(t, "UTC"), rules)
	buyers := 0
	for _, life := range lives {
		if of(life[0].Person) != rfm.NoBuyer {
			buyers++
		}
	}
	if buyers != len(base.Buyers) || buyers == 0 || buyers == len(lives) {
		t.Errorf("%d of %d persons have a class, want %d", buyers, len(lives), len(base.Buyers))
	}
	for _, b := range base.Buyers {
		if got := of(b.Person); got != b.Segment {
			t.Errorf("class of %s is %s, want %s", b.Person, got, b.Segment)
		}
	}
}

func TestNobody(t *testing.T) {
	t.Parallel()
	q := analysis.Question{
		Calendar: calendar(t, "UTC"), From: analysistest.Begin, To: analysistest.End, Now: event.At(analysistest.End), Currency: "JPY",
	}
	answer := ask(t, q, analysistest.Lives(1, 30))
	rows := table(t, answer, "segments")
	if all := rows[len(rows)-1]; len(rows) != 11 || all["persons"].String() != "0" || !all["share"].IsNone() {
		t.Errorf("without buyers there are %d segments and all is %v with a share of %v", len(rows), all["persons"], all["share"])
	}
	if notes := strings.Join(answer.Notes, " "); !strings.Contains(notes, "orders in EUR are left out") {
		t.Errorf("notes are %q, want the orders in other currencies", notes)
	}
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"churn_after": "3h", "limit": "1001", "currency": "euros", "value": "all"} {
		q := analysis.Question{
			Calendar: calendar(t, "UTC"), From: analysistest.Begin, To: analysistest.End, Now: event.At(analysistest.End), Currency: "EUR",
			Said: map[string][]string{name: {text}},
		}
		if _, err := rfm.Analysis().Prepare(q); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s=%s gives %v", name, text, err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	lives := analysis.Listing(analysistest.Lives(1, 20_000), 2)
	zone, rules := calendar(b, "Europe/Berlin"), buyer.Rules{Known: event.At(analysistest.End), Currency: "EUR"}
	for b.Loop() {
		rfm.Read(lives, zone, rules)
	}
}
