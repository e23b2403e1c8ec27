package limits_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
	"waymark/shared/domain/step"
	"waymark/shared/model"
	"waymark/shared/testing/system"
)

// bought is an order on a day of November 2026.
func bought(id string, day int, country, campaign, currency, amount string) string {
	return fmt.Sprintf(`{"type":"track","event":"Order Completed","messageId":"m-%[1]s","userId":"u-%[1]s","timestamp":"2026-11-%02[2]dT10:00:00Z",`+
		`"context":{"campaign":{"name":%[4]q},"location":{"country":%[3]q}},"properties":{"order_id":"o-%[1]s","currency":%[5]q,"revenue":%[6]s}}`,
		id, day, country, campaign, currency, amount)
}

// shopWith is a shop whose till, which is a server, sold in two countries and currencies, and whose site sent what is given.
func shopWith(t *testing.T, invented ...string) *system.System {
	t.Helper()
	s := system.New(t, system.Shop())
	decode := s.Decode
	s.Decode = func(body string) (event.Envelope, error) {
		e, err := decode(body)
		for i := range e.Parsed {
			if e.Parsed[i].Grade = event.Public; e.Source == "till" {
				e.Parsed[i].Grade = event.Server
			}
		}
		return e, err
	}
	for batch := range slices.Chunk(invented, 100) {
		s.Post("wk_web", batch...)
	}
	for day := 18; day <= 21; day++ {
		s.Post("wk_till", bought(fmt.Sprint("gb", day), day, "GB", "spring", "GBP", "999"), bought(fmt.Sprint("se", day), day, "SE", "zebra", "SEK", "5"))
	}
	s.Drain()
	s.Settle()
	return s
}

type kpisAnswered struct {
	Folded []struct {
		Dimension                string
		Members, Persons, Orders int
		Revenue                  map[string]string
	}
	Rows []map[string]any
}

// realRows are the rows of values and currencies that the till told of, as text.
func realRows(t *testing.T, s *system.System, by string) (rows []string, answer kpisAnswered) {
	t.Helper()
	status, body := s.Get("/v1/kpis?by=" + by)
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 {
		t.Fatalf("by %s is answered %d %.300s (%v)", by, status, body, err)
	}
	for _, r := range answer.Rows {
		value := r["dimensions"].(map[string]any)[by]
		isReal := slices.Contains([]any{"GB", "SE", "spring", "zebra", "server"}, value) || by == "" && slices.Contains([]any{"GBP", "SEK"}, r["unit"]) && r["metric"] != "revenue_per_person" // that is of everybody, invented or not
		if delete(r, "revision"); isReal {
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, string(text))
		}
	}
	return rows, answer
}

// TestInventedValues: with the public key alone, orders in 501 made-up countries and campaigns and 200 made-up currencies on each of four days, each for
// more than the shop ever sold, change no row of the real ones, and make no answer and no export fail.
func TestInventedValues(t *testing.T) {
	t.Parallel()
	var invented []string
	for n := range 4 * 501 {
		currency := fmt.Sprintf("Z%c%c", 'A'+n%200/26, 'A'+n%200%26)
		invented = append(invented, bought(fmt.Sprint("x", n), 18+n/501, fmt.Sprintf("Land %d", n%501), fmt.Sprintf("aaa-%d", n%501), currency, "5000000"))
	}
	honest, attacked := shopWith(t), shopWith(t, invented...)
	folded := map[string]string{}
	for _, by := range []string{"", "country", "campaign", "grade"} {
		want, _ := realRows(t, honest, by)
		got, answer := realRows(t, attacked, by)
		if !slices.Equal(got, want) || len(want) < 6 {
			t.Errorf("by %q the real rows are\n%s\nwant\n%s", by, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, f := range answer.Folded {
			folded[by+" "+f.Dimension] = fmt.Sprintf("%d values, %d persons, %d orders, revenue in %d currencies", f.Members, f.Persons, f.Orders, len(f.Revenue))
		}
	}
	for at, want := range map[string]string{
		// of 202 on the last day GBP, SEK and ZAR, which ISO 4217 lists, and 47 of those with three orders are shown
		" currency": "152 values, 358 persons, 358 orders, revenue in 0 currencies",
		// by campaign all of the four days would be too many rows: of 503 values 250 are shown, and of the
		// currencies 25
		"campaign campaign": "253 values, 253 persons, 253 orders, revenue in 0 currencies",
	} {
		if folded[at] == "" || folded[at] != want {
			t.Errorf("folded by%q are %s, want %s", at, folded[at], want)
		}
	}
	manifests := attacked.Fire("daily")
	if len(manifests[0].Folded) == 0 || manifests[0].Folded[0].Dimension != kpi.ByCurrency {
		t.Errorf("the export says %+v", manifests)
	}
	status, body := attacked.Get("/v1/kpis?campaign=aaa-500&metric=orders")
	if status != 200 || strings.Count(body, `"campaign":"aaa-500"`) != 4 {
		t.Errorf("a value that is not shown among all is answered %d %.300s", status, body)
	}
}

// TestFilters: every dimension is a filter, whose rows are those of that value among all; two dimensions at a time are refused.
func TestFilters(t *testing.T) {
	t.Parallel()
	s := shopWith(t)
	for query, want := range map[string]string{
		"grade=server": "server", "by=grade&grade=server": "server", "country=SE": "SE", "campaign=zebra": "zebra", "stage=purchase": "purchase", "grade=public": "",
	} {
		status, body := s.Get("/v1/kpis?" + query)
		var answer kpisAnswered
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 || (len(answer.Rows) > 0) != (want != "") {
			t.Fatalf("%s is answered %d %.300s", query, status, body)
		}
		by := strings.Split(query[strings.LastIndex(query, "&")+1:], "=")[0]
		_, all := realRows(t, s, by)
		all.Rows = slices.DeleteFunc(all.Rows, func(r map[string]any) bool { return r["dimensions"].(map[string]any)[by] != want })
		for i, r := range answer.Rows {
			if delete(r, "revision"); len(answer.Rows) != len(all.Rows) || fmt.Sprint(r) != fmt.Sprint(all.Rows[i]) {
				t.Fatalf("%s: row %d is %v", query, i, r)
			}
		}
	}
	for query, code := range map[string]string{
		"by=channel&grade=server": "one_dimension", "country=GB&grade=server": "one_dimension", "page=%2F&metric=orders": "no_such_breakdown", "weather=fine": "unknown_parameter",
		"grade=servr": "unknown_grade",
	} {
		if status, body := s.Get("/v1/kpis?" + query); status != 400 || !strings.Contains(body, `"`+code+`"`) {
			t.Errorf("%s is answered %d %.300s, want %s", query, status, body, code)
		}
	}
}

// currenciesShown asks whether n currencies are all shown.
func currenciesShown(t *testing.T, n int) bool {
	definitions, err := model.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	totals := definitions.Set().Empty()
	for i := range n {
		order := &step.Order{ID: fmt.Sprint(i), Kind: event.Completed, Amount: 1, Currency: cmp.Or(map[int]string{0: "GBP"}[i], fmt.Sprintf("Q%02d", i)), Number: 1}
		definitions.Set().Add(totals, measure.Of([]step.Row{{Person: "user:1", Type: event.Track, At: event.At(time.UnixMilli(1)), Order: order}}))
	}
	shown := map[string]bool{}
	for _, row := range definitions.Rows("GBP", totals) {
		if row.IsMoney() {
			shown[row.Unit] = true
		}
	}
	return len(slices.Collect(maps.Keys(shown))) == n
}
