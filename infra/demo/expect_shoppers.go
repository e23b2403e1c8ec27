package demo

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"slices"
	"time"
)

// shopperMonths are the months as the file names them; it has none of January and April.
var shopperMonths = []string{"", "Jan", "Feb", "Mar", "Apr", "May", "June", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// makeShoppers puts a time of 2025 before each line: the sessions of a month are spread over its first 28 days.
func makeShoppers() ([]byte, error) {
	packed, err := data.ReadFile("data/online_shoppers/online_shoppers_intention.csv.gz")
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
	month := slices.Index(rows[0], "Month")
	rows[0] = append([]string{"time"}, rows[0]...)
	for n, cells := range rows[1:] {
		number := slices.Index(shopperMonths, cells[month])
		if number < 1 {
			return nil, fmt.Errorf("online shoppers: %q is no month", cells[month])
		}
		at := time.Date(2025, time.Month(number), 1+n%28, 12, 0, n/28%3600, 0, time.UTC)
		rows[n+1] = append([]string{at.Format(time.RFC3339)}, cells...)
	}
	var out bytes.Buffer
	err = csv.NewWriter(&out).WriteAll(rows)
	return out.Bytes(), err
}

// expectShoppers takes the published counts, and recounts them by what is known of the sessions.
func expectShoppers(file []byte) ([]line, error) {
	rows, err := readCSV(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	all := question{analysis: "funnel", parameters: "step=*&step=order&overlap=true&window=1h"}
	lines := []line{
		{what: "lines read", fact: "read", want: "12330", origin: published},
		{what: "visitors (active persons)", metric: "active_persons", want: "12330", origin: published},
		{what: "sessions", metric: "sessions", want: "12330", origin: published},
		{what: "sessions with a purchase (orders)", metric: "orders", want: "1908", origin: published},
		{what: "conversion", metric: "conversion_rate", want: "0.155", origin: published},
		all.cell("funnel: sessions", "summary", "", "entered", "12330", published),
		all.cell("funnel: with a purchase", "summary", "", "converted", "1908", published),
		all.cell("funnel: without one", "summary", "", "lost", "10422", published),
		all.cell("funnel: conversion", "summary", "", "conversion", "0.155", published),
	}
	for _, by := range []struct{ column, property string }{
		{"VisitorType", "visitor_type"}, {"Weekend", "weekend"}, {"Month", "month"}, {"TrafficType", "traffic_type"},
	} {
		sessions, bought := map[string]int{}, map[string]int{}
		for _, r := range rows {
			sessions[r[by.column]]++
			if r["Revenue"] == "1" {
				bought[r[by.column]]++
			}
		}
		q := question{analysis: "funnel", parameters: all.parameters + "&by=property." + by.property}
		for _, value := range sorted(sessions) {
			row := of("property_"+by.property, value, "number", "2")
			what := by.column + " " + value
			lines = append(lines,
				q.cell(what+": sessions", "by", row, "conversion", text(sessions[value]), recounted).as("denominator"),
				q.cell(what+": with a purchase", "by", row, "persons", text(bought[value]), recounted))
		}
	}
	return span("2025-01-01", "2026-01-01", lines), nil
}
