package demo

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"
)

// timed puts a time before each line of a file that has none. at is given the names of the columns, the number of the line and its cells.
func timed(file string, at func(names []string, n int, cells []string) (time.Time, error)) ([]byte, error) {
	packed, err := data.ReadFile(file)
	if err != nil {
		return nil, err
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(unpacked).ReadAll()
	if err != nil {
		return nil, err
	}
	out := [][]string{append([]string{"time"}, rows[0]...)}
	for n, cells := range rows[1:] {
		when, err := at(rows[0], n, cells)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out = append(out, append([]string{when.Format(time.RFC3339)}, cells...))
	}
	var text bytes.Buffer
	err = csv.NewWriter(&text).WriteAll(out)
	return text.Bytes(), err
}

// shopperMonths are the months as the file of online shoppers names them.
var shopperMonths = []string{"", "Jan", "Feb", "Mar", "Apr", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

const (
	shoppersFile = "data/online_shoppers/online_shoppers_intention.csv.gz"
	telcoFile    = "data/telco_churn/telco_customer_churn.csv.gz"
)

// makeShoppers spreads the sessions of a month over its first 28 days, in 2025.
func makeShoppers() ([]byte, error) {
	return timed(shoppersFile, func(names []string, n int, cells []string) (time.Time, error) {
		name := cells[slices.Index(names, "Month")]
		month := slices.Index(shopperMonths, name)
		if month < 1 {
			return time.Time{}, fmt.Errorf("%q is no month", name)
		}
		return time.Date(2025, time.Month(month), 1+n%28, 12, 0, n/28, 0, time.UTC), nil
	})
}

// makeTelco spreads the customers over 28 days of March 2025.
func makeTelco() ([]byte, error) {
	return timed(telcoFile, func(_ []string, n int, _ []string) (time.Time, error) {
		return time.Date(2025, time.March, 1+n%28, 12, 0, n/28, 0, time.UTC), nil
	})
}

// breakdown is a column of a file and the property that it became.
type breakdown struct{ column, property string }

// byColumn recounts a funnel by what is known of each person: who entered it, and who did its second step too.
func byColumn(q question, rows []map[string]string, by breakdown, entered, converted string, isConverted func(map[string]string) bool) []line {
	all, some := map[string]int{}, map[string]int{}
	for _, r := range rows {
		all[r[by.column]]++
		if isConverted(r) {
			some[r[by.column]]++
		}
	}
	q.parameters += "&by=property." + by.property
	var lines []line
	for _, value := range sorted(all) {
		row, what := of("property_"+by.property, value, "number", "2"), by.column+" "+value
		lines = append(lines,
			q.cell(what+": "+entered, "by", row, "conversion", text(all[value]), recounted).as("denominator"),
			q.cell(what+": "+converted, "by", row, "persons", text(some[value]), recounted))
	}
	return lines
}

// expectShoppers takes the published counts, and recounts them by what is known of the sessions.
func expectShoppers(file []byte) ([]line, error) {
	rows, err := readCSV(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	q := question{analysis: "funnel", parameters: "step=*&step=order&overlap=true&window=1h"}
	lines := []line{
		{what: "lines read", fact: "read", want: "12330", origin: published},
		{what: "visitors (active persons)", metric: "active_persons", want: "12330", origin: published},
		{what: "sessions", metric: "sessions", want: "12330", origin: published},
		{what: "sessions with a purchase (orders)", metric: "orders", want: "1908", origin: published},
		{what: "conversion", metric: "conversion_rate", want: "0.155", origin: published},
		{what: "persons who considered", metric: "stage_entries", by: "stage", value: "consideration", want: "10422", origin: published},
		{what: "persons who purchased", metric: "stage_entries", by: "stage", value: "purchase", want: "1908", origin: published},
		q.cell("funnel: sessions", "summary", "", "entered", "12330", published),
		q.cell("funnel: with a purchase", "summary", "", "converted", "1908", published),
		q.cell("funnel: without one", "summary", "", "lost", "10422", published),
		q.cell("funnel: conversion", "summary", "", "conversion", "0.155", published),
	}
	bought := func(r map[string]string) bool { return r["Revenue"] == "1" }
	for _, by := range []breakdown{{"VisitorType", "visitor_type"}, {"Weekend", "weekend"}, {"Month", "month"}, {"TrafficType", "traffic_type"}} {
		lines = append(lines, byColumn(q, rows, by, "sessions", "with a purchase", bought)...)
	}
	orders := map[string]int{}
	for _, r := range rows {
		if bought(r) {
			orders[r["VisitorType"]]++
		}
	}
	metrics := question{analysis: "metrics", parameters: "metric=orders&by=property.visitor_type"}
	for _, value := range sorted(orders) {
		lines = append(lines, metrics.cell("metrics: orders, "+value, "values", of("value_of", value), "value", text(orders[value]), recounted))
	}
	return span("2025-01-01", "2026-01-01", lines), nil
}

// expectTelco takes the published counts, and recounts them by contract, service and payment.
func expectTelco(file []byte) ([]line, error) {
	rows, err := readCSV(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	q := question{analysis: "funnel", parameters: of("overlap", "true", "window", "1h") + "&step=*&step=event:Subscription+Cancelled"}
	lines := []line{
		{what: "lines read", fact: "read", want: "7043", origin: published},
		{what: "customers (active persons)", metric: "active_persons", want: "7043", origin: published},
		q.cell("funnel: customers", "summary", "", "entered", "7043", published),
		q.cell("funnel: churned", "summary", "", "converted", "1869", published),
		q.cell("funnel: churn", "summary", "", "conversion", "0.2654", published),
	}
	for _, by := range []breakdown{{"Contract", "contract"}, {"InternetService", "internet"}, {"PaymentMethod", "payment"}, {"PaperlessBilling", "paperless"}} {
		lines = append(lines, byColumn(q, rows, by, "customers", "churned", func(r map[string]string) bool { return r["Churn"] == "Yes" })...)
	}
	own, err := ownMetrics(rows)
	return span("2025-03-01", "2025-04-01", append(lines, own...)), err
}

// ownMetrics are those that the workspace settles in data/metrics.json. Percentiles are from a sketch, which is within 1 % of the value at its rank.
func ownMetrics(rows []map[string]string) ([]line, error) {
	var tenures []int
	charges, lost := new(big.Rat), new(big.Rat)
	for _, r := range rows {
		months, err := strconv.Atoi(r["tenure"])
		amount, ok := new(big.Rat).SetString(r["MonthlyCharges"])
		if err != nil || !ok {
			return nil, fmt.Errorf("recount telco: bad number in %v", r)
		}
		tenures = append(tenures, months)
		charges.Add(charges, amount)
		if r["Churn"] == "Yes" {
			lost.Add(lost, amount)
		}
	}
	slices.Sort(tenures)
	q := question{analysis: "metrics", parameters: "metric=tenure_p50,tenure_p90,monthly_charges,charges_lost"}
	percentile := func(percent int) line {
		want := tenures[(len(tenures)*percent+99)/100-1]
		return q.cell(fmt.Sprintf("months of %d %% of customers", percent), "whole", of("metric", fmt.Sprintf("tenure_p%d", percent)), "value", text(want), recounted).
			near(big.NewRat(int64(want), 100).FloatString(2))
	}
	return []line{
		percentile(50), percentile(90),
		q.cell("mean of the monthly charges", "whole", of("metric", "monthly_charges"), "value",
			charges.Quo(charges, big.NewRat(int64(len(rows)), 1)).FloatString(6), recounted).near("0.000001"),
		q.cell("monthly charges of who left", "whole", of("metric", "charges_lost"), "value", lost.FloatString(2), recounted),
	}, nil
}
