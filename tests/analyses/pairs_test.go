package analyses_test

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"waymark/shared/adapter/httpapi/httpapitest"
)

// side is one of two answers that mean the same.
type side func(w *world) numbers

// pair is two answers that mean the same, and the sentence that docs/analyses/same-numbers.md has about them.
type pair struct {
	sentence string
	one      side
	other    side
}

// Times that are asked about: two months in which the clock changes, and everything that there is.
const (
	autumn = "from=2026-09-01&to=2026-11-01"
	all    = "from=2026-08-01&to=2026-11-23"
)

func pairs() []pair {
	var out []pair
	add := func(sentence string, one, other side) { out = append(out, pair{sentence, one, other}) }
	for _, grain := range []string{"day", "week", "month"} {
		add("KPI `active_persons` of days, weeks and months = `active` of [lifecycle](lifecycle.md) with the same grain.",
			kpi("active_persons", "numerator", autumn+"&grain="+grain, "start"), table("lifecycle", autumn+"&grain="+grain, "lifecycle", "active", nil, "since"))
	}
	add("KPI `active_persons` of a time = `entered` of the [funnel](funnel.md) `step=*&among=activities`.",
		kpi("active_persons", "numerator", autumn+"&grain=period"), table("funnel", autumn+"&step=*&among=activities", "summary", "entered", nil))
	add("KPI `active_persons` of a month = `size` of the [retention](retention.md) cohort of that month with `cohort=recurring`.",
		kpi("active_persons", "numerator", autumn+"&grain=month", "start"), table("retention", autumn+"&cohort=recurring", "cohorts", "size", where("age", "0"), "cohort"))
	add("`returning` of lifecycle = `persons` of age 1 of retention with `cohort=recurring`.",
		table("lifecycle", autumn, "lifecycle", "returning", nil, "since"),
		table("retention", "from=2026-08-01&to=2026-11-01&horizon=1&cohort=recurring", "cohorts", "persons", where("age", "1"), "since"))
	add("KPI `new_persons` of a month = `size` of the retention cohort of that month.",
		kpi("new_persons", "numerator", autumn+"&grain=month", "start"), table("retention", autumn, "cohorts", "size", where("age", "0"), "cohort"))
	add("KPI `new_persons` by `first_channel` = `new_persons` of [acquisition](acquisition.md) by channel.",
		kpi("new_persons", "numerator", autumn+"&grain=period&by=first_channel", "value"), table("acquisition", autumn, "persons", "new_persons", nil, "channel"))
	add("KPI `new_buyers` by `first_channel` = `new_buyers` of acquisition by channel.",
		kpi("new_buyers", "numerator", autumn+"&grain=period&by=first_channel", "value"), table("acquisition", autumn, "persons", "new_buyers", nil, "channel"))
	add("KPI `new_buyers` of a month = `size` of the retention cohort of that month with `cohort=first_order`.",
		kpi("new_buyers", "numerator", autumn+"&grain=month", "start"), table("retention", autumn+"&cohort=first_order", "cohorts", "size", where("age", "0"), "cohort"))
	for _, field := range []string{"numerator", "denominator", "n"} {
		add("KPI rows = rows of the analysis [metrics](metrics.md), every metric of them, with numerator, denominator and n.",
			everyKPI(field, autumn+"&grain=period", "metric", "unit"), table("metrics", autumn, "whole", field, nil, "metric", "unit"))
		add("KPI rows by a dimension = rows of metrics by it.",
			everyKPI(field, autumn+"&grain=period&by=channel", "metric", "unit", "value"),
			table("metrics", autumn+"&by=channel", "values", field, nil, "metric", "unit", "value_of"))
	}
	add("KPI `stage_entries` by stage = `visits` of the whole stage in the [map](map.md).",
		kpi("stage_entries", "numerator", autumn+"&grain=period&by=stage", "value"), table("map", autumn, "map", "visits", where("channel", "all"), "stage"))
	add("`texts` of a stage in the map = `texts` of the stage in [sentiment](sentiment.md).",
		table("map", autumn, "map", "texts", where("channel", "all"), "stage"), table("sentiment", autumn, "sentiment", "texts", where("part", "stage"), "value"))
	out = append(out, orders()...)
	out = append(out, persons()...)
	return out
}

// orders are pairs about orders and revenue.
func orders() []pair {
	var out []pair
	add := func(sentence string, one, other side) { out = append(out, pair{sentence, one, other}) }
	add("KPI `orders` by channel = credits of the model `last` of [attribution](attribution.md), where no session comes from a payment page.",
		kpi("orders", "numerator", autumn+"&grain=period&by=channel", "value"), table("attribution", autumn, "conversions", "last", nil, "channel"))
	for _, model := range []string{"first", "last", "last_non_direct", "linear", "time_decay", "position", "position_w", "markov", "shapley"} {
		add("KPI `orders` = the sum of the credits of each model of attribution.",
			kpi("orders", "numerator", autumn+"&grain=period"), table("attribution", autumn, "conversions", model, nil))
		add("KPI `revenue` = the sum of the revenue of each model, in each currency.",
			kpi("revenue", "numerator", autumn+"&grain=period", "unit"), table("attribution", autumn, "revenue", model, nil, "currency"))
	}
	add("KPI `orders` = `orders` of attribution's totals.",
		kpi("orders", "numerator", autumn+"&grain=period"), table("attribution", autumn, "totals", "orders", nil))
	add("KPI `revenue` by channel = revenue of the model `last`, in each currency.",
		kpi("revenue", "numerator", autumn+"&grain=period&by=channel", "value", "unit"), table("attribution", autumn, "revenue", "last", nil, "channel", "currency"))
	add("KPI `revenue` of the whole history = `to_date` of acquisition with `revenue=gross`, in each currency.",
		kpi("revenue", "numerator", all+"&grain=period", "unit"), table("acquisition", all+"&revenue=gross", "revenue", "revenue", where("horizon", "to_date"), "currency"))
	add("KPI `net_revenue` of the whole history = `to_date` of acquisition, in each currency, where refunds name orders that are known.",
		kpi("net_revenue", "numerator", all+"&grain=period", "unit"), table("acquisition", all, "revenue", "revenue", where("horizon", "to_date"), "currency"))
	add("KPI `revenue` of the whole history = the sum of retention's table `revenue` with `revenue=gross`, in each currency.",
		kpi("revenue", "numerator", all+"&grain=period", "unit"), table("retention", all+"&revenue=gross", "revenue", "revenue", nil, "currency"))
	add("KPI `net_revenue` of the whole history = the same with `revenue=net`.",
		kpi("net_revenue", "numerator", all+"&grain=period", "unit"), table("retention", all+"&revenue=net", "revenue", "revenue", nil, "currency"))
	add("The orders that KPI `revenue` of the whole history rests on, in one currency = `orders` of [RFM](rfm.md) with `value=gross`.",
		unit(kpi("revenue", "n", all+"&grain=period", "unit"), "GBP"), table("rfm", all+"&value=gross", "segments", "orders", where("segment", "all")))
	add("KPIs `revenue` + `order_updates` of the whole history, in one currency = `revenue` of RFM with `value=gross`, where an order is worth what it was changed to.",
		unit(kpi("revenue,order_updates", "numerator", all+"&grain=period", "unit"), "GBP"), table("rfm", all+"&value=gross", "segments", "revenue", where("segment", "all")))
	add("KPI values = `value` of [objectives](objectives.md) of the metric over the same days.",
		each("orders", "buyers", "touchpoints", "sessions", "new_persons", "active_persons", "page_views", "revenue", "net_revenue"),
		table("objectives", autumn, "objectives", "value", except("metric", "stage_entries"), "metric"))
	add("KPI `stage_entries` of a stage = `value` of an objective `where` that stage.",
		kpi("stage_entries", "numerator", autumn+"&grain=period&stage=decision"), table("objectives", autumn, "objectives", "value", where("metric", "stage_entries")))
	add("KPI values = `value_after` of the differences of [changes](changes.md) with `before`.",
		each("orders", "buyers", "touchpoints", "sessions", "new_persons", "active_persons", "page_views", "revenue", "net_revenue"),
		table("changes", autumn+"&before=2026-08-01/2026-09-01&"+metrics("orders", "buyers", "touchpoints", "sessions", "new_persons", "active_persons", "page_views",
			"revenue", "net_revenue"), "differences", "value_after", func(r row) bool { return word(r["kind"]) == "period" && word(r["currency"]) != "EUR" }, "metric"))
	return out
}

// everyKPI asks for all metrics at once.
func everyKPI(field, query string, key ...string) side {
	return func(w *world) numbers {
		var names []string
		for _, name := range w.Definitions.Names() {
			names = append(names, string(name))
		}
		if strings.Contains(query, "by=") {
			names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "stage_") && name != "stage_entries" }) // by stage alone
		}
		return kpi(strings.Join(names, ","), field, query, key...)(w)
	}
}

func metrics(names ...string) string { return "metric=" + strings.Join(names, "&metric=") }

// each is what several KPIs come to in autumn, of amounts those in pounds, by metric.
func each(names ...string) side {
	return func(w *world) numbers {
		out := numbers{}
		for key, value := range kpi(strings.Join(names, ","), "numerator", autumn+"&grain=period", "metric", "unit")(w) {
			name, of, _ := strings.Cut(key, " ")
			if of != "EUR" {
				out.add(name, value)
			}
		}
		return out
	}
}

// persons are pairs about who did something.
func persons() []pair {
	var out []pair
	add := func(sentence string, one, other side) { out = append(out, pair{sentence, one, other}) }
	add("KPI `buyers` of a time = `entered` of the funnel `step=order`.",
		kpi("buyers", "numerator", autumn+"&grain=period"), table("funnel", autumn+"&step=order", "summary", "entered", nil))
	add("KPI `buyers` of a time = persons of all [paths](paths.md) that lead to an order (`end=order`).",
		kpi("buyers", "numerator", autumn+"&grain=period"), table("paths", autumn+"&end=order&node=channel&steps=20", "paths", "persons", nil))
	add("Buyers in one currency, of the whole history (the denominator of KPI `revenue_per_buyer`) = persons of RFM with `value=gross`.",
		unit(kpi("revenue_per_buyer", "denominator", all+"&grain=period", "unit"), "GBP"), table("rfm", all+"&value=gross", "segments", "persons", where("segment", "all")))
	add("Persons who entered a stage: paths with `start=stage:decision&node=stage` at position 1 = `entered` of the funnel `step=stage:decision&among=stages`.",
		table("paths", autumn+"&start=stage:decision&node=stage", "nodes", "persons", where("position", "1")),
		table("funnel", autumn+"&step=stage:decision&among=stages", "summary", "entered", nil))
	add("Exposed persons of an [experiment](experiments.md) = `entered` of the funnel of the event `Experiment Viewed` of that experiment in its time.",
		table("experiments", autumn, "variants", "persons", nil),
		table("funnel", autumn+"&"+query("step", "Experiment Viewed[experiment_id=checkout]"), "summary", "entered", nil))
	add("The funnel `step=Product Viewed&step=order` = a declared funnel of these steps.",
		table("funnel", autumn+"&step=Product+Viewed&step=order", "steps", "persons", nil, "step"), table("funnel", autumn+"&funnel=buys", "steps", "persons", nil, "step"))
	for analysis, q := range map[string][4]string{
		"funnel":    {"step=Product+Viewed&step=order", "steps", "steps_by_channel", "number"},
		"lifecycle": {"", "lifecycle", "lifecycle_by_channel", "since"},
		"retention": {"", "ages", "ages_by_channel", "age"},
	} {
		column := map[string]string{"lifecycle": "active"}[analysis]
		if column == "" {
			column = "persons"
		}
		add("Rows by channel of funnels, lifecycle and retention add up to the rows of the whole.",
			table(analysis, autumn+"&"+q[0], q[1], column, nil, q[3]), parted(analysis, autumn+"&by=channel&"+q[0], column, q[3]))
	}
	const additive = "orders,revenue,net_revenue,touchpoints,sessions,new_persons,stage_entries,page_views"
	for _, by := range []string{"channel", "country", "first_channel", "source"} {
		add("KPI rows of a dimension add up to the whole, of everything that is not distinct persons.",
			kpi(additive, "numerator", autumn+"&grain=period", "metric", "unit"), kpi(additive, "numerator", autumn+"&grain=period&by="+by, "metric", "unit"))
	}
	return out
}

// parted adds up the table that is parted by channel, whatever it is called.
func parted(analysis, query, column, key string) side {
	return func(w *world) numbers {
		for name, rows := range w.tables(analysis, query) {
			if len(rows) > 0 && rows[0]["channel"] != nil && rows[0][key] != nil {
				return table(analysis, query, name, column, nil, key)(w)
			}
		}
		w.t.Fatalf("%s?%s has no table by channel", analysis, query)
		return nil
	}
}

// buyers are pairs that are asked in a shop with enough buyers for a model of them, none of whom gave everything back.
func buyers() []pair {
	return []pair{
		{
			"KPI `net_revenue` of the whole history, in one currency = `revenue` of RFM, where everybody who bought has an order that stands.",
			unit(kpi("net_revenue", "numerator", all+"&grain=period", "unit"), "GBP"), table("rfm", all, "segments", "revenue", where("segment", "all")),
		},
		{
			"Buyers of RFM and what they brought = persons and `revenue` of the deciles of [CLV](clv.md).",
			table("rfm", all, "segments", "revenue", where("segment", "all")), table("clv", all, "deciles", "revenue", nil),
		},
		{
			"Buyers of RFM and what they brought = persons and `revenue` of the deciles of [CLV](clv.md).",
			table("rfm", all, "segments", "persons", where("segment", "all")), table("clv", all, "deciles", "persons", nil),
		},
	}
}

// TestSameBuyers asks the pairs of buyers in one world.
func TestSameBuyers(t *testing.T) {
	contract := httpapitest.Load(t)
	w := newWorld(t, contract)
	w.take(purchases(150)...)
	w.settle()
	ask(w, 0, buyers(), map[string]bool{})
}

// ask compares the sides of pairs, and notes of which something is counted.
func ask(w *world, seed uint64, pairs []pair, counted map[string]bool) {
	w.t.Helper()
	for _, p := range pairs {
		one, other := p.one(w).text(), p.other(w).text()
		if !reflect.DeepEqual(one, other) {
			w.t.Errorf("seed %d: %s\n%v\n%v", seed, p.sentence, one, other)
		}
		counted[p.sentence] = counted[p.sentence] || len(one) > 0
	}
}

// TestSameNumbers asks each pair in several worlds. A pair of which nothing is counted in any of them would show nothing.
func TestSameNumbers(t *testing.T) {
	contract := httpapitest.Load(t)
	counted := map[string]bool{}
	for seed := range uint64(*worlds) {
		w := filled(t, contract, seed)
		ask(w, seed, pairs(), counted)
		edges(w, seed)
		cells(w, seed)
	}
	for sentence, some := range counted {
		if !some {
			t.Errorf("in no world is anything counted of: %s", sentence)
		}
	}
}

const edgeSentence = "Persons of an edge of paths = `converted` of the funnel that the edge names."

// edges asks the funnels that edges of paths name.
func edges(w *world, seed uint64) {
	w.t.Helper()
	asked := 0
	for _, q := range []string{"&start=Product+Viewed&steps=3", "&start=page:/cart&steps=3&node=page", "&steps=3&node=channel&repeats=collapse"} {
		for _, edge := range w.tables("paths", autumn+q)["edges"] {
			opened := strings.TrimPrefix(word(edge["funnel"]), "funnel?")
			if opened == "" || asked >= 40 {
				continue
			}
			asked++
			got := table("funnel", autumn+"&"+opened, "summary", "converted", nil)(w)
			if want := number(edge["persons"]); got[""] == nil || got[""].Cmp(want) != 0 {
				w.t.Errorf("seed %d: %v persons went %v, and the funnel %s has %v", seed, want.RatString(), edge, opened, got.text())
			}
		}
	}
	if asked == 0 {
		w.t.Errorf("seed %d: no edge names a funnel", seed)
	}
}

const cellSentence = "`persons`, `converted`, `open` and `lost` of a cell of the map = `entered`, `converted`, `open` and `lost` of the funnel that the cell names."

// cells asks the funnels that cells of the map name.
func cells(w *world, seed uint64) {
	w.t.Helper()
	asked := 0
	for _, cell := range w.tables("map", autumn)["map"] {
		opened, err := url.ParseQuery(word(cell["funnel"]))
		if err != nil || len(opened) == 0 {
			continue
		}
		asked++
		summary := w.tables("funnel", autumn+"&"+opened.Encode())["summary"][0]
		for one, other := range map[string]string{"persons": "entered", "converted": "converted", "open": "open", "lost": "lost"} {
			if number(cell[one]).Cmp(number(summary[other])) != 0 {
				w.t.Errorf("seed %d: %s of %v, and %s of %v", seed, one, cell, other, summary)
			}
		}
	}
	if asked == 0 {
		w.t.Errorf("seed %d: no cell names a funnel", seed)
	}
}

// TestSameNumbersAreWrittenDown holds docs/analyses/same-numbers.md to the pairs: each has its sentence, and no other stands there.
func TestSameNumbersAreWrittenDown(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(httpapitest.Root(t), "docs", "analyses", "same-numbers.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{edgeSentence: true, cellSentence: true}
	for _, p := range slices.Concat(pairs(), buyers()) {
		want[p.sentence] = true
	}
	got := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if sentence, isOne := strings.CutPrefix(strings.TrimSpace(line), "- "); isOne {
			got[sentence] = true
		}
	}
	if !maps.Equal(got, want) {
		for sentence := range want {
			if !got[sentence] {
				t.Error("missing: - " + sentence)
			}
		}
		for sentence := range got {
			if !want[sentence] {
				t.Error("not asked: " + fmt.Sprintf("%q", sentence))
			}
		}
	}
}
