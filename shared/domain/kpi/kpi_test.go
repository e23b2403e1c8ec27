package kpi_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/money"
	"waymark/shared/domain/step"
	"waymark/shared/model"
)

func builtIn(t testing.TB) *kpi.Definitions {
	t.Helper()
	d, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// totals of the lives of some persons.
func totals(d *kpi.Definitions, lives ...[]step.Row) measure.Totals {
	out := d.Set().Empty()
	for _, rows := range lives {
		d.Set().Add(out, measure.Of(rows))
	}
	return out
}

// page is a row of a page of a shop or in one, in a session of the same channel.
func page(channel, source, country, stage string) step.Row {
	return step.Row{Type: event.Page, Session: 1, Channel: channel, SessionChannel: channel, Source: source, Country: country, StageBefore: stage, Stage: stage, Visitor: step.Returning}
}

func order(row step.Row, number int, currency string, amount money.Micros, kind event.OrderKind) step.Row {
	row.Order = &step.Order{Number: number, Currency: currency, Amount: amount, Kind: kind, Origin: row.OwnOrigin()}
	return row
}

// lines writes rows of a dimension as "metric value: numerator/denominator unit (n)", those of zero left out.
func lines(rows []kpi.Row, of kpi.Dimension) []string {
	var out []string
	for _, r := range rows {
		if r.N == 0 && r.Numerator.IsZero() || r.Dimension != of {
			continue
		}
		line := strings.TrimSpace(string(r.Metric)+" "+r.Value) + fmt.Sprintf(": %s", r.Numerator)
		if r.Denominator != nil {
			line += fmt.Sprintf("/%d", *r.Denominator)
		}
		out = append(out, line+fmt.Sprintf(" %s (%d)", r.Unit, r.N))
	}
	return out
}

// Three persons on one day: one comes into a shop for the first time, and by mail within a session that a social network began the day before, and buys
// twice in two currencies; one looks and has two refunds; one lapses.
func TestRowsOfAWorkedExample(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	first := page("in_store", "till", "", "awareness")
	first.FirstEver, first.SessionStart, first.StageBefore, first.Visitor = true, true, "", step.New
	first.SessionPages, first.SessionSeconds = 1, 90
	mail := page("email", "web", "GB", "purchase")
	mail.SessionChannel = "social"
	back, bought := mail, order(mail, 1, "EUR", 5, event.Completed)
	back.StageBefore, back.Stage, bought.StageBefore = "awareness", "awareness", "awareness"
	looks := page("in_store", "till", "", "awareness")
	refund := order(looks, 1, "GBP", 2, event.Refunded)
	rows := d.Rows("GBP", totals(d,
		[]step.Row{first, back, bought, order(mail, 2, "GBP", 7, event.Completed)},
		[]step.Row{refund, refund}, []step.Row{{StageBefore: "awareness", Stage: "lapsed", Visitor: step.Returning}},
	))
	for dimension, want := range map[kpi.Dimension][]string{
		kpi.Whole: {
			"touchpoints: 6 count (6)", "active_persons: 2 persons (2)", "new_persons: 1 persons (1)", "sessions: 1 count (1)", "stage_entries: 3 count (3)",
			"stage_persons: 2 persons (2)", "orders: 2 count (2)", "revenue: 5 EUR (1)", "revenue: 7 GBP (1)", "refunds: 4 GBP (2)",
			"net_revenue: 5 EUR (1)", "net_revenue: 3 GBP (3)",
			"buyers: 1 persons (1)", "new_buyers: 1 persons (1)", "aov: 5/1 EUR (1)", "aov: 7/1 GBP (1)",
			"revenue_per_buyer: 5/1 EUR (1)", "revenue_per_buyer: 7/1 GBP (1)", "conversion_rate: 1/2 ratio (2)", "repeat_purchase_rate: 1/1 ratio (1)",
			"page_views: 6 count (6)", "bounce_rate: 1/1 ratio (1)", "pages_per_session: 1/1 ratio (1)", "session_duration: 90/1 seconds (1)",
			"purchase_frequency: 2/1 ratio (1)", "net_aov: 5/1 EUR (1)", "net_aov: 3/1 GBP (3)", "net_revenue_per_buyer: 5/1 EUR (1)",
			"net_revenue_per_buyer: 3/1 GBP (3)", "revenue_per_person: 5/2 EUR (1)", "revenue_per_person: 7/2 GBP (1)", "refund_rate: 2/2 ratio (2)",
			"engagement_rate: 0/6 ratio (6)", "stage_conversion: 1/3 ratio (3)",
		},
		measure.ByChannel: {
			"touchpoints email: 3 count (3)", "touchpoints in_store: 3 count (3)", "active_persons email: 1 persons (1)", "active_persons in_store: 2 persons (2)",
			"new_persons in_store: 1 persons (1)", "sessions in_store: 1 count (1)",
			"stage_entries email: 1 count (1)", "stage_entries in_store: 1 count (1)", "stage_entries unknown: 1 count (1)",
			"orders social: 2 count (2)", "revenue social: 5 EUR (1)", "revenue social: 7 GBP (1)", "refunds in_store: 4 GBP (2)",
			"net_revenue in_store: -4 GBP (2)", "net_revenue social: 5 EUR (1)", "net_revenue social: 7 GBP (1)",
			"buyers social: 1 persons (1)", "new_buyers social: 1 persons (1)", "aov social: 5/1 EUR (1)", "aov social: 7/1 GBP (1)",
			"revenue_per_buyer social: 5/1 EUR (1)", "revenue_per_buyer social: 7/1 GBP (1)",
			"conversion_rate email: 0/1 ratio (1)", "conversion_rate in_store: 0/2 ratio (2)", "conversion_rate social: 1/0 ratio (0)", "repeat_purchase_rate social: 1/1 ratio (1)",
			"page_views email: 3 count (3)", "page_views in_store: 3 count (3)", "bounce_rate in_store: 1/1 ratio (1)",
			"pages_per_session in_store: 1/1 ratio (1)", "session_duration in_store: 90/1 seconds (1)",
			"purchase_frequency social: 2/1 ratio (1)", "net_aov in_store: -4/0 GBP (2)", "net_aov social: 5/1 EUR (1)", "net_aov social: 7/1 GBP (1)",
			"net_revenue_per_buyer in_store: -4/0 GBP (2)", "net_revenue_per_buyer social: 5/1 EUR (1)", "net_revenue_per_buyer social: 7/1 GBP (1)",
			"revenue_per_person social: 5/0 EUR (1)", "revenue_per_person social: 7/0 GBP (1)", "refund_rate in_store: 2/0 ratio (0)",
			"refund_rate social: 0/2 ratio (2)", "engagement_rate email: 0/3 ratio (3)", "engagement_rate in_store: 0/3 ratio (3)",
		},
		measure.ByStage: {
			"touchpoints awareness: 4 count (4)", "touchpoints purchase: 2 count (2)", "active_persons awareness: 2 persons (2)", "active_persons purchase: 1 persons (1)",
			"new_persons awareness: 1 persons (1)", "sessions awareness: 1 count (1)",
			"stage_entries awareness: 1 count (1)", "stage_entries lapsed: 1 count (1)", "stage_entries purchase: 1 count (1)",
			"stage_persons awareness: 1 persons (1)", "stage_persons purchase: 1 persons (1)",
			"orders purchase: 2 count (2)", "revenue purchase: 5 EUR (1)", "revenue purchase: 7 GBP (1)", "refunds awareness: 4 GBP (2)",
			"net_revenue awareness: -4 GBP (2)", "net_revenue purchase: 5 EUR (1)", "net_revenue purchase: 7 GBP (1)",
			"buyers purchase: 1 persons (1)", "new_buyers purchase: 1 persons (1)", "aov purchase: 5/1 EUR (1)", "aov purchase: 7/1 GBP (1)",
			"revenue_per_buyer purchase: 5/1 EUR (1)", "revenue_per_buyer purchase: 7/1 GBP (1)",
			"conversion_rate awareness: 0/2 ratio (2)", "conversion_rate purchase: 1/1 ratio (1)", "repeat_purchase_rate purchase: 1/1 ratio (1)",
			"page_views awareness: 4 count (4)", "page_views purchase: 2 count (2)", "bounce_rate awareness: 1/1 ratio (1)",
			"pages_per_session awareness: 1/1 ratio (1)", "session_duration awareness: 90/1 seconds (1)",
			"purchase_frequency purchase: 2/1 ratio (1)", "net_aov awareness: -4/0 GBP (2)", "net_aov purchase: 5/1 EUR (1)", "net_aov purchase: 7/1 GBP (1)",
			"net_revenue_per_buyer awareness: -4/0 GBP (2)", "net_revenue_per_buyer purchase: 5/1 EUR (1)", "net_revenue_per_buyer purchase: 7/1 GBP (1)",
			"revenue_per_person purchase: 5/1 EUR (1)", "revenue_per_person purchase: 7/1 GBP (1)", "refund_rate awareness: 2/0 ratio (0)",
			"refund_rate purchase: 0/2 ratio (2)", "engagement_rate awareness: 0/4 ratio (4)", "engagement_rate purchase: 0/2 ratio (2)",
			"stage_conversion awareness: 1/1 ratio (1)", "stage_conversion lapsed: 0/1 ratio (1)", "stage_conversion purchase: 0/1 ratio (1)",
		},
	} {
		if got := lines(rows, dimension); !slices.Equal(got, want) {
			t.Errorf("by %q it is\n%s\nwant\n%s", dimension, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	for _, r := range rows {
		m, _ := d.Find(r.Metric)
		if r.Dimension != kpi.Whole && !slices.Contains(m.Dimensions, r.Dimension) {
			t.Errorf("%s has a row by %s", r.Metric, r.Dimension)
		}
		if r.Dimension != kpi.Whole && r.N == 0 && (r.Numerator.IsZero() || r.IsMoney()) {
			t.Errorf("there is a row of nothing: %+v", r)
		}
	}
}

// A window in which nothing happened has a row of zero for every metric, in the workspace's currency, and none by any dimension. Ratios and
// means have a denominator of 0, hence no value.
func TestRowsOfNothing(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	var want []kpi.Row
	for _, m := range d.Metrics {
		if m.WhereCounted {
			continue
		}
		row := kpi.Row{Metric: m.Name, Unit: string(m.Unit)}
		if m.Unit == kpi.UnitCurrency {
			row.Unit = "JPY"
		}
		if row.IsMoney() != (m.Unit == kpi.UnitCurrency) {
			t.Errorf("a row in %s is money: %v", row.Unit, row.IsMoney())
		}
		if m.Denominator != "" {
			row.Denominator = new(int64)
		}
		want = append(want, row)
	}
	if rows := d.Rows("JPY", d.Set().Empty()); !reflect.DeepEqual(rows, want) {
		t.Errorf("rows are %v, want %v", rows, want)
	}
}

// Of more values than are shown those with the most revenue stay, ties by name; touchpoints decide nothing. The others are added up, but for numbers of
// persons, which cannot be.
func TestRowsOfTooManyValues(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	var lives [][]step.Row
	for n := range kpi.MaxMembers + 3 {
		row := page("email", "web", fmt.Sprintf("c%03d", n), "awareness")
		row.SessionStart, row.SessionCountry = true, row.Country
		lives = append(lives, []step.Row{order(row, 1, "EUR", 5, event.Completed)})
	}
	often := page("email", "web", "zz", "awareness")
	lives = append(lives, []step.Row{often, often})
	shown := lines(d.Rows("GBP", totals(d, lives...)), measure.ByCountry)
	got := slices.DeleteFunc(slices.Clone(shown), func(line string) bool {
		value := strings.TrimSuffix(strings.Fields(line)[1], ":")
		return value != kpi.Other && value <= "c499"
	})
	want := []string{
		"touchpoints (other): 5 count (5)", "sessions (other): 3 count (3)", "orders (other): 3 count (3)", "revenue (other): 15 EUR (3)",
		"net_revenue (other): 15 EUR (3)", "new_buyers (other): 3 persons (3)", "aov (other): 15/3 EUR (3)", "page_views (other): 5 count (5)",
		"session_duration (other): 0/3 seconds (3)", "net_aov (other): 15/3 EUR (3)", "refund_rate (other): 0/3 ratio (3)", "engagement_rate (other): 0/5 ratio (5)",
	}
	if !slices.Equal(got, want) || shown[kpi.MaxMembers] != "touchpoints c499: 1 count (1)" {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	measures := []measure.Definition{{Name: "n", Sum: "orders"}, {Name: "p", Persons: "orders"}, {Name: "m", Amount: measure.Revenue}}
	good := kpi.Metric{Name: "x", Unit: kpi.UnitCount, Sentence: "s", Numerator: "n", N: "n", Good: kpi.GoodUp, Dimensions: []kpi.Dimension{measure.ByStage}, Since: 2}
	if _, err := kpi.New(kpi.Config{Version: 2, Measures: measures, Metrics: []kpi.Metric{good}}); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(m *kpi.Metric){
		"metric  needs a name of its own and a sentence":                  func(m *kpi.Metric) { m.Name = "" },
		"metric y needs a name of its own and a sentence":                 func(m *kpi.Metric) { m.Name = "y" },
		"metric x needs a name of its own and a sentence":                 func(m *kpi.Metric) { m.Sentence = "" },
		`metric x has the unit "EUR"`:                                     func(m *kpi.Metric) { m.Unit = "EUR" },
		`metric x says "" of which way is good; that is up, down or none`: func(m *kpi.Metric) { m.Good = "" },
		"metric x is said to be there since version 3 of 2":               func(m *kpi.Metric) { m.Since = 3 },
		"metric x is said to be there since version 0 of 2":               func(m *kpi.Metric) { m.Since = 0 },
		`metric x is broken down by "", which is no dimension`:            func(m *kpi.Metric) { m.Dimensions = []kpi.Dimension{""} },
		`metric x is broken down by "weather", which is no dimension`:     func(m *kpi.Metric) { m.Dimensions = []kpi.Dimension{"weather"} },
		`metric x is made of "m", which is no measure of its kind`:        func(m *kpi.Metric) { m.Numerator = "m" },
		`metric x is made of "n", which is no measure of its kind`:        func(m *kpi.Metric) { m.Unit = kpi.UnitCurrency },
		`metric x is made of "", which is no measure of its kind`:         func(m *kpi.Metric) { m.Unit = kpi.UnitRatio },
		`metric x is made of "q", which is no measure of its kind`:        func(m *kpi.Metric) { m.Denominator = "q" },
		`metric x is made of "r", which is no measure of its kind`:        func(m *kpi.Metric) { m.N = "r" },
		`metric x is made of "", which is no measure of its kind `:        func(m *kpi.Metric) { m.Interval = kpi.Delta },
		`metric x cannot have an interval by "wilson"`:                    func(m *kpi.Metric) { m.Unit, m.Denominator, m.Interval = kpi.UnitRatio, "p", kpi.Wilson },
		`metric x cannot have an interval by "score"`:                     func(m *kpi.Metric) { m.Unit, m.Denominator, m.N, m.Interval = kpi.UnitPoints, "p", "p", kpi.Score },
		`metric x cannot have an interval by "bootstrap"`:                 func(m *kpi.Metric) { m.Unit, m.Denominator, m.Interval = kpi.UnitRatio, "p", "bootstrap" },
	} {
		bad, other := good, good
		other.Name = "y"
		change(&bad)
		if _, err := kpi.New(kpi.Config{Version: 2, Measures: measures, Metrics: []kpi.Metric{other, bad}}); err == nil || err.Error() != "bad_metric: "+strings.TrimSpace(want) {
			t.Errorf("New = %v, want %s", err, want)
		}
	}
	if _, err := kpi.New(kpi.Config{Version: 1, Measures: []measure.Definition{{}}}); fault.CodeOf(err) != "bad_measure" {
		t.Errorf("New with a bad measure = %v", err)
	}
}

// Metrics that are newer than what everybody is counted in have no rows.
func TestCompleteSince(t *testing.T) {
	t.Parallel()
	measures := []measure.Definition{{Name: "touchpoints", Sum: "touchpoints", Since: 1}, {Name: "orders", Sum: "orders", Since: 2}}
	metric := func(name kpi.Name, since int) kpi.Metric {
		return kpi.Metric{Name: name, Unit: kpi.UnitCount, Sentence: "s", Numerator: measure.Name(name), N: measure.Name(name), Good: kpi.GoodUp, Since: since}
	}
	d, err := kpi.New(kpi.Config{Version: 2, Measures: measures, Metrics: []kpi.Metric{metric("orders", 2), metric("touchpoints", 1)}})
	if err != nil {
		t.Fatal(err)
	}
	windows := []kpi.Window{{Totals: totals(d, []step.Row{order(page("email", "web", "", ""), 1, "EUR", 5, event.Completed)})}}
	before := d.CompleteSince(1)
	before.Show("GBP", windows)
	if got, want := lines(windows[0].Rows, kpi.Whole), []string{"touchpoints: 1 count (1)"}; !slices.Equal(got, want) {
		t.Errorf("rows as of version 1 are %q, want %q", got, want)
	}
	if _, found := before.Find("orders"); found || before.Version != 1 || !slices.Equal(d.Names(), []kpi.Name{"orders", "touchpoints"}) {
		t.Errorf("version 1 knows orders: %v; all are %v", found, d.Names())
	}
}

// A dimension that is newer has no rows either, and the metrics that everybody is counted in have theirs by all others.
func TestCompleteSinceByDimension(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	row := page("email", "web", "", "")
	row.Browser, row.Page = "Chrome", "/cart"
	windows := []kpi.Window{{Totals: totals(d, []step.Row{row})}}
	for version, want := range map[int][]string{3: nil, 4: {"touchpoints Chrome: 1 count (1)"}} {
		d.CompleteSince(version).Show("GBP", windows)
		got := slices.DeleteFunc(lines(windows[0].Rows, measure.ByBrowser), func(line string) bool { return !strings.HasPrefix(line, "touchpoints") })
		if !slices.Equal(got, want) {
			t.Errorf("by browser as of version %d there is %q, want %q", version, got, want)
		}
		if got := lines(windows[0].Rows, measure.ByChannel)[0]; got != "touchpoints email: 1 count (1)" {
			t.Errorf("by channel as of version %d there is %q", version, got)
		}
	}
}

// Two windows say the same when their numbers are equal, whenever they were computed.
func TestWindowSays(t *testing.T) {
	t.Parallel()
	d := builtIn(t)
	one := kpi.Window{Revision: 1, ComputedAt: 5, Totals: totals(d, []step.Row{page("email", "web", "", "")})}
	same, other := kpi.Window{Revision: 2, Totals: one.Totals.Plus(d.Set().Empty())}, kpi.Window{Revision: 1, ComputedAt: 5, Totals: d.Set().Empty()}
	if !one.Says(same) || one.Says(other) {
		t.Errorf("it says the same as its copy: %v, and as an empty one: %v", one.Says(same), one.Says(other))
	}
}
