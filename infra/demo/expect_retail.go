package demo

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// invoice is an order or a cancellation as the file has it.
type invoice struct {
	number, customer, country string
	at                        time.Time // London
	amount                    *big.Rat
	isCancelled               bool
	products                  []string // each once, in the order of the file
}

func (i *invoice) month() string { return i.at.Format("2006-01") }

// readInvoices reads the lines that have a customer and, of orders, a quantity and a price. They come in the order of time.
func readInvoices(rows []map[string]string) ([]*invoice, error) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		return nil, err
	}
	byNumber := map[string]*invoice{}
	for _, r := range rows {
		quantity, ok := new(big.Rat).SetString(r["Quantity"])
		price, fine := new(big.Rat).SetString(r["UnitPrice"])
		at, err := time.ParseInLocation("2006-01-02T15:04:05", r["InvoiceDate"], london)
		if !ok || !fine || err != nil {
			return nil, fmt.Errorf("recount Online Retail: bad number or time in %v", r)
		}
		isCancelled := strings.HasPrefix(r["InvoiceNo"], "C")
		if r["CustomerID"] == "" || !isCancelled && (quantity.Sign() <= 0 || price.Sign() <= 0) {
			continue
		}
		i := byNumber[r["InvoiceNo"]]
		if i == nil {
			i = &invoice{number: r["InvoiceNo"], customer: r["CustomerID"], country: r["Country"], at: at, amount: new(big.Rat), isCancelled: isCancelled}
			byNumber[i.number] = i
		}
		if at.Before(i.at) {
			i.at = at
		}
		i.amount.Add(i.amount, new(big.Rat).Mul(quantity.Abs(quantity), price))
		if !slices.Contains(i.products, r["StockCode"]) {
			i.products = append(i.products, r["StockCode"])
		}
	}
	return slices.SortedFunc(maps.Values(byNumber), func(a, b *invoice) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return strings.Compare(a.number, b.number)
	}), nil
}

// shop is the invoices by customer, in the order of time.
type shop struct {
	invoices  []*invoice
	orders    map[string][]*invoice // by customer
	customers map[string][]*invoice // orders and cancellations
}

func newShop(rows []map[string]string) (*shop, error) {
	invoices, err := readInvoices(rows)
	s := &shop{invoices: invoices, orders: map[string][]*invoice{}, customers: map[string][]*invoice{}}
	for _, i := range invoices {
		s.customers[i.customer] = append(s.customers[i.customer], i)
		if !i.isCancelled {
			s.orders[i.customer] = append(s.orders[i.customer], i)
		}
	}
	return s, err
}

func text(n int) string { return strconv.Itoa(n) }

// cohorts are the published tables: of orders, and of orders and cancellations alike.
func (p retailNumbers) cohorts() []line {
	var lines []line
	add := func(what, parameters string, counts map[string][]json.Number) {
		q := question{analysis: "retention", parameters: parameters}
		for _, month := range sorted(counts) {
			for age, n := range counts[month] {
				lines = append(lines, q.cell(fmt.Sprintf("%s cohort, month %d%s", month, age, what), "cohorts",
					of("cohort", month+"-01", "age", text(age)), "persons", n.String(), published))
			}
		}
	}
	both := of("cohort", "first_event", "event", "Order Completed|Order Refunded", "returning", "Order Completed|Order Refunded")
	add("", of("cohort", "first_order", "returning", "order"), p.Cohorts)
	add(", with cancellations", both, p.CohortsAllEvents)
	return lines
}

// cohortRevenue is what each cohort spent in each month.
func (s *shop) cohortRevenue() []line {
	months := []string{"2010-12", "2011-01", "2011-02", "2011-03"}
	spent := map[string]map[int]*big.Rat{}
	for _, orders := range s.orders {
		first := orders[0].month()
		for _, o := range orders {
			age := slices.Index(months, o.month()) - slices.Index(months, first)
			if spent[first] == nil {
				spent[first] = map[int]*big.Rat{}
			}
			if spent[first][age] == nil {
				spent[first][age] = new(big.Rat)
			}
			spent[first][age].Add(spent[first][age], o.amount)
		}
	}
	q := question{analysis: "retention", parameters: of("cohort", "first_order", "returning", "order", "revenue", "gross")}
	var lines []line
	for _, month := range sorted(spent) {
		for age := range len(spent[month]) {
			lines = append(lines, q.cell(fmt.Sprintf("%s cohort, month %d revenue", month, age), "revenue",
				of("cohort", month+"-01", "age", text(age)), "revenue", spent[month][age].FloatString(2), recounted))
		}
	}
	return lines
}

// lifecycle says who is new, back or gone in each month; the customers of a month are published.
func (s *shop) lifecycle(p retailNumbers) []line {
	active := map[string]map[string]bool{} // customers by month
	for customer, orders := range s.orders {
		for _, o := range orders {
			if active[o.month()] == nil {
				active[o.month()] = map[string]bool{}
			}
			active[o.month()][customer] = true
		}
	}
	q := question{analysis: "lifecycle", parameters: of("event", "order")}
	var lines []line
	before, ever := map[string]bool{}, map[string]bool{}
	for _, month := range sorted(active) {
		counts := map[string]int{}
		for customer := range active[month] {
			switch {
			case before[customer]:
				counts["returning"]++
			case ever[customer]:
				counts["resurrected"]++
			default:
				counts["new"]++
			}
		}
		counts["dormant"] = len(before) - counts["returning"]
		row := of("since", month+"-01")
		lines = append(lines, q.cell(month+" active customers", "lifecycle", row, "active", p.Monthly[month].Customers.String(), published))
		for _, state := range []string{"new", "returning", "resurrected", "dormant"} {
			lines = append(lines, q.cell(month+" "+state+" customers", "lifecycle", row, state, text(counts[state]), recounted))
		}
		before = active[month]
		maps.Copy(ever, before)
	}
	return lines
}

// second is the funnel from an order to the next: 887 of 2,134 customers are published.
func (s *shop) second(p retailNumbers) []line {
	var seconds []int
	for _, orders := range s.orders {
		if len(orders) > 1 {
			seconds = append(seconds, int(orders[1].at.Sub(orders[0].at)/time.Second))
		}
	}
	slices.Sort(seconds)
	reached := func(percent int) string { return text(seconds[(len(seconds)*percent+99)/100-1]) }
	q := question{analysis: "funnel", parameters: "step=order&step=order&window=366d"}
	return []line{
		q.cell("funnel: ordered", "summary", "", "entered", p.Clean.Customers.String(), published),
		q.cell("funnel: ordered again", "summary", "", "converted", p.Clean.RepeatCustomers.String(), published),
		q.cell("funnel: conversion", "summary", "", "conversion", p.Clean.RepeatRate.String(), published).near("0.000000000001"),
		q.cell("funnel: seconds to a second order, median", "times", "", "median", reached(50), recounted),
		q.cell("funnel: the same, 90 %", "times", "", "p90", reached(90), recounted),
	}
}

// ways are the paths of events: how many persons have a first, second and third order, and who stops there.
func (s *shop) ways() []line {
	atLeast := make([]int, 5)
	for _, orders := range s.orders {
		for n := 1; n <= min(len(orders), 4); n++ {
			atLeast[n]++
		}
	}
	q := question{analysis: "paths", parameters: of("node", "event", "steps", "3")}
	var lines []line
	for n := 1; n <= 3; n++ {
		row := of("position", text(n), "node", "Order Completed")
		lines = append(lines,
			q.cell(fmt.Sprintf("paths: persons at order %d", n), "nodes", row, "persons", text(atLeast[n]), recounted),
			q.cell(fmt.Sprintf("paths: no further after order %d", n), "nodes", row, "no_further", text(atLeast[n]-atLeast[n+1]), recounted))
	}
	return lines
}

// sources is where orders and persons come from: nothing is known of that, so all orders are direct.
func (s *shop) sources(p retailNumbers) []line {
	var lines []line
	q := question{analysis: "attribution"}
	for _, model := range []string{"first", "last", "linear", "position", "markov", "shapley"} {
		lines = append(lines, q.cell("attribution: orders, "+model, "conversions", of("channel", "direct"), model, p.Clean.Orders.String(), published))
	}
	lines = append(lines, q.cell("attribution: revenue, markov", "revenue", of("channel", "direct", "currency", "GBP"), "markov", p.Clean.Revenue.String(), published))
	net, first := new(big.Rat), new(big.Rat)
	for customer := range s.orders {
		begin := s.customers[customer][0].at
		for _, i := range s.customers[customer] {
			amount := i.amount
			if i.isCancelled {
				amount = new(big.Rat).Neg(amount)
			}
			net.Add(net, amount)
			if i.at.Before(begin.Add(30 * 24 * time.Hour)) {
				first.Add(first, amount)
			}
		}
	}
	q = question{analysis: "acquisition"}
	row := of("channel", "direct")
	revenue := func(horizon string) string { return of("channel", "direct", "currency", "GBP", "horizon", horizon) }
	return append(lines,
		q.cell("acquisition: new buyers", "persons", row, "new_buyers", p.Clean.Customers.String(), published),
		q.cell("acquisition: persons with an order", "persons", row, "new_persons", text(len(s.orders)), recounted),
		q.cell("acquisition: persons without one", "persons", of("channel", "unknown"), "new_persons", text(len(s.customers)-len(s.orders)), recounted),
		q.cell("acquisition: net revenue in 30 days", "revenue", revenue("30d"), "revenue", first.FloatString(2), recounted),
		q.cell("acquisition: net revenue to date", "revenue", revenue("to_date"), "revenue", net.FloatString(2), recounted))
}

// change compares February with March, and divides the difference up by country.
func (s *shop) change(p retailNumbers) []line {
	feb, march := p.Monthly["2011-02"], p.Monthly["2011-03"]
	q := question{
		analysis: "changes", from: "2011-03-01", to: "2011-04-01",
		parameters: "metric=orders&metric=revenue&before=2011-02-01/2011-03-01&by=country",
	}
	lines := []line{
		q.cell("change: orders in February", "differences", of("kind", "period", "metric", "orders"), "value_before", feb.Orders.String(), published),
		q.cell("change: orders in March", "differences", of("kind", "period", "metric", "orders"), "value_after", march.Orders.String(), published),
		q.cell("change: revenue in February", "differences", of("kind", "period", "metric", "revenue"), "value_before", feb.Revenue.String(), published),
		q.cell("change: revenue in March", "differences", of("kind", "period", "metric", "revenue"), "value_after", march.Revenue.String(), published),
	}
	for _, name := range []string{"United Kingdom", "Germany", "EIRE", "France", "Spain"} {
		difference := 0
		for _, i := range s.invoices {
			switch {
			case i.country != name || i.isCancelled:
			case i.month() == "2011-02":
				difference--
			case i.month() == "2011-03":
				difference++
			}
		}
		row := of("kind", "period", "metric", "orders", "value", codes[name])
		lines = append(lines, q.cell("change: orders, "+name, "drivers", row, "difference", text(difference), recounted))
	}
	return lines
}

// perBuyer are metrics of the whole time that follow from others: all that is known of are orders and what was given back of them.
func (s *shop) perBuyer(p retailNumbers) ([]line, error) {
	refunds, refunded := new(big.Rat), 0
	for _, i := range s.invoices {
		if i.isCancelled {
			refunds.Add(refunds, i.amount)
			refunded++
		}
	}
	revenue, ok := new(big.Rat).SetString(p.Clean.Revenue.String())
	orders, fine := new(big.Rat).SetString(p.Clean.Orders.String())
	buyers, good := new(big.Rat).SetString(p.Clean.Customers.String())
	if !ok || !fine || !good {
		return nil, fmt.Errorf("recount Online Retail: bad number in %v", p.Clean)
	}
	net := new(big.Rat).Sub(revenue, refunds)
	return []line{
		{what: "orders of a customer", metric: "purchase_frequency", want: p.Clean.OrdersPerCustomer.String(), origin: published},
		{what: "revenue of an active person", metric: "revenue_per_person", want: p.Clean.RevenuePerCustomer.String(), origin: published},
		{what: "net revenue", metric: "net_revenue", want: net.FloatString(2), origin: recounted},
		{what: "net revenue of an order", metric: "net_aov", want: new(big.Rat).Quo(net, orders).FloatString(6), origin: recounted},
		{what: "net revenue of a customer", metric: "net_revenue_per_buyer", want: new(big.Rat).Quo(net, buyers).FloatString(6), origin: recounted},
		{what: "refunds made", metric: "refund_rate", part: "numerator", want: text(refunded), origin: recounted},
		{what: "customers whose first order it is", metric: "new_buyers", want: p.Clean.Customers.String(), origin: published},
	}, nil
}

// aims are the objectives that the workspace settles in data/objectives.json.
func (p retailNumbers) aims() []line {
	q := question{analysis: "objectives"}
	return []line{
		q.cell("objective: orders", "objectives", of("objective", "winter-orders"), "value", p.Clean.Orders.String(), published),
		q.cell("objective: 4,700 orders are", "objectives", of("objective", "winter-orders"), "status", "reached", recounted),
		q.cell("objective: revenue", "objectives", of("objective", "winter-revenue"), "value", p.Clean.Revenue.String(), published),
		q.cell("objective: 2,200,000 pounds are", "objectives", of("objective", "winter-revenue"), "status", "missed", recounted),
	}
}

// analyses are the numbers of the analyses of the shop.
func (p retailNumbers) analyses(rows []map[string]string) ([]line, error) {
	s, err := newShop(rows)
	if err != nil {
		return nil, err
	}
	scores, err := s.scores(p)
	if err != nil {
		return nil, err
	}
	perBuyer, err := s.perBuyer(p)
	return slices.Concat(p.cohorts(), s.cohortRevenue(), s.lifecycle(p), s.second(p), s.ways(), s.sources(p), scores, s.together(), s.refills(),
		s.change(p), p.aims(), perBuyer), err
}
