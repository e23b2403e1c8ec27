package kpi_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
)

// lines writes rows as "metric by dimension=value: numerator/denominator unit (n)", those of zero left out.
func lines(rows []kpi.Row) []string {
	var out []string
	for _, r := range rows {
		if r.N == 0 && r.Numerator == 0 {
			continue
		}
		line := string(r.Metric)
		if r.Dimension != kpi.Whole {
			line += fmt.Sprintf(" by %s=%s", r.Dimension, r.Value)
		}
		line += fmt.Sprintf(": %d", r.Numerator)
		if r.Denominator != nil {
			line += fmt.Sprintf("/%d", *r.Denominator)
		}
		out = append(out, line+fmt.Sprintf(" %s (%d)", r.Unit, r.N))
	}
	return out
}

// Two persons on one day: one buys twice in two currencies, one looks and has a refund.
func TestTally(t *testing.T) {
	t.Parallel()
	mail := kpi.Cell{Channel: "email", Source: "web", Stage: "purchase", Country: "GB"}
	shop := kpi.Cell{Channel: "in_store", Source: "till", Stage: "awareness", Country: kpi.Unknown}
	tally := kpi.NewTally("GBP")
	tally.Add(kpi.Facts{
		Person: "user:1", Touches: []kpi.Count{{Cell: mail, N: 3}, {Cell: shop, N: 1}}, Sessions: []kpi.Count{{Cell: mail, N: 1}}, New: &shop,
		Entries: []kpi.Count{{Cell: mail, N: 1}}, Stage: "purchase", NewBuyer: &mail,
		Orders: []kpi.Sale{{Cell: mail, Currency: "EUR", N: 1, Amount: 5}, {Cell: mail, Currency: "GBP", N: 1, Amount: 7}},
	})
	tally.Add(kpi.Facts{
		Person: "user:2", Touches: []kpi.Count{{Cell: shop, N: 2}}, Stage: "awareness",
		Refunds: []kpi.Sale{{Cell: shop, Currency: "GBP", N: 2, Amount: 4}},
	})
	tally.Add(kpi.Facts{Person: "user:3", Entries: []kpi.Count{{Cell: kpi.Cell{Channel: kpi.Unknown, Source: kpi.Unknown, Stage: "lapsed", Country: kpi.Unknown}, N: 1}}, Stage: "lapsed"})
	rows := tally.Rows()
	var whole, byChannel []kpi.Row
	for _, r := range rows {
		switch r.Dimension {
		case kpi.Whole:
			whole = append(whole, r)
		case kpi.ByChannel:
			byChannel = append(byChannel, r)
		}
	}
	want := []string{
		"touchpoints: 6 count (6)", "active_persons: 2 persons (2)", "new_persons: 1 persons (1)", "sessions: 1 count (1)", "stage_entries: 2 count (2)",
		"stage_persons: 2 persons (2)", "orders: 2 count (2)", "revenue: 5 EUR (1)", "revenue: 7 GBP (1)", "refunds: 4 GBP (2)",
		"buyers: 1 persons (1)", "new_buyers: 1 persons (1)", "aov: 5/1 EUR (1)", "aov: 7/1 GBP (1)",
		"revenue_per_buyer: 5/1 EUR (1)", "revenue_per_buyer: 7/1 GBP (1)", "conversion_rate: 1/2 ratio (2)", "repeat_purchase_rate: 1/1 ratio (1)",
	}
	if got := lines(whole); !slices.Equal(got, want) {
		t.Errorf("the whole is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	want = []string{
		"touchpoints by channel=email: 3 count (3)", "touchpoints by channel=in_store: 3 count (3)",
		"active_persons by channel=email: 1 persons (1)", "active_persons by channel=in_store: 2 persons (2)",
		"new_persons by channel=in_store: 1 persons (1)", "sessions by channel=email: 1 count (1)",
		"stage_entries by channel=email: 1 count (1)", "stage_entries by channel=unknown: 1 count (1)",
		"orders by channel=email: 2 count (2)", "revenue by channel=email: 5 EUR (1)", "revenue by channel=email: 7 GBP (1)",
		"refunds by channel=in_store: 4 GBP (2)", "buyers by channel=email: 1 persons (1)", "new_buyers by channel=email: 1 persons (1)",
		"aov by channel=email: 5/1 EUR (1)", "aov by channel=email: 7/1 GBP (1)",
		"revenue_per_buyer by channel=email: 5/1 EUR (1)", "revenue_per_buyer by channel=email: 7/1 GBP (1)",
		"conversion_rate by channel=email: 1/1 ratio (1)", "conversion_rate by channel=in_store: 0/2 ratio (2)",
		"repeat_purchase_rate by channel=email: 1/1 ratio (1)",
	}
	if got := lines(byChannel); !slices.Equal(got, want) {
		t.Errorf("by channel it is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, r := range rows {
		if r.Metric == kpi.StagePersons && r.Dimension != kpi.Whole && r.Dimension != kpi.ByStage {
			t.Errorf("stage_persons has a row by %s", r.Dimension)
		}
	}
}

// A window in which nothing happened has a row of zero for every metric, in the workspace's currency, and none by any dimension. Ratios and
// means have a denominator of 0, hence no value.
func TestTallyOfNothing(t *testing.T) {
	t.Parallel()
	rows := kpi.NewTally("JPY").Rows()
	var want []kpi.Row
	for _, m := range kpi.Metrics {
		row := kpi.Row{Metric: m.Name, Unit: string(m.Unit)}
		if m.Unit == kpi.UnitCurrency {
			row.Unit = "JPY"
		}
		if m.Denominator != "" {
			row.Denominator = new(int64)
		}
		want = append(want, row)
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("rows are %v, want %v", rows, want)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, m := range kpi.Metrics {
		if found, ok := kpi.Find(m.Name); !ok || !reflect.DeepEqual(found, m) {
			t.Errorf("Find(%s) = %v, %v", m.Name, found, ok)
		}
		if (m.Numerator == "") != (m.Denominator == "") || m.Counts == "" || len(m.Dimensions) == 0 {
			t.Errorf("the definition of %s is not whole: %+v", m.Name, m)
		}
	}
	if _, ok := kpi.Find("bounce_rate"); ok {
		t.Error("Find(bounce_rate) found a metric")
	}
}

func TestIsMoney(t *testing.T) {
	t.Parallel()
	for unit, want := range map[string]bool{"count": false, "persons": false, "ratio": false, "EUR": true, "XTS": true} {
		if got := (kpi.Row{Unit: unit}).IsMoney(); got != want {
			t.Errorf("IsMoney of a row in %s = %v, want %v", unit, got, want)
		}
	}
}

// A digest says whether a window changed: it sees every number and no matter of when or how often the window was computed.
func TestSums(t *testing.T) {
	t.Parallel()
	one := int64(1)
	base := kpi.Window{Grain: period.Day, Key: "2026-03-01", Start: 1, End: 2, Model: "default@1", Definitions: 1, Facts: "f", Rows: []kpi.Row{{Metric: kpi.AOV, Unit: "EUR", Numerator: 5, Denominator: &one, N: 1}}}
	other := int64(1)
	same := base
	same.Revision, same.ComputedAt, same.Digest = 9, 99, "x"
	same.Rows = []kpi.Row{{Metric: kpi.AOV, Unit: "EUR", Numerator: 5, Denominator: &other, N: 1}}
	if base.Sum() != same.Sum() {
		t.Error("the sum depends on when the window was computed")
	}
	two := int64(2)
	changes := map[string]func(*kpi.Window){
		"end": func(w *kpi.Window) { w.End = 3 }, "model": func(w *kpi.Window) { w.Model = "default@2" }, "definitions": func(w *kpi.Window) { w.Definitions = 2 },
		"facts": func(w *kpi.Window) { w.Facts = "g" }, "no rows": func(w *kpi.Window) { w.Rows = nil },
		"numerator": func(w *kpi.Window) {
			w.Rows = []kpi.Row{{Metric: kpi.AOV, Unit: "EUR", Numerator: 6, Denominator: &one, N: 1}}
		},
		"denominator": func(w *kpi.Window) {
			w.Rows = []kpi.Row{{Metric: kpi.AOV, Unit: "EUR", Numerator: 5, Denominator: &two, N: 1}}
		},
	}
	for name, change := range changes {
		changed := base
		change(&changed)
		if changed.Sum() == base.Sum() {
			t.Errorf("another %s has the same sum", name)
		}
	}
	day := kpi.Day{Identifiers: []event.Identifier{"user:1"}, Persons: []kpi.Facts{{Person: "user:1", Stage: "a"}}}
	moved := kpi.Day{Identifiers: []event.Identifier{"user:1"}, Persons: []kpi.Facts{{Person: "user:1", Stage: "b"}}}
	if day.Sum() == moved.Sum() || day.Sum() == (kpi.Day{Identifiers: []event.Identifier{"user:2"}, Persons: day.Persons}).Sum() {
		t.Error("another day has the same sum")
	}
}

// MergeFacts stops reading when the reader does, and gives nothing of nothing.
func TestMergeFactsStops(t *testing.T) {
	t.Parallel()
	read := 0
	endless := func(yield func(kpi.Facts) bool) {
		for i := 0; ; i++ {
			read++
			if !yield(kpi.Facts{Person: event.Identifier(fmt.Sprintf("user:%09d", i))}) {
				return
			}
		}
	}
	for f := range kpi.MergeFacts([]iter.Seq[kpi.Facts]{endless, endless}) {
		if f.Person == "user:000000002" {
			break
		}
	}
	if read > 8 {
		t.Errorf("read %d facts to give three persons, want at most four of each", read)
	}
	for f := range kpi.MergeFacts(nil) {
		t.Errorf("nothing merged gave %+v", f)
	}
}

// A month of 2,000 persons in 28 days: each comes out once, in order.
func TestMergeFactsCountsEachPersonOnce(t *testing.T) {
	t.Parallel()
	var days []iter.Seq[kpi.Facts]
	want := map[event.Identifier]int64{}
	for d := range 28 {
		var day []kpi.Facts
		for p := d % 5; p < 2000; p += 1 + d%3 {
			id := event.Identifier(fmt.Sprintf("user:%04d", p))
			day = append(day, kpi.Facts{Person: id, Touches: []kpi.Count{{Cell: kpi.Cell{Channel: "email"}, N: 1}}, Stage: fmt.Sprint(d)})
			want[id]++
		}
		days = append(days, slices.Values(day))
	}
	var last event.Identifier
	n := 0
	for f := range kpi.MergeFacts(days) {
		if f.Person <= last {
			t.Fatalf("%s comes after %s", f.Person, last)
		}
		if last, n = f.Person, n+1; len(f.Touches) != 1 || f.Touches[0].N != want[f.Person] {
			t.Fatalf("%s has touches %v, want %d", f.Person, f.Touches, want[f.Person])
		}
	}
	if n != len(want) {
		t.Errorf("got %d persons, want %d", n, len(want))
	}
}

func TestFactsSurviveTheirBytes(t *testing.T) {
	t.Parallel()
	cell := kpi.Cell{Channel: "email", Source: "web", Stage: "purchase", Country: "GB"}
	want := kpi.Facts{
		Person: "user:1", Touches: []kpi.Count{{Cell: cell, N: 3}}, Sessions: []kpi.Count{{Cell: cell, N: 1}}, New: &cell, Entries: []kpi.Count{{Cell: cell, N: 2}},
		Stage: "purchase", Orders: []kpi.Sale{{Cell: cell, Currency: "EUR", N: 1, Amount: 12_345_678}}, Refunds: []kpi.Sale{{Cell: cell, Currency: "EUR", N: 1, Amount: 1}}, NewBuyer: &cell,
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got kpi.Facts
	if err := json.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read back %+v (%v) from %s, want %+v", got, err, text, want)
	}
}

// The sum of a window sees what its facts say and not where they lie, so that two generations can be compared; a stub keeps the revision alone.
func TestFactsKeys(t *testing.T) {
	t.Parallel()
	day := kpi.Day{Identifiers: []event.Identifier{"user:1"}}
	key := kpi.FactsKey("my-shop~2", period.Day, "2026-03-01", 7, day.Sum())
	if want := "facts/workspace=my-shop~2/day/2026-03-01/r7-" + day.Sum() + ".ndjson.zst"; key != want || kpi.FactsSum(key) != day.Sum() || kpi.FactsSum("") != "" {
		t.Errorf("FactsKey = %q with sum %q, want %q", key, kpi.FactsSum(key), want)
	}
	here := kpi.Window{Grain: period.Day, Key: "2026-03-01", Revision: 7, ComputedAt: 9, Facts: key, Digest: "d", Rows: []kpi.Row{{Metric: kpi.Orders}}}
	there := here
	there.Facts = kpi.FactsKey("my-shop", period.Day, "2026-03-01", 1, day.Sum())
	if here.Sum() != there.Sum() {
		t.Error("the sum depends on where the facts lie")
	}
	there.Facts = kpi.FactsKey("my-shop", period.Day, "2026-03-01", 1, kpi.Day{}.Sum())
	if here.Sum() == there.Sum() {
		t.Error("other facts have the same sum")
	}
	stub := here.Stub()
	if stub.Revision != 7 || stub.ComputedAt != 9 || stub.Facts != "" || stub.Digest != "" || stub.Rows != nil {
		t.Errorf("Stub = %+v, want the revision and nothing that was counted", stub)
	}
}
