package corpora_test

import (
	"math/big"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// invoice is one of the real shop, with its lines.
type invoice struct {
	number, at, customer, country string
	lines                         [][2]string // quantity and price
}

// invoices reads some of a real shop's, in the order of the file: orders, and cancellations, whose numbers begin with C. Those with adjustments
// (lines of nothing or less than nothing) are left out: they are no sales.
func invoices(t *testing.T, n int) []*invoice {
	t.Helper()
	var all []*invoice
	by := map[string]*invoice{}
	for _, line := range lines(t, "../../infra/demo/data/online_retail/online_retail_2010-12_2011-03.csv.gz")[1:] {
		f := strings.Split(line, ",")
		if len(f) != 7 || f[5] == "" {
			continue
		}
		i, ok := by[f[0]]
		if !ok {
			i = &invoice{number: f[0], at: f[3], customer: f[5], country: f[6]}
			by[f[0]], all = i, append(all, i)
		}
		i.lines = append(i.lines, [2]string{f[2], f[4]})
	}
	sort.SliceStable(all, func(a, b int) bool { return all[a].country+all[a].number < all[b].country+all[b].number })
	return some(all, n)
}

// TestRetail sends invoices of a real shop as orders with products, and cancellations as refunds, and compares days and countries with sums that are
// made of the lines here, as fractions.
func TestRetail(t *testing.T) {
	w := newWorld(t, "GBP")
	sums := map[string]map[string]*big.Rat{"revenue": {}, "refunds": {}, "revenue by country": {}}
	counts := map[string]map[string]int{"orders": {}, "buyers": {}}
	seen := map[string]bool{}
	var events []string
	for _, i := range invoices(t, 900) {
		isRefund := strings.HasPrefix(i.number, "C")
		total := new(big.Rat)
		var products []map[string]any
		for _, line := range i.lines {
			quantity, _ := new(big.Rat).SetString(line[0])
			price, _ := new(big.Rat).SetString(line[1])
			total.Add(total, quantity.Mul(quantity, price))
			number, _ := strconv.Atoi(line[0])
			products = append(products, map[string]any{"product_id": "p", "price": line[1], "quantity": number})
		}
		properties := map[string]any{"country": i.country, "currency": "GBP"}
		name := "Order Completed"
		day, month := i.at[:10], i.at[:7]+"-01"
		switch {
		case isRefund:
			name, properties["refund_id"], properties["total"] = "Order Refunded", i.number, new(big.Rat).Neg(total).FloatString(2)
			add(sums["refunds"], day, new(big.Rat).Neg(total))
		case total.Sign() <= 0:
			continue
		default:
			properties["order_id"], properties["products"] = i.number, products
			add(sums["revenue"], day, total)
			add(sums["revenue by country"], month+" "+codes[i.country], total)
			counts["orders"][day]++
			if !seen[day+i.customer] {
				seen[day+i.customer] = true
				counts["buyers"][day]++
			}
		}
		events = append(events, event(t, map[string]any{
			"type": "track", "event": name, "userId": i.customer, "messageId": i.number, "timestamp": i.at + "Z", "properties": properties,
		}))
	}
	w.send(events)
	for what, by := range sums {
		want := map[string]string{}
		for key, sum := range by {
			want[key] = sum.FloatString(2)
		}
		metric, dimension, _ := strings.Cut(what, " by ")
		grain := "day"
		if dimension != "" {
			grain = "month"
		}
		w.same(what, w.kpi(metric, grain, "2010-12-01", "2011-04-01", dimension), want)
	}
	for metric, by := range counts {
		want := map[string]string{}
		for key, n := range by {
			want[key] = strconv.Itoa(n)
		}
		w.same(metric, w.kpi(metric, "day", "2010-12-01", "2011-04-01", ""), want)
	}
	if got := w.fates(); got.Accepted != len(events) || len(events) < 850 {
		t.Errorf("%d accepted of %d, want all of 850 or more", got.Accepted, len(events))
	}
	t.Logf("online_retail: %d invoices on %d days in %d countries", len(events), len(sums["revenue"]), countriesOf(sums["revenue by country"]))
}

func add(sums map[string]*big.Rat, key string, by *big.Rat) {
	if sums[key] == nil {
		sums[key] = new(big.Rat)
	}
	sums[key].Add(sums[key], by)
}

func countriesOf(sums map[string]*big.Rat) int {
	found := map[string]bool{}
	for key := range sums {
		found[key[len("2010-12-01 "):]] = true
	}
	return len(found)
}

// codes are the countries of the shop, by ISO 3166-1. The Channel Islands are two of its countries.
var codes = map[string]string{
	"Australia": "AU", "Austria": "AT", "Bahrain": "BH", "Belgium": "BE", "Canada": "CA", "Channel Islands": "unknown", "Cyprus": "CY",
	"Czech Republic": "CZ", "Denmark": "DK", "EIRE": "IE", "Finland": "FI", "France": "FR", "Germany": "DE", "Greece": "GR", "Hong Kong": "HK",
	"Iceland": "IS", "Israel": "IL", "Italy": "IT", "Japan": "JP", "Lebanon": "LB", "Lithuania": "LT", "Netherlands": "NL", "Norway": "NO", "Poland": "PL",
	"Portugal": "PT", "Saudi Arabia": "SA", "Singapore": "SG", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "United Arab Emirates": "AE",
	"United Kingdom": "GB",
}
