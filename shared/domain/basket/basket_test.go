package basket_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/basket"
	"waymark/shared/domain/event"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

func question(t testing.TB, from, to time.Time, said map[string][]string) analysis.Question {
	t.Helper()
	zone, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	return analysis.Question{Calendar: zone, From: from, To: to, Now: event.At(to), Currency: "EUR", Said: said}
}

// ask asks about lives in 1 and in 3 parts, which must be answered alike.
func ask(t testing.TB, a analysis.Analysis, q analysis.Question, lives [][]step.Row) analysis.Answer {
	t.Helper()
	plan, err := a.Prepare(q)
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

// lines gives the rows of a table as texts, rates as k/n.
func lines(t testing.TB, a analysis.Answer, name string) []string {
	t.Helper()
	at := slices.IndexFunc(a.Tables, func(table analysis.Table) bool { return table.Name == name })
	if at < 0 {
		t.Fatalf("there is no table %s", name)
	}
	var out []string
	for _, row := range a.Tables[at].Rows {
		var cells []string
		for i, v := range row {
			cell := v.String()
			if low, high, ok := v.Interval(); ok && a.Tables[at].Columns[i].Unit == analysis.Ratio {
				k, n := v.Counts()
				cell = fmt.Sprint(k, "/", n)
			} else if ok {
				_, n := v.Counts()
				cell = fmt.Sprint(v, " [", low, " ", high, "] ", n)
			}
			cells = append(cells, cell)
		}
		out = append(out, strings.Join(cells, " "))
	}
	return out
}

// documented fails unless a document has these lines as rows of a table.
func documented(t *testing.T, path string, lines []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	plain := "\n" + strings.NewReplacer("| ", "", " |", "").Replace(string(text))
	for _, line := range lines {
		if !strings.Contains(plain, "\n"+line+"\n") {
			t.Errorf("%s has no row %s", path, line)
		}
	}
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// life makes a person who ordered products on days of January 2026, at noon.
func life(person string, orders map[int]string) []step.Row {
	var out []step.Row
	for day, products := range orders {
		said := map[string]string{}
		if products != "" {
			text, err := json.Marshal(strings.Fields(products))
			if err != nil {
				panic(err)
			}
			said["products"] = string(text)
		}
		out = append(out, step.Row{
			Person: event.Identifier(person), At: event.At(time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC)), Type: event.Track,
			Properties: step.SaidOf(said), Order: &step.Order{ID: fmt.Sprint(person, day), Amount: 1_000_000, Currency: "EUR"},
		})
	}
	slices.SortFunc(out, func(a, b step.Row) int { return cmp.Compare(a.At, b.At) })
	return out
}

// refunded adds that an order was given back on a later day.
func refunded(life []step.Row, order, day int) []step.Row {
	return append(life, step.Row{
		Person: life[0].Person, At: event.At(time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC)), Type: event.Track,
		Order: &step.Order{ID: fmt.Sprint(life[0].Person, order), Kind: event.Refunded, Amount: 1_000_000, Currency: "EUR"},
	})
}

var (
	january  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	february = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
)

// market is the example of Tan, Steinbach & Kumar, Introduction to Data Mining, table 6.1, with an order that was given back and one without products.
func market() [][]step.Row {
	return [][]step.Row{
		life("a", map[int]string{1: "bread milk"}),
		life("b", map[int]string{2: "bread diapers beer eggs"}),
		life("c", map[int]string{3: "milk diapers beer cola"}),
		refunded(life("d", map[int]string{4: "bread milk diapers beer", 5: "eggs cola"}), 5, 20),
		life("e", map[int]string{6: "bread milk diapers cola", 7: ""}),
	}
}

func TestMarket(t *testing.T) {
	t.Parallel()
	answer := ask(t, basket.Analysis(), question(t, january, february, map[string][]string{"min_orders": {"3"}}), market())
	equal(t, "products", lines(t, answer, "products"), []string{"bread 4 4/5", "diapers 4 4/5", "milk 4 4/5", "beer 3 3/5", "cola 2 2/5", "eggs 1 1/5"})
	equal(t, "pairs", lines(t, answer, "pairs"), []string{
		"beer diapers 3 3/5 3/3 1.250000", "diapers beer 3 3/5 3/4 1.250000",
		"bread diapers 3 3/5 3/4 0.937500", "bread milk 3 3/5 3/4 0.937500", "diapers bread 3 3/5 3/4 0.937500",
		"diapers milk 3 3/5 3/4 0.937500", "milk bread 3 3/5 3/4 0.937500", "milk diapers 3 3/5 3/4 0.937500",
	})
	// Only e has diapers without beer; what is less frequent than by chance is offered to nobody.
	equal(t, "next best", lines(t, answer, "next_best"), []string{"e beer diapers 3/4 1.250000 2026-01-06T12:00:00Z"})
	documented(t, "../../../docs/analyses/basket.md", slices.Concat(lines(t, answer, "pairs"), lines(t, answer, "next_best")))
	if answer.Notes[0] != "5 orders list products and are read; 1 list none and are left out." {
		t.Errorf("notes are %q", answer.Notes)
	}
}

// What is no list of products is no list: the order is counted, and said to be without.
func TestProductsThatAreNoList(t *testing.T) {
	t.Parallel()
	odd := life("a", map[int]string{1: "bread", 2: "bread", 3: "bread", 4: "bread"})
	for i, text := range []string{`["bread","bread",""]`, `bread`, `{"a":1}`, `[""]`} {
		odd[i].Properties = step.SaidOf(map[string]string{"products": text})
	}
	answer := ask(t, basket.Analysis(), question(t, january, february, nil), [][]step.Row{odd})
	equal(t, "products", lines(t, answer, "products"), []string{"bread 1 1/1"})
	equal(t, "notes", answer.Notes, []string{"1 orders list products and are read; 3 list none and are left out."})
}

// Pairs of random lives equal a recount by sets.
func TestPairsAgainstRecount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		lives := analysistest.Lives(seed, 150)
		from, to := analysistest.Begin.AddDate(0, 1, 0), analysistest.End.AddDate(0, -1, 0)
		with := map[string]map[string]bool{} // orders by product
		orders := map[string]bool{}
		for _, life := range lives {
			for order, products := range standing(life, from, to) {
				orders[order] = true
				for _, product := range products {
					if with[product] == nil {
						with[product] = map[string]bool{}
					}
					with[product][order] = true
				}
			}
		}
		var want []string
		for a := range with {
			for b := range with {
				both := 0
				for order := range with[a] {
					if with[b][order] {
						both++
					}
				}
				if a != b && both >= 4 {
					lift := float64(both*len(orders)) / float64(len(with[a])*len(with[b]))
					want = append(want, fmt.Sprintf("%s %s %d %d/%d %d/%d %.6f", a, b, both, both, len(orders), both, len(with[a]), lift))
				}
			}
		}
		answer := ask(t, basket.Analysis(), question(t, from, to, map[string][]string{"min_orders": {"4"}}), lives)
		got := lines(t, answer, "pairs")
		slices.Sort(got)
		slices.Sort(want)
		equal(t, fmt.Sprint("pairs of seed ", seed), got, want)
		if len(want) == 0 {
			t.Errorf("seed %d has no pairs", seed)
		}
	}
}

// standing are the products of the orders that stand at the end, by order.
func standing(life []step.Row, from, to time.Time) map[string][]string {
	out, left, taken := map[string][]string{}, map[string]int64{}, map[string]bool{}
	for _, r := range life {
		if r.Order == nil || r.At.Time().Before(from) || !r.At.Time().Before(to) {
			continue
		}
		if left[r.Order.ID] += int64(r.Order.Net()); r.Order.Kind == event.Completed {
			var products []string
			if err := json.Unmarshal([]byte(r.Properties.Property("products")), &products); err != nil {
				panic(err)
			}
			out[r.Order.ID] = products
		} else if r.Order.Kind != event.Updated {
			taken[r.Order.ID] = true
		}
	}
	for order := range out {
		if taken[order] && left[order] <= 0 {
			delete(out, order)
		}
	}
	return out
}

// The example of docs/analyses/refill.md.
func TestRefill(t *testing.T) {
	t.Parallel()
	lives := [][]step.Row{
		life("ann", map[int]string{2: "coffee", 12: "coffee filter", 24: "coffee"}),       // gaps 10, 12: due 24 + 11 = 4 February
		life("bob", map[int]string{1: "coffee", 6: "coffee", 11: "coffee", 26: "coffee"}), // gaps 5, 5, 15: due on the 31st
		life("cid", map[int]string{1: "coffee", 3: "coffee", 5: "coffee"}),                // lapsed: 27 days are more than three gaps
		refunded(life("dan", map[int]string{20: "coffee", 25: "coffee"}), 20, 26),         // one purchase: by the product's gaps
		life("eve", map[int]string{28: "filter", 29: ""}),                                 // nobody bought a filter twice
	}
	answer := ask(t, basket.Refill(), question(t, january, february, map[string][]string{"ahead": {"5d"}}), lives)
	// All gaps of coffee: 2, 2, 5, 5, 10, 12, 15; the median is 5, and dan's coffee of the 25th was due on the 30th.
	equal(t, "due", lines(t, answer, "due"), []string{
		"dan coffee overdue 2026-01-30 2026-01-25 1 5.00 [3.5 11] 7 product",
		"bob coffee overdue 2026-01-31 2026-01-26 4 5.00 [5 10] 3 person",
		"ann coffee due 2026-02-04 2026-01-24 3 11.00 [10.5 11.5] 2 person",
	})
	documented(t, "../../../docs/analyses/refill.md", lines(t, answer, "due"))
	equal(t, "states", lines(t, answer, "states"), []string{"overdue 2 2", "due 1 1", "later 0 0", "lapsed 1 1", "unknown 2 2", "all 6 5"})
	equal(t, "products", lines(t, answer, "products"), []string{"coffee 7 5.00 [3.5 11] 7"})
	later := ask(t, basket.Refill(), question(t, january, february, map[string][]string{"ahead": {"2d"}}), lives)
	equal(t, "states", lines(t, later, "states")[1:3], []string{"due 0 0", "later 1 1"})
}

// Needs of random lives equal a recount, product by product.
func TestRefillAgainstRecount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		lives := analysistest.Lives(seed+20, 150)
		needs, gaps := 0, map[string][]float64{}
		for _, life := range lives {
			days := map[string]map[int]bool{}
			products := standing(life, analysistest.Begin, analysistest.End)
			for _, r := range life {
				if r.Order == nil || r.Order.Kind != event.Completed {
					continue
				}
				for _, product := range products[r.Order.ID] {
					if days[product] == nil {
						days[product] = map[int]bool{}
					}
					days[product][r.At.Time().YearDay()] = true
				}
			}
			needs += len(days)
			for product, on := range days {
				var sorted []int
				for day := range on {
					sorted = append(sorted, day)
				}
				slices.Sort(sorted)
				for i := 1; i < len(sorted); i++ {
					gaps[product] = append(gaps[product], float64(sorted[i]-sorted[i-1]))
				}
			}
		}
		answer := ask(t, basket.Refill(), question(t, analysistest.Begin, analysistest.End, nil), lives)
		states := lines(t, answer, "states")
		if got := strings.Fields(states[len(states)-1])[1]; got != fmt.Sprint(needs) {
			t.Errorf("seed %d: %s needs, want %d", seed, got, needs)
		}
		var want []string
		for product, of := range gaps {
			slices.Sort(of)
			median := (of[(len(of)-1)/2] + of[len(of)/2]) / 2
			want = append(want, fmt.Sprintf("%s %d %.2f", product, len(of), math.Round(median*100)/100))
		}
		var got []string
		for _, line := range lines(t, answer, "products") {
			got = append(got, line[:strings.Index(line, " [")])
		}
		slices.Sort(got)
		slices.Sort(want)
		equal(t, fmt.Sprint("products of seed ", seed), got, want)
	}
}

func TestBadParameters(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"min_orders": "0", "limit": "1001", "ahead": "soon", "min_gaps": "no"} {
		of := basket.Analysis()
		if name == "ahead" || name == "min_gaps" {
			of = basket.Refill()
		}
		if _, err := of.Prepare(question(t, january, february, map[string][]string{name: {text}})); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s=%s gives %v", name, text, err)
		}
	}
}

func BenchmarkBasket(b *testing.B) {
	q := question(b, analysistest.Begin, analysistest.End, nil)
	plan, err := basket.Analysis().Prepare(q)
	if err != nil {
		b.Fatal(err)
	}
	lives := analysis.Listing(analysistest.Lives(1, 20_000), 2)
	for b.Loop() {
		if _, err := plan.Answer(lives); err != nil {
			b.Fatal(err)
		}
	}
}
