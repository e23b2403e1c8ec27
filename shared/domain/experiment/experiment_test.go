package experiment_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/experiment"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/money"
	"waymark/shared/domain/period"
	"waymark/shared/domain/step"
)

var begin = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func at(hours float64) event.Millis {
	return event.At(begin.Add(time.Duration(hours * float64(time.Hour))))
}

func question(t testing.TB, document string, said ...string) analysis.Question {
	t.Helper()
	calendar, err := period.New("UTC", time.Monday)
	if err != nil {
		t.Fatal(err)
	}
	q := analysis.Question{
		Calendar: calendar, From: begin, To: begin.AddDate(0, 0, 30), Now: event.At(begin.AddDate(0, 0, 60)), Currency: "EUR",
		Documents: map[string][]byte{"experiments": []byte(document)}, Said: map[string][]string{},
	}
	for i := 0; i < len(said); i += 2 {
		q.Said[said[i]] = append(q.Said[said[i]], said[i+1])
	}
	return q
}

// answer asks with one part and with three, which must give the same.
func answer(t *testing.T, q analysis.Question, lives [][]step.Row) analysis.Answer {
	t.Helper()
	plan, err := experiment.Analysis().Prepare(q)
	if err != nil {
		t.Fatal(err)
	}
	seen := analysis.Seen(lives, plan, q)
	one, err := plan.Answer(analysis.Listing(seen, 1))
	if err != nil {
		t.Fatal(err)
	}
	three, err := plan.Answer(analysis.Listing(seen, 3))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := text(t, one), text(t, three); a != b {
		t.Fatalf("one part gives\n%s\nthree parts\n%s", a, b)
	}
	return one
}

func text(t *testing.T, a analysis.Answer) string {
	t.Helper()
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// cells are the rows of a table, by name, with some of the columns.
func cells(t *testing.T, a analysis.Answer, table string, columns ...string) []string {
	t.Helper()
	i := slices.IndexFunc(a.Tables, func(of analysis.Table) bool { return of.Name == table })
	if i < 0 {
		t.Fatalf("there is no table %s", table)
	}
	var out []string
	for _, row := range a.Tables[i].Rows {
		var said []string
		for _, name := range columns {
			at := slices.IndexFunc(a.Tables[i].Columns, func(c analysis.Column) bool { return c.Name == name })
			if at < 0 {
				t.Fatalf("table %s has no column %s", table, name)
			}
			said = append(said, row[at].String())
		}
		out = append(out, strings.Join(said, " "))
	}
	return out
}

// value is a value of a table.
func value(t *testing.T, a analysis.Answer, table string, row int, column string) analysis.Value {
	t.Helper()
	for _, of := range a.Tables {
		for i, c := range of.Columns {
			if of.Name == table && c.Name == column {
				return of.Rows[row][i]
			}
		}
	}
	t.Fatalf("there is no %s in %s", column, table)
	return analysis.None()
}

// seen is an exposure.
func seen(hours float64, id, variant string) step.Row {
	return step.Row{At: at(hours), Type: event.Track, Event: "Experiment Viewed", Properties: step.SaidOf(map[string]string{"experiment_id": id, "variation_id": variant})}
}

func did(hours float64, name string) step.Row {
	return step.Row{At: at(hours), Type: event.Track, Event: name, Session: 1}
}

func order(hours float64, id string, kind event.OrderKind, units int64, currency string) step.Row {
	name := map[event.OrderKind]string{event.Completed: "Order Completed", event.Refunded: "Order Refunded"}[kind]
	r := did(hours, name)
	r.Order = &step.Order{ID: id, Kind: kind, Currency: currency}
	r.Order.Amount = money.Micros(units) * money.Unit
	return r
}

func life(rows ...step.Row) []step.Row {
	for i := range rows {
		rows[i].Person = "p"
	}
	return rows
}

// many are persons of a variant, of whom some signed up.
func many(persons, converted int, variant string) [][]step.Row {
	var out [][]step.Row
	for i := range persons {
		rows := life(seen(float64(i%200), "button", variant))
		if i < converted {
			rows = append(rows, did(float64(i%200)+1, "Signed Up"))
		}
		out = append(out, rows)
	}
	return out
}

const button = `{"experiments":[{"id":"button","variants":[{"id":"control","weight":50},{"id":"green","weight":50}],"from":"2026-11-01",` +
	`"to":"2026-12-01","metric":{"event":"Signed Up"}}]}`

func checkInterval(t *testing.T, what string, v analysis.Value, value, low, high, within float64) {
	t.Helper()
	got, _ := v.Float()
	from, to, ok := v.Interval()
	if !ok || math.Abs(got-value) > within || math.Abs(from-low) > within || math.Abs(to-high) > within {
		t.Errorf("%s = %v, %v to %v; want %v, %v to %v", what, got, from, to, value, low, high)
	}
}

// TestPublished: the numbers that GrowthBook's engine is tested with, from lives.
func TestPublished(t *testing.T) {
	t.Parallel()
	small := answer(t, question(t, button), slices.Concat(many(28, 14, "control"), many(30, 16, "green")))
	checkInterval(t, "lift of 16/30 over 14/28", value(t, small, "results", 1, "lift"), .06667, -.47767, .61101, 5e-6)
	if p, _ := value(t, small, "results", 1, "p_lift").Float(); math.Abs(p-.80707) > 5e-6 {
		t.Errorf("p of the lift = %v, want .80707", p)
	}
	if got := cells(t, small, "results", "variant", "verdict"); !slices.Equal(got, []string{"control ", "green undecided"}) {
		t.Errorf("verdicts %q", got)
	}
	large := answer(t, question(t, button), slices.Concat(many(3000, 1396, "control"), many(3461, 2422, "green")))
	checkInterval(t, "sequential lift of 2422/3461 over 1396/3000", value(t, large, "results", 1, "lift_sequential"), .50386, .40098, .60675, 5e-6)
	if got := cells(t, large, "results", "variant", "persons", "conversion", "verdict"); !slices.Equal(got, []string{"control 3000 0.4653 ", "green 3461 0.6998 better"}) {
		t.Errorf("results %q", got)
	}
	if got := cells(t, large, "ratio", "p", "verdict"); !slices.Equal(got, []string{"0.000000010 mismatch"}) || !strings.Contains(large.Notes[0], "did not come to the variants") {
		t.Errorf("the ratio is %q, with %q", got, large.Notes)
	}
}

// TestExample is the example of docs/analyses/experiments.md, with values that SciPy gives for the formulas.
func TestExample(t *testing.T) {
	t.Parallel()
	a := answer(t, question(t, button), slices.Concat(many(5000, 500, "control"), many(5050, 606, "green")))
	for column, want := range map[string][]string{
		"conversion": {"0.1000", "0.1200"}, "difference": {"", "0.020000000"}, "lift": {"", "0.200000000"}, "verdict": {"", "better"},
	} {
		if got := cells(t, a, "results", column); !slices.Equal(got, want) {
			t.Errorf("%s = %q, want %q", column, got, want)
		}
	}
	checkInterval(t, "difference", value(t, a, "results", 1, "difference_sequential"), .02, .00090067057, .03909932943, 1e-9)
	checkInterval(t, "difference at one look", value(t, a, "results", 1, "difference"), .02, .00777253997, .03222746003, 1e-9)
	for column, want := range map[string]float64{"p": .001349103813, "p_sequential": .032661640525, "better": .999322445371, "expected_loss": .000001140693} {
		if got, _ := value(t, a, "results", 1, column).Float(); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s = %.9f, want %.9f", column, got, want)
		}
	}
}

const shop = `{"experiments":[{"id":"button","variants":[{"id":"control","weight":1},{"id":"green","weight":1},{"id":"blue","weight":2}],"from":"2026-11-02",` +
	`"to":"2026-11-12","window":"2d","metric":{"net_revenue":"EUR"},"guardrails":[{"event":"order refunded","worse":"higher"},{"event":"Signed Up"}],"segments":["device"]}]}`

// TestWhoCounts walks the rules of who is exposed, and what counts.
func TestWhoCounts(t *testing.T) {
	t.Parallel()
	phone := func(r step.Row) step.Row { r.Device = "mobile"; return r }
	desk := func(r step.Row) step.Row { r.Device = "desktop"; return r }
	lives := [][]step.Row{
		// An order before the exposure does not count, nor what is taken back of it, nor a dollar, nor what comes after the window.
		life(phone(did(29, "")), seen(30, "button", "control"), order(31, "o1", event.Completed, 10, "EUR"), order(32, "o1", event.Refunded, 4, "EUR"),
			order(33, "o2", event.Completed, 7, "USD"), order(77.9, "o3", event.Completed, 1, "EUR"), order(78, "o4", event.Completed, 100, "EUR")),
		life(desk(order(25, "o5", event.Completed, 9, "EUR")), seen(30, "button", "green"), phone(order(36, "o5", event.Refunded, 9, "EUR"))),
		// The first exposure counts, and those of other experiments, or before the begin or after the end, do not.
		life(seen(23.9, "button", "blue"), seen(26, "other", "blue"), seen(30, "button", "green"), seen(31, "button", "green"), did(31, "Signed Up"), seen(264, "button", "blue")),
		life(seen(264, "button", "green")),
		life(seen(30, "button", "green"), seen(40, "button", "blue"), did(41, "Signed Up")),
		life(seen(30, "button", "red"), did(41, "Signed Up")),
		life(seen(200, "button", "blue"), did(247.9, "Signed Up")),
		life(seen(200, "button", "blue"), did(248, "Signed Up")),
		// What time alone does is nobody's sign-up; a page is none.
		life(seen(200, "button", "blue"), step.Row{At: at(201), Event: "Signed Up"}),
		life(did(200, "Signed Up")),
	}
	q := question(t, shop)
	q.Now = at(240)
	by, err := analysis.ParseBreakdown("by", "device")
	if err != nil {
		t.Fatal(err)
	}
	q.By = by
	a := answer(t, q, lives)
	for _, c := range []struct {
		table   string
		columns []string
		want    []string
	}{
		{"variants", []string{"variant", "persons", "share", "weight"}, []string{
			"control 1 0.1250 0.250000000", "green 2 0.2500 0.250000000", "blue 3 0.3750 0.500000000", "(several variants) 1 0.1250 ", "(unknown variant) 1 0.1250 ",
		}},
		{"results", []string{"metric", "role", "variant", "persons", "conversion", "revenue", "currency", "revenue_per_person"}, []string{
			"net_revenue EUR goal control 1 1.0000 7.00 EUR 7.000000000", "net_revenue EUR goal green 2 0.0000 0.00 EUR 0.000000000", "net_revenue EUR goal blue 3 0.0000 0.00 EUR 0.000000000",
			"Order Refunded guardrail control 1 1.0000   ", "Order Refunded guardrail green 2 0.5000   ", "Order Refunded guardrail blue 3 0.0000   ",
			"Signed Up guardrail control 1 0.0000   ", "Signed Up guardrail green 2 0.5000   ", "Signed Up guardrail blue 3 0.0000   ",
		}},
		{"segments", []string{"device", "variant", "persons", "revenue"}, []string{
			analysis.Unknown + " control 0 0.00", analysis.Unknown + " green 1 0.00", analysis.Unknown + " blue 3 0.00",
			"desktop control 0 0.00", "desktop green 1 0.00", "desktop blue 0 0.00", "mobile control 1 7.00", "mobile green 0 0.00", "mobile blue 0 0.00",
		}},
	} {
		if got := cells(t, a, c.table, c.columns...); !slices.Equal(got, c.want) {
			t.Errorf("%s\n got %q\nwant %q", c.table, got, c.want)
		}
	}
	notes := []string{
		"2 variants are compared with control: intervals are of 97.5 % each, and p is multiplied by 2 (Bonferroni), so that 5 % holds of all together. Guardrails are not corrected.",
		"1 persons saw several variants and are left out.", "1 persons saw a variant that the experiment does not have and are left out.",
		"For 3 persons the window is not over: what they do until then is not known yet.", "1 orders of other currencies than EUR are left out of net_revenue EUR.",
		"By device 6 comparisons are made or were announced: intervals are of 99.167 % each, and p is multiplied by 6 (Bonferroni).",
	}
	if !reflect.DeepEqual(a.Notes, notes) {
		t.Errorf("notes\n got %q\nwant %q", a.Notes, notes)
	}
	// Of an experiment, part of the time.
	q.From = begin.Add(100 * time.Hour)
	late := answer(t, q, lives)
	if got := cells(t, late, "variants", "persons"); !slices.Equal(got, []string{"0", "0", "3", "0", "0"}) || !slices.Contains(late.Notes, "5 persons were exposed before the time asked for and are left out.") {
		t.Errorf("of a part of the time there are %q, with %q", got, late.Notes)
	}
}

// TestSegmentsAreCorrected: twenty segments of equal variants, of which one looks better by chance, show nothing.
func TestSegmentsAreCorrected(t *testing.T) {
	t.Parallel()
	var lives [][]step.Row
	for segment := range 60 {
		control, green := 40, 40
		if segment == 3 {
			green = 65
		}
		for _, rows := range slices.Concat(many(400, control, "control"), many(400, green, "green")) {
			own := did(0, "")
			own.Country = fmt.Sprintf("S%02d", segment)
			lives = append(lives, slices.Concat([]step.Row{own}, rows))
		}
	}
	q := question(t, button)
	q.By, _ = analysis.ParseBreakdown("by", "country")
	a := answer(t, q, lives)
	verdicts := map[string]int{}
	for _, v := range cells(t, a, "segments", "verdict") {
		verdicts[v]++
	}
	if !reflect.DeepEqual(verdicts, map[string]int{"": 51, undecided: 51}) {
		t.Errorf("verdicts %v", verdicts)
	}
	once, _ := value(t, a, "segments", 7, "p").Float()
	share, _ := value(t, a, "segments", 7, "q").Float()
	if country := value(t, a, "segments", 7, "country").String(); country != "S03" || once < .05 || share < .05 {
		t.Errorf("%s has p %v and q %v, want S03 with both above .05", country, once, share)
	}
	if got := value(t, a, "segments", 101, "country").String() + value(t, a, "segments", 101, "persons").String(); got != "(other: 10 segments)4000" {
		t.Errorf("the rest is %s", got)
	}
	if !slices.Contains(a.Notes, "The experiment did not announce to look at country (its segments: none): a finding there is a question for the next experiment.") {
		t.Errorf("notes %q", a.Notes)
	}
}

// TestSize: what R's power.prop.test says of 10 % and 12 %, and the textbook's formula of a mean.
func TestSize(t *testing.T) {
	t.Parallel()
	lives := slices.Concat(many(1000, 100, "control"), many(900, 100, "green"))
	if got := cells(t, answer(t, question(t, button, "detect", "20"), lives), "size", "lift", "control", "needed", "persons"); !slices.Equal(got, []string{"0.200000000 0.100000000 3841 900"}) {
		t.Errorf("size of a rate %q", got)
	}
	// No rate is above 1, and of nobody nothing is known.
	for percent, lives := range map[string][][]step.Row{"1000": lives, "20": nil} {
		if got := cells(t, answer(t, question(t, button, "detect", percent), lives), "size", "needed"); !slices.Equal(got, []string{""}) {
			t.Errorf("size of what cannot be %q", got)
		}
	}
	var buyers [][]step.Row
	for i := range 400 { // of each four, one pays 8: mean 2, variance 12 · 400/399
		rows := life(seen(30, "button", "control"))
		if i%4 == 0 {
			rows = append(rows, order(31, fmt.Sprint("o", i), event.Completed, 8, "EUR"))
		}
		buyers = append(buyers, rows)
	}
	// 2 (2.241403 + .841621)² 12.030075 ÷ .2² = 5,717.3
	if got := cells(t, answer(t, question(t, shop, "detect", "10"), buyers), "size", "needed", "persons"); !slices.Equal(got, []string{"5718 0"}) {
		t.Errorf("size of a mean %q", got)
	}
	if _, err := experiment.Analysis().Prepare(question(t, button, "detect", "0")); fault.CodeOf(err) != "bad_parameter" {
		t.Errorf("a lift of 0: %v", err)
	}
}

const undecided = "undecided"

// TestNotBegun: of an experiment that has not begun there is nothing, and the answer says when it begins.
func TestNotBegun(t *testing.T) {
	t.Parallel()
	q := question(t, strings.ReplaceAll(button, "2026-1", "2027-1"))
	plan, err := experiment.Analysis().Prepare(q)
	if err != nil || plan.From != plan.To {
		t.Errorf("read is %d to %d, %v; want nothing", plan.From, plan.To, err)
	}
	a := answer(t, q, many(20, 10, "control"))
	if got := cells(t, a, "results", "variant", "persons", "conversion", "verdict"); !slices.Equal(got, []string{"control 0  ", "green 0  too few"}) {
		t.Errorf("results %q", got)
	}
	if got := cells(t, a, "ratio", "p", "verdict"); !slices.Equal(got, []string{" too few"}) || !slices.Equal(a.Notes, []string{"The experiment begins at 2027-11-01T00:00:00Z."}) {
		t.Errorf("ratio %q, notes %q", got, a.Notes)
	}
}

func TestAskedWrongly(t *testing.T) {
	t.Parallel()
	two := strings.Replace(button, `"experiments":[`, `"experiments":[`+strings.TrimSuffix(strings.TrimPrefix(strings.Replace(button, "button", "price", 1), `{"experiments":[`), "]}")+",", 1)
	for _, c := range []struct{ document, asked, code, want string }{
		{"", "", "bad_parameter", `the workspace has no experiments; settle the document "experiments", such as {"experiments":[{"id":"checkout-button"`},
		{button, "x", "bad_parameter", `experiment is the id of one of button, not "x"`},
		{two, "", "bad_parameter", `experiment is the id of one of price, button, not ""`},
		{`{"experiments":[{}]}`, "", "bad_experiments", "experiments[0]: id is"},
		{strings.Replace(button, `"metric"`, `"segments":["colour"],"metric"`, 1), "", "bad_parameter", `there is no dimension "colour"`},
	} {
		_, err := experiment.Analysis().Prepare(question(t, c.document, "experiment", c.asked))
		if fault.KindOf(err) != fault.Invalid || fault.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%q of %s: %v, want %s %q", c.asked, c.document, err, c.code, c.want)
		}
	}
	if _, err := experiment.Analysis().Prepare(question(t, two, "experiment", "price")); err != nil {
		t.Error(err)
	}
}
