package demo

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// The code of this file must not use the importer or anything of the system: it is the other side of the comparison.

// span fills in the period of lines.
func span(from, to string, lines []line) []line {
	for i := range lines {
		if lines[i].asks() {
			lines[i].from, lines[i].to = cmp.Or(lines[i].from, from), cmp.Or(lines[i].to, to)
			lines[i].part = cmp.Or(lines[i].part, "value")
		}
		if lines[i].metric != "" {
			if lines[i].grain == "" {
				lines[i].grain = "period"
			}
		}
	}
	return lines
}

// expectCDNOW recounts the file; 6,919 purchases and 2,357 customers are published.
func expectCDNOW(file []byte) ([]line, error) {
	rows, err := readCSV(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	type month struct {
		orders, newBuyers int
		revenue           *big.Rat
	}
	months := map[string]*month{}
	orders := map[string]int{}
	first := map[string]string{}
	revenue, units := new(big.Rat), 0
	for _, r := range rows {
		name := r["date"][:4] + "-" + r["date"][4:6] + "-01"
		if months[name] == nil {
			months[name] = &month{revenue: new(big.Rat)}
		}
		dollars, ok := new(big.Rat).SetString(r["dollars"])
		count, err := strconv.Atoi(r["cds"])
		if !ok || err != nil {
			return nil, fmt.Errorf("recount CDNOW: bad number in %v", r)
		}
		revenue.Add(revenue, dollars)
		months[name].revenue.Add(months[name].revenue, dollars)
		months[name].orders++
		units += count
		orders[r["sample_id"]]++
		if at := first[r["sample_id"]]; at == "" || name < at {
			first[r["sample_id"]] = name
		}
	}
	again := 0
	for customer, n := range orders {
		months[first[customer]].newBuyers++
		if n > 1 {
			again++
		}
	}
	count := big.NewRat(int64(len(rows)), 1)
	lines := []line{
		{what: "lines read", fact: "read", want: "6919", origin: published},
		{what: "units (CDs of the events sent)", fact: "units", want: strconv.Itoa(units), origin: recounted},
		{what: "orders", metric: "orders", want: "6919", origin: published},
		{what: "customers (buyers)", metric: "buyers", want: "2357", origin: published},
		{what: "revenue", metric: "revenue", want: revenue.FloatString(2), origin: recounted},
		{what: "average order value", metric: "aov", want: new(big.Rat).Quo(revenue, count).FloatString(6), origin: recounted},
		{what: "customers with two orders or more", metric: "repeat_purchase_rate", part: "numerator", want: strconv.Itoa(again), origin: recounted},
		{what: "repeat rate", metric: "repeat_purchase_rate", want: big.NewRat(int64(again), int64(len(orders))).FloatString(12), origin: recounted},
	}
	for _, name := range sorted(months) {
		m := months[name]
		lines = append(
			lines,
			line{what: name[:7] + " orders", metric: "orders", grain: "month", start: name, want: strconv.Itoa(m.orders), origin: recounted},
			line{what: name[:7] + " revenue", metric: "revenue", grain: "month", start: name, want: m.revenue.FloatString(2), origin: recounted},
			line{what: name[:7] + " new customers", metric: "new_buyers", grain: "month", start: name, want: strconv.Itoa(m.newBuyers), origin: recounted},
		)
	}
	analyses, err := cdnowAnalyses(rows)
	return span("1997-01-01", "1998-07-01", append(lines, analyses...)), err
}

// expectRetail takes the published numbers and recounts what they leave open: the cancellations that have a customer, and the dirt.
func expectRetail(file []byte) ([]line, error) {
	var p retailNumbers
	if err := readJSON("data/online_retail/expected_kpis.json", &p); err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	rows, err := readCSV(unpacked)
	if err != nil {
		return nil, err
	}
	dirt, cancelled, refunds := 0, 0, new(big.Rat)
	for _, r := range rows {
		quantity, ok := new(big.Rat).SetString(r["Quantity"])
		price, fine := new(big.Rat).SetString(r["UnitPrice"])
		if !ok || !fine {
			return nil, fmt.Errorf("recount Online Retail: bad number in %v", r)
		}
		switch {
		case r["CustomerID"] == "":
			dirt++
		case strings.HasPrefix(r["InvoiceNo"], "C"):
			cancelled++
			refunds.Sub(refunds, new(big.Rat).Mul(quantity, price))
		case quantity.Sign() <= 0 || price.Sign() <= 0:
			dirt++
		}
	}
	lines := []line{
		{what: "lines read", fact: "read", want: p.Lines.String(), origin: published},
		{what: "lines that became orders", fact: "rows of order", want: p.Clean.Lines.String(), origin: published},
		{what: "lines that became refunds", fact: "rows of cancellation", want: strconv.Itoa(cancelled), origin: recounted},
		{what: "lines of nobody or without a price", fact: "skipped", want: strconv.Itoa(dirt), origin: recounted},
		{what: "units (of the orders sent)", fact: "units", want: p.Clean.Units.String(), origin: published},
		{what: "orders", metric: "orders", want: p.Clean.Orders.String(), origin: published},
		{what: "customers (buyers)", metric: "buyers", want: p.Clean.Customers.String(), origin: published},
		{what: "revenue", metric: "revenue", want: p.Clean.Revenue.String(), origin: published},
		{what: "refunds", metric: "refunds", want: refunds.FloatString(2), origin: recounted},
		{what: "average order value", metric: "aov", want: p.Clean.AOV.String(), origin: published},
		{what: "revenue per customer", metric: "revenue_per_buyer", want: p.Clean.RevenuePerCustomer.String(), origin: published},
		{what: "customers with two orders or more", metric: "repeat_purchase_rate", part: "numerator", want: p.Clean.RepeatCustomers.String(), origin: published},
		{what: "repeat rate", metric: "repeat_purchase_rate", want: p.Clean.RepeatRate.String(), origin: published},
	}
	lines = append(lines, p.monthly()...)
	lines = append(lines, p.countries()...)
	analyses, err := p.analyses(rows)
	return span("2010-12-01", "2011-04-01", append(lines, analyses...)), err
}

// retailNumbers is expected_kpis.json as far as it is compared; json.Number keeps the printed precision.
type retailNumbers struct {
	Lines json.Number
	Clean struct {
		Lines, Orders, Customers, Units, Revenue, AOV json.Number
		RevenuePerCustomer                            json.Number `json:"revenue_per_customer"`
		OrdersPerCustomer                             json.Number `json:"orders_per_customer"`
		RepeatCustomers                               json.Number `json:"repeat_customers"`
		RepeatRate                                    json.Number `json:"repeat_rate"`
		Inactive                                      json.Number `json:"inactive_over_90d_at_snapshot"`
	}
	Monthly          map[string]struct{ Revenue, Orders, Customers json.Number }
	TopCountries     map[string]struct{ Revenue, Orders, Customers json.Number } `json:"top_countries"`
	Cohorts          map[string][]json.Number                                    `json:"cohort_active_customers"`
	CohortsAllEvents map[string][]json.Number                                    `json:"cohort_active_customers_incl_cancellations"`
	Percentiles      map[string]map[string]json.Number                           `json:"rfm_percentiles"`
	Top              []customer                                                  `json:"top_customers"`
}

func (p retailNumbers) monthly() []line {
	var lines []line
	for _, name := range sorted(p.Monthly) {
		m, start := p.Monthly[name], name+"-01"
		lines = append(
			lines,
			line{what: name + " orders", metric: "orders", grain: "month", start: start, want: m.Orders.String(), origin: published},
			line{what: name + " revenue", metric: "revenue", grain: "month", start: start, want: m.Revenue.String(), origin: published},
			line{what: name + " customers", metric: "buyers", grain: "month", start: start, want: m.Customers.String(), origin: published},
			line{what: name + " cohort: new customers", metric: "new_buyers", grain: "month", start: start, want: p.Cohorts[name][0].String(), origin: published},
			line{what: name + " cohort with cancellations", metric: "new_persons", grain: "month", start: start, want: p.CohortsAllEvents[name][0].String(), origin: published},
		)
	}
	return lines
}

// codes are the shop's countries by ISO 3166-1, as KPIs name them.
var codes = map[string]string{
	"Australia": "AU", "EIRE": "IE", "France": "FR", "Germany": "DE", "Japan": "JP", "Netherlands": "NL", "Portugal": "PT", "Spain": "ES", "Sweden": "SE", "United Kingdom": "GB",
}

func (p retailNumbers) countries() []line {
	var lines []line
	for _, name := range sorted(p.TopCountries) {
		c := p.TopCountries[name]
		lines = append(
			lines,
			line{what: name + " orders", metric: "orders", by: "country", value: codes[name], want: c.Orders.String(), origin: published},
			line{what: name + " revenue", metric: "revenue", by: "country", value: codes[name], want: c.Revenue.String(), origin: published},
			line{what: name + " customers", metric: "buyers", by: "country", value: codes[name], want: c.Customers.String(), origin: published},
		)
	}
	return lines
}

func readCSV(r io.Reader) ([]map[string]string, error) {
	all, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, err
	}
	rows := make([]map[string]string, 0, len(all))
	for _, cells := range all[1:] {
		row := make(map[string]string, len(cells))
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func readJSON(name string, into any) error {
	text, err := data.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func sorted[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for name := range m {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
