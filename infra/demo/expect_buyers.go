package demo

import (
	"cmp"
	"encoding/json"
	"math/big"
	"slices"
	"sort"
	"strconv"
	"time"
)

// scores are the published percentiles and best customers, and the segments recounted by them.
func (s *shop) scores(p retailNumbers) ([]line, error) {
	q := question{analysis: "rfm", parameters: "value=gross&limit=10"}
	var lines []line
	for _, measure := range sorted(p.Percentiles) {
		for _, at := range sorted(p.Percentiles[measure]) {
			lines = append(lines, q.cell("rfm: "+measure+", percentile "+at, "percentiles", of("percentile", at), measure,
				p.Percentiles[measure][at].String(), published).near("0.000001"))
		}
	}
	for _, c := range p.Top {
		row := of("person", "user:"+c.Customer)
		lines = append(lines,
			q.cell("rfm: customer "+c.Customer+", revenue", "persons", row, "revenue", c.Monetary.String(), published),
			q.cell("rfm: customer "+c.Customer+", orders", "persons", row, "orders", c.Orders.String(), published),
			q.cell("rfm: customer "+c.Customer+", recency", "persons", row, "recency_days", c.Recency.String(), published))
	}
	lines = append(lines, q.cell("rfm: no order for over 90 days", "segments", of("segment", "all"), "churned", p.Clean.Inactive.String(), published).as("numerator"))
	segments, err := s.segments(p)
	return append(lines, segments...), err
}

// segmentNames are by the scores of recency (1 first) and frequency.
var segmentNames = [5][5]string{
	{"hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"},
	{"hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"},
	{"about_to_sleep", "about_to_sleep", "need_attention", "loyal_customers", "loyal_customers"},
	{"promising", "potential_loyalists", "potential_loyalists", "loyal_customers", "loyal_customers"},
	{"new_customers", "potential_loyalists", "potential_loyalists", "champions", "champions"},
}

// segments scores every customer by the published percentiles.
func (s *shop) segments(p retailNumbers) ([]line, error) {
	above := func(measure string, value float64) (n int, err error) {
		for _, at := range []string{"0.2", "0.4", "0.6", "0.8"} {
			bound, err := p.Percentiles[measure][at].Float64()
			if err != nil {
				return 0, err
			}
			if value > bound {
				n++
			}
		}
		return n, nil
	}
	persons, revenue := map[string]int{}, map[string]*big.Rat{}
	for _, orders := range s.orders {
		days := daysBetween(orders[len(orders)-1].at, endOfRetail)
		late, err := above("recency_days", float64(days))
		if err != nil {
			return nil, err
		}
		often, err := above("frequency", float64(len(orders)))
		if err != nil {
			return nil, err
		}
		name := segmentNames[4-late][often]
		persons[name]++
		if revenue[name] == nil {
			revenue[name] = new(big.Rat)
		}
		for _, o := range orders {
			revenue[name].Add(revenue[name], o.amount)
		}
	}
	q := question{analysis: "rfm", parameters: "value=gross&limit=10"}
	var lines []line
	for _, name := range sorted(persons) {
		lines = append(lines,
			q.cell("rfm: "+name, "segments", of("segment", name), "persons", text(persons[name]), recounted),
			q.cell("rfm: "+name+", revenue", "segments", of("segment", name), "revenue", revenue[name].FloatString(2), recounted))
	}
	return lines, nil
}

// endOfRetail is the day after the last of the file.
var endOfRetail = time.Date(2011, 4, 1, 0, 0, 0, 0, time.UTC)

// daysBetween counts dates.
func daysBetween(from, to time.Time) int {
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(date(to).Sub(date(from)) / (24 * time.Hour))
}

// mostProducts is how many products of an order are kept.
const mostProducts = 200

// ordered are the products of an order that are kept.
func (i *invoice) ordered() []string { return i.products[:min(len(i.products), mostProducts)] }

// together recounts the products in most orders, and those that are most often in the same.
func (s *shop) together() []line {
	alone, pairs, all := map[string]int{}, map[[2]string]int{}, 0
	for _, i := range s.invoices {
		if i.isCancelled {
			continue
		}
		all++
		products := slices.Sorted(slices.Values(i.ordered()))
		for at, a := range products {
			alone[a]++
			for _, b := range products[at+1:] {
				pairs[[2]string{a, b}]++
			}
		}
	}
	q := question{analysis: "basket", parameters: "limit=20"}
	var lines []line
	for _, name := range most(alone, cmp.Compare[string]) {
		lines = append(lines, q.cell("basket: orders with "+name, "products", of("product", name), "orders", text(alone[name]), recounted))
	}
	lift := func(p [2]string) *big.Rat {
		return big.NewRat(int64(pairs[p])*int64(all), int64(alone[p[0]])*int64(alone[p[1]]))
	}
	for _, p := range most(pairs, func(a, b [2]string) int { return lift(b).Cmp(lift(a)) }) {
		row := of("product", p[0], "with", p[1])
		what := "basket: " + p[0] + " with " + p[1]
		lines = append(lines,
			q.cell(what, "pairs", row, "orders", text(pairs[p]), recounted),
			q.cell(what+", confidence of", "pairs", row, "confidence", text(alone[p[0]]), recounted).as("denominator"),
			q.cell(what+", lift", "pairs", row, "lift", lift(p).FloatString(6), recounted))
	}
	return lines
}

// most are the five keys of the greatest counts; of equal counts by compare.
func most[K comparable](counts map[K]int, compare func(a, b K) int) []K {
	var best []K
	for key, n := range counts {
		at := len(best)
		for at > 0 && (n > counts[best[at-1]] || n == counts[best[at-1]] && compare(key, best[at-1]) < 0) {
			at--
		}
		if at < 5 {
			best = slices.Insert(best, at, key)
			best = best[:min(len(best), 5)]
		}
	}
	return best
}

// need is one customer and one product with the days on which it was bought.
type need struct {
	product string
	days    []int // before the end, the longest ago first
}

// needs recounts what everybody bought when.
func (s *shop) needs() []need {
	var out []need
	for _, orders := range s.orders {
		days := map[string][]int{}
		for _, o := range orders {
			ago := daysBetween(o.at, endOfRetail)
			for _, p := range o.ordered() {
				if !slices.Contains(days[p], ago) {
					days[p] = append(days[p], ago)
				}
			}
		}
		for p, ago := range days {
			out = append(out, need{p, ago})
		}
	}
	return out
}

// gaps are the days from each purchase to the next.
func (n need) gaps() []float64 {
	var out []float64
	for i := 1; i < len(n.days); i++ {
		out = append(out, float64(n.days[i-1]-n.days[i]))
	}
	return out
}

func median(of []float64) float64 {
	sort.Float64s(of)
	half := len(of) / 2
	if len(of)%2 == 1 {
		return of[half]
	}
	return (of[half-1] + of[half]) / 2
}

// refills says of each customer and product whether it is due again, and how long products last.
func (s *shop) refills() []line {
	needs, byProduct := s.needs(), map[string][]float64{}
	for _, n := range needs {
		byProduct[n.product] = append(byProduct[n.product], n.gaps()...)
	}
	states := map[string]int{"all": len(needs)}
	for _, n := range needs {
		gaps := n.gaps()
		if len(gaps) < 2 {
			gaps = byProduct[n.product]
		}
		if len(gaps) < 2 {
			states["unknown"]++
			continue
		}
		last, gap := float64(n.days[len(n.days)-1]), median(gaps)
		switch left := float64(int(gap+0.5)) - last; {
		case last > 3*gap:
			states["lapsed"]++
		case left < 0:
			states["overdue"]++
		case left <= 14:
			states["due"]++
		default:
			states["later"]++
		}
	}
	q := question{analysis: "refill", parameters: "limit=20"}
	var lines []line
	for _, state := range sorted(states) {
		lines = append(lines, q.cell("refill: needs "+state, "states", of("state", state), "needs", text(states[state]), recounted))
	}
	counts := map[string]int{}
	for p, gaps := range byProduct {
		counts[p] = len(gaps)
	}
	for _, p := range most(counts, cmp.Compare[string]) {
		lines = append(lines,
			q.cell("refill: gaps of "+p, "products", of("product", p), "gaps", text(counts[p]), recounted),
			q.cell("refill: median gap of "+p, "products", of("product", p), "gap_days", strconv.FormatFloat(median(byProduct[p]), 'f', 2, 64), recounted))
	}
	return lines
}

// customer is one of the best, as published.
type customer struct {
	Customer string      `json:"customer_id"`
	Recency  json.Number `json:"recency_days"`
	Orders   json.Number
	Monetary json.Number
}
